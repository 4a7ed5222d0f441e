"""`httpx.Headers`: a multi-map without case."""

import collections.abc
import copy
import pickle
import unittest

import httpx


class Reading(unittest.TestCase):
    def test_forms(self):
        raw = [(b"A", b"1"), (b"b", b"2")]
        for source in [
            {"A": "1", "b": "2"},
            {b"A": b"1", b"b": b"2"},
            [("A", "1"), (b"b", b"2")],
            (("A", "1"), ("b", "2")),
            httpx.Headers([("A", "1"), ("b", "2")]),
            iter([("A", "1"), ("b", "2")]),
        ]:
            headers = httpx.Headers(source)
            self.assertEqual(headers.raw, raw)
        self.assertEqual(httpx.Headers().raw, [])
        self.assertEqual(httpx.Headers(None).raw, [])

    def test_any_mapping(self):
        class Mine(collections.abc.Mapping):
            def __getitem__(self, key):
                return {"a": "1"}[key]

            def __iter__(self):
                return iter(["a"])

            def __len__(self):
                return 1

        self.assertEqual(httpx.Headers(Mine()).raw, [(b"a", b"1")])

    def test_refused(self):
        with self.assertRaises(TypeError) as caught:
            httpx.Headers({"a": 1})
        self.assertEqual(str(caught.exception), "Header value must be str or bytes, not <class 'int'>")
        with self.assertRaises(TypeError):
            httpx.Headers({"a": None})
        with self.assertRaises(TypeError):
            httpx.Headers(1)
        with self.assertRaises(ValueError):
            httpx.Headers([("a",)])
        with self.assertRaises(ValueError):
            httpx.Headers(["abc"])
        with self.assertRaises(UnicodeEncodeError):
            httpx.Headers({"a": "é"})


class Mapping(unittest.TestCase):
    def setUp(self):
        self.headers = httpx.Headers([("A", "123"), ("a", "456"), ("B", "789")])

    def test_is_a_mapping(self):
        self.assertIsInstance(self.headers, collections.abc.MutableMapping)
        self.assertEqual(dict(self.headers), {"a": "123, 456", "b": "789"})
        self.assertEqual({**self.headers}, {"a": "123, 456", "b": "789"})

    def test_lookup(self):
        self.assertEqual(self.headers["A"], "123, 456")
        self.assertEqual(self.headers["b"], "789")
        self.assertEqual(self.headers.get("B"), "789")
        self.assertIsNone(self.headers.get("c"))
        self.assertEqual(self.headers.get("c", default=1), 1)
        self.assertIn("a", self.headers)
        self.assertNotIn("c", self.headers)
        with self.assertRaises(KeyError):
            self.headers["c"]

    def test_lists(self):
        headers = httpx.Headers([("a", "1, 2"), ("A", "3")])
        self.assertEqual(headers.get_list("a"), ["1, 2", "3"])
        self.assertEqual(headers.get_list("a", split_commas=True), ["1", "2", "3"])
        self.assertEqual(headers.get_list("z"), [])
        self.assertEqual(self.headers.multi_items(), [("a", "123"), ("a", "456"), ("b", "789")])

    def test_views(self):
        self.assertEqual(list(self.headers), ["a", "b"])
        self.assertEqual(list(self.headers.keys()), ["a", "b"])
        self.assertEqual(list(self.headers.values()), ["123, 456", "789"])
        self.assertEqual(list(self.headers.items()), [("a", "123, 456"), ("b", "789")])
        self.assertEqual(len(self.headers), 3)
        self.assertTrue(self.headers)
        self.assertFalse(httpx.Headers())

    def test_changes(self):
        self.headers["a"] = "x"
        self.assertEqual(self.headers.raw, [(b"a", b"x"), (b"B", b"789")])
        self.headers["C-D"] = "y"
        self.assertEqual(self.headers.raw[-1], (b"C-D", b"y"))
        del self.headers["b"]
        self.assertEqual(list(self.headers), ["a", "c-d"])
        with self.assertRaises(KeyError):
            del self.headers["b"]
        self.assertEqual(self.headers.setdefault("a", "z"), "x")
        self.assertEqual(self.headers.setdefault("e", "z"), "z")
        self.assertEqual(self.headers.pop("E"), "z")
        self.assertIsNone(self.headers.pop("E", None))
        with self.assertRaises(KeyError):
            self.headers.pop("E")
        self.assertEqual(self.headers.popitem(), ("a", "x"))
        self.headers.clear()
        self.assertEqual(self.headers.raw, [])

    def test_update(self):
        self.headers.update({"B": "1", "c": "2"})
        self.assertEqual(self.headers.raw, [(b"A", b"123"), (b"a", b"456"), (b"B", b"1"), (b"c", b"2")])
        self.headers.update([("a", "1"), ("a", "2")])
        self.assertEqual(self.headers["a"], "1, 2")
        self.headers.update()
        self.assertEqual(len(self.headers), 4)

    def test_wrong_types(self):
        with self.assertRaises((TypeError, AttributeError)):
            self.headers["a"] = 1
        with self.assertRaises((TypeError, AttributeError)):
            self.headers[1]

    def test_equality(self):
        self.assertEqual(self.headers, [("b", "789"), ("a", "456"), ("A", "123")])
        self.assertEqual(httpx.Headers({"a": "1"}), {"A": "1"})
        self.assertNotEqual(httpx.Headers({"a": "1"}), {"a": "2"})
        self.assertNotEqual(httpx.Headers({"a": "1"}), "a: 1")
        with self.assertRaises(TypeError):
            hash(self.headers)

    def test_copies(self):
        copied = self.headers.copy()
        copied["a"] = "x"
        self.assertEqual(self.headers["a"], "123, 456")
        for other in (pickle.loads(pickle.dumps(self.headers)), copy.copy(self.headers), copy.deepcopy(self.headers)):
            self.assertEqual(other, self.headers)
            self.assertEqual(other.raw, self.headers.raw)

    def test_subclass(self):
        class Mine(httpx.Headers):
            def __init__(self):
                super().__init__({"x": "y"})

        self.assertEqual(Mine()["X"], "y")
        self.assertEqual(repr(Mine()), "Mine({'x': 'y'})")


