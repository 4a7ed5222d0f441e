"""Runs packages from PyPI on the binary: `TAURARO_INTEROP=1 python3 tests/interop/packages/run.py`.

It fetches them with the pip of the Python that runs it, wheels of Python code alone, into a folder that is kept
(`--cache`, by default `target/interop-packages`), takes out what is built in, and runs the cases of `cases.py`.

    run.py [--bin PATH] [--cache FOLDER] [--only TEXT] [--list]

Without `TAURARO_INTEROP=1` it says why it does nothing: it needs the network.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cases import CASES  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
BUILT_IN = ("httpx", "httpx_sse", "httpcore", "httptools", "websockets", "uvloop")
LIMIT = 120  # seconds a case may take


def packages(requirements, cache):
    """The folder with what a case needs. Raises `RuntimeError` if pip cannot fetch it."""
    folder = cache / hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:16]
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        command += ["--target", str(folder)]
        pure = ["--only-binary", ":all:", "--platform", "any", "--implementation", "py", "--python-version", "3.13"]
        done = subprocess.run([*command, *pure, *requirements], capture_output=True, text=True, timeout=600)
        if done.returncode:
            # Something has parts in C, perhaps such as it can do without: those of this Python are taken out.
            shutil.rmtree(folder, ignore_errors=True)
            done = subprocess.run([*command, *requirements], capture_output=True, text=True, timeout=600)
            for path in folder.rglob("*.so"):
                path.unlink()
        if done.returncode:
            raise RuntimeError("pip: " + (done.stderr.strip().splitlines() or ["failed"])[-1])
        for path in list(folder.iterdir()):
            if path.name.partition("-")[0].lower() in BUILT_IN:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        (folder / "complete").touch()
    return folder


def run(binary, name, folder):
    """None if the case passes, else the last line of what it wrote."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import cases; cases.CASES[{name!r}][1]()"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder)}
    try:
        done = subprocess.run(
            [binary, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return f"more than {LIMIT} s"
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=str(ROOT / "target" / "debug" / "tauraro"))
    parser.add_argument("--cache", type=Path, default=ROOT / "target" / "interop-packages")
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    chosen = {name: requirements for name, (requirements, _) in CASES.items() if arguments.only in name}
    if arguments.list:
        for name, requirements in chosen.items():
            print(name, *requirements)
        return 0
    if os.environ.get("TAURARO_INTEROP") != "1":
        print("skipped: it fetches packages from PyPI; set TAURARO_INTEROP=1")
        return 0
    failed = 0
    for name, requirements in chosen.items():
        started = time.monotonic()
        try:
            problem = run(arguments.bin, name, packages(requirements, arguments.cache))
        except RuntimeError as error:
            problem = str(error)
        failed += problem is not None
        print(f"{'ok' if problem is None else 'FAILED':6} {name:32} {time.monotonic() - started:5.1f} s  {problem or ''}", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
