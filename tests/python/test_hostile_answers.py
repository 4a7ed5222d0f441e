"""Servers that answer badly: each answer has its exception or a harmless reading, and does the client no harm."""

import contextlib
import gzip
import itertools
import os
import unittest
import zlib

import httpx
from hostile import GOOD, ON_TAURARO, PATIENCE, Both, RawServer, reset

HTTP = os.environ["TAURARO_TEST_HTTP"]

BROKEN = httpx.RemoteProtocolError
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def ok(*fields, body=b"", status=b"200 OK"):
    """A response; a `Content-Length` is up to the fields. That the server hangs up, it says, so that the next
    request does not cross with that."""
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"Connection: close"]) + b"\r\n\r\n" + body


def sized(body, *fields):
    return ok(b"Content-Length: %d" % len(body), *fields, body=body)


def chunked(body, *fields):
    return ok(b"Transfer-Encoding: chunked", *fields, body=body)


def redirect(location, status=b"302 Found"):
    return ok(b"Content-Length: 0", b"Location: " + location, status=status)


def endless(first, piece, pause=0):
    """Sends `first`, and then `piece` again and again until the client hangs up."""

    def answer(connection):
        connection.sendall(first)
        connection.settimeout(pause or None)
        while True:
            connection.sendall(piece)
            if pause:
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(65536):
                        return

    return answer


