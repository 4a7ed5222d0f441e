"""The exception tree of httpx."""

import pickle
import sys
import unittest

import httpx

TREE = {
    "HTTPError": Exception,
    "RequestError": "HTTPError",
    "TransportError": "RequestError",
    "TimeoutException": "TransportError",
    "ConnectTimeout": "TimeoutException",
    "ReadTimeout": "TimeoutException",
    "WriteTimeout": "TimeoutException",
    "PoolTimeout": "TimeoutException",
    "NetworkError": "TransportError",
    "ConnectError": "NetworkError",
    "ReadError": "NetworkError",
    "WriteError": "NetworkError",
    "CloseError": "NetworkError",
    "ProtocolError": "TransportError",
    "LocalProtocolError": "ProtocolError",
    "RemoteProtocolError": "ProtocolError",
    "ProxyError": "TransportError",
    "UnsupportedProtocol": "TransportError",
    "DecodingError": "RequestError",
    "TooManyRedirects": "RequestError",
    "HTTPStatusError": "HTTPError",
    "InvalidURL": Exception,
    "CookieConflict": Exception,
    "StreamError": RuntimeError,
    "StreamConsumed": "StreamError",
    "StreamClosed": "StreamError",
    "ResponseNotRead": "StreamError",
    "RequestNotRead": "StreamError",
}


class Tree(unittest.TestCase):
    def test_bases(self):
        for name, base in TREE.items():
            with self.subTest(name):
                exception = getattr(httpx, name)
                self.assertEqual(exception.__bases__, (getattr(httpx, base) if isinstance(base, str) else base,))
                self.assertEqual((exception.__name__, exception.__module__), (name, "httpx"))
                self.assertTrue(exception.__doc__)

    @unittest.skipUnless("Tauraro" in sys.version, "an addition of Tauraro")
    def test_timeout_error(self):
        self.assertIs(httpx.TimeoutError, httpx.TimeoutException)


class Construction(unittest.TestCase):
    def test_http_error(self):
        error = httpx.HTTPError("message")
        self.assertEqual((str(error), error.args), ("message", ("message",)))
        with self.assertRaises(RuntimeError) as caught:
            error.request
        self.assertEqual(str(caught.exception), "The .request property has not been set.")
        request = object()
        error.request = request
        self.assertIs(error.request, request)

    def test_request_error(self):
        request = object()
        error = httpx.ReadTimeout("message", request=request)
        self.assertIs(error.request, request)
        self.assertEqual(str(error), "message")
        self.assertEqual(repr(error), "ReadTimeout('message')")
        with self.assertRaises(RuntimeError):
            httpx.ReadTimeout("message").request
        with self.assertRaises(RuntimeError):
            httpx.ReadTimeout("message", request=None).request

    def test_status_error(self):
        request, response = object(), object()
        error = httpx.HTTPStatusError("message", request=request, response=response)
        self.assertIs(error.request, request)
        self.assertIs(error.response, response)
        self.assertEqual(error.args, ("message",))

    def test_fixed_messages(self):
        for name, beginning in [
            ("StreamConsumed", "Attempted to read or stream some content, but the content has already been streamed."),
            ("StreamClosed", "Attempted to read or stream content, but the stream has been closed."),
            ("ResponseNotRead", "Attempted to access streaming response content, without having called `read()`."),
            ("RequestNotRead", "Attempted to access streaming request content, without having called `read()`."),
        ]:
            error = getattr(httpx, name)()
            self.assertTrue(str(error).startswith(beginning), str(error))
            with self.assertRaises(TypeError):
                getattr(httpx, name)("message")

    def test_wrong_arguments(self):
        for make in [
            lambda: httpx.HTTPError(),
            lambda: httpx.HTTPError("a", "b"),
            lambda: httpx.HTTPError("a", request=1),
            lambda: httpx.RequestError(),
            lambda: httpx.RequestError("a", 1),
            lambda: httpx.ReadTimeout("a", nonsense=1),
            lambda: httpx.HTTPStatusError("a"),
            lambda: httpx.HTTPStatusError("a", request=1),
            lambda: httpx.InvalidURL(),
            lambda: httpx.CookieConflict("a", "b"),
            lambda: httpx.StreamError(),
        ]:
            with self.assertRaises(TypeError):
                make()

    def test_message_may_be_an_exception(self):
        self.assertEqual(str(httpx.ConnectError(OSError("refused"))), "refused")

    def test_subclass(self):
        class Mine(httpx.TransportError):
            def __init__(self, code):
                super().__init__(f"code {code}")
                self.code = code

        with self.assertRaises(httpx.RequestError) as caught:
            raise Mine(7)
        self.assertEqual((str(caught.exception), caught.exception.code), ("code 7", 7))

    def test_pickle(self):
        for error in [
            httpx.ReadTimeout("message"),
            httpx.HTTPError("message"),
            httpx.InvalidURL("message"),
            httpx.CookieConflict("message"),
            httpx.StreamError("message"),
        ]:
            other = pickle.loads(pickle.dumps(error))
            self.assertIs(type(other), type(error))
            self.assertEqual(str(other), "message")
        error = httpx.ReadTimeout("message", request=["request"])
        self.assertEqual(pickle.loads(pickle.dumps(error)).request, ["request"])

    def test_raised_by_the_library(self):
        with self.assertRaises(httpx.InvalidURL) as caught:
            httpx.URL("http://a:b")
        self.assertEqual(caught.exception.args, ("Invalid port: 'b'",))


if __name__ == "__main__":
    unittest.main()
