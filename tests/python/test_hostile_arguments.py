"""Arguments that make no sense: each has its exception, which names what was wrong, and does the client no harm."""

import io
import itertools
import os
import pathlib
import tempfile
import unittest

import httpx
from hostile import Both, RawServer

HTTP = os.environ["TAURARO_TEST_HTTP"]
HTTPS = os.environ["TAURARO_TEST_HTTPS"]
MTLS = os.environ["TAURARO_TEST_MTLS"]
CA = os.environ["TAURARO_TEST_CA"]
KEY = os.environ["TAURARO_TEST_CLIENT_KEY"]

LOCAL = httpx.LocalProtocolError
NO_SCHEME = "Request URL is missing an 'http://' or 'https://' protocol."
SECRET = "hunter2"


class Broken(Exception):
    """What the sources of bodies raise here."""


def circular():
    loop = []
    loop.append(loop)
    return loop


def deep():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


def breaking():
    yield b"x" * 1000
    raise Broken("in the middle")


async def breaking_async():
    yield b"x" * 1000
    raise Broken("in the middle")


class BreakingFile(io.BytesIO):
    def read(self, *_):
        raise Broken("in the middle")


class BreakingAuth(httpx.Auth):
    def auth_flow(self, request):
        yield request
        raise Broken("in the middle")


class WrongAuth(httpx.Auth):
    def auth_flow(self, request):
        yield "text"


def closed_file():
    file = io.BytesIO(b"x")
    file.close()
    return file


def text_file():
    return io.TextIOWrapper(io.BytesIO(b"x"))


# The URL; the exception; a part of the message.
URLS = [
    ("", httpx.UnsupportedProtocol, NO_SCHEME),
    ("example.org", httpx.UnsupportedProtocol, NO_SCHEME),
    ("/path", httpx.UnsupportedProtocol, NO_SCHEME),
    ("//example.org/", httpx.UnsupportedProtocol, NO_SCHEME),
    ("ftp://example.org/", httpx.UnsupportedProtocol, "Request URL has an unsupported protocol 'ftp://'."),
    ("file:///etc/passwd", httpx.UnsupportedProtocol, ""),
    ("javascript:alert(1)", httpx.UnsupportedProtocol, ""),
    ("http:///path", httpx.UnsupportedProtocol, "missing"),
    ("http://", httpx.UnsupportedProtocol, "missing"),
    ("http://:80/", httpx.UnsupportedProtocol, "missing"),
    ("http://example.org:port/", httpx.InvalidURL, "Invalid port: 'port'"),
    ("http://example.org:-1/", httpx.InvalidURL, "-1"),
    ("http://example.org:1e3/", httpx.InvalidURL, "Invalid port: '1e3'"),
    ("http://example.org:80:80/", httpx.InvalidURL, ""),
    ("http://127.0.0.1:65536/", (httpx.ConnectError, httpx.InvalidURL), "65536"),
    ("http://127.0.0.1:99999999999999999999/", httpx.InvalidURL, "99999999999999999999"),
    ("http://[::1/", httpx.InvalidURL, ""),
    ("http://[::1]x/", httpx.InvalidURL, ""),
    ("http://[zz::]/", httpx.InvalidURL, "zz::"),
    ("http://999.1.1.1/", httpx.InvalidURL, "999.1.1.1"),
    ("http://exa mple.org/", httpx.InvalidURL, "exa%20mple.org"),
    ("http://exa<mple>.org/", httpx.InvalidURL, "exa%3Cmple%3E.org"),
    ("http://\u2603.\udcff/", (httpx.InvalidURL, UnicodeError), ""),
    ("http://xn--\u2603/", httpx.InvalidURL, ""),
    ("http://" + "\u00e4" * 100 + ".org/", httpx.InvalidURL, ""),
    ("http://" + "a" * 64 + ".invalid/", (httpx.ConnectError, httpx.InvalidURL), ""),
    ("http://example.org/\x00", httpx.InvalidURL, "non-printable ASCII character in URL, '\\x00' at position 19"),
    ("http://example.org/\r\nX: y", httpx.InvalidURL, "'\\r' at position 19"),
    ("http://example.org/\x7f", httpx.InvalidURL, "non-printable"),
    ("http://example.org/" + "a" * 100_000, httpx.InvalidURL, "URL too long"),
    (f"http://user:{SECRET}@[::1/", httpx.InvalidURL, ""),
    (f"http://user:{SECRET}@example.org:port/", httpx.InvalidURL, "port"),
    (f"ftp://user:{SECRET}@example.org/", httpx.UnsupportedProtocol, "ftp"),
    (f"http://user:{SECRET}@127.0.0.1:1/", httpx.ConnectError, ""),
    (f"http://user:{SECRET}@does-not-exist.invalid/", httpx.ConnectError, ""),
    (1, TypeError, "int"),
    (None, TypeError, "None"),
    (b"http://example.org/", TypeError, "bytes"),
]

