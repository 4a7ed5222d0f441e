"""Runs the examples of the documentation and compares what they print.

Every page of `stdlib-docs/` is run, and `README.md`. A page's ```python blocks run in order, in one
namespace and a temporary folder. What a block prints must be told on the page: in comments `# -> text`,
one per printed line, or in a ```text block right after it. The pages say http://127.0.0.1:8000 where the
server of the test is meant, and name the places of `PLACES` and the files of `FILES` where the server of
all tests is.

A comment line right before a block changes how it runs:
    <!-- not run: REASON -->    it is only compiled
    <!-- Tauraro only -->       it does not run on CPython with PyPI's httpx alone: it uses an addition, or what
                                needs more packages there
    <!-- file: NAME -->         it is written to the file NAME, before anything of the page is run, and only compiled
    <!-- run -->                before a ```console block: its lines that begin with `$ ` are typed into a shell,
                                and print what follows them; `...` stands for anything in a line, and, alone, for
                                any lines
"""

import contextlib
import io
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "stdlib-docs"))

import httpx  # noqa: E402
from example_server import ExampleServer  # noqa: E402

try:
    import websockets
except ImportError:
    websockets = None

ON_CPYTHON = sys.implementation.name == "cpython"
PLACES = {
    "https://127.0.0.1:8443": "TAURARO_TEST_HTTPS",
    "https://127.0.0.1:8444": "TAURARO_TEST_MTLS",
    "http://127.0.0.1:3128": "TAURARO_TEST_PROXY",
    "socks5://127.0.0.1:1080": "TAURARO_TEST_SOCKS",
    "http.sock": "TAURARO_TEST_UDS",
}
FILES = {"ca.pem": "TAURARO_TEST_CA", "client.pem": "TAURARO_TEST_CLIENT_CERT", "client.key": "TAURARO_TEST_CLIENT_KEY"}
NEED_THE_TEST_SERVER = {"httpx-network.md", "httpx-transports.md"}
ONLY_HERE = {
    "compile.md": "it is about the command tauraro",
    "packages.md": "it is about the command tauraro",
    "README.md": "it uses Tauraro's additions",
    "asyncio.md": "it is about Tauraro's own loop",
    "httptools.md": "it needs PyPI's httptools",
    "httpx2.md": "it needs PyPI's httpx2",
    "httpx_sse.md": "it needs PyPI's httpx-sse",
    "migration.md": "it uses Tauraro's additions",
    "performance.md": "it is about Tauraro",
    "permissions.md": "they are Tauraro's",
    "server.md": "the server is Tauraro's",
}
NOTE = r"^(?:<!-- (?P<note>[^\n]*) -->\n)?"
FENCE = re.compile(NOTE + r"```python\n(?P<code>.*?)^```\n(?:```text\n(?P<output>.*?)^```\n)?", re.M | re.S)
CONSOLE = re.compile(r"^<!-- run -->\n```console\n(?P<typed>.*?)^```\n", re.M | re.S)
FILE = re.compile(r"^<!-- file: (?P<name>[^\n]+) -->\n```\w+\n(?P<text>.*?)^```\n", re.M | re.S)
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.M)


class Block:
    def __init__(self, match):
        self.line = match.string.count("\n", 0, match.start("code")) + 1
        self.code, self.note = match["code"], match["note"] or ""
        if match["output"] is not None:
            self.expected = match["output"].splitlines()
        else:
            self.expected = re.findall(r"# -> (.*)$", self.code, re.M)

    @property
    def is_run(self):
        return not (self.note.startswith(("not run: ", "file: ")) or ON_CPYTHON and self.note == "Tauraro only")


class PageTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        # What the examples of websockets provoke is logged.
        logger = logging.getLogger("websockets")
        self.addCleanup(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        self.server = self.enterContext(ExampleServer())
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.released.set)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        os.symlink(sys.executable, "tauraro")
        for name in ("scripts", "stdlib-docs"):
            os.symlink(ROOT / name, name)
        Path("photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(1000))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        # What is told of as host and port is so too in the target of a CONNECT. Where a text is put back, the first goes.
        address = self.server.url.removeprefix("http://")
        self.places = {"http://127.0.0.1:8000": self.server.url, "127.0.0.1:8000": address, "8765": port}
        self.places |= {"https://api.example.net": self.server.url}
        self.places |= {place: os.environ[name] for place, name in PLACES.items() if name in os.environ}
        for file, name in FILES.items():
            if name in os.environ:
                shutil.copy(os.environ[name], file)

    def real(self, text):
        for documented, real in self.places.items():
            text = text.replace(documented, real)
        return text

    def documented(self, text):
        for documented, real in self.places.items():
            text = text.replace(real, documented)
        return text

    def check_page(self, path):
        text = path.read_text(encoding="utf-8")
        blocks = [Block(match) for match in FENCE.finditer(text)]
        self.assertEqual(len(blocks), text.count("```python"), f"a block of {path.name} is not well formed")
        files = list(FILE.finditer(text))
        self.assertEqual(len(files), text.count("<!-- file: "), f"a file of {path.name} is not well formed")
        for match in files:
            Path(match["name"]).parent.mkdir(parents=True, exist_ok=True)
            Path(match["name"]).write_text(match["text"], encoding="utf-8")
        namespace = {"__name__": "__main__"}
        for block in blocks:
            with self.subTest(page=path.name, line=block.line):
                # Errors then name the page and its line.
                compiled = compile(self.real("\n" * (block.line - 1) + block.code), str(path), "exec")
                if block.is_run:
                    output = io.StringIO()
                    with contextlib.redirect_stdout(output):
                        exec(compiled, namespace)
                    self.assertEqual(self.documented(output.getvalue()).splitlines(), block.expected)
        consoles = list(CONSOLE.finditer(text))
        self.assertEqual(len(consoles), text.count("<!-- run -->"), f"a console of {path.name} is not well formed")
        for match in consoles if not ON_CPYTHON else ():
            self.check_console(match)

    def check_console(self, match):
        commands = list(COMMAND.finditer(match["typed"]))
        self.assertTrue(commands)
        for typed in commands:
            line = match.string.count("\n", 0, match.start("typed") + typed.start()) + 1
            with self.subTest(line=line, command=typed["command"]):
                # What is put into the home folder is not to stay there.
                path = os.getcwd() + os.pathsep + os.environ.get("PATH", "")
                environment = {**os.environ, "PATH": path, "HOME": os.getcwd()}
                done = subprocess.run(
                    ["sh", "-c", self.real(typed["command"])], env=environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=60,
                )  # fmt: skip
                printed = self.documented(done.stdout)
                if not re.fullmatch(pattern(typed["output"]), printed, re.S):
                    self.assertEqual(printed, typed["output"])


def pattern(expected):
    """A regular expression for a documented output, in which `...` leaves something open."""
    lines = (".*" if line == "...\n" else re.escape(line).replace(r"\.\.\.", "[^\n]*") for line in expected.splitlines(True))
    return "".join(lines)


def page_test(path):
    def test(self):
        self.check_page(path)

    if ON_CPYTHON and path.name in ONLY_HERE:
        return unittest.skip(ONLY_HERE[path.name])(test)
    if path.name.startswith("websockets") and websockets is None:
        return unittest.skip("needs PyPI's websockets there")(test)
    if path.name in NEED_THE_TEST_SERVER and "TAURARO_TEST_HTTPS" not in os.environ:
        return unittest.skip("needs the server of the tests")(test)
    return test


for page in [ROOT / "README.md", *sorted((ROOT / "stdlib-docs").glob("*.md"))]:
    name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_")
    setattr(PageTest, f"test_{name}", page_test(page))


class IndexTest(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in [*ROOT.glob("*.md"), *(ROOT / "stdlib-docs").glob("*.md"), ROOT / "scripts" / "README.md"]:
            for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
                file, _, anchor = target.partition("#")
                with self.subTest(page=page.name, target=target):
                    linked = page.parent / file if file else page
                    self.assertTrue(linked.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, headings(linked))

    def test_every_page_is_in_the_index(self):
        index = (ROOT / "stdlib-docs" / "README.md").read_text(encoding="utf-8")
        for page in (ROOT / "stdlib-docs").glob("*.md"):
            with self.subTest(page=page.name):
                self.assertTrue(page.name == "README.md" or f"]({page.name})" in index)

    @unittest.skipIf(ON_CPYTHON, "the pages have Tauraro's additions too")
    def test_every_name_is_told(self):
        for module in (httpx, websockets):
            names = {name for name in module.__all__ if not name.startswith("_")}
            if module is httpx:
                for value in [getattr(httpx, name) for name in names]:
                    if isinstance(value, type) and not issubclass(value, (BaseException, int)):
                        names |= {name for name in dir(value) if not name.startswith("_")}
            pages = [ROOT / "stdlib-docs" / f"{module.__name__}-{page}.md" for page in ("api", "exceptions")]
            told = set(re.findall(r"\w+", "".join(page.read_text(encoding="utf-8") for page in pages)))
            with self.subTest(module=module.__name__):
                self.assertEqual(sorted(names - told), [])


def headings(page):
    """The anchors that GitHub gives to the headings of a page."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines]


if __name__ == "__main__":
    unittest.main()
