"""Checks the type stub of tauraro against the module, both ways."""

import ast
import inspect
import unittest
from pathlib import Path

import tauraro
from tauraro import _server
from test_stubs import FUNCTIONS, declared_names, is_public, stub_parameters

STUB = Path(__file__).resolve().parents[2] / "stdlib-docs" / "stubs" / "tauraro.pyi"


class StubTest(unittest.TestCase):
    def setUp(self):
        self.declared = declared_names(ast.parse(STUB.read_text(encoding="utf-8")).body)

    def test_names(self):
        public = {name for name in self.declared if is_public(name)}
        self.assertEqual(public, set(tauraro.__all__))
        self.assertEqual(ast.literal_eval(self.declared["__all__"].value), tauraro.__all__)

    def test_members(self):
        for name, node in self.declared.items():
            if not isinstance(node, ast.ClassDef) or not is_public(name):
                continue
            real = getattr(tauraro, name)
            told = {member for member in declared_names(node.body) if is_public(member)}
            for member in told:
                with self.subTest(name=f"{name}.{member}"):
                    instance = member in getattr(real, "__annotations__", {}) or member in getattr(real, "__slots__", ())
                    assigned = getattr(getattr(real.__init__, "__code__", None), "co_names", ())
                    self.assertTrue(hasattr(real, member) or instance or member in assigned)
            there = {member for base in real.__mro__ if base.__module__ in ("tauraro", "_tauraro") for member in vars(base)
                     if is_public(member)}
            inherited = set(told)
            for base in node.bases:
                if getattr(base, "id", "") in self.declared:
                    inherited |= set(declared_names(self.declared[base.id].body))
            with self.subTest(name=name):
                self.assertEqual(there - inherited, set())

    def test_parameters(self):
        core = inspect.signature(_server._Core.__init__).parameters
        options = {each.name: each.default for each in core.values() if each.kind is each.KEYWORD_ONLY}
        for name in ("serve", "start", "listening"):
            with self.subTest(name=name):
                node = self.declared[name]
                told = dict(zip([each.arg for each in node.args.kwonlyargs], node.args.kw_defaults))
                told.pop("grace", None)
                self.assertEqual({key: ast.literal_eval(value) for key, value in told.items()}, options)
        for name, node in self.declared.items():
            if not isinstance(node, ast.ClassDef) or not is_public(name) or name in ("Response", "Request", "SyncRequest"):
                continue
            for method in node.body:
                if isinstance(method, FUNCTIONS) and not method.decorator_list and method.name != "__exit__":
                    with self.subTest(name=f"{name}.{method.name}"):
                        parameters = list(inspect.signature(getattr(getattr(tauraro, name), method.name)).parameters.values())
                        real = [(each.name, each.default is not each.empty) for each in parameters[1:]]
                        self.assertEqual([(each[0], each[2]) for each in stub_parameters(method)], real)

    def test_defaults(self):
        for name in ("Limits", "Timeouts"):
            init = next(each for each in self.declared[name].body if isinstance(each, ast.FunctionDef))
            told = dict(zip([each.arg for each in init.args.args[1:]], map(ast.literal_eval, init.args.defaults)))
            self.assertEqual(told, vars(getattr(tauraro, name)()))


if __name__ == "__main__":
    unittest.main()