# Header fields; the exception; a part of the message.
HEADERS = [
    ({"X": "a\r\nInjected: 1"}, LOCAL, r"b'a\r\nInjected: 1'"),
    ({"X": "a\nb"}, LOCAL, r"b'a\nb'"),
    ({"X": "a\rb"}, LOCAL, r"b'a\rb'"),
    ({"X": "a\x00b"}, LOCAL, r"b'a\x00b'"),
    ({"X": " a"}, LOCAL, "b' a'"),
    ({"X": "a "}, LOCAL, "b'a '"),
    ({b"X": b"a\r\n"}, LOCAL, r"b'a\r\n'"),
    ([(b"X", b"a\x7fb")], LOCAL, r"b'a\x7fb'"),
    ({"X\r\nInjected": "1"}, LOCAL, r"X\r\nInjected"),
    ({b"X\nInjected": b"1"}, LOCAL, r"X\nInjected"),
    ({"X\x00": "1"}, LOCAL, r"X\x00"),
    ({"X Y": "1"}, LOCAL, "X Y"),
    ({"X:": "1"}, LOCAL, "X:"),
    ({"X(": "1"}, LOCAL, "X("),
    ({"": "1"}, LOCAL, ""),
    ({b"\xe4": b"1"}, LOCAL, r"\xe4"),
    ({"Host": "a\r\nInjected: 1"}, LOCAL, r"b'a\r\nInjected: 1'"),
    ([("Host", "a"), ("Host", "b")], LOCAL, "Host"),
    ({"Authorization": f"Bearer {SECRET}\r\n"}, LOCAL, "[secure]"),
    ({"Cookie": f"a={SECRET}\r\nX: y"}, LOCAL, "[secure]"),
    ({"Content-Length": "-1"}, LOCAL, "Content-Length"),
    ({"Content-Length": "+2"}, LOCAL, "Content-Length"),
    ({"Content-Length": "0x2"}, LOCAL, "Content-Length"),
    ({"Content-Length": "two"}, LOCAL, "Content-Length"),
    ({"Content-Length": ""}, LOCAL, "Content-Length"),
    ({"Content-Length": "2, 3"}, LOCAL, "Content-Length"),
    ({"Content-Length": "18446744073709551616"}, LOCAL, "Content-Length"),
    ({"Content-Length": "18446744073709551615"}, LOCAL, "Too little data"),
    ({"Content-Length": "1"}, LOCAL, "Too much data"),
    ([("Content-Length", "2"), ("Content-Length", "3")], LOCAL, "conflicting Content-Length"),
    ({"Transfer-Encoding": "gzip, chunked"}, LOCAL, "Transfer-Encoding"),
    ({"Transfer-Encoding": "identity"}, LOCAL, "Transfer-Encoding"),
    ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], LOCAL, "Transfer-Encoding"),
    (1, TypeError, "int"),
    ("text", (TypeError, ValueError), ""),
    ({"a": 1}, TypeError, "int"),
    ({"a": None}, TypeError, "None"),
    ({"a": ["b"]}, TypeError, "list"),
    ({1: "a"}, TypeError, "int"),
    ([("a",)], ValueError, "expected 2, got 1"),
    ({"a": "\udc80"}, UnicodeError, ""),
]

METHODS = [("", ""), ("GE T", "GE T"), ("G\r\nET", r"G\r\nET"), ("G\u00e9T", "G\u00c9T"), ("GET/", "GET/"), ("(x)", "(X)"), ("G\0", r"G\x00")]

