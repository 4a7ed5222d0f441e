"""JSON in responses is exactly Python's: values, types, exceptions and their positions."""

import enum
import json
import math
import unittest

import httpx

# Each is parsed by `Response.json()` and by `json.loads`, which must agree in everything.
DOCUMENTS = [
    # the plain values
    "null", "true", "false", "0", "1", "-1", "42", '""', '"text"', "[]", "{}", "0.5", "-0.5",
    # white space, and what only looks like it
    " 1", "1 ", "\t\r\n [ 1 , 2 ] \n", "\f1", "\v1", "\u00a01", "1\x00", "\x001", " ",
    # integers at and beyond the machine's sizes
    "255", "256", "2147483647", "-2147483648", "4294967296", "9007199254740993", "-9007199254740993",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "-18446744073709551616", "100000000000000000000",
    "[1, 123456789012345678901234567890]", "-" + "9" * 400, "1" * 4000,
    # zeros with and without a sign
    "-0", "-0.0", "0.0", "0e0", "-0e0", "-0e5", "0E+1", "[-0, -0.0]",
    # floats: precision, size, spelling
    "0.1", "0.30000000000000004", "1e5", "1E5", "1e+5", "1e-5", "1.0", "100.0", "1e22", "1e23", "1e300",
    "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e309", "1e400", "5e-324", "2e-324", "4.9e-324",
    "2.2250738585072011e-308", "123456789.123456789", "9007199254740992.0", "9223372036854775808.0", "1e19", "1e-400",
    "0.1234567890123456789012345678901234567890", "3.141592653589793238462643383279",
    # numbers that are none
    "01", "-01", "+1", "1.", ".5", "-", "--1", "1e", "1e+", "1.e5", "0x10", "1_000", "1,000", "١", "-a", "1a", "1.5.5",
    # what JSON lacks and Python has
    "NaN", "Infinity", "-Infinity", "[NaN]", '{"a": Infinity}', "nan", "inf", "-NaN", "None", "True", "'a'",
    # literals cut short or too long
    "n", "nul", "nulll", "tru", "truee", "fals", "NULL", "null null", "true false",
    # strings and their escapes
    r'"\" \\ \/ \b \f \n \r \t"', r'"\u0041"', r'"\u00e9"', r'"\u20ac"', r'"\u0000"', r'"\uD83D\uDE00"', r'"\ud83d\ude00x"',
    '"é"', '"€"', '"😀"', '"\u2028\u2029"', '"\x7f"', '"\ufeff"', '"\ufffd"',
    r'"\u00E9\u00e9"', '"' + "x" * 300 + '"', '"' + "é" * 300 + '"',
    # half pairs, which Python keeps
    r'"\ud800"', r'"\udc00"', r'"\ud800x"', r'"\ud800\ud800"', r'"\udc00\ud800"', r'{"\ud800": 1}', r'"\ud800\u0041"', r'"\ud800\n"',
    # strings that are none
    '"', '"abc', '"\\', '"\\"', '"\\x"', '"\\u"', '"\\u12"', '"\\u12G4"', '"\\u+123"', '"a\nb"', '"a\tb"', '"\x00"', '"\x1f"', '"a""b"',
    # arrays
    "[1]", "[1,2]", "[1, [2, [3, []]]]", "[null, true, 0.5, \"x\", {}]", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "[1]]", "[}",
    # objects
    '{"a": 1}', '{"a": 1, "b": 2}', '{"b": 1, "a": 2}', '{"a": {"a": {"a": 1}}}', '{"": 0}', '{"a b": 1}', '{"é": "ü"}',
    '{"a": 1, "a": 2}', '{"a": 1, "b": 2, "a": 3}', '{"a": [1, 2], "b": {"c": null}}', r'{"\u0061": 1, "a": 2}',
    '{"__class__": 1, "constructor": 2}', '[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"name": "c", "id": 3}]',
    "{", "}", '{"a"', '{"a":', '{"a": 1', '{"a": 1,', '{"a": 1,}', "{,}", '{"a" 1}', "{1: 2}", "{a: 1}", "{'a': 1}", '{"a": 1 "b": 2}',
    '{null: 1}', '{"a": }', '{"a": 1}}', '{"a": 1]',
    # things people put into JSON
    "// comment\n1", "/* comment */ 1", "# comment", "<html></html>", "{} trailing", "[1] 2", "1 2", "undefined", "\\u0031",
    # depth: shallow, where native parsing hands over, and deeper
    "[" * 100 + "]" * 100, "[" * 127 + "]" * 127, "[" * 128 + "]" * 128, "[" * 129 + "]" * 129, "[" * 400 + "]" * 400,
    '{"a":' * 130 + "1" + "}" * 130, "[" * 200, '{"a":' * 200,
    # width
    "[" + ",".join(str(number) for number in range(2000)) + "]",
    "{" + ",".join(f'"key {number}": {number}' for number in range(2000)) + "}",
    "[" + ",".join('{"same": 1, "keys": 2}' for _ in range(500)) + "]",
]

