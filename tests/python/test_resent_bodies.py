"""Bodies that are wanted more than once, by redirects and authentication: the same again, or an error."""

import asyncio
import io
import itertools
import os
import tempfile
import unittest

import httpx
from recording_server import RecordingServer

DATA = os.urandom(150_000)
CHALLENGE = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'


def answer_digest(request):
    if "Authorization" in request.headers:
        return 200, [], {"ok": True}
    return 401, [("WWW-Authenticate", CHALLENGE)], {"ok": False}


ANSWERS = {
    **{("POST", f"/{status}"): (status, [("Location", "/end")], b"") for status in (301, 302, 303, 307, 308)},
    ("POST", "/twice"): (307, [("Location", "/307")], b""),
    ("POST", "/digest"): answer_digest,
}


class Unseekable(io.RawIOBase):
    """A file that can be read once."""

    def __init__(self, data=DATA):
        self.source = io.BytesIO(data)

    def readable(self):
        return True

    def read(self, size=-1):
        return self.source.read(size)

    def seekable(self):
        return False

    def seek(self, *place):
        raise io.UnsupportedOperation("seek")

    def tell(self):
        raise io.UnsupportedOperation("tell")


class OnlyRead:
    """The least that a file can be, and still be iterated over."""

    def __init__(self):
        self.source = io.BytesIO(DATA)

    def read(self, size=-1):
        return self.source.read(size)

    def __iter__(self):
        raise AssertionError("files are read, not iterated over")


class Iterable:
    def __iter__(self):
        return iter([DATA[:1000], b"", DATA[1000:]])


class AsyncIterable:
    async def __aiter__(self):
        yield DATA[:1000]
        yield DATA[1000:]


class AsyncIterator:
    """Its own iterator."""

    def __init__(self):
        self.pieces = iter([DATA[:1000], DATA[1000:]])

    def __aiter__(self):
        return self

    async def __anext__(self):
        for piece in self.pieces:
            return piece
        raise StopAsyncIteration


class AsyncFile:
    def __init__(self):
        self.source = io.BytesIO(DATA)

    async def aread(self, size):
        return self.source.read(size)

    def __aiter__(self):
        raise AssertionError("files are read, not iterated over")


