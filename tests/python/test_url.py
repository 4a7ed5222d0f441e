"""`httpx.URL`: what is read, what is refused, and what can be made of it."""

import copy
import pickle
import unittest

import httpx


class Components(unittest.TestCase):
    def test_every_property(self):
        url = httpx.URL("HTTPS://jo%40email.com:a%20secret@Müller.de:1234/pa%20th?search=ab#anchor%20link")
        expected = {
            "scheme": "https",
            "raw_scheme": b"https",
            "userinfo": b"jo%40email.com:a%20secret",
            "username": "jo@email.com",
            "password": "a secret",
            "host": "müller.de",
            "raw_host": b"xn--mller-kva.de",
            "port": 1234,
            "netloc": b"xn--mller-kva.de:1234",
            "path": "/pa th",
            "query": b"search=ab",
            "raw_path": b"/pa%20th?search=ab",
            "fragment": "anchor link",
            "is_absolute_url": True,
            "is_relative_url": False,
        }
        for name, value in expected.items():
            with self.subTest(name):
                self.assertEqual(getattr(url, name), value)
                self.assertIs(type(getattr(url, name)), type(value))
        self.assertEqual(url.params, httpx.QueryParams("search=ab"))
        self.assertIsInstance(url.params, httpx.QueryParams)

    def test_absent_components(self):
        url = httpx.URL("http://example.org")
        self.assertIsNone(url.port)
        self.assertEqual((url.path, url.raw_path, url.query, url.fragment), ("/", b"/", b"", ""))
        self.assertEqual((url.username, url.password, url.userinfo), ("", "", b""))
        self.assertEqual(str(url), "http://example.org")
        empty = httpx.URL()
        self.assertEqual((str(empty), empty.scheme, empty.host, empty.is_relative_url), ("", "", "", True))

    def test_normalization(self):
        for given, expected in [
            ("https://EXAMPLE.com:443/", "https://example.com/"),
            ("http://a/b/../c/./d", "http://a/c/d"),
            ("http://a/ä b", "http://a/%C3%A4%20b"),
            ("http://a/?", "http://a/?"),
            ("http://[::1]:80/", "http://[::1]/"),
            ("http://中国.icom.museum:80/", "http://xn--fiqs8s.icom.museum/"),
            ("/a/../b?c#d", "/a/../b?c#d"),
            ("mailto:jo@example.org", "mailto:jo@example.org"),
        ]:
            with self.subTest(given):
                self.assertEqual(str(httpx.URL(given)), expected)

    def test_whether_a_port_exists_is_asked_when_connecting(self):
        url = httpx.URL("http://a").copy_with(port=123456)
        self.assertEqual((url.port, url.netloc), (123456, b"a:123456"))

    def test_idna_host_is_decoded(self):
        self.assertEqual(httpx.URL("http://xn--fiqs8s.icom.museum").host, "中国.icom.museum")
        self.assertEqual(httpx.URL("http://[::ffff:192.168.0.1]").host, "::ffff:192.168.0.1")


class Refusals(unittest.TestCase):
    def test_messages(self):
        for given, expected in [
            ("https://u:p@a:abc", "Invalid port: 'abc'"),
            ("https://999.1.1.1", "Invalid IPv4 address: '999.1.1.1'"),
            ("https://[2001]/", "Invalid IPv6 address: '[2001]'"),
            ("https://☃.com/", "Invalid IDNA hostname: '☃.com'"),
            ("https://a/\r", "Invalid non-printable ASCII character in URL, '\\r' at position 10."),
            ("é\x00", "Invalid non-printable ASCII character in URL, '\\x00' at position 1."),
            ("////", "Relative URLs cannot have a path starting with '//'"),
            ("::", "Relative URLs cannot have a path starting with ':'"),
            ("a" * 65537, "URL too long"),
        ]:
            with self.subTest(given[:20]):
                with self.assertRaises(httpx.InvalidURL) as caught:
                    httpx.URL(given)
                self.assertEqual(str(caught.exception), expected)

    def test_component_messages(self):
        for components, expected in [
            ({"scheme": "~"}, "Invalid URL component 'scheme'"),
            ({"path": "/a?b"}, "Invalid URL component 'path'"),
            ({"path": "/\n"}, "Invalid non-printable ASCII character in URL path component, '\\n' at position 1."),
            ({"path": "/" * 65537}, "URL component 'path' too long"),
            ({"host": "a", "path": "b"}, "For absolute URLs, path must be empty or begin with '/'"),
        ]:
            with self.subTest(expected):
                with self.assertRaises(httpx.InvalidURL) as caught:
                    httpx.URL(**components)
                self.assertEqual(str(caught.exception), expected)

    def test_types(self):
        for arguments, components, expected in [
            ((1,), {}, "Invalid type for url.  Expected str or httpx.URL, got <class 'int'>: 1"),
            ((b"http://a",), {}, "Invalid type for url.  Expected str or httpx.URL, got <class 'bytes'>: b'http://a'"),
            ((), {"invalid": ""}, "'invalid' is an invalid keyword argument for URL()"),
            ((), {"scheme": 1}, "Argument 'scheme' must be str but got int"),
            ((), {"port": "80"}, "Argument 'port' must be int but got str"),
            ((), {"query": "a=1"}, "Argument 'query' must be bytes but got str"),
        ]:
            with self.subTest(expected):
                with self.assertRaises(TypeError) as caught:
                    httpx.URL(*arguments, **components)
                self.assertEqual(str(caught.exception), expected)

    def test_bytes_components_are_ascii(self):
        with self.assertRaises(UnicodeDecodeError):
            httpx.URL("http://a", query="ä".encode())

    def test_lone_surrogate(self):
        with self.assertRaises(UnicodeEncodeError):
            httpx.URL("http://a/\ud800")


