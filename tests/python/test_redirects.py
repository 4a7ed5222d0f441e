"""Redirects: which request follows, what it carries, and when to stop."""

import os
import unittest
from urllib.parse import quote

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]
HTTPS = os.environ["TAURARO_TEST_HTTPS"]
CA = os.environ["TAURARO_TEST_CA"]


def to(url, status=302):
    return f"{URL}/redirect-to?url={quote(url, safe='')}&status={status}"


class RedirectTest(unittest.TestCase):
    def setUp(self):
        self.client = httpx.Client(follow_redirects=True)
        self.addCleanup(self.client.close)

    def test_they_are_not_followed_unless_asked(self):
        response = httpx.get(f"{URL}/redirect/1")
        self.assertEqual((response.status_code, response.history), (302, []))
        self.assertTrue(response.has_redirect_location)
        self.assertEqual(response.next_request.url.path, "/redirect/0")

    def test_the_next_request_can_be_sent(self):
        with httpx.Client() as client:
            response = client.get(f"{URL}/redirect/2")
            seen = 0
            while response.next_request is not None:
                response = client.send(response.next_request)
                seen += 1
            self.assertEqual((response.status_code, seen), (200, 2))

    def test_history(self):
        response = self.client.get(f"{URL}/redirect/3")
        self.assertEqual(response.status_code, 200)
        self.assertEqual([past.status_code for past in response.history], [302, 302, 302])
        self.assertEqual([len(past.history) for past in response.history], [0, 1, 2])
        self.assertTrue(all(past.is_closed for past in response.history))
        self.assertIsNone(response.next_request)
        self.assertEqual(str(response.history[0].url), f"{URL}/redirect/3")

    def test_methods(self):
        table = [
            (301, "GET", "GET"),
            (301, "POST", "GET"),
            (301, "PUT", "PUT"),
            (302, "POST", "GET"),
            (302, "DELETE", "GET"),
            (303, "PUT", "GET"),
            (307, "POST", "POST"),
            (308, "PATCH", "PATCH"),
        ]
        for status, method, expected in table:
            with self.subTest(status=status, method=method):
                echo = self.client.request(method, to("/echo", status)).json()
                self.assertEqual(echo["method"], expected)

    def test_the_body_goes_along_with_the_method(self):
        echo = self.client.post(to("/echo", 307), content=b"body").json()
        self.assertEqual(echo["text"], "body")
        echo = self.client.post(to("/echo", 303), content=b"body").json()
        self.assertEqual(echo["size"], 0)
        names = {name.lower() for name, _ in echo["headers"]}
        self.assertFalse(names & {"content-length", "transfer-encoding"})

    def test_a_list_can_be_sent_again_and_a_generator_cannot(self):
        self.assertEqual(self.client.post(to("/echo", 307), content=[b"a", b"b"]).json()["text"], "ab")
        with self.assertRaises(httpx.StreamConsumed):
            self.client.post(to("/echo", 307), content=(chunk for chunk in [b"a"]))
        self.assertEqual(self.client.get(f"{URL}/json").status_code, 200)

    def test_locations(self):
        for location in [f"{URL}/echo", "/echo", "echo", "//" + URL.removeprefix("http://") + "/echo"]:
            with self.subTest(location):
                self.assertEqual(self.client.get(to(location)).json()["path"], "/echo")

    def test_fragments_are_kept(self):
        response = self.client.get(to("/echo") + "#part")
        self.assertEqual(response.url.fragment, "part")

    def test_too_many(self):
        with self.assertRaisesRegex(httpx.TooManyRedirects, "Exceeded maximum allowed redirects.") as caught:
            self.client.get(f"{URL}/redirect-loop")
        self.assertEqual(str(caught.exception.request.url), f"{URL}/redirect-loop")
        with httpx.Client(follow_redirects=True, max_redirects=2) as client:
            self.assertEqual(client.get(f"{URL}/redirect/2").status_code, 200)
            with self.assertRaises(httpx.TooManyRedirects):
                client.get(f"{URL}/redirect/3")

    def test_credentials_stay_with_their_origin(self):
        headers = {"Authorization": "Bearer secret"}
        echo = self.client.get(to(f"{URL}/echo"), headers=headers).json()
        self.assertIn("authorization", {name.lower() for name, _ in echo["headers"]})
        other = URL.replace("127.0.0.1", "localhost")
        try:
            echo = self.client.get(to(f"{other}/echo"), headers=headers).json()
        except httpx.ConnectError:
            self.skipTest("localhost is not 127.0.0.1 here")
        headers = {name.lower(): value for name, value in echo["headers"]}
        self.assertNotIn("authorization", headers)
        self.assertEqual(headers["host"], other.removeprefix("http://"))

    def test_cookies_are_set_on_the_way(self):
        location = to(f"{URL}/cookies/set?a=1")
        self.client.get(location)
        self.assertEqual(dict(self.client.cookies), {"a": "1"})
        self.assertEqual(self.client.get(to("/cookies")).json(), {"cookies": {"a": "1"}})

    def test_a_cookie_of_the_request_is_not_passed_on(self):
        response = self.client.get(to("/cookies"), headers={"Cookie": "mine=1"})
        self.assertEqual(response.json(), {"cookies": {}})

    def test_bad_locations(self):
        with self.assertRaisesRegex(httpx.RemoteProtocolError, "Invalid URL in location header"):
            self.client.get(to("http://example.org:port/"))
        with self.assertRaisesRegex(httpx.UnsupportedProtocol, "ftp://"):
            self.client.get(to("ftp://127.0.0.1/x"))
        self.assertEqual(httpx.get(to("ftp://127.0.0.1/x")).status_code, 302)

    def test_a_redirect_without_location_is_a_response(self):
        response = self.client.get(f"{URL}/status/302")
        self.assertEqual((response.status_code, response.has_redirect_location), (302, False))

    def test_per_request(self):
        self.assertEqual(self.client.get(f"{URL}/redirect/1", follow_redirects=False).status_code, 302)
        with httpx.Client() as client:
            self.assertEqual(client.get(f"{URL}/redirect/1", follow_redirects=True).status_code, 200)

    def test_stream(self):
        with self.client.stream("GET", to(f"{URL}/bytes/10")) as response:
            self.assertEqual(len(response.history), 1)
            self.assertFalse(response.is_closed)
            self.assertEqual(len(response.read()), 10)

    def test_to_https(self):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            with httpx.Client(follow_redirects=True, verify=CA) as client:
                response = client.get(to(f"{HTTPS}/json"))
        self.assertEqual((response.status_code, response.url.scheme), (200, "https"))


if __name__ == "__main__":
    unittest.main()
