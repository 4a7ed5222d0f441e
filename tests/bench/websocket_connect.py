"""Opens and closes connections, for the benchmark of Pythons: `websocket_connect.py LOOP URL COUNT`.

LOOP is `asyncio` or `uvloop`. Each connection is closed before the next is opened. Prints the total time as JSON, in
seconds.
"""

import asyncio
import json
import os
import ssl
import sys
import time

import websockets

loop, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
tls = ssl.create_default_context(cafile=os.environ["TAURARO_BENCH_CA"]) if url.startswith("wss:") else None


async def open_and_close():
    async with websockets.connect(url, proxy=None, ssl=tls):
        pass


async def main():
    await open_and_close()
    started = time.perf_counter()
    for _ in range(count):
        await open_and_close()
    print(json.dumps({"seconds": time.perf_counter() - started}))


if loop == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
