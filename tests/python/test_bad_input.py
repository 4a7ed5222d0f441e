"""Bad arguments and bad answers: each has its exception, and the client stays usable."""

import os
import socket
import sys
import threading
import unittest

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]
ON_TAURARO = sys.implementation.name != "cpython"


class ArgumentTest(unittest.TestCase):
    def setUp(self):
        self.client = httpx.Client(timeout=5.0)
        self.addCleanup(self.client.close)
        self.addCleanup(lambda: self.assertEqual(self.client.get(f"{URL}/json").status_code, 200))

    def test_urls(self):
        missing = "Request URL is missing an 'http://' or 'https://' protocol."
        table = [
            ("", httpx.UnsupportedProtocol, missing),
            ("example.org", httpx.UnsupportedProtocol, missing),
            ("/path", httpx.UnsupportedProtocol, missing),
            ("//example.org/", httpx.UnsupportedProtocol, missing),
            ("ftp://example.org/", httpx.UnsupportedProtocol, "Request URL has an unsupported protocol 'ftp://'."),
            ("file:///etc/passwd", httpx.UnsupportedProtocol, missing),
            ("http://exa mple.org:x/", httpx.InvalidURL, ""),
            ("http://example.org:port/", httpx.InvalidURL, "Invalid port"),
            ("http://127.0.0.1:99999/", (httpx.InvalidURL, httpx.ConnectError, OverflowError), ""),
            ("http://[::1/", httpx.InvalidURL, ""),
            ("http://example.org/\x00", httpx.InvalidURL, "non-printable"),
            ("http://example.org/" + "a" * 70_000, httpx.InvalidURL, "URL too long"),
            ("http://\u2603.\udcff/", (httpx.InvalidURL, UnicodeError), ""),
            (1, TypeError, ""),
            (None, TypeError, ""),
            (b"http://example.org/", TypeError, ""),
        ]
        for url, error, message in table:
            with self.subTest(url=str(url)[:40]), self.assertRaisesRegex(error, message):
                self.client.get(url)

    def test_the_error_knows_its_request(self):
        with self.assertRaises(httpx.UnsupportedProtocol) as caught:
            self.client.get("ftp://example.org/")
        self.assertEqual(str(caught.exception.request.url), "ftp://example.org/")

    def test_methods(self):
        for method in ["", "GE T", "G\r\nET", "G\u00e9T", "GET/", "(x)"]:
            with self.subTest(method=method), self.assertRaises((httpx.LocalProtocolError, TypeError)):
                self.client.request(method, f"{URL}/echo")
        for method in [None, 1]:
            with self.subTest(method=method), self.assertRaises((TypeError, AttributeError)):
                self.client.request(method, f"{URL}/echo")

    def test_headers_that_would_split_the_request(self):
        for headers in [
            {"X": "a\r\nInjected: 1"},
            {"X": "a\nb"},
            {"X\r\nInjected": "1"},
            {"X Y": "1"},
            {"": "1"},
            {"X:": "1"},
            {"X": "a\x00b"},
            {b"X": b"a\r\n"},
        ]:
            with self.subTest(headers=headers):
                try:
                    answer = self.client.get(f"{URL}/headers", headers=headers).json()["headers"]
                except httpx.LocalProtocolError:
                    continue
                self.assertNotIn("injected", {name.lower() for name, _ in answer})
                self.assertEqual(headers, {b"X": b"a\r\n"}, "only white space at the end may go")

    def test_headers_of_the_wrong_type(self):
        for headers in [1, {"a": 1}, {"a": None}, [("a",)], {1: "a"}, "text", {"a": ["b"]}]:
            with self.subTest(headers=headers), self.assertRaises((TypeError, ValueError, AttributeError)):
                self.client.get(f"{URL}/headers", headers=headers)

    def test_a_content_length_that_is_no_number(self):
        for length in ["x", "-1", "1, 2", "99999999999999999999999999"]:
            with self.subTest(length=length), self.assertRaises((httpx.LocalProtocolError, httpx.TransportError)):
                self.client.post(f"{URL}/echo", content=b"ab", headers={"Content-Length": length}, timeout=1.0)

    def test_params(self):
        for params in [1, object()]:
            with self.subTest(params=params), self.assertRaises((TypeError, ValueError, AttributeError)):
                self.client.get(f"{URL}/echo", params=params)

    def test_timeouts(self):
        for timeout in ["x", object()]:
            with self.subTest(timeout=timeout), self.assertRaises((TypeError, ValueError, AssertionError)):
                self.client.get(f"{URL}/json", timeout=timeout)
        if ON_TAURARO:
            for timeout in [-1, float("nan"), {"nonsense": 1}, {"read": "x"}]:
                with self.subTest(timeout=timeout), self.assertRaises((TypeError, ValueError)):
                    self.client.get(f"{URL}/json", timeout=timeout)

    def test_an_extension_that_is_no_timeout(self):
        if not ON_TAURARO:
            self.skipTest("PyPI's httpx fails within")
        for timeout in [1, {"read": "x"}, {"read": -1}, {"read": float("inf")}]:
            with self.subTest(timeout=timeout), self.assertRaises((TypeError, ValueError)):
                self.client.get(f"{URL}/json", extensions={"timeout": timeout})

    def test_json_that_is_none(self):
        loop = []
        loop.append(loop)
        for value, error in [({1, 2}, TypeError), (loop, ValueError), (float("inf"), ValueError), (b"x", TypeError)]:
            with self.subTest(error=error), self.assertRaises(error):
                self.client.post(f"{URL}/echo", json=value)

    def test_lone_surrogates(self):
        for arguments in [
            {"content": "\udc80"},
            {"json": "\udc80"},
            {"data": {"a": "\udc80"}},
            {"data": {"\udc80": "a"}},
            {"headers": {"a": "\udc80"}},
            {"files": {"f": "\udc80"}},
            {"auth": ("\udc80", "x")},
        ]:
            with self.subTest(list(arguments)[0]), self.assertRaises(UnicodeError):
                self.client.post(f"{URL}/echo", **arguments)

    def test_files(self):
        for files in [{"f": ("a",)}, {"f": ("a", b"b", "c", {}, "e")}, [("f",)], {1: b"x"}]:
            with self.subTest(files=files), self.assertRaises((TypeError, ValueError)):
                self.client.post(f"{URL}/echo", files=files)

    @unittest.skipUnless(ON_TAURARO, "not Tauraro")
    def test_client_arguments(self):
        for arguments in [
            {"max_redirects": -1},
            {"max_redirects": "x"},
            {"http1": False, "http2": False},
            {"verify": 1.5},
            {"cert": 1},
            {"cert": ("a", "b", "c", "d")},
            {"limits": 5},
            {"base_url": 1},
            {"max_decoded_size": -1},
            {"event_hooks": 1},
            {"params": 1},
            {"cookies": 1},
        ]:
            with self.subTest(arguments), self.assertRaises((TypeError, ValueError, AttributeError, OverflowError)):
                httpx.Client(**arguments)

    def test_a_class_that_was_not_initialised(self):
        for call in [
            lambda: httpx.Client.__new__(httpx.Client).get(URL),
            lambda: httpx.Client.__new__(httpx.Client).headers,
            lambda: httpx.Request.__new__(httpx.Request).url,
            lambda: repr(httpx.Request.__new__(httpx.Request)),
            lambda: self.client.send(httpx.Request.__new__(httpx.Request)),
        ]:
            with self.assertRaises((AttributeError, RuntimeError)):
                call()


