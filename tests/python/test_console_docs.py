"""Follows pages of the documentation that tell what to type at a shell.

A block after `<!-- file: NAME -->` is written to NAME; a ```console block is run line by line in one folder, and each
line must print what follows it, where `...` stands for anything. `<!-- not run: REASON -->` before a block skips it.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "stdlib-docs"
BLOCK = re.compile(r"^(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"^\$ (?P<command>[^\n]*)\n(?P<expected>(?:(?!\$ )[^\n]*\n)*)", re.M)
LIMIT = 60


def matches(printed, expected):
    """Whether a text is as a page tells it."""
    pattern = "".join(".*" if part == "..." else re.escape(part) for part in re.split(r"(\.\.\.)", expected))
    return re.fullmatch(pattern, printed, re.S) is not None


@unittest.skipIf(sys.implementation.name == "cpython", "the pages are about the command tauraro")
class ConsoleTest(unittest.TestCase):
    def follow(self, page):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "bin").mkdir()
        (folder / "bin" / "tauraro").symlink_to(sys.executable)
        (folder / "work").mkdir()
        environment = {"PATH": f"{folder / 'bin'}:{os.environ.get('PATH', os.defpath)}", "HOME": str(folder)}
        # The shell has no other variables; PYTHONDONTWRITEBYTECODE keeps what the page lists as it tells it.
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        run = 0
        text = (DOCS / page).read_text(encoding="utf-8")
        blocks = list(BLOCK.finditer(text))
        self.assertEqual(len(blocks) * 2, text.count("```"), "a block is not well formed")
        for block in blocks:
            note = block["note"] or ""
            if note.startswith("not run: "):
                continue
            if note.startswith("file: "):
                path = folder / "work" / note.removeprefix("file: ")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block["text"], encoding="utf-8")
                continue
            self.assertEqual(block["kind"], "console")
            for line in COMMAND.finditer(block["text"]):
                with self.subTest(page=page, command=line["command"]):
                    done = subprocess.run(
                        line["command"], shell=True, cwd=folder / "work", env=environment, timeout=LIMIT,
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    )
                    self.assertTrue(
                        matches(done.stdout, line["expected"]), f"{done.stdout!r} is not {line['expected']!r}"
                    )
                    run += 1
        return run

    def test_compile(self):
        self.assertEqual(self.follow("compile.md"), 7)

    def test_packages(self):
        self.assertEqual(self.follow("packages.md"), 11)


class MatchingTest(unittest.TestCase):
    def test_dots_stand_for_anything(self):
        self.assertTrue(matches("a: 107 MB\n", "a: ... MB\n"))
        self.assertTrue(matches("x\ny\nz\n", "x\n...\nz\n"))
        self.assertFalse(matches("a: 107 MB\nb\n", "a: ... MB\n"))
        self.assertFalse(matches("a+b", "a.b"))


if __name__ == "__main__":
    unittest.main()
