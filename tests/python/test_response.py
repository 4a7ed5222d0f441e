"""`httpx.Response` made by hand: no network is involved."""

import copy
import datetime
import gc
import gzip
import io
import pickle
import sys
import threading
import unittest
import weakref
import zlib

import httpx

ON_CPYTHON = sys.implementation.name == "cpython"
REQUEST = httpx.Request("GET", "https://example.org/")
INFORMATION = "For more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/"


def pieces():
    yield b"Hello, "
    yield b"world!"


class StatusTest(unittest.TestCase):
    def test_what_a_code_means(self):
        flags = ["is_informational", "is_success", "is_redirect", "is_client_error", "is_server_error"]
        for code in (100, 199, 200, 204, 299, 300, 304, 399, 400, 404, 499, 500, 503, 599, 600, 99, 0):
            with self.subTest(code=code):
                response = httpx.Response(code)
                set_flags = [flag for flag in flags if getattr(response, flag)]
                self.assertEqual(set_flags, flags[code // 100 - 1 : code // 100] if 100 <= code < 600 else [])
                self.assertEqual(response.is_error, 400 <= code < 600)

    def test_reason_phrases(self):
        self.assertEqual(httpx.Response(200).reason_phrase, "OK")
        self.assertEqual(httpx.Response(404).reason_phrase, "Not Found")
        self.assertEqual(httpx.Response(999).reason_phrase, "")
        self.assertEqual(httpx.Response(200, extensions={"reason_phrase": b"Alright"}).reason_phrase, "Alright")

    def test_repr(self):
        self.assertEqual(repr(httpx.Response(200)), "<Response [200 OK]>")
        self.assertEqual(repr(httpx.Response(404)), "<Response [404 Not Found]>")
        self.assertEqual(repr(httpx.Response(httpx.codes.IM_A_TEAPOT)), "<Response [418 I'm a teapot]>")

    def test_http_version(self):
        self.assertEqual(httpx.Response(200).http_version, "HTTP/1.1")
        self.assertEqual(httpx.Response(200, extensions={"http_version": b"HTTP/2"}).http_version, "HTTP/2")

    def test_redirects_need_a_location(self):
        headers = {"location": "https://other.org"}
        for code in (301, 302, 303, 307, 308):
            self.assertTrue(httpx.Response(code, headers=headers).has_redirect_location)
            self.assertFalse(httpx.Response(code).has_redirect_location)
        for code in (200, 300, 304, 305, 400):
            self.assertFalse(httpx.Response(code, headers=headers).has_redirect_location)


class RaiseForStatusTest(unittest.TestCase):
    def message(self, *args, **kwargs):
        response = httpx.Response(*args, request=kwargs.pop("request", REQUEST), **kwargs)
        with self.assertRaises(httpx.HTTPStatusError) as caught:
            response.raise_for_status()
        self.assertIs(caught.exception.response, response)
        self.assertIs(caught.exception.request, response.request)
        return str(caught.exception)

    def test_a_success_returns_the_response(self):
        response = httpx.Response(200, request=REQUEST)
        self.assertIs(response.raise_for_status(), response)

    def test_messages(self):
        url = "for url 'https://example.org/'"
        self.assertEqual(self.message(101), f"Informational response '101 Switching Protocols' {url}\n{INFORMATION}101")
        self.assertEqual(
            self.message(303, headers={"location": "https://other.org"}),
            f"Redirect response '303 See Other' {url}\nRedirect location: 'https://other.org'\n{INFORMATION}303",
        )
        self.assertEqual(self.message(304), f"Redirect response '304 Not Modified' {url}\n{INFORMATION}304")
        self.assertEqual(self.message(403), f"Client error '403 Forbidden' {url}\n{INFORMATION}403")
        self.assertEqual(self.message(500), f"Server error '500 Internal Server Error' {url}\n{INFORMATION}500")
        self.assertEqual(self.message(777), f"Invalid status code '777 ' {url}\n{INFORMATION}777")

    @unittest.skipIf(ON_CPYTHON, "upstream writes the password")
    def test_messages_keep_passwords_to_themselves(self):
        request = httpx.Request("GET", "https://user:secret@example.org/")
        self.assertNotIn("secret", self.message(404, request=request))

    def test_without_a_request(self):
        with self.assertRaises(RuntimeError) as caught:
            httpx.Response(200).raise_for_status()
        self.assertEqual(
            str(caught.exception),
            "Cannot call `raise_for_status` as the request instance has not been set on this response.",
        )


class ConstructorTest(unittest.TestCase):
    def test_kinds_of_content_and_their_headers(self):
        cases = [
            ({}, b"", {}),
            ({"content": b""}, b"", {}),
            ({"content": b"Hello"}, b"Hello", {"Content-Length": "5"}),
            ({"content": "Grüße"}, "Grüße".encode(), {"Content-Length": "7"}),
            ({"text": ""}, b"", {"Content-Length": "0", "Content-Type": "text/plain; charset=utf-8"}),
            ({"text": "é"}, b"\xc3\xa9", {"Content-Length": "2", "Content-Type": "text/plain; charset=utf-8"}),
            ({"html": "<p>"}, b"<p>", {"Content-Length": "3", "Content-Type": "text/html; charset=utf-8"}),
            ({"json": {"a": 1}}, b'{"a":1}', {"Content-Length": "7", "Content-Type": "application/json"}),
            ({"json": 0}, b"0", {"Content-Length": "1", "Content-Type": "application/json"}),
        ]
        for arguments, content, headers in cases:
            with self.subTest(**arguments):
                response = httpx.Response(200, **arguments)
                self.assertEqual(response.content, content)
                self.assertEqual(response.headers, headers)
                self.assertEqual(response.read(), content)
                self.assertTrue(response.is_closed)
                self.assertTrue(response.is_stream_consumed)
                self.assertEqual(response.num_bytes_downloaded, 0)
                self.assertIsInstance(response.stream, httpx.ByteStream)
                self.assertEqual(b"".join(response.stream), content)

    def test_given_headers_stay(self):
        response = httpx.Response(200, headers={"content-type": "text/css", "X": "1"}, text="a {}")
        self.assertEqual(response.headers, {"content-type": "text/css", "X": "1", "Content-Length": "4"})

    def test_streamed_content_is_chunked_unless_its_length_is_known(self):
        self.assertEqual(httpx.Response(200, content=pieces()).headers, {"Transfer-Encoding": "chunked"})
        self.assertEqual(httpx.Response(200, content=io.BytesIO(b"1234")).headers, {"Content-Length": "4"})
        given = httpx.Response(200, headers={"Content-Length": "13"}, content=pieces())
        self.assertEqual(given.headers, {"Content-Length": "13"})
        self.assertEqual(httpx.Response(200, stream=httpx.ByteStream(b"x")).headers, {})

    def test_files_are_content(self):
        response = httpx.Response(200, content=io.BytesIO(b"x" * 200_000))
        self.assertEqual([len(chunk) for chunk in response.iter_raw()], [65536, 65536, 65536, 3392])

    def test_content_of_a_wrong_type(self):
        for content in (object(), {"a": 1}, 1.5):
            with self.assertRaises(TypeError) as caught:
                httpx.Response(200, content=content)
            self.assertEqual(str(caught.exception), f"Unexpected type for 'content', {type(content)!r}")

    def test_wrong_arguments(self):
        for arguments in ({"body": b""}, {"no_such": 1}):
            with self.assertRaises(TypeError):
                httpx.Response(200, **arguments)
        with self.assertRaises(TypeError):
            httpx.Response()
        with self.assertRaises(UnicodeEncodeError):
            httpx.Response(200, text="\ud800")

    def test_attributes_can_be_set(self):
        response = httpx.Response(200)
        response.status_code = 404
        response.headers = httpx.Headers({"a": "b"})
        response.request = REQUEST
        response.next_request = REQUEST
        response.history = [httpx.Response(301)]
        response.extensions = {"http_version": b"HTTP/2"}
        response.elapsed = datetime.timedelta(seconds=2)
        response.extra = "of my own"
        self.assertEqual((response.status_code, response.reason_phrase), (404, "Not Found"))
        self.assertEqual(response.headers["A"], "b")
        self.assertEqual(response.url, "https://example.org/")
        self.assertIs(response.next_request, REQUEST)
        self.assertEqual(response.history[0].status_code, 301)
        self.assertEqual(response.http_version, "HTTP/2")
        self.assertEqual(response.elapsed.total_seconds(), 2)
        self.assertEqual(response.extra, "of my own")

    def test_history_and_extensions_are_copies(self):
        history, extensions = [], {}
        response = httpx.Response(200, history=history, extensions=extensions)
        response.history.append(response)
        response.extensions["a"] = 1
        self.assertEqual((history, extensions), ([], {}))
        self.assertEqual(len(response.history), 1)

    def test_subclasses(self):
        class Answer(httpx.Response):
            def __init__(self, text):
                super().__init__(200, text=text)
                self.extra = text.upper()

        answer = Answer("yes")
        self.assertEqual((answer.text, answer.extra), ("yes", "YES"))

    def test_cycles_are_collected(self):
        response = httpx.Response(200)
        response.history.append(response)
        gone = weakref.ref(response)
        del response
        gc.collect()
        self.assertIsNone(gone())

    def test_cycles_through_a_stream_are_collected(self):
        box = []

        def stream():
            yield b"a"
            yield box

        response = httpx.Response(200, content=stream())
        iterator = response.iter_bytes()
        next(iterator)
        box.append(iterator)
        gone = weakref.ref(response)
        del response, iterator, box
        gc.collect()
        self.assertIsNone(gone())


class UnsetTest(unittest.TestCase):
    def test_request(self):
        response = httpx.Response(200)
        for ask in (lambda: response.request, lambda: response.url, lambda: response.cookies):
            with self.assertRaises(RuntimeError) as caught:
                ask()
            self.assertEqual(str(caught.exception), "The request instance has not been set on this response.")
        self.assertIsNone(response.next_request)

    def test_elapsed(self):
        with self.assertRaises(RuntimeError) as caught:
            _ = httpx.Response(200).elapsed
        self.assertEqual(
            str(caught.exception), "'.elapsed' may only be accessed after the response has been read or closed."
        )


class TextTest(unittest.TestCase):
    def text(self, content, content_type=None, **arguments):
        headers = {"Content-Type": content_type} if content_type else {}
        response = httpx.Response(200, headers=headers, content=content, **arguments)
        return response.text, response.encoding

    def test_charsets(self):
        cases = [
            ("plain", "utf-8"), ("é€😀", "utf-8"), ("é€😀", "UTF-8"), ("\ufeffé", "utf-8-sig"), ("é", "iso-8859-1"),
            ("é", "latin-1"), ("€", "windows-1252"), ("привет", "koi8-r"), ("привет", "windows-1251"), ("日本語", "shift_jis"),
            ("日本語", "euc-jp"), ("中文", "gb2312"), ("中文", "big5"), ("한국어", "euc-kr"), ("é😀", "utf-16"), ("é😀", "utf-16-le"),
            ("é😀", "utf-32"), ("+é", "utf-7"), ("ascii", "us-ascii"),
        ]  # fmt: skip
        for text, charset in cases:
            with self.subTest(charset=charset):
                content = text.encode(charset)
                decoded = content.decode(charset, "replace")
                self.assertEqual(self.text(content, f"text/plain; charset={charset}"), (decoded, charset.lower()))
                for size in (1, 2, 3, 7):
                    response = httpx.Response(
                        200,
                        headers={"Content-Type": f"text/plain; charset={charset}"},
                        content=(content[at : at + size] for at in range(0, len(content), size)),
                    )
                    self.assertEqual("".join(response.iter_text()), decoded)

    def test_without_a_charset(self):
        self.assertEqual(self.text("é".encode()), ("é", "utf-8"))
        self.assertEqual(self.text(b"\xe9", default_encoding="latin-1"), ("é", "latin-1"))
        self.assertEqual(self.text(b"\xe9", "text/plain", default_encoding="latin-1"), ("é", "latin-1"))
        self.assertEqual(self.text(b""), ("", "utf-8"))

    def test_an_unknown_charset_falls_back(self):
        self.assertEqual(self.text("é".encode(), "text/plain; charset=no-such-codec"), ("é", "utf-8"))
        self.assertEqual(self.text(b"\xe9", "text/plain; charset=wat", default_encoding="latin-1"), ("é", "latin-1"))

    @unittest.skipIf(ON_CPYTHON, "upstream raises for these")
    def test_a_charset_that_is_no_encoding_of_text_falls_back(self):
        for charset in ("hex", "zlib", "idna", "punycode", "undefined", "rot13", "base64"):
            with self.subTest(charset=charset):
                self.assertEqual(self.text("é".encode(), f"text/plain; charset={charset}"), ("é", "utf-8"))

    def test_default_encoding_may_be_a_function_of_the_content(self):
        asked = []

        def detect(content):
            asked.append(content)
            return "koi8-r"

        self.assertEqual(self.text("привет".encode("koi8-r"), default_encoding=detect), ("привет", "koi8-r"))
        self.assertEqual(asked, ["привет".encode("koi8-r")])
        self.assertEqual(self.text(b"abc", default_encoding=lambda content: None), ("abc", "utf-8"))

    def test_what_does_not_decode_is_replaced(self):
        broken = [
            b"\xff", b"a\xffb", b"\xc3", b"\xe2\x82", b"\xe2\x82a", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80",
            b"\xe2\x28\xa1", b"\xf0\x28\x8c\xbc", b"\x80\x80", b"\xc3\xc3\xa9", b"\xf0\x9f\x98\x80\xf0\x9f",
        ]  # fmt: skip
        for content in broken:
            # PyPI's httpx raises for UTF-16 without a byte order mark.
            for charset in ("utf-8", "ascii", "shift_jis", *([] if ON_CPYTHON else ["utf-16"])):
                with self.subTest(content=content, charset=charset):
                    expected = content.decode(charset, "replace")
                    self.assertEqual(self.text(content, f"text/plain; charset={charset}")[0], expected)
            halves = httpx.Response(200, content=iter([content[:1], content[1:]]))
            self.assertEqual("".join(halves.iter_text()), content.decode("utf-8", "replace"))

    def test_an_encoding_can_be_set_until_the_text_was_read(self):
        response = httpx.Response(200, content="é".encode("latin-1"))
        response.encoding = "latin-1"
        self.assertEqual((response.encoding, response.text), ("latin-1", "é"))
        with self.assertRaises(ValueError) as caught:
            response.encoding = "utf-8"
        self.assertEqual(
            str(caught.exception), "Setting encoding after `text` has been accessed is not allowed."
        )

    def test_an_unknown_encoding_set_by_hand(self):
        response = httpx.Response(200, content=b"x")
        response.encoding = "no-such-codec"
        with self.assertRaises(LookupError):
            _ = response.text

    def test_charset_encoding(self):
        cases = {
            "text/plain": None,
            "text/plain; charset=UTF-8": "utf-8",
            'text/plain; charset="iso-8859-1"': "iso-8859-1",
            "text/plain; format=flowed; charset=koi8-r": "koi8-r",
            "text/plain; charset=nonsense": "nonsense",
        }
        for content_type, charset in cases.items():
            response = httpx.Response(200, headers={"Content-Type": content_type})
            self.assertEqual(response.charset_encoding, charset)
        self.assertIsNone(httpx.Response(200).charset_encoding)


class HeaderTest(unittest.TestCase):
    def test_links(self):
        link = '<https://a.example/?p=2>; rel="next", <https://a.example/?p=9>; rel=last; title="Last", <https://b.example>'
        response = httpx.Response(200, headers={"link": link})
        self.assertEqual(
            response.links,
            {
                "next": {"url": "https://a.example/?p=2", "rel": "next"},
                "last": {"url": "https://a.example/?p=9", "rel": "last", "title": "Last"},
                "https://b.example": {"url": "https://b.example"},
            },
        )
        self.assertEqual(httpx.Response(200).links, {})

    def test_cookies(self):
        headers = [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2"), ("Set-Cookie", "gone=3; Max-Age=0")]
        response = httpx.Response(200, headers=headers, request=REQUEST)
        self.assertEqual(dict(response.cookies), {"a": "1", "b": "2"})
        self.assertIs(response.cookies, response.cookies)


class DecodingTest(unittest.TestCase):
    TEXT = b"compressible " * 1000

    def test_compressed_content_is_decoded(self):
        for coding, content in {
            "gzip": gzip.compress(self.TEXT),
            "deflate": zlib.compress(self.TEXT),
            "GZIP": gzip.compress(self.TEXT),
            "identity": self.TEXT,
            "gzip, deflate": zlib.compress(gzip.compress(self.TEXT)),
            "unheard-of": self.TEXT,
            "": self.TEXT,
        }.items():
            with self.subTest(coding=coding):
                response = httpx.Response(200, headers={"Content-Encoding": coding}, content=content)
                self.assertEqual(response.content, self.TEXT)
                stream = (content[at : at + 7] for at in range(0, len(content), 7))
                streamed = httpx.Response(200, headers={"Content-Encoding": coding}, content=stream)
                self.assertEqual(b"".join(streamed.iter_bytes()), self.TEXT)
                self.assertEqual(streamed.num_bytes_downloaded, len(content))

    def test_junk(self):
        for coding in ("gzip", "deflate"):
            with self.assertRaises(httpx.DecodingError):
                httpx.Response(200, headers={"Content-Encoding": coding}, content=b"no such thing", request=REQUEST)
            response = httpx.Response(
                200, headers={"Content-Encoding": coding}, content=iter([b"no such thing"]), request=REQUEST
            )
            with self.assertRaises(httpx.DecodingError) as caught:
                response.read()
            self.assertIs(caught.exception.request, REQUEST)


class StreamTest(unittest.TestCase):
    def test_reading(self):
        response = httpx.Response(200, content=pieces())
        self.assertFalse(response.is_closed)
        with self.assertRaises(httpx.ResponseNotRead):
            _ = response.content
        with self.assertRaises(httpx.ResponseNotRead):
            _ = response.text
        with self.assertRaises(httpx.ResponseNotRead):
            response.json()
        self.assertEqual(response.read(), b"Hello, world!")
        self.assertEqual(response.read(), b"Hello, world!")
        self.assertEqual((response.content, response.text), (b"Hello, world!", "Hello, world!"))
        self.assertTrue(response.is_closed)
        self.assertTrue(response.is_stream_consumed)
        self.assertEqual(response.num_bytes_downloaded, 13)
        # What was read can be iterated as often as wanted; what came off the wire cannot.
        self.assertEqual(list(response.iter_bytes()), [b"Hello, world!"])
        self.assertEqual(list(response.iter_bytes(5)), [b"Hello", b", wor", b"ld!"])
        self.assertEqual(list(response.iter_text()), ["Hello, world!"])
        with self.assertRaises(httpx.StreamConsumed):
            next(response.iter_raw())

    def test_iterating_in_chunks(self):
        def chunks(method, *arguments, **keywords):
            return list(getattr(httpx.Response(200, content=pieces()), method)(*arguments, **keywords))

        self.assertEqual(chunks("iter_raw"), [b"Hello, ", b"world!"])
        self.assertEqual(chunks("iter_raw", chunk_size=5), [b"Hello", b", wor", b"ld!"])
        self.assertEqual(chunks("iter_raw", 20), [b"Hello, world!"])
        self.assertEqual(chunks("iter_bytes"), [b"Hello, ", b"world!"])
        self.assertEqual(chunks("iter_bytes", 5), [b"Hello", b", wor", b"ld!"])
        self.assertEqual(chunks("iter_bytes", None), [b"Hello, ", b"world!"])
        self.assertEqual(chunks("iter_text"), ["Hello, ", "world!"])
        self.assertEqual(chunks("iter_text", chunk_size=5), ["Hello", ", wor", "ld!"])
        self.assertEqual(chunks("iter_lines"), ["Hello, world!"])

    def test_lines(self):
        def lines(*parts):
            return list(httpx.Response(200, content=iter(parts)).iter_lines())

        self.assertEqual(lines(b"a\n\nb"), ["a", "", "b"])
        self.assertEqual(lines(b"a\nb\n"), ["a", "b"])
        self.assertEqual(lines(b"a\r", b"\nb"), ["a", "b"])
        self.assertEqual(lines(b"a\r", b"b\r"), ["a", "b"])
        self.assertEqual(lines(b"a", b"b", b"c\n", b"d"), ["abc", "d"])
        self.assertEqual(lines("a\u2028b\x85c\x0bd\x1ee".encode()), ["a", "b", "c", "d", "e"])
        self.assertEqual(lines("ü\nö".encode()[:1], "ü\nö".encode()[1:]), ["ü", "ö"])
        self.assertEqual(lines(b""), [])
        read = httpx.Response(200, content=b"a\nb")
        self.assertEqual(list(read.iter_lines()), ["a", "b"])

    def test_iterating_twice(self):
        for method in ("iter_raw", "iter_bytes", "iter_text", "iter_lines"):
            response = httpx.Response(200, content=pieces())
            list(getattr(response, method)())
            with self.assertRaises(httpx.StreamConsumed):
                list(getattr(response, method)())
            with self.assertRaises(httpx.StreamConsumed):
                response.read()
            with self.assertRaises(httpx.ResponseNotRead):
                _ = response.content

    def test_iterating_after_closing(self):
        response = httpx.Response(200, content=pieces())
        response.close()
        for ask in (response.read, response.iter_raw().__next__, response.iter_lines().__next__):
            with self.assertRaises(httpx.StreamClosed):
                ask()
        response.close()

    def test_nothing_happens_before_the_first_item_is_asked_for(self):
        response = httpx.Response(200, content=pieces())
        response.iter_bytes()
        response.iter_raw()
        self.assertFalse(response.is_stream_consumed)
        self.assertEqual(response.read(), b"Hello, world!")

    def test_iterators_stay_at_their_end(self):
        iterator = httpx.Response(200, content=pieces()).iter_bytes()
        self.assertIs(iter(iterator), iterator)
        self.assertEqual(list(iterator), [b"Hello, ", b"world!"])
        self.assertEqual(list(iterator), [])
        closed = httpx.Response(200, content=pieces()).iter_bytes()
        next(closed)
        closed.close()
        self.assertEqual(list(closed), [])

    def test_counting_what_came(self):
        response = httpx.Response(200, content=pieces())
        counts = [response.num_bytes_downloaded for _ in response.iter_bytes()]
        self.assertEqual(counts, [7, 13])

    @unittest.skipIf(ON_CPYTHON, "upstream fails otherwise, or not at all")
    def test_chunk_sizes_must_be_positive(self):
        for size in (0, -1):
            with self.assertRaises(ValueError):
                list(httpx.Response(200, content=pieces()).iter_bytes(size))

    def test_streams_are_closed(self):
        class Stream(httpx.SyncByteStream):
            closed = 0

            def __iter__(self):
                yield b"a"
                yield b"b"

            def close(self):
                self.closed += 1

        stream = Stream()
        response = httpx.Response(200, stream=stream)
        self.assertIs(response.stream, stream)
        self.assertEqual(response.read(), b"ab")
        response.close()
        self.assertEqual(stream.closed, 1)

        unread = Stream()
        response = httpx.Response(200, stream=unread)
        response.close()
        self.assertEqual((unread.closed, response.is_closed), (1, True))

    def test_a_stream_that_fails(self):
        def fail():
            yield b"a"
            raise httpx.ReadError("broken")

        def blow_up():
            yield b"a"
            raise ZeroDivisionError

        response = httpx.Response(200, content=fail(), request=REQUEST)
        with self.assertRaises(httpx.ReadError) as caught:
            response.read()
        self.assertIs(caught.exception.request, REQUEST)
        with self.assertRaises(ZeroDivisionError):
            list(httpx.Response(200, content=blow_up()).iter_lines())

    def test_asynchronous_streams_cannot_be_read_synchronously(self):
        async def later():
            yield b""

        response = httpx.Response(200, content=later())
        self.assertEqual(response.headers, {"Transfer-Encoding": "chunked"})
        for ask in (response.read, response.close, response.iter_raw().__next__):
            with self.assertRaises(RuntimeError):
                ask()

    @unittest.skipIf(ON_CPYTHON, "upstream joins whatever comes")
    def test_a_stream_must_yield_bytes(self):
        with self.assertRaises(TypeError):
            httpx.Response(200, content=iter(["text"])).read()

    def test_one_reader_at_a_time(self):
        entered, leave = threading.Event(), threading.Event()

        def slow():
            entered.set()
            leave.wait(30)
            yield b"slow"

        response = httpx.Response(200, content=slow())
        iterator = response.iter_bytes()
        results = []
        reader = threading.Thread(target=lambda: results.extend(iterator))
        reader.start()
        self.assertTrue(entered.wait(30))
        with self.assertRaises(httpx.StreamConsumed):
            response.read()
        with self.assertRaises(ValueError):
            next(iterator)
        leave.set()
        reader.join(30)
        self.assertEqual(results, [b"slow"])


class PickleTest(unittest.TestCase):
    def test_a_response_that_was_read(self):
        headers = {"Content-Type": "text/plain; charset=latin-1"}
        response = httpx.Response(404, headers=headers, content=b"\xe9", request=REQUEST, history=[httpx.Response(301)])
        response.elapsed = datetime.timedelta(seconds=1)
        for copied in (pickle.loads(pickle.dumps(response)), copy.copy(response), copy.deepcopy(response)):
            self.assertEqual((copied.status_code, copied.content, copied.text), (404, b"\xe9", "é"))
            self.assertEqual(copied.headers, response.headers)
            self.assertEqual(copied.url, "https://example.org/")
            self.assertEqual(copied.history[0].status_code, 301)
            self.assertEqual(copied.elapsed, response.elapsed)
            self.assertEqual((copied.is_closed, copied.is_stream_consumed, copied.extensions), (True, True, {}))
            self.assertEqual(copied.read(), b"\xe9")
            self.assertIsNone(copied.next_request)

    def test_a_response_that_was_not_read(self):
        response = httpx.Response(200, stream=httpx.ByteStream(b"x"), request=REQUEST)
        copied = pickle.loads(pickle.dumps(response))
        with self.assertRaises(httpx.ResponseNotRead):
            _ = copied.content
        with self.assertRaises(httpx.StreamClosed):
            copied.read()
        with self.assertRaises(httpx.StreamClosed):
            list(copied.stream)

    def test_a_streamed_response_that_was_read(self):
        response = httpx.Response(200, content=pieces(), request=REQUEST)
        response.read()
        copied = pickle.loads(pickle.dumps(response))
        self.assertEqual((copied.content, copied.num_bytes_downloaded), (b"Hello, world!", 13))

    def test_attributes_of_the_user(self):
        response = httpx.Response(200)
        response.extra = [1]
        self.assertEqual(copy.copy(response).extra, [1])


if __name__ == "__main__":
    unittest.main()
