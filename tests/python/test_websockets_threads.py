"""`websockets.sync` under many threads: nothing is lost, torn, reordered or left behind."""

import contextlib
import logging
import os
import random
import socket
import threading
import time
import unittest

from websockets.exceptions import ConcurrencyError, ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol
from websockets.sync.client import connect
from websockets.sync.connection import Connection, broadcast
from websockets.sync.messages import Assembler
from websockets.sync.server import serve

# Connections are cut on purpose.
logging.getLogger("websockets").setLevel(logging.CRITICAL)


def run_all(*functions):
    """Run functions at the same time; raise what one of them raises."""
    failures = []

    def run(function):
        try:
            function()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        if thread.is_alive():
            raise failures[0] if failures else AssertionError("a thread hangs")
    if failures:
        raise failures[0]


@contextlib.contextmanager
def pair(**options):
    """Two connections with each other."""
    here, there = socket.socketpair()
    client = Connection(here, Protocol(CLIENT, max_size=None), close_timeout=1, **options)
    server = Connection(there, Protocol(SERVER, max_size=None), close_timeout=1, **options)
    try:
        yield client, server
    finally:
        client.close_socket()
        server.close_socket()


class StressTests(unittest.TestCase):
    def test_many_threads_send_while_others_receive_and_ping(self):
        count, senders = 300, 3

        def send(connection, sender):
            def run():
                choice = random.Random(sender)
                for number in range(count):
                    message = f"{sender}:{number}:" + "x" * choice.choice((0, 10, 200, 70_000))
                    connection.send(message)
            return run

        def receive(connection):
            def run():
                numbers = [0] * senders
                for _ in range(count * senders):
                    sender, number, _ = connection.recv(timeout=30).split(":")
                    self.assertEqual(int(number), numbers[int(sender)])
                    numbers[int(sender)] += 1
            return run

        def ping(connection):
            def run():
                for _ in range(50):
                    self.assertTrue(connection.ping().wait(30))
            return run

        with pair() as (client, server):
            run_all(
                *(send(client, sender) for sender in range(senders)),
                *(send(server, sender) for sender in range(senders)),
                receive(client), receive(server), ping(client), ping(server),
            )
            client.close()
            self.assertTrue(server.wait_closed(30))
            self.assertEqual(server.close_code, 1000)

    def test_closing_at_any_moment(self):
        for attempt in range(40):
            with pair() as (client, server):
                stop = threading.Event()

                def busy(operation):
                    def run():
                        with contextlib.suppress(ConnectionClosed):
                            while not stop.is_set():
                                with contextlib.suppress(TimeoutError, ConcurrencyError):
                                    operation()
                    return run

                def close():
                    time.sleep(attempt % 5 / 1000)
                    (client, server)[attempt % 2].close()
                    stop.set()

                run_all(
                    busy(lambda: client.send("from the client")),
                    busy(lambda: server.send(b"from the server")),
                    busy(lambda: client.recv(timeout=0.01)),
                    busy(lambda: server.recv(timeout=0.01)),
                    busy(lambda: client.ping()),
                    busy(lambda: broadcast([client, server], "broadcast")),
                    close,
                )

    def test_two_close_at_once(self):
        for _ in range(30):
            with pair() as (client, server):
                run_all(client.close, server.close, client.close, server.close)
                self.assertTrue(client.wait_closed(30) and server.wait_closed(30))
                self.assertEqual((client.close_code, server.close_code), (1000, 1000))

    def test_only_one_thread_receives(self):
        with pair() as (client, server):
            received, refused = [], []
            stop = threading.Event()

            def receive():
                while not stop.is_set():
                    try:
                        received.append(client.recv(timeout=0.01))
                    except ConcurrencyError:
                        refused.append(1)
                    except TimeoutError:
                        pass

            def send():
                for number in range(500):
                    server.send(str(number))
                deadline = time.monotonic() + 30
                while len(received) < 500 and time.monotonic() < deadline:
                    time.sleep(0.01)
                stop.set()

            run_all(receive, receive, receive, send)
            self.assertEqual(sorted(map(int, received)), list(range(500)))

    def test_fragmented_messages_of_two_threads_are_not_mixed(self):
        with pair() as (client, server):
            sent = []

            def send(letter):
                def run():
                    for _ in range(100):
                        # One that is refused leaves the connection as it was.
                        with contextlib.suppress(ConcurrencyError):
                            client.send([letter] * 5)
                            sent.append(letter)
                return run

            def receive():
                for message in server:
                    if message == "end":
                        return
                    self.assertIn(message, ("aaaaa", "bbbbb"))

            def send_all():
                run_all(send("a"), send("b"))
                client.send("end")

            run_all(send_all, receive)
            self.assertTrue(sent)

    def test_an_assembler_between_threads(self):
        events = []
        assembler = Assembler(8, 2, lambda: events.append("pause"), lambda: events.append("resume"))
        count = 2000

        def put():
            for number in range(count):
                assembler.put(Frame(Opcode.TEXT, b"%d" % number))
            assembler.close()

        def get():
            for number in range(count):
                self.assertEqual(assembler.get(), str(number))
            with self.assertRaises(EOFError):
                assembler.get()

        run_all(put, get)
        self.assertEqual(events, ["pause", "resume"] * (len(events) // 2))


class ServerTests(unittest.TestCase):
    def test_many_clients_come_and_go(self):
        def handler(websocket):
            for message in websocket:
                websocket.send(message)

        def descriptors():
            return len(os.listdir("/proc/self/fd"))

        with serve(handler, "127.0.0.1", 0) as server:
            accepting = threading.Thread(target=server.serve_forever)
            accepting.start()
            host, port = server.socket.getsockname()

            def client(number):
                def run():
                    for turn in range(5):
                        with connect(f"ws://{host}:{port}/", open_timeout=30) as websocket:
                            for _ in range(5):
                                message = f"{number} {turn}" * 50
                                websocket.send(message)
                                self.assertEqual(websocket.recv(timeout=30), message)
                return run

            run_all(client(0))
            before = descriptors()
            run_all(*(client(number) for number in range(8)))
            deadline = time.monotonic() + 20
            while (server.handler_threads or descriptors() > before) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(server.handler_threads, set())
            self.assertLessEqual(descriptors(), before)
            self.assertEqual(server.connections, set())

            # Shutting down closes those that are open.
            clients = [connect(f"ws://{host}:{port}/", legacy=True) for _ in range(5)]
            server.shutdown()
            accepting.join()
            for websocket in clients:
                with self.assertRaises(ConnectionClosed) as caught:
                    websocket.recv(timeout=30)
                self.assertEqual(caught.exception.rcvd.code, 1001)


if __name__ == "__main__":
    unittest.main()
