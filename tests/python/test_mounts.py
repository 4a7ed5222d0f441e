"""Which transport a URL goes to: mounts, and the proxies of the environment."""

import asyncio
import os
import unittest
from unittest import mock

import httpx

HTTP = os.environ["TAURARO_TEST_HTTP"]
PROXY = os.environ["TAURARO_TEST_PROXY"]
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD")


def named(name):
    return httpx.MockTransport(lambda request: httpx.Response(200, text=name))


def environment(**variables):
    """The environment with these proxy variables and no others."""
    kept = {k: v for k, v in os.environ.items() if k.upper() not in PROXY_VARIABLES}
    return mock.patch.dict(os.environ, {**kept, **variables}, clear=True)


class MountsTest(unittest.TestCase):
    def routed(self, url, *patterns):
        mounts = {pattern: named(pattern) for pattern in patterns}
        with httpx.Client(transport=named("own"), mounts=mounts) as client:
            return client.get(url).text

    def test_patterns(self):
        cases = [
            ("http://example.com", "all://", True),
            ("https://example.com", "http://", False),
            ("http://example.com", "http://*", True),
            ("http://example.com", "all://example.com", True),
            ("http://www.example.com", "all://example.com", False),
            ("http://www.example.com", "all://*.example.com", True),
            ("http://example.com", "all://*.example.com", False),
            ("http://example.com", "all://*example.com", True),
            ("http://www.example.com", "all://*example.com", True),
            ("http://wwwexample.com", "all://*example.com", False),
            ("http://example.com:8080", "http://example.com:8080", True),
            ("http://example.com", "http://example.com:8080", False),
            ("http://example.com", "http://example.com:80", True),
            ("custom://somewhere", "custom://", True),
            ("http://[::1]:8000/", "all://[::1]", True),
        ]
        for url, pattern, matches in cases:
            with self.subTest(url=url, pattern=pattern):
                self.assertEqual(self.routed(url, pattern), pattern if matches else "own")

    def test_the_most_specific_pattern_wins(self):
        patterns = ["all://", "http://", "all://example.com", "http://example.com", "all://example.com:81"]
        for order in (patterns, patterns[::-1]):
            for url, expected in [
                ("http://example.com:81", "all://example.com:81"),
                ("http://example.com", "http://example.com"),
                ("https://example.com", "all://example.com"),
                ("http://other.com", "http://"),
                ("https://other.com", "all://"),
            ]:
                self.assertEqual(self.routed(url, *order), expected)

    def test_none_is_the_clients_own_transport(self):
        mounts = {"all://": named("mounted"), "all://own.example": None}
        with httpx.Client(transport=named("own"), mounts=mounts) as client:
            self.assertEqual(client.get("http://own.example").text, "own")
            self.assertEqual(client.get("http://other.example").text, "mounted")

    def test_redirects_are_routed_hop_by_hop(self):
        elsewhere = httpx.MockTransport(lambda r: httpx.Response(302, headers={"location": "http://b/"}))
        with httpx.Client(mounts={"all://a": elsewhere, "all://b": named("b")}) as client:
            response = client.get("http://a/", follow_redirects=True)
        self.assertEqual((response.text, len(response.history)), ("b", 1))

    def test_mounted_transports_are_entered_and_closed_with_the_client(self):
        class Transport(httpx.BaseTransport):
            def __init__(self):
                self.calls = []

            def __enter__(self):
                self.calls.append("enter")
                return self

            def __exit__(self, *exception):
                self.calls.append("exit")

            def close(self):
                self.calls.append("close")

        first, second = Transport(), Transport()
        with httpx.Client(mounts={"http://": first, "https://": second}):
            pass
        self.assertEqual((first.calls, second.calls), (["enter", "exit"], ["enter", "exit"]))
        first.calls.clear()
        httpx.Client(mounts={"http://": first}).close()
        self.assertEqual(first.calls, ["close"])

    def test_the_asynchronous_client_has_them_too(self):
        class Transport(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request):
                return httpx.Response(200, text="async")

        async def main():
            async with httpx.AsyncClient(mounts={"all://mounted": Transport()}) as client:
                mounted = (await client.get("http://mounted/")).text
                return mounted, (await client.get(f"{HTTP}/status/204")).status_code

        self.assertEqual(asyncio.run(main()), ("async", 204))

    def test_bad_mounts(self):
        for pattern in ("http", "https", "all"):
            with self.assertRaisesRegex(ValueError, f'"{pattern}://"'):
                httpx.Client(mounts={pattern: named("x")})
        with self.assertRaises(httpx.InvalidURL):
            httpx.Client(mounts={"http://a:port/": named("x")})
        with self.assertRaises(TypeError):
            httpx.Client(mounts={1: named("x")})


