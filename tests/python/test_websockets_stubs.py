"""Checks the type stubs of websockets against the modules, both ways."""

import ast
import collections.abc
import enum
import importlib
import inspect
import re
import sys
import unittest
from pathlib import Path

from test_stubs import FUNCTIONS, declared_names, is_property, is_public, runtime_parameters, stub_parameters

STUBS = Path(__file__).resolve().parents[2] / "stdlib-docs" / "stubs"
# Nothing but warnings, and other names for what has a stub.
WITHOUT_STUB = {
    "websockets.__main__",
    "websockets.asyncio.compatibility",
    "websockets.auth",
    "websockets.connection",
    "websockets.http",
    "websockets.imports",
    "websockets.legacy.async_timeout",
    "websockets.legacy.compatibility",
    "websockets.speedups",
    "websockets.sync.proxies",
    "websockets.trio",
}
# What does not tell what it takes.
UNTOLD = {
    "Assembler": {"get", "get_iter"},
    "Connection": {"ping", "pong", "recv", "recv_streaming", "send", "send_context", "wait_closed"},
}


def is_overload(function):
    return any(getattr(decorator, "id", "") == "overload" for decorator in function.decorator_list)


def declared(body):
    """As `declared_names`, with what is imported to be exported; of an overloaded function its last signature."""
    names = declared_names(body)
    for node in body:
        if isinstance(node, FUNCTIONS) and is_overload(node):
            names[node.name] = node
        elif isinstance(node, ast.ImportFrom):
            names.update({alias.asname: node for alias in node.names if alias.asname})
    return {name: node for name, node in names.items() if is_public(name) or name.startswith("__")}


def parameters(function, name):
    """What a function of the module takes; None if it does not tell. Native ones do so in the first line of their
    documentation."""
    line = " ".join((function.__doc__ or "").split("\n\n")[0].split())
    told = re.fullmatch(rf"`(?:\w+\.)?({name}\(.*\))`", line)
    if told:
        return stub_parameters(ast.parse(f"def {told[1]}: ...").body[0])
    return runtime_parameters(function)


