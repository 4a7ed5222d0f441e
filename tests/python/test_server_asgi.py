"""ASGI and WSGI applications on the server."""

import asyncio
import logging
import socket
import threading
import time
import unittest
import wsgiref.validate

import httpx
import tauraro
from test_server import Quiet, exchange, wait_for


class AsgiTest(Quiet):
    def test_scope_and_body(self):
        scopes = []

        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                raise RuntimeError("not here")
            scopes.append(scope)
            body, messages = b"", 0
            while True:
                message = await receive()
                body, messages = body + message["body"], messages + 1
                if not message["more_body"]:
                    break
            await send({"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"a/b"), (b"x", b"1")]})
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"!"})

        server = self.start(app, root_path="/root")
        answer = httpx.post(server.url + "/a%20b?c=d", content=b"hello", headers={"X-Name": "v"})
        self.assertEqual((answer.status_code, answer.content), (201, b"hello!"))
        self.assertEqual((answer.headers["content-type"], answer.headers["x"]), ("a/b", "1"))
        (scope,) = scopes
        self.assertEqual((scope["type"], scope["method"], scope["http_version"]), ("http", "POST", "1.1"))
        self.assertEqual(scope["asgi"]["version"], "3.0")
        self.assertEqual((scope["path"], scope["raw_path"], scope["root_path"]), ("/root/a b", b"/a%20b", "/root"))
        self.assertEqual((scope["query_string"], scope["scheme"]), (b"c=d", "http"))
        self.assertIn((b"x-name", b"v"), scope["headers"])
        self.assertEqual(scope["client"][0], "127.0.0.1")
        self.assertEqual(scope["server"], ("127.0.0.1", server.port))
        big = b"x" * 1_000_000
        self.assertEqual(httpx.post(server.url, content=big, timeout=30).content, big + b"!")

    def test_lengths(self):
        async def app(scope, receive, send):
            headers = [(b"content-length", b"5")] if scope["path"] == "/own" else []
            await send({"type": "http.response.start", "status": 304 if scope["path"] == "/304" else 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else b"hello"})

        server = self.start(app, lifespan="off")
        for path in ("/own", "/computed"):
            answer = httpx.get(server.url + path)
            self.assertEqual((answer.headers["content-length"], answer.content), ("5", b"hello"))
        self.assertEqual(httpx.head(server.url + "/own").headers["content-length"], "5")
        answer = httpx.get(server.url + "/304")
        self.assertEqual((answer.status_code, answer.content), (304, b""))

    def test_lifespan(self):
        happened = []

        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                happened.append((await receive())["type"])
                scope["state"]["shared"] = ["x"]
                await send({"type": "lifespan.startup.complete"})
                happened.append((await receive())["type"])
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": scope["state"]["shared"][0].encode()})

        server = tauraro.start(app, port=0)
        self.assertEqual(httpx.get(server.url).text, "x")
        server.stop()
        self.assertEqual(happened, ["lifespan.startup", "lifespan.shutdown"])

        async def failing(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database"})

        with self.assertRaisesRegex(RuntimeError, "no database"):
            tauraro.start(failing, port=0)

        async def without(scope, receive, send):
            raise ValueError(scope["type"])

        with self.assertRaisesRegex(RuntimeError, "does not support lifespan"):
            tauraro.start(without, port=0, lifespan="on")
        self.start(without)

    def test_failures(self):
        async def app(scope, receive, send):
            path = scope["path"]
            if path == "/raise":
                raise ValueError("broken")
            if path == "/body-first":
                await send({"type": "http.response.body"})
            elif path == "/unknown":
                await send({"type": "nope"})
            elif path == "/twice":
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.start", "status": 200})
            elif path == "/header":
                await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]})
                await send({"type": "http.response.body"})

        server = self.start(app, lifespan="off")
        for path in ("/raise", "/nothing", "/body-first", "/unknown", "/twice", "/header"):
            with self.subTest(path=path):
                self.records.clear()
                self.assertEqual(httpx.get(server.url + path).status_code, 500)
                wait_for(lambda: self.records)

        async def half(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

        server = self.start(half, lifespan="off")
        with self.assertRaises(httpx.HTTPError):
            httpx.get(server.url)

    def test_disconnect(self):
        messages = []

        async def app(scope, receive, send):
            messages.append(await receive())
            messages.append(await receive())
            messages.append(await receive())

        server = self.start(app, lifespan="off")
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: messages)
        wait_for(lambda: len(messages) == 3)
        self.assertEqual([message["type"] for message in messages], ["http.request", "http.disconnect", "http.disconnect"])

    def test_early_hint(self):
        async def app(scope, receive, send):
            if "http.response.early_hint" in scope["extensions"]:
                await send({"type": "http.response.early_hint", "links": [b"</a.css>"]})
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})

        server = self.start(app, lifespan="off")
        received = exchange(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(received.startswith(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n"), received)

    def test_classes(self):
        class App:
            async def __call__(self, scope, receive, send):
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": b"instance"})

        server = self.start(App(), lifespan="off")
        self.assertEqual(httpx.get(server.url).text, "instance")

    def test_websocket(self):
        import websockets
        from websockets.sync.client import connect

        disconnects = []

        async def app(scope, receive, send):
            assert scope["type"] == "websocket", scope["type"]
            assert (await receive())["type"] == "websocket.connect"
            if scope["path"] == "/refused":
                await send({"type": "websocket.close"})
                return
            if scope["path"] == "/denied":
                await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-a", b"b")]})
                await send({"type": "websocket.http.response.body", "body": b"who are you?"})
                return
            if scope["path"] == "/broken":
                raise ValueError("broken")
            await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0], "headers": [(b"x-a", b"b")]})
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    disconnects.append((message["code"], message["reason"]))
                    return
                if message["text"] is not None:
                    if message["text"] == "close":
                        await send({"type": "websocket.close", "code": 4000, "reason": "asked"})
                        return
                    await send({"type": "websocket.send", "text": scope["scheme"] + " " + message["text"]})
                else:
                    await send({"type": "websocket.send", "bytes": message["bytes"]})

        server = self.start(app, lifespan="off")
        url = server.url.replace("http", "ws")
        with connect(url + "/", subprotocols=["chat"]) as client:
            self.assertEqual(client.subprotocol, "chat")
            self.assertEqual(client.response.headers["x-a"], "b")
            client.send("hi")
            self.assertEqual(client.recv(), "ws hi")
            client.send(b"\0\1")
            self.assertEqual(client.recv(), b"\0\1")
            client.close(4001, "bye")
        wait_for(lambda: disconnects)
        self.assertEqual(disconnects, [(4001, "bye")])
        with connect(url + "/", subprotocols=["chat"]) as client:
            client.send("close")
            with self.assertRaises(websockets.ConnectionClosed):
                client.recv()
            self.assertEqual((client.close_code, client.close_reason), (4000, "asked"))
        for path, status, body in (("/refused", 403, b"Forbidden"), ("/denied", 401, b"who are you?"),
                                   ("/broken", 500, b"Internal Server Error")):
            with self.subTest(path=path), self.assertRaises(websockets.InvalidStatus) as caught:
                connect(url + path)
            self.assertEqual((caught.exception.response.status_code, caught.exception.response.body), (status, body))


