"""Names that a module imports on first use."""

import warnings

__all__ = ["lazy_import"]


def import_name(name, source, namespace):
    """Import ``name`` from the module ``source``, which may be relative to the module of ``namespace``.

    ``name`` is something in the module or one of its submodules. Returns it.
    """
    path = source.lstrip(".")
    if not path:
        raise ImportError(f"{source!r} names no module")
    module = __import__(path, namespace, None, [name], len(source) - len(path))
    return getattr(module, name)


def lazy_import(namespace, aliases=None, deprecated_aliases=None):
    """Give a module ``__getattr__`` and ``__dir__`` (PEP 562), so that some of its names are imported when used.

    ``namespace`` is the module's ``globals()``; the other two map names to the modules that have them, those of
    ``deprecated_aliases`` with a ``DeprecationWarning`` at each use. A name may come from one place only.
    """
    aliases = dict(aliases or {})
    deprecated = dict(deprecated_aliases or {})
    own = set(namespace)
    for one, other in [(own, aliases), (own, deprecated), (aliases, deprecated)]:
        assert set(one).isdisjoint(other), "namespace conflict"
    package = namespace["__name__"]

    def __getattr__(name):
        if name in aliases:
            return import_name(name, aliases[name], namespace)
        if name in deprecated:
            warnings.warn(f"{package}.{name} is deprecated", DeprecationWarning, stacklevel=2)
            return import_name(name, deprecated[name], namespace)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__():
        return sorted(own.union(aliases, deprecated))

    namespace["__getattr__"] = __getattr__
    namespace["__dir__"] = __dir__
