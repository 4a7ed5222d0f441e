"""`websockets.sync`: connections for threads, over the wire and against peers that misbehave."""

import contextlib
import gc
import logging
import os
import signal
import socket
import struct
import threading
import time
import unittest
import warnings
import weakref

from websockets.exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidMessage,
    InvalidStatus,
    ProxyError,
    SecurityError,
)
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol, State
from websockets.sync.client import connect, reconnect, unix_connect
from websockets.sync.connection import Connection
from websockets.sync.server import broadcast, serve, unix_serve

# Handlers of connections that are dropped fail, as they should.
logging.getLogger("websockets").setLevel(logging.CRITICAL)


def echo(websocket):
    for message in websocket:
        websocket.send(message)


@contextlib.contextmanager
def served(handler=echo, **options):
    """Run a server in a thread; give its address."""
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            host, port = server.socket.getsockname()
            server.uri = f"ws://{host}:{port}"
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def raw_server(behave):
    """Run a TCP server that accepts one connection, which `behave` gets; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def run():
            with contextlib.suppress(OSError), listener.accept()[0] as sock:
                behave(sock)

        thread = threading.Thread(target=run)
        thread.start()
        host, port = listener.getsockname()
        try:
            yield f"ws://{host}:{port}/"
        finally:
            thread.join()


@contextlib.contextmanager
def connection(side=CLIENT, **options):
    """A connection, and the plain socket that is its peer's."""
    here, there = socket.socketpair()
    made = Connection(here, Protocol(side), **options)
    try:
        yield made, there
    finally:
        made.close_socket()
        there.close()


def descriptors():
    return len(os.listdir("/proc/self/fd"))


