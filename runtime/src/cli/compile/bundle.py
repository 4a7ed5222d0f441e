"""Gathers a script and everything that it imports and that is not built in, in one zip archive.

`tauraro compile` calls `bundle` in an interpreter whose `sys.path` is what the script would have. Nothing of
the script is imported or run: imports are read from the syntax.
"""

import ast
import importlib.machinery
import importlib.util
import io
import marshal
import os
import pkgutil
import sys
import traceback
import types
import zipfile

# The prefix of file names in tracebacks. No file of this name exists, so the lines come from the archive.
ROOT = "<app>"
# A .pyc file that is never compared to its source.
UNCHECKED = (1).to_bytes(4, "little")
EPOCH = (1980, 1, 1, 0, 0, 0)


class Failure(Exception):
    """The reason why the archive cannot be made, in one line."""


class Module:
    """A module of the application, or a folder that is a namespace package."""

    def __init__(self, name, spec, path=None):
        self.name = name
        self.loader = spec and spec.loader
        self.path = path or spec.origin
        folders = spec and spec.submodule_search_locations
        # A namespace's path may not be asked about before its parent is imported.
        self.folders = None if folders is None else list(getattr(folders, "_path", folders))
        self.is_namespace = self.folders is not None and not getattr(spec, "has_location", False)
        place = name.replace(".", "/")
        self.place = f"{place}/__init__" if self.folders is not None else place

    @property
    def package(self):
        """The package that its relative imports start from."""
        if self.name == "__main__":
            return ""
        return self.name if self.folders is not None else self.name.rpartition(".")[0]


class Imported:
    """The modules that a line names."""

    def __init__(self, line, name, parts=()):
        self.line, self.name, self.parts = line, name, parts


