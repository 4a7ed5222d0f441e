"""Runs the programs of `scripts/` with `--demo`, and looks at what they print."""

import csv
import io
import re
import subprocess
import sys
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def run(name, *arguments, status=0):
    """What a script prints, to both streams."""
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=90, stdin=subprocess.DEVNULL)
    if done.returncode != status:
        raise AssertionError(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


class DemoTest(unittest.TestCase):
    def test_paginate(self):
        output, log = run("paginate", "--demo")
        rows = list(csv.DictReader(io.StringIO(output)))
        self.assertEqual([int(row["id"]) for row in rows], list(range(1, 96)))
        self.assertEqual(rows[-1], {"id": "95", "name": "item 095", "price": "118.75"})
        self.assertIn("busy", log)
        self.assertIn("page 5: 95 rows", log)

    def test_download(self):
        output, _ = run("download", "--demo")
        self.assertEqual(output.splitlines(), [f"{number}.bin: 1048576 bytes" for number in range(1, 9)])

    def test_chat(self):
        output, _ = run("chat", "--demo")
        self.assertEqual(
            output.splitlines(),
            [
                "room: Amina is here, 1 in all",
                "room: Bello is here, 2 in all",
                "Amina: Sannu!",
                "Bello: Yauwa, sannu!",
                "Bello: bye",
            ],
        )

    def test_health(self):
        output, _ = run("health", "--demo")
        last = output.splitlines()[-4:]
        self.assertEqual([line[:4] for line in last], ["up  ", "up  ", "DOWN", "DOWN"])
        self.assertEqual([line.split()[1] for line in last], ["200", "200", "503", "ConnectError"])

    def test_sse_tail(self):
        output, _ = run("sse_tail", "--demo")
        numbers = [int(number) for number in re.findall(r"^log (\d+): ", output, re.M)]
        # Three events a connection: these come from three, without a gap.
        self.assertEqual(numbers, list(range(1, 9)))

    def test_load_probe(self):
        output, _ = run("load_probe", "--demo")
        self.assertRegex(output, r"^300 requests in ")
        self.assertIn("answers: 200 x 300", output)
        counts = [int(count) for count in re.findall(r"│ (\d+)$", output, re.M)]
        self.assertEqual((len(counts), sum(counts)), (12, 300))


class UsageTest(unittest.TestCase):
    def test_without_arguments(self):
        for name in ("paginate", "download", "chat", "health", "sse_tail", "load_probe"):
            with self.subTest(script=name):
                _, log = run(name, status=2)
                self.assertRegex(log, r"error: .* required")


if __name__ == "__main__":
    unittest.main()