class MessageTests(unittest.TestCase):
    def test_messages_of_all_sizes_come_back(self):
        for compression in ("deflate", None):
            with served(compression=compression) as server:
                with connect(server.uri, compression=compression) as client:
                    for size in (0, 1, 125, 126, 65535, 65536, 300_000):
                        client.send("ñ" * (size // 2))
                        self.assertEqual(client.recv(), "ñ" * (size // 2))
                        client.send(os.urandom(16) * (size // 16))
                        self.assertEqual(len(client.recv()), size // 16 * 16)

    def test_both_sides_send_more_than_the_system_buffers_before_they_receive(self):
        count, size = 12, 1 << 19

        def handler(websocket):
            for _ in range(count):
                websocket.send(b"s" * size)
            for _ in range(count):
                websocket.recv()
            websocket.send("done")

        options = {"compression": None, "max_queue": None}
        with served(handler, **options) as server:
            with connect(server.uri, **options) as client:
                for _ in range(count):
                    client.send(b"c" * size)
                for _ in range(count):
                    self.assertEqual(len(client.recv()), size)
                self.assertEqual(client.recv(), "done")

    def test_all_that_arrived_before_the_end_is_received(self):
        with connection() as (client, peer):
            for number in range(200):
                peer.sendall(Frame(Opcode.TEXT, b"%d" % number).serialize(mask=False))
            peer.close()
            # The reading pauses on the way.
            self.assertEqual([client.recv() for _ in range(200)], [str(number) for number in range(200)])
            with self.assertRaises(ConnectionClosedError):
                client.recv()

    def test_a_timeout_loses_nothing(self):
        with connection() as (client, peer):
            data = Frame(Opcode.TEXT, b"frag", fin=False).serialize(mask=False)
            data += Frame(Opcode.CONT, b"mented").serialize(mask=False)
            for byte in data[:-1]:
                peer.sendall(bytes([byte]))
                with self.assertRaises(TimeoutError) as caught:
                    client.recv(timeout=0)
                self.assertEqual(str(caught.exception), "timed out in 0.0s")
            peer.sendall(data[-1:])
            self.assertEqual(client.recv(timeout=10), "fragmented")
            with self.assertRaises(TimeoutError) as caught:
                client.recv(timeout=0.01)
            self.assertEqual(str(caught.exception), "timed out in 0.0s")

    def test_what_is_there_is_received_without_waiting(self):
        with connection() as (client, peer):
            for _ in range(50):
                peer.sendall(Frame(Opcode.TEXT, b"x").serialize(mask=False))
                self.assertEqual(client.recv(timeout=10), "x")
                peer.sendall(Frame(Opcode.TEXT, b"y").serialize(mask=False))
                # Read by this thread or by the other: there it is.
                deadline = time.monotonic() + 10
                while time.monotonic() < deadline:
                    with contextlib.suppress(TimeoutError):
                        self.assertEqual(client.recv(timeout=0), "y")
                        break
                else:
                    self.fail("not received")

    def test_invalid_utf8_closes_the_connection(self):
        with connection() as (client, peer):
            peer.sendall(Frame(Opcode.TEXT, b"abc\xff").serialize(mask=False))
            threading.Timer(0.05, peer.shutdown, (socket.SHUT_WR,)).start()
            with self.assertRaises(ConnectionClosedError) as caught:
                client.recv()
            self.assertEqual(caught.exception.sent.code, 1007)
            self.assertEqual(caught.exception.sent.reason, "invalid start byte at position 3")
            self.assertIsInstance(caught.exception.__cause__, UnicodeDecodeError)

    def test_streamed_text_is_decoded_across_fragments(self):
        text = "a€𝄞".encode()
        with connection() as (client, peer):
            for index in range(len(text)):
                opcode = Opcode.CONT if index else Opcode.TEXT
                frame = Frame(opcode, text[index:index + 1], fin=index == len(text) - 1)
                peer.sendall(frame.serialize(mask=False))
            self.assertEqual("".join(client.recv_streaming()), "a€𝄞")

    def test_an_unfinished_stream_blocks_other_messages(self):
        with connection() as (client, peer):
            peer.sendall(Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=False))
            fragments = client.recv_streaming()
            self.assertEqual(next(fragments), "a")
            fragments.close()
            self.assertEqual(list(fragments), [])
            with self.assertRaises(ConcurrencyError):
                client.recv()

    def test_bytes_like_objects_are_sent(self):
        with served() as server, connect(server.uri) as client:
            for data in (bytearray(b"abc"), memoryview(b"abc"), memoryview(b"aXbXcX")[::2]):
                client.send(data)
                self.assertEqual(client.recv(), b"abc")
            client.send(part for part in ("a", "b"))
            self.assertEqual(client.recv(), "ab")
            for wrong in (1, None, {"a": 1}, object()):
                with self.assertRaises(TypeError):
                    client.send(wrong)
            client.send("still there")
            self.assertEqual(client.recv(), "still there")

    def test_frames_can_be_watched(self):
        class Watching(Connection):
            def __init__(self, *args, **options):
                self.seen = []
                super().__init__(*args, **options)

            def process_event(self, event):
                self.seen.append(event)
                super().process_event(event)

        here, there = socket.socketpair()
        client = Watching(here, Protocol(CLIENT))
        there.sendall(Frame(Opcode.PING, b"p").serialize(mask=False))
        there.sendall(Frame(Opcode.TEXT, b"t").serialize(mask=False))
        self.assertEqual(client.recv(), "t")
        self.assertEqual([event.opcode for event in client.seen], [Opcode.PING, Opcode.TEXT])
        client.close_socket()
        there.close()

    def test_the_protocol_can_be_watched(self):
        class Watching(Protocol):
            seen = ()

            def recv_frame(self, frame):
                self.seen += (frame,)
                super().recv_frame(frame)

        here, there = socket.socketpair()
        client = Connection(here, Watching(CLIENT))
        there.sendall(Frame(Opcode.TEXT, b"t").serialize(mask=False))
        self.assertEqual(client.recv(), "t")
        self.assertEqual(client.protocol.seen, (Frame(Opcode.TEXT, b"t"),))
        client.close_socket()
        there.close()


class ClosingTests(unittest.TestCase):
    def test_a_peer_that_does_not_answer_is_waited_for_no_longer_than_agreed(self):
        with connection(close_timeout=0.05) as (client, peer):
            client.close()
            self.assertIs(client.state, State.CLOSED)
            with self.assertRaises(ConnectionClosedError) as caught:
                client.recv()
            self.assertIsInstance(caught.exception.__cause__, TimeoutError)
            self.assertEqual(str(caught.exception.__cause__), "timed out while closing connection")

    def test_a_peer_that_does_not_read_holds_up_neither_closing_nor_pinging(self):
        with connection(close_timeout=0.05) as (client, peer):
            failures = []

            def send():
                try:
                    while True:
                        client.send(b"x" * 1_000_000)
                except ConnectionClosed as failure:
                    failures.append(failure)

            thread = threading.Thread(target=send)
            thread.start()
            time.sleep(0.1)
            self.assertFalse(client.ping().is_set())
            client.close()
            thread.join()
            self.assertEqual(len(failures), 1)

    def test_keepalive_ends_a_connection_whose_peer_does_not_read(self):
        with connection(ping_interval=0.05, ping_timeout=0.05, close_timeout=0.05) as (client, peer):
            client.start_keepalive()
            with self.assertRaises(ConnectionClosedError) as caught:
                while True:
                    client.send(b"x" * 1_000_000)
            self.assertEqual(caught.exception.sent.code, 1011)
            self.assertEqual(caught.exception.sent.reason, "keepalive ping timeout")

    def test_a_reset_is_reported_with_its_cause(self):
        with connection() as (client, peer):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.send("unread")
            peer.close()
            with self.assertRaises(ConnectionClosedError) as caught:
                client.recv()
            self.assertIsInstance(caught.exception.__cause__, ConnectionResetError)

    def test_close_in_the_thread_that_waits_for_a_message(self):
        with served(lambda websocket: websocket.recv()) as server:
            client = connect(server.uri, legacy=True)
            threading.Timer(0.05, client.close).start()
            with self.assertRaises(ConnectionClosedOK):
                client.recv()
            self.assertEqual((client.close_code, client.close_reason), (1000, ""))
            with self.assertRaises(ConnectionClosedOK):
                client.send("too late")
            client.close()
            self.assertTrue(client.wait_closed(timeout=0))

    def test_iterating_ends_with_the_connection(self):
        def handler(websocket):
            websocket.send("a")
            websocket.send("b")

        with served(handler) as server, connect(server.uri) as client:
            self.assertFalse(client.wait_closed(timeout=0) and client.state is State.OPEN)
            self.assertEqual(list(client), ["a", "b"])

    def test_a_close_in_an_event_handler_does_not_hang(self):
        class Closing(Connection):
            failure = None

            def process_event(self, event):
                try:
                    self.close()
                except RuntimeError as failure:
                    self.failure = failure
                super().process_event(event)

        here, there = socket.socketpair()
        client = Closing(here, Protocol(CLIENT), close_timeout=0.05)
        there.sendall(Frame(Opcode.TEXT, b"t").serialize(mask=False))
        self.assertEqual(client.recv(), "t")
        self.assertIsInstance(client.failure, RuntimeError)
        there.close()
        client.close_socket()

    def test_a_dropped_connection_leaves_nothing_behind(self):
        with served() as server:
            with connect(server.uri) as client:
                client.send("warm")
                client.recv()
            gc.collect()
            before, threads = descriptors(), threading.active_count()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                for _ in range(5):
                    client = connect(server.uri, legacy=True)
                    client.send("x")
                    self.assertEqual(client.recv(), "x")
                    gone = weakref.ref(client)
                    del client
                    deadline = time.monotonic() + 10
                    while gone() is not None and time.monotonic() < deadline:
                        time.sleep(0.01)
                    self.assertIsNone(gone())
                while time.monotonic() < deadline and (descriptors() > before or threading.active_count() > threads):
                    time.sleep(0.01)
            self.assertLessEqual(descriptors(), before)
            self.assertLessEqual(threading.active_count(), threads)

    def test_ctrl_c_interrupts_a_wait_and_the_connection_stays_usable(self):
        def interrupt(signum, frame):
            raise KeyboardInterrupt

        old = signal.signal(signal.SIGALRM, interrupt)
        try:
            with served() as server, connect(server.uri) as client:
                for _ in range(2):
                    signal.setitimer(signal.ITIMER_REAL, 0.05)
                    with self.assertRaises(KeyboardInterrupt):
                        client.recv()
                    client.send("again")
                    self.assertEqual(client.recv(), "again")
        finally:
            signal.signal(signal.SIGALRM, old)


class PingTests(unittest.TestCase):
    def test_pongs_are_noticed_right_after_a_message(self):
        with served() as server, connect(server.uri) as client:
            for _ in range(20):
                client.send("x")
                client.recv()
                self.assertTrue(client.ping().wait(10))
            self.assertGreater(client.latency, 0)

    def test_pings_are_answered_while_nobody_receives(self):
        with connection() as (client, peer):
            peer.sendall(Frame(Opcode.PING, b"there?").serialize(mask=False))
            peer.settimeout(10)
            self.assertEqual(peer.recv(2)[0] & 0x0F, Opcode.PONG)


class HandshakeTests(unittest.TestCase):
    def test_a_server_that_vanishes_at_each_byte_of_its_response(self):
        with served() as server:
            response = []

            def remember(websocket, request, made):
                response.append(made)

            with served(process_response=remember) as watched, connect(watched.uri):
                pass
        head = response[0].serialize()
        for length in range(0, len(head), 7):
            def behave(sock, length=length):
                sock.recv(4096)
                sock.sendall(head[:length])

            with raw_server(behave) as uri, self.assertRaises((InvalidMessage, OSError)):
                connect(uri, legacy=True)

    def test_timeout_is_the_time_for_opening(self):
        done = threading.Event()
        with raw_server(lambda sock: done.wait(10)) as uri:
            with self.assertRaises(TimeoutError) as caught:
                connect(uri, timeout=0.05)
            done.set()
        self.assertEqual(str(caught.exception), "timed out while waiting for handshake response")

    def test_connect_warns_when_it_is_not_entered(self):
        with served() as server:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", DeprecationWarning)
                client = connect(server.uri)
                client.send("x")
                client.recv()
                client.close()
            self.assertEqual([warning.category for warning in caught], [DeprecationWarning])
            self.assertEqual(caught[0].filename, __file__)

    def test_handlers_may_take_the_path(self):
        def handler(websocket, path):
            websocket.send(path)

        with served(handler) as server, connect(server.uri + "/a?b=c") as client:
            self.assertEqual(client.recv(), "/a?b=c")

    def test_redirects_are_followed_but_secrets_are_not_sent_elsewhere(self):
        def redirect(websocket, request):
            if request.path != "/":
                return None
            response = websocket.respond(302, "")
            response.headers["Location"] = target
            return response

        def handler(websocket):
            websocket.send(repr(websocket.request.headers.get("Authorization")))

        headers = {"Authorization": "secret"}
        with served(handler, process_request=redirect) as server, served(handler) as other:
            for target, expected in (("/here", "'secret'"), (other.uri + "/there", "None")):
                with connect(server.uri, additional_headers=headers) as client:
                    self.assertEqual(client.recv(), expected)
            target = "/"
            with self.assertRaises(SecurityError):
                connect(server.uri, legacy=True)

    def test_reconnecting(self):
        with served(lambda websocket: websocket.send("x")) as server:
            received = []
            for client in reconnect(server.uri):
                received.append(client.recv())
                if len(received) == 3:
                    break
            self.assertEqual(received, ["x"] * 3)

    def test_unix_sockets(self):
        path = f"\0tauraro-test-{os.getpid()}"
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        sock.listen()
        with unix_serve(echo, sock=sock) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            with unix_connect(path) as client:
                client.send("x")
                self.assertEqual(client.recv(), "x")
            server.shutdown()
            thread.join()

    def test_a_server_that_never_served_can_be_shut_down(self):
        with serve(echo, "127.0.0.1", 0) as server:
            pass
        server.shutdown()
        server.serve_forever()

    def test_rejections(self):
        with served(process_request=lambda websocket, request: websocket.respond(403, "no\n")) as server:
            with self.assertRaises(InvalidStatus) as caught:
                connect(server.uri, legacy=True)
        self.assertEqual(caught.exception.response.status_code, 403)
        self.assertEqual(caught.exception.response.body, b"no\n")


class SocksTests(unittest.TestCase):
    """Proxies that do as RFC 1928 says, or do not."""

    def proxy(self, reply):
        """Run a proxy that connects, after the method was chosen, unless `reply` refuses."""
        def behave(sock):
            sock.recv(4)
            sock.sendall(b"\5\0")
            request = sock.recv(512)
            sock.sendall(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
            if reply:
                return
            self.assertEqual(request[3], 1)
            port = int.from_bytes(request[-2:])
            with socket.create_connection(("127.0.0.1", port)) as target:
                threads = [threading.Thread(target=pump, args=pair) for pair in ((sock, target), (target, sock))]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

        def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

        return raw_server(behave)

    def test_a_connection_through_a_proxy(self):
        with served() as server, self.proxy(0) as proxy:
            with connect(server.uri, proxy=proxy.replace("ws:", "socks5h:").rstrip("/")) as client:
                client.send("x")
                self.assertEqual(client.recv(), "x")

    def test_a_refusal(self):
        with self.proxy(5) as proxy:
            with self.assertRaises(ProxyError) as caught:
                connect("ws://127.0.0.1:1/", proxy=proxy.replace("ws:", "socks5:").rstrip("/"), legacy=True)
        self.assertIn("connection refused", str(caught.exception))


class BroadcastTests(unittest.TestCase):
    def test_a_peer_that_does_not_read_does_not_keep_the_message_from_others(self):
        slow, there = socket.socketpair()
        stuck = Connection(slow, Protocol(SERVER), close_timeout=0.05)
        quick, peer = socket.socketpair()
        other = Connection(quick, Protocol(SERVER))
        message = b"x" * 300_000
        received = bytearray()

        def read():
            while len(received) < 4 * len(message):
                received.extend(peer.recv(65536))
            # Until now the broadcast waits for the stuck one.
            stuck.close_socket()

        thread = threading.Thread(target=read)
        thread.start()
        broadcast([stuck, other], message * 4)
        thread.join()
        self.assertEqual(received[-1:], b"x")
        other.close_socket()
        there.close()
        peer.close()


if __name__ == "__main__":
    unittest.main()
