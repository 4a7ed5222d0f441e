"""Peers that vanish, lie, flood, or never do what they should: no hang, no leak, and what came before is received."""

import asyncio
import base64
import contextlib
import hashlib
import logging
import os
import resource
import socket
import struct
import sys
import unittest
import zlib

import websockets
from websockets.exceptions import ConnectionClosedError, InvalidHandshake, WebSocketException

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ON_CPYTHON = sys.implementation.name == "cpython"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

logging.getLogger("websockets").setLevel(logging.CRITICAL)
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def frame(opcode, payload=b"", *, first=0x80, mask=False):
    """A frame as it is on the wire; `first` is its FIN and RSV bits."""
    length = len(payload)
    bit = 0x80 if mask else 0
    if length < 126:
        head = bytes([first | opcode, bit | length])
    elif length < 65536:
        head = bytes([first | opcode, bit | 126]) + struct.pack("!H", length)
    else:
        head = bytes([first | opcode, bit | 127]) + struct.pack("!Q", length)
    # A mask of zeroes leaves the payload as it is.
    return head + (b"\0\0\0\0" if mask else b"") + payload


def accept(request, extensions=""):
    """The answer to the request of a client."""
    key = next(
        line.split(b":", 1)[1].strip() for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
    )
    answer = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {answer}\r\n{extensions}\r\n"
    ).encode()


