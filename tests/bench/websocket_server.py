"""What the benchmark has each Python do as a server: `websocket_server.py LOOP [CERTIFICATE KEY]`.

LOOP is `asyncio` or `uvloop`; with the PEM files of a certificate and its key it serves over TLS. Prints the port of a server that echoes. Each line of standard input is an
order, answered with a line of JSON: `usage` with the processor's seconds used so far, `broadcast` with the
seconds that handing one message to every connection took. Ends with its standard input.
"""

import asyncio
import json
import logging
import ssl
import sys
import threading
import time

from websockets.asyncio.server import broadcast, serve

# The benchmark drops idle connections without a closing handshake, which would log an error for each.
logging.getLogger("websockets").setLevel(logging.CRITICAL)
tls = None
if len(sys.argv) > 2:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[2], sys.argv[3])


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def main():
    orders = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(orders.put_nowait, line.strip())
        loop.call_soon_threadsafe(orders.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    async with serve(echo, "127.0.0.1", 0, ssl=tls, ping_interval=None, backlog=4096) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        while (order := await orders.get()) is not None:
            started = time.perf_counter()
            if order == "broadcast":
                broadcast(server.connections, "x" * 64)
            seconds = time.perf_counter() - started if order == "broadcast" else time.process_time()
            print(json.dumps({"seconds": seconds}), flush=True)


if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
