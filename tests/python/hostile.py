"""What the tests of hostile input share: a server that answers with raw bytes, and clients of both kinds."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import struct
import sys
import tempfile
import threading
import unittest

import httpx

ON_TAURARO = sys.implementation.name != "cpython"
PATIENCE = 30  # seconds after which what hangs is given up
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


class Hang(BaseException):
    """Raised where the main thread hangs."""


def reset(connection):
    """Ends a connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class RawServer:
    """Answers each path with the bytes, or by the callable of the connection, that `answers` has for it, and
    hangs up; anything else is answered well.

    `requests` has the head of each request. A callable may wait for `released`, which is set in the end.
    """

    def __init__(self, answers=None, backlog=512):
        self.answers = dict(answers or {})
        self.requests = []
        self.connections = 0
        self.open = 0
        self.changed = threading.Condition()
        self.released = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.released.set()
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.thread.join(PATIENCE)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.count(1)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def count(self, change):
        with self.changed:
            self.connections += max(change, 0)
            self.open += change
            self.changed.notify_all()

    def wait_until(self, condition, what):
        """Waits until `condition(self)` holds."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self), PATIENCE):
                raise TimeoutError(f"{what}: {len(self.requests)} requests, {self.open} of {self.connections} connections")

    def serve(self, connection):
        try:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(PATIENCE)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self.answer(connection):
                    pass
        finally:
            self.count(-1)

    def read_head(self, connection):
        """The head of the next request; nothing if there is none."""
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65536)
            if not received:
                return b""
            head += received
        return head

    def find_answer(self, head):
        return self.answers.get(head.split(b" ", 2)[1].decode("latin-1").partition("?")[0])

    def answer(self, connection):
        """Answers one request; says whether the connection goes on."""
        head = self.read_head(connection)
        if not head:
            return False
        with self.changed:
            self.requests.append(head)
            self.changed.notify_all()
        answer = self.find_answer(head)
        if answer is None:
            connection.sendall(GOOD)
            return True
        if callable(answer):
            answer(connection)
        else:
            connection.sendall(answer)
        # What is left unread would turn the end of the connection into an RST.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        return False


class Both(unittest.TestCase):
    """Runs cases with a client of each kind, and holds them to leaving nothing behind."""

    @classmethod
    def setUpClass(cls):
        def hangs(*_):
            raise Hang("the case hangs")

        cls.handler = signal.signal(signal.SIGALRM, hangs)
        cls.addClassCleanup(signal.signal, signal.SIGALRM, cls.handler)
        # What stays open for the whole process is made now.
        with httpx.Client(trust_env=False) as client, contextlib.suppress(httpx.ConnectError):
            client.get("http://127.0.0.1:1/")

    def setUp(self):
        self.runner = self.enterContext(asyncio.Runner())
        self.clients = {}
        self.addCleanup(self.close)

    def close(self):
        for kind, client in self.clients.items():
            self.call(kind, client.close if kind == "sync" else client.aclose)
        self.clients.clear()

    def make(self, **options):
        """The clients of the cases to come."""
        self.close()
        options = {"timeout": PATIENCE, "trust_env": False, **options}
        self.clients = {"sync": httpx.Client(**options), "async": httpx.AsyncClient(**options)}

    def call(self, kind, function, *args, **kwargs):
        """The result of a function, or of the coroutine that it returns."""
        signal.alarm(PATIENCE)
        try:
            if kind == "sync":
                return function(*args, **kwargs)

            async def run():
                return await function(*args, **kwargs)

            return self.runner.run(run())
        finally:
            signal.alarm(0)

    @contextlib.contextmanager
    def nothing_left(self):
        """Fails if the block leaves descriptors or tasks behind, or if anything panicked in it."""
        files = lambda: len(os.listdir("/proc/self/fd"))
        with tempfile.TemporaryFile() as log:
            sys.stderr.flush()
            stderr = os.dup(2)
            os.dup2(log.fileno(), 2)
            try:
                before = files()
                yield
                gc.collect()
                self.assertEqual(self.runner.run(tasks()), 0, "tasks were left behind")
                for _ in range(PATIENCE * 20):
                    if files() <= before:
                        break
                    threading.Event().wait(0.05)
                self.assertLessEqual(files(), before, "descriptors were left open")
            finally:
                sys.stderr.flush()
                os.dup2(stderr, 2)
                os.close(stderr)
                log.seek(0)
                said = log.read().decode(errors="replace")
        self.assertNotIn("panicked", said)
        self.assertNotIn("was never", said)


async def tasks():
    """How many other tasks there are."""
    return len(asyncio.all_tasks()) - 1