def bytewise(data, pause):
    """Sends one byte after the other."""

    def answer(connection):
        connection.settimeout(pause)
        for byte in data:
            connection.sendall(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                connection.recv(65536)

    return answer


def silent_after(data):
    """Sends some data, then nothing until the client hangs up."""

    def answer(connection):
        connection.sendall(data)
        connection.recv(65536)

    return answer


def reset_after(data):
    """Sends some data, and resets the connection once the client has surely read it."""

    def answer(connection):
        connection.sendall(data)
        connection.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            connection.recv(65536)
        reset(connection)

    return answer


def text(expected):
    """The response is good, and this its content."""
    return lambda response: response.status_code == 200 and response.content == expected


def status(expected):
    return lambda response: (response.status_code, response.content) == (expected, b"")


# What the server answers; the exception, or what holds of the response; a part of the message.
FRAMING = {
    "negative length": (ok(b"Content-Length: -1", body=b"x"), BROKEN, ""),
    "length with a sign": (ok(b"Content-Length: +1", body=b"x"), BROKEN, ""),
    "hexadecimal length": (ok(b"Content-Length: 0x1", body=b"x"), BROKEN, ""),
    "length with a space": (ok(b"Content-Length: 1 1", body=b"x" * 11), BROKEN, ""),
    "fractional length": (ok(b"Content-Length: 1.0", body=b"x"), BROKEN, ""),
    "empty length": (ok(b"Content-Length: ", body=b"x"), BROKEN, ""),
    "other digits as length": (ok("Content-Length: \u0661".encode(), body=b"x"), BROKEN, ""),
    "length beyond 64 bits": (ok(b"Content-Length: 18446744073709551616", body=b"x"), BROKEN, ""),
    "length of 26 digits": (ok(b"Content-Length: " + b"9" * 26, body=b"x"), BROKEN, ""),
    "length of 63 bits": (ok(b"Content-Length: 9223372036854775807", body=b"x"), BROKEN, "received 1 bytes, expected 9223372036854775807"),
    "largest length": (ok(b"Content-Length: 18446744073709551613", body=b"x"), BROKEN, ""),
    "two lengths": (ok(b"Content-Length: 1", b"Content-Length: 2", body=b"xy"), BROKEN, ""),
    "two lengths in a list": (ok(b"Content-Length: 1, 2", body=b"xy"), BROKEN, ""),
    "the same length twice": (ok(b"Content-Length: 2", b"Content-Length: 2", body=b"xy"), text(b"xy"), ""),
    "more than its length": (sized(b"xy") + b"surplus", text(b"xy"), ""),
    "less than its length": (ok(b"Content-Length: 5", body=b"xy"), BROKEN, "received 2 bytes, expected 5"),
    "a second response": (GOOD + EVIL, text(b"good"), ""),
    "length and chunks": (chunked(b"2\r\nxy\r\n0\r\n\r\n", b"Content-Length: 1"), text(b"xy"), ""),
    "chunks and a second response": (chunked(b"2\r\nxy\r\n0\r\n\r\n") + EVIL, text(b"xy"), ""),
    "chunked in other cases": (ok(b"tRaNsFeR-eNcOdInG: ChUnKeD", body=b"2\r\nxy\r\n0\r\n\r\n"), text(b"xy"), ""),
    "chunked by HTTP/1.0": (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n", (BROKEN, text(b"xy")), ""),
    "chunk size missing": (chunked(b"\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk size negative": (chunked(b"-2\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk size with a sign": (chunked(b"+2\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk size with a prefix": (chunked(b"0x2\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk size not hexadecimal": (chunked(b"zz\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk size beyond 64 bits": (chunked(b"10000000000000002\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk size of 64 bits": (chunked(b"ffffffffffffffff\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk size of 1 MB of zeros": (chunked(b"0" * 1_000_000 + b"2\r\nxy\r\n0\r\n\r\n"), (BROKEN, text(b"xy")), ""),
    "chunk longer than its size": (chunked(b"1\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "chunk without its end": (chunked(b"2\r\nxy0\r\n\r\n"), BROKEN, ""),
    "last chunk missing": (chunked(b"2\r\nxy\r\n"), BROKEN, "incomplete chunked read"),
    "end of chunks missing": (chunked(b"2\r\nxy\r\n0\r\n"), BROKEN, "incomplete chunked read"),
    "end within a chunk size": (chunked(b"2\r\nxy\r\n1"), BROKEN, "incomplete chunked read"),
    "end within a chunk": (chunked(b"5\r\nxy"), BROKEN, "incomplete chunked read"),
    "huge chunk extension": (chunked(b"2;" + b"x" * 1_000_000 + b"\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "line feed in a chunk extension": (chunked(b"2;a\nb\r\nxy\r\n0\r\n\r\n"), BROKEN, ""),
    "trailers": (chunked(b"2\r\nxy\r\n0\r\nA: b\r\n\r\n"), text(b"xy"), ""),
    "huge trailer": (chunked(b"2\r\nxy\r\n0\r\nA: " + b"b" * 1_000_000 + b"\r\n\r\n"), BROKEN, ""),
    "10,000 trailers": (chunked(b"2\r\nxy\r\n0\r\n" + b"A: b\r\n" * 10_000 + b"\r\n"), BROKEN, ""),
    "endless trailers": (endless(chunked(b"2\r\nxy\r\n0\r\n"), b"A: b\r\n"), BROKEN, ""),
}

HEADS = {
    "nothing": (b"", BROKEN, "disconnected"),
    "part of a status line": (b"HTTP/1.1 2", BROKEN, ""),
    "part of a head": (b"HTTP/1.1 200 OK\r\nContent-Le", BROKEN, ""),
    "HTTP/0.9": (b"<html>hello</html>\r\n", BROKEN, ""),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", BROKEN, ""),
    "binary": (bytes(range(256)) * 4, BROKEN, ""),
    "version 2 in text": (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", BROKEN, ""),
    "version in lower case": (b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", BROKEN, ""),
    "status of two digits": (ok(b"Content-Length: 0", status=b"20 OK"), BROKEN, ""),
    "status of four digits": (ok(b"Content-Length: 0", status=b"2000 OK"), BROKEN, ""),
    "status zero": (ok(b"Content-Length: 0", status=b"000 Zero"), BROKEN, ""),
    "status that is no number": (ok(b"Content-Length: 0", status=b"abc OK"), BROKEN, ""),
    "negative status": (ok(b"Content-Length: 0", status=b"-200 OK"), BROKEN, ""),
    "NUL in the reason": (ok(b"Content-Length: 0", status=b"200 O\0K"), BROKEN, ""),
    "huge reason": (ok(b"Content-Length: 0", status=b"200 " + b"x" * 1_000_000), BROKEN, ""),
    "an odd status": (ok(b"Content-Length: 0", status=b"299 Odd One"), lambda r: (r.status_code, r.reason_phrase) == (299, "Odd One"), ""),
    "the largest status": (ok(b"Content-Length: 0", status=b"999 Odd One"), status(999), ""),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", text(b"until the end"), ""),
    "no reason": (ok(b"Content-Length: 0", status=b"200"), status(200), ""),
    "line feeds only": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nxy", text(b"xy"), ""),
    "field without a colon": (ok(b"Content-Length: 0", b"nonsense"), BROKEN, ""),
    "field without a name": (ok(b"Content-Length: 0", b": x"), BROKEN, ""),
    "space in a name": (ok(b"Content-Length: 0", b"A B: c"), BROKEN, ""),
    "space before the colon": (ok(b"Content-Length : 0"), BROKEN, ""),
    "NUL in a name": (ok(b"Content-Length: 0", b"A\0: c"), BROKEN, ""),
    "NUL in a value": (ok(b"Content-Length: 0", b"A: b\0c"), BROKEN, ""),
    "carriage return in a value": (ok(b"Content-Length: 0", b"A: b\rc"), BROKEN, ""),
    "a name that is not ASCII": (ok(b"Content-Length: 0", "\u00e4: c".encode()), BROKEN, ""),
    "folded field": (sized(b"xy", b"A: b", b" c"), lambda response: response.headers["A"] == "b c", ""),
    "folded length": (ok(b"A: b", b" Content-Length: 0", body=b"xy"), text(b"xy"), ""),
    "folded first line": (ok(b" Content-Length: 0"), BROKEN, ""),
    "150 fields": (sized(b"xy", *(b"A%d: b" % number for number in range(150))), lambda r: r.headers["A149"] == "b", ""),
    "100,000 fields": (ok(*(b"A%d: b" % number for number in range(100_000))), BROKEN, ""),
    "field of 4 MB": (ok(b"A: " + b"b" * 4_000_000), BROKEN, ""),
    "endless field": (endless(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 65536), BROKEN, ""),
    "endless fields": (endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 1000), BROKEN, ""),
    "1,000 times 100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + GOOD, text(b"good"), ""),
    "only 100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n", BROKEN, ""),
    "early hints": (b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + GOOD, text(b"good"), ""),
    "unasked upgrade": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nEVIL", (BROKEN, status(101)), ""),
}

BODIES = {
    "content of 204": (ok(status=b"204 No Content") + EVIL, status(204), ""),
    "length of 204": (ok(b"Content-Length: 4", body=b"evil", status=b"204 No Content"), status(204), ""),
    "chunks of 304": (chunked(b"4\r\nevil\r\n0\r\n\r\n").replace(b"200 OK", b"304 Not Modified"), status(304), ""),
    "length of 304": (ok(b"Content-Length: 4", status=b"304 Not Modified") + EVIL, status(304), ""),
    "junk as gzip": (sized(b"junk", b"Content-Encoding: gzip"), httpx.DecodingError, "gzip"),
    "junk as deflate": (sized(b"\xff" * 9, b"Content-Encoding: deflate"), httpx.DecodingError, "deflate"),
    "junk as br": (sized(b"junk", b"Content-Encoding: br"), httpx.DecodingError, "br"),
    "junk as zstd": (sized(b"junk", b"Content-Encoding: zstd"), httpx.DecodingError, "zstd"),
    "unknown coding": (sized(b"junk", b"Content-Encoding: rot13"), text(b"junk"), ""),
    "nothing as gzip": (ok(b"Content-Encoding: gzip", b"Content-Length: 0"), text(b""), ""),
    "gzip twice": (sized(gzip.compress(gzip.compress(b"xy")), b"Content-Encoding: gzip, gzip"), text(b"xy"), ""),
    "gzip said twice": (sized(gzip.compress(b"xy"), b"Content-Encoding: gzip, gzip"), httpx.DecodingError, "gzip"),
    "eleven codings": (sized(b"x", b"Content-Encoding: " + b"gzip," * 11), httpx.DecodingError, "more than 10 content codings"),
    "gzip with surplus": (sized(gzip.compress(b"xy") + b"surplus", b"Content-Encoding: gzip"), text(b"xy"), ""),
    "gzip with a bad checksum": (sized(gzip.compress(b"xy")[:-8] + b"12345678", b"Content-Encoding: gzip"), httpx.DecodingError, "gzip"),
    "gzip cut off": (sized(gzip.compress(b"xy" * 5000)[:-9], b"Content-Encoding: gzip"), httpx.DecodingError, "ends in the middle of its gzip data"),
    "deflate of another window": (sized(b"\x08\x1d" + zlib.compress(b"x")[2:], b"Content-Encoding: deflate"), (httpx.DecodingError, text(b"x")), ""),
    "gzip bomb": (sized(gzip.compress(bytes(5_000_000)), b"Content-Encoding: gzip"), httpx.DecodingError, "more than the limit of 1000000 bytes"),
    "deflate bomb": (sized(zlib.compress(bytes(5_000_000)), b"Content-Encoding: deflate"), httpx.DecodingError, "1000000"),
    "gzip bomb in chunks": (chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(gzip.compress(bytes(5_000_000))), gzip.compress(bytes(5_000_000))), b"Content-Encoding: gzip"), httpx.DecodingError, "1000000"),
    "bomb in a bomb": (sized(gzip.compress(gzip.compress(bytes(50_000_000))), b"Content-Encoding: gzip, gzip"), httpx.DecodingError, "1000000"),
    "reset before the head": (reset_after(b""), httpx.ReadError, "reset"),
    "reset within the head": (reset_after(b"HTTP/1.1 200 OK\r\nContent-"), httpx.ReadError, "reset"),
    "reset before the body": (reset_after(ok(b"Content-Length: 5")), httpx.ReadError, "reset"),
    "reset within the body": (reset_after(ok(b"Content-Length: 5", body=b"xy")), httpx.ReadError, "reset"),
    "reset within a chunk": (reset_after(chunked(b"5\r\nxy")), httpx.ReadError, "reset"),
    "reset between chunks": (reset_after(chunked(b"2\r\nxy\r\n")), httpx.ReadError, "reset"),
    "reset at the end of an unsized body": (reset_after(b"HTTP/1.0 200 OK\r\n\r\nxy"), httpx.ReadError, "reset"),
    "1 MB cookie": (sized(b"xy", b"Set-Cookie: a=" + b"b" * 1_000_000), BROKEN, ""),
    "10,000 cookies": (sized(b"xy", *(b"Set-Cookie: a%d=b" % number for number in range(10_000))), BROKEN, ""),
    "cookies for others": (sized(b"xy", b"Set-Cookie: a=b; Domain=example.org", b"Set-Cookie: a=b; Domain=org", b"Set-Cookie: a=b; Domain=."), text(b"xy"), ""),
    "cookies that are none": (sized(b"xy", b"Set-Cookie: ", b"Set-Cookie: =", b"Set-Cookie: ;;;=;", b"Set-Cookie: a=b; Max-Age=0; Expires=\xff"), text(b"xy"), ""),
}

REDIRECTS = {
    "loop": (redirect(b"/loop"), httpx.TooManyRedirects, "Exceeded maximum allowed redirects"),
    "to ftp": (redirect(b"ftp://example.org/"), httpx.UnsupportedProtocol, "ftp://"),
    "to a file": (redirect(b"file:///etc/passwd"), (httpx.UnsupportedProtocol, BROKEN), ""),
    "to a script": (redirect(b"javascript:alert(1)"), (httpx.UnsupportedProtocol, BROKEN), ""),
    "to data": (redirect(b"data:,x"), (httpx.UnsupportedProtocol, BROKEN), ""),
    "to a bad address": (redirect(b"http://[::1/"), BROKEN, "Invalid URL in location header"),
    "to a bad port": (redirect(b"http://x:port/"), BROKEN, "Invalid URL in location header"),
    "to port 99999": (redirect(b"http://127.0.0.1:99999/"), (BROKEN, httpx.ConnectError), ""),
    "to a control character": (redirect(b"/\x01"), BROKEN, ""),
    "to 70 KB": (redirect(b"/" + b"x" * 70_000), BROKEN, "too long"),
    "to bad UTF-8": (redirect(b"/\xff\xfe"), text(b"good"), ""),
    "to an injection": (redirect(b"/%0d%0aX:%20y"), text(b"good"), ""),
    "to nowhere": (redirect(b""), (httpx.TooManyRedirects, httpx.HTTPError), ""),
    "to two places": (ok(b"Location: /a", b"Location: /b", b"Content-Length: 0", status=b"302 Found"), text(b"good"), ""),
    "to where nobody listens": (redirect(b"http://127.0.0.1:1/"), httpx.ConnectError, ""),
    "with a broken body": (ok(b"Location: /a", b"Content-Length: 9", body=b"x", status=b"302 Found"), BROKEN, "received 1 bytes, expected 9"),
}

TIMEOUTS = {
    "silence": (silent_after(b""), httpx.ReadTimeout, ""),
    "silence within the head": (silent_after(b"HTTP/1.1 200 OK\r\nA:"), httpx.ReadTimeout, ""),
    "silence within the body": (silent_after(ok(b"Content-Length: 5", body=b"xy")), httpx.ReadTimeout, ""),
    "silence within a chunk": (silent_after(chunked(b"5\r\nxy")), httpx.ReadTimeout, ""),
    "endless 100 Continue": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01), httpx.ReadTimeout, ""),
    "endless head, slowly": (endless(b"HTTP/1.1 200 OK\r\nA: ", b"b", pause=0.05), httpx.ReadTimeout, ""),
}

# What a proxy says to whoever wants a tunnel; its scheme.
PROXIES = {
    "nothing": ("http", b"", BROKEN, "disconnected"),
    "garbage": ("http", b"\xff\xfe\r\n\r\n", BROKEN, ""),
    "wants authentication": ("http", b"HTTP/1.1 407 Who are you\r\n\r\n", httpx.ProxyError, "407 Who are you"),
    "redirects": ("http", redirect(b"http://127.0.0.1:1/"), httpx.ProxyError, "302 Found"),
    "part of a head": ("http", b"HTTP/1.1 200 O", BROKEN, ""),
    "endless head": ("http", endless(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 65536), BROKEN, ""),
    "tunnel to nowhere": ("http", b"HTTP/1.1 200 OK\r\n\r\n", httpx.ConnectError, ""),
    "tunnel to no TLS": ("http", b"HTTP/1.1 200 OK\r\n\r\nnonsense", httpx.ConnectError, ""),
    "tunnel and content": ("http", sized(b"nonsense"), httpx.ConnectError, ""),
    "silence of SOCKS": ("socks5", b"", httpx.ProxyError, "closed"),
    "another SOCKS": ("socks5", b"\x04\x00", httpx.ProxyError, "does not speak SOCKS5"),
    "no method": ("socks5", b"\x05\xff", httpx.ProxyError, "NO ACCEPTABLE METHODS"),
    "unknown method": ("socks5", b"\x05\x77", httpx.ProxyError, "UNKNOWN"),
    "half a greeting": ("socks5", b"\x05", httpx.ProxyError, "closed"),
    "HTTP for SOCKS": ("socks5", GOOD, httpx.ProxyError, "does not speak SOCKS5"),
}


class Proxy(RawServer):
    """Says the same to everyone."""

    def __init__(self, answer):
        super().__init__()
        self.said = answer

    def read_head(self, connection):
        received = connection.recv(65536)
        return received and b"CONNECT * " + received

    def find_answer(self, head):
        return self.said


@unittest.skipUnless(ON_TAURARO, "PyPI's httpx hangs here and there")
class AnswerTest(Both):
    def run_cases(self, cases, method="GET", follow=False, **options):
        """Sends a request for each case, then one that is answered well."""
        answers = {f"/{name.replace(' ', '-')}": answer for name, (answer, _, _) in cases.items()}
        with self.nothing_left(), RawServer(answers) as server:
            self.make(follow_redirects=follow, **options)
            for kind, name in itertools.product(self.clients, cases):
                client = self.clients[kind]
                with self.subTest(kind=kind, case=name):
                    self.check(kind, f"{server.url}/{name.replace(' ', '-')}", method, *cases[name][1:])
                    good = self.call(kind, client.get, f"{server.url}/good")
                    self.assertEqual((good.status_code, good.content), (200, b"good"), "the client is spoilt")
                    self.assertEqual(dict(client.cookies), {})
            self.close()
            server.wait_until(lambda server: server.open == 0, "connections are left")

    def check(self, kind, url, method, expected, message):
        expected = expected if isinstance(expected, tuple) else (expected,)
        errors = tuple(entry for entry in expected if isinstance(entry, type))
        checks = [entry for entry in expected if not isinstance(entry, type)]
        try:
            response = self.call(kind, self.clients[kind].request, method, url)
        except errors as error:
            self.assertIn(message, str(error))
            self.assertIsInstance(error.request, httpx.Request)
        else:
            self.assertTrue(any(check(response) for check in checks), f"{response!r}: {response.content[:80]!r}")

    def test_framing(self):
        self.run_cases(FRAMING)

    def test_heads(self):
        self.run_cases(HEADS)

    def test_bodies(self):
        self.run_cases(BODIES, max_decoded_size=1_000_000)

    def test_redirects(self):
        self.run_cases(REDIRECTS, follow=True)

    def test_timeouts(self):
        self.run_cases(TIMEOUTS, timeout=httpx.Timeout(PATIENCE, read=0.3))

    def test_answers_to_head(self):
        self.run_cases(
            {
                "a body": (sized(b"evil"), status(200), ""),
                "chunks": (chunked(b"4\r\nevil\r\n0\r\n\r\n"), status(200), ""),
                "two responses": (ok(b"Content-Length: 4") + EVIL, status(200), ""),
                "an absurd length": (ok(b"Content-Length: -1"), (BROKEN, status(200)), ""),
            },
            method="HEAD",
        )

    @unittest.skipUnless(ON_TAURARO, "other messages, and SOCKS not installed")
    def test_proxies(self):
        with self.nothing_left():
            for name, (scheme, answer, expected, message) in PROXIES.items():
                with Proxy(answer) as proxy:
                    self.make(proxy=f"{scheme}://user:hunter2@127.0.0.1:{proxy.port}")
                    for kind, client in self.clients.items():
                        with self.subTest(kind=kind, case=name):
                            with self.assertRaises(expected) as caught:
                                self.call(kind, client.get, "https://example.org/")
                            self.assertIn(message, str(caught.exception))
                            self.assertNotIn("hunter2", repr(caught.exception))
                    self.close()
                    proxy.wait_until(lambda proxy: proxy.open == 0, "connections are left")

    def test_long_chains_of_redirects(self):
        with self.nothing_left():
            self.make(follow_redirects=True, max_redirects=1000)
            for kind, client in self.clients.items():
                response = self.call(kind, client.get, f"{HTTP}/redirect/1000")
                self.assertEqual((response.status_code, len(response.history)), (200, 1000))
                with self.assertRaises(httpx.TooManyRedirects):
                    self.call(kind, client.get, f"{HTTP}/redirect/1001")
            self.close()

    def test_redirects_of_bodies_that_cannot_be_had_again(self):
        async def chunks():
            yield b"x"

        with self.nothing_left(), RawServer({"/again": redirect(b"/good", b"307 Temporary Redirect")}) as server:
            self.make(follow_redirects=True)
            for kind, client in self.clients.items():
                with self.assertRaises(httpx.StreamConsumed):
                    self.call(kind, client.post, f"{server.url}/again", content=(b"x" for _ in "x") if kind == "sync" else chunks())
                self.assertEqual(self.call(kind, client.get, f"{server.url}/good").content, b"good")
            self.close()

    def test_cookies_that_pile_up(self):
        answers = {
            f"/{page}": sized(b"xy", *(b"Set-Cookie: a%d=b; Path=/" % number for number in range(page * 200, page * 200 + 200)))
            for page in range(50)
        }
        with self.nothing_left(), RawServer(answers) as server:
            self.make()
            for kind, client in self.clients.items():
                for path in answers:
                    self.assertEqual(self.call(kind, client.get, server.url + path).content, b"xy")
                kept = list(client.cookies)
                self.assertEqual(kept[-1], "a9999")  # what is kept of them, bounded for each domain, is the newest
                self.assertLess(len(kept), 1000)
                self.assertEqual(self.call(kind, client.get, f"{server.url}/good").content, b"good")
                self.assertEqual(server.requests[-1].count(b"=b"), len(kept))
            self.close()


if __name__ == "__main__":
    unittest.main()
