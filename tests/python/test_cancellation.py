"""Requests that are given up: nothing of them may stay behind."""

import asyncio
import contextlib
import gc
import os
import socket
import threading
import unittest

import httpx
from hostile import ON_TAURARO, PATIENCE, Both, RawServer
from test_robustness import Script

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


def hang(connection):
    """Says nothing until the client hangs up, but takes what it sends."""
    while connection.recv(65536):
        pass


def half(connection):
    """Sends part of a body."""
    connection.sendall(HEAD + b"x" * 1000)
    hang(connection)


async def endless_body():
    while True:
        yield b"x" * 65536


def resident_mebibytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Body:
    """An asynchronous body that knows when it was begun and closed."""

    def __init__(self, chunks=1_000_000):
        self.chunks = chunks
        self.begun = self.closed = 0

    async def __call__(self):
        self.begun += 1
        try:
            for _ in range(self.chunks):
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            self.closed += 1


class CancellationTest(Both):
    def setUp(self):
        super().setUp()
        self.enterContext(self.nothing_left())
        self.server = self.enterContext(RawServer({"/hang": hang, "/half": half}, backlog=2048))

    def run_with_client(self, function, **options):
        """Runs `function(client)` and sees whether the client, and nothing else, is there afterwards."""

        async def run():
            limits = options.pop("limits", httpx.Limits(max_connections=50))
            async with httpx.AsyncClient(limits=limits, timeout=PATIENCE, trust_env=False, **options) as client:
                await function(client)
                self.assertEqual(len(asyncio.all_tasks()), 1, "tasks are left")
                await asyncio.to_thread(self.server.wait_until, lambda server: server.open == 0, "connections are left")
                # Every slot of the pool can be had, at once.
                count = limits.max_connections
                together = threading.Barrier(count)

                def answer(connection):
                    together.wait(PATIENCE)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

                self.server.answers["/together"] = answer
                responses = await asyncio.gather(*(client.get(f"{self.server.url}/together") for _ in range(count)))
                self.assertEqual({response.status_code for response in responses}, {200})

        self.call("async", run)

    async def cancel_all(self, tasks):
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self.assertEqual({type(result) for result in results}, {asyncio.CancelledError})

    async def until(self, condition, what):
        await asyncio.to_thread(self.server.wait_until, condition, what)

    def test_a_thousand_requests(self):
        before = resident_mebibytes()

        async def cancel(client):
            for path, arguments in [
                ("/hang", lambda: {}),
                ("/half", lambda: {}),
                ("/hang", lambda: {"content": b"x" * 1000}),
                ("/hang", lambda: {"content": endless_body()}),
            ]:
                seen = len(self.server.requests)
                tasks = [
                    asyncio.create_task(client.request("POST", f"{self.server.url}{path}", **arguments()))
                    for _ in range(250)
                ]
                # Fifty are with the server, the others wait for a slot of the pool.
                await self.until(lambda server: len(server.requests) - seen >= 50, path)
                await self.cancel_all(tasks)
                await self.until(lambda server: server.open == 0, "connections are left")
                # Slots that were given back may have gone to others before those were cancelled.
                self.assertLess(len(self.server.requests) - seen, 250)

        self.run_with_client(cancel)
        gc.collect()
        print(f"\n1,000 requests cancelled: {before:.0f} MiB before, {resident_mebibytes():.0f} MiB after")

    def test_before_anything_was_done(self):
        async def cancel(client):
            await self.cancel_all([asyncio.create_task(client.get(f"{self.server.url}/hang")) for _ in range(100)])
            self.assertEqual(self.server.requests, [])

        self.run_with_client(cancel)

    def test_at_every_step(self):
        async def run():
            async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
                for steps in range(100):
                    task = asyncio.create_task(client.get(f"{self.server.url}/good"))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        self.assertEqual((await task).content, b"good")
                self.assertEqual((await client.get(f"{self.server.url}/good")).content, b"good")
            await self.until(lambda server: server.open == 0, "connections are left")

        self.call("async", run)

    def test_connecting(self):
        # A queue that is full makes connecting wait.
        listener = self.enterContext(socket.create_server(("127.0.0.1", 0), backlog=0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            self.enterContext(filler)
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())

        async def cancel(client):
            tasks = [asyncio.create_task(client.get(url)) for _ in range(50)]
            await asyncio.sleep(0.05)
            await self.cancel_all(tasks)

        self.run_with_client(cancel)

    def test_timeouts_of_asyncio(self):
        async def give_up(client):
            url = f"{self.server.url}/hang"
            for _ in range(10):
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await client.get(url)
                with self.assertRaises(TimeoutError):
                    await asyncio.wait_for(client.post(url, content=endless_body()), 0.02)
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.02), client.stream("GET", f"{self.server.url}/half") as response:
                        async for _ in response.aiter_bytes():
                            pass

        self.run_with_client(give_up)

    def test_a_task_group_that_fails(self):
        async def fail(client):
            seen = len(self.server.requests)
            with self.assertRaises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    for path in ["/hang", "/half"] * 20:
                        group.create_task(client.get(f"{self.server.url}{path}"))
                    await self.until(lambda server: len(server.requests) - seen >= 40, "requests")
                    raise KeyError("x")
            self.assertIsInstance(caught.exception.exceptions[0], KeyError)

        self.run_with_client(fail)

    def test_bodies_are_closed(self):
        body = Body()

        async def cancel(client):
            task = asyncio.create_task(client.post(f"{self.server.url}/hang", content=body()))
            await self.until(lambda server: server.requests, "the request")
            await self.cancel_all([task])
            gc.collect()
            await asyncio.sleep(0.01)
            self.assertEqual((body.begun, body.closed), (1, 1))

        self.run_with_client(cancel)

    def test_streams_left_early(self):
        async def leave(client):
            async def by_return():
                async with client.stream("GET", f"{self.server.url}/half") as response:
                    return await anext(response.aiter_bytes())

            for _ in range(60):  # more than there are slots
                self.assertEqual(len(await by_return()), 1000)
                async with client.stream("GET", f"{self.server.url}/half") as response:
                    async for _ in response.aiter_raw():
                        break
                self.assertTrue(response.is_closed)
                with self.assertRaises(KeyError):
                    async with client.stream("GET", f"{self.server.url}/half") as response:
                        raise KeyError("x")
                self.assertTrue(response.is_closed)

        self.run_with_client(leave)

    @unittest.skipUnless(ON_TAURARO, "PyPI's httpx keeps them")
    def test_responses_never_closed(self):
        async def forget(client):
            for _ in range(60):  # more than there are slots
                response = await client.send(client.build_request("GET", f"{self.server.url}/half"), stream=True)
                self.assertEqual(response.status_code, 200)
                del response
            gc.collect()

        self.run_with_client(forget)

    def test_closing_the_client(self):
        async def run():
            client = httpx.AsyncClient(timeout=PATIENCE, trust_env=False)
            tasks = [asyncio.create_task(client.get(f"{self.server.url}/hang")) for _ in range(10)]
            await self.until(lambda server: len(server.requests) == 10, "requests")
            await client.aclose()
            with self.assertRaises(RuntimeError):
                await client.get(self.server.url)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                self.assertIsInstance(result, (asyncio.CancelledError, httpx.TransportError))
            await self.until(lambda server: server.open == 0, "connections are left")

        self.call("async", run)

    def test_closing_the_loop(self):
        for path in ("/hang", "/half"):
            with self.subTest(path):
                loop = asyncio.new_event_loop()
                client = httpx.AsyncClient(timeout=PATIENCE, trust_env=False)
                seen = len(self.server.requests)

                async def start():
                    return [asyncio.create_task(client.get(f"{self.server.url}{path}")) for _ in range(10)]

                tasks = loop.run_until_complete(start())
                loop.run_until_complete(self.until(lambda server: len(server.requests) - seen == 10, "requests"))
                # What asyncio says of tasks that never end is not what is tested here.
                loop.set_exception_handler(lambda loop, context: None)
                loop.close()
                del tasks, start, client
                gc.collect()
                self.server.wait_until(lambda server: server.open == 0, "connections are left")

    def test_a_coroutine_never_awaited(self):
        client = httpx.AsyncClient(trust_env=False)
        client.get(f"{self.server.url}/hang").close()
        self.assertEqual(self.server.requests, [])
        self.call("async", client.aclose)


class InterruptTest(unittest.TestCase):
    def test_ctrl_c(self):
        source = """
            import asyncio, sys, httpx

            async def main():
                async with httpx.AsyncClient(timeout=None) as client:
                    try:
                        await asyncio.gather(*(client.get(sys.argv[1]) for _ in range(20)))
                    finally:
                        print(len(asyncio.all_tasks()), flush=True)

            try:
                asyncio.run(main())
            except KeyboardInterrupt:
                print("interrupted", flush=True)
            sys.stdin.readline()
        """
        with RawServer({"/hang": hang}) as server, Script(source, f"{server.url}/hang") as script:
            server.wait_until(lambda server: len(server.requests) == 20, "requests")
            script.interrupt()
            script.process.stdout.readline()
            self.assertEqual(script.process.stdout.readline(), "interrupted\n")
            server.wait_until(lambda server: server.open == 0, "connections are left")
            status, _, errors = script.finish()
        self.assertEqual((status, errors), (0, ""))


if __name__ == "__main__":
    unittest.main()
