"""httpx.Client and the module's functions, against the test server."""

import datetime
import gc
import inspect
import os
import sys
import threading
import unittest
import warnings
import weakref

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]
HTTPS = os.environ["TAURARO_TEST_HTTPS"]
MTLS = os.environ["TAURARO_TEST_MTLS"]
CA = os.environ["TAURARO_TEST_CA"]
CLIENT_CERT = os.environ["TAURARO_TEST_CLIENT_CERT"]
CLIENT_KEY = os.environ["TAURARO_TEST_CLIENT_KEY"]


class FunctionsTest(unittest.TestCase):
    def test_every_method(self):
        for name in ["get", "post", "put", "patch", "delete", "options"]:
            with self.subTest(name):
                response = getattr(httpx, name)(f"{URL}/echo")
                self.assertEqual(response.status_code, 200)
                self.assertEqual(response.json()["method"], name.upper())
        response = httpx.head(f"{URL}/bytes/10")
        self.assertEqual((response.status_code, response.content), (200, b""))
        self.assertEqual(response.headers["content-length"], "10")

    def test_any_token_is_a_method(self):
        for method in ["PROPFIND", "purge", "TRACE", "QUERY"]:
            self.assertEqual(httpx.request(method, f"{URL}/echo").json()["method"], method.upper())

    def test_bodies(self):
        for name in ["post", "put", "patch"]:
            echo = getattr(httpx, name)(f"{URL}/echo", json={"a": 1}).json()
            self.assertEqual((echo["text"], echo["size"]), ('{"a":1}', 7))
        self.assertEqual(httpx.post(f"{URL}/echo", data={"a": ["1", "2"]}).json()["form"], [["a", "1"], ["a", "2"]])
        self.assertEqual(httpx.post(f"{URL}/echo", content="\u20ac").json()["text"], "\u20ac")
        self.assertEqual(httpx.request("DELETE", f"{URL}/echo", json=1).json()["text"], "1")

    def test_the_request_on_the_wire(self):
        echo = httpx.get(f"{URL}/echo", params={"a": "1", "b": ["2", "3"]}, headers={"X-Y": "z"}).json()
        self.assertEqual(echo["query"], [["a", "1"], ["b", "2"], ["b", "3"]])
        headers = {name.lower(): value for name, value in echo["headers"]}
        self.assertEqual(headers["x-y"], "z")
        self.assertEqual(headers["host"], URL.removeprefix("http://"))
        self.assertEqual(headers["user-agent"], "python-httpx/0.28.1")
        self.assertNotIn("content-length", headers)
        self.assertNotIn("transfer-encoding", headers)

    def test_the_response(self):
        response = httpx.get(f"{URL}/bytes/1000")
        self.assertEqual(response.content, bytes(i % 251 for i in range(1000)))
        self.assertEqual(response.http_version, "HTTP/1.1")
        self.assertEqual(response.reason_phrase, "OK")
        self.assertIsInstance(response.elapsed, datetime.timedelta)
        self.assertEqual(response.url, f"{URL}/bytes/1000")
        self.assertEqual(response.request.method, "GET")
        self.assertEqual(response.history, [])
        self.assertTrue(response.is_closed)

    def test_cookies_are_sent(self):
        self.assertEqual(httpx.get(f"{URL}/cookies", cookies={"a": "1"}).json(), {"cookies": {"a": "1"}})

    def test_stream(self):
        with httpx.stream("GET", f"{URL}/chunked/5000?size=1000") as response:
            self.assertFalse(response.is_closed)
            self.assertEqual(b"".join(response.iter_bytes()), bytes(i % 251 for i in range(5000)))
        self.assertTrue(response.is_closed)

    def test_stream_closes_a_response_that_was_not_read(self):
        with httpx.stream("POST", f"{URL}/echo", json=[]) as response:
            pass
        self.assertTrue(response.is_closed)
        with self.assertRaises(httpx.ResponseNotRead):
            response.content

    def test_unknown_arguments(self):
        for call in [
            lambda: httpx.get(URL, nonsense=1),
            lambda: httpx.Client(nonsense=1),
            lambda: httpx.Client().get(URL, json={}),
            lambda: httpx.get(URL, data={}),
        ]:
            with self.assertRaisesRegex(TypeError, "unexpected keyword argument"):
                call()
        with self.assertRaises(TypeError):
            httpx.get()
        with self.assertRaises(TypeError):
            httpx.Client("positional")

    def test_signatures(self):
        parameters = inspect.signature(httpx.get).parameters
        self.assertEqual(
            sorted(parameters),
            sorted("url params headers cookies auth proxy follow_redirects verify timeout trust_env".split()),
        )
        self.assertEqual(parameters["url"].kind, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self.assertEqual(parameters["params"].kind, inspect.Parameter.KEYWORD_ONLY)
        self.assertIsNone(parameters["params"].default)
        send = inspect.signature(httpx.Client.send).parameters
        self.assertEqual(list(send), ["self", "request", "stream", "auth", "follow_redirects"])
        self.assertIn(send["auth"].default, [httpx.USE_CLIENT_DEFAULT, ...])
        post = inspect.signature(httpx.Client.post).parameters
        self.assertEqual(
            list(post),
            "self url content data files json params headers cookies auth follow_redirects timeout extensions".split(),
        )


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.client = httpx.Client()
        self.addCleanup(self.client.close)

    def test_connections_are_reused(self):
        numbers = {self.client.get(f"{URL}/connections").json()["connection"] for _ in range(5)}
        self.assertEqual(len(numbers), 1)

    def test_headers(self):
        self.client.headers["X-A"] = "1"
        headers = dict(self.client.get(f"{URL}/headers").json()["headers"])
        self.assertEqual({key.lower(): value for key, value in headers.items()}["x-a"], "1")
        self.client.headers = {"x-b": "2"}
        self.assertNotIn("x-a", self.client.headers)
        self.assertEqual(self.client.headers["accept"], "*/*")

    def test_cookies_persist(self):
        self.assertEqual(self.client.get(f"{URL}/cookies/set?a=1&b=2").status_code, 200)
        self.assertEqual(dict(self.client.cookies), {"a": "1", "b": "2"})
        self.assertEqual(self.client.get(f"{URL}/cookies").json(), {"cookies": {"a": "1", "b": "2"}})
        self.client.cookies.set("c", "3")
        self.client.cookies.delete("a")
        self.assertEqual(self.client.get(f"{URL}/cookies").json(), {"cookies": {"b": "2", "c": "3"}})
        self.client.cookies = {"d": "4"}
        self.assertEqual(self.client.get(f"{URL}/cookies").json(), {"cookies": {"d": "4"}})

    def test_cookies_of_one_request_are_deprecated(self):
        with self.assertWarnsRegex(DeprecationWarning, "per-request cookies"):
            response = self.client.get(f"{URL}/cookies", cookies={"a": "1"})
        self.assertEqual(response.json(), {"cookies": {"a": "1"}})
        self.assertEqual(dict(self.client.cookies), {})

    def test_base_url(self):
        with httpx.Client(base_url=URL) as client:
            self.assertEqual(client.base_url, URL)
            self.assertEqual(client.get("/echo").json()["path"], "/echo")
            client.base_url = f"{URL}/bytes"
            self.assertEqual(len(client.get("7").content), 7)

    def test_params(self):
        self.client.params = {"a": "1"}
        self.assertEqual(self.client.get(f"{URL}/echo", params={"b": "2"}).json()["query"], [["a", "1"], ["b", "2"]])
        self.assertEqual(self.client.params, httpx.QueryParams({"a": "1"}))

    def test_timeout(self):
        self.assertEqual(self.client.timeout, httpx.Timeout(5.0))
        self.client.timeout = 0.2
        with self.assertRaises(httpx.ReadTimeout) as caught:
            self.client.get(f"{URL}/hang")
        self.assertEqual(caught.exception.request.url, f"{URL}/hang")
        with self.assertRaises(httpx.TimeoutException):
            self.client.get(f"{URL}/slow-head?ms=60000", timeout=httpx.Timeout(5.0, read=0.1))
        self.assertEqual(self.client.get(f"{URL}/slow-head?ms=400", timeout=None).status_code, 200)

    @unittest.skipIf(sys.implementation.name == "cpython", "Tauraro's own form")
    def test_timeout_as_a_dict(self):
        with self.assertRaises(httpx.TimeoutError):
            self.client.get(f"{URL}/hang", timeout={"connect": 3.0, "read": 0.1})

    def test_build_and_send(self):
        request = self.client.build_request("POST", f"{URL}/echo", json={"a": 1})
        request.headers["X-Late"] = "1"
        response = self.client.send(request)
        self.assertIs(response.request, request)
        self.assertIn("x-late", {name.lower() for name, _ in response.json()["headers"]})
        self.assertEqual(self.client.send(request).json()["text"], '{"a":1}')

    def test_send_a_request_that_the_client_did_not_build(self):
        response = self.client.send(httpx.Request("GET", f"{URL}/headers"))
        names = {name.lower() for name, _ in response.json()["headers"]}
        # Tauraro's transport adds `accept: */*`, which says the same as leaving it out (RFC 9110 section 12.5.1).
        self.assertEqual(names - {"accept"}, {"host"})
        self.assertIn("timeout", response.request.extensions)

    def test_send_with_stream(self):
        response = self.client.send(self.client.build_request("GET", f"{URL}/bytes/100"), stream=True)
        self.assertFalse(response.is_closed)
        with self.assertRaises(RuntimeError):
            response.elapsed
        self.assertEqual(len(response.read()), 100)
        self.assertTrue(response.is_closed)
        self.assertGreater(response.elapsed, datetime.timedelta())

    def test_a_client_can_be_closed_and_not_reopened(self):
        self.assertFalse(self.client.is_closed)
        self.client.close()
        self.client.close()
        self.assertTrue(self.client.is_closed)
        message = "Cannot send a request, as the client has been closed."
        with self.assertRaisesRegex(RuntimeError, message):
            self.client.get(URL)
        with self.assertRaisesRegex(RuntimeError, "Cannot reopen a client instance, once it has been closed."):
            with self.client:
                pass

    def test_a_client_can_be_entered_once(self):
        with httpx.Client() as client:
            with self.assertRaisesRegex(RuntimeError, "Cannot open a client instance more than once."):
                client.__enter__()
        self.assertTrue(client.is_closed)

    @unittest.skipIf(sys.implementation.name == "cpython", "closing disturbs responses there")
    def test_a_response_outlives_its_client(self):
        with httpx.Client() as client:
            response = client.send(client.build_request("GET", f"{URL}/bytes/200000"), stream=True)
        del client
        self.assertEqual(len(response.read()), 200_000)

    def test_default_encoding(self):
        with httpx.Client(default_encoding="latin-1") as client:
            self.assertEqual(client.get(f"{URL}/bytes/200").text, bytes(range(200)).decode("latin-1"))
        with httpx.Client(default_encoding=lambda content: "ascii") as client:
            self.assertEqual(client.get(f"{URL}/bytes/100").encoding, "ascii")

    @unittest.skipIf(sys.implementation.name == "cpython", "Tauraro's own argument")
    def test_compressed_bodies_are_bounded(self):
        with httpx.Client(max_decoded_size=100_000) as client:
            with self.assertRaises(httpx.DecodingError):
                client.get(f"{URL}/bomb/gzip?size=1000000")
            self.assertEqual(len(client.get(f"{URL}/bytes/200000").content), 200_000)
        with httpx.Client(max_decoded_size=None) as client:
            self.assertEqual(len(client.get(f"{URL}/bomb/gzip?size=1000000").content), 1_000_000)

    @unittest.skipIf(sys.implementation.name == "cpython", "Tauraro's own name")
    def test_session_is_client(self):
        self.assertIs(httpx.Session, httpx.Client)

    def test_limits(self):
        with httpx.Client(limits=httpx.Limits(max_connections=1), timeout=httpx.Timeout(5.0, pool=0.1)) as client:
            with client.stream("GET", f"{URL}/slow-body?ms=60000"):
                with self.assertRaises(httpx.PoolTimeout):
                    client.get(f"{URL}/json")

    def test_settings(self):
        client = httpx.Client(follow_redirects=True, max_redirects=3, trust_env=False)
        self.assertEqual((client.follow_redirects, client.max_redirects, client.trust_env), (True, 3, False))
        client.follow_redirects = False
        self.assertFalse(client.follow_redirects)
        self.assertIsNone(client.auth)
        self.assertEqual(client.event_hooks, {"request": [], "response": []})


class TlsTest(unittest.TestCase):
    def setUp(self):
        catcher = warnings.catch_warnings()
        catcher.__enter__()
        self.addCleanup(catcher.__exit__, None, None, None)
        warnings.simplefilter("ignore", DeprecationWarning)

    def test_an_unknown_authority_is_refused(self):
        with self.assertRaises(httpx.ConnectError):
            httpx.get(f"{HTTPS}/json")

    def test_verify(self):
        self.assertEqual(httpx.get(f"{HTTPS}/json", verify=CA).status_code, 200)
        self.assertEqual(httpx.get(f"{HTTPS}/json", verify=False).status_code, 200)
        with self.assertRaises(OSError):
            httpx.Client(verify="/no/such/file.pem")

    @unittest.skipIf(sys.implementation.name == "cpython", "needs an SSLContext there")
    def test_a_client_certificate(self):
        with httpx.Client(verify=CA, cert=(CLIENT_CERT, CLIENT_KEY)) as client:
            self.assertEqual(client.get(f"{MTLS}/json").status_code, 200)
        with httpx.Client(verify=CA) as client, self.assertRaises(httpx.TransportError):
            client.get(f"{MTLS}/json")

    @unittest.skipIf(sys.implementation.name == "cpython", "needs the h2 package there")
    def test_http2(self):
        with httpx.Client(verify=CA, http2=True) as client:
            self.assertEqual(client.get(f"{HTTPS}/json").http_version, "HTTP/2")


class OverridingTest(unittest.TestCase):
    def test_send(self):
        class Recorder(httpx.Client):
            def send(self, request, **kwargs):
                self.seen = (request.method, sorted(kwargs))
                return super().send(request, **kwargs)

        with Recorder() as client:
            self.assertEqual(client.get(f"{URL}/json").status_code, 200)
            self.assertEqual(client.seen, ("GET", ["auth", "follow_redirects"]))

    def test_request(self):
        class Prefixed(httpx.Client):
            def request(self, method, url, **kwargs):
                return super().request(method, f"{URL}{url}", **kwargs)

        with Prefixed() as client:
            self.assertEqual(client.post("/echo", json=1).json()["text"], "1")

    def test_build_request(self):
        class Tagged(httpx.Client):
            def build_request(self, *args, **kwargs):
                request = super().build_request(*args, **kwargs)
                request.headers["X-Tag"] = "1"
                return request

        with Tagged() as client:
            names = [name.lower() for name, _ in client.get(f"{URL}/headers").json()["headers"]]
            self.assertIn("x-tag", names)
            with client.stream("GET", f"{URL}/headers") as response:
                self.assertIn("x-tag", response.read().decode().lower())

    def test_another_signature(self):
        class Named(httpx.Client):
            def __init__(self, name, **kwargs):
                super().__init__(**kwargs)
                self.name = name

        with Named("x", base_url=URL) as client:
            self.assertEqual((client.name, client.get("/json").status_code), ("x", 200))

    def test_the_class_is_patched(self):
        original = httpx.Client.send
        answer = httpx.Response(299)
        httpx.Client.send = lambda self, request, **kwargs: answer
        try:
            self.assertIs(httpx.Client().get("http://example.org/"), answer)
            self.assertIs(httpx.get("http://example.org/"), answer)
        finally:
            httpx.Client.send = original
        self.assertEqual(httpx.get(f"{URL}/json").status_code, 200)

    def test_the_object_is_patched(self):
        client = httpx.Client()
        client.send = lambda request, **kwargs: httpx.Response(298, request=request)
        self.assertEqual(client.get("http://example.org/").status_code, 298)
        client.request = lambda method, url, **kwargs: (method, url)
        self.assertEqual(client.get("/x"), ("GET", "/x"))


class SharingTest(unittest.TestCase):
    def test_fifty_threads_share_a_client(self):
        problems = []

        def work(client, number):
            try:
                for step in range(5):
                    value = f"{number}-{step}"
                    echo = client.post(f"{URL}/echo", content=value, headers={"X-Value": value}).json()
                    sent = dict((name.lower(), text) for name, text in echo["headers"])["x-value"]
                    if (echo["text"], sent) != (value, value):
                        problems.append((value, echo))
            except BaseException as error:
                problems.append(error)

        with httpx.Client(timeout=60.0) as client:
            threads = [threading.Thread(target=work, args=(client, number)) for number in range(50)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(problems, [])

    def test_settings_change_while_requests_run(self):
        stop = threading.Event()

        def change(client):
            number = 0
            while not stop.is_set():
                number += 1
                client.headers = {"x": str(number)}
                client.cookies = {"a": str(number)}
                client.params = {"p": str(number)}
                client.auth = ("u", str(number))

        with httpx.Client() as client:
            thread = threading.Thread(target=change, args=(client,))
            thread.start()
            try:
                for _ in range(30):
                    self.assertEqual(client.get(f"{URL}/json").status_code, 200)
            finally:
                stop.set()
                thread.join()

    def test_cycles_are_collected(self):
        class Traced(httpx.Client):
            pass

        client = Traced(event_hooks={"request": []})
        client.event_hooks["request"].append(lambda request, client=client: None)
        reference = weakref.ref(client)
        del client
        gc.collect()
        self.assertIsNone(reference())


if __name__ == "__main__":
    unittest.main()
