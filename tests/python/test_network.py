"""Requests' `target`, `sni_hostname` and `trace`; responses' `network_stream`; the transports' sockets."""

import asyncio
import os
import socket
import threading
import unittest

import httpx

HTTP = os.environ["TAURARO_TEST_HTTP"]
HTTPS = os.environ["TAURARO_TEST_HTTPS"]
RAW = os.environ["TAURARO_TEST_RAW"]
PROXY = os.environ["TAURARO_TEST_PROXY"]
UDS = os.environ["TAURARO_TEST_UDS"]
CA = os.environ["TAURARO_TEST_CA"]
UPSTREAM = hasattr(httpx, "_client")
UPGRADE = {"Connection": "Upgrade", "Upgrade": "echo"}


def trusting():
    context = httpx.create_ssl_context()
    context.load_verify_locations(CA)
    return context


class ExtensionsTest(unittest.TestCase):
    def test_target(self):
        with httpx.Client() as client:
            for method, target in [("OPTIONS", b"*"), ("GET", b"/a/../b"), ("GET", b"//a//b")]:
                response = client.request(method, RAW, extensions={"target": target})
                line = response.content.split(b"\r\n")[0]
                self.assertEqual(line, method.encode() + b" " + target + b" HTTP/1.1")

    def test_sni_hostname(self):
        with httpx.Client(verify=trusting(), trust_env=False) as client:
            response = client.get(f"{HTTPS}/echo", extensions={"sni_hostname": "origin.test"})
            self.assertEqual(response.json()["sni"], "origin.test")
        with httpx.Client(verify=trusting(), trust_env=False) as client:
            with self.assertRaises(httpx.ConnectError):
                client.get(f"{HTTPS}/echo", extensions={"sni_hostname": "nobody.test"})

    def test_trace(self):
        events = []
        with httpx.Client() as client:
            extensions = {"trace": lambda name, info: events.append((name, info))}
            client.post(f"{HTTP}/echo", content=b"body", extensions=extensions)
        names = [name for name, _ in events]
        expected = [
            f"{step}.{stage}"
            for step in (
                "connection.connect_tcp",
                "http11.send_request_headers",
                "http11.send_request_body",
                "http11.receive_response_headers",
                "http11.receive_response_body",
                "http11.response_closed",
            )
            for stage in ("started", "complete")
        ]
        self.assertEqual(names, expected)
        infos = dict(events)
        self.assertEqual(infos["connection.connect_tcp.started"]["host"], "127.0.0.1")
        answer = infos["http11.receive_response_headers.complete"]["return_value"]
        self.assertEqual(answer[:3], (b"HTTP/1.1", 200, b"OK"))
        self.assertIn(b"application/json", [value for _, value in answer[3]])

    def test_trace_of_a_response_that_is_not_read(self):
        names = []
        with httpx.Client() as client:
            extensions = {"trace": lambda name, info: names.append(name)}
            with client.stream("GET", f"{HTTP}/drip?bytes=1000", extensions=extensions):
                pass
        self.assertEqual(names[-2:], ["http11.response_closed.started", "http11.response_closed.complete"])

    def test_trace_of_failures(self):
        events = []
        with httpx.Client() as client, self.assertRaises(httpx.ConnectError):
            extensions = {"trace": lambda name, info: events.append((name, info))}
            client.get("http://127.0.0.1:9/", extensions=extensions)
        name, info = events[-1]
        self.assertEqual(name, "connection.connect_tcp.failed")
        self.assertIsInstance(info["exception"], Exception)

    def test_what_trace_raises(self):
        def trace(name, info):
            raise KeyError(name)

        with httpx.Client() as client, self.assertRaisesRegex(KeyError, "connect_tcp.started"):
            client.get(HTTP, extensions={"trace": trace})

    def test_trace_of_uploads(self):
        names = []
        with httpx.Client() as client:
            extensions = {"trace": lambda name, info: names.append(name)}
            client.post(f"{HTTP}/upload", content=iter([b"a", b"b"]), extensions=extensions)
        self.assertIn("http11.send_request_body.complete", names)
        self.assertEqual(names[-1], "http11.response_closed.complete")

    def test_trace_with_await(self):
        names = []

        async def trace(name, info):
            await asyncio.sleep(0)
            names.append(name)

        async def main():
            async with httpx.AsyncClient() as client:
                await client.get(f"{HTTP}/echo", extensions={"trace": trace})

        asyncio.run(main())
        self.assertEqual(names[0], "connection.connect_tcp.started")
        self.assertEqual(names[-1], "http11.response_closed.complete")

    def test_trace_must_fit_the_client(self):
        async def trace(name, info):
            pass

        with httpx.Client() as client, self.assertRaises(TypeError):
            client.get(HTTP, extensions={"trace": trace})

    @unittest.skipIf(UPSTREAM, "httpx looks at them late")
    def test_bad_extensions(self):
        for extensions in ({"target": "/text"}, {"sni_hostname": 1}, {"trace": "no function"}):
            with httpx.Client() as client, self.assertRaisesRegex(TypeError, next(iter(extensions))):
                client.get(HTTP, extensions=extensions)


