"""The opening handshake without sockets: split and cut anywhere, hostile, and what it says about secrets."""

import copy
import http
import io
import logging
import os
import pickle
import re
import subprocess
import sys
import unittest
from unittest import mock

from websockets.client import ClientProtocol, backoff, process_exception
from websockets.datastructures import Headers, MultipleValuesError
from websockets.exceptions import (
    HeaderLineTooLong,
    InvalidHandshake,
    InvalidHeader,
    InvalidHeaderFormat,
    InvalidHeaderValue,
    InvalidMessage,
    InvalidMethod,
    InvalidOrigin,
    InvalidProtocol,
    InvalidProxy,
    InvalidStatus,
    InvalidUpgrade,
    InvalidURI,
    NegotiationError,
    RequestLineTooLong,
    SecurityError,
    StatusLineTooLong,
    TooManyHeaders,
)
from websockets.headers import build_extension, parse_authorization_basic, parse_connection, parse_extension
from websockets.http11 import Request, Response
from websockets.protocol import CLOSED, CONNECTING, OPEN
from websockets.proxy import get_proxy, parse_proxy, prepare_connect_request
from websockets.server import ServerProtocol
from websockets.uri import parse_uri
from websockets.utils import accept_key

logging.getLogger("websockets").setLevel(logging.CRITICAL)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
URI = parse_uri("wss://example.com/test?x=1")
ON_CPYTHON = sys.implementation.name == "cpython"

REQUEST = (
    b"GET /test HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: " + KEY.encode() + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n"
)
# A text frame, masked with zeroes and not.
FROM_CLIENT = b"\x81\x82\x00\x00\x00\x00Hi"
FROM_SERVER = b"\x81\x02Hi"


def client(**kwargs):
    with mock.patch("websockets.client.generate_key", return_value=KEY):
        return ClientProtocol(URI, **kwargs)


def without(message, *names):
    """A message without some of its fields."""
    lines = message.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(tuple(names)))


def with_field(message, field):
    """A message with one more field."""
    return message[:-2] + field + b"\r\n\r\n"


class Splits(unittest.TestCase):
    def test_server_fed_in_two_parts_anywhere(self):
        stream = REQUEST + FROM_CLIENT
        for at in range(len(stream) + 1):
            server = ServerProtocol()
            events = []
            for part in (stream[:at], stream[at:]):
                if part:
                    server.receive_data(part)
                for event in server.events_received():
                    if isinstance(event, Request):
                        server.send_response(server.accept(event))
                    events.append(event)
            with self.subTest(at=at):
                self.assertIs(server.state, OPEN)
                self.assertIsNone(server.handshake_exc)
                self.assertEqual([type(event).__name__ for event in events], ["Request", "Frame"])
                self.assertEqual(events[1].data, b"Hi")
                [response] = server.data_to_send()
                self.assertTrue(response.startswith(b"HTTP/1.1 101 Switching Protocols\r\n"))

    def test_client_fed_byte_by_byte(self):
        protocol = client()
        for byte in RESPONSE + FROM_SERVER:
            protocol.receive_data(bytes([byte]))
        response, frame = protocol.events_received()
        self.assertEqual((response.status_code, response.headers["upgrade"]), (101, "websocket"))
        self.assertEqual(frame.data, b"Hi")
        self.assertIs(protocol.state, OPEN)

    def test_client_fed_in_two_parts_anywhere(self):
        for at in range(1, len(RESPONSE)):
            protocol = client()
            protocol.receive_data(RESPONSE[:at])
            self.assertEqual(protocol.events_received(), [])
            protocol.receive_data(RESPONSE[at:])
            self.assertEqual(len(protocol.events_received()), 1)
            self.assertIs(protocol.state, OPEN)

    def test_client_whose_server_hangs_up_at_each_byte(self):
        for at in range(len(RESPONSE)):
            protocol = client()
            if at:
                protocol.receive_data(RESPONSE[:at])
            protocol.receive_eof()
            with self.subTest(at=at):
                self.assertEqual(protocol.events_received(), [])
                self.assertIsInstance(protocol.handshake_exc, InvalidMessage)
                self.assertIsInstance(protocol.handshake_exc.__cause__, EOFError)
                self.assertIs(protocol.state, CLOSED)
                self.assertEqual(protocol.data_to_send(), [b""])

    def test_server_whose_client_hangs_up_at_each_byte(self):
        for at in range(len(REQUEST)):
            server = ServerProtocol()
            if at:
                server.receive_data(REQUEST[:at])
            server.receive_eof()
            with self.subTest(at=at):
                self.assertEqual(server.events_received(), [])
                self.assertIsInstance(server.handshake_exc, InvalidMessage)
                self.assertIsInstance(server.handshake_exc.__cause__, EOFError)
                self.assertIs(server.state, CLOSED)