@unittest.skipIf(sys.implementation.name == "cpython", "PyPI's websockets has more names")
class WebsocketsStubTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.stubs, cls.classes = {}, {}
        for path in sorted(STUBS.glob("websockets/**/*.pyi")):
            name = ".".join(path.relative_to(STUBS).with_suffix("").parts).removesuffix(".__init__")
            module = importlib.import_module(name)
            cls.stubs[module] = declared(ast.parse(path.read_text(encoding="utf-8")).body)
            for name, node in cls.stubs[module].items():
                if isinstance(node, ast.ClassDef):
                    cls.classes[getattr(module, name)] = node

    def functions(self):
        """(name, runtime, declaration) of every function and method that has a public name."""
        for module, names in self.stubs.items():
            for name, node in names.items():
                if isinstance(node, FUNCTIONS):
                    yield f"{module.__name__}.{name}", getattr(module, name), node
        for runtime, node in self.classes.items():
            for member, declaration in declared(node.body).items():
                if isinstance(declaration, FUNCTIONS) and is_public(member) and not is_property(declaration):
                    yield f"{runtime.__qualname__}.{member}", getattr(runtime, member), declaration

    def test_every_module_has_a_stub(self):
        package = STUBS.parents[1] / "modules" / "websockets" / "src" / "python"
        modules = {
            ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")
            for path in package.glob("websockets/**/*.py")
        }
        self.assertIn("websockets.asyncio.client", modules)
        public = {name for name in modules if "._" not in name or name.endswith("__")}
        with_stub = {module.__name__ for module in self.stubs} - {"websockets"}
        self.assertEqual(public - with_stub, WITHOUT_STUB)

    def test_names(self):
        for module, names in self.stubs.items():
            with self.subTest(module=module.__name__):
                self.assertEqual({name for name in names if not hasattr(module, name)}, set())
                self.assertEqual(set(getattr(module, "__all__", ())) - set(names), set())

    def test_members(self):
        for runtime, node in self.classes.items():
            with self.subTest(name=runtime):
                own = declared(node.body)
                absent = {
                    member
                    for member, declaration in own.items()
                    if not isinstance(declaration, ast.AnnAssign) and not hasattr(runtime, member)
                }
                self.assertEqual(absent, set())
                known = {
                    member
                    for base in runtime.__mro__
                    if base in self.classes
                    for member in declared(self.classes[base].body)
                }
                inherited = {
                    member
                    for base in runtime.__mro__
                    if base not in self.classes and not base.__module__.startswith(("websockets", "_websockets"))
                    for member in vars(base)
                }
                if issubclass(runtime, collections.abc.MutableMapping):
                    inherited.update(dir(collections.abc.MutableMapping))
                actual = {
                    member
                    for base in runtime.__mro__
                    if base.__module__.startswith(("websockets", "_websockets"))
                    for member in vars(base)
                    if is_public(member)
                }
                self.assertEqual(actual - known - inherited, set())

    def test_bases(self):
        for runtime, node in self.classes.items():
            names = {each.__name__ for each in runtime.__mro__}
            if issubclass(runtime, collections.abc.MutableMapping):
                names.add("MutableMapping")
            if hasattr(runtime, "_fields"):
                names.add("NamedTuple")
            for base in node.bases:
                base = base.value if isinstance(base, ast.Subscript) else base
                name = getattr(base, "id", None) or base.attr
                with self.subTest(name=runtime, base=name):
                    self.assertIn(name, names)

    def compare(self, name, told, node):
        expected = stub_parameters(node)
        if any(kind == "keywords" for _, kind, _ in told):
            # What goes on to another function may be declared one by one.
            known = {parameter[0] for parameter in told}
            expected = [item for item in expected if item[0] in known or item[1] != "keyword"]
        with self.subTest(name=name):
            self.assertEqual(sorted(told), sorted(expected))
            ordered = [[item for item in items if item[1] == "positional"] for items in (told, expected)]
            self.assertEqual(*ordered)

    def test_parameters_of_functions_and_methods(self):
        untold = {}
        for name, runtime, node in self.functions():
            owner, _, member = name.rpartition(".")
            told = parameters(runtime, member)
            if told is None:
                untold.setdefault(owner, set()).add(member)
            else:
                self.compare(name, told, node)
        self.assertEqual(untold, UNTOLD)

    def test_parameters_of_classes(self):
        compared = 0
        for runtime, node in self.classes.items():
            made = declared(node.body).get("__init__")
            told = made and parameters(runtime, runtime.__name__)
            if told is not None:
                self.compare(runtime.__qualname__, told, made)
                compared += 1
        self.assertGreater(compared, 35)

    def test_coroutines_are_declared_so(self):
        for name, runtime, node in self.functions():
            if inspect.isfunction(runtime):
                with self.subTest(name=name):
                    self.assertEqual(inspect.iscoroutinefunction(runtime), isinstance(node, ast.AsyncFunctionDef))

    def test_enumerations(self):
        found = [runtime for runtime in self.classes if issubclass(runtime, enum.Enum)]
        self.assertEqual(len(found), 4)
        for runtime in found:
            values = {
                name: node.value.value
                for name, node in declared(self.classes[runtime].body).items()
                if isinstance(node, ast.Assign)
            }
            self.assertEqual(values, {member.name: member.value for member in runtime})

    def test_everything_is_documented(self):
        for name, runtime, node in self.functions():
            with self.subTest(name=name):
                self.assertTrue(ast.get_docstring(node))
                self.assertTrue((runtime.__doc__ or "").strip())
        for runtime, node in self.classes.items():
            with self.subTest(name=runtime):
                self.assertTrue(ast.get_docstring(node))


if __name__ == "__main__":
    unittest.main()
