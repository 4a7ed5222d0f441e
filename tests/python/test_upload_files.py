"""Files as bodies and in forms: pipes, devices, what the kernel makes up, and files that were read before."""

import bz2
import gzip
import io
import lzma
import mmap
import os
import socket
import sys
import tempfile
import threading
import unittest

import httpx
from recording_server import RecordingServer

DATA = os.urandom(200_000)


class Files(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(RecordingServer())
        self.client = self.enterContext(httpx.Client())
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def path(self, data=DATA, name="data"):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def open(self, path, position=0, **options):
        file = self.enterContext(open(path, "rb", **options))
        file.seek(position)
        return file

    def sent(self, **options):
        self.client.post(self.server.url, **options)
        return self.server.requests.pop()

    def check(self, file, expected, length):
        """`length` says whether the length was known beforehand."""
        request = self.sent(content=file)
        self.assertEqual(request.body == expected, True, f"{len(request.body)} of {len(expected)} bytes")
        self.assertEqual(request.headers["Content-Length"], str(len(expected)) if length else None)
        self.assertEqual(request.headers["Transfer-Encoding"], None if length else "chunked")

    def check_form(self, file, expected, length):
        request = self.sent(files={"f": ("name", file)})
        [(_, _, _, content)] = request.parts()
        self.assertEqual(content == expected, True, f"{len(content)} of {len(expected)} bytes")
        self.assertEqual(request.headers["Transfer-Encoding"], None if length else "chunked")

    def pipe(self, data=DATA):
        reading, writing = os.pipe()

        def fill():
            with os.fdopen(writing, "wb") as sink:
                sink.write(data)

        threading.Thread(target=fill, daemon=True).start()
        return self.enterContext(os.fdopen(reading, "rb"))

    def test_ordinary_files(self):
        for size in [0, 1, 4096, 65_536, 65_537, 200_000]:
            path = self.path(DATA[:size])
            for options in [{}, {"buffering": 0}]:
                with self.subTest(size, **options):
                    self.check(self.open(path, **options), DATA[:size], True)
                    self.check_form(self.open(path, **options), DATA[:size], True)
        with self.enterContext(open(self.path(), "r+b")) as file:
            self.check(file, DATA, True)

    def test_files_that_were_read_before(self):
        path = self.path()
        for position in [1, 65_536, 199_999, 200_000, 200_001]:
            with self.subTest(position):
                self.check(self.open(path, position), DATA[position:], True)
                self.check(self.open(path, position, buffering=0), DATA[position:], True)
                self.check_form(self.open(path, position), DATA, True)
                file = io.BytesIO(DATA)
                file.seek(position)
                self.check(file, DATA[position:], True)
                file.seek(position)
                self.check_form(file, DATA, True)
        file = self.open(path)
        file.read(10)
        self.check(file, DATA[10:], True)

    def test_a_file_is_left_where_its_length_was_asked_for(self):
        for size in [10, 4096, 200_000]:
            file = self.open(self.path(DATA[:size]), 7)
            self.client.build_request("POST", self.server.url, content=file)
            self.client.build_request("POST", self.server.url, files={"f": file})
            self.assertEqual((file.tell(), file.read() == DATA[7:size]), (7, True))

    def test_temporary_files(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(DATA)
            file.flush()
            file.seek(3)
            self.check(file, DATA[3:], True)
            self.check_form(file, DATA, True)
        with tempfile.SpooledTemporaryFile() as file:
            file.write(DATA)
            file.seek(0)
            self.check_form(file, DATA, True)

    def test_pipes(self):
        for data in [DATA, b"", b"x"]:
            with self.subTest(len(data)):
                self.check(self.pipe(data), data, False)
                self.check_form(self.pipe(data), data, False)

    def test_sockets(self):
        def filled():
            ours, theirs = socket.socketpair()
            with ours:
                ours.sendall(DATA[:1000])
            with theirs:
                return self.enterContext(theirs.makefile("rb"))

        self.check(filled(), DATA[:1000], False)
        self.check_form(filled(), DATA[:1000], False)

    @unittest.skipUnless(os.path.exists("/proc/version"), "Linux has such files")
    def test_files_that_the_kernel_makes_up(self):
        for path in ["/proc/version", "/proc/self/cmdline", "/proc/filesystems"]:
            with open(path, "rb") as file:
                expected = file.read()
            self.assertTrue(expected)
            with self.subTest(path):
                self.check(self.open(path), expected, False)
                self.check_form(self.open(path), expected, False)
        path = "/sys/kernel/mm/transparent_hugepage/enabled"
        if os.path.exists(path):
            with open(path, "rb") as file:
                expected = file.read()
            self.check(self.open(path), expected, False)

    def test_devices(self):
        self.check(self.open(os.devnull), b"", False)
        self.check_form(self.open(os.devnull), b"", False)

        class Limited:
            """So much of an endless device."""

            def __init__(self, file, size):
                self.file, self.left = file, size

            def __iter__(self):
                raise AssertionError("files are read, not iterated over")

            def read(self, size=-1):
                piece = self.file.read(min(size, self.left))
                self.left -= len(piece)
                return piece

        self.check(Limited(self.open("/dev/zero"), 100_000), bytes(100_000), False)

    def test_what_is_read_is_not_what_the_descriptor_has(self):
        for module in [gzip, bz2, lzma]:
            path = os.path.join(self.folder, module.__name__)
            with module.open(path, "wb") as file:
                file.write(b"compressible " * 9000)
            for method in [self.check, self.check_form]:
                for wrap in [lambda file: file, io.BufferedReader]:
                    with self.subTest(module.__name__), wrap(module.open(path, "rb")) as file:
                        method(file, b"compressible " * 9000, True)

    def test_memory_maps(self):
        with open(self.path(), "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            self.check_form(memory, DATA, True)

    def test_standard_input(self):
        import subprocess

        script = (
            "import httpx, sys\n"
            "print(httpx.post(sys.argv[1], content=sys.stdin.buffer).status_code)\n"
            "print(sys.stdin.buffer.read(1))"
        )
        command = [sys.executable, "-c", script, self.server.url]
        done = subprocess.run(command, input=DATA, capture_output=True, timeout=60)
        self.assertEqual((done.stdout.split(), done.stderr), ([b"200", b"b''"], b""))
        request = self.server.requests.pop()
        self.assertEqual((request.body == DATA, request.headers["Content-Length"]), (True, None))
        with open(self.path(), "rb") as file:
            subprocess.run(command, stdin=file, capture_output=True, timeout=60)
        request = self.server.requests.pop()
        self.assertEqual((request.body == DATA, request.headers["Content-Length"]), (True, "200000"))

    def test_objects_with_little(self):
        class OnlyRead:
            def __init__(self):
                self.source = io.BytesIO(DATA)

            def __iter__(self):
                raise AssertionError("files are read, not iterated over")

            def read(self, size=-1):
                return self.source.read(size)

        self.check(OnlyRead(), DATA, False)
        self.check_form(OnlyRead(), DATA, False)

        class SilentSeek(io.BytesIO):
            def seek(self, *place):
                super().seek(*place)

        self.check(SilentSeek(DATA), DATA, True)
        self.check_form(SilentSeek(DATA), DATA, True)

    def test_an_explicit_length_stands(self):
        request = self.sent(content=self.pipe(DATA[:100]), headers={"Content-Length": "100"})
        self.assertEqual((request.body, request.headers["Transfer-Encoding"]), (DATA[:100], None))


if __name__ == "__main__":
    unittest.main()