# The arguments, made anew for each request; the exception; a part of the message.
REQUESTS = [
    (lambda: {"content": 1}, TypeError, "int"),
    (lambda: {"content": {}}, TypeError, "dict"),
    (lambda: {"content": "\udc80"}, UnicodeError, ""),
    (lambda: {"content": closed_file()}, ValueError, "closed file"),
    (lambda: {"content": BreakingFile()}, Broken, "in the middle"),
    (lambda: {"data": 1}, TypeError, "int"),
    (lambda: {"data": {"a": "\udc80"}}, UnicodeError, ""),
    (lambda: {"data": {"\udc80": "a"}}, UnicodeError, ""),
    (lambda: {"json": {1, 2}}, TypeError, "set"),
    (lambda: {"json": b"x"}, TypeError, "bytes"),
    (lambda: {"json": float("nan")}, ValueError, "nan"),
    (lambda: {"json": [float("-inf")]}, ValueError, "inf"),
    (lambda: {"json": circular()}, ValueError, "Circular reference"),
    (lambda: {"json": deep()}, RecursionError, ""),
    (lambda: {"json": "\udc80"}, UnicodeError, ""),
    (lambda: {"files": {"f": ("a",)}}, ValueError, ""),
    (lambda: {"files": {"f": ("a", b"b", "c", {}, "e")}}, ValueError, ""),
    (lambda: {"files": [("f",)]}, ValueError, ""),
    (lambda: {"files": {1: b"x"}}, TypeError, "int"),
    (lambda: {"files": {"f": 1}}, (TypeError, AttributeError), "int"),
    (lambda: {"files": {"f": io.StringIO("x")}}, TypeError, "StringIO"),
    (lambda: {"files": {"f": text_file()}}, TypeError, "text mode"),
    (lambda: {"files": {"f": closed_file()}}, ValueError, "closed file"),
    (lambda: {"files": {"f": BreakingFile(b"x")}}, Broken, "in the middle"),
    (lambda: {"files": {"f": "\udc80"}}, UnicodeError, ""),
    (lambda: {"params": 1}, AttributeError, "int"),
    (lambda: {"params": object()}, AttributeError, "object"),
    (lambda: {"params": {"a": "\udc80"}}, UnicodeError, ""),
    (lambda: {"cookies": 1}, TypeError, "int"),
    (lambda: {"cookies": {"a": "b\r\nX: y"}}, LOCAL, "[secure]"),
    (lambda: {"cookies": {"a\r\nX: y": "b"}}, LOCAL, "[secure]"),
    (lambda: {"auth": 1}, TypeError, "1"),
    (lambda: {"auth": object()}, TypeError, "object"),
    (lambda: {"auth": (SECRET,)}, TypeError, "a tuple of 1"),
    (lambda: {"auth": ("user", SECRET, "x")}, TypeError, "a tuple of 3"),
    (lambda: {"auth": ("user", 1)}, TypeError, "int"),
    (lambda: {"auth": ("\udc80", SECRET)}, UnicodeError, ""),
    (lambda: {"auth": BreakingAuth()}, Broken, "in the middle"),
    (lambda: {"auth": WrongAuth()}, (TypeError, AttributeError), "str"),
    (lambda: {"timeout": -1}, ValueError, "-1"),
    (lambda: {"timeout": float("nan")}, ValueError, "nan"),
    (lambda: {"timeout": float("inf")}, ValueError, "inf"),
    (lambda: {"timeout": 1e300}, ValueError, "1e+300"),
    (lambda: {"timeout": 10**40}, ValueError, str(10**40)),
    (lambda: {"timeout": "x"}, TypeError, "str"),
    (lambda: {"timeout": object()}, TypeError, "object"),
    (lambda: {"timeout": (1, 2, 3, 4, 5)}, ValueError, ""),
    (lambda: {"timeout": {"nonsense": 1}}, ValueError, "nonsense"),
    (lambda: {"timeout": {"read": "x"}}, TypeError, "str"),
    (lambda: {"extensions": 1}, TypeError, "int"),
    (lambda: {"extensions": {"timeout": 1}}, TypeError, "a dict, not 1"),
    (lambda: {"extensions": {"timeout": {"read": -1}}}, ValueError, "-1"),
    (lambda: {"extensions": {"timeout": {"read": float("inf")}}}, ValueError, "inf"),
    (lambda: {"extensions": {"target": b"/\r\nX: y"}}, (LOCAL, httpx.InvalidURL), ""),
    (lambda: {"extensions": {"target": 1}}, TypeError, "int"),
    (lambda: {"extensions": {"sni_hostname": 1}}, TypeError, "int"),
    (lambda: {"extensions": {"trace": 1}}, TypeError, "int"),
    (lambda: {"nonsense": 1}, TypeError, "nonsense"),
]

