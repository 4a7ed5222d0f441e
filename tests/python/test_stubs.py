"""Checks the type stubs against what the module exports, both ways."""

import ast
import builtins
import collections.abc
import enum
import inspect
import sys
import unittest
from pathlib import Path

import httpx

STUB = Path(__file__).resolve().parents[2] / "stdlib-docs" / "stubs" / "httpx.pyi"
ON_CPYTHON = sys.implementation.name == "cpython"
ADDITIONS = {"FunctionAuth", "Session", "TimeoutError"}  # not in PyPI's httpx
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_public(name):
    return not name.startswith("_")


def declared_names(body):
    """The names that a module or class body declares, with the node of each."""
    names = {}
    for node in body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            names.setdefault(node.name, node)
        elif isinstance(node, ast.AnnAssign):
            names[node.target.id] = node
        elif isinstance(node, ast.Assign):
            names[node.targets[0].id] = node
    return names


def is_property(function):
    return any(isinstance(decorator, ast.Name) and decorator.id == "property" for decorator in function.decorator_list)


def base_names(node):
    """The names of the classes that a class of the stub derives from."""
    for base in node.bases:
        base = base.value if isinstance(base, ast.Subscript) else base
        yield base.attr if isinstance(base, ast.Attribute) else base.id


def stub_bases(node):
    """Those that are there to be looked at: a private base is the stub's own."""
    for name in filter(is_public, base_names(node)):
        home = next(home for home in (httpx, builtins, collections.abc, enum) if hasattr(home, name))
        yield getattr(home, name)


def stub_parameters(function):
    """(name, kind, has a default) of each parameter of a stub, without `self` and `cls`."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    without_default = len(positional) - len(arguments.defaults)
    parameters = [
        (argument.arg, "positional", index >= without_default) for index, argument in enumerate(positional)
    ]
    if arguments.vararg:
        parameters.append((arguments.vararg.arg, "variadic", False))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        parameters.append((argument.arg, "keyword", default is not None))
    if arguments.kwarg:
        parameters.append((arguments.kwarg.arg, "keywords", False))
    return [parameter for parameter in parameters if parameter[0] not in ("self", "cls")]


KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.VAR_POSITIONAL: "variadic",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_KEYWORD: "keywords",
}


def runtime_parameters(function):
    """The same of a function of the module; None when it does not tell."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return None
    return [
        (name, KINDS[parameter.kind], parameter.default is not parameter.empty)
        for name, parameter in signature.parameters.items()
        if name not in ("self", "cls")
    ]


class StubTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.names = declared_names(ast.parse(STUB.read_text(encoding="utf-8")).body)
        cls.classes = {name: node for name, node in cls.names.items() if isinstance(node, ast.ClassDef)}

    def members(self, node):
        """What a class of the stub declares, itself or through a private base."""
        members = {}
        for base in base_names(node):
            if not is_public(base) and base in self.classes:
                members.update(self.members(self.classes[base]))
        return members | declared_names(node.body)

    def test_the_module_has_what_the_stub_declares(self):
        expected = {name for name in self.names if is_public(name) or name == "__version__"}
        missing = {name for name in expected if not hasattr(httpx, name)}
        self.assertEqual(missing, ADDITIONS if ON_CPYTHON else set())

    @unittest.skipIf(ON_CPYTHON, "PyPI's httpx has more names")
    def test_the_stub_declares_what_the_module_has(self):
        undeclared = {name for name in dir(httpx) if is_public(name)} - set(self.names)
        self.assertEqual(undeclared, set())

    def test_classes_have_what_the_stub_declares(self):
        for name, node in self.classes.items():
            runtime = getattr(httpx, name, None)
            if runtime is None:
                continue
            for member, declaration in self.members(node).items():
                # What is annotated may be set by __init__ and not be on the class.
                if not isinstance(declaration, ast.AnnAssign):
                    with self.subTest(member=f"{name}.{member}"):
                        self.assertTrue(hasattr(runtime, member))

    @unittest.skipIf(ON_CPYTHON, "PyPI's httpx has more methods")
    def test_the_stub_declares_what_classes_have(self):
        for name, node in self.classes.items():
            runtime = getattr(httpx, name, None)
            if runtime is None:
                continue
            declared = set(self.members(node))
            for base in stub_bases(node):
                declared.update(dir(base))
            inherited = {member for base in runtime.__mro__[1:] for member in dir(base)}
            members = {member for member in vars(runtime) if is_public(member)} - inherited
            members.discard("continue")  # of `codes`: a word that Python keeps for itself
            with self.subTest(name=name):
                self.assertEqual(members - declared, set())

    def test_bases(self):
        for name, node in self.classes.items():
            runtime = getattr(httpx, name, None)
            for base in stub_bases(node) if runtime else ():
                with self.subTest(name=name, base=base):
                    self.assertTrue(issubclass(runtime, base))

    def check_parameters(self, name, function, node):
        """Whether the two were compared."""
        runtime = runtime_parameters(function)
        if runtime is None:
            return False
        declared = stub_parameters(node)
        if ON_CPYTHON:
            declared = [parameter for parameter in declared if parameter[0] != "max_decoded_size"]
        with self.subTest(name=name):
            # Keywords have no order.
            self.assertEqual(sorted(runtime), sorted(declared))
            ordered = [[item for item in items if item[1] == "positional"] for items in (runtime, declared)]
            self.assertEqual(*ordered)
        return True

    def test_parameters_of_functions(self):
        functions = {name: node for name, node in self.names.items() if isinstance(node, FUNCTIONS)}
        compared = [self.check_parameters(name, getattr(httpx, name), node) for name, node in functions.items()]
        self.assertEqual(compared, [True] * 11, "a function does not tell its signature")

    def test_parameters_of_methods(self):
        compared = 0
        for name, node in self.classes.items():
            runtime = getattr(httpx, name, None)
            if runtime is None:
                continue
            for member, declaration in self.members(node).items():
                if not isinstance(declaration, FUNCTIONS) or is_property(declaration):
                    continue
                if is_public(member):
                    compared += self.check_parameters(f"{name}.{member}", getattr(runtime, member), declaration)
                elif member == "__init__":
                    compared += self.check_parameters(name, runtime, declaration)
        self.assertGreater(compared, 40, "too few methods tell their signatures")

    def test_status_codes(self):
        declared = {
            name: node.value.value
            for name, node in declared_names(self.classes["codes"].body).items()
            if isinstance(node, ast.Assign)
        }
        self.assertEqual(declared, {code.name: int(code) for code in httpx.codes})

    def test_everything_is_documented(self):
        for name, node in self.names.items():
            if isinstance(node, (ast.ClassDef, *FUNCTIONS)) and is_public(name):
                with self.subTest(stub=name):
                    self.assertTrue(ast.get_docstring(node))
                if hasattr(httpx, name) and not ON_CPYTHON:
                    with self.subTest(runtime=name):
                        self.assertTrue((getattr(httpx, name).__doc__ or "").strip())

    @unittest.skipIf(ON_CPYTHON, "PyPI's httpx documents some of them")
    def test_every_method_and_property_is_documented(self):
        for name, node in self.classes.items():
            runtime = getattr(httpx, name, None)
            for member, declaration in self.members(node).items() if runtime else ():
                if isinstance(declaration, FUNCTIONS) and is_public(member):
                    with self.subTest(name=name, member=member):
                        self.assertTrue((getattr(runtime, member).__doc__ or "").strip())

    @unittest.skipIf(ON_CPYTHON, "PyPI's httpx tells less")
    def test_help_tells_arguments_units_and_errors(self):
        for function in (httpx.get, httpx.request, httpx.Client.get, httpx.AsyncClient.get, httpx.AsyncClient.request):
            with self.subTest(function=function):
                text = inspect.getdoc(function)
                for part in ("Arguments:", "seconds", "Raises", "`InvalidURL`", *inspect.signature(function).parameters):
                    if part != "self":
                        self.assertIn(part, text)
        for made in (httpx.Client, httpx.HTTPTransport):
            with self.subTest(made=made):
                for part in ("Raises", *inspect.signature(made).parameters):
                    self.assertIn(f"`{part}`" if part != "Raises" else part, inspect.getdoc(made))


@unittest.skipIf(ON_CPYTHON, "PyPI's httpx-sse may not be there")
class EventStubTest(unittest.TestCase):
    """The same for `httpx_sse`, which is small."""

    def test_names_and_parameters(self):
        import httpx_sse

        names = declared_names(ast.parse(STUB.with_name("httpx_sse.pyi").read_text(encoding="utf-8")).body)
        self.assertEqual(set(names), set(httpx_sse.__all__))
        compared = 0
        for name, node in names.items():
            runtime = getattr(httpx_sse, name)
            if isinstance(node, ast.FunctionDef):
                self.assertEqual(runtime_parameters(runtime), stub_parameters(node), name)
            if not isinstance(node, ast.ClassDef):
                continue
            self.assertTrue(runtime.__doc__, name)
            members = declared_names(node.body)
            self.assertEqual({member for member in vars(runtime) if is_public(member)}, set(members) - {"__init__"})
            for member, declaration in members.items():
                if member == "__init__" or not is_property(declaration):
                    function = runtime if member == "__init__" else getattr(runtime, member)
                    self.assertTrue(function.__doc__, member)
                    self.assertIn(runtime_parameters(function), (stub_parameters(declaration), None), member)
                    compared += 1
        self.assertEqual(compared, 5)


if __name__ == "__main__":
    unittest.main()
