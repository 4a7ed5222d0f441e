"""`httpx.QueryParams`: an immutable multi-map."""

import collections.abc
import copy
import pickle
import unittest

import httpx


class Reading(unittest.TestCase):
    def test_forms(self):
        for source in [
            "a=123&a=456&b=789",
            b"a=123&a=456&b=789",
            {"a": ["123", "456"], "b": 789},
            {"a": ("123", "456"), "b": "789"},
            [("a", "123"), ("a", "456"), ("b", "789")],
            (("a", "123"), ("b", "789"), ("a", "456")),
            httpx.QueryParams("a=123&a=456&b=789"),
        ]:
            with self.subTest(source):
                params = httpx.QueryParams(source)
                self.assertEqual(params.multi_items(), [("a", "123"), ("a", "456"), ("b", "789")])
                self.assertEqual(str(params), "a=123&a=456&b=789")
        self.assertEqual(str(httpx.QueryParams(a="1", b=2)), "a=1&b=2")
        self.assertEqual(str(httpx.QueryParams(None)), "")
        self.assertEqual(str(httpx.QueryParams()), "")

    def test_values(self):
        params = httpx.QueryParams({"t": True, "f": False, "n": None, "i": 1, "x": 1.5, 2: "key"})
        self.assertEqual(str(params), "t=true&f=false&n=&i=1&x=1.5&2=key")

    def test_encoding(self):
        self.assertEqual(str(httpx.QueryParams({"a b": "/&=é~*"})), "a+b=%2F%26%3D%C3%A9~%2A")
        params = httpx.QueryParams("a+b=%2F%26%3D%C3%A9&c=%ff&d&e=&&=f")
        self.assertEqual(
            params.multi_items(), [("a b", "/&=é"), ("c", "\ufffd"), ("d", ""), ("e", ""), ("", "f")]
        )

    def test_refused(self):
        with self.assertRaises(UnicodeDecodeError):
            httpx.QueryParams(b"\xff")
        with self.assertRaises(AssertionError):
            httpx.QueryParams("a", "b")
        with self.assertRaises(AssertionError):
            httpx.QueryParams("a", b="c")
        with self.assertRaises(AttributeError):
            httpx.QueryParams(1)
        with self.assertRaises(UnicodeEncodeError):
            str(httpx.QueryParams({"a": "\ud800"}))


class Mapping(unittest.TestCase):
    def setUp(self):
        self.params = httpx.QueryParams("a=123&a=456&b=789")

    def test_is_a_mapping(self):
        self.assertIsInstance(self.params, collections.abc.Mapping)
        self.assertNotIsInstance(self.params, collections.abc.MutableMapping)
        self.assertEqual(dict(self.params), {"a": "123", "b": "789"})
        self.assertEqual({**self.params}, {"a": "123", "b": "789"})
        match self.params:
            case {"b": value}:
                self.assertEqual(value, "789")
            case _:
                self.fail("not matched as a mapping")

    def test_lookup(self):
        self.assertEqual(self.params["a"], "123")
        self.assertEqual(self.params.get("a"), "123")
        self.assertIsNone(self.params.get("z"))
        self.assertEqual(self.params.get("z", "default"), "default")
        self.assertEqual(self.params.get_list("a"), ["123", "456"])
        self.assertEqual(self.params.get_list("z"), [])
        self.assertIn("a", self.params)
        self.assertNotIn("z", self.params)
        self.assertNotIn(1, self.params)
        with self.assertRaises(KeyError):
            self.params["z"]

    def test_views(self):
        self.assertEqual(list(self.params), ["a", "b"])
        self.assertEqual(list(self.params.keys()), ["a", "b"])
        self.assertEqual(list(self.params.values()), ["123", "789"])
        self.assertEqual(list(self.params.items()), [("a", "123"), ("b", "789")])
        self.assertEqual(len(self.params), 2)
        self.assertTrue(self.params)
        self.assertFalse(httpx.QueryParams(""))

    def test_immutable(self):
        with self.assertRaises(RuntimeError) as caught:
            self.params["a"] = "x"
        self.assertIn("immutable", str(caught.exception))
        with self.assertRaises(RuntimeError):
            self.params.update({"a": "x"})
        with self.assertRaises((TypeError, AttributeError)):
            del self.params["a"]

    def test_changed_copies(self):
        self.assertEqual(str(self.params.set("a", "x")), "a=x&b=789")
        self.assertEqual(str(self.params.set("c")), "a=123&a=456&b=789&c=")
        self.assertEqual(str(self.params.add("a", 7)), "a=123&a=456&a=7&b=789")
        self.assertEqual(str(self.params.remove("a")), "b=789")
        self.assertEqual(str(self.params.remove("z")), str(self.params))
        self.assertEqual(str(self.params.merge({"b": "1", "c": ["2", "3"]})), "a=123&a=456&b=1&c=2&c=3")
        self.assertEqual(str(self.params.merge()), str(self.params))
        self.assertEqual(str(self.params), "a=123&a=456&b=789")

    def test_protocols(self):
        self.assertEqual(self.params, httpx.QueryParams("b=789&a=456&a=123"))
        self.assertNotEqual(self.params, httpx.QueryParams("a=123"))
        self.assertNotEqual(self.params, "a=123&a=456&b=789")
        self.assertEqual(hash(self.params), hash(httpx.QueryParams("a=123&a=456&b=789")))
        self.assertEqual(repr(self.params), "QueryParams('a=123&a=456&b=789')")
        for other in (pickle.loads(pickle.dumps(self.params)), copy.copy(self.params), copy.deepcopy(self.params)):
            self.assertEqual(other, self.params)
            self.assertEqual(str(other), str(self.params))


if __name__ == "__main__":
    unittest.main()
