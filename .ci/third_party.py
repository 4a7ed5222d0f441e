"""Lists the licenses of everything in a binary: `cargo metadata ... | third_party.py PACKAGE`.

Prints the crates that PACKAGE links, each with its license and repository, and then each distinct text of a license
or notice in their sources, with the crates that contain it. A `*` marks a crate without such a text.
"""

import json
import re
import sys
from pathlib import Path

TEXTS = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense|.*-license)([-._].*)?", re.IGNORECASE)


def linked(metadata, root):
    """Returns the packages that the one named `root` links through normal dependencies, sorted, without `root`."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    packages = {package["id"]: package for package in metadata["packages"]}
    (start,) = (id for id, package in packages.items() if package["name"] == root and id in metadata["workspace_members"])
    seen, todo = {start}, [start]
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            is_macro = any("proc-macro" in target["kind"] for target in packages[dependency["pkg"]]["targets"])
            if is_normal and not is_macro and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    found = (packages[id] for id in seen if id not in metadata["workspace_members"])
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def texts(package):
    """Yields the license texts in a package's sources: at the top, in folders for licenses, and the declared one."""
    top = Path(package["manifest_path"]).parent
    places = [top, *(path for path in top.iterdir() if path.is_dir() and TEXTS.fullmatch(path.name)), top / "Lib"]
    files = {path for place in places if place.is_dir() for path in place.iterdir() if TEXTS.fullmatch(path.name)}
    if package["license_file"]:
        files.add(top / package["license_file"])
    for path in sorted(files):
        if path.is_file() and path.suffix not in (".rs", ".py", ".toml"):
            yield path.read_text(encoding="utf-8", errors="replace").strip()


def main():
    packages = linked(json.load(sys.stdin), sys.argv[1])
    if not packages:
        sys.exit(f"{sys.argv[1]} links nothing: is this its metadata?")
    known = {}
    for package in packages:
        name = f"{package['name']} {package['version']}"
        terms = package["license"] or f"see its file {package['license_file']}"
        found = list(texts(package))
        print(f"{' ' if found else '*'} {name}: {terms} <{package['repository'] or package['homepage'] or ''}>")
        for text in found:
            known.setdefault(text, []).append(name)
    for text, names in known.items():
        print(f"\n{'=' * 80}\n{', '.join(names)}\n{'-' * 80}\n{text}")


main()
