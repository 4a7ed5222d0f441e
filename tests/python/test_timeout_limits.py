"""`httpx.Timeout`, `httpx.Limits` and `httpx.codes`."""

import copy
import enum
import pickle
import sys
import unittest

import httpx

ON_TAURARO = "Tauraro" in sys.version


class Timeout(unittest.TestCase):
    def test_forms(self):
        for timeout, expected in [
            (httpx.Timeout(5), (5, 5, 5, 5)),
            (httpx.Timeout(timeout=5.0), (5.0, 5.0, 5.0, 5.0)),
            (httpx.Timeout(None), (None, None, None, None)),
            (httpx.Timeout(None, connect=1), (1, None, None, None)),
            (httpx.Timeout(5, connect=1, pool=None), (1, 5, 5, None)),
            (httpx.Timeout(connect=1, read=2, write=3, pool=4), (1, 2, 3, 4)),
            (httpx.Timeout((1, 2)), (1, 2, None, None)),
            (httpx.Timeout((1, 2, 3, 4)), (1, 2, 3, 4)),
            (httpx.Timeout(httpx.Timeout(5, read=1.5)), (5, 1.5, 5, 5)),
        ]:
            with self.subTest(timeout):
                self.assertEqual((timeout.connect, timeout.read, timeout.write, timeout.pool), expected)
                self.assertEqual(
                    timeout.as_dict(), dict(zip(("connect", "read", "write", "pool"), expected))
                )

    def test_incomplete(self):
        for phases in ({}, {"connect": 1}, {"connect": 1, "read": 1, "write": 1}):
            with self.assertRaises(ValueError) as caught:
                httpx.Timeout(**phases)
            self.assertEqual(
                str(caught.exception),
                "httpx.Timeout must either include a default, or set all four parameters explicitly.",
            )
        with self.assertRaises(AssertionError):
            httpx.Timeout(httpx.Timeout(5), connect=1)

    def test_repr_and_equality(self):
        self.assertEqual(repr(httpx.Timeout(5)), "Timeout(timeout=5)")
        self.assertEqual(repr(httpx.Timeout(5.0)), "Timeout(timeout=5.0)")
        self.assertEqual(repr(httpx.Timeout(None)), "Timeout(timeout=None)")
        self.assertEqual(
            repr(httpx.Timeout(None, read=5.0)), "Timeout(connect=None, read=5.0, write=None, pool=None)"
        )
        self.assertEqual(httpx.Timeout(5), httpx.Timeout(5.0))
        self.assertNotEqual(httpx.Timeout(5), httpx.Timeout(None))
        self.assertNotEqual(httpx.Timeout(5), 5)

    def test_attributes(self):
        timeout = httpx.Timeout(5)
        timeout.read = None
        self.assertIsNone(timeout.read)
        timeout.note = "kept"
        for other in (pickle.loads(pickle.dumps(timeout)), copy.copy(timeout), copy.deepcopy(timeout)):
            self.assertEqual((other, other.note), (timeout, "kept"))

    @unittest.skipUnless(ON_TAURARO, "httpx takes anything")
    def test_absurd_values(self):
        for value in (-1, -0.5, float("nan"), float("inf"), 10**30, 1e30):
            with self.subTest(value), self.assertRaises(ValueError):
                httpx.Timeout(value)
        for value in ("5", b"5", [1], object()):
            with self.subTest(value), self.assertRaises(TypeError):
                httpx.Timeout(value)
        for value in ((1,), (1, 2, 3, 4, 5), {"connect": 1, "nonsense": 2}):
            with self.subTest(value), self.assertRaises(ValueError):
                httpx.Timeout(value)
        with self.assertRaises(ValueError) as caught:
            httpx.Timeout(5).read = -7
        self.assertIn("-7", str(caught.exception))

    @unittest.skipUnless(ON_TAURARO, "an addition of Tauraro")
    def test_dict(self):
        self.assertEqual(
            httpx.Timeout({"connect": 3.0, "read": 10.0}).as_dict(),
            {"connect": 3.0, "read": 10.0, "write": 5.0, "pool": 5.0},
        )
        self.assertIsNone(httpx.Timeout({"pool": None}).pool)


class Limits(unittest.TestCase):
    def test_defaults(self):
        limits = httpx.Limits()
        self.assertEqual(
            (limits.max_connections, limits.max_keepalive_connections, limits.keepalive_expiry), (None, None, 5.0)
        )
        self.assertEqual(
            repr(limits), "Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=5.0)"
        )

    def test_given(self):
        limits = httpx.Limits(max_connections=10, max_keepalive_connections=5, keepalive_expiry=None)
        self.assertEqual(
            repr(limits), "Limits(max_connections=10, max_keepalive_connections=5, keepalive_expiry=None)"
        )
        limits.max_connections = 20
        self.assertEqual(limits.max_connections, 20)
        with self.assertRaises(TypeError):
            httpx.Limits(10)

    def test_protocols(self):
        limits = httpx.Limits(max_connections=100)
        self.assertEqual(limits, httpx.Limits(max_connections=100))
        self.assertNotEqual(limits, httpx.Limits())
        self.assertNotEqual(limits, 100)
        for other in (pickle.loads(pickle.dumps(limits)), copy.deepcopy(limits)):
            self.assertEqual(other, limits)

    @unittest.skipUnless(ON_TAURARO, "httpx takes anything")
    def test_absurd_values(self):
        for arguments in ({"max_connections": -1}, {"keepalive_expiry": -1.0}, {"max_connections": 1 << 70}):
            with self.subTest(arguments), self.assertRaises(ValueError):
                httpx.Limits(**arguments)
        for arguments in ({"max_connections": "1"}, {"max_keepalive_connections": 1.5}, {"keepalive_expiry": "x"}):
            with self.subTest(arguments), self.assertRaises(TypeError):
                httpx.Limits(**arguments)


class Codes(unittest.TestCase):
    def test_members(self):
        self.assertTrue(issubclass(httpx.codes, enum.IntEnum))
        self.assertEqual(httpx.codes.NOT_FOUND, 404)
        self.assertEqual(httpx.codes(404).phrase, "Not Found")
        self.assertIs(httpx.codes["NOT_FOUND"], httpx.codes.NOT_FOUND)
        self.assertEqual(str(httpx.codes.NOT_FOUND), "404")
        self.assertEqual(f"{httpx.codes.OK}", "200")
        self.assertEqual((httpx.codes.not_found, type(httpx.codes.not_found)), (404, int))
        self.assertEqual(len(list(httpx.codes)), 62)
        self.assertIs(httpx.codes, httpx.codes)
        self.assertIs(pickle.loads(pickle.dumps(httpx.codes.OK)), httpx.codes.OK)

    def test_classes(self):
        self.assertEqual(httpx.codes.get_reason_phrase(418), "I'm a teapot")
        self.assertEqual(httpx.codes.get_reason_phrase(299), "")
        for code, name in [
            (100, "is_informational"),
            (204, "is_success"),
            (308, "is_redirect"),
            (404, "is_client_error"),
            (503, "is_server_error"),
        ]:
            for other in ("is_informational", "is_success", "is_redirect", "is_client_error", "is_server_error"):
                self.assertIs(getattr(httpx.codes, other)(code), other == name)
            self.assertIs(httpx.codes.is_error(code), code >= 400)


if __name__ == "__main__":
    unittest.main()
