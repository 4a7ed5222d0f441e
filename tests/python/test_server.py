"""The HTTP server: `tauraro.start` and `tauraro.listening`, on the wire."""

import asyncio
import io
import json
import logging
import os
import socket
import ssl
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import httpx
import tauraro


def exchange(server, data, *, end=True, timeout=20):
    """Send bytes; return what comes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as sock:
        sock.sendall(data)
        if end:
            sock.shutdown(socket.SHUT_WR)
        received = b""
        while piece := sock.recv(65536):
            received += piece
        return received


def wait_for(condition, timeout=20):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come to be")
        time.sleep(0.01)


class Quiet(unittest.TestCase):
    """What handlers raise on purpose is logged."""

    def setUp(self):
        self.records = []
        logger = logging.getLogger("tauraro")
        handler = logging.Handler()
        handler.emit = self.records.append
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        logger.propagate = False
        self.addCleanup(setattr, logger, "propagate", True)

    def start(self, *args, **options):
        server = tauraro.start(*args, port=0, **options)
        self.addCleanup(server.stop, 0)
        return server


class HandlerTest(Quiet):
    def test_results(self):
        async def body():
            yield "a"
            yield b"b"

        cases = {
            "/str": (lambda: "héllo", 200, "text/plain; charset=utf-8", "héllo".encode()),
            "/bytes": (lambda: b"\0\1", 200, "application/octet-stream", b"\0\1"),
            "/dict": (lambda: {"a": [1, None, "é"]}, 200, "application/json", '{"a":[1,null,"é"]}'.encode()),
            "/list": (lambda: [1], 200, "application/json", b"[1]"),
            "/none": (lambda: None, 204, None, b""),
            "/pair": (lambda: ("made", 201), 201, "text/plain; charset=utf-8", b"made"),
            "/triple": (lambda: ("{}", 200, {"Content-Type": "x/y"}), 200, "x/y", b"{}"),
            "/response": (lambda: tauraro.Response("x", 418, content_type="a/b"), 418, "a/b", b"x"),
            "/generator": (lambda: (each for each in ("a", b"b", bytearray(b"c"))), 200, None, b"abc"),
            "/iterable": (lambda: iter(["1", "2"]), 200, None, b"12"),
            "/async": (body, 200, None, b"ab"),
        }
        for threads in (None, 0):
            for make in (lambda result: lambda request: result(), None):
                def handler(result):
                    async def answer(request):
                        return result()

                    return make(result) if make else answer

                server = self.start(routes={path: handler(case[0]) for path, case in cases.items()}, threads=threads)
                with httpx.Client(base_url=server.url) as client:
                    for path, (_, status, content_type, content) in cases.items():
                        with self.subTest(path=path, threads=threads):
                            answer = client.get(path)
                            self.assertEqual(answer.status_code, status)
                            self.assertEqual(answer.headers.get("content-type"), content_type)
                            self.assertEqual(answer.content, content)
                            self.assertIn("date", answer.headers)

    def test_wrong_results(self):
        server = self.start(routes={
            "/object": lambda request: object(),
            "/set": lambda request: (1, 2, 3, 4),
            "/nan": lambda request: {"a": float("nan")},
            "/header": lambda request: tauraro.Response("", headers={"X": "a\r\nY: b"}),
            "/status": lambda request: tauraro.Response("", 99),
            "/length": lambda request: tauraro.Response("abc", headers={"Content-Length": "2"}),
            "/raise": lambda request: 1 // 0,
        })
        for path in ("/object", "/set", "/nan", "/header", "/status", "/length", "/raise"):
            with self.subTest(path=path):
                self.records.clear()
                answer = httpx.get(server.url + path)
                self.assertEqual((answer.status_code, answer.text), (500, "Internal Server Error"))
                wait_for(lambda: self.records)
                self.assertIn(path, self.records[0].getMessage())
        self.assertIs(self.records[-1].exc_info[0], ZeroDivisionError)

    def test_request(self):
        seen = {}

        async def handler(request):
            seen.update(
                method=request.method, path=request.path, raw_path=request.raw_path, query=dict(request.query),
                headers=request.headers, cookies=request.cookies, url=str(request.url), client=request.client,
                version=request.http_version, scheme=request.scheme, host=request.host, repr=repr(request))
            request.state.x = 1
            return await request.body()

        server = self.start(handler)
        answer = httpx.post(server.url + "/a%20b/%2F?x=1&x=2&y=", content=b"hello", headers={"Cookie": 'a=1; b="2"; a=3'})
        self.assertEqual(answer.content, b"hello")
        self.assertEqual(seen["method"], "POST")
        self.assertEqual(seen["path"], "/a b//")
        self.assertEqual(seen["raw_path"], b"/a%20b/%2F")
        self.assertEqual(seen["query"], {"x": "1", "y": ""})
        self.assertEqual(seen["headers"]["content-length"], "5")
        self.assertEqual(seen["cookies"], {"a": "1", "b": "2"})
        self.assertEqual(seen["url"], f"{server.url}/a%20b/%2F?x=1&x=2&y=")
        self.assertEqual(seen["client"][0], "127.0.0.1")
        self.assertEqual((seen["version"], seen["scheme"], seen["host"]), ("1.1", "http", f"127.0.0.1:{server.port}"))
        self.assertEqual(seen["repr"], "<Request POST /a%20b/%2F?x=1&x=2&y=>")

    def test_bodies(self):
        async def pieces(request):
            return {"pieces": [len(piece) async for piece in request.stream()]}

        async def value(request):
            return {"value": await request.json(), "text": await request.text()}

        async def form(request):
            return dict(await request.form())

        server = self.start(routes={
            "/stream": pieces, "/json": value, "/form": form,
            "/sync/json": lambda request: {"value": request.json(), "text": request.text()},
            "/sync/form": lambda request: dict(request.form()),
            "/sync/body": lambda request: request.body(),
        })
        big = b"x" * 3_000_000
        with httpx.Client(base_url=server.url, timeout=30) as client:
            self.assertEqual(sum(client.post("/stream", content=big).json()["pieces"]), len(big))
            self.assertEqual(client.post("/sync/body", content=big).content, big)
            chunks = (b"a" * 1000 for _ in range(100))
            self.assertEqual(client.post("/sync/body", content=chunks).content, b"a" * 100_000)
            self.assertEqual(client.post("/stream").json(), {"pieces": []})
            for prefix in ("", "/sync"):
                answer = client.post(prefix + "/json", json={"a": "é"})
                self.assertEqual(answer.json(), {"value": {"a": "é"}, "text": '{"a":"é"}'})
                self.assertEqual(client.post(prefix + "/json", content=b"{").status_code, 400)
                self.assertEqual(client.post(prefix + "/form", data={"a": "b c", "d": ""}).json(), {"a": "b c", "d": ""})
                self.assertEqual(client.post(prefix + "/form", content=b"a=b").status_code, 415)

    def test_errors(self):
        async def missing(request):
            raise tauraro.HTTPError(404, {"error": "nothing here"}, {"X-A": "b"})

        def plain(request):
            raise tauraro.HTTPError(403)

        server = self.start(routes={"/missing": missing, "/plain": plain})
        answer = httpx.get(server.url + "/missing")
        self.assertEqual((answer.status_code, answer.json(), answer.headers["x-a"]), (404, {"error": "nothing here"}, "b"))
        answer = httpx.get(server.url + "/plain")
        self.assertEqual((answer.status_code, answer.text), (403, "Forbidden"))
        self.assertEqual(self.records, [])
        for status in (200, 399, 600):
            with self.assertRaises(ValueError):
                tauraro.HTTPError(status)

    def test_on_error(self):
        server = self.start(lambda request: 1 // 0, on_error=lambda request, error: tauraro.Response(repr(error), 502))
        answer = httpx.get(server.url)
        self.assertEqual(answer.status_code, 502)
        self.assertIn("ZeroDivisionError", answer.text)

    def test_headers_of_a_response(self):
        response = tauraro.Response("x", headers=[("A", "1"), ("A", "2")])
        response.headers["B"] = "3"
        self.assertEqual(response.headers.get_list("a"), ["1", "2"])
        server = self.start(lambda request: response)
        answer = httpx.get(server.url)
        self.assertEqual((answer.headers.get_list("a"), answer.headers["b"]), (["1", "2"], "3"))
        for headers, error in (({"A": 1}, TypeError), ([("A",)], ValueError), ({"A": "\u2713"}, ValueError)):
            with self.assertRaises(error):
                tauraro.Response("x", headers=headers)
        for status in (99, 100, 199, 1000):
            with self.assertRaises(ValueError):
                tauraro.Response("x", status)
        with self.assertRaises(TypeError):
            tauraro.Response(object())

    def test_context(self):
        seen = []

        async def handler(request):
            first = asyncio.current_task()
            await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await asyncio.sleep(0)
            seen.append(first is asyncio.current_task() is not None)
            return "x"

        server = self.start(handler)
        self.assertEqual(httpx.get(server.url).text, "x")
        self.assertEqual(seen, [True])

    def test_blocking_handlers_run_together(self):
        barrier = threading.Barrier(4, timeout=20)

        def handler(request):
            barrier.wait()
            return "met"

        server = self.start(handler, threads=4)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(httpx.get(server.url, timeout=30).text)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, ["met"] * 4)


class RouteTest(Quiet):
    def test_routes(self):
        app = tauraro.App()

        @app.get("/users/{id:int}")
        async def user(request):
            return {"id": request.params["id"]}

        @app.post("/users")
        def make(request):
            return "made", 201

        @app.route("/any/{rest...}")
        def anything(request):
            return f"{request.method} {request.params['rest']}"

        app.add("/static", "constant")
        server = self.start(app)
        with httpx.Client(base_url=server.url) as client:
            self.assertEqual(client.get("/users/7").json(), {"id": 7})
            self.assertEqual(client.get("/users/x").status_code, 404)
            self.assertEqual(client.post("/users").status_code, 201)
            answer = client.delete("/users/7")
            self.assertEqual((answer.status_code, answer.headers["allow"]), (405, "GET, HEAD, OPTIONS"))
            answer = client.options("/users/7")
            self.assertEqual((answer.status_code, answer.headers["allow"]), (204, "GET, HEAD, OPTIONS"))
            answer = client.head("/users/7")
            self.assertEqual((answer.status_code, answer.headers["content-length"], answer.content), (200, "8", b""))
            self.assertEqual(client.put("/any/a/b%2Fc").text, "PUT a/b/c")
            for _ in range(3):
                self.assertEqual(client.get("/static").text, "constant")

    def test_handler_takes_the_rest(self):
        server = self.start(lambda request: "rest", routes={"/a": lambda request: "a"})
        self.assertEqual(httpx.get(server.url + "/a").text, "a")
        self.assertEqual(httpx.get(server.url + "/b").text, "rest")

    def test_wrong_routes(self):
        for routes, error in (
            ({"a": str}, ValueError), ({"/{}": str}, ValueError), ({"/a": {"get": str}}, ValueError), ({"/a": 5}, TypeError),
            ({"/a": tauraro.Response(iter("x"))}, TypeError),
        ):
            with self.subTest(routes=routes), self.assertRaises(error):
                self.start(routes=routes)
        with self.assertRaises(TypeError):
            self.start()
        with self.assertRaises(TypeError):
            tauraro.App().route("/", "GET")(print)

    def test_wrong_options(self):
        for options, error in (
            ({"interface": "x"}, ValueError), ({"lifespan": "x"}, ValueError), ({"threads": -1}, ValueError),
            ({"limits": 5}, TypeError), ({"tls": 5}, TypeError), ({"trust_proxy": ["x"]}, ValueError), ({"nope": 1}, TypeError),
        ):
            with self.subTest(options=options), self.assertRaises(error):
                self.start(print, **options)
        for make in (lambda: tauraro.Limits(head=0), lambda: tauraro.Limits(head="1"), lambda: tauraro.Timeouts(head=-1)):
            with self.assertRaises(ValueError):
                make()


class WireTest(Quiet):
    def test_pipelining(self):
        async def handler(request):
            await asyncio.sleep(0.05 if request.path == "/slow" else 0)
            return request.path

        server = self.start(handler)
        request = "GET {} HTTP/1.1\r\nHost: a\r\n\r\n"
        received = exchange(server, "".join(request.format(path) for path in ("/slow", "/b", "/c")).encode())
        bodies = [part.rpartition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 200 OK")[1:]]
        self.assertEqual(bodies, [b"/slow", b"/b", b"/c"])

    def test_http_1_0(self):
        server = self.start(routes={"/": lambda request: "x", "/s": lambda request: iter(["a", "b"])})
        received = exchange(server, b"GET / HTTP/1.0\r\n\r\n", end=False)
        self.assertIn(b"\r\nConnection: close\r\n\r\nx", received)
        received = exchange(server, b"GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", end=False)
        self.assertTrue(received.endswith(b"\r\n\r\nab"), received)
        self.assertNotIn(b"chunked", received)
        received = exchange(server, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", end=False)
        self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 2)

    def test_refusals(self):
        server = self.start(lambda request: "x")
        cases = {
            b"GET / HTTP/1.1\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n": 400,
            b"FROB / HTTP/1.1\r\nHost: a\r\n\r\n": 501,
            b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 414,
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40000 + b"\r\n\r\n": 431,
            b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n": 431,
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: a\r\nExpect: y\r\n\r\n": 417,
            b"GET / HTTP/3.0\r\nHost: a\r\n\r\n": 505,
        }
        for data, status in cases.items():
            with self.subTest(data=data[:60]):
                received = exchange(server, data, end=False)
                self.assertTrue(received.startswith(f"HTTP/1.1 {status} ".encode()), received)
                self.assertEqual(received.count(b"HTTP/1.1"), 1)
                self.assertIn(b"\r\nConnection: close\r\n", received)
        self.assertEqual(exchange(server, b"\x16\x03\x01\x00\x00"), b"")

    def test_continue(self):
        async def reads(request):
            return await request.body()

        async def refuses(request):
            raise tauraro.HTTPError(401)

        server = self.start(routes={"/reads": reads, "/refuses": refuses, "/sync": lambda request: request.body()},
                            limits=tauraro.Limits(max_body=1000))
        head = "POST {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n"
        for path in ("/reads", "/sync"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
                sock.sendall(head.format(path, 5).encode())
                self.assertEqual(sock.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
                sock.sendall(b"hello")
                received = b"".join(iter(lambda: sock.recv(1000), b""))
                self.assertTrue(received.startswith(b"HTTP/1.1 200 ") and received.endswith(b"hello"), received)
            received = exchange(server, head.format(path, 1001).encode(), end=False)
            self.assertTrue(received.startswith(b"HTTP/1.1 413 "), received)
        received = exchange(server, head.format("/refuses", 5).encode(), end=False)
        self.assertTrue(received.startswith(b"HTTP/1.1 401 "), received)

    def test_body_limit(self):
        async def reads(request):
            return str(len(await request.body()))

        async def streams(request):
            return str(sum([len(piece) async for piece in request.stream()]))

        server = self.start(routes={"/reads": reads, "/streams": streams, "/sync": lambda request: str(len(request.body()))},
                            limits=tauraro.Limits(max_body=100_000))
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for path in ("/reads", "/sync"):
                self.assertEqual(client.post(path, content=b"x" * 100_000).text, "100000")
                self.assertEqual(client.post(path, content=(b"x" * 1000 for _ in range(101))).status_code, 413)
            self.assertEqual(client.post("/streams", content=b"x" * 300_000).text, "300000")
        data = b"POST /sync HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n"
        self.assertTrue(exchange(server, data, end=False).startswith(b"HTTP/1.1 413 "))

    def test_unread_body(self):
        async def handler(request):
            return "x"

        server = self.start(handler)
        small = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000
        self.assertEqual(exchange(server, small * 2).count(b"HTTP/1.1 200 OK"), 2)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1000)
            received = b"".join(iter(lambda: sock.recv(1000), b""))
        self.assertTrue(received.startswith(b"HTTP/1.1 200 OK"), received)

    def test_a_short_body_is_not_padded(self):
        def handler(request):
            return tauraro.Response(iter(["abc"]), headers={"Content-Length": "5"})

        server = self.start(handler)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            received = b""
            try:
                while piece := sock.recv(1000):
                    received += piece
            except ConnectionResetError:
                pass
        self.assertTrue(received.endswith(b"\r\n\r\nabc"), received)
        wait_for(lambda: self.records)
        self.assertIn("2 bytes shorter", str(self.records[0].exc_info[1]))

    def test_early_hints(self):
        async def handler(request):
            await request.hints(["</a.css>; rel=preload"])
            return "x"

        def sync(request):
            request.hints(["</b.css>"])
            return "y"

        server = self.start(routes={"/": handler, "/sync": sync})
        received = exchange(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(received.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 "))
        received = exchange(server, b"GET /sync HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertTrue(received.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\nHTTP/1.1 200 "))

    def test_slow_clients(self):
        async def handler(request):
            return await request.body()

        # `None` is for any time: only the one under test is short.
        never = dict(first_byte=None, head=None, idle=None, body_grace=None)
        cases = {
            "first_byte": (b"", b""),
            "head": (b"GET / HT", b"HTTP/1.1 408 "),
            "body_grace": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc", b"HTTP/1.1 408 "),
            "idle": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 "),
        }
        for name, (data, start) in cases.items():
            with self.subTest(name=name):
                server = self.start(handler, timeouts=tauraro.Timeouts(**{**never, name: 0.5}))
                self.assertTrue(exchange(server, data, end=False).startswith(start))

    def test_too_many_connections(self):
        server = self.start(lambda request: "x", limits=tauraro.Limits(connections=1))
        with socket.create_connection(("127.0.0.1", server.port)):
            wait_for(lambda: server.stats()["connections"] == 1)
            self.assertTrue(exchange(server, b"", end=False).startswith(b"HTTP/1.1 503 "))
        wait_for(lambda: server.stats()["connections"] == 0)
        self.assertEqual(httpx.get(server.url).text, "x")


class StreamTest(Quiet):
    def test_back_pressure(self):
        count = 0

        async def body():
            nonlocal count
            for _ in range(1000):
                count += 1
                yield b"x" * 100_000

        server = self.start(lambda request: body())
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.recv(10)
            last = -1
            while last != count:
                last = count
                time.sleep(0.3)
            self.assertLess(count, 500)
        wait_for(lambda: server.stats()["in_flight"] == 0)

    def test_gone_client(self):
        ended = threading.Event()

        async def body():
            try:
                yield "first"
                await asyncio.sleep(1000)
            finally:
                ended.set()

        async def handler(request):
            return body()

        server = self.start(handler)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.recv(10)
        self.assertTrue(ended.wait(20))
        self.assertEqual(self.records, [])

    def test_gone_upload(self):
        failed = []

        async def handler(request):
            try:
                await request.body()
            except ConnectionResetError as error:
                failed.append(error)
                raise

        server = self.start(handler)
        exchange(server, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        wait_for(lambda: failed)
        wait_for(lambda: server.stats()["in_flight"] == 0)
        self.assertEqual(self.records, [])

    def test_error_in_a_stream(self):
        async def body():
            yield "first"
            raise ValueError("broken")

        server = self.start(lambda request: body())
        with self.assertRaises(httpx.HTTPError):
            httpx.get(server.url)
        wait_for(lambda: self.records)
        self.assertIs(self.records[0].exc_info[0], ValueError)

    def test_events(self):
        ended = threading.Event()

        async def source():
            try:
                yield "one\ntwo"
                yield tauraro.Event({"a": 1}, event="json", id="7", retry=5)
                await asyncio.sleep(0.2)
                yield 5
                await asyncio.sleep(1000)
            finally:
                ended.set()

        async def handler(request):
            return tauraro.events(source(), ping=0.05)

        server = self.start(handler)
        with httpx.stream("GET", server.url) as response:
            self.assertEqual(response.headers["content-type"], "text/event-stream")
            lines = []
            for line in response.iter_lines():
                lines.append(line)
                if line == "data: 5":
                    break
        expected = ["data: one", "data: two", "", "event: json", "id: 7", "retry: 5", 'data: {"a":1}', ""]
        self.assertEqual(lines[: len(expected)], expected)
        self.assertIn(": ping", lines)
        self.assertTrue(ended.wait(20))
        for wrong in (lambda: tauraro.Event("x", id="a\nb"), lambda: tauraro.Event("x", retry=-1)):
            with self.assertRaises(ValueError):
                wrong()
        with self.assertRaises(TypeError):
            tauraro.events(["x"])


class FileTest(Quiet):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "a.txt").write_bytes(bytes(range(256)) * 4)
        (self.folder / ".secret").write_text("no")
        (self.folder / "sub").mkdir()
        (self.folder / "sub" / "index.html").write_text("<p>index</p>")
        os.symlink("/etc/passwd", self.folder / "out")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(self.folder / "pipe"))
        self.server = self.start(routes={
            "/f/{path...}": tauraro.Files(self.folder), "/one": lambda request: self.folder / "a.txt",
            "/none": lambda request: self.folder / "none",
        })
        self.client = self.enterContext(httpx.Client(base_url=self.server.url))

    def test_files(self):
        content = (self.folder / "a.txt").read_bytes()
        for path in ("/f/a.txt", "/one"):
            answer = self.client.get(path)
            self.assertEqual(answer.content, content)
            self.assertEqual(answer.headers["content-type"], "text/plain; charset=utf-8")
            self.assertEqual(self.client.head(path).headers["content-length"], str(len(content)))
            tag = answer.headers["etag"]
            self.assertEqual(self.client.get(path, headers={"If-None-Match": tag}).status_code, 304)
            self.assertEqual(self.client.get(path, headers={"If-None-Match": '"x"'}).status_code, 200)
            since = {"If-Modified-Since": answer.headers["last-modified"]}
            self.assertEqual(self.client.get(path, headers=since).status_code, 304)
            for wanted, expected in {"0-0": (0, 1), "10-19": (10, 20), "1000-": (1000, 1024), "-5": (1019, 1024),
                                     "5-9999": (5, 1024)}.items():
                answer = self.client.get(path, headers={"Range": f"bytes={wanted}", "If-Range": tag})
                start, end = expected
                self.assertEqual((answer.status_code, answer.content), (206, content[start:end]))
                self.assertEqual(answer.headers["content-range"], f"bytes {start}-{end - 1}/1024")
            for wanted in ("1024-", "-0"):
                answer = self.client.get(path, headers={"Range": f"bytes={wanted}"})
                self.assertEqual((answer.status_code, answer.headers["content-range"]), (416, "bytes */1024"))
            for wanted in ("bytes=9-1", "bytes=x-1", "lines=1-2", "bytes=0-1,5-6", "bytes=-"):
                self.assertEqual(self.client.get(path, headers={"Range": wanted}).status_code, 200)
            self.assertEqual(self.client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"x"'}).status_code, 200)
        self.assertEqual(self.client.get("/f/sub/").text, "<p>index</p>")
        self.assertEqual(self.client.post("/f/a.txt").status_code, 405)

    def test_outside(self):
        for path in ("/f/.secret", "/f/out", "/f/pipe", "/f/none", "/f/", "/f/%2e%2e/x", "/f/sub%2f..%2fa.txt", "/f/a%00", "/none"):
            with self.subTest(path=path):
                request = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
                self.assertTrue(exchange(self.server, request).startswith(b"HTTP/1.1 404 "))
        self.assertEqual(self.records, [])

    def test_large_file(self):
        content = os.urandom(3_000_000)
        (self.folder / "large.bin").write_bytes(content)
        self.assertEqual(self.client.get("/f/large.bin").content, content)


class ServerTest(Quiet):
    def test_stats_and_stop(self):
        begun, release = threading.Event(), threading.Event()

        def handler(request):
            begun.set()
            release.wait(20)
            return "answered"

        server = tauraro.start(handler, port=0)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(httpx.get(server.url, timeout=30)))
        thread.start()
        self.assertTrue(begun.wait(20))
        self.assertEqual(server.stats(), {"connections": 1, "accepted": 1, "requests": 1, "in_flight": 1})
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        wait_for(lambda: self.refused(server))
        release.set()
        stopping.join()
        thread.join()
        # A request that had begun is answered, and the connection ends with it.
        self.assertEqual((answers[0].text, answers[0].headers["connection"]), ("answered", "close"))
        server.stop()

    def refused(self, server):
        try:
            socket.create_connection(("127.0.0.1", server.port)).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_stop_does_not_wait_for_ever(self):
        async def handler(request):
            await asyncio.sleep(1000)

        server = tauraro.start(handler, port=0)
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: server.stats()["in_flight"] == 1)
            server.stop(0.1)
            with self.assertRaises((ConnectionResetError, EOFError)):
                if not sock.recv(10):
                    raise EOFError

    def test_port_in_use(self):
        server = self.start(lambda request: "x")
        with self.assertRaises(OSError):
            tauraro.start(lambda request: "x", port=server.port)

    def test_with(self):
        with tauraro.start(lambda request: "x", port=0) as server:
            self.assertEqual(httpx.get(server.url).text, "x")
        self.assertTrue(self.refused(server))

    def test_listening(self):
        async def handler(request):
            return str(request.url.path)

        async def main():
            async with tauraro.listening(handler, port=0) as server:
                with self.assertRaises(RuntimeError):
                    server.stop()
                async with httpx.AsyncClient(base_url=server.url) as client:
                    answers = await asyncio.gather(*(client.get(f"/{number}") for number in range(20)))
            return [answer.text for answer in answers]

        self.assertEqual(asyncio.run(main()), [f"/{number}" for number in range(20)])

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "server.sock")

            async def handler(request):
                return {"client": request.client}

            with tauraro.start(handler, unix=path) as server:
                self.assertEqual((server.url, server.port), (f"http+unix://{path}", None))
                with httpx.Client(transport=httpx.HTTPTransport(uds=path)) as client:
                    self.assertEqual(client.get("http://localhost/").json(), {"client": None})
            self.assertFalse(os.path.exists(path))

    def test_access_log(self):
        lines = []
        log = io.StringIO()
        server = self.start(lambda request: "hello", access_log=lines.append)
        httpx.get(server.url + "/a?b=%0d%0ac")
        wait_for(lambda: lines)
        self.assertRegex(lines[0], r'^127\.0\.0\.1 "GET /a\?b=%0d%0ac HTTP/1\.1" 200 5 \d+\.\d{3}$')
        server = self.start(lambda request: "hello", access_log=log)
        httpx.get(server.url)
        wait_for(lambda: log.getvalue().endswith("\n"))

    def test_proxies(self):
        async def handler(request):
            return {"client": request.client and request.client[0], "scheme": request.scheme, "host": request.host}

        headers = {"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 127.0.0.2", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "b"}
        server = self.start(handler)
        answer = httpx.get(server.url, headers=headers).json()
        self.assertEqual(answer, {"client": "127.0.0.1", "scheme": "http", "host": f"127.0.0.1:{server.port}"})
        server = self.start(handler, trust_proxy=["127.0.0.0/8"])
        # The rightmost address that is not a proxy's counts: the ones before it are the client's claim.
        answer = httpx.get(server.url, headers=headers).json()
        self.assertEqual(answer, {"client": "1.2.3.4", "scheme": "https", "host": "b"})

    def test_tls(self):
        if "TAURARO_TEST_CLIENT_CERT" not in os.environ:
            self.skipTest("needs the certificates of the tests")
        server = self.start(lambda request: {"scheme": request.scheme},
                            tls=(os.environ["TAURARO_TEST_CLIENT_CERT"], os.environ["TAURARO_TEST_CLIENT_KEY"]))
        self.assertTrue(server.url.startswith("https://"))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with httpx.Client(verify=context, base_url=server.url) as client:
            for _ in range(2):
                self.assertEqual(client.get("/").json(), {"scheme": "https"})

    def test_many_requests(self):
        async def handler(request):
            if request.path == "/wait":
                await asyncio.sleep(0.001)
            return request.path

        async def main():
            async with tauraro.listening(handler, port=0) as server:
                async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
                    async def one(number):
                        path = "/wait" if number % 3 else f"/{number}"
                        return (await client.get(path)).text == path

                    self.assertTrue(all(await asyncio.gather(*(one(number) for number in range(500)))))
                self.assertEqual(server.stats()["requests"], 500)

        asyncio.run(main())


class WebSocketTest(Quiet):
    def test_websocket(self):
        import websockets
        from websockets.sync.client import connect

        @tauraro.websocket
        async def echo(connection):
            async for message in connection:
                await connection.send(f"{connection.request_params['name']}: {message}")

        server = self.start(routes={"/chat/{name}": echo, "/": lambda request: "http"})
        url = server.url.replace("http", "ws")
        with connect(url + "/chat/eve") as client:
            for text in ("one", "two" * 100_000):
                client.send(text)
                self.assertEqual(client.recv(), f"eve: {text}")
        self.assertEqual(httpx.get(server.url).text, "http")
        answer = httpx.get(server.url + "/chat/eve")
        self.assertEqual((answer.status_code, answer.headers["upgrade"]), (426, "websocket"))
        with self.assertRaises(websockets.InvalidStatus):
            connect(url + "/")

    def test_stop_closes(self):
        from websockets.exceptions import ConnectionClosed
        from websockets.sync.client import connect

        @tauraro.websocket
        async def wait(connection):
            await connection.wait_closed()

        server = tauraro.start(routes={"/": wait}, port=0)
        with connect(server.url.replace("http", "ws")) as client:
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            with self.assertRaises(ConnectionClosed) as caught:
                client.recv(timeout=20)
            stopping.join()
        self.assertEqual(caught.exception.rcvd.code, 1001)


if __name__ == "__main__":
    unittest.main()