class WsgiTest(Quiet):
    def test_validated(self):
        def app(environ, start_response):
            assert environ["wsgi.multithread"]
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            text = "|".join([environ["REQUEST_METHOD"], environ["SCRIPT_NAME"], environ["PATH_INFO"],
                             environ["QUERY_STRING"], environ.get("HTTP_X_A", ""), environ.get("CONTENT_TYPE", "")])
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [text.encode("latin-1"), b"|", body]

        server = self.start(wsgiref.validate.validator(app), root_path="/root", interface="wsgi")
        answer = httpx.post(server.url + "/caf%C3%A9?q=1", content=b"hello", headers={"X-A": "b", "Content-Type": "t/t"})
        self.assertEqual(answer.content.decode("latin-1"), "POST|/root|/caf\u00c3\u00a9|q=1|b|t/t|hello")
        self.assertEqual(self.records, [])

    def test_ways_to_respond(self):
        closed = threading.Event()

        class Closing(list):
            def __iter__(self):
                return super().__iter__()

            def close(self):
                closed.set()

        def lazy(environ, start_response):
            start_response("200 OK", [("X-A", "b")])
            yield b""
            yield b"lazy"
            yield b" one"

        def app(environ, start_response):
            path = environ["PATH_INFO"]
            if path == "/lazy":
                return lazy(environ, start_response)
            if path == "/write":
                write = start_response("201 Created", [("Content-Type", "a/b")])
                write(b"written ")
                return [b"and returned"]
            if path == "/close":
                start_response("200 OK", [])
                return Closing([b"x"])
            if path == "/again":
                start_response("200 OK", [])
                try:
                    1 // 0
                except ZeroDivisionError as error:
                    start_response("503 Unavailable", [], (type(error), error, error.__traceback__))
                return [b"changed"]
            if path == "/file":
                import io

                start_response("200 OK", [("Content-Length", "20000")])
                return environ["wsgi.file_wrapper"](io.BytesIO(b"f" * 20000))
            if path == "/silent":
                return []
            if path == "/twice":
                start_response("200 OK", [])
                start_response("200 OK", [])
            raise ValueError(path)

        server = self.start(app)
        with httpx.Client(base_url=server.url) as client:
            answer = client.get("/lazy")
            self.assertEqual((answer.text, answer.headers["x-a"]), ("lazy one", "b"))
            self.assertNotIn("content-type", answer.headers)
            answer = client.get("/write")
            self.assertEqual((answer.status_code, answer.text), (201, "written and returned"))
            self.assertEqual(client.get("/close").text, "x")
            self.assertTrue(closed.is_set())
            answer = client.get("/again")
            self.assertEqual((answer.status_code, answer.text), (503, "changed"))
            self.assertEqual(client.get("/file").content, b"f" * 20000)
            for path in ("/silent", "/twice", "/raise"):
                self.assertEqual(client.get(path).status_code, 500)

    def test_underscores_do_not_pass_for_hyphens(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            return [environ.get("HTTP_X_USER", "none").encode()]

        server = self.start(app)
        received = exchange(server, b"GET / HTTP/1.1\r\nHost: a\r\nX_User: root\r\n\r\n")
        self.assertTrue(received.endswith(b"none"), received)


if __name__ == "__main__":
    unittest.main()