class Encoding(unittest.TestCase):
    def test_detected(self):
        for value, encoding, text in [
            (b"abc", "ascii", "abc"),
            ("é".encode(), "utf-8", "é"),
            (b"\xe9", "iso-8859-1", "é"),
        ]:
            headers = httpx.Headers([(b"a", value)])
            self.assertEqual(headers.encoding, encoding)
            self.assertEqual(headers["a"], text)
            self.assertEqual(headers.raw, [(b"a", value)])

    def test_given(self):
        headers = httpx.Headers({"a": "é"}, encoding="iso-8859-1")
        self.assertEqual(headers.raw, [(b"a", b"\xe9")])
        headers = httpx.Headers([(b"a", "é".encode())])
        headers.encoding = "iso-8859-1"
        self.assertEqual(headers["a"], "Ã©")
        headers["b"] = "é"
        self.assertEqual(headers.raw[-1], (b"b", b"\xe9"))

    def test_assigned_text_is_utf_8(self):
        headers = httpx.Headers()
        headers["a"] = "é"
        self.assertEqual(headers.raw, [(b"a", "é".encode())])
        self.assertEqual(headers["a"], "é")


class Repr(unittest.TestCase):
    def test_forms(self):
        self.assertEqual(repr(httpx.Headers({"A": "1"})), "Headers({'a': '1'})")
        self.assertEqual(repr(httpx.Headers([("A", "1"), ("a", "2")])), "Headers([('a', '1'), ('a', '2')])")
        self.assertEqual(repr(httpx.Headers([(b"a", "é".encode())])), "Headers({'a': 'é'}, encoding='utf-8')")

    def test_secrets(self):
        headers = httpx.Headers({"Authorization": "s3cret", "Proxy-Authorization": "s3cret", "x": "1"})
        self.assertEqual(
            repr(headers), "Headers({'authorization': '[secure]', 'proxy-authorization': '[secure]', 'x': '1'})"
        )
        self.assertEqual(headers["authorization"], "s3cret")


if __name__ == "__main__":
    unittest.main()