def nodes(tree):
    """All nodes but those that only type checkers see."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        test = getattr(node, "test", None)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", "")):
            pending.extend(node.orelse)
        else:
            pending.extend(ast.iter_child_nodes(node))


def literal(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def absolute(package, level, name):
    """The full name of what `from ..name import` means in `package`; None beyond the topmost package."""
    if not level:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return None
    return ".".join(parts[: len(parts) - level + 1] + ([name] if name else []))


def imports(tree, package):
    """What a syntax tree imports, in the order of its lines; an `Imported` without a name for what is only
    known when it runs."""
    found = []
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            found.extend(Imported(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = absolute(package, node.level, node.module or "")
            if name:
                found.append(Imported(node.lineno, name, tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            if called in ("import_module", "__import__") and node.args:
                found.append(Imported(node.lineno, called_name(node, called, package)))
    return sorted(found, key=lambda imported: imported.line)


def called_name(node, called, package):
    name = literal(node.args[0])
    if name is None or not name.startswith(".") or called == "__import__":
        return name
    level = len(name) - len(name.lstrip("."))
    anchors = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "package")]
    for anchor in anchors:
        if literal(anchor) is not None:
            package = literal(anchor)
        elif getattr(anchor, "id", "") not in ("__package__", "__name__"):
            return None
    return absolute(package, level, name[level:])


def exported(tree):
    """The names in a literal `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "__all__" for target in node.targets):
            return [name for name in map(literal, getattr(node.value, "elts", ())) if name]
    return []


class Graph:
    """The modules that a script leads to."""

    def __init__(self, excluded):
        self.excluded = {name: False for name in excluded}
        self.modules = {}
        self.pending = []
        self.noted = set()

    def is_excluded(self, name):
        for excluded in self.excluded:
            if name == excluded or name.startswith(excluded + "."):
                self.excluded[excluded] = True
                return True
        return False

    def find(self, name):
        """The module of that name, taken into the graph; False if it is built in or left out, None if there is
        none."""
        if name in self.modules:
            return self.modules[name]
        if name == "__main__" or name in sys.builtin_module_names or self.is_excluded(name):
            return False
        parent, _, _ = name.rpartition(".")
        folders = None
        if parent:
            package = self.find(parent)
            if not package:
                return package
            if package.folders is None:
                return None
            folders = package.folders
        for finder in sys.meta_path:
            spec = finder.find_spec(name, folders)
            if spec is not None:
                break
        else:
            return None
        if spec.origin in ("built-in", "frozen"):
            return False
        return self.add(Module(name, spec))

    def add(self, module):
        self.modules[module.name] = module
        self.pending.append(module)
        if module.is_namespace:
            # The finder asks the parent of a namespace where it is, as if it had been imported.
            stand_in = types.ModuleType(module.name)
            stand_in.__path__ = module.folders
            sys.modules[module.name] = stand_in
        return module

    def include(self, name):
        """Adds a requested module, and everything below it."""
        module = self.find(name)
        if module is None:
            raise Failure(f"--include {name}: there is no such module")
        if module and module.folders is not None:
            for _, below, _ in pkgutil.iter_modules(module.folders, f"{name}."):
                if not below.endswith(".__main__"):
                    self.include(below)

    def complete(self, optimize):
        """Reads every module, and those that it leads to; yields each with its source and its code."""
        while self.pending:
            module = self.pending.pop(0)
            if module.is_namespace:
                yield module, None, None
                continue
            source, tree, code = read(module, optimize)
            if tree is None:
                note(f"{shown(module.path)}: it has no source, so what it imports is not known (--include NAME)")
            else:
                for imported in imports(tree, module.package):
                    self.follow(module, imported)
            yield module, source, code

    def follow(self, module, imported):
        where = f"{shown(module.path)}:{imported.line}"
        if not imported.name:
            note(f"{where}: what is imported here is only known at run time (--include NAME)")
            return
        found = self.find(imported.name)
        if found is None:
            if (where, imported.name) not in self.noted:
                self.noted.add((where, imported.name))
                note(f"{where}: no module named '{imported.name}' is found; the application does without")
            return
        if not found or found.folders is None:
            return
        parts = imported.parts
        if "*" in parts and not found.is_namespace:
            parts = exported(read(found, -1)[1] or ast.Module([], []))
        for part in parts:
            # Any other name is one that the package itself defines.
            self.find(f"{imported.name}.{part}")


def note(text):
    print(f"note: {text}", file=sys.stderr)


def shown(path):
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def read(module, optimize):
    """The source of a module as text, its syntax and its code; the first two are None for bytecode alone."""
    name = f"{ROOT}/{os.path.basename(module.path) if module.name == '__main__' else module.place + '.py'}"
    source = None
    try:
        source = module.loader.get_source(module.name)
        if source is None:
            code = module.loader.get_code(module.name)
            if code is None:
                raise Failure(f"{shown(module.path)} holds no Python code")
            return None, None, renamed(code, name)
        tree = ast.parse(source, shown(module.path))
        code = compile(source, shown(module.path), "exec", dont_inherit=True, optimize=optimize)
        return source, tree, renamed(code, name)
    except SyntaxError as error:
        # The decoder does not know where the source is from, nor the compiler its text.
        error.filename = shown(module.path)
        if error.text is None and error.lineno and source:
            error.text = "".join(source.splitlines(keepends=True)[error.lineno - 1 : error.lineno])
        raise
    except (ImportError, OSError, EOFError, RecursionError, ValueError) as error:
        raise Failure(f"cannot read {shown(module.path)}: {error.__cause__ or error}") from None


def renamed(code, name):
    """Code without the name of the file that it was made from."""
    constants = tuple(renamed(value, name) if isinstance(value, type(code)) else value for value in code.co_consts)
    return code.replace(co_filename=name, co_consts=constants)


def data_files(path):
    """The files that `--data PATH` means: each with its place in the archive."""
    full = os.path.abspath(path)
    if not os.path.exists(full):
        raise Failure(f"--data {path}: there is no such file or folder")
    roots = [os.path.abspath(root) for root in sys.path if os.path.isdir(root)]
    roots = [root for root in roots if full.startswith(root.rstrip(os.sep) + os.sep)]
    if not roots:
        raise Failure(f"--data {path}: it is neither below the folder of the script nor below one of sys.path")
    root = max(roots, key=len)
    files = [full]
    if os.path.isdir(full):
        files = []
        for folder, below, names in os.walk(full):
            below[:] = [name for name in below if name != "__pycache__"]
            files.extend(os.path.join(folder, name) for name in names)
    for file in files:
        yield os.path.relpath(file, root).replace(os.sep, "/"), file


def start(script):
    """The module that is `__main__`, whose folder is put first on `sys.path`."""
    real = os.path.realpath(script)
    path = script
    if os.path.isdir(real):
        folder, path = real, os.path.join(script, "__main__.py")
        if not os.path.isfile(path):
            raise Failure(f"can't find '__main__' module in '{script}'")
    else:
        folder = os.path.dirname(real)
    try:
        open(path, "rb").close()
    except OSError as error:
        raise Failure(f"can't open file '{path}': [Errno {error.errno}] {error.strerror}") from None
    sys.path.insert(0, folder)
    main = Module("__main__", None, path)
    main.loader = importlib.machinery.SourceFileLoader("__main__", path)
    return main


def add(archive, place, content):
    entry = zipfile.ZipInfo(place, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o40755 << 16 | 0x10) if place.endswith("/") else 0o100644 << 16
    archive.writestr(entry, content)


def spare(path, output):
    """Refuses to overwrite a file that goes into the application."""
    if path and os.path.realpath(path) == output:
        raise Failure(f"cannot write {shown(output)}: it is part of the application")


def gather(script, output, included, excluded, data, optimize):
    graph = Graph(excluded)
    graph.add(start(script))
    for name in included:
        graph.include(name)
    contents = {}
    output = os.path.realpath(output)
    for module, source, code in graph.complete(optimize):
        spare(module.path, output)
        if module.is_namespace:
            contents[module.place.removesuffix("__init__")] = b""
            continue
        text = b"" if source is None else source.encode("utf-8", "surrogatepass")
        head = importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(text)
        contents[f"{module.place}.pyc"] = head + marshal.dumps(code)
        if source is not None:
            contents[f"{module.place}.py"] = text
    for path in data:
        for place, file in data_files(path):
            spare(file, output)
            if place not in contents:
                try:
                    with open(file, "rb") as stream:
                        contents[place] = stream.read()
                except OSError as error:
                    raise Failure(f"--data {shown(file)}: {error.strerror}") from None
    for name, used in graph.excluded.items():
        if not used:
            note(f"--exclude {name}: nothing imports it")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for place in sorted(contents):
            add(file, place, contents[place])
    return archive.getvalue(), len(graph.modules)


def bundle(script, output, included, excluded, data, optimize):
    """What is to be written to the file `output`: the archive and the number of its modules, then what is wrong with the request, and the report of a
    syntax error: None where there is none."""
    try:
        return *gather(script, output, included, excluded, data, optimize), None, None
    except Failure as failure:
        return None, 0, str(failure), None
    except SyntaxError as error:
        return None, 0, None, "".join(traceback.format_exception_only(error))
