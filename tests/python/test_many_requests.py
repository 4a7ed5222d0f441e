"""Thousands of requests at once on one client."""

import asyncio
import os
import resource
import time
import unittest

import httpx

URL = os.environ["TAURARO_TEST_HTTP"]
COUNT = int(os.environ.get("TAURARO_TEST_MANY", 2000))
PATIENCE = 60


class ManyTest(unittest.TestCase):
    def test_gathered(self):
        async def run():
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                started = time.perf_counter()
                responses = await asyncio.gather(*(client.get(f"{URL}/json?number={number}") for number in range(COUNT)))
                took = time.perf_counter() - started
            self.assertEqual({(response.status_code, len(response.content)) for response in responses}, {(200, 1024)})
            self.assertEqual([response.url.query for response in responses], [b"number=%d" % n for n in range(COUNT)])
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"\n{COUNT} requests at once: {took:.2f} s, {took / COUNT * 1e6:.0f} µs each, {peak:.0f} MiB at most")

        asyncio.run(run())

    def test_streamed(self):
        async def read(client, number):
            async with client.stream("GET", f"{URL}/chunked/20000?size=1000&number={number}") as response:
                return sum([len(chunk) async for chunk in response.aiter_bytes()])

        async def run():
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                sizes = await asyncio.gather(*(read(client, number) for number in range(COUNT // 4)))
            self.assertEqual(set(sizes), {20000})

        asyncio.run(run())

    def test_descriptors_that_run_out(self):
        async def run():
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                await client.get(f"{URL}/json")
                soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
                resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 20, hard))
                try:
                    requests = (client.get(f"{URL}/json") for _ in range(100))
                    answers = await asyncio.gather(*requests, return_exceptions=True)
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                failures = {f"{type(answer).__name__}: {answer}" for answer in answers if isinstance(answer, Exception)}
                self.assertEqual(failures, {"ConnectError: [Errno 24] Too many open files"})
                self.assertEqual((await client.get(f"{URL}/json")).status_code, 200)

        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()
