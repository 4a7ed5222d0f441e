"""What programs and libraries use beside what httpx documents: its private modules, and httpcore.
Passes on CPython with PyPI's httpx as well."""

import asyncio
import typing
import unittest
from unittest import mock

import echo_server
import httpcore
import httpx


def setUpModule():
    global URL, SERVER
    SERVER = echo_server.start()
    URL = SERVER.url


def tearDownModule():
    echo_server.stop(SERVER)


def answer(request):
    return httpx.Response(200, json={"path": request.url.path})


class PrivateNamesTest(unittest.TestCase):
    """Names that programs import from modules of httpx that are not public."""

    def test_classes(self):
        from httpx._auth import Auth, BasicAuth
        from httpx._client import USE_CLIENT_DEFAULT, AsyncClient, BaseClient, Client, UseClientDefault
        from httpx._config import DEFAULT_LIMITS, DEFAULT_TIMEOUT_CONFIG, Limits, Timeout
        from httpx._exceptions import HTTPStatusError
        from httpx._models import Cookies, Headers, Request, Response
        from httpx._status_codes import codes
        from httpx._transports.asgi import ASGITransport
        from httpx._transports.base import AsyncBaseTransport, BaseTransport
        from httpx._transports.default import AsyncHTTPTransport, HTTPTransport
        from httpx._transports.mock import MockTransport
        from httpx._transports.wsgi import WSGITransport
        from httpx._types import AsyncByteStream, SyncByteStream
        from httpx._urls import URL, QueryParams

        for cls in [Auth, BasicAuth, AsyncClient, Client, Limits, Timeout, HTTPStatusError, Cookies, Headers, Request,
                    Response, codes, ASGITransport, AsyncBaseTransport, BaseTransport, AsyncHTTPTransport,
                    HTTPTransport, MockTransport, WSGITransport, AsyncByteStream, SyncByteStream, URL, QueryParams]:
            self.assertIs(cls, getattr(httpx, cls.__name__))
        self.assertIs(USE_CLIENT_DEFAULT, httpx.USE_CLIENT_DEFAULT)
        self.assertIsInstance(USE_CLIENT_DEFAULT, UseClientDefault)
        self.assertTrue(issubclass(Client, BaseClient) and issubclass(AsyncClient, BaseClient))
        self.assertEqual(DEFAULT_TIMEOUT_CONFIG, httpx.Timeout(5.0))
        self.assertEqual(DEFAULT_LIMITS, httpx.Limits(max_connections=100, max_keepalive_connections=20))

    def test_through_the_package(self):
        self.assertIs(httpx._client.Client, httpx.Client)
        self.assertIs(httpx._models.Response, httpx.Response)
        self.assertIs(httpx._transports.default.HTTPTransport, httpx.HTTPTransport)
        with self.assertRaises(ImportError):
            from httpx._client import Nonsense  # noqa: F401
        with self.assertRaises(AttributeError):
            httpx._nonsense

    def test_patching_through_them(self):
        with mock.patch("httpx._client.Client.send", return_value=httpx.Response(299)):
            self.assertEqual(httpx.get("http://x").status_code, 299)
        with mock.patch("httpx._transports.default.HTTPTransport.handle_request", return_value=httpx.Response(298)):
            self.assertEqual(httpx.get("http://x").status_code, 298)

    def test_type_aliases(self):
        from httpx import _types

        names = [
            "AuthTypes", "CertTypes", "CookieTypes", "FileContent", "FileTypes", "HeaderTypes", "PrimitiveData",
            "ProxyTypes", "QueryParamTypes", "RequestContent", "RequestData", "RequestExtensions", "RequestFiles",
            "ResponseContent", "ResponseExtensions", "TimeoutTypes",
        ]
        for name in names:
            alias = getattr(_types, name)
            self.assertIsNotNone(alias | None, name)

        def names(alias):
            return {getattr(part, "__forward_arg__", getattr(part, "__name__", None)) for part in typing.get_args(alias)}

        self.assertIn("Headers", names(_types.HeaderTypes))
        self.assertIn("Timeout", names(_types.TimeoutTypes))
        self.assertIn("Auth", names(_types.AuthTypes))
        self.assertIs(_types.SyncByteStream, httpx.SyncByteStream)

    def test_attributes_of_clients(self):
        transport = httpx.MockTransport(answer)
        mounted = httpx.MockTransport(answer)
        client = httpx.Client(transport=transport, base_url="http://x/v1", mounts={"https://y": mounted}, trust_env=False)
        self.assertIs(client._transport, transport)
        self.assertEqual(client._base_url, "http://x/v1/")
        self.assertEqual(client._merge_url("a"), "http://x/v1/a")
        self.assertEqual(client._timeout, httpx.Timeout(5.0))
        self.assertIs(client._transport_for_url(httpx.URL("http://x/")), transport)
        self.assertIs(client._transport_for_url(httpx.URL("https://y/")), mounted)
        self.assertEqual(list(client._mounts.values()), [mounted])
        self.assertEqual((client._headers, client._params), (client.headers, client.params))
        self.assertEqual(client._event_hooks, {"request": [], "response": []})
        self.assertEqual(httpx.Headers({"Ab": "C"})._list, [(b"Ab", b"ab", b"C")])
        self.assertEqual(httpx.URL("http://x?a")._uri_reference.path, "")
        self.assertEqual(httpx.URL("http://x/p?a")._uri_reference.path, "/p")

    def test_a_response_used_twice(self):
        response = httpx.Response(200, content=b"x")
        response.is_closed = response.is_stream_consumed = False
        self.assertTrue(hasattr(response, "_content"))
        del response._content
        self.assertFalse(hasattr(response, "_content"))
        self.assertEqual(response.read(), b"x")
        self.assertIsNone(response._request)

    def test_bodies_made_from_private_classes(self):
        from httpx._content import AsyncIteratorByteStream, IteratorByteStream
        from httpx._multipart import MultipartStream

        class Chunks(list):
            async def __aiter__(self):
                for chunk in self:
                    yield chunk

        class Both(AsyncIteratorByteStream, IteratorByteStream):
            def __init__(self, chunks):
                AsyncIteratorByteStream.__init__(self, stream=Chunks(chunks))
                IteratorByteStream.__init__(self, stream=Chunks(chunks))

        self.assertEqual(httpx.Response(200, stream=Both([b"a", b"b"])).read(), b"ab")
        self.assertEqual(asyncio.run(httpx.Response(200, stream=Both([b"a", b"b"])).aread()), b"ab")
        body = b"".join(MultipartStream(data={"a": "1"}, files={"f": b"x"}, boundary=b"BB"))
        expected = httpx.Request("POST", "http://x", data={"a": "1"}, files={"f": b"x"},
                                 headers={"content-type": "multipart/form-data; boundary=BB"}).read()
        self.assertEqual(body, expected)

    def test_transports_that_a_subclass_makes(self):
        class Counted(httpx.BaseTransport):
            def __init__(self, inner):
                self.inner, self.count = inner, 0

            def handle_request(self, request):
                self.count += 1
                return self.inner.handle_request(request)

        class Caching(httpx.Client):
            def __init__(self, *args, **kwargs):
                self.label = kwargs.pop("label")
                super().__init__(*args, **kwargs)

            def _init_transport(self, **kwargs):
                self.made = sorted(kwargs)
                return Counted(super()._init_transport(**kwargs))

            def _init_proxy_transport(self, proxy, **kwargs):
                return Counted(super()._init_proxy_transport(proxy, **kwargs))

        with Caching(label="x", trust_env=False) as client:
            self.assertEqual(client.get(f"{URL}/made").text, "GET /made")
            self.assertEqual(client._transport.count, 1)
            self.assertIsInstance(client._transport.inner, httpx.HTTPTransport)
            self.assertLessEqual({"verify", "cert", "trust_env", "http1", "http2", "transport"}, set(client.made))
        client = Caching(label="x", proxy="http://127.0.0.1:1")
        self.assertIsInstance(list(client._mounts.values())[0], Counted)
        given = httpx.MockTransport(answer)
        self.assertIs(Caching(label="x", transport=given)._transport.inner, given)

    def test_transport_for_url_replaced(self):
        def choose(self, url):
            return httpx.MockTransport(lambda request: httpx.Response(297))

        with mock.patch.object(httpx.Client, "_transport_for_url", choose):
            self.assertEqual(httpx.get("http://x").status_code, 297)
        client = httpx.Client()
        client._transport = httpx.MockTransport(lambda request: httpx.Response(296))
        self.assertEqual(client.get("http://x").status_code, 296)


