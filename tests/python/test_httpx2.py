"""httpx2: its names, what it adds to httpx, Server-Sent Events and WebSockets."""

import asyncio
import contextlib
import http.server
import importlib
import json
import os
import queue
import subprocess
import sys
import threading
import unittest
import warnings

import httpx
import httpx2
import httpx2.websockets
import websockets
from httpx2.websockets import (
    ASGIWebSocketTransport,
    AsyncWebSocketSession,
    WebSocketDisconnect,
    WebSocketInvalidTypeReceived,
    WebSocketNetworkError,
    WebSocketSession,
    WebSocketUpgradeError,
)
from websockets.sync.server import serve

HTTP = os.environ["TAURARO_TEST_HTTP"]
ON_CPYTHON = sys.implementation.name == "cpython"
PATIENCE = 30  # seconds after which a test that hangs is given up


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


def transport(handler):
    return httpx2.MockTransport(handler)


class Names(unittest.TestCase):
    def test_everything_exported_is_there(self):
        for name in httpx2.__all__:
            self.assertTrue(hasattr(httpx2, name), name)
        self.assertLess(set(httpx.__all__) - {"main"}, set(httpx2.__all__) | set(dir(httpx)))
        self.assertEqual((httpx2.__title__, httpx2.__version__), ("httpx2", "2.16.2"))

    def test_classes_are_those_of_httpx(self):
        for name in ("Response", "Request", "URL", "Headers", "HTTPError", "ConnectError", "Timeout", "MockTransport"):
            self.assertIs(getattr(httpx2, name), getattr(httpx, name))
        self.assertTrue(issubclass(httpx2.Client, httpx.Client))
        self.assertEqual(repr(httpx2.Client), "<class 'httpx2.Client'>")
        self.assertTrue(issubclass(httpx2.SSEError, httpx2.TransportError))

    def test_private_modules(self):
        for name in ("_models", "_exceptions", "_transports.default", "_types", "_utils", "_decoders"):
            importlib.import_module(f"httpx2.{name}")
        from httpx2._client import USE_CLIENT_DEFAULT, BaseClient, Client, UseClientDefault
        from httpx2._models import Response

        self.assertIs(Client, httpx2.Client)
        self.assertIs(Response, httpx2.Response)
        self.assertTrue(issubclass(Client, BaseClient))
        self.assertIsInstance(USE_CLIENT_DEFAULT, UseClientDefault)

    def test_httpx_has_what_is_new(self):
        for name in ("EventSource", "Origin", "SSEError", "ServerSentEvent", "alias_httpx", "query", "websocket"):
            self.assertIs(getattr(httpx, name), getattr(httpx2, name))
            self.assertNotIn(name, httpx.__all__)

    def test_the_alias(self):
        script = (
            "import httpx2\nhttpx2.alias_httpx()\nhttpx2.alias_httpx()\nimport httpx, httpx._models\n"
            "from httpx._client import Client\n"
            "print(httpx is httpx2, Client is httpx2.Client, httpx._models.Response is httpx2.Response)\n"
            "print(httpx.Client().headers['user-agent'], httpx.get.__module__)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.stdout, "True True True\npython-httpx2/2.16.2 httpx2._api\n", done.stderr)

    def test_the_user_agent(self):
        seen = []

        def handler(request):
            seen.append(request.headers["user-agent"])
            return httpx2.Response(200)

        for options in ({}, {"headers": {"User-Agent": "mine"}}):
            with httpx2.Client(transport=transport(handler), **options) as client:
                client.get("http://localhost/")
        self.assertEqual(seen, ["python-httpx2/2.16.2", "mine"])
        self.assertIn("python-httpx2/2.16.2", httpx2.get(f"{HTTP}/echo").text)

    def test_statuses(self):
        codes = httpx2.codes
        for name, number in (
            ("CONTENT_TOO_LARGE", 413),
            ("URI_TOO_LONG", 414),
            ("RANGE_NOT_SATISFIABLE", 416),
            ("UNPROCESSABLE_CONTENT", 422),
            ("NOT_FOUND", 404),
        ):
            self.assertEqual((getattr(codes, name), getattr(codes, name.lower())), (number, number))
            self.assertEqual(codes(number).name, name)
        self.assertEqual(codes.get_reason_phrase(422), "Unprocessable Content")
        self.assertEqual(codes.get_reason_phrase(799), "")
        self.assertEqual(str(codes.OK), "200")
        self.assertTrue(codes.is_client_error(422))
        with self.assertWarnsRegex(DeprecationWarning, "'UNPROCESSABLE_ENTITY' is deprecated"):
            self.assertEqual(codes.UNPROCESSABLE_ENTITY, 422)
        self.assertEqual(httpx.codes.UNPROCESSABLE_ENTITY, 422)

    def test_origins(self):
        origin = httpx2.URL("HTTP://Example.com/a?b").origin
        self.assertEqual(origin, httpx2.Origin("http://example.com:80/"))
        self.assertEqual((origin.scheme, origin.host, origin.port), ("http", "example.com", 80))
        self.assertNotEqual(origin, httpx2.URL("https://example.com").origin)
        self.assertEqual(httpx2.Origin("https://[0:0::1]/"), httpx2.Origin("https://[::1]"))
        self.assertEqual(len({httpx2.Origin("ws://a"), httpx2.Origin("ws://a:80")}), 1)
        self.assertIsNone(httpx2.Origin("other://a/").port)
        with self.assertRaisesRegex(ValueError, "absolute"):
            httpx2.Origin("/path")
        with self.assertRaises(httpx2.InvalidURL):
            httpx2.Origin("http://a:port/")

    def test_headers_are_merged(self):
        headers = httpx2.Headers({"A": "1"})
        self.assertEqual(headers | {"a": "2", "B": "3"}, httpx2.Headers({"a": "2", "B": "3"}))
        self.assertEqual({"a": "2", "C": "4"} | headers, httpx2.Headers({"A": "1", "C": "4"}))
        self.assertEqual(headers, httpx2.Headers({"A": "1"}))
        headers |= {"D": "5"}
        self.assertEqual(headers["d"], "5")
        with self.assertRaises(TypeError):
            headers | 42


class Query(unittest.TestCase):
    def handler(self, request):
        if request.url.path == "/moved":
            return httpx2.Response(302, headers={"Location": "/there"})
        if request.url.path == "/see":
            return httpx2.Response(303, headers={"Location": "/there"})
        return httpx2.Response(200, json=[request.method, request.content.decode(), request.headers.get("content-length")])

    def test_it_has_a_body(self):
        for client in (httpx2.Client(transport=transport(self.handler)), httpx.Client(transport=transport(self.handler))):
            self.assertEqual(client.query("http://a/", content=b"q").json(), ["QUERY", "q", "1"])
            self.assertEqual(client.query("http://a/").json(), ["QUERY", "", "0"])

    def test_redirects(self):
        with httpx2.Client(transport=transport(self.handler), follow_redirects=True) as client:
            self.assertEqual(client.query("http://a/moved", content=b"q").json(), ["QUERY", "q", "1"])
            self.assertEqual(client.query("http://a/see", content=b"q").json()[:2], ["GET", ""])

    def test_asynchronously(self):
        async def scenario():
            async with httpx2.AsyncClient(transport=transport(self.handler)) as client:
                self.assertEqual((await client.query("http://a/", json={})).json(), ["QUERY", "{}", "2"])

        run(scenario())

    def test_on_the_wire(self):
        self.assertIn("QUERY", httpx2.query(f"{HTTP}/echo", content=b"question").text)


EVENTS = b": comment\nid: 1\nevent: greeting\ndata: hello\ndata: world\n\nretry: 7\ndata: {\"a\": 1}\n\n\n\ndata: lost"


class Events(unittest.TestCase):
    def response(self, request=None, body=EVENTS, kind="text/event-stream; charset=utf-8"):
        return httpx2.Response(200, headers={"Content-Type": kind}, content=body, request=request)

    def test_events(self):
        expected = [
            httpx2.ServerSentEvent("greeting", "hello\nworld", "1", None),
            httpx2.ServerSentEvent("message", '{"a": 1}', "1", 7),
        ]
        seen = []

        def handler(request):
            seen.append((request.method, request.headers["accept"], request.headers["cache-control"], request.headers["x"]))
            return self.response()

        for client in (httpx2.Client(transport=transport(handler)), httpx.Client(transport=transport(handler))):
            with client.sse("http://a/", headers={"X": "y"}) as events:
                self.assertEqual(list(events), expected)
                self.assertEqual(events.response.status_code, 200)
            with client.sse("http://a/", method="POST", json={}, headers={"X": "y", "Accept": "*/*"}) as events:
                self.assertEqual(list(events)[1].json(), {"a": 1})
        self.assertEqual(seen[0], ("GET", "text/event-stream", "no-store", "y"))
        self.assertEqual(seen[1], ("POST", "*/*", "no-store", "y"))

    def test_asynchronously(self):
        async def scenario():
            for cls in (httpx2.AsyncClient, httpx.AsyncClient):
                async with cls(transport=transport(self.response)) as client:
                    async with client.sse("http://a/") as events:
                        self.assertEqual([event.data async for event in events], ["hello\nworld", '{"a": 1}'])

        run(scenario())

    def test_every_split_of_the_stream(self):
        whole = list(httpx2.EventSource(self.response()))
        for at in range(len(EVENTS)):

            def pieces():
                yield EVENTS[:at]
                yield EVENTS[at:]

            self.assertEqual(list(httpx2.EventSource(self.response(body=pieces()))), whole, at)

    def test_failures(self):
        request = httpx2.Request("GET", "http://a/")
        with self.assertRaisesRegex(httpx2.SSEError, "'text/event-stream', got 'text/plain'") as raised:
            list(httpx2.EventSource(self.response(request, kind="text/plain")))
        self.assertIs(raised.exception.request, request)
        with self.assertRaises(httpx2.SSEError):
            list(httpx2.EventSource(self.response(body=b"data: " + b"x" * 2000000 + b"\n\n")))
        with self.assertRaises(httpx2.SSEError):
            list(httpx2.EventSource(self.response(), max_event_size=5))
        self.assertEqual(len(list(httpx2.EventSource(self.response(body=b"data: " + b"x" * 2000000 + b"\n\n"), None))), 1)
        with self.assertRaisesRegex(ValueError, "max_event_size must be at least 1, not 0"):
            httpx2.EventSource(self.response(), 0)
        with self.assertRaises(json.JSONDecodeError):
            httpx2.ServerSentEvent(data="{").json()


def echo(connection):
    for message in connection:
        if message == "close":
            connection.close(3001, "enough")
        elif message == "drop":
            connection.socket.shutdown(2)
        else:
            connection.send(message)


@contextlib.contextmanager
def serving(handler=echo, **options):
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield "ws://127.0.0.1:%d/" % server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()


class Sockets(unittest.TestCase):
    def test_messages(self):
        with serving(subprotocols=["a"], select_subprotocol=lambda connection, offered: offered[0]) as uri:
            for client in (httpx2.Client(), httpx.Client()):
                with client, client.websocket(uri, subprotocols=["a", "b"]) as session:
                    self.assertIsInstance(session, WebSocketSession)
                    self.assertEqual((session.subprotocol, session.response.status_code), ("a", 101))
                    session.send_text("héllo")
                    self.assertEqual(session.receive_text(), "héllo")
                    session.send_bytes(b"\0\xff" * 10000)
                    self.assertEqual(session.receive_bytes(), b"\0\xff" * 10000)
                    for mode in ("text", "binary"):
                        session.send_json({"a": [1]}, mode=mode)
                        self.assertEqual(session.receive_json(mode=mode), {"a": [1]})
                    self.assertTrue(session.ping().wait(PATIENCE))
                    self.assertTrue(session.ping(b"payload").wait(PATIENCE))
                    with self.assertRaises(queue.Empty):
                        session.receive(timeout=0.01)
                    session.send_text("text")
                    with self.assertRaises(WebSocketInvalidTypeReceived) as raised:
                        session.receive_bytes()
                    self.assertEqual(raised.exception.event.data, "text")
                    with self.assertRaises(ValueError):
                        session.send_json({}, mode="other")

    def test_without_a_client(self):
        with serving() as uri, httpx2.websocket(uri.replace("ws", "http", 1)) as session:
            session.send_text("short")
            self.assertEqual(session.receive_text(), "short")

    def test_the_peer_closes(self):
        with serving() as uri, httpx2.websocket(uri) as session:
            session.send_text("close")
            with self.assertRaises(WebSocketDisconnect) as raised:
                session.receive(PATIENCE)
            self.assertEqual((raised.exception.code, raised.exception.reason), (3001, "enough"))
            with self.assertRaises((WebSocketDisconnect, WebSocketNetworkError)):
                session.send_text("late")

    def test_the_connection_breaks(self):
        with serving() as uri, httpx2.websocket(uri) as session:
            session.send_text("drop")
            with self.assertRaises(WebSocketNetworkError):
                session.receive(PATIENCE)

    def test_messages_that_are_too_large(self):
        with serving() as uri, httpx2.websocket(uri, max_message_size_bytes=100) as session:
            session.send_text("x" * 101)
            with self.assertRaises(WebSocketDisconnect) as raised:
                session.receive(PATIENCE)
            self.assertEqual(raised.exception.code, 1009)

    def test_pings_keep_it_alive(self):
        with serving() as uri:
            with httpx2.websocket(uri, keepalive_ping_interval_seconds=0.01) as session:
                for _ in range(3):
                    session.send_text("alive")
                    self.assertEqual(session.receive_text(PATIENCE), "alive")

    def test_a_server_that_does_not_agree(self):
        with self.assertRaises(WebSocketUpgradeError) as raised:
            with httpx2.websocket(f"{HTTP}/echo"):
                pass
        self.assertEqual(raised.exception.response.status_code, 200)

    def test_asynchronously(self):
        async def scenario(uri):
            for cls in (httpx2.AsyncClient, httpx.AsyncClient):
                async with cls() as client, client.websocket(uri) as session:
                    self.assertIsInstance(session, AsyncWebSocketSession)
                    await session.send_text("héllo")
                    self.assertEqual(await session.receive_text(), "héllo")
                    await session.send_bytes(b"bytes")
                    self.assertEqual(await session.receive_bytes(), b"bytes")
                    await session.send_json([1], mode="binary")
                    self.assertEqual(await session.receive_json(mode="binary"), [1])
                    await (await session.ping()).wait()
                    with self.assertRaises(TimeoutError):
                        await session.receive(0.01)
                    await session.send_text("close")
                    with self.assertRaises(WebSocketDisconnect) as raised:
                        await session.receive()
                    self.assertEqual(raised.exception.code, 3001)

        with serving() as uri:
            run(scenario(uri))

    def test_an_application(self):
        async def app(scope, receive, send):
            assert scope["type"] == "websocket"
            await receive()
            if scope["path"] == "/deny":
                await send({"type": "websocket.close", "code": 4000, "reason": "no"})
                return
            if scope["path"] == "/forbid":
                await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
                await send({"type": "websocket.http.response.body", "body": b"forbidden"})
                return
            await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
            while (message := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", **{k: v for k, v in message.items() if k != "type"}})

        async def scenario():
            async with httpx2.AsyncClient(transport=ASGIWebSocketTransport(app)) as client:
                async with client.websocket("ws://app/", subprotocols=["a"]) as session:
                    self.assertEqual(session.subprotocol, "a")
                    await session.send_text("text")
                    self.assertEqual(await session.receive_text(), "text")
                    await session.send_bytes(b"bytes")
                    self.assertEqual(await session.receive_bytes(), b"bytes")
                with self.assertRaises(WebSocketDisconnect) as raised:
                    async with client.websocket("ws://app/deny"):
                        pass
                self.assertEqual(raised.exception.code, 4000)
                with self.assertRaises(WebSocketUpgradeError) as raised:
                    async with client.websocket("ws://app/forbid"):
                        pass
                self.assertEqual(raised.exception.response.status_code, 403)

        run(scenario())


if __name__ == "__main__":
    unittest.main()
