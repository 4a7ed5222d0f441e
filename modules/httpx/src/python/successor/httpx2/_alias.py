"""Letting `import httpx` give httpx2."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys

__all__ = ["alias_httpx"]


class _Loader(importlib.abc.Loader):
    """Gives the module of another name, as it is."""

    def __init__(self, name):
        self._name = name

    def create_module(self, spec):
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module):
        # Importing it by the other name has changed this.
        module.__spec__ = self._spec


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the submodules of httpx among those of httpx2."""

    def find_spec(self, fullname, path=None, target=None):
        package, dot, rest = fullname.partition(".")
        if package != "httpx" or not dot:
            return None
        name = f"httpx2.{rest}"
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(name))


def alias_httpx():
    """Make `import httpx` give httpx2 from now on, in the whole process.

    It is for applications whose dependencies still say `httpx`; libraries should leave it alone. Modules that have
    imported `httpx` before keep it: nearly all its classes are the same. It may be called again. `httpcore` is one
    module for both.
    """
    import httpx2

    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    for name in [name for name in sys.modules if name.startswith("httpx.")]:
        del sys.modules[name]
    sys.modules["httpx"] = httpx2
