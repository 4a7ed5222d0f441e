"""`httpx_sse`: Server-Sent Events, read from responses of every kind."""

import asyncio
import contextlib
import copy
import inspect
import json
import pickle
import queue
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import httpx_sse
from httpx_sse import EventSource, ServerSentEvent, SSEError, aconnect_sse, connect_sse

ON_CPYTHON = sys.implementation.name == "cpython"
only_tauraro = unittest.skipIf(ON_CPYTHON, "PyPI's httpx-sse differs")
EVENT_STREAM = {"Content-Type": "text/event-stream"}


class Pieces(httpx.SyncByteStream):
    def __init__(self, pieces):
        self.pieces = pieces
        self.taken = 0

    def __iter__(self):
        for piece in self.pieces:
            self.taken += 1
            yield piece


def stream_of(*pieces, headers=EVENT_STREAM):
    return httpx.Response(200, headers=headers, stream=Pieces(pieces))


def fields(event):
    return event.event, event.data, event.id, event.retry


def read(*pieces):
    return [fields(event) for event in EventSource(stream_of(*pieces)).iter_sse()]


class ParsingTest(unittest.TestCase):
    def assertReads(self, stream, expected):
        self.assertEqual(read(stream), expected)
        for at in range(len(stream) + 1):
            self.assertEqual(read(stream[:at], stream[at:]), expected, at)

    def test_the_examples_of_the_standard(self):
        self.assertReads(b"data: YH00\ndata: +2\ndata: 10\n\n", [("message", "YH00\n+2\n10", "", None)])
        self.assertReads(
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [
                ("message", "first event", "1", None),
                ("message", "second event", "", None),
                ("message", " third event", "", None),
            ],
        )
        self.assertReads(
            b"data\n\ndata\ndata\n\ndata:\n", [("message", "", "", None), ("message", "\n", "", None)]
        )

    def test_all_fields(self):
        self.assertReads(
            b"event: add\r\ndata: {}\r\nid: 7\r\nretry: 1500\r\nother: x\r\n\r\n", [("add", "{}", "7", 1500)]
        )

    def test_an_event_needs_no_data(self):
        self.assertReads(b"retry: 10000\n\nevent: ping\n\n", [("message", "", "", 10000), ("ping", "", "", None)])

    def test_text(self):
        self.assertReads("data: zażółć 日本 \u2028😀\n\n".encode(), [("message", "zażółć 日本 \u2028😀", "", None)])
        self.assertReads(b"data: \xff\xe2\x82\n\n", [("message", "\ufffd\ufffd", "", None)])

    def test_an_id_with_nul_does_not_count(self):
        self.assertReads(b"data: a\nid: 123\0\n\n", [("message", "a", "", None)])

    def test_an_event_that_is_cut_off_is_dropped(self):
        self.assertReads(b"data: a\n\ndata: b\n", [("message", "a", "", None)])

    @only_tauraro
    def test_by_the_rules(self):
        # PyPI's keeps the mark, reads any integer, and repeats an ID without any event.
        self.assertReads(b"\xef\xbb\xbfdata: a\n\n", [("message", "a", "", None)])
        self.assertReads(b"retry: -5\nretry: +5\nretry: 1_0\n\n", [])
        self.assertReads(b"id: 1\ndata: a\n\n: alive\n\n", [("message", "a", "1", None)])

    @only_tauraro
    def test_the_encoding_is_utf_8_whatever_the_headers_say(self):
        response = stream_of("data: ż\n\n".encode(), headers={"Content-Type": "text/event-stream; charset=latin-1"})
        self.assertEqual([event.data for event in EventSource(response).iter_sse()], ["ż"])

    @only_tauraro
    def test_the_size_of_an_event_is_limited(self):
        endless = (b"data: %d\n" % number for number in range(10**9))
        events = EventSource(stream_of(b"data: a\n\n", *[b"data: bb\n\n"] * 20, b"data: " + b"c" * 60), max_event_size=50)
        events = events.iter_sse()
        self.assertEqual([next(events).data for _ in range(21)], ["a"] + ["bb"] * 20)
        with self.assertRaisesRegex(SSEError, "^the server sent an event of more than 50 bytes$"):
            next(events)
        self.assertEqual(list(events), [])
        with self.assertRaisesRegex(SSEError, "more than 1000 bytes"):
            list(EventSource(httpx.Response(200, headers=EVENT_STREAM, stream=Pieces(endless)), max_event_size=1000).iter_sse())
        for size in (0, -1):
            with self.assertRaisesRegex(ValueError, f"max_event_size must be at least 1, not {size}"):
                EventSource(stream_of(), max_event_size=size)


