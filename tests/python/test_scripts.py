"""Runs the example scripts as users do, and reads what they print."""

import subprocess
import sys
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


class Quickstart(unittest.TestCase):
    def test_tells_what_happened(self):
        finished = subprocess.run(
            [sys.executable, SCRIPTS / "quickstart.py"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        for line in [
            "the server saw ?q=tauraro&page=2&tag=python&tag=rust",
            "created {'name': 'Alice', 'languages': ['Hausa', 'Python']}",
            "the server read {'username': 'alice', 'password': 'wonder & land'}",
            "part 'year': no file, text/plain, 4 bytes",
            "part 'report': report.csv, text/csv, 25 bytes",
            "without: <Response [401 Unauthorized]>",
            "with:    <Response [200 OK]> for alice",
            "{'visits': 3, 'client': 'quickstart'}",
            "{'visits': '3'}",
            "the server says: there is no /nowhere",
        ]:
            with self.subTest(line=line):
                self.assertIn(f"    {line}\n", finished.stdout)
        self.assertIn("    8,388,608 bytes in ", finished.stdout)
        self.assertIn("    ReadTimeout for http://127.0.0.1:", finished.stdout)
        self.assertIn("    Client error '404 Not Found' for url 'http://127.0.0.1:", finished.stdout)
        self.assertTrue(finished.stdout.endswith("\nDone.\n"))


if __name__ == "__main__":
    unittest.main()