# The same for one kind of client, the other cannot send what they make.
BODIES = {
    "sync": [
        (lambda: iter(["text"]), TypeError, "str"),
        (lambda: iter([1]), TypeError, "int"),
        (lambda: breaking(), Broken, "in the middle"),
        (lambda: breaking_async(), RuntimeError, "Attempted to send an async request with a sync Client instance."),
    ],
    "async": [
        (lambda: breaking_async(), Broken, "in the middle"),
        (lambda: breaking(), RuntimeError, "Attempted to send an sync request with an AsyncClient instance."),
    ],
}

# The arguments of a client; the exception; a part of the message.
CLIENTS = [
    ({"http1": False, "http2": False}, ValueError, "http1"),
    ({"max_redirects": -1}, (ValueError, OverflowError), ""),
    ({"max_redirects": "x"}, TypeError, "str"),
    ({"max_decoded_size": -1}, (ValueError, OverflowError), ""),
    ({"limits": 5}, TypeError, "int"),
    ({"timeout": -1}, ValueError, "-1"),
    ({"base_url": 1}, TypeError, "int"),
    ({"base_url": "http://[::1/"}, httpx.InvalidURL, ""),
    ({"params": 1}, AttributeError, "int"),
    ({"headers": 1}, TypeError, "int"),
    ({"cookies": 1}, TypeError, "int"),
    ({"auth": 1}, TypeError, "1"),
    ({"event_hooks": 1}, (TypeError, AttributeError), "int"),
    ({"event_hooks": {"request": 1}}, TypeError, "int"),
    ({"verify": 1.5}, TypeError, "float"),
    ({"verify": "/does/not/exist.pem"}, OSError, "/does/not/exist.pem"),
    ({"cert": 1}, TypeError, "int"),
    ({"cert": ("a", "b", "c", "d")}, TypeError, ""),
    ({"proxy": 1}, TypeError, "int"),
    ({"proxy": "ftp://127.0.0.1/"}, ValueError, "ftp"),
    ({"proxy": f"socks4://user:{SECRET}@127.0.0.1/"}, ValueError, "socks4"),
    ({"proxy": "127.0.0.1:8080"}, (ValueError, httpx.InvalidURL), ""),
    ({"proxy": "http://[::1/"}, httpx.InvalidURL, ""),
    ({"mounts": 1}, (TypeError, AttributeError), "int"),
    ({"mounts": {"http": None}}, ValueError, "http"),
    ({"nonsense": 1}, TypeError, "nonsense"),
]

# Classes of settings with their arguments.
SETTINGS = [
    (lambda: httpx.Limits(max_connections=-1), ValueError, "-1"),
    (lambda: httpx.Limits(max_connections=1.5), TypeError, "float"),
    (lambda: httpx.Limits(max_connections=10**30), ValueError, str(10**30)),
    (lambda: httpx.Limits(max_keepalive_connections=-1), ValueError, "-1"),
    (lambda: httpx.Limits(keepalive_expiry=-1), ValueError, "-1"),
    (lambda: httpx.Limits(keepalive_expiry=float("nan")), ValueError, "nan"),
    (lambda: httpx.Timeout(), ValueError, ""),
    (lambda: httpx.Timeout(None, read=-1), ValueError, "-1"),
    (lambda: httpx.Timeout(5, nonsense=1), TypeError, "nonsense"),
    (lambda: httpx.Proxy(f"ftp://user:{SECRET}@127.0.0.1"), ValueError, "ftp"),
    (lambda: httpx.HTTPTransport(retries=-1), (ValueError, OverflowError, TypeError), ""),
    (lambda: httpx.HTTPTransport(local_address="nonsense"), ValueError, "nonsense"),
    (lambda: httpx.HTTPTransport(uds=1), TypeError, "int"),
    (lambda: httpx.URL("http://example.org/", port="x"), (TypeError, httpx.InvalidURL), ""),
    (lambda: httpx.URL("http://example.org/", scheme="1http"), httpx.InvalidURL, ""),
    (lambda: httpx.URL("http://example.org/", host="a:b"), httpx.InvalidURL, "a:b"),
]