class HttpcoreTest(unittest.TestCase):
    """What programs use of httpcore, which PyPI's httpx brings along."""

    def test_requests(self):
        response = httpcore.request("POST", f"{URL}/core", content=b"body")
        self.assertEqual((response.status, response.content), (200, b"POST /core"))
        with httpcore.ConnectionPool() as pool:
            self.assertEqual(pool.request("GET", f"{URL}/a").content, b"GET /a")
            with pool.stream("GET", f"{URL}/b") as response:
                self.assertEqual(b"".join(response.iter_stream()), b"GET /b")

        async def main():
            async with httpcore.AsyncConnectionPool() as pool:
                return (await pool.request("GET", f"{URL}/c")).content

        self.assertEqual(asyncio.run(main()), b"GET /c")

    def test_exceptions(self):
        with httpcore.ConnectionPool() as pool, self.assertRaises(httpcore.ConnectError):
            pool.request("GET", "http://127.0.0.1:1/")
        self.assertTrue(issubclass(httpcore.ConnectTimeout, httpcore.TimeoutException))
        self.assertFalse(issubclass(httpcore.ConnectError, httpx.HTTPError))

    def test_urls(self):
        url = httpcore.URL("https://example.org:8443/a?b=1")
        self.assertEqual((url.scheme, url.host, url.port, url.target), (b"https", b"example.org", 8443, b"/a?b=1"))
        self.assertEqual(bytes(url), b"https://example.org:8443/a?b=1")
        self.assertEqual(url, httpcore.URL(scheme="https", host="example.org", port=8443, target="/a?b=1"))
        self.assertEqual(str(httpcore.URL("http://example.org/").origin), "http://example.org:80")

    def test_a_double_in_place_of_a_pool_answers_httpx(self):
        seen = []

        def handle_request(self, request):
            seen.append((request.method, request.url.host, request.url.target))
            if request.url.target == b"/error":
                raise httpcore.ReadTimeout("slow")
            return httpcore.Response(203, headers=[(b"a", b"b")], content=b"double")

        async def handle_async_request(self, request):
            return handle_request(self, request)

        async def main():
            async with httpx.AsyncClient() as client:
                return await client.get("http://x/async")

        with mock.patch("httpcore._sync.connection_pool.ConnectionPool.handle_request", handle_request), \
                mock.patch.object(httpcore.AsyncConnectionPool, "handle_async_request", handle_async_request):
            response = httpx.post("http://x/sync", content=b"1")
            self.assertEqual((response.status_code, response.text, response.headers["a"]), (203, "double", "b"))
            self.assertEqual(asyncio.run(main()).text, "double")
            with self.assertRaises(httpx.ReadTimeout) as raised:
                httpx.get("http://x/error")
            self.assertEqual(raised.exception.request.url, "http://x/error")
        self.assertEqual(seen, [(b"POST", b"x", b"/sync"), (b"GET", b"x", b"/async"), (b"GET", b"x", b"/error")])
        self.assertEqual(httpx.get(f"{URL}/real").text, "GET /real")

    def test_the_pool_of_a_transport(self):
        self.assertIsInstance(httpx.HTTPTransport()._pool, httpcore.ConnectionPool)
        self.assertIsInstance(httpx.AsyncHTTPTransport()._pool, httpcore.AsyncConnectionPool)
        pool = httpx.HTTPTransport(proxy="http://u:p@proxy:3128")._pool
        self.assertIsInstance(pool, httpcore.HTTPProxy)
        self.assertEqual((pool._proxy_url.host, pool._proxy_url.port), (b"proxy", 3128))
        self.assertEqual(pool._proxy_headers, [(b"Proxy-Authorization", b"Basic dTpw")])


if __name__ == "__main__":
    unittest.main()
