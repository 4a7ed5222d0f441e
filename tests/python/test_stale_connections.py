"""Connections that the server closes just as the next request goes out: what is sent again, and what is not."""

import asyncio
import unittest

import httpx
from hostile import GOOD, ON_TAURARO, Both, RawServer, reset

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class ClosingServer(RawServer):
    """Answers the first request of a connection, and closes the connection when another arrives on it."""

    def __init__(self, hang_up, answers=1):
        super().__init__()
        self.hang_up = hang_up
        self.most = answers
        self.refused = []

    def serve(self, connection):
        connection.settimeout(30)
        try:
            for _ in range(self.most):
                head = self.read(connection)
                if not head:
                    return
                self.requests.append(head.split(b" ")[0])
                connection.sendall(ANSWER.removesuffix(b"ok") if head.startswith(b"HEAD ") else ANSWER)
            head = self.read(connection)
            if head:
                self.refused.append(head.split(b" ")[0])
                self.hang_up(connection)
        except OSError:
            pass
        finally:
            connection.close()
            self.count(-1)

    def read(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            received = connection.recv(65536)
            if not received:
                return b""
            data += received
        head, _, body = data.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += connection.recv(65536)
        return head


HANG_UPS = {"FIN": lambda connection: connection.close(), "RST": reset}
SAFE = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]


@unittest.skipUnless(ON_TAURARO, "PyPI's httpx fails")
class StaleTest(Both):
    def setUp(self):
        super().setUp()
        self.enterContext(self.nothing_left())

    def tearDown(self):
        self.close()

    def cases(self):
        for name, hang_up in HANG_UPS.items():
            for kind in ("sync", "async"):
                with self.subTest(kind=kind, how=name), ClosingServer(hang_up) as server:
                    self.make()
                    request = self.clients[kind].request
                    self.assertEqual(self.call(kind, request, "GET", server.url).content, b"ok")
                    yield kind, server, lambda *args, **kwargs: self.call(kind, request, *args, **kwargs)
                    self.close()

    def test_what_may_be_repeated_is(self):
        for kind, server, request in self.cases():
            for method in SAFE:
                self.assertEqual(request(method, server.url).status_code, 200)
                self.assertEqual((server.refused.pop(), server.refused), (method.encode(), []))
            self.assertEqual(server.requests, [b"GET", *(method.encode() for method in SAFE)])

    def test_a_body_is_repeated(self):
        for kind, server, request in self.cases():
            for size in (10, 1_000_000):
                self.assertEqual(request("PUT", server.url, content=b"x" * size).content, b"ok")
                self.assertEqual((server.refused.pop(), server.refused), (b"PUT", []))

    def test_what_may_have_been_done_is_not_repeated(self):
        for kind, server, request in self.cases():
            for method in ("POST", "PATCH", "TRANSFER"):
                with self.assertRaises((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
                    request(method, server.url, content=b"x")
                self.assertEqual((server.refused.pop(), server.refused), (method.encode(), []))
                self.assertEqual(request("GET", server.url).content, b"ok")  # another connection to spoil
            self.assertEqual(set(server.requests), {b"GET"})

    def test_a_body_that_cannot_be_had_again_is_not_repeated(self):
        async def chunks_async():
            yield b"x"

        for kind, server, request in self.cases():
            with self.assertRaises((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
                request("PUT", server.url, content=iter([b"x"]) if kind == "sync" else chunks_async())
            self.assertEqual(server.refused, [b"PUT"])

    def test_the_first_request_of_a_connection_is_not_repeated(self):
        for name, hang_up in HANG_UPS.items():
            for kind in ("sync", "async"):
                with self.subTest(kind=kind, how=name), ClosingServer(hang_up, answers=0) as server:
                    self.make()
                    with self.assertRaises((httpx.RemoteProtocolError, httpx.ReadError)):
                        self.call(kind, self.clients[kind].get, server.url)
                    self.assertEqual(server.refused, [b"GET"])
                    self.close()

    def test_many_at_once(self):
        async def run(server):
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                for _ in range(10):
                    answers = await asyncio.gather(*(client.get(server.url) for _ in range(50)))
                    self.assertEqual({answer.content for answer in answers}, {b"ok"})

        for name, hang_up in HANG_UPS.items():
            with self.subTest(how=name), ClosingServer(hang_up) as server:
                self.call("async", run, server)
                self.assertEqual(len(server.requests), 500)

    def test_connections_closed_while_idle(self):
        """A server that closes its connections after each answer, without saying so."""
        with RawServer({"/once": GOOD}) as server:
            self.make()
            for kind, client in self.clients.items():
                for _ in range(200):
                    self.assertEqual(self.call(kind, client.get, f"{server.url}/once").content, b"good")
            self.assertEqual(len(server.requests), 400)
            self.close()


if __name__ == "__main__":
    unittest.main()