REQUEST = (
    b"GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def reset(writer):
    """Ends a connection with a TCP reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def descriptors():
    return len(os.listdir("/proc/self/fd"))


class FaultTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.descriptors = descriptors()

    async def asyncTearDown(self):
        # Whatever happened, nothing of it is left.
        for _ in range(100):
            if descriptors() <= self.descriptors:
                break
            await asyncio.sleep(0.02)
        self.assertLessEqual(descriptors(), self.descriptors)

    @contextlib.asynccontextmanager
    async def raw_server(self, behave, *, extensions="", shake_hands=True):
        """A server that accepts and then behaves as `behave(reader, writer)` does."""

        async def serve(reader, writer):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                if shake_hands:
                    writer.write(accept(await reader.readuntil(b"\r\n\r\n"), extensions))
                await behave(reader, writer)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    @contextlib.asynccontextmanager
    async def raw_client(self, handler, *, shake_hands=True, **options):
        """(reader, writer) of a client that has shaken hands with a server; the server still serves afterwards."""
        async with websockets.serve(handler, "127.0.0.1", 0, **options) as server:
            host, port = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(host, port)
            try:
                if shake_hands:
                    writer.write(REQUEST)
                    answer = await reader.readuntil(b"\r\n\r\n")
                    self.assertTrue(answer.startswith(b"HTTP/1.1 101 "), answer)
                yield reader, writer
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


class ClientTest(FaultTest):
    async def test_handshake_cut_at_each_byte(self):
        whole = len(accept(b"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"))

        async def cut(reader, writer):
            answer = accept(await reader.readuntil(b"\r\n\r\n"))
            self.assertEqual(len(answer), whole)
            writer.write(answer[: self.length])

        async with self.raw_server(cut, shake_hands=False) as uri:
            for self.length in range(whole):
                with self.subTest(length=self.length):
                    with self.assertRaises((OSError, InvalidHandshake)):
                        async with websockets.connect(uri, proxy=None, open_timeout=5):
                            self.fail("connected")
            self.length = whole
            async with websockets.connect(uri, proxy=None) as websocket:
                with self.assertRaises(ConnectionClosedError):
                    await websocket.recv()

    async def test_answers_that_are_none(self):
        answers = {
            "nothing": b"",
            "garbage": bytes(range(256)) * 8,
            "other protocol": b"SSH-2.0-OpenSSH_9.9\r\n",
            "long line": b"HTTP/1.1 101 " + b"x" * 20000 + b"\r\n\r\n",
            "many headers": b"HTTP/1.1 101 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
            "space before colon": b"HTTP/1.1 101 OK\r\nUpgrade : websocket\r\n\r\n",
            "no upgrade": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "wrong key": accept(b"Sec-WebSocket-Key: AAAA\r\n"),
        }
        for name, answer in answers.items():
            with self.subTest(answer=name):

                async def respond(reader, writer, answer=answer):
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(answer)

                async with self.raw_server(respond, shake_hands=False) as uri:
                    with self.assertRaises(InvalidHandshake):
                        await websockets.connect(uri, proxy=None)

    async def test_a_server_that_never_answers(self):
        async def wait(reader, writer):
            await reader.read()

        async with self.raw_server(wait, shake_hands=False) as uri:
            with self.assertRaises(TimeoutError):
                await websockets.connect(uri, proxy=None, open_timeout=0.1)

    async def test_messages_before_the_end_are_received(self):
        ends = {"fin": lambda writer: None, "reset": reset}
        for name, end in ends.items():
            with self.subTest(end=name):
                received = asyncio.Event()

                async def vanish(reader, writer, end=end, received=received):
                    writer.write(frame(TEXT, b"one") + frame(BINARY, b"two") + frame(TEXT, b"half")[:4])
                    await received.wait()
                    end(writer)

                async with self.raw_server(vanish) as uri:
                    async with websockets.connect(uri, proxy=None) as websocket:
                        self.assertEqual(await websocket.recv(), "one")
                        received.set()
                        # The second one waits until the end has come.
                        await asyncio.sleep(0.05)
                        self.assertEqual(await websocket.recv(), b"two")
                        with self.assertRaises(ConnectionClosedError) as raised:
                            await websocket.recv()
                        self.assertIsNone(raised.exception.rcvd)
                        self.assertEqual(websocket.close_code, 1006)

    async def test_frames_that_must_not_be(self):
        cases = {
            "reserved opcode": (frame(3, b""), 1002),
            "reserved control opcode": (frame(11, b""), 1002),
            "reserved bit": (frame(TEXT, b"x", first=0xC0), 1002),
            "masked": (frame(TEXT, b"x", mask=True), 1002),
            "continuation of nothing": (frame(0, b"x"), 1002),
            "a message inside another": (frame(TEXT, b"x", first=0) + frame(TEXT, b"y"), 1002),
            "fragmented ping": (frame(PING, b"x", first=0), 1002),
            "long ping": (frame(PING, b"x" * 126), 1002),
            "close of one byte": (frame(CLOSE, b"\x03"), 1002),
            "close with a code that is reserved": (frame(CLOSE, struct.pack("!H", 1005)), 1002),
            "close whose reason is no text": (frame(CLOSE, b"\x03\xe8\xff\xff"), 1007),
            "not UTF-8": (frame(TEXT, b"\xc3\x28"), 1007),
            "cut-off UTF-8": (frame(TEXT, b"\xe2\x82"), 1007),
            "length beyond 63 bits": (b"\x82\x7f" + b"\xff" * 8, (1002, 1009)),
            "too large": (b"\x82\x7f" + struct.pack("!Q", 1 << 40), 1009),
            "too large in fragments": (frame(TEXT, b"x" * 700_000, first=0) + frame(0, b"x" * 700_000), 1009),
        }
        for name, (wire, code) in cases.items():
            with self.subTest(case=name):
                closed = asyncio.get_running_loop().create_future()

                async def misbehave(reader, writer, wire=wire, closed=closed):
                    writer.write(frame(TEXT, b"before") + wire)
                    head = await reader.readexactly(2)
                    mask = await reader.readexactly(4)
                    body = await reader.readexactly(head[1] & 127)
                    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(body))
                    closed.set_result((head[0] & 15, struct.unpack("!H", body[:2])[0]))

                async with self.raw_server(misbehave) as uri:
                    async with websockets.connect(uri, proxy=None, compression=None) as websocket:
                        self.assertEqual(await websocket.recv(), "before")
                        with self.assertRaises(ConnectionClosedError) as raised:
                            await websocket.recv()
                        expected = code if isinstance(code, tuple) else (code,)
                        self.assertIn(raised.exception.sent.code, expected)
                        opcode, told = await asyncio.wait_for(closed, 5)
                        self.assertEqual(opcode, CLOSE)
                        self.assertIn(told, expected)

    async def test_a_server_that_never_closes(self):
        async def stay(reader, writer):
            await reader.read()
            await asyncio.sleep(0.5)

        async with self.raw_server(stay) as uri:
            websocket = await websockets.connect(uri, proxy=None, close_timeout=0.1)
            await websocket.close()
            self.assertEqual(websocket.state.name, "CLOSED")
            self.assertEqual(websocket.close_code, 1006)

    @unittest.skipIf(ON_CPYTHON, "PyPI's websockets waits there until a keepalive ping is not answered")
    async def test_a_server_that_never_reads(self):
        released = asyncio.Event()

        async def ignore(reader, writer):
            writer.transport.pause_reading()
            await released.wait()
            writer.transport.abort()

        async with self.raw_server(ignore) as uri:
            websocket = await websockets.connect(uri, proxy=None, close_timeout=0.1, ping_interval=None)
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.3):
                    while True:
                        await websocket.send(bytes(1 << 20))
            await websocket.close()
            self.assertEqual(websocket.state.name, "CLOSED")
            released.set()

    async def test_a_server_that_never_pongs(self):
        async def ignore(reader, writer):
            await reader.read()

        async with self.raw_server(ignore) as uri:
            options = {"ping_interval": 0.05, "ping_timeout": 0.05, "close_timeout": 0.1}
            async with websockets.connect(uri, proxy=None, **options) as websocket:
                with self.assertRaises(ConnectionClosedError) as raised:
                    await websocket.recv()
                self.assertEqual(raised.exception.sent.code, 1011)

    async def test_a_flood_of_pings(self):
        count = 5000

        async def flood(reader, writer):
            for number in range(count):
                writer.write(frame(PING, struct.pack("!I", number)))
                if number % 100 == 0:
                    await writer.drain()
            # Each pong has a head of two bytes, a mask of four and a payload of four.
            await reader.readexactly(10 * count)
            writer.write(frame(TEXT, b"all answered"))
            await reader.read()

        async with self.raw_server(flood) as uri:
            async with websockets.connect(uri, proxy=None, close_timeout=0.5) as websocket:
                self.assertEqual(await asyncio.wait_for(websocket.recv(), 20), "all answered")

    async def test_a_bomb(self):
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        parts = [deflate.compress(bytes(1 << 20)) for _ in range(128)]
        bomb = b"".join(parts) + deflate.flush(zlib.Z_SYNC_FLUSH)[:-4]

        async def explode(reader, writer):
            writer.write(frame(BINARY, bomb, first=0xC0))
            await reader.read()

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        extensions = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        async with self.raw_server(explode, extensions=extensions) as uri:
            async with websockets.connect(uri, proxy=None, close_timeout=0.1) as websocket:
                with self.assertRaises(ConnectionClosedError) as raised:
                    await websocket.recv()
                self.assertEqual(raised.exception.sent.code, 1009)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown, 64 * 1024)


class ServerTest(FaultTest):
    async def test_handshake_cut_at_each_byte(self):
        calls = []

        async def handler(websocket):
            calls.append(websocket)

        async with websockets.serve(handler, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            for length in range(len(REQUEST)):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(REQUEST[:length])
                if length % 2:
                    writer.write_eof()
                    await reader.read()
                writer.close()
            self.assertEqual(calls, [])
            async with websockets.connect(f"ws://{host}:{port}", proxy=None) as websocket:
                await websocket.wait_closed()
            self.assertEqual(len(calls), 1)

    async def test_a_client_that_never_asks(self):
        async with self.raw_client(echo, shake_hands=False, open_timeout=0.1) as (reader, writer):
            writer.write(REQUEST[:-2])
            self.assertEqual(await asyncio.wait_for(reader.read(), 5), b"")

    async def test_requests_that_are_none(self):
        requests = {
            "garbage": bytes(range(1, 256)) * 4 + b"\r\n\r\n",
            "long line": b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\n\r\n",
            "many headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300 + b"\r\n",
            "post": REQUEST.replace(b"GET", b"POST"),
            "no key": REQUEST.replace(b"Sec-WebSocket-Key", b"X"),
            "two keys": REQUEST.replace(b"Host:", b"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nHost:"),
            "short key": REQUEST.replace(b"AAECAwQFBgcICQoLDA0ODw==", b"AAEC"),
            "version": REQUEST.replace(b": 13", b": 12"),
            "no upgrade": REQUEST.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
        }
        for name, request in requests.items():
            with self.subTest(request=name):
                async with self.raw_client(echo, shake_hands=False) as (reader, writer):
                    writer.write(request)
                    answer = await asyncio.wait_for(reader.read(), 5)
                    self.assertNotIn(b"HTTP/1.1 101", answer)
                    self.assertRegex(answer.split(b"\r\n")[0], rb"^$|^HTTP/1.1 4\d\d ")

    async def test_clients_that_vanish(self):
        ended = []

        async def handler(websocket):
            received = []
            try:
                async for message in websocket:
                    received.append(message)
            except ConnectionClosedError as error:
                received.append(type(error))
            ended.append(received)

        wire = frame(TEXT, b"one", mask=True) + frame(TEXT, b"two", mask=True)
        for end in (reset, lambda writer: None):
            async with self.raw_client(handler) as (_, writer):
                writer.write(wire + frame(TEXT, b"three", mask=True)[:-1])
                await asyncio.sleep(0.05)
                end(writer)
        for _ in range(100):
            if len(ended) == 2:
                break
            await asyncio.sleep(0.02)
        self.assertEqual(ended, [["one", "two", ConnectionClosedError]] * 2)

    async def test_every_split_of_a_message(self):
        wire = REQUEST + frame(TEXT, b"hello", mask=True)
        async with websockets.serve(echo, "127.0.0.1", 0, compression=None) as server:
            address = server.sockets[0].getsockname()
            for split in range(1, len(wire), 7):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(wire[:split])
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                writer.write(wire[split:])
                await reader.readuntil(b"\r\n\r\n")
                self.assertEqual(await reader.readexactly(7), b"\x81\x05hello")
                reset(writer)

    async def test_an_unmasked_frame(self):
        async with self.raw_client(echo) as (reader, writer):
            writer.write(frame(TEXT, b"hello"))
            answer = await asyncio.wait_for(reader.read(), 5)
            self.assertEqual(answer[:1], b"\x88")
            self.assertEqual(struct.unpack("!H", answer[2:4])[0], 1002)

    async def test_a_client_that_never_reads(self):
        blocked = asyncio.Event()

        async def pour(websocket):
            with contextlib.suppress(WebSocketException):
                while True:
                    try:
                        await asyncio.wait_for(websocket.send(bytes(1 << 20)), 0.3)
                    except TimeoutError:
                        blocked.set()
                        break

        options = {"close_timeout": 0.1, "ping_interval": None}
        async with self.raw_client(pour, **options) as (_, writer):
            writer.transport.pause_reading()
            await asyncio.wait_for(blocked.wait(), 10)
            await asyncio.sleep(0.3)

    async def test_many_that_vanish_at_once(self):
        async with websockets.serve(echo, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()

            async def one(number):
                websocket = await websockets.connect(f"ws://{host}:{port}", proxy=None)
                await websocket.send(str(number))
                if number % 2:
                    self.assertEqual(await websocket.recv(), str(number))
                websocket.transport.abort()
                await websocket.wait_closed()

            await asyncio.gather(*(one(number) for number in range(200)))
            for _ in range(100):
                if not server.connections:
                    break
                await asyncio.sleep(0.02)
            self.assertEqual(len(server.connections), 0)


if __name__ == "__main__":
    unittest.main()