class EventTest(unittest.TestCase):
    def test_defaults(self):
        self.assertEqual(fields(ServerSentEvent()), ("message", "", "", None))
        self.assertEqual(fields(ServerSentEvent("", None, None, None)), ("message", "", "", None))
        self.assertEqual(fields(ServerSentEvent("a", "b", "c", 4)), ("a", "b", "c", 4))
        self.assertEqual(fields(ServerSentEvent(retry=4, id="c", data="b", event="a")), ("a", "b", "c", 4))

    def test_repr(self):
        self.assertEqual(repr(ServerSentEvent()), "ServerSentEvent(event='message')")
        event = ServerSentEvent(data="it's", retry=3, id="id", event="event")
        self.assertEqual(repr(event), """ServerSentEvent(event='event', data="it's", id='id', retry=3)""")

    def test_it_is_frozen_and_compared_by_identity(self):
        event = ServerSentEvent(data="a")
        for name in ("event", "data", "id", "retry"):
            with self.assertRaises(AttributeError):
                setattr(event, name, "b")
        self.assertEqual(event, event)
        self.assertNotEqual(event, ServerSentEvent(data="a"))
        self.assertEqual(len({event, event}), 1)

    def test_json(self):
        for text in ('{"key": ["value", 1.5, null, true]}', "12345678901234567890123", '"\\ud800"', "NaN"):
            value = ServerSentEvent(data=text).json()
            self.assertEqual(repr(value), repr(json.loads(text)))
        for text in ("", "{", "[1,]", "\ufeff{}", "\0"):
            with self.assertRaises(json.JSONDecodeError) as caught:
                ServerSentEvent(data=text).json()
            self.assertEqual(caught.exception.doc, text)

    def test_copies(self):
        event = ServerSentEvent("a", "b", "c", 4)
        event.note = "kept"
        for twin in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
            self.assertEqual((fields(twin), twin.note), (fields(event), "kept"))
            self.assertIs(type(twin), ServerSentEvent)

    def test_subclasses(self):
        class Numbered(ServerSentEvent):
            def __init__(self, number):
                super().__init__(data=str(number))
                self.number = number

        event = Numbered(5)
        self.assertEqual((event.number, event.json()), (5, 5))
        self.assertEqual(pickle.loads(pickle.dumps(ServerSentEvent(data="a"))).data, "a")

    @only_tauraro
    def test_wrong_types(self):
        for wrong in ({"data": b"bytes"}, {"event": 1}, {"retry": "5"}):
            with self.assertRaises(TypeError):
                ServerSentEvent(**wrong)


