"""The faces of other servers: `SockHTTP` and `http_2`."""

import asyncio
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import httpx

SOCKHTTP = """
import time
from SockHTTP.httpServer import Server
from SockHTTP.response import Response
from SockHTTP.request import Method

def reverse(request):
    return Response(200, request.body[::-1])

def echo(request):
    return Response(201, f"{request} {request.headers['X-A']}", {"Content-Type": "a/b"})

def sleep(request):
    time.sleep(0.5)
    return Response(200, None)

routes = {
    "Reverse": {"pattern": r"^/reverse$", "method": Method.GET, "handler": reverse},
    "Echo": {"pattern": r"^/echo/\\w+", "method": Method.POST, "handler": echo},
    "Sleep": {"pattern": r"^/sleep$", "method": Method.GET, "handler": sleep},
    "Fail": {"pattern": r"^/fail$", "method": Method.GET, "handler": lambda request: 1 // 0},
}
Server(routes, thread_pool_size=8).start(%d)
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until_open(port):
    end = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class SockHTTPTest(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.port = free_port()
        script = Path(folder, "server.py")
        script.write_text(SOCKHTTP % self.port)
        process = subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until_open(self.port)
        self.client = self.enterContext(httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30))

    def test_routes(self):
        answer = self.client.request("GET", "/reverse", content="h\u00e9llo".encode())
        self.assertEqual((answer.status_code, answer.text), (200, "oll\u00e9h"))
        self.assertEqual(answer.headers["content-type"], "text/html")
        answer = self.client.post("/echo/x?y", headers={"X-A": "b"})
        self.assertEqual((answer.status_code, answer.text), (201, "POST /echo/x?y b"))
        self.assertEqual(answer.headers["content-type"], "a/b")
        self.assertEqual(self.client.get("/echo/x").status_code, 405)
        self.assertEqual(self.client.get("/none").status_code, 404)
        self.assertEqual(self.client.get("/fail").status_code, 500)

    def test_keep_alive_is_asked_for(self):
        for field, kept in (("Connection: keep-alive\r\n", True), ("", False)):
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as sock:
                sock.sendall(f"GET /none HTTP/1.1\r\nHost: a\r\n{field}\r\n".encode())
                self.assertEqual(b"Connection: close" in sock.recv(1000), not kept)

    def test_handlers_run_together(self):
        begun = time.monotonic()
        threads = [threading.Thread(target=self.client.get, args=("/sleep",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Eight in a row would take 4 s; that they overlap at all is what counts here.
        self.assertLess(time.monotonic() - begun, 4)

    def test_requests_from_bytes(self):
        from SockHTTP.request import Request
        from SockHTTP.response import Response

        request = Request(b"POST /a HTTP/1.1\r\nContent-Length: 2\r\nX: y\r\n\r\nhi")
        self.assertEqual((str(request), request.headers["X"], request.body), ("POST /a", "y", "hi"))
        self.assertIsNone(Request(b"GET / HTTP/1.1\r\n\r\n").body)
        with self.assertRaises(ValueError):
            Request(b"nonsense\r\n\r\n")
        self.assertEqual(
            Response(299, "h\u00e9").encode(),
            b"HTTP/1.1 299 Unknown\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nh\xc3\xa9",
        )
        with self.assertRaises(ValueError):
            Response(200, "", {"X": "a\r\nb"}).encode()


class Http2FaceTest(unittest.TestCase):
    def test_names_of_both_releases(self):
        from http_2.common_http_object import GenericHttpRequest, GenericHttpResponse
        from http_2.http1_response import GeneralHttp1Response, StreamingResponse
        from http_2.public.expect_continue_chains import CONTINUE_CHAINS, Continue100Chain
        from http_2.public.expect_continue_exception import UnauthorizedException
        from http_2.public.request import HttpRequest
        from http_2.public.response import HttpResponse
        from http_2.server import AsyncServerExecutor, Server
        from http_2.status_code import StatusCode

        self.assertEqual(len(StatusCode), 62)
        self.assertEqual((StatusCode.NOT_FOUND.status_code, StatusCode.NOT_FOUND.text), (404, "Not Found"))
        port = free_port()
        server = Server(port)

        @server.route("/hello", methods=["GET", "POST"])
        async def hello(http_request: HttpRequest, http_response: HttpResponse):
            self.assertIsNone(http_response)
            return HttpResponse(body="hello " + http_request.body)

        @server.get_mapping("/sse")
        async def events(http_request: GenericHttpRequest, http_response: GenericHttpResponse):
            async def source():
                for number in range(3):
                    yield number

            return StreamingResponse(source())

        @server.get_mapping("/filled")
        async def filled(http_request, connection):
            response = GenericHttpResponse(StatusCode.CREATED)
            response.update_headers({"x-query": http_request.query_params["a"]})
            response.body = connection is not None
            return response

        @server.get_mapping("/old")
        async def old(http_request, http_response):
            return GeneralHttp1Response(StatusCode.ACCEPTED, body="h\u00e9")

        @CONTINUE_CHAINS.add
        class Check(Continue100Chain):
            def __call__(self, method, uri, protocol, headers):
                if headers.get("token") == "wrong":
                    raise UnauthorizedException("invalid token")

        async def main():
            executor = AsyncServerExecutor()
            executor.add_server(server)
            await executor.__aenter__()
            running = asyncio.create_task(executor.execute_forever())
            await asyncio.to_thread(wait_until_open, port)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                answers = {
                    "hello": await client.post("/hello", content=b"you"),
                    "slash": await client.get("/hello/"),
                    "sse": await client.get("/sse"),
                    "filled": await client.get("/filled?a=b"),
                    "old": await client.get("/old"),
                    "none": await client.get("/none"),
                    "refused": await client.post("/hello", content=b"x", headers={"Expect": "100-continue", "token": "wrong"}),
                }
            await executor.__aexit__("", "", "")
            self.assertTrue(running.cancelled() or running.done())
            return answers

        answers = asyncio.run(main())
        self.assertEqual(answers["hello"].text, "hello you")
        self.assertTrue(answers["hello"].headers["server"].startswith("Ganae-soogongup/"))
        self.assertEqual(answers["slash"].text, "hello ")
        self.assertEqual((answers["sse"].text, answers["sse"].headers["content-type"]), ("012", "text/event-stream"))
        self.assertEqual((answers["filled"].status_code, answers["filled"].headers["x-query"]), (201, "b"))
        self.assertEqual(answers["filled"].text, "True")
        self.assertEqual((answers["old"].status_code, answers["old"].text), (202, "h\u00e9"))
        self.assertEqual((answers["none"].status_code, answers["none"].text), (404, "There is no endpoints under path /none"))
        self.assertEqual((answers["refused"].status_code, answers["refused"].text), (401, "invalid token"))

    def test_trie(self):
        from http_2.data_structure import Trie

        trie = Trie()
        for path, function in (("/", 1), ("/a/b", 2), ("/a/b/c/", 3)):
            trie.add(path, function)
        found = [trie.search(path) for path in ("/", "/a/b", "/a/b/", "/a/b/c", "/a", "/x")]
        self.assertEqual(found, [1, 2, 2, 3, None, None])
        for path in ("", "/a.b", "/a;b", "/a,b"):
            with self.assertRaises(RuntimeError):
                trie.add(path, 1)


if __name__ == "__main__":
    unittest.main()
