"""Proxies: the class, and what goes through them."""

import asyncio
import os
import unittest

import httpx

HTTP = os.environ["TAURARO_TEST_HTTP"]
HTTPS = os.environ["TAURARO_TEST_HTTPS"]
PROXY = os.environ["TAURARO_TEST_PROXY"]
TLS_PROXY = os.environ["TAURARO_TEST_PROXY_TLS"]
GUARDED = os.environ["TAURARO_TEST_PROXY_GUARDED"]
SOCKS = os.environ["TAURARO_TEST_SOCKS"]
GUARDED_SOCKS = os.environ["TAURARO_TEST_SOCKS_GUARDED"]
CA = os.environ["TAURARO_TEST_CA"]


def trusting():
    context = httpx.create_ssl_context()
    context.load_verify_locations(CA)
    return context


class ProxyTest(unittest.TestCase):
    def test_attributes(self):
        headers = {"X-Who": "me"}
        proxy = httpx.Proxy("http://proxy.example:3128", headers=headers)
        self.assertEqual(proxy.url, "http://proxy.example:3128")
        self.assertIsInstance(proxy.url, httpx.URL)
        self.assertIsInstance(proxy.headers, httpx.Headers)
        self.assertEqual(proxy.headers["x-who"], "me")
        self.assertEqual((proxy.auth, proxy.raw_auth, proxy.ssl_context), (None, None, None))

    def test_credentials(self):
        proxy = httpx.Proxy("http://us%40r:p%3Ass@proxy.example")
        self.assertEqual(str(proxy.url), "http://proxy.example")
        self.assertEqual(proxy.auth, ("us@r", "p:ss"))
        self.assertEqual(proxy.raw_auth, (b"us@r", b"p:ss"))
        proxy = httpx.Proxy(httpx.URL("https://proxy.example"), auth=("ü", "secret"))
        self.assertEqual(proxy.raw_auth, ("ü".encode(), b"secret"))

    def test_repr_masks_the_password(self):
        cases = [
            (httpx.Proxy("http://a.example"), "Proxy('http://a.example')"),
            (
                httpx.Proxy("http://u:secret@a.example"),
                "Proxy('http://a.example', auth=('u', '********'))",
            ),
            (
                httpx.Proxy("http://a.example", headers={"X-A": "1"}),
                "Proxy('http://a.example', headers={'x-a': '1'})",
            ),
        ]
        for proxy, expected in cases:
            self.assertEqual(repr(proxy), expected)

    def test_bad_arguments(self):
        for url in ("ftp://u:secret@a.example", "invalid://a", "a.example", ""):
            with self.assertRaisesRegex(ValueError, "Unknown scheme for proxy URL") as caught:
                httpx.Proxy(url)
            self.assertNotIn("secret", str(caught.exception))
        for url in (None, 1, b"http://a.example"):
            with self.assertRaises(TypeError):
                httpx.Proxy(url)
        with self.assertRaises(httpx.InvalidURL):
            httpx.Proxy("http://a:port")

    @unittest.skipIf(hasattr(httpx, "_client"), "httpx finds out when it connects")
    def test_bad_credentials(self):
        for auth in (("a",), "ab", ("a", 1)):
            with self.assertRaises(TypeError):
                httpx.Proxy("http://a.example", auth=auth)

    def test_clients_refuse_what_is_no_proxy(self):
        for make in (httpx.Client, httpx.AsyncClient, httpx.HTTPTransport, httpx.AsyncHTTPTransport):
            with self.assertRaises(ValueError):
                make(proxy="ftp://127.0.0.1")


