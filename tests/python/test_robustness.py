"""Interrupts, threads, forks, leaks: what a client must survive in a long-lived program."""

import concurrent.futures
import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import unittest
import weakref

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]
PATIENCE = 30  # seconds after which a test that hangs is given up


class Script:
    """A script in a process of its own, killed if it is still there in the end."""

    def __init__(self, source, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def finish(self):
        """Exit status, standard output and standard error of the script, whose standard input ends now."""
        output, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output, errors


class SilentServer:
    """Takes requests by hand: a test knows when one has arrived, and answers as much as it likes."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.accepted = []

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for connection in [self.listener, *self.accepted]:
            connection.close()

    def take_request(self, answer=b""):
        connection, _ = self.listener.accept()
        connection.settimeout(PATIENCE)
        self.accepted.append(connection)
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65536)
            if not received:
                raise ConnectionError("the client went away before its request was complete")
            head += received
        connection.sendall(answer)
        return connection


class Interrupts(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(SilentServer())

    def test_hanging_get(self):
        source = "import sys, httpx; httpx.get(sys.argv[1], timeout=None)"
        with Script(source, self.server.url) as script:
            self.server.take_request()
            script.interrupt()
            status, _, errors = script.finish()
        self.assertEqual(status, -signal.SIGINT)
        self.assertEqual(errors.splitlines()[-1], "KeyboardInterrupt")
        self.assertIn("Traceback", errors)

    def test_hanging_body(self):
        source = """
            import sys, httpx
            with httpx.stream("GET", sys.argv[1], timeout=None) as response:
                for chunk in response.iter_raw():
                    print(chunk.decode(), flush=True)
        """
        with Script(source, self.server.url) as script:
            self.server.take_request(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            self.assertEqual(script.process.stdout.readline(), "half\n")
            script.interrupt()
            status, _, errors = script.finish()
        self.assertEqual(status, -signal.SIGINT)
        self.assertEqual(errors.splitlines()[-1], "KeyboardInterrupt")

    def test_the_client_stays_usable_and_gives_up_the_connection(self):
        source = """
            import sys, httpx
            with httpx.Client(timeout=None) as client:
                try:
                    client.get(sys.argv[1])
                except KeyboardInterrupt:
                    print("interrupted", flush=True)
                sys.stdin.readline()
                print(client.get(sys.argv[2]).status_code)
        """
        with Script(source, self.server.url, f"{URL}/json") as script:
            connection = self.server.take_request()
            script.interrupt()
            self.assertEqual(script.process.stdout.readline(), "interrupted\n")
            self.assertEqual(connection.recv(1), b"", "the connection is still open")
            status, output, errors = script.finish()
        self.assertEqual((status, output), (0, "200\n"), errors)

    def test_other_threads_go_on(self):
        source = """
            import sys, threading, httpx
            with httpx.Client(timeout=None) as client:
                answers = []
                worker = threading.Thread(target=lambda: answers.append(client.get(sys.argv[1]).text))
                worker.start()
                try:
                    client.get(sys.argv[2])
                except KeyboardInterrupt:
                    print("interrupted", flush=True)
                worker.join()
                print(answers)
        """
        with SilentServer() as second, Script(source, self.server.url, second.url) as script:
            slow = self.server.take_request()
            second.take_request()
            script.interrupt()
            self.assertEqual(script.process.stdout.readline(), "interrupted\n")
            slow.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept")
            status, output, errors = script.finish()
        self.assertEqual((status, output), (0, "['kept']\n"), errors)


class Threads(unittest.TestCase):
    def test_fifty_threads_share_a_client(self):
        def work(thread):
            answers = []
            for number in range(20):
                name = f"{thread}-{number}"
                response = client.post(f"{URL}/echo", params={"name": name}, content=name.encode() * 100)
                answers.append((response.json()["query"], response.json()["text"]))
            return answers

        with httpx.Client(timeout=PATIENCE) as client, concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(work, range(50)))
        for thread, seen in enumerate(answers):
            names = [f"{thread}-{number}" for number in range(20)]
            self.assertEqual(seen, [([["name", name]], name * 100) for name in names])

    def test_connections_are_bounded(self):
        limits = httpx.Limits(max_connections=4)
        with httpx.Client(limits=limits, timeout=PATIENCE) as client:
            before = client.get(f"{URL}/connections", headers={"Connection": "close"}).json()["accepted"]
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                statuses = list(pool.map(lambda _: client.get(f"{URL}/json").status_code, range(200)))
            after = client.get(f"{URL}/connections").json()["accepted"]
        self.assertEqual(statuses, [200] * 200)
        self.assertLessEqual(after - before, 5)

    def test_close_while_others_wait(self):
        with SilentServer() as server:
            client = httpx.Client(timeout=PATIENCE)
            outcome = []

            def wait():
                try:
                    outcome.append(client.get(server.url).status_code)
                except Exception as error:
                    outcome.append(error)

            thread = threading.Thread(target=wait)
            thread.start()
            connection = server.take_request()
            client.close()
            with contextlib.suppress(OSError):  # when the client has cut the connection
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive(), "the waiting thread hangs")
            if outcome != [200]:
                self.assertIsInstance(outcome[0], httpx.HTTPError)
        with self.assertRaises(RuntimeError):
            client.get(URL)


@unittest.skipUnless(os.path.isdir("/proc/self/fd"), "needs /proc")
class Leaks(unittest.TestCase):
    @staticmethod
    def open_files():
        return len(os.listdir("/proc/self/fd"))

    @staticmethod
    def resident_bytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def wait_for_open_files(self, expected):
        """Connections of a closed client may end a moment later."""
        for _ in range(PATIENCE * 20):
            if self.open_files() <= expected:
                return
            threading.Event().wait(0.05)
        self.fail(f"{self.open_files()} files are open, not {expected}")

    def test_sequential_requests(self):
        with httpx.Client() as client:
            for _ in range(200):
                client.get(f"{URL}/bytes/50000")
            files, memory = self.open_files(), self.resident_bytes()
            for _ in range(2000):
                self.assertEqual(len(client.get(f"{URL}/bytes/50000").content), 50000)
            self.assertEqual(self.open_files(), files)
        # A body leaked per request would be 100 MB.
        self.assertLess(self.resident_bytes() - memory, 30_000_000)

    def test_clients_come_and_go(self):
        httpx.get(f"{URL}/json")  # makes what stays for the whole process
        gc.collect()
        files = self.open_files()
        for _ in range(50):
            httpx.get(f"{URL}/json")
        self.wait_for_open_files(files)

    def test_unread_responses_give_up_their_connections(self):
        with httpx.Client() as client:
            files = self.open_files()
            for _ in range(50):
                with client.stream("GET", f"{URL}/bytes/5000000"):
                    pass
            self.assertEqual(client.get(f"{URL}/json").status_code, 200)
        self.wait_for_open_files(files)

    def test_failed_requests(self):
        with httpx.Client(timeout=0.05) as client:
            client.get(f"{URL}/json", timeout=PATIENCE)
            files = self.open_files()
            for path in ["/hang", "/cut", "/cut-chunked", "/bad-encoding", "/redirect-loop"] * 10:
                with self.assertRaises(httpx.HTTPError):
                    client.get(f"{URL}{path}", follow_redirects=True)
            self.wait_for_open_files(files)
            self.assertEqual(client.get(f"{URL}/json", timeout=PATIENCE).status_code, 200)


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class Forks(unittest.TestCase):
    def check(self, source):
        with Script(source, f"{URL}/json") as script:
            status, output, errors = script.finish()
        self.assertEqual((status, output), (0, "child 200\nparent 200\n"), errors)

    def test_request_before_and_after(self):
        self.check("""
            import os, sys, httpx
            httpx.get(sys.argv[1])
            child = os.fork()
            if child == 0:
                print("child", httpx.get(sys.argv[1]).status_code, flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print("parent", httpx.get(sys.argv[1]).status_code)
        """)

    def test_inherited_client(self):
        self.check("""
            import os, sys, httpx
            client = httpx.Client()
            client.get(sys.argv[1])
            child = os.fork()
            if child == 0:
                print("child", client.get(sys.argv[1]).status_code, flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print("parent", client.get(sys.argv[1]).status_code)
        """)

    def test_first_request_in_the_child(self):
        self.check("""
            import os, sys, httpx
            child = os.fork()
            if child == 0:
                print("child", httpx.get(sys.argv[1]).status_code, flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print("parent", httpx.get(sys.argv[1]).status_code)
        """)


class Holder:
    """Something that refers to the objects that refer to it."""

    def decide(self, content):
        return "utf-8"


class Cycles(unittest.TestCase):
    def check_collected(self, make):
        holders = [Holder() for _ in range(20)]
        references = [weakref.ref(holder) for holder in holders]
        for holder in holders:
            make(holder)
        del holder, holders
        gc.collect()
        gc.collect()
        alive = sum(reference() is not None for reference in references)
        self.assertEqual(alive, 0, "cycles leak")

    def test_request(self):
        def make(holder):
            holder.it = httpx.Request("GET", URL, extensions={"holder": holder})

        self.check_collected(make)

    def test_response(self):
        def make(holder):
            request = httpx.Request("GET", URL, extensions={"holder": holder})
            holder.it = httpx.Response(200, request=request, default_encoding=holder.decide)

        self.check_collected(make)

    def test_history(self):
        def make(holder):
            first = httpx.Response(302, extensions={"holder": holder})
            holder.it = httpx.Response(200, history=[first])

        self.check_collected(make)

    def test_client(self):
        def make(holder):
            holder.it = httpx.Client(default_encoding=holder.decide)
            holder.it.holder = holder
            holder.it.close()

        self.check_collected(make)

    def test_response_from_the_network(self):
        with httpx.Client() as client:

            def make(holder):
                holder.it = client.get(f"{URL}/json", extensions={"holder": holder})
                self.assertEqual(holder.it.status_code, 200)

            self.check_collected(make)

    def test_exception(self):
        def make(holder):
            try:
                with httpx.Client() as client:
                    client.get("ftp://127.0.0.1", extensions={"holder": holder})
            except httpx.UnsupportedProtocol as error:
                holder.it = error.with_traceback(None)

        self.check_collected(make)

    def test_collecting_while_requests_run(self):
        done = threading.Event()

        def collect():
            while not done.is_set():
                gc.collect()

        collector = threading.Thread(target=collect)
        collector.start()
        try:
            with httpx.Client(timeout=PATIENCE) as client, concurrent.futures.ThreadPoolExecutor(4) as pool:
                bodies = list(pool.map(lambda n: client.get(f"{URL}/bytes/{n}").content, range(100)))
        finally:
            done.set()
            collector.join()
        self.assertEqual([len(body) for body in bodies], list(range(100)))


if __name__ == "__main__":
    unittest.main()