class SourceTest(unittest.TestCase):
    def test_content_types(self):
        for good in ("text/event-stream", "text/event-stream; charset=utf-8", "application/json, text/event-stream; x=y"):
            response = stream_of(b"data: a\n\n", headers={"Content-Type": good})
            self.assertEqual(len(list(EventSource(response).iter_sse())), 1)
        for bad, shown in (("text/html; charset=utf-8", "'text/html'"), ("", "''"), ("text/plain;text/event-stream", "'text/plain'")):
            source = EventSource(stream_of(b"data: a\n\n", headers={"Content-Type": bad}))
            events = source.iter_sse()  # nothing is looked at before an event is asked for
            with self.assertRaises(SSEError) as caught:
                next(events)
            message = f"Expected response header Content-Type to contain 'text/event-stream', got {shown}"
            self.assertEqual(str(caught.exception), message)
            self.assertEqual(list(events), [])

    def test_errors_are_of_the_transport(self):
        self.assertTrue(issubclass(SSEError, httpx.TransportError))
        self.assertEqual(str(SSEError("message")), "message")

    def test_the_response_is_at_hand(self):
        response = stream_of()
        self.assertIs(EventSource(response).response, response)
        with self.assertRaises(AttributeError):
            EventSource(response).response = None

    def test_it_reads_no_further_than_asked(self):
        response = stream_of(b"data: a\n\ndata: b\n\n", b"data: c\n\n", b"data: d\n\n")
        pieces = response.stream
        events = EventSource(response).iter_sse()
        self.assertEqual(pieces.taken, 0)
        self.assertEqual([next(events).data, next(events).data, pieces.taken], ["a", "b", 1])
        self.assertEqual([next(events).data, pieces.taken], ["c", 2])
        events.close()
        self.assertEqual((list(events), pieces.taken), ([], 2))
        events.close()

    def test_errors_of_the_stream_pass_through(self):
        def broken():
            yield b"data: a\n\ndata: b"
            raise httpx.ReadError("gone")

        events = EventSource(httpx.Response(200, headers=EVENT_STREAM, stream=Pieces(broken()))).iter_sse()
        self.assertEqual(next(events).data, "a")
        with self.assertRaisesRegex(httpx.ReadError, "gone"):
            next(events)
        self.assertEqual(list(events), [])

    def test_a_response_that_was_read(self):
        response = httpx.Response(200, headers=EVENT_STREAM, content=b"data: a\n\n")
        for _ in range(2):
            self.assertEqual([event.data for event in EventSource(response).iter_sse()], ["a"])

    @only_tauraro
    def test_pieces_must_be_bytes(self):
        class Fake:
            headers = {"content-type": "text/event-stream"}

            def iter_bytes(self):
                yield "data: a\n\n"

        with self.assertRaises(TypeError):
            list(EventSource(Fake()).iter_sse())


class Feed(BaseHTTPRequestHandler):
    """Sends what the test puts into the server's queue, piece by piece, until it finds None there."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.heads.append(self.headers)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := self.server.pieces.get():
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    do_POST = do_GET

    def log_message(self, format, *args):
        pass


@contextlib.contextmanager
def feed():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    server.pieces, server.heads = queue.Queue(), []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.pieces.put(None)
        server.shutdown()
        server.server_close()


class ConnectTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(feed())

    def test_events_come_one_by_one(self):
        with httpx.Client() as client, connect_sse(client, "GET", self.server.url) as source:
            self.assertEqual(source.response.status_code, 200)
            events = source.iter_sse()
            # The server sends nothing before the event was seen.
            for number in range(5):
                self.server.pieces.put(b"id: %d\r\ndata: %d\r\n\r\n" % (number, number))
                self.assertEqual(fields(next(events)), ("message", str(number), str(number), None))
            self.server.pieces.put(None)
            self.assertEqual(list(events), [])
        self.assertTrue(source.response.is_closed)

    def test_the_request(self):
        self.server.pieces.put(None)
        headers = {"Last-Event-ID": "7"} if ON_CPYTHON else {"Last-Event-ID": "7", "accept": "*/*"}
        before = dict(headers)
        with httpx.Client(params={"a": "1"}) as client:
            with connect_sse(client, "POST", self.server.url, headers=headers, json={}) as source:
                self.assertEqual(list(source.iter_sse()), [])
        sent = self.server.heads[0]
        self.assertEqual(
            (sent.get_all("Accept"), sent["Cache-Control"], sent["Last-Event-ID"]),
            (["text/event-stream"], "no-store", "7"),
        )
        self.assertEqual(source.response.request.url.params["a"], "1")
        if not ON_CPYTHON:
            self.assertEqual(headers, before, "the caller's headers are the caller's")

    @only_tauraro
    def test_headers_of_every_kind(self):
        def handler(request):
            return httpx.Response(200, headers=EVENT_STREAM, text=f"data: {request.headers['x']}\n\n")

        with httpx.Client(transport=httpx.MockTransport(handler), headers={"X": "client"}) as client:
            for headers, seen in ((None, "client"), ([("x", "pair")], "pair"), (httpx.Headers({"x": "own"}), "own")):
                with connect_sse(client, "GET", "http://test/", headers=headers) as source:
                    self.assertEqual([event.data for event in source.iter_sse()], [seen])

    def test_leaving_closes(self):
        with httpx.Client() as client:
            with connect_sse(client, "GET", self.server.url) as source:
                self.server.pieces.put(b"data: a\n\ndata: b\n\n")
                self.assertEqual(next(source.iter_sse()).data, "a")
            self.assertTrue(source.response.is_closed)

    def test_signatures(self):
        self.assertEqual(list(inspect.signature(connect_sse).parameters), ["client", "method", "url", "kwargs"])
        self.assertEqual(list(inspect.signature(aconnect_sse).parameters), ["client", "method", "url", "kwargs"])
        self.assertEqual(
            set(httpx_sse.__all__),
            {"__version__", "EventSource", "connect_sse", "aconnect_sse", "ServerSentEvent", "SSEError"},
        )
        for name in httpx_sse.__all__:
            self.assertTrue(hasattr(httpx_sse, name), name)


class FakeResponse:
    """What any client's response may look like."""

    headers = {"content-type": "text/event-stream"}

    def __init__(self, pieces):
        self.pieces = pieces
        self.closed = False

    async def aiter_bytes(self):
        for piece in self.pieces:
            await asyncio.sleep(0)
            yield piece

    async def aiter_text(self):
        async for piece in self.aiter_bytes():
            yield piece.decode()


