"""Transports written in Python."""

import datetime
import json
import os
import unittest

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]


def echo(request):
    body = {"method": request.method, "url": str(request.url), "text": request.content.decode()}
    return httpx.Response(200, json=body, headers={"X-Seen": "1"})


class MockTest(unittest.TestCase):
    def test_a_function_answers(self):
        with httpx.Client(transport=httpx.MockTransport(echo)) as client:
            response = client.post("http://example.org/a", content=(part for part in [b"x", b"y"]))
        self.assertEqual(response.json(), {"method": "POST", "url": "http://example.org/a", "text": "xy"})
        self.assertEqual(response.request.method, "POST")
        self.assertEqual(response.url.host, "example.org")
        self.assertEqual(response.headers["x-seen"], "1")

    def test_redirects_and_cookies(self):
        def handler(request):
            if request.url.path == "/":
                headers = {"Location": "/next", "Set-Cookie": "a=1"}
                return httpx.Response(302, headers=headers)
            return httpx.Response(200, text=request.headers.get("cookie", ""))

        with httpx.Client(transport=httpx.MockTransport(handler), follow_redirects=True) as client:
            response = client.get("http://example.org/")
            self.assertEqual((response.text, len(response.history)), ("a=1", 1))
            self.assertEqual(dict(client.cookies), {"a": "1"})

    def test_any_scheme(self):
        with httpx.Client(transport=httpx.MockTransport(echo)) as client:
            self.assertEqual(client.get("mock://where/ever").json()["url"], "mock://where/ever")

    def test_authentication(self):
        def handler(request):
            return httpx.Response(200 if "authorization" in request.headers else 401)

        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            self.assertEqual(client.get("http://example.org/").status_code, 401)
            self.assertEqual(client.get("http://example.org/", auth=("a", "b")).status_code, 200)

    def test_an_error_is_told_its_request(self):
        def handler(request):
            raise httpx.ConnectTimeout("too slow")

        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            with self.assertRaisesRegex(httpx.ConnectTimeout, "too slow") as caught:
                client.get("http://example.org/")
        self.assertEqual(str(caught.exception.request.url), "http://example.org/")

    def test_the_default_encoding(self):
        def handler(request):
            return httpx.Response(200, content=b"\xe4")

        with httpx.Client(transport=httpx.MockTransport(handler), default_encoding="latin-1") as client:
            self.assertEqual(client.get("http://example.org/").text, "\u00e4")


class OwnTest(unittest.TestCase):
    def test_a_class_of_its_own(self):
        class Canned(httpx.BaseTransport):
            def __init__(self):
                self.events = []

            def handle_request(self, request):
                self.events.append(request.extensions["timeout"]["read"])
                return httpx.Response(200, json={"a": 1})

            def close(self):
                self.events.append("closed")

        transport = Canned()
        with httpx.Client(transport=transport, timeout=3) as client:
            self.assertEqual(client.get("http://example.org/").json(), {"a": 1})
        self.assertEqual(transport.events, [3, "closed"])

    def test_a_streaming_body(self):
        class Stream(httpx.SyncByteStream):
            closed = False

            def __iter__(self):
                yield b"a"
                yield b"b"

            def close(self):
                self.closed = True

        stream = Stream()

        class Streaming(httpx.BaseTransport):
            def handle_request(self, request):
                return httpx.Response(200, stream=stream)

        with httpx.Client(transport=Streaming()) as client:
            with client.stream("GET", "http://example.org/") as response:
                self.assertFalse(response.is_closed)
                with self.assertRaises(RuntimeError):
                    response.elapsed
                self.assertEqual(list(response.iter_raw()), [b"a", b"b"])
            self.assertTrue(stream.closed)
            self.assertIsInstance(response.elapsed, datetime.timedelta)

    def test_the_base_class_must_be_overridden(self):
        with httpx.Client(transport=httpx.BaseTransport()) as client:
            with self.assertRaises(NotImplementedError):
                client.get("http://example.org/")

    def test_a_transport_may_use_a_client(self):
        class Through(httpx.BaseTransport):
            def __init__(self):
                self.client = httpx.Client()

            def handle_request(self, request):
                answer = self.client.get(f"{URL}/json")
                return httpx.Response(answer.status_code, content=answer.content)

            def close(self):
                self.client.close()

        with httpx.Client(transport=Through()) as client:
            self.assertEqual(len(json.dumps(client.get("http://example.org/").json())) > 100, True)


if __name__ == "__main__":
    unittest.main()
