"""httpx.Request and Client.build_request: nothing is sent."""

import io
import pickle
import sys
import unittest
import warnings

import httpx


def headers_of(request):
    return [(name.decode(), value.decode()) for name, value in request.headers.raw]


class RequestTest(unittest.TestCase):
    def test_a_plain_request(self):
        request = httpx.Request("get", "http://example.org/path?a=1")
        self.assertEqual(request.method, "GET")
        self.assertEqual(request.url, httpx.URL("http://example.org/path?a=1"))
        self.assertEqual(headers_of(request), [("Host", "example.org")])
        self.assertEqual(request.content, b"")
        self.assertEqual(request.read(), b"")
        self.assertEqual(request.extensions, {})
        self.assertEqual(repr(request), "<Request('GET', 'http://example.org/path?a=1')>")

    @unittest.skipIf(sys.implementation.name == "cpython", "PyPI's httpx shows it")
    def test_the_password_is_not_shown(self):
        request = httpx.Request("GET", "http://me:secret@example.org/")
        self.assertEqual(repr(request), "<Request('GET', 'http://me:[secure]@example.org/')>")

    def test_host_has_the_port_unless_it_is_the_default(self):
        for url, host in [
            ("http://example.org:80/", "example.org"),
            ("https://example.org:443/", "example.org"),
            ("http://example.org:8000/", "example.org:8000"),
            ("http://[::1]:8000/", "[::1]:8000"),
        ]:
            with self.subTest(url):
                self.assertEqual(httpx.Request("GET", url).headers["host"], host)

    def test_a_given_host_stays_where_it_is(self):
        request = httpx.Request("GET", "http://example.org/", headers={"X": "1", "Host": "other"})
        self.assertEqual(headers_of(request), [("X", "1"), ("Host", "other")])

    def test_methods_with_a_body_say_that_it_is_empty(self):
        for method in ["POST", "PUT", "PATCH"]:
            request = httpx.Request(method, "http://example.org/")
            self.assertEqual(headers_of(request), [("Host", "example.org"), ("Content-Length", "0")])
        for method in ["GET", "DELETE", "HEAD", "OPTIONS"]:
            self.assertNotIn("content-length", httpx.Request(method, "http://example.org/").headers)

    def test_content(self):
        for content, expected in [(b"ab", b"ab"), ("ab\u20ac", "ab\u20ac".encode())]:
            request = httpx.Request("POST", "http://example.org/", content=content)
            self.assertEqual(request.content, expected)
            self.assertEqual(request.headers["content-length"], str(len(expected)))
            self.assertNotIn("content-type", request.headers)
            self.assertEqual(list(request.stream), [expected])

    def test_an_empty_content_has_no_length_where_none_is_needed(self):
        self.assertNotIn("content-length", httpx.Request("GET", "http://example.org/", content=b"").headers)

    def test_content_of_the_wrong_type(self):
        for content, name in [(1, "int"), ({"a": 1}, "dict"), (object(), "object")]:
            with self.subTest(name), self.assertRaises(TypeError) as caught:
                httpx.Request("POST", "http://example.org/", content=content)
            self.assertEqual(str(caught.exception), f"Unexpected type for 'content', <class '{name}'>")

    def test_a_generator_is_chunked_and_can_be_read_once(self):
        def body():
            yield b"a"
            yield b"b"

        request = httpx.Request("POST", "http://example.org/", content=body())
        self.assertEqual(request.headers["transfer-encoding"], "chunked")
        self.assertNotIn("content-length", request.headers)
        with self.assertRaises(httpx.RequestNotRead):
            request.content
        self.assertEqual(request.read(), b"ab")
        self.assertEqual(request.content, b"ab")
        self.assertEqual(list(request.stream), [b"ab"])

    def test_a_generator_cannot_be_iterated_twice(self):
        request = httpx.Request("POST", "http://example.org/", content=(chunk for chunk in [b"a"]))
        self.assertEqual(list(request.stream), [b"a"])
        with self.assertRaises(httpx.StreamConsumed):
            list(request.stream)

    def test_another_iterable_can(self):
        request = httpx.Request("POST", "http://example.org/", content=[b"a", b"b"])
        self.assertEqual(request.headers["transfer-encoding"], "chunked")
        self.assertEqual([list(request.stream), list(request.stream)], [[b"a", b"b"]] * 2)

    def test_a_file_has_a_length_and_is_read_in_pieces(self):
        file = io.BytesIO(b"x" * 100_000)
        request = httpx.Request("POST", "http://example.org/", content=file)
        self.assertEqual(request.headers["content-length"], "100000")
        self.assertNotIn("transfer-encoding", request.headers)
        self.assertEqual([len(chunk) for chunk in request.stream], [65_536, 34_464])

    def test_a_given_length_replaces_chunking(self):
        headers = {"Content-Length": "2"}
        request = httpx.Request("POST", "http://example.org/", content=iter([b"ab"]), headers=headers)
        self.assertEqual(request.headers["content-length"], "2")
        self.assertNotIn("transfer-encoding", request.headers)

    def test_json(self):
        request = httpx.Request("POST", "http://example.org/", json={"a": [1, None, "\u20ac"]})
        self.assertEqual(request.content, '{"a":[1,null,"\u20ac"]}'.encode())
        self.assertEqual(request.headers["content-type"], "application/json")
        self.assertEqual(request.headers["content-length"], str(len(request.content)))
        with self.assertRaises(ValueError):
            httpx.Request("POST", "http://example.org/", json=float("nan"))

    def test_a_given_content_type_stays(self):
        headers = {"content-type": "application/vnd.api+json"}
        request = httpx.Request("POST", "http://example.org/", json={}, headers=headers)
        self.assertEqual(request.headers.get_list("content-type"), ["application/vnd.api+json"])

    def test_form(self):
        data = {"a": "1 2", "b": ["x", "y"], "c": True, "d": None, "e": 1.5, "f": "\u00e4&"}
        request = httpx.Request("POST", "http://example.org/", data=data)
        self.assertEqual(request.content, b"a=1+2&b=x&b=y&c=true&d=&e=1.5&f=%C3%A4%26")
        self.assertEqual(request.headers["content-type"], "application/x-www-form-urlencoded")

    def test_an_empty_form_is_no_body(self):
        self.assertEqual(httpx.Request("POST", "http://example.org/", data={}).content, b"")

    def test_data_that_is_no_form_is_deprecated(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            request = httpx.Request("POST", "http://example.org/", data=b"raw")
        self.assertEqual(request.content, b"raw")
        self.assertEqual([item.category for item in caught], [DeprecationWarning])
        self.assertIn("Use 'content=<...>'", str(caught[0].message))

    def test_params_replace_the_query(self):
        for params, url in [
            ({"b": 2}, "http://example.org/?b=2"),
            ({"b": [1, 2]}, "http://example.org/?b=1&b=2"),
            ([("b", "x y")], "http://example.org/?b=x+y"),
            ("c=3", "http://example.org/?c=3"),
            ({}, "http://example.org/"),
            (None, "http://example.org/?a=1"),
        ]:
            with self.subTest(params=params):
                request = httpx.Request("GET", "http://example.org/?a=1", params=params)
                self.assertEqual(str(request.url), url)

    def test_cookies(self):
        request = httpx.Request("GET", "http://example.org/", cookies={"a": "1", "b": "2"})
        self.assertEqual(request.headers["cookie"], "a=1; b=2")

    def test_stream_adds_no_headers(self):
        request = httpx.Request("POST", "http://example.org/", stream=httpx.ByteStream(b"ab"))
        self.assertEqual(headers_of(request), [])
        self.assertEqual(list(request.stream), [b"ab"])

    def test_extensions_are_copied(self):
        extensions = {"a": 1}
        request = httpx.Request("GET", "http://example.org/", extensions=extensions)
        request.extensions["b"] = 2
        self.assertEqual((extensions, request.extensions), ({"a": 1}, {"a": 1, "b": 2}))

    def test_attributes_can_be_set(self):
        request = httpx.Request("GET", "http://example.org/")
        request.method = "PURGE"
        request.url = httpx.URL("http://example.net/")
        request.headers["x"] = "1"
        request.tag = object()
        self.assertEqual((request.method, request.url.host, request.headers["X"]), ("PURGE", "example.net", "1"))

    def test_pickling(self):
        request = httpx.Request("POST", "http://example.org/", json={"a": 1}, headers={"x": "1"})
        copy = pickle.loads(pickle.dumps(request))
        self.assertEqual((copy.method, copy.url, copy.headers), (request.method, request.url, request.headers))
        self.assertEqual(copy.content, b'{"a":1}')
        self.assertEqual(copy.extensions, {})
        with self.assertRaises(httpx.StreamClosed):
            list(copy.stream)

    def test_pickling_leaves_an_unread_stream_behind(self):
        request = httpx.Request("POST", "http://example.org/", content=iter([b"a"]))
        copy = pickle.loads(pickle.dumps(request))
        with self.assertRaises(httpx.RequestNotRead):
            copy.content

    def test_subclasses(self):
        class Purge(httpx.Request):
            def __init__(self, url):
                super().__init__("purge", url)
                self.extra = 1

        request = Purge("http://example.org/")
        self.assertEqual((request.method, request.extra), ("PURGE", 1))
        self.assertIsInstance(request, httpx.Request)

    def test_a_stream_class_written_in_python(self):
        class Stream(httpx.SyncByteStream):
            def __iter__(self):
                yield b"a"
                yield b"b"

        request = httpx.Request("POST", "http://example.org/", stream=Stream())
        self.assertEqual(request.read(), b"ab")


class MultipartTest(unittest.TestCase):
    BOUNDARY = {"Content-Type": "multipart/form-data; boundary=XX"}

    def body(self, **kwargs):
        request = httpx.Request("POST", "http://example.org/", headers=self.BOUNDARY, **kwargs)
        body = request.read()
        if "content-length" in request.headers:
            self.assertEqual(request.headers["content-length"], str(len(body)))
        return body

    def test_a_file(self):
        file = io.BytesIO(b"content")
        file.name = "/some/where/report.txt"
        body = self.body(files={"file": file})
        self.assertEqual(
            body,
            b'--XX\r\nContent-Disposition: form-data; name="file"; filename="report.txt"\r\n'
            b"Content-Type: text/plain\r\n\r\ncontent\r\n--XX--\r\n",
        )

    def test_fields_come_before_files(self):
        body = self.body(data={"a": "1", "b": ["x", b"y"], "c": None, "d": 2}, files={"f": b"z"})
        parts = b"".join(
            b'--XX\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
            for pair in [(b"a", b"1"), (b"b", b"x"), (b"b", b"y"), (b"c", b""), (b"d", b"2")]
        )
        file = (
            b'--XX\r\nContent-Disposition: form-data; name="f"; filename="upload"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\nz\r\n--XX--\r\n"
        )
        self.assertEqual(body, parts + file)

    def test_tuples(self):
        for value, head in [
            (("a.json", b"z"), b'; filename="a.json"\r\nContent-Type: application/json'),
            (("a.json", "z"), b'; filename="a.json"\r\nContent-Type: application/json'),
            (("a", b"z", "image/x"), b'; filename="a"\r\nContent-Type: image/x'),
            ((None, b"z"), b""),
            ((None, b"z", "text/plain"), b"\r\nContent-Type: text/plain"),
            (("a", b"z", "image/x", {"X": "1"}), b'; filename="a"\r\nX: 1\r\nContent-Type: image/x'),
            (("a", b"z", None, {"Content-Type": "q/r"}), b'; filename="a"\r\nContent-Type: q/r'),
        ]:
            with self.subTest(value=value):
                expected = b'--XX\r\nContent-Disposition: form-data; name="f"' + head + b"\r\n\r\nz\r\n--XX--\r\n"
                self.assertEqual(self.body(files={"f": value}), expected)

    def test_a_list_of_pairs_may_repeat_names(self):
        body = self.body(files=[("f", ("1", b"a")), ("f", ("2", b"b"))])
        self.assertEqual(body.count(b'name="f"'), 2)

    def test_a_boundary_of_its_own(self):
        one, two = (httpx.Request("POST", "http://example.org/", files={"f": b""}) for _ in range(2))
        self.assertRegex(one.headers["content-type"], r"^multipart/form-data; boundary=[0-9a-f]{32}$")
        self.assertNotEqual(one.headers["content-type"], two.headers["content-type"])

    def test_names_are_escaped(self):
        body = self.body(files={'a"b': ('c"\r\nd', b"")})
        self.assertIn(b'name="a%22b"; filename="c%22%0D%0Ad"', body)

    def test_a_file_of_unknown_length_is_chunked(self):
        class Pipe:
            def __init__(self):
                self.chunks = [b"a", b"b"]

            def read(self, size):
                return self.chunks.pop(0) if self.chunks else b""

        request = httpx.Request("POST", "http://example.org/", files={"f": Pipe()})
        self.assertEqual(request.headers["transfer-encoding"], "chunked")
        self.assertNotIn("content-length", request.headers)
        self.assertIn(b"\r\n\r\nab\r\n", request.read())

    def test_files_are_sent_from_their_beginning(self):
        file = io.BytesIO(b"content")
        file.seek(3)
        self.assertIn(b"\r\n\r\ncontent\r\n", self.body(files={"f": file}))

    def test_the_form_can_be_iterated_again(self):
        request = httpx.Request("POST", "http://example.org/", files={"f": io.BytesIO(b"content")})
        self.assertEqual(b"".join(request.stream), b"".join(request.stream))

    def test_mistakes(self):
        text = "Multipart file uploads require 'io.BytesIO', not 'io.StringIO'."
        with self.assertRaisesRegex(TypeError, text):
            httpx.Request("POST", "http://example.org/", files={"f": io.StringIO("a")})
        with open(__file__, encoding="utf-8") as file:
            with self.assertRaisesRegex(TypeError, "must be opened in binary mode, not text mode."):
                httpx.Request("POST", "http://example.org/", files={"f": file})
        with self.assertRaisesRegex(TypeError, r"Invalid type for value. Expected primitive type, got <class 'dict'>"):
            httpx.Request("POST", "http://example.org/", data={"a": {"b": 1}}, files={"f": b""})
        with self.assertRaisesRegex(TypeError, r"Invalid type for name. Expected str, got <class 'int'>: 1"):
            httpx.Request("POST", "http://example.org/", data={1: "a"}, files={"f": b""})


class BuildRequestTest(unittest.TestCase):
    def build(self, *args, client=None, **kwargs):
        with httpx.Client(**(client or {})) as built:
            return built.build_request(*args, **kwargs)

    def test_the_clients_headers(self):
        request = self.build("GET", "http://example.org/")
        names = [name for name, _ in headers_of(request)]
        self.assertEqual(names, ["Host", "Accept", "Accept-Encoding", "Connection", "User-Agent"])
        self.assertEqual(request.headers["accept"], "*/*")
        self.assertEqual(request.headers["connection"], "keep-alive")
        self.assertEqual(request.headers["user-agent"], "python-httpx/0.28.1")

    def test_headers_are_merged(self):
        request = self.build(
            "GET",
            "http://example.org/",
            client={"headers": {"user-agent": "mine", "X-A": "1", "X-B": "2"}},
            headers={"x-b": "3"},
        )
        self.assertEqual(request.headers.get_list("user-agent"), ["mine"])
        self.assertEqual((request.headers["x-a"], request.headers.get_list("x-b")), ("1", ["3"]))

    def test_base_url(self):
        for base, url, expected in [
            ("http://example.org", "/path", "http://example.org/path"),
            ("http://example.org", "path", "http://example.org/path"),
            ("http://example.org/sub", "/path", "http://example.org/sub/path"),
            ("http://example.org/sub/", "path?a=1", "http://example.org/sub/path?a=1"),
            ("http://example.org/sub", "", "http://example.org/sub/"),
            ("http://example.org/sub", "http://example.net/x", "http://example.net/x"),
            ("http://example.org/sub", "../x", "http://example.org/sub/../x"),
        ]:
            with self.subTest(base=base, url=url):
                request = self.build("GET", url, client={"base_url": base})
                self.assertEqual(str(request.url), str(httpx.URL(expected)))

    def test_params_are_merged(self):
        for params, query in [(None, b"a=1&b=2"), ({"b": "3", "c": "4"}, b"a=1&b=3&c=4"), ({}, b"a=1&b=2")]:
            with self.subTest(params=params):
                client = {"params": {"a": "1", "b": "2"}}
                request = self.build("GET", "http://example.org/", client=client, params=params)
                self.assertEqual(request.url.query, query)

    def test_cookies_are_merged(self):
        client = {"cookies": {"a": "1"}}
        request = self.build("GET", "http://example.org/", client=client, cookies={"b": "2"})
        self.assertEqual(request.headers["cookie"], "a=1; b=2")

    def test_timeouts_are_extensions(self):
        self.assertEqual(
            self.build("GET", "http://example.org/").extensions,
            {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}},
        )
        none = dict.fromkeys(["connect", "read", "write", "pool"])
        self.assertEqual(self.build("GET", "http://e.org/", timeout=None).extensions, {"timeout": none})
        self.assertEqual(
            self.build("GET", "http://e.org/", extensions={"timeout": {"read": 1.0}, "a": 1}).extensions,
            {"timeout": {"read": 1.0}, "a": 1},
        )


if __name__ == "__main__":
    unittest.main()
