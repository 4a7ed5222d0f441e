"""What the benchmark has each Python do as a client: `websocket_client.py LOOP URL ROUND_TRIPS LARGE`.

LOOP is `asyncio` or `uvloop`. ROUND_TRIPS messages of 64 bytes go one after the other to a server that echoes,
then LARGE binary ones of 64 KiB, sixteen at a time. Prints as JSON the median seconds of a round trip, the
processor's seconds for each, and the MiB each way in a second.
"""

import asyncio
import json
import os
import ssl
import statistics
import sys
import time

import websockets

loop, url = sys.argv[1:3]
round_trips, large = map(int, sys.argv[3:5])
tls = ssl.create_default_context(cafile=os.environ["TAURARO_BENCH_CA"]) if url.startswith("wss:") else None
WINDOW = 16


async def main():
    async with websockets.connect(url, proxy=None, ssl=tls) as ws:
        message = "x" * 64
        for _ in range(round_trips // 10):
            await ws.send(message)
            await ws.recv()
        times = []
        used = time.process_time()
        for _ in range(round_trips):
            started = time.perf_counter()
            await ws.send(message)
            echo = await ws.recv()
            times.append(time.perf_counter() - started)
        used = (time.process_time() - used) / round_trips
        assert echo == message

        data = bytes(range(256)) * 256
        started = time.perf_counter()
        for _ in range(large // WINDOW):
            for _ in range(WINDOW):
                await ws.send(data)
            for _ in range(WINDOW):
                echo = await ws.recv()
        took = time.perf_counter() - started
        assert echo == data
    mebibytes = large // WINDOW * WINDOW / 16
    print(json.dumps({"round_trip": statistics.median(times), "cpu": used, "throughput": mebibytes / took}))


if loop == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