class FakeClient:
    def __init__(self, *pieces):
        self.response = FakeResponse(pieces)

    @contextlib.asynccontextmanager
    async def stream(self, method, url, *, headers):
        self.sent = method, url, dict(headers)
        try:
            yield self.response
        finally:
            self.response.closed = True


class AsyncTest(unittest.IsolatedAsyncioTestCase):
    async def test_any_client(self):
        client = FakeClient(b"data: a\n", b"\ndata: b\n\ndata: c\n\n", b"data: lost")
        async with aconnect_sse(client, "GET", "http://test/") as source:
            self.assertEqual([event.data async for event in source.aiter_sse()], ["a", "b", "c"])
            self.assertFalse(client.response.closed)
        self.assertTrue(client.response.closed)
        method, url, headers = client.sent
        headers = {name.lower(): value for name, value in headers.items()}
        self.assertEqual((method, url), ("GET", "http://test/"))
        self.assertEqual(headers, {"accept": "text/event-stream", "cache-control": "no-store"})

    async def test_closing_early(self):
        client = FakeClient(b"data: a\n\ndata: b\n\n")
        async with aconnect_sse(client, "GET", "http://test/") as source:
            events = source.aiter_sse()
            self.assertEqual((await anext(events)).data, "a")
            await events.aclose()
            self.assertEqual([event async for event in events], [])

    async def test_a_wrong_content_type(self):
        response = FakeResponse([b"data: a\n\n"])
        response.headers = {"content-type": "text/html"}
        events = EventSource(response).aiter_sse()
        with self.assertRaisesRegex(SSEError, "got 'text/html'"):
            await anext(events)

    async def test_events_come_one_by_one(self):
        with feed() as server:
            async with httpx.AsyncClient() as client, aconnect_sse(client, "GET", server.url) as source:
                events = source.aiter_sse()
                for number in range(5):
                    server.pieces.put(b"data: %d\n\n" % number)
                    self.assertEqual((await anext(events)).data, str(number))
                server.pieces.put(None)
                self.assertEqual([event async for event in events], [])
            self.assertTrue(source.response.is_closed)

    async def test_a_transport_of_the_caller(self):
        def handler(request):
            self.assertEqual(request.headers["cache-control"], "no-store")
            return httpx.Response(200, headers=EVENT_STREAM, text="event: a\ndata: b\n\n")

        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
            async with aconnect_sse(client, "GET", "http://test/") as source:
                self.assertEqual([fields(event) async for event in source.aiter_sse()], [("a", "b", "", None)])


if __name__ == "__main__":
    unittest.main()