class ThroughProxiesTest(unittest.TestCase):
    def entries(self):
        """What the proxies were asked for."""
        return httpx.get(f"{PROXY}/log", trust_env=False).json()

    def last(self):
        return self.entries()[-1]

    def get(self, url, proxy, **arguments):
        with httpx.Client(proxy=proxy, verify=trusting(), **arguments) as client:
            return client.get(url)

    def test_http_urls_are_forwarded(self):
        response = self.get(f"{HTTP}/echo", httpx.Proxy(PROXY, headers={"X-Extra": "1"}))
        self.assertEqual(response.json()["method"], "GET")
        self.assertIn("via", response.headers)
        entry = self.last()
        self.assertEqual((entry["method"], entry["target"]), ("GET", f"{HTTP}/echo"))
        self.assertIn(["x-extra", "1"], entry["headers"])

    def test_https_urls_are_tunnelled(self):
        response = self.get(f"{HTTPS}/echo", httpx.Proxy(PROXY, headers={"X-Extra": "1"}))
        self.assertNotIn("via", response.headers)
        sent = {name.lower() for name, _ in response.json()["headers"]}
        self.assertNotIn("x-extra", sent)
        entry = self.last()
        self.assertEqual((entry["method"], entry["target"]), ("CONNECT", HTTPS.removeprefix("https://")))
        self.assertIn(["x-extra", "1"], entry["headers"])

    def test_credentials_stay_with_the_proxy(self):
        for url in (HTTP, HTTPS):
            guarded = GUARDED.replace("http://", "http://user:secret@")
            for proxy in (guarded, httpx.Proxy(GUARDED, auth=("user", "secret"))):
                response = self.get(f"{url}/echo", proxy)
                sent = {name.lower() for name, _ in response.json()["headers"]}
                self.assertNotIn("proxy-authorization", sent)

    def test_a_proxy_that_refuses(self):
        with self.assertRaises(httpx.ProxyError) as caught:
            self.get(f"{HTTPS}/echo", GUARDED)
        self.assertIn("407", str(caught.exception))
        self.assertEqual(str(caught.exception.request.url), f"{HTTPS}/echo")
        self.assertEqual(self.get(f"{HTTP}/echo", GUARDED).status_code, 407)

    def test_a_proxy_that_is_not_there(self):
        with self.assertRaises(httpx.ConnectError):
            self.get(f"{HTTP}/echo", "http://127.0.0.1:9")

    def test_an_https_proxy(self):
        for url in (HTTP, HTTPS):
            proxy = httpx.Proxy(TLS_PROXY, ssl_context=trusting())
            self.assertEqual(self.get(f"{url}/status/200", proxy).status_code, 200)
        with self.assertRaises(httpx.ConnectError):
            httpx.Client(proxy=TLS_PROXY, trust_env=False).get(f"{HTTP}/status/200")

    @unittest.skipIf(hasattr(httpx, "_client"), "needs socksio")
    def test_socks(self):
        for url in (HTTP, HTTPS):
            for scheme in ("socks5", "socks5h"):
                proxy = SOCKS.replace("socks5", scheme, 1)
                self.assertEqual(self.get(f"{url}/status/200", proxy).status_code, 200)
                self.assertEqual(self.last()["method"], "SOCKS5")
            guarded = httpx.Proxy(GUARDED_SOCKS, auth=("user", "secret"))
            self.assertEqual(self.get(f"{url}/status/200", guarded).status_code, 200)
            with self.assertRaises(httpx.ProxyError):
                self.get(f"{url}/status/200", httpx.Proxy(GUARDED_SOCKS, auth=("user", "wrong")))

    @unittest.skipIf(hasattr(httpx, "_client"), "needs socksio")
    def test_the_proxy_resolves_names(self):
        port = httpx.URL(HTTP).port
        for proxy in (PROXY, SOCKS):
            response = self.get(f"http://origin.test:{port}/echo", proxy)
            self.assertEqual(response.json()["authority"], f"origin.test:{port}")

    def test_a_transport_with_a_proxy(self):
        with httpx.HTTPTransport(proxy=PROXY) as transport:
            with httpx.Client(transport=transport) as client:
                self.assertIn("via", client.get(f"{HTTP}/status/200").headers)

    def test_mounted_proxies(self):
        mounts = {"http://": httpx.HTTPTransport(proxy=PROXY)}
        with httpx.Client(mounts=mounts, verify=trusting()) as client:
            self.assertIn("via", client.get(f"{HTTP}/status/200").headers)
            self.assertNotIn("via", client.get(f"{HTTPS}/status/200").headers)

    def test_await(self):
        async def main():
            async with httpx.AsyncClient(proxy=PROXY, verify=trusting()) as client:
                forwarded = await client.get(f"{HTTP}/status/200")
                tunnelled = await client.get(f"{HTTPS}/status/200")
                return "via" in forwarded.headers, "via" in tunnelled.headers

        self.assertEqual(asyncio.run(main()), (True, False))


if __name__ == "__main__":
    unittest.main()
