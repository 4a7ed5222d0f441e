"""httptools: parsers, whole messages, URLs. What upstream has runs on CPython with PyPI's httptools too."""

import ast
import gc
import inspect
import sys
import threading
import unittest
import weakref
from pathlib import Path

import httptools

import test_stubs

ON_CPYTHON = sys.implementation.name == "cpython"
STUB = Path(__file__).resolve().parents[2] / "stdlib-docs" / "stubs" / "httptools.pyi"
addition = unittest.skipIf(ON_CPYTHON, "not in PyPI's httptools")

REQUEST = b"POST /p?q HTTP/1.1\r\nHost: a\r\nX: 1 \r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
UPGRADE = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nrest"


class Recorder:
    def __init__(self):
        self.events = []

    def on_message_begin(self):
        self.events.append("begin")

    def on_url(self, url):
        self.events.append(("url", url))

    def on_status(self, status):
        self.events.append(("status", status))

    def on_header(self, name, value):
        self.events.append((name, value))

    def on_headers_complete(self):
        self.events.append("headers complete")

    def on_body(self, body):
        if self.events and self.events[-1][0] == "body":
            body = self.events.pop()[1] + body
        self.events.append(("body", body))

    def on_chunk_header(self):
        self.events.append("chunk")

    def on_chunk_complete(self):
        self.events.append("chunk complete")

    def on_message_complete(self):
        self.events.append("complete")


def events(parser_class, *pieces):
    recorder = Recorder()
    parser = parser_class(recorder)
    for piece in pieces:
        parser.feed_data(piece)
    return recorder.events


