"""`NO_PROXY`: which URLs are asked for directly, and what cannot be read in it."""

import os
import unittest
from unittest.mock import patch

import httpx
from recording_server import RecordingServer

PROXY = "http://127.0.0.1:9"


def is_direct(no_proxy, url):
    """Whether a request to `url` would go past the proxy."""
    with patch.dict(os.environ, {"ALL_PROXY": PROXY, "NO_PROXY": no_proxy}), httpx.Client() as client:
        return client._transport_for_url(httpx.URL(url)) is client._transport


class NoProxy(unittest.TestCase):
    def setUp(self):
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.enterContext(patch.dict(os.environ, environment, clear=True))

    def test_what_is_direct(self):
        for no_proxy, url in [
            ("example.com", "http://example.com/"),
            ("example.com", "https://www.example.com:8443/"),
            (".example.com", "http://www.example.com/"),
            ("*.example.com", "http://www.example.com/"),
            ("EXAMPLE.com", "http://example.com/"),
            ("localhost", "http://localhost:8000/"),
            ("127.0.0.1", "http://127.0.0.1:8000/"),
            ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
            ("example.com:8000", "http://example.com:8000/"),
            ("example.com:80", "http://example.com/"),
            ("example.com:443", "https://example.com/"),
            ("10.0.0.0/8", "http://10.1.2.3/"),
            ("192.168.1.0/24", "http://192.168.1.255:81/"),
            ("192.168.1.1/32", "http://192.168.1.1/"),
            ("0.0.0.0/0", "http://8.8.8.8/"),
            ("::1", "http://[::1]:8000/"),
            ("[::1]", "http://[::1]:8000/"),
            ("[::1]:8000", "http://[::1]:8000/"),
            ("[::1]:80", "http://[::1]/"),
            ("0:0:0:0:0:0:0:1", "http://[::1]/"),
            ("::1/128", "http://[::1]/"),
            ("fe80::/10", "http://[fe80::1]/"),
            ("fe80::/10", "http://[febf::1%25lo]/"),
            ("2001:db8::/32", "https://[2001:db8:1::1]:8443/"),
            ("http://example.com", "http://example.com/"),
            ("a.example, b.example ,c.example", "http://b.example/"),
            ("*", "http://example.com/"),
        ]:
            with self.subTest(no_proxy, url=url):
                self.assertTrue(is_direct(no_proxy, url))

    def test_what_is_not(self):
        for no_proxy, url in [
            ("", "http://example.com/"),
            ("example.com", "http://notexample.com/"),
            (".example.com", "http://example.com/"),
            ("127.0.0.1:8000", "http://127.0.0.1:8001/"),
            ("example.com:80", "https://example.com/"),
            ("example.com:80", "http://example.com:8000/"),
            ("10.0.0.0/8", "http://11.0.0.1/"),
            ("10.0.0.0/8", "http://10.example.com/"),
            ("192.168.1.0/25", "http://192.168.1.200/"),
            ("::1/128", "http://[::2]/"),
            ("[::1]:80", "http://[::1]:8000/"),
            ("fe80::/10", "http://[fec0::1]/"),
            ("::/0", "http://8.8.8.8/"),
            ("0.0.0.0/0", "http://[::1]/"),
        ]:
            with self.subTest(no_proxy, url=url):
                self.assertFalse(is_direct(no_proxy, url))

    def test_what_cannot_be_read_is_skipped(self):
        for item in [
            "fe80::/129", "::1/x", "::1/", "::1/-1", "10.0.0.0/33", "[::1", "::1]", "[", "]", "[]", "[]:80", ":", ":80", "::", ":::",
            "host:port", "host:99999999999999999999", "[::1]x", "http://[", "http://host:port", "://", "☃", "a b", "%", "\x7f", "1.2.3.4.5", "/", "//", "?#@",
        ]:
            with self.subTest(item):
                self.assertTrue(is_direct(f"{item},last.example", "http://last.example/"))
                self.assertTrue(is_direct(f"last.example,{item}", "http://last.example/"))
                self.assertFalse(is_direct(f"{item},last.example", "http://other.example/"))

    def test_requests(self):
        with RecordingServer() as server:
            os.environ.update({"HTTP_PROXY": PROXY, "NO_PROXY": "fe80::/10,::1/128,host:port,127.0.0.0/8"})
            self.assertEqual(httpx.get(server.url).status_code, 200)
            with httpx.Client() as client:
                self.assertEqual(client.get(server.url).status_code, 200)

    def test_a_proxy_that_cannot_be_read_is_an_error(self):
        os.environ["ALL_PROXY"] = "http://[::1"
        with self.assertRaises(httpx.InvalidURL):
            httpx.Client()


if __name__ == "__main__":
    unittest.main()