# The same, for what a str cannot say or an encoding other than UTF-8.
BYTES = [
    b"",
    b" ",
    b"\xef\xbb\xbf",
    b'\xef\xbb\xbf{"bom": 1}',
    b"\xff\xfe",
    b"\xff",
    b'"\xff"',
    b'"\xc3"',
    b'"\xc3\xa9"',
    b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\xc0\x80"',
    b'{"\xff": 1}',
    b"\xe9",
    '{"a": "é"}'.encode("latin-1"),
    *('{"a": ["é", "😀", 1.5]}'.encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")),
    *("1".encode(encoding) for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")),
    "12".encode("utf-16-le"),
]


def outcome(parse):
    """What parsing came to, in a form in which differing types and positions differ."""
    try:
        return typed(parse())
    except json.JSONDecodeError as error:
        return "JSONDecodeError", error.msg, error.pos, error.lineno, error.colno, str(error)
    except (ValueError, RecursionError) as error:
        return type(error).__name__, str(error)


def typed(value):
    if isinstance(value, dict):
        return "dict", [(typed(key), typed(item)) for key, item in value.items()]
    if isinstance(value, list):
        return "list", [typed(item) for item in value]
    if isinstance(value, float):
        return "float", value.hex()
    return type(value).__name__, value


class LoadsTest(unittest.TestCase):
    def test_documents_mean_what_they_mean_to_python(self):
        for document in [*(document.encode("utf-8") for document in DOCUMENTS), *BYTES]:
            with self.subTest(document=document[:60]):
                response = httpx.Response(200, content=document)
                self.assertEqual(outcome(response.json), outcome(lambda: json.loads(document)))

    def test_an_empty_body_is_not_json(self):
        with self.assertRaises(json.JSONDecodeError) as caught:
            httpx.Response(204).json()
        self.assertEqual(str(caught.exception), "Expecting value: line 1 column 1 (char 0)")

    def test_very_deep_documents_do_not_harm(self):
        for document in (b"[" * 200_000, b'{"a":' * 200_000):
            with self.assertRaises((RecursionError, ValueError)):
                httpx.Response(200, content=document).json()

    def test_keywords_go_to_the_standard_library(self):
        response = httpx.Response(200, content=b'{"a": 1.10, "b": [2]}')
        self.assertEqual(response.json(parse_float=str), {"a": "1.10", "b": [2]})
        self.assertEqual(response.json(object_pairs_hook=list), [("a", 1.1), ("b", [2])])
        self.assertEqual(response.json(parse_int=lambda digits: digits * 2), {"a": 1.1, "b": ["22"]})
        with self.assertRaises(TypeError):
            response.json(no_such_keyword=True)

    def test_every_call_gives_new_objects(self):
        response = httpx.Response(200, content=b'{"a": []}')
        first = response.json()
        first["a"].append(1)
        self.assertEqual(response.json(), {"a": []})

    def test_keys_that_share_a_cache_slot_stay_apart(self):
        expected = [{f"k{number}": number, f"k{number + 1}": -number} for number in range(5000)]
        self.assertEqual(httpx.Response(200, content=json.dumps(expected).encode()).json(), expected)

    def test_the_values_are_the_builtin_types(self):
        value = httpx.Response(200, content=b'{"a": [1, 1.5, "x", true, null]}').json()
        self.assertIs(type(value), dict)
        self.assertEqual([type(item) for item in value["a"]], [int, float, str, bool, type(None)])
        self.assertIs(value["a"][3], True)


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


class Mapping(dict):
    pass


def circular():
    items = []
    items.append(items)
    return items


def circular_dict():
    members = {}
    members["again"] = [members]
    return members


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


VALUES = [
    True, False, 0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**30, -(10**100),
    0.0, -0.0, 0.1, 1.0, 1e5, 1e16, 1e17, 1e22, 1e-5, 1e-4, 123456789.123, 5e-324, 1.7976931348623157e308, 1 / 3,
    "", "text", "é€😀", 'a"b', "back\\slash", "/", "\b\f\n\r\t", "\x00\x01\x1f\x7f\x80", "\u2028\u2029\ufeff",
    [], [1], [1, [2, [3]]], (), (1, 2), [None, True, 1.5, "x"], {}, {"a": 1}, {"b": [1], "a": {"c": None}}, {"": ""}, {"é\n": "ü"},
    {1: "int", True: "bool", None: "none", 1.5: "float"}, {Level.HIGH: 1}, Level.HIGH, [Level.HIGH], Text("sub"), {Text("key"): 1},
    Mapping(a=1), nested(50), nested(127), nested(128), nested(129), nested(300), [[]] * 3, list(range(1000)),
    # and what raises
    math.nan, math.inf, [-math.inf], {"a": math.nan}, object, b"bytes", {1, 2}, 1j, [object], {(1, 2): 3}, {b"a": 1},
    circular(), circular_dict(), "\ud800", ["a", "\udfff"], {"\ud800": 1},
]  # fmt: skip


def dumped(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


class DumpsTest(unittest.TestCase):
    def test_values_are_written_as_python_writes_them(self):
        for value in VALUES:
            with self.subTest(kind=type(value).__name__):
                try:
                    expected = dumped(value)
                except (TypeError, ValueError, RecursionError) as error:
                    with self.assertRaises(type(error)) as caught:
                        httpx.Response(200, json=value)
                    self.assertEqual(str(caught.exception), str(error))
                else:
                    self.assertEqual(httpx.Response(200, json=value).content, expected)

    def test_what_is_written_reads_back(self):
        value = {"a": [1, 2.5, "é\"\\\n", None, True, {"b": []}]}
        response = httpx.Response(200, json=value)
        self.assertEqual(response.json(), value)
        self.assertEqual(response.headers["content-type"], "application/json")
        self.assertEqual(response.headers["content-length"], str(len(dumped(value))))

    def test_very_deep_values_do_not_harm(self):
        try:
            httpx.Response(200, json=nested(100_000))
        except RecursionError:
            pass


if __name__ == "__main__":
    unittest.main()
