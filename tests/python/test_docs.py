"""Runs the examples of the documentation and compares what they print.

A page's ```python blocks run in order, in one namespace and a temporary folder. What a block prints
must be told on the page: in comments `# -> text`, one per printed line, or in a ```text block right
after it. The pages say http://127.0.0.1:8000 where the server of the test is meant, and name the places of
`PLACES` and the files of `FILES` where the server of all tests is.

A comment line right before a block changes how it runs:
    <!-- not run: REASON -->    it is only compiled
    <!-- Tauraro only -->       it does not run on CPython with PyPI's httpx alone: it uses an addition, or what
                                needs more packages there
"""

import contextlib
import importlib.util
import io
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "stdlib-docs"))

from example_server import ExampleServer  # noqa: E402

ON_CPYTHON = sys.implementation.name == "cpython"
DOCUMENTED_URL = "http://127.0.0.1:8000"
PLACES = {
    "https://127.0.0.1:8443": "TAURARO_TEST_HTTPS",
    "https://127.0.0.1:8444": "TAURARO_TEST_MTLS",
    "http://127.0.0.1:3128": "TAURARO_TEST_PROXY",
    "socks5://127.0.0.1:1080": "TAURARO_TEST_SOCKS",
    "http.sock": "TAURARO_TEST_UDS",
}
FILES = {"ca.pem": "TAURARO_TEST_CA", "client.pem": "TAURARO_TEST_CLIENT_CERT", "client.key": "TAURARO_TEST_CLIENT_KEY"}
FENCE = re.compile(
    r"^(?:<!-- (?P<note>[^\n]*) -->\n)?```python\n(?P<code>.*?)^```\n(?:```text\n(?P<output>.*?)^```\n)?", re.M | re.S
)


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
        return not (self.note.startswith("not run: ") or ON_CPYTHON and self.note == "Tauraro only")


class DocumentationTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = self.enterContext(ExampleServer())
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.released.set)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        # What is told of as host and port is so too in the target of a CONNECT.
        self.places = {DOCUMENTED_URL: self.server.url, DOCUMENTED_URL.removeprefix("http://"): self.server.url.removeprefix("http://")}
        self.places |= {place: os.environ[name] for place, name in PLACES.items() if name in os.environ}
        for file, name in FILES.items():
            if name in os.environ:
                shutil.copy(os.environ[name], file)

    def check_page(self, path):
        text = path.read_text(encoding="utf-8")
        blocks = [Block(match) for match in FENCE.finditer(text)]
        self.assertEqual(len(blocks), text.count("```python"), f"a block of {path.name} is not well formed")
        namespace = {}
        for block in blocks:
            with self.subTest(page=path.name, line=block.line):
                # Errors then name the page and its line.
                code = "\n" * (block.line - 1) + block.code
                for documented, real in self.places.items():
                    code = code.replace(documented, real)
                compiled = compile(code, str(path), "exec")
                if block.is_run:
                    output = io.StringIO()
                    with contextlib.redirect_stdout(output):
                        exec(compiled, namespace)
                    printed = output.getvalue()
                    for documented, real in self.places.items():
                        printed = printed.replace(real, documented)
                    self.assertEqual(printed.splitlines(), block.expected)
        return blocks

    def test_httpx(self):
        blocks = self.check_page(ROOT / "stdlib-docs" / "httpx.md")
        self.assertGreater(sum(block.is_run for block in blocks), 25)

    @unittest.skipUnless("TAURARO_TEST_HTTPS" in os.environ, "needs the server of the tests")
    def test_httpx_advanced(self):
        blocks = self.check_page(ROOT / "stdlib-docs" / "httpx-advanced.md")
        self.assertGreater(sum(block.is_run for block in blocks), 12)

    @unittest.skipIf(ON_CPYTHON, "PyPI's httpx-sse may not be there")
    def test_httpx_sse(self):
        blocks = self.check_page(ROOT / "stdlib-docs" / "httpx_sse.md")
        self.assertTrue(all(block.is_run for block in blocks))

    @unittest.skipIf(ON_CPYTHON, "needs PyPI's httptools there")
    def test_httptools(self):
        blocks = self.check_page(ROOT / "stdlib-docs" / "httptools.md")
        self.assertTrue(all(block.is_run for block in blocks))

    @unittest.skipUnless(importlib.util.find_spec("websockets"), "needs PyPI's websockets there")
    def test_websockets(self):
        # What the examples provoke is logged.
        logging.getLogger("websockets").setLevel(logging.CRITICAL)
        blocks = self.check_page(ROOT / "stdlib-docs" / "websockets.md")
        self.assertTrue(all(block.is_run for block in blocks))

    @unittest.skipIf(ON_CPYTHON, "the page is about Tauraro's own loop")
    def test_asyncio(self):
        blocks = self.check_page(ROOT / "stdlib-docs" / "asyncio.md")
        self.assertTrue(all(block.is_run for block in blocks))

    @unittest.skipIf(ON_CPYTHON, "permissions are Tauraro's")
    def test_permissions(self):
        blocks = self.check_page(ROOT / "stdlib-docs" / "permissions.md")
        self.assertGreaterEqual(len(blocks), 1)


class IndexTest(unittest.TestCase):
    def test_links_lead_somewhere(self):
        pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "stdlib-docs").glob("*.md")]
        for page in pages:
            for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
                file, _, anchor = target.partition("#")
                with self.subTest(page=page.name, target=target):
                    linked = page.parent / file if file else page
                    self.assertTrue(linked.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, headings(linked))


def headings(page):
    """The anchors that GitHub gives to the headings of a page."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines]


if __name__ == "__main__":
    unittest.main()