class NetworkStreamTest(unittest.TestCase):
    def test_addresses(self):
        with httpx.Client() as client:
            stream = client.get(f"{HTTP}/echo").extensions["network_stream"]
            if not UPSTREAM:
                self.assertEqual(stream.get_extra_info("server_addr"), ("127.0.0.1", httpx.URL(HTTP).port))
                self.assertIsNone(stream.get_extra_info("nothing"))
                with self.assertRaises(RuntimeError):
                    stream.read(1)

    def test_an_upgraded_connection(self):
        with httpx.Client() as client:
            with client.stream("GET", f"{HTTP}/upgrade", headers=UPGRADE) as response:
                self.assertEqual(response.status_code, 101)
                stream = response.extensions["network_stream"]
                self.assertEqual(stream.get_extra_info("server_addr")[1], httpx.URL(HTTP).port)
                stream.write(b"ping")
                self.assertEqual(stream.read(2), b"pi")
                self.assertEqual(stream.read(max_bytes=100, timeout=5), b"ng")
                with self.assertRaises(Exception if UPSTREAM else httpx.ReadTimeout):
                    stream.read(1, timeout=0.01)
                stream.write(bytearray(b"still there"), timeout=5)
                self.assertEqual(stream.read(100), b"still there")

    @unittest.skipIf(UPSTREAM, "an httpcore exception there")
    def test_it_ends_with_the_response(self):
        with httpx.Client() as client:
            with client.stream("GET", f"{HTTP}/upgrade", headers=UPGRADE) as response:
                stream = response.extensions["network_stream"]
            for use in (lambda: stream.read(1), lambda: stream.write(b"x")):
                with self.assertRaises(httpx.NetworkError):
                    use()
            stream.close()
            with client.stream("GET", f"{HTTP}/upgrade", headers=UPGRADE) as response:
                stream = response.extensions["network_stream"]
                stream.close()
                with self.assertRaises(httpx.ReadError):
                    stream.read(1)
            with self.assertRaises(NotImplementedError):
                stream.start_tls(None)

    @unittest.skipIf(UPSTREAM, "an httpcore exception there")
    def test_closing_ends_a_read_of_another_thread(self):
        with httpx.Client() as client:
            with client.stream("GET", f"{HTTP}/upgrade", headers=UPGRADE) as response:
                stream = response.extensions["network_stream"]
                outcome = []

                def read():
                    try:
                        outcome.append(stream.read(1))
                    except httpx.ReadError as error:
                        outcome.append(error)

                thread = threading.Thread(target=read)
                thread.start()
                stream.write(b"x")
                thread.join()
                self.assertEqual(outcome.pop(), b"x")
                thread = threading.Thread(target=read)
                thread.start()
                stream.close()
                thread.join()
                self.assertIsInstance(outcome.pop(), httpx.ReadError)

    def test_a_tunnel(self):
        target = httpx.URL(HTTP).netloc
        with httpx.Client() as client:
            extensions = {"target": target}
            with client.stream("CONNECT", PROXY, extensions=extensions) as response:
                self.assertEqual(response.status_code, 200)
                stream = response.extensions["network_stream"]
                stream.write(b"GET /status/204 HTTP/1.1\r\nHost: " + target + b"\r\n\r\n")
                self.assertTrue(stream.read(1000).startswith(b"HTTP/1.1 204 "))

    def test_await(self):
        async def main():
            async with httpx.AsyncClient() as client:
                async with client.stream("GET", f"{HTTP}/upgrade", headers=UPGRADE) as response:
                    stream = response.extensions["network_stream"]
                    await stream.write(b"ping")
                    first = await stream.read(100)
                    reading = asyncio.ensure_future(stream.read(100))
                    await asyncio.sleep(0)
                    await stream.write(b"pong", timeout=5)
                    second = await reading
                    cancelled = asyncio.ensure_future(stream.read(1))
                    await asyncio.sleep(0)
                    cancelled.cancel()
                    await asyncio.wait([cancelled])
                    await stream.write(b"again")
                    third = await stream.read(100)
                    await stream.aclose()
                    return first, second, cancelled.cancelled(), third

        self.assertEqual(asyncio.run(main()), (b"ping", b"pong", True, b"again"))


class SocketsTest(unittest.TestCase):
    def test_a_unix_socket(self):
        with httpx.Client(transport=httpx.HTTPTransport(uds=UDS)) as client:
            self.assertEqual(client.get("http://anything/echo").json()["authority"], "anything")
        with httpx.Client(transport=httpx.HTTPTransport(uds="/nowhere.sock")) as client:
            with self.assertRaises(httpx.ConnectError):
                client.get("http://anything/")

    def test_a_unix_socket_with_await(self):
        async def main():
            async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=UDS)) as client:
                return (await client.get("http://anything/status/204")).status_code

        self.assertEqual(asyncio.run(main()), 204)

    def test_socket_options(self):
        options = [
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.SOL_SOCKET, socket.SO_RCVBUF, (65536).to_bytes(4, "little")),
        ]
        with httpx.Client(transport=httpx.HTTPTransport(socket_options=options)) as client:
            self.assertEqual(client.get(f"{HTTP}/status/200").status_code, 200)

    @unittest.skipIf(UPSTREAM, "httpx finds out when it connects")
    def test_bad_arguments(self):
        for options in ([1], [(1, 2)], [(1, 2, "text")], [(1, 2, 3, 4, 5)], 5):
            with self.assertRaises(TypeError):
                httpx.HTTPTransport(socket_options=options)
        with self.assertRaises(ValueError):
            httpx.HTTPTransport(local_address="not an address")
        with self.assertRaises(ValueError):
            httpx.HTTPTransport(retries=-1)

    def test_the_local_address(self):
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.1", retries=1)) as client:
            self.assertEqual(client.get(f"{HTTP}/status/200").status_code, 200)


if __name__ == "__main__":
    unittest.main()
