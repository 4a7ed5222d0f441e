"""`httpx.Cookies`: a jar, and a mapping of it."""

import collections.abc
import copy
import http.cookiejar
import pickle
import sys
import unittest

import httpx


def response(url, *fields):
    headers = [("Set-Cookie", field) for field in fields]
    return httpx.Response(200, headers=headers, request=httpx.Request("GET", url))


def sent(cookies, url):
    request = httpx.Request("GET", url)
    cookies.set_cookie_header(request)
    return request.headers.get("Cookie")


class Mapping(unittest.TestCase):
    def test_is_a_mapping(self):
        cookies = httpx.Cookies({"a": "1"})
        self.assertIsInstance(cookies, collections.abc.MutableMapping)
        self.assertEqual(dict(cookies), {"a": "1"})
        self.assertEqual(cookies, {"a": "1"})
        self.assertNotEqual(cookies, {"a": "2"})
        self.assertEqual(cookies, httpx.Cookies([("a", "1")]))
        with self.assertRaises(TypeError):
            hash(cookies)

    def test_forms(self):
        self.assertEqual(dict(httpx.Cookies()), {})
        self.assertEqual(dict(httpx.Cookies(None)), {})
        self.assertEqual(dict(httpx.Cookies([("a", "1"), ("b", "2")])), {"a": "1", "b": "2"})
        self.assertEqual(dict(httpx.Cookies(httpx.Cookies({"a": "1"}))), {"a": "1"})
        original = httpx.Cookies({"a": "1"})
        httpx.Cookies(original)["a"] = "2"
        self.assertEqual(original["a"], "1")

    def test_set_and_delete(self):
        cookies = httpx.Cookies()
        self.assertFalse(cookies)
        cookies["a"] = "1"
        self.assertTrue(cookies)
        self.assertEqual((cookies["a"], len(cookies), list(cookies)), ("1", 1, ["a"]))
        self.assertIn("a", cookies)
        self.assertNotIn("b", cookies)
        del cookies["a"]
        del cookies["a"]
        self.assertEqual(len(cookies), 0)
        with self.assertRaises(KeyError):
            cookies["a"]
        self.assertIsNone(cookies.get("a"))
        self.assertEqual(cookies.get("a", default="x"), "x")

    def test_mixins(self):
        cookies = httpx.Cookies({"a": "1", "b": "2"})
        self.assertEqual(list(cookies.keys()), ["a", "b"])
        self.assertEqual(list(cookies.values()), ["1", "2"])
        self.assertEqual(list(cookies.items()), [("a", "1"), ("b", "2")])
        self.assertEqual(cookies.setdefault("a", "x"), "1")
        self.assertEqual(cookies.setdefault("c", "3"), "3")
        self.assertEqual(cookies.pop("c"), "3")
        self.assertEqual(cookies.pop("c", "default"), "default")
        with self.assertRaises(KeyError):
            cookies.pop("c")
        self.assertEqual(cookies.popitem(), ("a", "1"))
        cookies.update({"b": "9", "d": "4"})
        self.assertEqual(dict(cookies), {"b": "9", "d": "4"})
        cookies.clear()
        self.assertEqual(dict(cookies), {})

    def test_repr(self):
        cookies = httpx.Cookies()
        cookies.set("a", "1", domain="example.org")
        cookies.set("b", "2")
        self.assertEqual(repr(cookies), "<Cookies[<Cookie a=1 for example.org />, <Cookie b=2 for  />]>")