class ParserTest(unittest.TestCase):
    def test_request(self):
        expected = [
            "begin",
            ("url", b"/p?q"),
            (b"Host", b"a"),
            (b"X", b"1 "),
            (b"Content-Length", b"5"),
            "headers complete",
            ("body", b"hello"),
            "complete",
        ]
        self.assertEqual(events(httptools.HttpRequestParser, REQUEST), expected)
        self.assertEqual(events(httptools.HttpRequestParser, REQUEST * 2), expected * 2)

    @addition
    def test_pieces_do_not_matter(self):
        for parser_class, data in (
            (httptools.HttpRequestParser, REQUEST + CHUNKED + REQUEST),
            (httptools.HttpResponseParser, RESPONSE * 2),
        ):
            whole = events(parser_class, data)
            for size in 1, 2, 3, 7, 30:
                pieces = [data[start:start + size] for start in range(0, len(data), size)]
                self.assertEqual(events(parser_class, *pieces), whole)

    def test_chunks_and_trailers(self):
        self.assertEqual(
            events(httptools.HttpRequestParser, CHUNKED),
            [
                "begin",
                ("url", b"/"),
                (b"Transfer-Encoding", b"chunked"),
                "headers complete",
                "chunk",
                ("body", b"hello"),
                "chunk complete",
                "chunk",
                (b"T", b"v"),
                "chunk complete",
                "complete",
            ],
        )

    def test_response(self):
        expected = [
            "begin", ("status", b"OK"), (b"Content-Length", b"2"), "headers complete", ("body", b"ab"), "complete",
        ]  # fmt: skip
        self.assertEqual(events(httptools.HttpResponseParser, RESPONSE), expected)

    def test_state(self):
        seen = []

        class Protocol:
            def on_message_begin(self):
                seen.append(parser.get_http_version())

            def on_headers_complete(self):
                seen.append(
                    (parser.get_method(), parser.get_http_version(), parser.should_keep_alive(), parser.should_upgrade())
                )

        parser = httptools.HttpRequestParser(Protocol())
        parser.feed_data(b"GET / HTTP/1.1\r\n\r\nPUT / HTTP/1.0\r\n\r\n")
        self.assertEqual(seen, ["0.0", (b"GET", "1.1", True, False), "1.1", (b"PUT", "1.0", False, False)])
        parser = httptools.HttpResponseParser(None)
        self.assertEqual(parser.get_status_code(), 0)
        parser.feed_data(RESPONSE)
        self.assertEqual(parser.get_status_code(), 200)

    def test_buffers(self):
        for kind in bytes, bytearray, memoryview:
            self.assertEqual(events(httptools.HttpRequestParser, kind(REQUEST))[1], ("url", b"/p?q"))
        view = memoryview(REQUEST + b"xx")[: len(REQUEST)]
        self.assertEqual(events(httptools.HttpRequestParser, view)[-2], ("body", b"hello"))
        for bad in "GET", None, 1, [71]:
            with self.assertRaisesRegex(TypeError, "a bytes-like object"):
                httptools.HttpRequestParser(None).feed_data(bad)

    def test_a_buffer_that_changes_meanwhile(self):
        data = bytearray(REQUEST)
        recorder = Recorder()

        def on_url(url):
            data[:] = bytes(len(data))

        recorder.on_url = on_url
        if not ON_CPYTHON:
            httptools.HttpRequestParser(recorder).feed_data(data)
            self.assertEqual(recorder.events[-2:], [("body", b"hello"), "complete"])

    def test_upgrade(self):
        parser = httptools.HttpRequestParser(None)
        with self.assertRaises(httptools.HttpParserUpgrade) as caught:
            parser.feed_data(UPGRADE)
        self.assertEqual(UPGRADE[caught.exception.args[0]:], b"rest")
        self.assertTrue(parser.should_upgrade())
        self.assertFalse(issubclass(httptools.HttpParserUpgrade, httptools.HttpParserError))
        parser.feed_data(REQUEST)
        self.assertFalse(parser.should_upgrade())

    def test_an_error_stays(self):
        parser = httptools.HttpRequestParser(None)
        for _ in range(2):
            with self.assertRaisesRegex(httptools.HttpParserInvalidMethodError, "^Invalid method encountered$"):
                parser.feed_data(b"FETCH / HTTP/1.1\r\n")

    def test_callback_errors(self):
        for name in "on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete":
            recorder = Recorder()
            error = KeyboardInterrupt(name)

            def fail(*_, error=error):
                raise error

            setattr(recorder, name, fail)
            parser = httptools.HttpRequestParser(recorder)
            with self.assertRaisesRegex(httptools.HttpParserCallbackError, "callback error") as caught:
                parser.feed_data(REQUEST)
            self.assertIs(caught.exception.__context__, error)
            with self.assertRaisesRegex(httptools.HttpParserCallbackError, "callback error"):
                parser.feed_data(REQUEST)

    def test_methods_are_looked_up_once(self):
        class Protocol:
            asked = []

            def __getattr__(self, name):
                self.asked.append(name)
                raise AttributeError(name)

        protocol = Protocol()
        parser = httptools.HttpRequestParser(protocol)
        asked = list(protocol.asked)
        self.assertIn("on_url", asked)
        parser.feed_data(REQUEST)
        self.assertEqual(protocol.asked, asked)

        class Broken:
            @property
            def on_header(self):
                raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            httptools.HttpRequestParser(Broken())

    def test_any_callable(self):
        class Protocol:
            headers = []
            on_header = staticmethod(lambda name, value: Protocol.headers.append(name))
            on_body = print.__class__ and [].append

        httptools.HttpRequestParser(Protocol()).feed_data(REQUEST)
        self.assertEqual(Protocol.headers, [b"Host", b"X", b"Content-Length"])

        class NotCallable:
            on_url = 1

        with self.assertRaises(httptools.HttpParserCallbackError) as caught:
            httptools.HttpRequestParser(NotCallable()).feed_data(REQUEST)
        self.assertIsInstance(caught.exception.__context__, TypeError)

    def test_subclass(self):
        class Parser(httptools.HttpRequestParser):
            def __init__(self):
                super().__init__(self)
                self.urls = []

            def on_url(self, url):
                self.urls.append(url)

        parser = Parser()
        parser.feed_data(REQUEST)
        self.assertEqual(parser.urls, [b"/p?q"])

    @addition
    def test_without_init(self):
        class Parser(httptools.HttpRequestParser):
            def __init__(self):
                pass

        with self.assertRaisesRegex(RuntimeError, "__init__"):
            Parser().feed_data(REQUEST)

    def test_arguments(self):
        for arguments in (), (None, None):
            with self.assertRaises(TypeError):
                httptools.HttpRequestParser(*arguments)
        parser = httptools.HttpRequestParser(protocol=None)
        with self.assertRaises(TypeError):
            parser.feed_data()
        with self.assertRaises(TypeError):
            parser.set_dangerous_leniencies(lenient_everything=True)

    @addition
    def test_limits(self):
        for name, value, message in (
            ("max_head_size", 50, "Head is too large"),
            ("max_headers", 2, "Too many fields"),
            ("max_chunk_extensions", 2, "Chunk extensions are too large"),
        ):
            for limit in 0, value:
                parser = httptools.HttpRequestParser(None, **{name: limit})
                with self.assertRaisesRegex(httptools.HttpParserError, message):
                    parser.feed_data(REQUEST + CHUNKED)
            with self.assertRaises((ValueError, OverflowError)):
                httptools.HttpRequestParser(None, **{name: -1})

    @addition
    def test_feeding_while_feeding(self):
        class Protocol:
            def on_url(self, url):
                parser.feed_data(REQUEST)

        parser = httptools.HttpRequestParser(Protocol())
        with self.assertRaises(httptools.HttpParserCallbackError) as caught:
            parser.feed_data(REQUEST)
        self.assertIsInstance(caught.exception.__context__, RuntimeError)

    @addition
    def test_starting_anew_while_feeding(self):
        class Protocol:
            def on_url(self, url):
                parser.__init__(None)

        parser = httptools.HttpRequestParser(Protocol())
        parser.feed_data(REQUEST)
        parser.feed_data(REQUEST)
        self.assertEqual(parser.get_method(), b"POST")

    @addition
    def test_threads(self):
        entered, leave = threading.Event(), threading.Event()

        class Protocol:
            def on_url(self, url):
                entered.set()
                leave.wait(30)

        parser = httptools.HttpRequestParser(Protocol())
        thread = threading.Thread(target=parser.feed_data, args=(REQUEST,))
        thread.start()
        self.assertTrue(entered.wait(30))
        with self.assertRaisesRegex(RuntimeError, "already running"):
            parser.feed_data(REQUEST)
        self.assertEqual(parser.get_method(), b"POST")
        leave.set()
        thread.join()
        parser.feed_data(REQUEST)

    def test_cycles_are_collected(self):
        class Protocol:
            def __init__(self):
                self.parser = httptools.HttpRequestParser(self)

            def on_url(self, url):
                pass

        protocol = Protocol()
        gone = weakref.ref(protocol)
        del protocol
        gc.collect()
        if not ON_CPYTHON:
            self.assertIsNone(gone())

    def test_leniencies(self):
        parser = httptools.HttpRequestParser(recorder := Recorder())
        parser.set_dangerous_leniencies(lenient_headers=True, lenient_version=None)
        parser.feed_data(b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n")
        self.assertIn((b"A", b"b c"), recorder.events)
        parser.set_dangerous_leniencies(lenient_headers=False)
        with self.assertRaisesRegex(httptools.HttpParserError, "whitespace after header value"):
            parser.feed_data(b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n")

        class Protocol:
            def on_headers_complete(self):
                parser.set_dangerous_leniencies(lenient_data_after_close=True)

        parser = httptools.HttpRequestParser(Protocol())
        parser.feed_data(b"GET / HTTP/1.0\r\n\r\nanything")


REFUSED = [
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n",
    b"GET / HTTP/1.1\nA: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: b\n\r\n",
    b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
    b"GET / HTTP/1.2\r\n\r\n",
    b"GET /\0 HTTP/1.1\r\n\r\n",
    b"get / HTTP/1.1\r\n\r\n",
]


class StrictnessTest(unittest.TestCase):
    def test_refused(self):
        for data in REFUSED:
            for size in 1, len(data):
                with self.subTest(data=data, size=size), self.assertRaises(httptools.HttpParserError):
                    events(httptools.HttpRequestParser, *[data[at:at + size] for at in range(0, len(data), size)])

    @addition
    def test_refused_as_a_whole(self):
        for data in REFUSED:
            with self.subTest(data=data), self.assertRaisesRegex(httptools.HttpParserError, r" at byte \d+$"):
                httptools.parse_request(data)

    @addition
    def test_transfer_encoding_with_http_1_0(self):
        with self.assertRaisesRegex(httptools.HttpParserError, "HTTP/1.0"):
            events(httptools.HttpRequestParser, CHUNKED.replace(b"1.1", b"1.0"))


@addition
class WholeMessageTest(unittest.TestCase):
    def test_request(self):
        request = httptools.parse_request(b"GET /path HTTP/1.1\r\nHost: example.com\r\n\r\n")
        self.assertEqual((request.method, request.path, request.version), ("GET", "/path", "HTTP/1.1"))
        self.assertEqual(request.headers, {"Host": "example.com"})
        self.assertEqual(str(request.headers), "{'Host': 'example.com'}")
        self.assertEqual((request.body, request.rest, request.query), (b"", b"", None))
        self.assertEqual(repr(request), "<Request GET /path>")

    def test_targets(self):
        for target, path, query in (
            ("/", "/", None),
            ("/a%20b?c=%20#d", "/a%20b", "c=%20"),
            ("*", "*", None),
            ("http://h", "/", None),
            ("http://h/p?q", "/p", "q"),
            ("http://h?q", "/", "q"),
        ):
            request = httptools.parse_request(f"OPTIONS {target} HTTP/1.1\r\n\r\n".encode())
            self.assertEqual((request.target, request.path, request.query), (target, path, query))
        request = httptools.parse_request(b"CONNECT a:443 HTTP/1.1\r\n\r\nTLS")
        self.assertEqual((request.path, request.upgrade, request.rest), ("a:443", True, b"TLS"))

    def test_headers(self):
        data = b"GET / HTTP/1.1\r\nHost: a \r\nX-One: 1\r\nx-one: 2\r\nX: \xe9\r\nAuthorization: secret\r\n\r\n"
        headers = httptools.parse_request(data).headers
        self.assertEqual(headers["HOST"], "a")
        self.assertEqual((headers["x-one"], headers.get_list("X-ONE"), headers[b"x"]), ("1, 2", ["1", "2"], "é"))
        self.assertEqual((headers.get("y"), headers.get("y", 1), headers.get_list("y")), (None, 1, []))
        self.assertTrue("host" in headers and "y" not in headers)
        self.assertEqual(list(headers), ["Host", "X-One", "X", "Authorization"])
        self.assertEqual((len(headers), dict(headers)["X-One"]), (4, "1, 2"))
        self.assertEqual(list(headers.keys())[:1] + list(headers.values())[:1], ["Host", "a"])
        self.assertEqual(headers.multi_items()[1:3], [("X-One", "1"), ("x-one", "2")])
        self.assertEqual(headers.raw[3], (b"X", b"\xe9"))
        self.assertNotIn("secret", repr(headers))
        with self.assertRaisesRegex(KeyError, "'y'"):
            headers["y"]
        for bad in 1, None:
            with self.assertRaises(TypeError):
                headers[bad]
            with self.assertRaises(TypeError):
                headers.get(bad)
        self.assertEqual(headers, httptools.parse_request(data).headers)
        self.assertEqual(headers, {k.lower(): v for k, v in headers.items()})
        self.assertNotEqual(headers, {"Host": "a"})
        self.assertNotEqual(headers, {1: 2, "Host": "a", "X": "é", "Authorization": "secret"})
        self.assertNotEqual(headers, [])
        with self.assertRaises(TypeError):
            hash(headers)

    def test_body(self):
        request = httptools.parse_request(bytearray(CHUNKED + REQUEST))
        self.assertEqual((request.body, request.trailers, request.rest), (b"hello", {"T": "v"}, REQUEST))
        self.assertEqual(httptools.parse_request(memoryview(request.rest)).body, b"hello")

    def test_response(self):
        response = httptools.parse_response(RESPONSE + b"x")
        self.assertEqual((response.status_code, response.reason, response.version), (200, "OK", "HTTP/1.1"))
        self.assertEqual((response.body, response.rest, response.keep_alive), (b"ab", b"x", True))
        self.assertEqual(repr(response), "<Response 200 OK>")
        response = httptools.parse_response(data=b"HTTP/1.0 200 \xe9\r\n\r\nto the end", method="GET")
        self.assertEqual((response.reason, response.body, response.keep_alive), ("é", b"to the end", False))
        head = b"HTTP/1.1 200\r\nContent-Length: 9\r\n\r\n"
        self.assertEqual(httptools.parse_response(head, "HEAD").body, b"")
        tunnel = httptools.parse_response(head + b"TLS", method="CONNECT")
        self.assertEqual((tunnel.upgrade, tunnel.rest, repr(tunnel)), (True, b"TLS", "<Response 200>"))
        with self.assertRaisesRegex(ValueError, "FETCH"):
            httptools.parse_response(RESPONSE, method="FETCH")

    def test_incomplete(self):
        for data in REQUEST, CHUNKED, b"GET / HTTP/1.1\r\n\r\n":
            for end in range(len(data)):
                with self.assertRaisesRegex(httptools.HttpParserError, f"(?i)incomplete|no message.* at byte {end}"):
                    httptools.parse_request(data[:end])
        for end in range(len(RESPONSE)):
            with self.assertRaisesRegex(httptools.HttpParserError, f" at byte {end}$"):
                httptools.parse_response(RESPONSE[:end])

    def test_classes_of_errors(self):
        for data, error in (
            (b"FETCH / HTTP/1.1\r\n\r\n", httptools.HttpParserInvalidMethodError),
            (b"GET path HTTP/1.1\r\n\r\n", httptools.HttpParserInvalidURLError),
            (b"GET / HTTP/9.9\r\n\r\n", httptools.HttpParserError),
        ):
            with self.assertRaises(error):
                httptools.parse_request(data)
        with self.assertRaises(httptools.HttpParserInvalidStatusError):
            httptools.parse_response(b"HTTP/1.1 2000 OK\r\n\r\n")
        for bad in "GET", None, 1:
            with self.assertRaisesRegex(TypeError, "a bytes-like object"):
                httptools.parse_request(bad)

    def test_made_by_the_module_only(self):
        for name in "Headers", "Request", "Response", "URL":
            with self.assertRaises(TypeError):
                getattr(httptools, name)()


class UrlTest(unittest.TestCase):
    def test_bytes(self):
        for kind in bytes, bytearray, memoryview:
            url = httptools.parse_url(kind(b"http://u:p@h:80/p?q#f"))
            parts = (url.schema, url.userinfo, url.host, url.port, url.path, url.query, url.fragment)
            self.assertEqual(parts, (b"http", b"u:p", b"h", 80, b"/p", b"q", b"f"))
        with self.assertRaisesRegex(AttributeError, "not writable"):
            url.path = b"/"

    def test_refused(self):
        for bad in b"", b"path", b"http://", b"http://h:99999/", b"/\xff", b"/a b":
            with self.assertRaisesRegex(httptools.HttpParserInvalidURLError, "invalid url b'"):
                httptools.parse_url(bad)
        with self.assertRaisesRegex(httptools.HttpParserInvalidURLError, "65536 bytes exceeds"):
            httptools.parse_url(b"/" * 65536)
        for bad in None, 1, "dsf://aaa":
            with self.assertRaisesRegex(TypeError, "a bytes-like object"):
                httptools.parse_url(bad)

    @addition
    def test_text(self):
        url = httptools.parse_url("https://example.com:8080/path?query=value#fragment")
        self.assertEqual((url.scheme, url.schema, url.host, url.port), ("https", "https", "example.com", 8080))
        self.assertEqual((url.path, url.query, url.fragment, url.userinfo), ("/path", "query=value", "fragment", None))
        self.assertEqual(httptools.parse_url("WSS://h/").host, "h")
        self.assertEqual(httptools.parse_url("/p?http://x").query, "http://x")
        self.assertEqual(httptools.parse_url(url="/p").path, "/p")
        for bad in "", "path", "http://", "http://é/", "/\ud800":
            with self.assertRaisesRegex(httptools.HttpParserInvalidURLError, "invalid url '"):
                httptools.parse_url(bad)

    @addition
    def test_secrets_are_masked(self):
        self.assertNotIn("hunter2", repr(httptools.parse_url("http://u:hunter2@h/")))
        with self.assertRaises(httptools.HttpParserInvalidURLError) as caught:
            httptools.parse_url("http://u:hunter2@h:x/")
        self.assertEqual(str(caught.exception), "invalid url 'http://[secure]@h:x/'")


class ModuleTest(unittest.TestCase):
    def test_submodules(self):
        import httptools.parser.errors
        import httptools.parser.parser
        import httptools.parser.protocol
        import httptools.parser.url_parser
        from httptools.parser import HTTPProtocol

        self.assertIs(httptools.parser.parser.HttpRequestParser, httptools.HttpRequestParser)
        self.assertIs(httptools.parser.errors.HttpParserError, httptools.HttpParserError)
        self.assertIs(httptools.parser.url_parser.parse_url, httptools.parse_url)
        self.assertIs(type(httptools.parse_url(b"/")), httptools.parser.url_parser.URL)
        self.assertIs(httptools.parser.protocol.HTTPProtocol, HTTPProtocol)
        self.assertIs(httptools.HTTPProtocol, HTTPProtocol)
        self.assertEqual(httptools.HttpRequestParser.__module__, "httptools.parser.parser")
        self.assertEqual(httptools.__version__, "0.9.0")
        with self.assertRaises(ImportError):
            import httptools.parser.nothing  # noqa: F401
        with self.assertRaises(AttributeError):
            httptools.nothing

    def test_protocol(self):
        class Protocol(httptools.HTTPProtocol):
            def on_url(self, url):
                self.url = url

        protocol = Protocol()
        httptools.HttpRequestParser(protocol).feed_data(REQUEST)
        self.assertEqual(protocol.url, b"/p?q")

    def test_star_import(self):
        names = {}
        exec("from httptools import *", names)
        self.assertLessEqual(set(httptools.__all__), set(names))
        self.assertIn("HTTPProtocol", names)

    @addition
    def test_stub(self):
        declared = test_stubs.declared_names(ast.parse(STUB.read_text(encoding="utf-8")).body)
        public = {name for name in declared if not name.startswith("_")} | {"__version__", "parser"}
        self.assertEqual(public, set(httptools.__all__))
        for name, node in declared.items():
            if name.startswith("_"):
                continue
            runtime = getattr(httptools, name)
            with self.subTest(name=name):
                self.assertTrue(inspect.getdoc(runtime))
                self.assertTrue(ast.get_docstring(node))
            if not isinstance(node, ast.ClassDef):
                continue
            members = test_stubs.declared_names(node.body)
            for base in node.bases:
                base = base.value if isinstance(base, ast.Subscript) else base
                if base.id.startswith("_"):
                    members |= test_stubs.declared_names(declared[base.id].body)
                elif base.id != "Protocol":
                    parent = getattr(httptools, base.id, None) or getattr(__builtins__, base.id, None) or Exception
                    self.assertTrue(issubclass(runtime, parent))
            for member, declaration in members.items():
                with self.subTest(member=f"{name}.{member}"):
                    self.assertTrue(hasattr(runtime, member))
                    if not member.startswith("_"):
                        self.assertTrue(getattr(runtime, member).__doc__)
                    if member in ("feed_data", "get_list", "set_dangerous_leniencies", "__init__"):
                        callable_ = runtime if member == "__init__" else getattr(runtime, member)
                        parameters = test_stubs.runtime_parameters(callable_)
                        if parameters is not None:
                            expected = test_stubs.stub_parameters(declaration)
                            self.assertEqual(
                                [name for name, *_ in parameters], [name for name, *_ in expected]
                            )
            present = {member for member in dir(runtime) if not member.startswith("_")} - set(dir(Exception))
            self.assertEqual(present - set(members), set())


if __name__ == "__main__":
    unittest.main()
