"""`WSGITransport`: an application in place of a server."""

import io
import sys
import unittest
from wsgiref.validate import validator

import httpx

UPSTREAM = hasattr(httpx, "_client")


def recording(seen, body=(b"Hello",), headers=(("Content-Type", "text/plain"),)):
    def app(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        seen.update(environ, body=environ["wsgi.input"].read(length))
        start_response("200 OK", list(headers))
        return list(body)

    return app


class WSGITest(unittest.TestCase):
    def get(self, app, url="http://example.org/", **arguments):
        with httpx.Client(transport=httpx.WSGITransport(app, **arguments)) as client:
            return client.get(url)

    def test_the_environment(self):
        seen = {}
        transport = httpx.WSGITransport(recording(seen), script_name="/mount", remote_addr="1.2.3.4")
        with httpx.Client(transport=transport) as client:
            headers = {"X-Some-Thing": "a", "Content-Type": "text/x"}
            response = client.post("https://example.org:8443/a%20b?c=d&e", content=b"body", headers=headers)
        self.assertEqual((response.status_code, response.text), (200, "Hello"))
        expected = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "/mount",
            "PATH_INFO": "/a b",
            "QUERY_STRING": "c=d&e",
            "SERVER_NAME": "example.org",
            "SERVER_PORT": "8443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "1.2.3.4",
            "CONTENT_LENGTH": "4",
            "CONTENT_TYPE": "text/x",
            "HTTP_X_SOME_THING": "a",
            "HTTP_HOST": "example.org:8443",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.errors": sys.stderr,
            "body": b"body",
        }
        self.assertEqual({key: seen.get(key) for key in expected}, expected)

    def test_ports(self):
        for url, port in [("http://a/", "80"), ("https://a/", "443"), ("http://a:8000/", "8000")]:
            seen = {}
            self.get(recording(seen), url)
            self.assertEqual(seen["SERVER_PORT"], port)

    @unittest.skipIf(UPSTREAM, "httpx hands over text that WSGI does not allow, and the last value only")
    def test_text_is_bytes_and_values_are_joined(self):
        seen = {}
        with httpx.Client(transport=httpx.WSGITransport(recording(seen))) as client:
            headers = [("X-A", "1"), ("X-A", "2"), ("Cookie", "a=1"), ("Cookie", "b=2")]
            client.get("http://example.org/日", headers=headers)
        self.assertEqual(seen["PATH_INFO"].encode("latin-1").decode(), "/日")
        self.assertEqual((seen["HTTP_X_A"], seen["HTTP_COOKIE"]), ("1, 2", "a=1; b=2"))

    def test_it_keeps_to_the_standard(self):
        self.assertEqual(self.get(validator(recording({}))).text, "Hello")

    def test_generators(self):
        def app(environ, start_response):
            start_response("201 Created", [])
            yield b""
            yield b"one"
            yield b"two"

        response = self.get(app)
        self.assertEqual((response.status_code, response.text), (201, "onetwo"))
        self.assertEqual(self.get(recording({}, body=[b"", b""])).text, "")

    def test_streams_are_lazy_and_closed(self):
        class Body:
            def __init__(self):
                self.served, self.closed = 0, False

            def __iter__(self):
                for self.served in range(1, 4):
                    yield b"x"

            def close(self):
                self.closed = True

        body = Body()

        def app(environ, start_response):
            start_response("200 OK", [])
            return body

        with httpx.Client(transport=httpx.WSGITransport(app)) as client:
            with client.stream("GET", "http://a/") as response:
                self.assertLess(body.served, 3)
                self.assertFalse(body.closed)
                self.assertEqual(response.read(), b"xxx")
        self.assertTrue(body.closed)

    def test_exceptions(self):
        def raising(environ, start_response):
            raise KeyError("mine")

        def reporting(environ, start_response):
            try:
                raise KeyError("mine")
            except KeyError:
                start_response("500 Server Error", [], sys.exc_info())
            return [b"failed"]

        for app in (raising, reporting):
            with self.assertRaisesRegex(KeyError, "mine"):
                self.get(app)
        response = self.get(reporting, raise_app_exceptions=False)
        self.assertEqual((response.status_code, response.text), (500, "failed"))

    def test_an_application_that_starts_nothing(self):
        with self.assertRaises(AssertionError):
            self.get(lambda environ, start_response: [b"body"])

    def test_messages(self):
        def app(environ, start_response):
            environ["wsgi.errors"].write("a message")
            start_response("200 OK", [])
            return []

        errors = io.StringIO()
        self.get(app, wsgi_errors=errors)
        self.assertEqual(errors.getvalue(), "a message")

    @unittest.skipIf(UPSTREAM, "httpx forgets it")
    def test_write(self):
        def app(environ, start_response):
            write = start_response("200 OK", [])
            write(b"first ")
            return [b"second"]

        self.assertEqual(self.get(app).text, "first second")

    def test_it_is_a_transport(self):
        transport = httpx.WSGITransport(app=recording({}), raise_app_exceptions=False)
        self.assertIsInstance(transport, httpx.BaseTransport)
        self.assertFalse(transport.raise_app_exceptions)
        response = transport.handle_request(httpx.Request("GET", "http://a/"))
        self.assertEqual(response.read(), b"Hello")


if __name__ == "__main__":
    unittest.main()
