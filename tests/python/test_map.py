"""`map`: many requests at once."""

import asyncio
import gc
import itertools
import os
import threading
import time
import unittest
import weakref

import httpx
from recording_server import RecordingServer

URL = os.environ["TAURARO_TEST_HTTP"]


def number(request):
    return 200, [], request.target.encode()


class Gate:
    """An answer that waits until so many requests wait."""

    def __init__(self, count):
        self.barrier = threading.Barrier(count)

    def __call__(self, request):
        self.barrier.wait(30)
        return number(request)


class Arrivals:
    """Counts requests that are being answered at the same time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, request):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.01)
        with self.lock:
            self.now -= 1
        return number(request)


class Both(unittest.TestCase):
    """Runs each case with both clients: `self.map(requests, ...)` gives a list of what comes."""

    def clients(self, **options):
        def blocking(act, requests, **arguments):
            with httpx.Client(**options) as client:
                return act(client.map(requests, **arguments))

        def awaiting(act, requests, **arguments):
            async def main():
                async with httpx.AsyncClient(**options) as client:
                    items = []
                    try:
                        async for item in client.map(requests, **arguments):
                            items.append(item)
                    except Exception as error:
                        items.append(error)
                        raise
                    return items

            return act(asyncio.run(main()))

        return {"Client": lambda *a, **k: blocking(list, *a, **k), "AsyncClient": lambda *a, **k: awaiting(list, *a, **k)}

    def each(self, **options):
        for name, run in self.clients(**options).items():
            with self.subTest(name):
                yield run


class MapTest(Both):
    def setUp(self):
        self.server = self.enterContext(RecordingServer({("GET", f"/{n}"): number for n in range(200)}))

    def urls(self, count):
        return [f"{self.server.url}/{n}" for n in range(count)]

    def test_every_url_is_requested_once(self):
        for run in self.each():
            responses = run(self.urls(150), concurrency=7)
            self.assertEqual(sorted(int(response.text[1:]) for response in responses), list(range(150)))
            self.assertTrue(all(response.is_closed and response.url.path == response.text for response in responses))

    def test_in_order(self):
        def slow_first(request):
            time.sleep(0.2)
            return number(request)

        self.server.answers["GET", "/0"] = slow_first
        for run in self.each():
            self.assertEqual([response.text for response in run(self.urls(60), ordered=True, concurrency=5)], [f"/{n}" for n in range(60)])
            # Without, the slow one does not come first.
            self.assertNotEqual(run(self.urls(20), concurrency=5)[0].text, "/0")

    def test_concurrency_is_reached_and_kept(self):
        for run in self.each():
            gate = Gate(8)
            self.server.answers.update({("GET", f"/{n}"): gate for n in range(16)})
            self.assertEqual(len(run(self.urls(16), concurrency=8)), 16)
            arrivals = Arrivals()
            self.server.answers.update({("GET", f"/{n}"): arrivals for n in range(40)})
            self.assertEqual(len(run(self.urls(40), concurrency=3)), 40)
            self.assertLessEqual(arrivals.most, 3)

    def test_requests_are_read_lazily(self):
        taken = 0

        def urls():
            nonlocal taken
            for n in itertools.count():
                taken += 1
                yield f"{self.server.url}/{n % 200}"

        with httpx.Client() as client:
            self.assertEqual(len(list(itertools.islice(client.map(urls(), concurrency=4), 20))), 20)
            self.assertLessEqual(taken, 24)
            taken = 0
            self.assertEqual(len(list(itertools.islice(client.map(urls(), concurrency=4, ordered=True), 20))), 20)
            self.assertLessEqual(taken, 28)

        async def main():
            nonlocal taken
            taken = 0
            async with httpx.AsyncClient() as client:
                responses = client.map(urls(), concurrency=4)
                for _ in range(20):
                    await anext(responses)
                await responses.aclose()

        asyncio.run(main())
        self.assertLessEqual(taken, 24)

    def test_what_can_be_requested(self):
        requests = [
            f"{self.server.url}/1",
            httpx.URL(f"{self.server.url}/2"),
            httpx.Request("POST", f"{self.server.url}/3", json={"a": 1}),
        ]
        for run in self.each():
            responses = run(iter(requests), ordered=True)
            self.assertEqual([response.request.method for response in responses], ["GET", "GET", "POST"])
            self.assertIs(responses[2].request, requests[2])
            self.assertEqual(self.server.requests[-1].body or self.server.requests[-2].body or self.server.requests[-3].body, b'{"a":1}')
            self.assertEqual(run([]), [])

    def test_settings_of_the_client_count(self):
        self.server.answers["GET", "/a"] = (302, [("Location", "/1"), ("Set-Cookie", "k=v")], b"")
        hooked = []

        def hook(request):
            hooked.append(request.url.path)

        async def async_hook(request):
            await asyncio.sleep(0)
            hooked.append(request.url.path)

        options = {"base_url": self.server.url, "follow_redirects": True, "headers": {"X-A": "b"}, "auth": ("user", "password")}
        for run, request_hook in zip(self.each(**options), [hook, async_hook]):
            [response] = run(["/a"])
            self.assertEqual((response.text, [r.status_code for r in response.history]), ("/1", [302]))
            sent = self.server.requests[-1].headers
            self.assertEqual((sent["X-A"], sent["Cookie"], sent["Authorization"][:6]), ("b", "k=v", "Basic "))
        for name, run in {
            "Client": self.clients(event_hooks={"request": [hook]})["Client"],
            "AsyncClient": self.clients(event_hooks={"request": [async_hook]})["AsyncClient"],
        }.items():
            with self.subTest(name):
                hooked.clear()
                run(self.urls(10))
                self.assertEqual(sorted(hooked), sorted(f"/{n}" for n in range(10)))

    def test_failures_are_returned(self):
        urls = [f"{self.server.url}/1", "http://127.0.0.1:9/", "http://[", "ftp://a/", f"{self.server.url}/missing", 7]
        self.server.answers["GET", "/missing"] = (404, [], b"")
        for run in self.each():
            got = run(urls, ordered=True)
            expected = [httpx.Response, httpx.ConnectError, httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.Response, TypeError]
            self.assertEqual([type(item) for item in got], expected)
            self.assertEqual(got[1].request.url, "http://127.0.0.1:9/")
            self.assertEqual(got[4].status_code, 404)

    def test_failures_are_raised(self):
        for run in self.each():
            with self.assertRaises(httpx.ConnectError):
                run(["http://127.0.0.1:9/", *self.urls(3)], on_error="raise", ordered=True)

    def test_a_failure_of_the_requests_ends_it(self):
        class Broken(Exception):
            pass

        def urls():
            yield from self.urls(3)
            raise Broken

        for run in self.each():
            with self.assertRaises(Broken):
                run(urls(), concurrency=1)

    def test_arguments(self):
        with httpx.Client() as client:
            for concurrency in [0, -1]:
                with self.assertRaisesRegex(ValueError, f"concurrency must be at least 1, not {concurrency}"):
                    client.map([], concurrency=concurrency)
            with self.assertRaisesRegex(ValueError, "on_error must be 'return' or 'raise', not \"skip\""):
                client.map([], on_error="skip")
            for requests in [None, 7]:
                with self.assertRaises(TypeError):
                    client.map(requests)
        with self.assertRaisesRegex(RuntimeError, "closed"):
            client.map([])

    def test_the_end_is_final(self):
        with httpx.Client() as client:
            responses = client.map(self.urls(1))
            self.assertEqual(len(list(responses)), 1)
            self.assertEqual(list(responses), [])
            responses = client.map(self.urls(3))
            next(responses)
            responses.close()
            self.assertEqual(list(responses), [])

    def wait_until(self, condition, what):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)

    def hanging(self, count):
        """URLs whose answers come when the server ends, and how many are being asked for."""
        waiting = []

        def hang(request):
            waiting.append(request)
            self.server.released.wait(60)
            return number(request)

        self.server.answers.update({("GET", f"/{n}"): hang for n in range(1, count)})
        return self.urls(count), waiting

    def connections(self):
        """How many of the server's connections are open, by what the system says."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            port = f":{self.server.server_port:04X}"
            rows = [line.split() for line in table.readlines()[1:]]
        return sum(row[1].endswith(port) and row[3] == "01" for row in rows)

    def test_ending_it_cancels_what_is_under_way(self):
        urls, waiting = self.hanging(6)
        with httpx.Client(timeout=None) as client:
            for end in ["close", "drop"]:
                with self.subTest(end):
                    waiting.clear()
                    responses = client.map(urls, concurrency=6)
                    self.assertEqual(next(responses).text, "/0")
                    self.wait_until(lambda: len(waiting) == 5, "the requests are sent")
                    if end == "close":
                        responses.close()
                        self.assertEqual(list(responses), [])
                    del responses
                    gc.collect()
                    self.wait_until(lambda: self.connections() <= 1, "their connections are closed")

    def test_cancelling_leaves_nothing_behind(self):
        urls, waiting = self.hanging(6)

        async def main():
            async with httpx.AsyncClient(timeout=None) as client:
                responses = client.map(urls, concurrency=6)
                self.assertEqual((await anext(responses)).text, "/0")
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await anext(responses)
                self.assertEqual([item async for item in responses], [])
                self.assertEqual(len(asyncio.all_tasks()), 1)
                while self.connections() > 1:
                    await asyncio.sleep(0.01)
                self.assertEqual((await client.get(f"{self.server.url}/0")).text, "/0")

        asyncio.run(asyncio.wait_for(main(), 60))

    def test_transports_written_in_python(self):
        class Transport(httpx.AsyncBaseTransport):
            def __init__(self):
                self.now = self.most = 0

            async def handle_async_request(self, request):
                self.now += 1
                self.most = max(self.most, self.now)
                await asyncio.sleep(0.02)
                self.now -= 1
                return httpx.Response(200, text=request.url.path)

        async def main():
            transport = Transport()
            async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
                got = [response.text async for response in client.map([f"/{n}" for n in range(20)], concurrency=5)]
                self.assertEqual((sorted(got), transport.most), (sorted(f"/{n}" for n in range(20)), 5))
                responses = client.map([f"/{n}" for n in range(20)], concurrency=5)
                await anext(responses)
                await responses.aclose()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                self.assertEqual(len(asyncio.all_tasks()), 1)

        asyncio.run(main())
        with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, text=request.url.path))) as client:
            self.assertEqual([r.text for r in client.map(["http://a/1", "http://a/2"])], ["/1", "/2"])

    def test_overridden_methods(self):
        class Client(httpx.Client):
            def send(self, request, **options):
                request.headers["X-Mine"] = "yes"
                return super().send(request, **options)

        with Client() as client:
            requests = [f"{self.server.url}/1", client.build_request("GET", f"{self.server.url}/2")]
            self.assertEqual(len(list(client.map(requests))), 2)
        self.assertEqual([request.headers["X-Mine"] for request in self.server.requests], ["yes", "yes"])

    def test_two_callers_at_once(self):
        async def main():
            async with httpx.AsyncClient() as client:
                responses = client.map(self.urls(4), concurrency=1)
                first, second = await asyncio.gather(anext(responses), anext(responses), return_exceptions=True)
                self.assertIsInstance(first, httpx.Response)
                self.assertIsInstance(second, RuntimeError)
                self.assertEqual(len([r async for r in responses]), 3)

        asyncio.run(main())

    def test_nothing_is_kept_alive(self):
        with httpx.Client() as client:
            responses = client.map(self.urls(3))
            seen = weakref.ref(next(responses))
            gc.collect()
            self.assertIsNone(seen())
            alive = weakref.ref(responses)
            del responses
            gc.collect()
            self.assertIsNone(alive())


if __name__ == "__main__":
    unittest.main()
