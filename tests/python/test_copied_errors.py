"""Exceptions that are pickled and copied, and so leave a process pool."""

import asyncio
import copy
import io
import pickle
import unittest

import httpx
from recording_server import RecordingServer


class Derived(httpx.HTTPStatusError):
    """Its `__init__` takes other arguments."""

    def __init__(self, error, attempt):
        super().__init__(str(error), request=error.request, response=error.response)
        self.attempt = attempt


class DerivedRequestError(httpx.ConnectError):
    def __init__(self, *, host):
        super().__init__(f"cannot reach {host}", request=httpx.Request("GET", f"http://{host}/"))
        self.host = host


def ways():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield f"pickle {protocol}", lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
    yield "copy", copy.copy
    yield "deepcopy", copy.deepcopy
    yield "twice", lambda error: pickle.loads(pickle.dumps(copy.deepcopy(error)))


def raised(action):
    try:
        action()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


class CopiedErrors(unittest.TestCase):
    def setUp(self):
        answers = {
            ("POST", "/missing"): (404, [("X-Id", "7")], {"why": 1}),
            ("GET", "/missing"): (404, [], b"\xe4"),
            ("GET", "/loop"): (302, [("Location", "/loop")], b""),
        }
        self.server = self.enterContext(RecordingServer(answers))
        self.client = self.enterContext(httpx.Client(follow_redirects=True, max_redirects=2))

    def check(self, error, also=lambda original, again: None):
        for name, way in ways():
            with self.subTest(type(error).__name__, way=name):
                again = way(error)
                self.assertIsNot(again, error)
                self.assertIs(type(again), type(error))
                self.assertEqual((again.args, str(again)), (error.args, str(error)))
                also(error, again)

    def check_request(self, error, again):
        self.assertEqual(again.request.method, error.request.method)
        self.assertEqual(again.request.url, error.request.url)
        self.assertEqual(again.request.headers, error.request.headers)

    def check_response(self, error, again):
        self.check_request(error, again)
        self.assertEqual(again.response.status_code, error.response.status_code)
        self.assertEqual(again.response.content, error.response.content)
        self.assertEqual(again.response.headers, error.response.headers)
        self.assertEqual(again.response.text, error.response.text)

    def status_error(self, **options):
        return raised(self.client.post(f"{self.server.url}/missing", **options).raise_for_status)

    def test_status_errors(self):
        for options in [
            {},
            {"content": b"x"},
            {"json": {"a": 1}},
            {"content": iter([b"x"])},
            {"files": {"f": io.BytesIO(b"x")}},
            {"extensions": {"trace": lambda name, info: None}},
        ]:
            error = self.status_error(**options)
            self.check(error, self.check_response)
            for _, way in ways():
                self.assertEqual(way(error).response.json(), {"why": 1})
                self.assertEqual(way(error).response.headers["x-id"], "7")

    def test_the_body_of_the_request(self):
        error = pickle.loads(pickle.dumps(self.status_error(content=b"body")))
        self.assertEqual(error.request.content, b"body")

    def test_a_response_that_was_not_read(self):
        with self.client.stream("POST", f"{self.server.url}/missing") as response:
            error = raised(response.raise_for_status)
            again = pickle.loads(pickle.dumps(error))
        self.assertEqual((again.response.status_code, str(again)), (404, str(error)))
        with self.assertRaises(httpx.StreamError):
            again.response.read()

    def test_a_default_encoding_that_is_a_function(self):
        with httpx.Client(default_encoding=lambda content: "latin-1") as client:
            error = raised(client.get(f"{self.server.url}/missing").raise_for_status)
        self.check(error, self.check_response)
        self.assertEqual(pickle.loads(pickle.dumps(error)).response.text, "ä")

    def test_request_errors(self):
        self.check(raised(lambda: self.client.get("http://127.0.0.1:9/")), self.check_request)
        self.check(raised(lambda: self.client.get("http://name.invalid/")), self.check_request)
        self.check(raised(lambda: self.client.get("ftp://127.0.0.1/")), self.check_request)
        self.check(raised(lambda: self.client.get(f"{self.server.url}/loop")), self.check_request)

    def test_every_class(self):
        request = httpx.Request("GET", "http://example.com/")
        response = httpx.Response(500, request=request)
        for name in dir(httpx):
            class_ = getattr(httpx, name)
            if not isinstance(class_, type) or not issubclass(class_, Exception):
                continue
            if issubclass(class_, httpx.HTTPStatusError):
                self.check(class_("message", request=request, response=response), self.check_response)
            elif issubclass(class_, httpx.RequestError):
                self.check(class_("message", request=request), self.check_request)
                self.check(class_("message"))
            elif issubclass(class_, httpx.StreamError) and class_ is not httpx.StreamError:
                self.check(class_())
            else:
                self.check(class_("message"))

    def test_attributes_and_notes(self):
        error = self.status_error()
        error.extra = [1]
        error.add_note("a note")

        def also(error, again):
            self.check_response(error, again)
            self.assertEqual((again.extra, again.__notes__), ([1], ["a note"]))

        self.check(error, also)

    def test_derived_classes(self):
        def also(error, again):
            self.check_response(error, again)
            self.assertEqual(again.attempt, 3)

        self.check(Derived(self.status_error(), 3), also)
        self.check(DerivedRequestError(host="example.com"), lambda error, again: self.assertEqual(again.host, "example.com"))

    def test_a_copy_is_deep_or_not(self):
        error = self.status_error()
        self.assertIs(copy.copy(error).response, error.response)
        self.assertIsNot(copy.deepcopy(error).response, error.response)

    def test_asynchronous_clients(self):
        async def main():
            async with httpx.AsyncClient() as client:
                response = await client.post(f"{self.server.url}/missing")
                self.check(raised(response.raise_for_status), self.check_response)
                try:
                    await client.get("http://127.0.0.1:9/")
                except httpx.ConnectError as error:
                    self.check(error, self.check_request)

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
