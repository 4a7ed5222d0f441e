"""What the benchmark has each Python do at once: `at_once.py CLIENT URL WORKERS REQUESTS GATHERED`.

CLIENT is `httpx` or `aiohttp`; the latter runs on uvloop. WORKERS tasks share REQUESTS GETs of the
JSON document, each parsed; then GATHERED more are awaited all at once. Prints as JSON the seconds of
a request in the first part, those of the whole second part, and the peak of the process's memory in
MiB.
"""

import asyncio
import json
import resource
import sys
import time

client_name, url = sys.argv[1:3]
workers, requests, gathered = map(int, sys.argv[3:6])


async def measure(get):
    async def work(count):
        for _ in range(count):
            assert len((await get())["items"]) == 12

    async def share(total):
        await asyncio.gather(*(work(total // workers) for _ in range(workers)))

    await share(workers * 4)
    started = time.perf_counter()
    await share(requests)
    each = (time.perf_counter() - started) / (requests // workers * workers)
    started = time.perf_counter()
    await asyncio.gather(*(work(1) for _ in range(gathered)))
    whole = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"each": each, "gathered": whole, "peak": peak}))


async def main_httpx():
    import httpx

    async with httpx.AsyncClient(timeout=None) as client:

        async def get():
            return (await client.get(f"{url}/json")).json()

        await measure(get)


async def main_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session:

        async def get():
            async with session.get(f"{url}/json") as response:
                return await response.json()

        await measure(get)


if client_name == "aiohttp":
    import uvloop

    uvloop.run(main_aiohttp())
else:
    asyncio.run(main_httpx())