class AnswerTest(unittest.TestCase):
    """Answers as raw bytes from a server of one connection."""

    def answer(self, data, **kwargs):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve():
            try:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(5)
                    head = b""
                    while b"\r\n\r\n" not in head:
                        received = connection.recv(65_536)
                        if not received:
                            return
                        head += received
                    connection.sendall(data)
            except OSError:
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            return httpx.get(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=5.0, **kwargs)
        finally:
            thread.join()

    def test_good_ones(self):
        self.assertEqual(self.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").text, "ok")
        self.assertEqual(self.answer(b"HTTP/1.0 200 OK\r\n\r\nuntil the end").text, "until the end")
        response = self.answer(b"HTTP/1.1 299 Odd One\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((response.status_code, response.reason_phrase), (299, "Odd One"))

    def test_no_http(self):
        for data in [
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        ]:
            with self.subTest(data=data), self.assertRaises(httpx.RemoteProtocolError):
                self.answer(data)

    def test_content_that_does_not_decode(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
        with self.assertRaises(httpx.DecodingError) as caught:
            self.answer(head + b"junk")
        self.assertEqual(caught.exception.request.method, "GET")

    def test_redirects_to_nowhere(self):
        head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n"
        for location in [b"http://[::1/", b"http://x:port/", b"\x00"]:
            with self.subTest(location=location), self.assertRaises(httpx.RemoteProtocolError):
                self.answer(head % location, follow_redirects=True)

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with self.assertRaises(httpx.ConnectError) as caught:
            httpx.get(f"http://127.0.0.1:{port}/")
        self.assertEqual(caught.exception.request.url.port, port)

    def test_a_name_that_does_not_resolve(self):
        with self.assertRaises(httpx.ConnectError):
            httpx.get("http://does-not-exist.invalid/")


if __name__ == "__main__":
    unittest.main()
