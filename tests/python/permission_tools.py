"""What the tests of permissions share: attempts of a script, and the outside that they must not reach."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

# Runs before each batch of attempts. Every attempt reports by itself, so that one cannot hide another.
PRELUDE = """
import sys
outcomes = []
def attempt(name, code):
    names = dict(PLACES)
    try:
        exec(code, names)
    except PermissionError as error:
        outcomes.append((name, "denied", error.strerror or str(error)))
    except BaseException as error:
        outcomes.append((name, "raised", f"{type(error).__name__}: {error}"))
    else:
        outcomes.append((name, "done", ""))
"""


class Listener:
    """Counts what arrives: connections and datagrams at one port, connections at a Unix socket."""

    def __init__(self, folder):
        self.arrived = []
        self.stream = socket.create_server(("127.0.0.1", 0))
        self.port = self.stream.getsockname()[1]
        self.datagram = socket.socket(type=socket.SOCK_DGRAM)
        self.datagram.bind(("127.0.0.1", self.port))
        self.path = str(folder / "outside.sock")
        self.local = socket.socket(socket.AF_UNIX)
        self.local.bind(self.path)
        self.local.listen()
        for listener in (self.stream, self.datagram, self.local):
            listener.setblocking(False)

    def collect(self):
        """What has arrived: everything a finished process has sent is in the queues already."""
        arrived = []
        for name, take in (("stream", self.stream.accept), ("datagram", lambda: self.datagram.recvfrom(10)), ("unix", self.local.accept)):
            try:
                got = take()
            except BlockingIOError:
                continue
            arrived.append(name)
            if name != "datagram":
                got[0].close()
        return arrived

    def close(self):
        for listener in (self.stream, self.datagram, self.local):
            listener.close()


def run(*arguments, code, **options):
    finished = subprocess.run(
        [sys.executable, *arguments, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options
    )
    return finished


class Outside(unittest.TestCase):
    """A folder and a listener that nothing may reach."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.secret = self.folder / "secret.txt"
        self.secret.write_text("secret\n")
        self.listener = Listener(self.folder)
        self.addCleanup(self.listener.close)
        self.places = {
            "HOST": "127.0.0.1",
            "PORT": self.listener.port,
            "UNIX": self.listener.path,
            "SECRET": str(self.secret),
            "NEW": str(self.folder / "new"),
            "FOLDER": str(self.folder),
        }

    def attempt(self, escapes, *flags):
        """Runs the escapes in one process; name -> (what became of it, its message)."""
        lines = [f"PLACES = {self.places!r}", PRELUDE]
        lines += [f"attempt({name!r}, {textwrap.dedent(code).strip()!r})" for name, code in escapes.items()]
        lines.append("import json; print(json.dumps(outcomes))")
        finished = run(*flags, code="\n".join(lines))
        self.assertEqual(finished.returncode, 0, finished.stderr)
        outcomes = json.loads(finished.stdout.splitlines()[-1])
        self.assertEqual([name for name, _, _ in outcomes], list(escapes))
        return {name: (outcome, message) for name, outcome, message in outcomes}

    def check_outside(self):
        self.assertEqual(self.listener.collect(), [])
        self.assertEqual(sorted(os.listdir(self.folder)), ["outside.sock", "secret.txt"])
        self.assertEqual(self.secret.read_text(), "secret\n")

    def check_denied(self, escapes, *flags):
        for name, (outcome, message) in self.attempt(escapes, *flags).items():
            with self.subTest(name):
                self.assertEqual(outcome, "denied", message)
        self.check_outside()