class Building(unittest.TestCase):
    def test_from_components(self):
        url = httpx.URL(scheme="https", host="::1", port=443, path="/p", query=b"a=1", fragment="f")
        self.assertEqual(str(url), "https://[::1]/p?a=1#f")
        self.assertEqual(str(httpx.URL(netloc=b"a:81", path="/")), "//a:81/")
        self.assertEqual(str(httpx.URL("http://a", username="jo@x", password="p:q")), "http://jo%40x:p%3Aq@a")

    def test_params(self):
        url = httpx.URL("http://a/", params={"search": "python", "limit": 10, "on": True, "no": None})
        self.assertEqual(str(url), "http://a/?search=python&limit=10&on=true&no=")
        self.assertEqual(str(httpx.URL("http://a/?x=1", params={"b": ["1", "2"]})), "http://a/?b=1&b=2")
        self.assertEqual(str(httpx.URL("http://a/?x=1", params={})), "http://a/")
        self.assertEqual(str(httpx.URL("http://a/?x=1", params=None)), "http://a/")

    def test_copy_with(self):
        url = httpx.URL("https://user:pw@example.org:8443/path?q#f")
        self.assertEqual(url.copy_with(host="a"), "https://user:pw@a:8443/path?q#f")
        self.assertEqual(url.copy_with(port=None), "https://user:pw@example.org/path?q#f")
        self.assertEqual(url.copy_with(username="jo"), "https://jo@example.org:8443/path?q#f")
        self.assertEqual(url.copy_with(raw_path=b"/x?y"), "https://user:pw@example.org:8443/x?y#f")
        self.assertEqual(url.copy_with(query=None, fragment=None), "https://user:pw@example.org:8443/path")
        self.assertEqual(httpx.URL(url), url)
        self.assertEqual(str(httpx.URL(url, path="/x", query=None)), "https://user:pw@example.org:8443/x#f")
        with self.assertRaises(TypeError):
            url.copy_with(nonsense="x")

    def test_params_of_copies(self):
        url = httpx.URL("http://a/?a=1&a=2&b=3")
        self.assertEqual(url.copy_set_param("a", "x"), "http://a/?a=x&b=3")
        self.assertEqual(url.copy_set_param("a"), "http://a/?a=&b=3")
        self.assertEqual(url.copy_add_param("a", 4), "http://a/?a=1&a=2&a=4&b=3")
        self.assertEqual(url.copy_remove_param("a"), "http://a/?b=3")
        self.assertEqual(url.copy_remove_param("a").copy_remove_param("b"), "http://a/")
        self.assertEqual(url.copy_merge_params({"b": "4", "c": "5"}), "http://a/?a=1&a=2&b=4&c=5")

    def test_join(self):
        url = httpx.URL("http://a/b/c/d?q")
        for reference, expected in [
            ("g", "http://a/b/c/g"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d?y"),
            ("../g", "http://a/b/g"),
            ("../../../g", "http://a/g"),
            ("https://x/y", "https://x/y"),
            ("", "http://a/b/c/d?q"),
            (httpx.URL("h"), "http://a/b/c/h"),
        ]:
            with self.subTest(reference):
                self.assertEqual(url.join(reference), expected)
        with self.assertRaises(httpx.InvalidURL):
            url.join("http://a:b")
        with self.assertRaises(TypeError):
            url.join(None)


class Protocols(unittest.TestCase):
    def test_equality_and_hash(self):
        url = httpx.URL("http://example.org:80/")
        self.assertEqual(url, httpx.URL("http://example.org/"))
        self.assertEqual(url, "HTTP://example.org/")
        self.assertNotEqual(url, "http://example.org")
        self.assertNotEqual(url, 1)
        self.assertNotEqual(url, None)
        self.assertEqual(hash(url), hash(httpx.URL("http://example.org/")))
        self.assertEqual({url: 1}[httpx.URL("http://example.org/")], 1)

    def test_repr_masks_the_password(self):
        url = httpx.URL("https://user:s3cret@example.org/?a=1")
        self.assertEqual(repr(url), "URL('https://user:[secure]@example.org/?a=1')")
        self.assertEqual(str(url), "https://user:s3cret@example.org/?a=1")
        self.assertEqual(repr(httpx.URL("https://user@a")), "URL('https://user@a')")

    def test_subclass(self):
        class Tagged(httpx.URL):
            def __init__(self, tag, url):
                super().__init__(url)
                self.tag = tag

        url = Tagged("x", "http://a/")
        self.assertEqual((url.tag, str(url), url.host), ("x", "http://a/", "a"))
        self.assertIsInstance(url, httpx.URL)
        self.assertTrue(repr(url).startswith("Tagged("))
        self.assertEqual(httpx.URL(url), url)

    def test_pickle_and_copy(self):
        url = httpx.URL("https://user:pw@example.org/ä?b#c")
        url.note = "kept"
        for other in (pickle.loads(pickle.dumps(url)), copy.copy(url), copy.deepcopy(url)):
            self.assertEqual(other, url)
            self.assertEqual(str(other), str(url))
            self.assertEqual(other.note, "kept")

    def test_class_can_be_patched(self):
        httpx.URL.extra = property(lambda self: self.host * 2)
        try:
            self.assertEqual(httpx.URL("http://a").extra, "aa")
        finally:
            del httpx.URL.extra


if __name__ == "__main__":
    unittest.main()