class Domains(unittest.TestCase):
    def setUp(self):
        self.cookies = httpx.Cookies()
        self.cookies.set("a", "1", domain="example.com")
        self.cookies.set("a", "2", domain="example.org", path="/x")

    def test_conflict(self):
        with self.assertRaises(httpx.CookieConflict) as caught:
            self.cookies.get("a")
        self.assertEqual(str(caught.exception), "Multiple cookies exist with name=a")
        with self.assertRaises(httpx.CookieConflict):
            self.cookies["a"]

    def test_narrowed(self):
        self.assertEqual(self.cookies.get("a", domain="example.com"), "1")
        self.assertEqual(self.cookies.get("a", path="/x"), "2")
        self.assertEqual(self.cookies.get("a", domain="example.com", path="/x"), None)

    def test_delete(self):
        with self.assertRaises(KeyError):
            self.cookies.delete("a", domain="example.com", path="/x")
        self.cookies.delete("a", domain="example.com", path="/")
        self.assertEqual(self.cookies["a"], "2")
        self.cookies.delete("a", domain="nowhere")
        self.cookies.delete("a")
        self.assertEqual(len(self.cookies), 0)

    def test_clear(self):
        with self.assertRaises(AssertionError):
            self.cookies.clear(path="/x")
        with self.assertRaises(KeyError):
            self.cookies.clear(domain="nowhere")
        self.cookies.clear(domain="example.org", path="/x")
        self.assertEqual(self.cookies["a"], "1")
        self.cookies.clear(domain="example.com")
        self.assertEqual(len(self.cookies), 0)


@unittest.skipUnless(hasattr(httpx, "Response"), "needs responses")
class Exchange(unittest.TestCase):
    def test_extract_and_send(self):
        cookies = httpx.Cookies()
        cookies.extract_cookies(
            response(
                "https://www.example.org/shop/cart",
                "a=1",
                "b=2; Domain=example.org; Path=/",
                "c=3; Path=/shop; Secure",
                "d=4; Max-Age=0",
                "e=5; Domain=other.org",
            )
        )
        self.assertEqual(sorted(cookies), ["a", "b", "c"])
        self.assertEqual(sent(cookies, "https://www.example.org/shop/x"), "a=1; c=3; b=2")
        self.assertEqual(sent(cookies, "http://www.example.org/shop/x"), "a=1; b=2")
        self.assertEqual(sent(cookies, "http://www.example.org/"), "b=2")
        self.assertEqual(sent(cookies, "http://example.org/"), "b=2")
        self.assertIsNone(sent(cookies, "http://other.org/"))

    def test_by_hand_goes_everywhere(self):
        self.assertEqual(sent(httpx.Cookies({"a": "1"}), "http://anywhere.test/x"), "a=1")
        self.assertEqual(sent(httpx.Cookies({"a": "1"}), "http://127.0.0.1:81/"), "a=1")

    def test_own_header_stays(self):
        request = httpx.Request("GET", "http://a.org", headers={"Cookie": "mine=1"})
        httpx.Cookies({"a": "1"}).set_cookie_header(request)
        self.assertEqual(request.headers["Cookie"], "mine=1")

    def test_expiry_removes(self):
        cookies = httpx.Cookies()
        cookies.extract_cookies(response("http://a.org/", "a=1", "b=2"))
        cookies.extract_cookies(response("http://a.org/", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"))
        self.assertEqual(dict(cookies), {"b": "2"})


class Jar(unittest.TestCase):
    def test_jar(self):
        cookies = httpx.Cookies()
        cookies.set("a", "1", domain="example.org", path="/x")
        self.assertIsInstance(cookies.jar, http.cookiejar.CookieJar)
        (cookie,) = cookies.jar
        self.assertEqual((cookie.name, cookie.value, cookie.domain, cookie.path), ("a", "1", "example.org", "/x"))
        self.assertIs(cookie.domain_specified, True)

    def test_from_a_jar(self):
        source = httpx.Cookies()
        source.set("a", "1", domain="example.org")
        source.set("b", "2")
        cookies = httpx.Cookies(source.jar)
        self.assertEqual(dict(cookies), {"a": "1", "b": "2"})
        self.assertEqual(cookies.get("a", domain="example.org"), "1")

    @unittest.skipUnless("Tauraro" in sys.version, "the jar of httpx holds a lock")
    def test_pickle_and_copy(self):
        cookies = httpx.Cookies()
        cookies.set("a", "1", domain="example.org", path="/x")
        cookies["b"] = "2"
        for other in (pickle.loads(pickle.dumps(cookies)), copy.copy(cookies), copy.deepcopy(cookies)):
            self.assertEqual(repr(other), repr(cookies))
            self.assertEqual(other.get("a", path="/x"), "1")
            other.clear()
            self.assertEqual(len(cookies), 2)


if __name__ == "__main__":
    unittest.main()