class HostileRequests(unittest.TestCase):
    def refuse(self, request, exception, status):
        """Has a server answer a request with which something is wrong."""
        server = ServerProtocol()
        server.receive_data(request)
        for event in server.events_received():
            server.send_response(server.accept(event))
        self.assertIsInstance(server.handshake_exc, exception)
        output = server.data_to_send()
        if status is None:
            self.assertEqual(output, [b""])
        else:
            self.assertTrue(output[0].startswith(f"HTTP/1.1 {status} ".encode()), output[0])
            self.assertEqual(output[-1], b"")
        self.assertIs(server.state, CONNECTING)
        # What still comes is of no interest.
        server.receive_data(REQUEST)
        server.receive_eof()
        self.assertEqual(server.events_received(), [])
        self.assertIs(server.state, CLOSED)
        return server

    def test_what_is_not_http(self):
        for request in [
            b"\n",
            b"\x16\x03\x01\x02\x00\x01\n",
            b"GET / HTTP/1.1\n\n",
            b"GET /\r\n",
            b"GET / HTTP/2.0\r\n",
            b"G\xc9T / HTTP/1.1\r\n",
            b"GET /\xe9 HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\n : x\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ]:
            with self.subTest(request=request):
                self.refuse(request, InvalidMessage, None)

    def test_what_is_too_large(self):
        self.refuse(b"GET /" + b"a" * 8192, RequestLineTooLong, 414)
        self.refuse(b"GET / HTTP/1.1\r\nX: " + b"a" * 8192, HeaderLineTooLong, 431)
        self.refuse(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 129 + b"\r\n", TooManyHeaders, 431)

    def test_the_largest_that_may_be(self):
        fields = b"".join(b"X-%d: a\r\n" % number for number in range(123))
        server = ServerProtocol()
        server.receive_data(REQUEST[:-2] + fields + b"\r\n")
        [request] = server.events_received()
        self.assertEqual(len(request.headers), 128)
        self.assertEqual(server.accept(request).status_code, 101)

    def test_a_request_for_something_else(self):
        self.refuse(REQUEST.replace(b"GET", b"POST"), InvalidMethod, 405)
        self.refuse(REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"), InvalidProtocol, 505)

    def test_fields_that_are_missing_doubled_or_wrong(self):
        for name, exception, status in [
            (b"upgrade:", InvalidUpgrade, 426),
            (b"connection:", InvalidUpgrade, 426),
            (b"sec-websocket-key:", InvalidHeader, 400),
            (b"sec-websocket-version:", InvalidHeader, 400),
        ]:
            with self.subTest(missing=name):
                self.refuse(without(REQUEST, name), exception, status)
        for field in [b"Sec-WebSocket-Key: " + KEY.encode(), b"Sec-WebSocket-Version: 13"]:
            with self.subTest(doubled=field):
                self.refuse(with_field(REQUEST, field), InvalidHeader, 400)
        self.refuse(with_field(REQUEST, b"Upgrade: h2c"), InvalidUpgrade, 426)
        self.refuse(with_field(REQUEST, b"Connection: ;"), InvalidHeaderFormat, 400)
        for key in [b"", b"short", KEY.encode() + b"x", b"\xff" * 24, b"A" * 24]:
            with self.subTest(key=key):
                self.refuse(REQUEST.replace(KEY.encode(), key), InvalidHeaderValue, 400)
        self.refuse(REQUEST.replace(b": 13", b": 8"), InvalidHeaderValue, 400)

    def test_origins(self):
        def answer(*values):
            server = ServerProtocol(origins=["https://a.example", re.compile(r"https://[a-z]+\.b\.example"), None])
            fields = b"".join(b"Origin: %s\r\n" % value for value in values)
            server.receive_data(REQUEST[:-2] + fields + b"\r\n")
            [request] = server.events_received()
            return server.accept(request).status_code, type(server.handshake_exc)

        fine = (101, type(None))
        self.assertEqual(answer(), fine)
        self.assertEqual(answer(b"https://a.example"), fine)
        self.assertEqual(answer(b"https://x.b.example"), fine)
        self.assertEqual(answer(b"https://x.b.example.evil"), (403, InvalidOrigin))
        self.assertEqual(answer(b"https://a.example", b"https://a.example"), (400, InvalidHeader))

    def test_what_a_program_fails_with_is_not_told_to_the_client(self):
        def select(protocol, subprotocols):
            raise RuntimeError("secret")

        server = ServerProtocol(select_subprotocol=select)
        server.receive_data(REQUEST)
        [request] = server.events_received()
        response = server.accept(request)
        self.assertEqual(response.status_code, 500)
        self.assertNotIn(b"secret", response.body)
        self.assertEqual(str(server.handshake_exc), "secret")

    def test_extensions_nobody_knows_are_declined(self):
        server = ServerProtocol(extensions=[])
        server.receive_data(with_field(REQUEST, b"Sec-WebSocket-Extensions: x; a=1, y"))
        [request] = server.events_received()
        response = server.accept(request)
        self.assertEqual(response.status_code, 101)
        self.assertNotIn("Sec-WebSocket-Extensions", response.headers)


class HostileResponses(unittest.TestCase):
    def fail_on(self, response, exception, **kwargs):
        protocol = client(**kwargs)
        protocol.receive_data(response)
        self.assertIsInstance(protocol.handshake_exc, exception)
        self.assertIs(protocol.state, CONNECTING)
        self.assertEqual(protocol.data_to_send(), [b""])
        protocol.receive_data(RESPONSE)
        protocol.receive_eof()
        self.assertIs(protocol.state, CLOSED)
        return protocol.handshake_exc

    def test_what_is_not_http(self):
        for response in [
            b"\n",
            b"HTTP/1.1 101\r\n",
            b"HTTP/1.0 101 Switching Protocols\r\n",
            b"HTTP/1.1 abc Switching Protocols\r\n",
            b"HTTP/1.1 1000 Switching Protocols\r\n",
            b"HTTP/1.1 101 \x00\r\n",
            b"HTTP/1.1 101 Switching Protocols\n",
            b"HTTP/1.1 101 Switching Protocols\r\nX\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"a" * 8192,
            b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: a\r\n" * 129,
            b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 9000,
        ]:
            with self.subTest(response=response[:60]):
                exc = self.fail_on(response, InvalidMessage)
                self.assertIsNotNone(exc.__cause__)
        self.fail_on(b"HTTP/1.1 " + b"a" * 8192, StatusLineTooLong)

    def test_a_body_without_end_is_given_up(self):
        protocol = client()
        protocol.receive_data(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(20):
            protocol.receive_data(b"a" * 65536)
        self.assertIsInstance(protocol.handshake_exc, InvalidMessage)
        self.assertIsInstance(protocol.handshake_exc.__cause__, SecurityError)

    def test_other_statuses_come_with_their_response(self):
        exc = self.fail_on(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", InvalidStatus)
        self.assertEqual(exc.response.body, b"nope")
        self.assertEqual(str(exc), "server rejected WebSocket connection: HTTP 404")

    def test_fields_that_are_missing_doubled_or_wrong(self):
        for name in (b"upgrade:", b"connection:"):
            self.fail_on(without(RESPONSE, name), InvalidUpgrade)
        self.fail_on(without(RESPONSE, b"sec-websocket-accept:"), InvalidHeader)
        self.fail_on(with_field(RESPONSE, b"Sec-WebSocket-Accept: " + ACCEPT.encode()), InvalidHeader)
        for accept in [b"", b"\xff\xfe", ACCEPT.encode().swapcase(), ACCEPT.encode()[:-1]]:
            self.fail_on(RESPONSE.replace(ACCEPT.encode(), accept), InvalidHeaderValue)

    def test_what_was_not_offered(self):
        extension = with_field(RESPONSE, b"Sec-WebSocket-Extensions: x")
        self.fail_on(extension, NegotiationError)
        self.fail_on(extension, NegotiationError, extensions=[])
        subprotocol = with_field(RESPONSE, b"Sec-WebSocket-Protocol: chat")
        self.fail_on(subprotocol, NegotiationError)
        self.fail_on(subprotocol, NegotiationError, subprotocols=["other"])
        self.fail_on(with_field(subprotocol, b"Sec-WebSocket-Protocol: chat"), InvalidHeader, subprotocols=["chat"])


class Messages(unittest.TestCase):
    def test_a_request_is_what_a_browser_would_send(self):
        protocol = client(origin="https://example.com", subprotocols=["chat", "superchat"])
        protocol.send_request(protocol.connect())
        [request] = protocol.data_to_send()
        self.assertEqual(
            request,
            b"GET /test?x=1 HTTP/1.1\r\nHost: example.com\r\nOrigin: https://example.com\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: " + KEY.encode() + b"\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: chat, superchat\r\n\r\n",
        )

    def test_client_and_server_agree(self):
        protocol = ClientProtocol(URI, subprotocols=["a", "b"])
        server = ServerProtocol(subprotocols=["b", "c"])
        protocol.send_request(protocol.connect())
        server.receive_data(b"".join(protocol.data_to_send()))
        [request] = server.events_received()
        server.send_response(server.accept(request))
        protocol.receive_data(b"".join(server.data_to_send()))
        self.assertEqual((protocol.state, server.state), (OPEN, OPEN))
        self.assertEqual((protocol.subprotocol, server.subprotocol), ("b", "b"))

    def test_rejections_count_their_bytes(self):
        response = ServerProtocol().reject(http.HTTPStatus.FORBIDDEN, "café\n")
        self.assertEqual(response.headers["Content-Length"], "6")
        self.assertEqual(response.body.decode(), "café\n")
        with self.assertRaises(ValueError):
            ServerProtocol().reject(1000, "")

    def test_methods_may_be_overridden(self):
        class Client(ClientProtocol):
            def process_subprotocol(self, headers):
                return "mine"

        protocol = Client(URI)
        protocol.receive_data(
            RESPONSE.replace(ACCEPT.encode(), accept_key(protocol.key).encode())
        )
        self.assertEqual((protocol.state, protocol.subprotocol), (OPEN, "mine"))

    def test_debug_logs_show_both_directions(self):
        logger = logging.Logger("test", logging.DEBUG)
        stream = io.StringIO()
        logger.addHandler(logging.StreamHandler(stream))
        server = ServerProtocol(logger=logger)
        server.receive_data(REQUEST)
        [request] = server.events_received()
        server.send_response(server.accept(request))
        lines = stream.getvalue().splitlines()
        self.assertIn("< GET /test HTTP/1.1", lines)
        self.assertIn("< Host: example.com", lines)
        self.assertIn("> HTTP/1.1 101 Switching Protocols", lines)
        self.assertIn("connection open", lines)


class HeaderFields(unittest.TestCase):
    def test_headers_are_a_mapping_with_several_values(self):
        headers = Headers({"A": "1"}, b="2")
        headers["a"] = "3"
        self.assertEqual(list(headers), ["a", "b"])
        self.assertEqual(headers.get_all("A"), ["1", "3"])
        with self.assertRaises(MultipleValuesError):
            headers.get("a")
        self.assertEqual(headers.get("missing", "x"), "x")
        self.assertEqual(headers.pop("b"), "2")
        self.assertEqual(headers.setdefault("c", "4"), "4")
        del headers["A"]
        self.assertEqual(dict(headers), {"c": "4"})
        self.assertEqual(list(headers.items()), [("c", "4")])
        with self.assertRaises(TypeError):
            hash(headers)
        with self.assertRaises(TypeError):
            Headers(1, 2)
        with self.assertRaises(ValueError):
            Headers(["ab", "abc"])

    def test_headers_can_be_copied_and_pickled(self):
        headers = Headers([("A", "1"), ("a", "2")])
        headers.set_insecure("X", "a\nb")
        for again in (copy.copy(headers), copy.deepcopy(headers), pickle.loads(pickle.dumps(headers)), headers.copy()):
            self.assertEqual(list(again.raw_items()), [("A", "1"), ("a", "2"), ("X", "a\nb")])
            self.assertIsNot(again, headers)

    def test_subclasses_see_what_is_assigned(self):
        class Recording(Headers):
            def __setitem__(self, key, value):
                seen.append(key)
                super().__setitem__(key, value)

        seen = []
        self.assertEqual(Recording([("A", "1")], B="2").copy()["b"], "2")
        self.assertEqual(seen, ["A", "B"])

    def test_values_cannot_smuggle_fields(self):
        for value in ["a\r\nB: c", "a\nb", "a\0", "→", "\x7f"]:
            with self.assertRaises(InvalidHeaderValue):
                Headers(A=value)
        self.assertEqual(Headers(A="caf\xe9").serialize(), b"A: caf\xe9\r\n\r\n")

    def test_lists(self):
        self.assertEqual(parse_connection("keep-alive, Upgrade"), ["keep-alive", "Upgrade"])
        with self.assertRaises(InvalidHeaderFormat) as raised:
            parse_connection("é")
        self.assertEqual(str(raised.exception), "invalid Connection header: expected token at 0 in é")
        parsed = [("a", [("x", None), ("y", "1")]), ("b", [])]
        self.assertEqual(parse_extension('a; x; y="1", b'), parsed)
        self.assertEqual(parse_extension(build_extension(parsed)), parsed)
        with self.assertRaises(InvalidHeaderFormat):
            parse_extension("a; x=\ud800")

    def test_credentials(self):
        self.assertEqual(parse_authorization_basic("basic YTpiOmM="), ("a", "b:c"))
        for header in ["Digest x", "Basic YQ==", "Basic Y"]:
            with self.assertRaises(InvalidHeaderValue):
                parse_authorization_basic(header)


class Addresses(unittest.TestCase):
    @unittest.skipIf(ON_CPYTHON, "upstream shows passwords")
    def test_passwords_are_not_shown(self):
        for make, address, exception in [
            (parse_uri, "ws://me:hunter2@example.com/#fragment", InvalidURI),
            (parse_proxy, "ftp://me:hunter2@example.com", InvalidProxy),
        ]:
            with self.assertRaises(exception) as raised:
                make(address)
            for text in (str(raised.exception), repr(raised.exception)):
                self.assertNotIn("hunter2", text)
                self.assertIn("example.com", text)
        for address in (parse_uri("ws://me:hunter2@example.com"), parse_proxy("http://me:hunter2@example.com")):
            self.assertNotIn("hunter2", repr(address))
            self.assertEqual(address.user_info, ("me", "hunter2"))

    def test_credentials_of_a_uri_are_sent_decoded(self):
        protocol = ClientProtocol(parse_uri("ws://a%40b:c%3Ad@example.com"))
        self.assertEqual(parse_authorization_basic(protocol.connect().headers["Authorization"]), ("a@b", "c:d"))

    def test_iris_become_uris(self):
        uri = parse_uri("ws://bücher.example/ä?ö")
        self.assertEqual((uri.host, uri.resource_name), ("xn--bcher-kva.example", "/%C3%A4?%C3%B6"))

    def test_proxies_come_from_the_environment(self):
        with mock.patch.dict(os.environ, {"https_proxy": "http://proxy:8080", "no_proxy": "localhost"}):
            self.assertEqual(get_proxy(parse_uri("wss://example.com")), "http://proxy:8080")
            self.assertIsNone(get_proxy(parse_uri("wss://localhost")))

    def test_proxies_are_asked_for_host_and_port(self):
        request = prepare_connect_request(parse_proxy("http://me:pw@proxy"), URI, None)
        self.assertTrue(request.startswith(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n"))
        self.assertIn(b"Proxy-Authorization: Basic bWU6cHc=\r\n", request)


class Retries(unittest.TestCase):
    def test_delays_grow_up_to_a_limit(self):
        delays = backoff(initial_delay=0, min_delay=1, max_delay=5, factor=2)
        self.assertEqual([next(delays) for _ in range(6)], [0, 1, 2, 4, 5, 5])

    def test_what_may_go_away_is_tried_again(self):
        def status(code):
            return InvalidStatus(Response(code, "", Headers()))

        cut = InvalidMessage("x")
        cut.__cause__ = EOFError()
        for exc in (OSError(), TimeoutError(), cut, status(503)):
            self.assertIsNone(process_exception(exc))
        for exc in (ValueError(), InvalidMessage("x"), status(404), InvalidHandshake()):
            self.assertIs(process_exception(exc), exc)


class Package(unittest.TestCase):
    def test_the_command_line_has_a_version(self):
        done = subprocess.run([sys.executable, "-m", "websockets", "--version"], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("websockets 17.4\n", 0), done.stderr)


if __name__ == "__main__":
    unittest.main()
