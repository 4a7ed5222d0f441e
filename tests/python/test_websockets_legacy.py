"""The legacy implementation of websockets: every name it has, the handshake, messages, limits and the end."""

import asyncio
import contextlib
import http
import importlib
import logging
import os
import socket
import struct
import sys
import tempfile
import unittest
import unittest.mock
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import websockets
    from websockets.legacy import auth, client, exceptions, framing, handshake, protocol, server

from websockets.datastructures import Headers
from websockets.exceptions import (
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidState,
    InvalidUpgrade,
    NegotiationError,
    PayloadTooBig,
    ProtocolError,
    SecurityError,
)
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Opcode
from websockets.protocol import State

ON_CPYTHON = sys.implementation.name == "cpython"
PATIENCE = 30  # seconds after which a test that hangs is given up

logging.getLogger("websockets").addHandler(logging.NullHandler())
logging.getLogger("websockets").propagate = False


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


def port_of(serving):
    return serving.sockets[0].getsockname()[1]


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


@contextlib.asynccontextmanager
async def pair(handler=echo, path="/", client_options={}, **options):
    """A client and the server's end of its connection."""
    ends = []

    async def keep(websocket):
        ends.append(websocket)
        await handler(websocket)

    async with server.serve(keep, "127.0.0.1", 0, **options) as serving:
        async with client.connect(f"ws://127.0.0.1:{port_of(serving)}{path}", **client_options) as one:
            while not ends:
                await asyncio.sleep(0)
            yield one, ends[0]