class ArgumentTest(Both):
    def setUp(self):
        super().setUp()
        self.left = self.enterContext(self.nothing_left())
        self.server = self.enterContext(RawServer())

    def tearDown(self):
        # Before the look at what is left, which the clean-up takes.
        self.close()

    def check(self, kind, case, expected, message, function, *args, **kwargs):
        with self.subTest(kind=kind, case=case):
            with self.assertRaises(expected) as caught:
                self.call(kind, function, *args, **kwargs)
            said = f"{caught.exception} {caught.exception!r}"
            self.assertIn(message, str(caught.exception))
            self.assertNotIn(SECRET, said)
            if isinstance(caught.exception, httpx.RequestError):
                self.assertNotIn(SECRET, f"{caught.exception.request!r} {caught.exception.request.url!r}")
            client = self.clients[kind]
            if not client.is_closed:
                good = self.call(kind, client.get, f"{self.server.url}/good")
                self.assertEqual(good.content, b"good", "the client is spoilt")

    def test_urls(self):
        self.make()
        for kind, (url, expected, message) in itertools.product(self.clients, URLS):
            self.check(kind, str(url)[:40], expected, message, self.clients[kind].get, url)

    def test_headers(self):
        self.make()
        for kind, (headers, expected, message) in itertools.product(self.clients, HEADERS):
            post = self.clients[kind].post
            self.check(kind, str(headers)[:60], expected, message, post, f"{self.server.url}/bad", content=b"ab", headers=headers)
        self.assertEqual({head.split(b" ")[1] for head in self.server.requests}, {b"/good"})

    def test_methods(self):
        self.make()
        for kind in self.clients:
            request = self.clients[kind].request
            for method, message in METHODS:
                self.check(kind, method, LOCAL, message, request, method, f"{self.server.url}/bad")
            for method in (None, 1, b"GET"):
                self.check(kind, method, (TypeError, AttributeError), "", request, method, f"{self.server.url}/bad")
        self.assertEqual({head.split(b" ")[1] for head in self.server.requests}, {b"/good"})

    def test_requests(self):
        self.make()
        for kind, (number, (arguments, expected, message)) in itertools.product(self.clients, enumerate(REQUESTS)):
            made = arguments()
            if kind == "async" and isinstance(made.get("content"), io.IOBase):
                continue  # refused as a whole
            self.check(kind, f"{number}: {list(made)}", expected, message, self.clients[kind].post, f"{self.server.url}/bad", **made)

    def test_bodies(self):
        self.make()
        for kind, cases in BODIES.items():
            for number, (body, expected, message) in enumerate(cases):
                self.check(kind, number, expected, message, self.clients[kind].post, f"{self.server.url}/bad", content=body())

    def test_whole_seconds_in_the_extension(self):
        self.make()
        for kind, client in self.clients.items():
            request = client.build_request("GET", f"{self.server.url}/good", extensions={"timeout": httpx.Timeout(5).as_dict()})
            self.assertEqual(self.call(kind, client.send, request).content, b"good")

    def test_a_request_without_the_right_to_two_framings(self):
        self.make()
        for kind, client in self.clients.items():
            headers = {"Content-Length": "2", "Transfer-Encoding": "chunked"}
            self.server.answers["/both"] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            self.call(kind, client.post, f"{self.server.url}/both", content=b"ab", headers=headers)
            self.assertNotIn(b"content-length", self.server.requests[-1].lower())

    def test_clients(self):
        self.make()
        for cls, (arguments, expected, message) in itertools.product((httpx.Client, httpx.AsyncClient), CLIENTS):
            self.check("sync", f"{cls.__name__} {arguments}", expected, message, cls, **arguments)

    def test_settings(self):
        self.make()
        for number, (make, expected, message) in enumerate(SETTINGS):
            self.check("sync", number, expected, message, make)

    def test_certificate_files(self):
        self.make()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "empty.pem").write_bytes(b"")
        (folder / "garbled.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n\xff!\n-----END CERTIFICATE-----\n")
        (folder / "binary.pem").write_bytes(bytes(range(256)))
        cases = [({"verify": str(folder / name)}, name) for name in ("empty.pem", "garbled.pem", "binary.pem")]
        cases += [({"cert": str(folder / name), "verify": False}, name) for name in ("missing.pem", "empty.pem", "garbled.pem")]
        cases += [({"cert": (CA, str(folder / "missing.key")), "verify": False}, "missing.key")]
        cases += [({"cert": (CA, KEY), "verify": False}, "ca.pem")]  # they do not belong together
        for cls, (arguments, name) in itertools.product((httpx.Client, httpx.AsyncClient), cases):

            async def get_async():
                async with cls(**arguments) as client:
                    await client.get(f"{MTLS}/json")

            def get():
                with cls(**arguments) as client:
                    client.get(f"{MTLS}/json")

            kind, function = ("sync", get) if cls is httpx.Client else ("async", get_async)
            self.check(kind, arguments, (OSError, httpx.ConnectError), name, function)

    def test_tls(self):
        self.make(verify=False)
        plain = HTTP.replace("http:", "https:")
        for kind, client in self.clients.items():
            self.check(kind, "TLS to a plain port", httpx.ConnectError, "", client.get, f"{plain}/json")
            no_tls = HTTPS.replace("https:", "http:")
            self.check(kind, "plain to a TLS port", (httpx.RemoteProtocolError, httpx.ReadError), "", client.get, no_tls + "/json")
            denied = (httpx.ReadError, httpx.WriteError, httpx.ConnectError, httpx.RemoteProtocolError)
            self.check(kind, "no client certificate", denied, "", client.get, f"{MTLS}/json")
        self.make()
        for kind, client in self.clients.items():
            self.check(kind, "unknown authority", httpx.ConnectError, "CERTIFICATE_VERIFY_FAILED", client.get, f"{HTTPS}/json")

    def test_part_names_cannot_break_out(self):
        self.make()
        name = 'a"\r\nX-Injected: y'
        for kind, client in self.clients.items():
            request = client.build_request("POST", self.server.url, data={name: "x"}, files={name: (name, b"y")})
            self.assertNotIn(b"\r\nX-Injected", request.read())

    def test_secrets(self):
        url = httpx.URL(f"http://user:{SECRET}@example.org/")
        shown = [url, httpx.Request("GET", url), httpx.Proxy(f"http://user:{SECRET}@127.0.0.1"), httpx.BasicAuth("user", SECRET)]
        shown += [httpx.Headers({"Authorization": SECRET, "Proxy-Authorization": SECRET}), httpx.Client(auth=("user", SECRET))]
        for value in shown:
            self.assertNotIn(SECRET, repr(value))

    def test_closed_clients(self):
        self.make()
        for kind, client in self.clients.items():
            self.call(kind, client.close if kind == "sync" else client.aclose)
            for function in (client.get, lambda url: client.send(httpx.Request("GET", url))):
                self.check(kind, "closed", RuntimeError, "closed", function, self.server.url)

    def test_classes_that_were_not_initialised(self):
        self.make()
        for cls in (httpx.Client, httpx.AsyncClient):
            for function in (
                lambda: cls.__new__(cls).headers,
                lambda: cls.__new__(cls).build_request("GET", "http://x/"),
                lambda: repr(httpx.Request.__new__(httpx.Request)),
                lambda: httpx.Request.__new__(httpx.Request).url,
                lambda: httpx.Response.__new__(httpx.Response).text,
            ):
                self.check("sync", cls.__name__, (AttributeError, RuntimeError), "", function)
        for kind, client in self.clients.items():
            cls = type(client)
            self.check(kind, "client", (AttributeError, RuntimeError), "", cls.__new__(cls).get, self.server.url)
            self.check(kind, "request", (AttributeError, RuntimeError), "", client.send, httpx.Request.__new__(httpx.Request))


if __name__ == "__main__":
    unittest.main()