class EnvironmentTest(unittest.TestCase):
    """Against the test proxy, which marks what it forwards."""

    def is_proxied(self, url=HTTP, **client):
        with httpx.Client(**client) as client:
            return "via" in client.get(f"{url}/status/200").headers

    def test_variables(self):
        for variables, proxied in [
            ({}, False),
            ({"HTTP_PROXY": PROXY}, True),
            ({"http_proxy": PROXY}, True),
            ({"HTTP_PROXY": PROXY.removeprefix("http://")}, True),
            ({"ALL_PROXY": PROXY}, True),
            ({"HTTPS_PROXY": PROXY}, False),
            ({"HTTP_PROXY": PROXY, "http_proxy": ""}, False),
            ({"ALL_PROXY": PROXY, "NO_PROXY": "127.0.0.1"}, False),
            ({"ALL_PROXY": PROXY, "NO_PROXY": "example.com, 127.0.0.1"}, False),
            ({"ALL_PROXY": PROXY, "NO_PROXY": "*"}, False),
            ({"ALL_PROXY": PROXY, "NO_PROXY": ""}, True),
            ({"ALL_PROXY": PROXY, "NO_PROXY": "127.0.0.2,localhost,::1,example.com"}, True),
            ({"ALL_PROXY": PROXY, "no_proxy": "127.0.0.1"}, False),
            ({"ALL_PROXY": PROXY, "NO_PROXY": "https://127.0.0.1"}, True),
            ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, False),
            ({"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, True),
        ]:
            with self.subTest(variables=variables), environment(**variables):
                self.assertEqual(self.is_proxied(), proxied)

    def test_when_they_do_not_count(self):
        with environment(ALL_PROXY=PROXY):
            self.assertTrue(self.is_proxied())
            self.assertFalse(self.is_proxied(trust_env=False))
            self.assertFalse(self.is_proxied(transport=httpx.HTTPTransport()))
            self.assertFalse(self.is_proxied(mounts={"all://": httpx.HTTPTransport()}))
        with environment():
            client = httpx.Client()
        with environment(ALL_PROXY=PROXY):
            # Read when a client is made.
            self.assertNotIn("via", client.get(f"{HTTP}/status/200").headers)
        client.close()

    def test_names_behind_the_proxy(self):
        with environment(ALL_PROXY=PROXY, NO_PROXY="other.test"):
            port = httpx.URL(HTTP).port
            self.assertTrue(self.is_proxied(f"http://origin.test:{port}"))

    def test_the_functions_of_the_module(self):
        with environment(ALL_PROXY=PROXY):
            self.assertIn("via", httpx.get(f"{HTTP}/status/200").headers)
            self.assertNotIn("via", httpx.get(f"{HTTP}/status/200", trust_env=False).headers)

    def test_a_proxy_of_unknown_kind(self):
        with environment(ALL_PROXY="ftp://127.0.0.1:1"):
            with self.assertRaisesRegex(ValueError, "Unknown scheme for proxy URL"):
                httpx.Client()


if __name__ == "__main__":
    unittest.main()