@contextlib.asynccontextmanager
async def raw_server(respond):
    """A server that is not websockets': `respond(reader, writer)` has it all."""

    async def handle(reader, writer):
        try:
            await respond(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as serving:
        yield f"ws://127.0.0.1:{serving.sockets[0].getsockname()[1]}/"


async def open_raw(port, extra=""):
    """A client that is not websockets', after the handshake."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, head.decode()


async def wait_until(condition):
    while not condition():
        await asyncio.sleep(0.001)


class Names(unittest.TestCase):
    def recorded(self, action):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = action()
        return result, [(warning.category, str(warning.message)) for warning in caught]

    def test_the_package_has_the_old_names_and_warns_each_time(self):
        expected = {
            "BasicAuthWebSocketServerProtocol": auth,
            "basic_auth_protocol_factory": auth,
            "WebSocketClientProtocol": client,
            "AbortHandshake": exceptions,
            "InvalidStatusCode": exceptions,
            "RedirectHandshake": exceptions,
            "WebSocketProtocolError": exceptions,
            "WebSocketCommonProtocol": protocol,
            "WebSocketServer": server,
            "WebSocketServerProtocol": server,
        }
        for name, module in expected.items():
            for _ in range(2):
                value, told = self.recorded(lambda: getattr(websockets, name))
                self.assertIs(value, getattr(module, name))
                self.assertEqual(told, [(DeprecationWarning, f"websockets.{name} is deprecated")])
            self.assertIn(name, dir(websockets))
            self.assertNotIn(name, websockets.__all__)

    def test_the_new_names_stay_what_they_are(self):
        import websockets.asyncio.client
        import websockets.asyncio.server

        self.assertIs(websockets.connect, websockets.asyncio.client.connect)
        self.assertIs(websockets.serve, websockets.asyncio.server.serve)

    def test_modules_have_the_names_they_used_to_have(self):
        import websockets.client
        import websockets.exceptions
        import websockets.server

        for module, names, source in [
            (websockets.client, ["WebSocketClientProtocol", "connect", "unix_connect"], client),
            (
                websockets.server,
                ["WebSocketServer", "WebSocketServerProtocol", "broadcast", "serve", "unix_serve"],
                server,
            ),
            (
                websockets.exceptions,
                ["AbortHandshake", "InvalidStatusCode", "RedirectHandshake", "WebSocketProtocolError"],
                exceptions,
            ),
        ]:
            for name in names:
                value, told = self.recorded(lambda: getattr(module, name))
                self.assertIs(value, getattr(source, name))
                self.assertEqual(told, [(DeprecationWarning, f"{module.__name__}.{name} is deprecated")])

    def test_importing_warns(self):
        def again(name, *others):
            for each in (name, *others):
                sys.modules.pop(each, None)
            return self.recorded(lambda: importlib.import_module(name))

        self.addCleanup(setattr, websockets, "legacy", sys.modules["websockets.legacy"])
        self.enterContext(unittest.mock.patch.dict(sys.modules))
        _, told = again("websockets.legacy")
        self.assertEqual([category for category, _ in told], [DeprecationWarning])
        self.assertIn("websockets.legacy is deprecated", told[0][1])
        module, told = again("websockets.auth", "websockets.legacy")
        self.assertEqual(len(told), 1)
        self.assertIn("websockets.auth, an alias for websockets.legacy.auth", told[0][1])
        self.assertIs(module.basic_auth_protocol_factory, auth.basic_auth_protocol_factory)

    @unittest.skipIf(ON_CPYTHON, "upstream has removed them")
    def test_what_upstream_has_removed_is_still_there(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import websockets.http
            import websockets.legacy.http
            from websockets.legacy.async_timeout import timeout
            from websockets.legacy.compatibility import asyncio_timeout, loop_if_py_lt_38
        self.assertIs(websockets.http.Headers, Headers)
        self.assertIs(websockets.http.read_request, websockets.legacy.http.read_request)
        self.assertEqual(loop_if_py_lt_38(None), {})

        async def scenario(limit):
            async with limit(0.001):
                await asyncio.sleep(PATIENCE)

        for limit in (timeout, asyncio_timeout):
            with self.assertRaises(TimeoutError):
                run(scenario(limit))


class Messages(unittest.TestCase):
    def test_messages_of_every_kind_come_back(self):
        messages = ["", "text", "ʹ héllo ☕", b"", bytes(range(256)), "x" * 70000, b"\7" * 300000]

        async def scenario():
            for compression in (None, "deflate"):
                options = {"compression": compression}
                async with pair(client_options=options, **options) as (one, other):
                    self.assertEqual(bool(one.extensions), compression is not None)
                    for message in messages:
                        await one.send(message)
                        self.assertEqual(await one.recv(), message)
                    for data in (bytearray(b"bytes"), memoryview(b"bytes")):
                        await one.send(data)
                        self.assertEqual(await one.recv(), b"bytes")

        run(scenario())

    def test_compression_is_on_unless_it_is_turned_off(self):
        async def scenario():
            async with pair() as (one, other):
                self.assertIsInstance(one.extensions[0], PerMessageDeflate)
                self.assertIsInstance(other.extensions[0], PerMessageDeflate)
            async with pair(compression=None) as (one, other):
                self.assertEqual((one.extensions, other.extensions), ([], []))
            with self.assertRaisesRegex(ValueError, "unsupported compression: brotli"):
                client.connect("ws://127.0.0.1/", compression="brotli")
            with self.assertRaisesRegex(ValueError, "unsupported compression: brotli"):
                server.serve(echo, compression="brotli")

        run(scenario())

    def test_fragments_are_put_together(self):
        async def parts():
            yield b"a"
            yield memoryview(b"b")

        async def scenario():
            async with pair() as (one, other):
                await one.send(["é", "", "b"])
                self.assertEqual(await one.recv(), "éb")
                await one.send(parts())
                self.assertEqual(await one.recv(), b"ab")
                await one.send([])
                await one.send("after nothing")
                self.assertEqual(await one.recv(), "after nothing")

        run(scenario())

    def test_what_is_not_a_message(self):
        async def scenario():
            async with pair() as (one, other):
                with self.assertRaisesRegex(TypeError, "data must be str, bytes-like, or iterable"):
                    await one.send(42)
                with self.assertRaisesRegex(TypeError, "data is a dict-like object"):
                    await one.send({"a": 1})
                with self.assertRaisesRegex(TypeError, "data must be str or bytes-like"):
                    await one.send([42])
                await one.send("still open")
                self.assertEqual(await one.recv(), "still open")
                # Halfway there is no way back.
                with self.assertRaisesRegex(TypeError, "data contains inconsistent types"):
                    await one.send(["a", b"b"])
                await one.wait_closed()
                with self.assertRaises(ConnectionClosedError):
                    await one.recv()
                self.assertEqual(one.close_sent.code, 1011)

        run(scenario())

    def test_a_message_waits_for_the_fragments_of_another(self):
        async def scenario():
            go_on = asyncio.Event()

            async def parts():
                yield "first "
                await go_on.wait()
                yield "message"

            async with pair() as (one, other):
                first = asyncio.create_task(one.send(parts()))
                await asyncio.sleep(0)
                second = asyncio.create_task(one.send("second"))
                await asyncio.sleep(0.01)
                self.assertFalse(second.done())
                go_on.set()
                await first
                await second
                self.assertEqual([await one.recv(), await one.recv()], ["first message", "second"])

        run(scenario())

    def test_only_one_task_receives(self):
        async def scenario():
            async with pair() as (one, other):
                waiting = asyncio.create_task(one.recv())
                await asyncio.sleep(0)
                with self.assertRaisesRegex(RuntimeError, "cannot call recv while another"):
                    await one.recv()
                waiting.cancel()
                await asyncio.wait([waiting])
                await one.send("not lost")
                self.assertEqual(await one.recv(), "not lost")

        run(scenario())

    def test_iteration_ends_with_the_connection(self):
        async def three(websocket):
            for number in range(3):
                await websocket.send(str(number))

        async def fail(websocket):
            await websocket.send("0")
            await websocket.close(1011, "broken")

        async def scenario():
            async with pair(three) as (one, other):
                self.assertEqual([message async for message in one], ["0", "1", "2"])
            async with pair(fail) as (one, other):
                got = []
                with self.assertRaises(ConnectionClosedError) as raised:
                    async for message in one:
                        got.append(message)
                self.assertEqual((got, raised.exception.rcvd.code, raised.exception.rcvd.reason), (["0"], 1011, "broken"))

        run(scenario())

    def test_the_queue_is_bounded(self):
        async def flood(websocket):
            for number in range(50):
                await websocket.send(str(number))
            await websocket.wait_closed()

        async def scenario():
            async with pair(flood, client_options={"max_queue": 4}) as (one, other):
                await wait_until(lambda: one._put_message_waiter is not None)
                self.assertEqual(len(one.messages), 4)
                self.assertEqual([await one.recv() for _ in range(50)], [str(number) for number in range(50)])

        run(scenario())

    def test_a_peer_that_does_not_read_makes_send_wait(self):
        async def scenario():
            async def ignore(websocket):
                websocket.transport.pause_reading()
                await websocket.wait_closed()

            options = {"write_limit": 1000, "close_timeout": 0.05, "compression": None}
            async with pair(ignore, client_options=options, compression=None, close_timeout=0.05) as (one, other):
                with self.assertRaises(TimeoutError):
                    while True:
                        await asyncio.wait_for(one.send(b"x" * 100000), 0.2)
                self.assertTrue(one._paused)

        run(scenario())

    def test_limits_of_messages(self):
        async def scenario():
            for message, options in [("x" * 1001, {}), (["x" * 600, "x" * 600], {}), ("x" * 1001, {"compression": None})]:
                async with pair(max_size=1000, **options) as (one, other):
                    await one.send("x" * 1000)
                    self.assertEqual(await one.recv(), "x" * 1000)
                    await one.send(message)
                    with self.assertRaises(ConnectionClosedError) as raised:
                        await one.recv()
                    self.assertEqual(raised.exception.rcvd.code, 1009)
                    self.assertIsInstance(other.connection_closed_exc().__cause__, PayloadTooBig)
            async with pair(max_size=None, client_options={"max_size": None}) as (one, other):
                await one.send("x" * 2**21)
                self.assertEqual(len(await one.recv()), 2**21)

        run(scenario())

    def test_very_many_fragments_are_refused(self):
        async def scenario():
            with unittest.mock.patch.object(protocol, "MAX_FRAGMENTS", 10):
                async with pair() as (one, other):
                    await one.send(["x"] * 9)
                    self.assertEqual(await one.recv(), "x" * 9)
                    await one.send(["x"] * 11)
                    with self.assertRaises(ConnectionClosedError) as raised:
                        await one.recv()
                    self.assertEqual((raised.exception.rcvd.code, raised.exception.rcvd.reason), (1009, "too many fragments"))

        run(scenario())


class Pings(unittest.TestCase):
    def test_pings_are_answered(self):
        async def scenario():
            async with pair() as (one, other):
                self.assertEqual(one.latency, 0)
                latency = await (await one.ping())
                self.assertEqual(latency, one.latency)
                self.assertGreater(latency, 0)
                await (await one.ping("text"))
                await (await one.ping(b"bytes"))
                self.assertEqual(one.pings, {})
                await one.pong()
                await one.pong("unasked")
                with self.assertRaisesRegex(TypeError, "data must be str or bytes-like"):
                    await one.ping(42)

        run(scenario())

    def test_a_pong_answers_the_pings_before_it(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0, ping_interval=None, compression=None) as serving:
                reader, writer, _ = await open_raw(port_of(serving))
                [other] = serving.websockets
                first, second, third = [await other.ping(data) for data in (b"1", b"2", b"3")]
                with self.assertRaisesRegex(RuntimeError, "already waiting for a pong with the same data"):
                    await other.ping(b"2")
                writer.write(b"\x8a\x81\0\0\0\0" + b"2")
                await second
                self.assertTrue(first.done())
                self.assertFalse(third.done())
                self.assertEqual(list(other.pings), [b"3"])
                writer.close()
                with self.assertRaises(ConnectionClosed):
                    await third

        run(scenario())

    def test_a_peer_that_does_not_answer_loses_the_connection(self):
        async def scenario():
            options = {"ping_interval": 0.01, "ping_timeout": 0.01, "close_timeout": 0.05}
            async with server.serve(echo, "127.0.0.1", 0, **options) as serving:
                reader, writer, _ = await open_raw(port_of(serving))
                [other] = serving.websockets
                await other.wait_closed()
                self.assertEqual((other.close_sent.code, other.close_sent.reason), (1011, "keepalive ping timeout"))
                self.assertEqual(other.close_code, 1006)
                writer.close()

        run(scenario())


class Closing(unittest.TestCase):
    def test_both_ends_know_how_it_ended(self):
        async def scenario():
            async with pair() as (one, other):
                self.assertTrue(one.open)
                self.assertFalse(one.closed)
                self.assertEqual((one.close_code, one.close_reason), (None, None))
                await one.close(3000, "enough")
                self.assertFalse(one.open)
                self.assertTrue(one.closed)
                await other.wait_closed()
                for end in (one, other):
                    self.assertEqual((end.close_code, end.close_reason), (3000, "enough"))
                self.assertFalse(one.close_rcvd_then_sent)
                self.assertTrue(other.close_rcvd_then_sent)
                await one.close()
                for action in (one.recv, one.ping, one.pong, lambda: one.send("late")):
                    with self.assertRaises(ConnectionClosedError):
                        await action()

        run(scenario())

    def test_normal_ends_raise_their_own_exception(self):
        async def scenario():
            async def leave(websocket):
                await websocket.recv()
                await websocket.close(1001, "bye")

            async with pair(leave) as (one, other):
                waiting = asyncio.create_task(one.recv())
                await one.send("go")
                with self.assertRaises(ConnectionClosedOK) as raised:
                    await waiting
                self.assertEqual((raised.exception.rcvd.code, raised.exception.sent.code), (1001, 1001))

        run(scenario())

    def test_old_receivers_get_none(self):
        async def leave(websocket):
            await websocket.close()

        async def scenario():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                async with pair(leave, client_options={"legacy_recv": True}) as (one, other):
                    self.assertIsNone(await one.recv())
            self.assertEqual([str(warning.message) for warning in caught], ["legacy_recv is deprecated"])

        run(scenario())

    def test_a_code_that_cannot_be_sent(self):
        async def scenario():
            async with pair() as (one, other):
                with self.assertRaises(ProtocolError):
                    await one.close(1006)
                with self.assertRaises(ProtocolError):
                    await one.close(1000, "x" * 124)
                if not ON_CPYTHON:
                    # Upstream is left halfway.
                    self.assertTrue(one.open)
                    await one.send("still there")
                    self.assertEqual(await one.recv(), "still there")

        run(scenario())

    def test_a_connection_that_breaks(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0, close_timeout=0.1) as serving:
                reader, writer, _ = await open_raw(port_of(serving))
                [other] = serving.websockets
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                await other.wait_closed()
                self.assertEqual((other.close_code, other.close_reason), (1006, ""))
                # The handler receives until then.
                await asyncio.wait([other.handler_task])
                with self.assertRaises(ConnectionClosedError) as raised:
                    await other.recv()
                self.assertIsNone(raised.exception.rcvd)
                self.assertIsNotNone(raised.exception.__cause__)

        run(scenario())

    def test_frames_that_break_a_rule(self):
        for frame, code in [
            (b"\x83\x80\0\0\0\0", 1002),
            (b"\x81\x00", 1002),
            (b"\xc1\x80\0\0\0\0", 1002),
            (b"\x09\x80\0\0\0\0", 1002),
            (b"\x80\x80\0\0\0\0", 1002),
            (b"\x01\x81\0\0\0\0a\x81\x81\0\0\0\0b", 1002),
            (b"\x81\x81\0\0\0\0\xff", 1007),
            (b"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0a", 1007),
            (b"\x88\x81\0\0\0\0a", 1002),
        ]:
            with self.subTest(frame=frame):

                async def scenario():
                    async with server.serve(echo, "127.0.0.1", 0, compression=None, close_timeout=0.1) as serving:
                        reader, writer, _ = await open_raw(port_of(serving))
                        writer.write(frame)
                        answer = await reader.read()
                        self.assertEqual(answer[:4], b"\x88\x02" + struct.pack("!H", code))
                        writer.close()

                run(scenario())

    def test_frames_arrive_in_any_pieces(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0, compression=None) as serving:
                reader, writer, _ = await open_raw(port_of(serving))
                payload = bytes(range(256)) * 2
                for byte in b"\x82\xfe\x02\x00\0\0\0\0" + payload:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0)
                self.assertEqual(await reader.readexactly(4 + len(payload)), b"\x82\x7e\x02\x00" + payload)
                # Several at once.
                writer.write(b"\x81\x81\0\0\0\0a" * 3)
                self.assertEqual(await reader.readexactly(9), b"\x81\x01a" * 3)
                writer.close()

        run(scenario())

    def test_frames_larger_than_the_buffer(self):
        async def scenario():
            async with pair(read_limit=1000, compression=None, client_options={"read_limit": 1000}) as (one, other):
                await one.send(b"x" * 500000)
                self.assertEqual(len(await one.recv()), 500000)

        run(scenario())

    def test_a_handler_that_fails(self):
        async def fail(websocket):
            raise RuntimeError("handler")

        async def scenario():
            with self.assertLogs("websockets.server", "ERROR") as logs:
                async with pair(fail) as (one, other):
                    with self.assertRaises(ConnectionClosedError) as raised:
                        await one.recv()
                    self.assertEqual(raised.exception.rcvd.code, 1011)
            self.assertIn("connection handler failed", logs.output[0])

        run(scenario())

    def test_a_server_that_closes(self):
        async def scenario():
            serving = await server.serve(echo, "127.0.0.1", 0)
            one = await client.connect(f"ws://127.0.0.1:{port_of(serving)}/")
            self.assertTrue(serving.is_serving())
            serving.close()
            serving.close()
            with self.assertRaises(ConnectionClosedOK) as raised:
                await one.recv()
            self.assertEqual(raised.exception.rcvd.code, 1001)
            await serving.wait_closed()
            self.assertEqual(serving.websockets, set())
            self.assertFalse(serving.is_serving())
            with self.assertRaises(OSError):
                await client.connect(one_uri)

        one_uri = "ws://127.0.0.1:1/"
        run(scenario())

    def test_nobody_answers_the_close_frame(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0, close_timeout=0.02, ping_interval=None) as serving:
                reader, writer, _ = await open_raw(port_of(serving))
                [other] = serving.websockets
                await other.close()
                self.assertEqual((other.close_code, other.close_sent.code), (1006, 1000))
                writer.close()

        run(scenario())


class Handshakes(unittest.TestCase):
    def test_both_ends_have_the_headers(self):
        async def scenario():
            def more(path, headers):
                return {"X-Path": path, "X-Agent": headers["User-Agent"]}

            options = {"extra_headers": [("X-Many", "1"), ("X-Many", "2")], "user_agent_header": "tester", "origin": "http://a"}
            async with pair(path="/p?q=1", extra_headers=more, server_header="server", client_options=options) as (one, other):
                self.assertEqual((one.path, other.path, other.origin), ("/p?q=1", "/p?q=1", "http://a"))
                self.assertEqual(other.request_headers.get_all("X-Many"), ["1", "2"])
                self.assertEqual(one.response_headers["X-Path"], "/p?q=1")
                self.assertEqual(one.response_headers["X-Agent"], "tester")
                self.assertEqual(one.response_headers["Server"], "server")
                self.assertIn("Date", one.response_headers)
                self.assertEqual(one.remote_address, other.local_address)
            async with pair(server_header=None, client_options={"user_agent_header": None}) as (one, other):
                self.assertNotIn("Server", one.response_headers)
                self.assertNotIn("User-Agent", other.request_headers)

        run(scenario())

    def test_bytes_outside_ascii_survive(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0) as serving:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(serving))
                writer.write(
                    b"GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nX-Name: \xc3\xa9\r\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                )
                self.assertIn(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", await reader.readuntil(b"\r\n\r\n"))
                [other] = serving.websockets
                self.assertEqual(other.request_headers["X-Name"].encode("ascii", "surrogateescape"), b"\xc3\xa9")
                writer.close()

        run(scenario())

    def test_subprotocols(self):
        async def scenario():
            async with pair(subprotocols=["a", "b"], client_options={"subprotocols": ["c", "b", "a"]}) as (one, other):
                self.assertEqual((one.subprotocol, other.subprotocol), ("b", "b"))
            async with pair(subprotocols=["a"], client_options={"subprotocols": ["c"]}) as (one, other):
                self.assertEqual((one.subprotocol, other.subprotocol), (None, None))
            chosen = {"subprotocols": ["a", "b"], "select_subprotocol": lambda theirs, ours: theirs[-1]}
            async with pair(client_options={"subprotocols": ["b", "a"]}, **chosen) as (one, other):
                self.assertEqual(one.subprotocol, "a")
            with self.assertRaisesRegex(TypeError, "subprotocols must be a list"):
                client.connect("ws://127.0.0.1/", subprotocols="a")

        run(scenario())

    def test_refusals(self):
        async def scenario():
            async def process_request(path, headers):
                if path == "/teapot":
                    return 418, {"X-Kind": "pot"}, b"short and stout\n"
                if path == "/broken":
                    raise ValueError("broken")

            options = {"process_request": process_request, "origins": ["http://a", None]}
            async with server.serve(echo, "127.0.0.1", 0, **options) as serving:
                base = f"ws://127.0.0.1:{port_of(serving)}"
                for path, origin, status in [
                    ("/teapot", None, 418),
                    ("/broken", None, 500),
                    ("/", "http://b", 403),
                ]:
                    with self.assertRaises(exceptions.InvalidStatusCode) as raised:
                        await client.connect(base + path, origin=origin)
                    self.assertEqual(raised.exception.status_code, status)
                    self.assertIsInstance(raised.exception, InvalidHandshake)
                    self.assertEqual(str(raised.exception), f"server rejected WebSocket connection: HTTP {status}")
                for origin in ("http://a", None):
                    async with client.connect(base, origin=origin) as one:
                        self.assertTrue(one.open)

        run(scenario())

    def test_requests_that_are_not_for_a_websocket(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0) as serving:
                for request, status, part in [
                    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"426 Upgrade Required", b"You need a WebSocket client"),
                    (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"400 Bad Request", b"unsupported HTTP method: POST"),
                    (b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", b"400 Bad Request", b"unsupported HTTP version"),
                    (b"GET / HTTP/1.1\r\nno header\r\n\r\n", b"400 Bad Request", b"invalid HTTP header line"),
                    (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 129 + b"\r\n", b"400 Bad Request", b"too many HTTP headers"),
                    (b"GET / HTTP/1.1\r\na: " + b"b" * 9000 + b"\r\n\r\n", b"400 Bad Request", b"line too long"),
                    (
                        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        b"400 Bad Request",
                        b"missing Sec-WebSocket-Key header",
                    ),
                ]:
                    with self.subTest(request=request[:40]):
                        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(serving))
                        writer.write(request)
                        answer = await reader.read()
                        self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), answer)
                        self.assertIn(part, answer)
                        writer.close()

        run(scenario())

    def test_responses_that_do_not_open_a_connection(self):
        for answer, error in [
            (b"HTTP/1.1 200 OK\r\n\r\n", exceptions.InvalidStatusCode),
            (b"SMTP ready\r\n\r\n", InvalidMessage),
            (b"", InvalidMessage),
            (b"HTTP/1.1 101 Fine\r\n\r\n", InvalidUpgrade),
            (b"HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", InvalidHeader),
            (
                b"HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
                InvalidHeader,
            ),
            (b"HTTP/1.1 302 Found\r\n\r\n", InvalidHeader),
        ]:
            with self.subTest(answer=answer):

                async def respond(reader, writer):
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(answer)

                async def scenario():
                    async with raw_server(respond) as uri:
                        with self.assertRaises(error):
                            await client.connect(uri, close_timeout=0.1)

                run(scenario())

    def test_a_subprotocol_or_extension_that_was_not_offered(self):
        async def scenario():
            for field in ("Sec-WebSocket-Protocol: other", "Sec-WebSocket-Extensions: x-other"):

                async def respond(reader, writer):
                    request = await reader.readuntil(b"\r\n\r\n")
                    headers = Headers(
                        line.split(": ", 1) for line in request.decode().split("\r\n")[1:] if ": " in line
                    )
                    answer = Headers()
                    handshake.build_response(answer, handshake.check_request(headers))
                    writer.write(f"HTTP/1.1 101 Fine\r\n{field}\r\n{answer}".encode())

                async with raw_server(respond) as uri:
                    with self.assertRaises(NegotiationError):
                        await client.connect(uri, subprotocols=["mine"], close_timeout=0.1)
                    with self.assertRaises(NegotiationError):
                        await client.connect(uri, compression=None, close_timeout=0.1)

        run(scenario())

    def test_redirects(self):
        async def scenario():
            async def target(websocket):
                await websocket.send(f"{websocket.path} {websocket.request_headers.get('Authorization')}")

            async with server.serve(target, "127.0.0.1", 0) as second:

                async def process_request(path, headers):
                    if path == "/loop":
                        return 302, {"Location": "/loop"}, b""
                    if path == "/relative":
                        return 307, {"Location": "/here"}, b""
                    if path == "/other":
                        return 301, {"Location": f"ws://127.0.0.1:{port_of(second)}/there"}, b""

                async with server.serve(target, "127.0.0.1", 0, process_request=process_request) as first:
                    base = f"ws://127.0.0.1:{port_of(first)}"
                    options = {"extra_headers": {"Authorization": "secret"}}
                    for path, expected in [("/relative", "/here secret"), ("/other", "/there None")]:
                        async with client.connect(base + path, **options) as one:
                            self.assertEqual(await one.recv(), expected)
                    with self.assertRaisesRegex(SecurityError, "too many redirects"):
                        await client.connect(base + "/loop")

        run(scenario())

    def test_a_redirect_may_not_give_up_tls(self):
        async def scenario():
            connecting = client.connect("wss://127.0.0.1:1/")
            with self.assertRaisesRegex(SecurityError, "redirect from WSS to WS"):
                connecting.handle_redirect("ws://127.0.0.1/")
            connecting.handle_redirect("/elsewhere")
            self.assertEqual(connecting._uri, "wss://127.0.0.1:1/elsewhere")
            with self.assertRaisesRegex(ValueError, "ssl argument for a ws:// URI"):
                client.connect("ws://127.0.0.1/", ssl=True)

        run(scenario())

    def test_timeouts_of_the_handshake(self):
        async def silent(reader, writer):
            await reader.read()

        async def scenario():
            async with raw_server(silent) as uri:
                with self.assertRaises(TimeoutError):
                    await client.connect(uri, open_timeout=0.02, close_timeout=0.02)
            async with server.serve(echo, "127.0.0.1", 0, open_timeout=0.02, close_timeout=0.02) as serving:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(serving))
                self.assertEqual(await reader.read(), b"")
                writer.close()

        run(scenario())

    def test_basic_authentication(self):
        async def scenario():
            async def who(websocket):
                await websocket.send(str(websocket.username))

            for credentials in (("alice", "pässword"), [("bob", "x"), ("alice", "pässword")]):
                factory = auth.basic_auth_protocol_factory(realm="here", credentials=credentials)
                async with server.serve(who, "127.0.0.1", 0, create_protocol=factory) as serving:
                    address = f"127.0.0.1:{port_of(serving)}"
                    async with client.connect(f"ws://alice:p%C3%A4ssword@{address}/") as one:
                        self.assertEqual(await one.recv(), "alice")
                    for user in ("", "alice:wrong@", "eve:x@"):
                        with self.assertRaises(exceptions.InvalidStatusCode) as raised:
                            await client.connect(f"ws://{user}{address}/")
                        self.assertEqual(raised.exception.status_code, 401)
                        self.assertIn('Basic realm="here"', raised.exception.headers["WWW-Authenticate"])

        run(scenario())
        for options in ({}, {"credentials": ("a", "b"), "check_credentials": print}, {"credentials": 42}, {"credentials": ["a"]}):
            with self.assertRaises(TypeError):
                auth.basic_auth_protocol_factory(**options)

    def test_a_handler_with_a_path_is_deprecated(self):
        async def old(websocket, path):
            await websocket.send(path)

        async def scenario():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                async with server.serve(old, "127.0.0.1", 0) as serving:
                    async with client.connect(f"ws://127.0.0.1:{port_of(serving)}/old") as one:
                        self.assertEqual(await one.recv(), "/old")
            self.assertEqual(
                {str(warning.message) for warning in caught}, {"remove second argument of ws_handler"}
            )

        run(scenario())

    def test_former_parameters_warn(self):
        async def scenario():
            loop = asyncio.get_running_loop()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                connecting = client.connect(
                    "ws://127.0.0.1:1/", timeout=3, klass=client.WebSocketClientProtocol, loop=loop
                )
            self.assertEqual(
                {str(warning.message) for warning in caught},
                {"rename timeout to close_timeout", "rename klass to create_protocol", "remove loop argument"},
            )
            self.assertEqual(connecting._create_connection.args[0].keywords["close_timeout"], 3)

        run(scenario())

    def test_sending_before_the_handshake(self):
        async def scenario():
            one = client.WebSocketClientProtocol()
            self.assertEqual((one.state, one.local_address, one.remote_address), (State.CONNECTING, None, None))
            with self.assertRaisesRegex(InvalidState, "isn't established yet"):
                await one.send("early")

        run(scenario())


class Servers(unittest.TestCase):
    def test_unix_sockets(self):
        async def scenario():
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "socket")
                async with server.unix_serve(echo, path):
                    async with client.unix_connect(path) as one:
                        await one.send("unix")
                        self.assertEqual(await one.recv(), "unix")

        run(scenario())

    def test_a_class_of_ones_own(self):
        class Mine(server.WebSocketServerProtocol):
            async def process_request(self, path, headers):
                self.note = headers["X-Note"]

        class Theirs(client.WebSocketClientProtocol):
            pass

        async def tell(websocket):
            await websocket.send(websocket.note)

        async def scenario():
            options = {"create_protocol": Theirs, "extra_headers": {"X-Note": "noted"}}
            async with pair(tell, create_protocol=Mine, client_options=options) as (one, other):
                self.assertIsInstance(one, Theirs)
                self.assertIsInstance(other, Mine)
                self.assertEqual(await one.recv(), "noted")

        run(scenario())

    def test_broadcast(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0, compression=None) as serving:
                clients = [await client.connect(f"ws://127.0.0.1:{port_of(serving)}/") for _ in range(3)]
                await wait_until(lambda: len(serving.websockets) == 3)
                await clients[0].close()
                server.broadcast(serving.websockets, "to all")
                self.assertEqual([await one.recv() for one in clients[1:]], ["to all"] * 2)
                with self.assertRaises(TypeError):
                    server.broadcast(serving.websockets, 42)
                ends = list(serving.websockets)
                with unittest.mock.patch.object(type(ends[0]), "write_frame_sync", side_effect=OSError("full")):
                    server.broadcast(ends, "lost")
                    with self.assertRaises(ExceptionGroup) as raised:
                        server.broadcast(ends, "lost", raise_exceptions=True)
                self.assertTrue(all(isinstance(each.__cause__, OSError) for each in raised.exception.exceptions))
                for one in clients:
                    await one.close()

        run(scenario())

    def test_it_talks_to_the_new_implementation(self):
        async def scenario():
            async with server.serve(echo, "127.0.0.1", 0) as serving:
                async with websockets.connect(f"ws://127.0.0.1:{port_of(serving)}/") as one:
                    await one.send("new to old")
                    self.assertEqual(await one.recv(), "new to old")
            async with websockets.serve(echo, "127.0.0.1", 0) as serving:
                async with client.connect(f"ws://127.0.0.1:{port_of(serving)}/") as one:
                    await one.send(["old ", "to ", "new"])
                    self.assertEqual(await one.recv(), "old to new")

        run(scenario())

    def test_reconnecting(self):
        async def scenario():
            attempts = []

            async def process_request(path, headers):
                attempts.append(path)
                if len(attempts) == 2:
                    return http.HTTPStatus.SERVICE_UNAVAILABLE, [], b""

            async def once(websocket):
                await websocket.send(str(len(attempts)))

            async with server.serve(once, "127.0.0.1", 0, process_request=process_request) as serving:
                got = []
                quick = {"BACKOFF_INITIAL": 0, "BACKOFF_MIN": 0.001, "BACKOFF_MAX": 0.01}
                with unittest.mock.patch.multiple(client.Connect, **quick):
                    async for one in client.connect(f"ws://127.0.0.1:{port_of(serving)}/"):
                        got.extend([message async for message in one])
                        if len(got) == 2:
                            break
                self.assertEqual(got, ["1", "3"])

        run(scenario())


class Frames(unittest.TestCase):
    def test_tuples(self):
        frame = framing.Frame(True, Opcode.TEXT, b"text")
        self.assertEqual(tuple(frame), (True, Opcode.TEXT, b"text", False, False, False))
        self.assertEqual(str(frame), "TEXT 'text' [4 bytes]")
        written = []
        frame.write(written.append, mask=False)
        self.assertEqual(written, [b"\x81\x04text"])
        with self.assertRaises(ProtocolError):
            framing.Frame(True, Opcode.PING, b"x" * 126).check()

    def test_no_more_is_read_than_the_frame(self):
        for data, mask in [(b"\x82\x03abc", False), (b"\x82\x83\1\2\3\4" + bytes([97 ^ 1, 98 ^ 2, 99 ^ 3]), True)]:

            async def scenario():
                reader = asyncio.StreamReader()
                reader.feed_data(data + b"rest")
                frame = await framing.Frame.read(reader.readexactly, mask=mask)
                self.assertEqual((frame.opcode, bytes(frame.data)), (Opcode.BINARY, b"abc"))
                self.assertEqual(await reader.readexactly(4), b"rest")

            run(scenario())


if __name__ == "__main__":
    unittest.main()