def pipe():
    """A file object for a pipe with 1000 bytes in it."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as sink:
        sink.write(DATA[:1000])
    return os.fdopen(reading, "rb")


def moved(file, position):
    file.seek(position)
    return file


#: What can be sent again, and what arrives each time.
REPEATABLE = {
    "bytes": (lambda: DATA, DATA),
    "a list": (lambda: [DATA[:1000], DATA[1000:]], DATA),
    "an iterable": (Iterable, DATA),
    "BytesIO": (lambda: io.BytesIO(DATA), DATA),
    "BytesIO in the middle": (lambda: moved(io.BytesIO(DATA), 70_000), DATA[70_000:]),
    "BytesIO at its end": (lambda: moved(io.BytesIO(DATA), 150_000), b""),
    "BytesIO beyond its end": (lambda: moved(io.BytesIO(DATA), 150_009), b""),
}

#: What can be sent once only.
ONCE = {
    "a generator": lambda: (DATA[n : n + 1000] for n in range(0, len(DATA), 1000)),
    "an iterator": lambda: iter([DATA[:1000], DATA[1000:]]),
    "a map": lambda: map(bytes, [DATA]),
    "a chain": lambda: itertools.chain([DATA]),
    "a file that cannot seek": Unseekable,
    "a file that can only be read": OnlyRead,
    "a pipe": pipe,
}


class ResentBodies(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(RecordingServer(ANSWERS))
        self.client = self.enterContext(httpx.Client(follow_redirects=True))
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = os.path.join(folder, "data")
        with open(self.path, "wb") as file:
            file.write(DATA)

    def open(self, position=0):
        return self.enterContext(moved(open(self.path, "rb"), position))

    def bodies(self):
        bodies = [request.body for request in self.server.requests]
        self.server.requests.clear()
        return bodies

    def test_what_can_be_had_again_is_sent_again(self):
        files = {
            "a file": (self.open, DATA),
            "a file in the middle": (lambda: self.open(70_000), DATA[70_000:]),
            "a file without a buffer": (lambda: self.enterContext(open(self.path, "rb", buffering=0)), DATA),
        }
        for name, (make, expected) in {**REPEATABLE, **files}.items():
            for path, times in [("/307", 2), ("/308", 2), ("/twice", 3)]:
                with self.subTest(name, path=path):
                    self.assertEqual(self.client.post(self.server.url + path, content=make()).status_code, 200)
                    self.assertEqual([body == expected for body in self.bodies()], [True] * times)
            with self.subTest(name, path="/digest"):
                auth = httpx.DigestAuth("user", "password")
                self.assertEqual(self.client.post(self.server.url + "/digest", content=make(), auth=auth).status_code, 200)
                self.assertEqual([body == expected for body in self.bodies()], [True] * 2)

    def test_what_can_be_had_once_is_an_error(self):
        for name, make in ONCE.items():
            for path, auth in [("/307", None), ("/308", None), ("/digest", httpx.DigestAuth("user", "password"))]:
                with self.subTest(name, path=path):
                    with self.assertRaises(httpx.StreamConsumed):
                        self.client.post(self.server.url + path, content=make(), auth=auth)
                    # The first request was sent, and nothing of a second one.
                    expected = DATA[:1000] if name == "a pipe" else DATA
                    self.assertEqual([body == expected for body in self.bodies()], [True])
        self.assertEqual(self.client.get(self.server.url).status_code, 200)

    def test_a_redirect_that_drops_the_body_does_not_want_it(self):
        for name, make in ONCE.items():
            for path in ["/301", "/302", "/303"]:
                with self.subTest(name, path=path):
                    self.client.post(self.server.url + path, content=make())
                    self.assertEqual([len(body) > 0 for body in self.bodies()], [True, False])

    def test_forms(self):
        for name, files in {
            "a file": lambda: {"f": self.open()},
            "a file in the middle": lambda: {"f": self.open(70_000)},
            "two files": lambda: [("f", self.open()), ("g", ("g.bin", io.BytesIO(DATA)))],
            "a file twice": lambda: (lambda file: [("f", file), ("g", file)])(self.open()),
            "bytes": lambda: {"f": DATA},
        }.items():
            for path, times in [("/307", 2), ("/twice", 3), ("/digest", 2)]:
                with self.subTest(name, path=path):
                    auth = httpx.DigestAuth("user", "password")
                    self.client.post(self.server.url + path, files=files(), data={"a": "1"}, auth=auth)
                    requests = list(self.server.requests)
                    self.server.requests.clear()
                    self.assertEqual(len(requests), times)
                    for request in requests:
                        parts = request.parts()
                        self.assertEqual([part[3] == DATA for part in parts[1:]], [True] * len(files() if isinstance(files(), list) else [1]))
                        self.assertEqual(request.headers["Content-Length"], str(len(request.body)))

    def test_forms_that_can_be_sent_once(self):
        for name, make in {
            "cannot seek": Unseekable,
            "can only be read": OnlyRead,
        }.items():
            for path in ["/307", "/digest"]:
                for files in [{"f": make()}, [("s", io.BytesIO(DATA)), ("f", ("once", make()))]]:
                    with self.subTest(name, path=path):
                        with self.assertRaises(httpx.StreamConsumed):
                            self.client.post(self.server.url + path, files=files, auth=httpx.DigestAuth("user", "password"))
                        self.assertEqual([DATA in body for body in self.bodies()], [True])

    def test_a_file_that_cannot_be_two_parts(self):
        file = Unseekable()
        with self.assertRaises(httpx.StreamConsumed):
            self.client.post(self.server.url, files=[("f", file), ("g", file)])

    def test_the_same_request_twice(self):
        for name, (make, expected) in REPEATABLE.items():
            with self.subTest(name):
                request = self.client.build_request("POST", self.server.url, content=make())
                self.client.send(request)
                self.client.send(request)
                self.assertEqual([body == expected for body in self.bodies()], [True] * 2)
        for name, make in ONCE.items():
            with self.subTest(name):
                request = self.client.build_request("POST", self.server.url, content=make())
                self.client.send(request)
                with self.assertRaises(httpx.StreamConsumed):
                    self.client.send(request)
                self.assertEqual(len(self.bodies()), 1)

    def test_what_was_read_into_memory_can_be_sent_again(self):
        request = self.client.build_request("POST", self.server.url + "/307", content=(piece for piece in [b"a", b"b"]))
        request.read()
        self.client.send(request)
        self.assertEqual(self.bodies(), [b"ab", b"ab"])

    def test_asynchronous_bodies(self):
        async def generator():
            yield DATA

        async def main():
            async with httpx.AsyncClient(follow_redirects=True) as client:
                await client.post(self.server.url + "/307", content=AsyncIterable())
                self.assertEqual([body == DATA for body in self.bodies()], [True] * 2)
                await client.post(self.server.url + "/307", files={"f": io.BytesIO(DATA)})
                self.assertEqual([DATA in body for body in self.bodies()], [True] * 2)
                for make in [generator, AsyncIterator, AsyncFile]:
                    with self.subTest(make.__name__):
                        with self.assertRaises(httpx.StreamConsumed):
                            await client.post(self.server.url + "/307", content=make())
                        self.assertEqual([body == DATA for body in self.bodies()], [True])
                with self.assertRaises(httpx.StreamConsumed):
                    await client.post(self.server.url + "/307", files={"f": Unseekable()})

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
