"""The twin of peer.mjs for CPython with PyPI's websockets: `peer.py server`, or `peer.py client URI`."""

import asyncio
import sys

import websockets

MESSAGES = ["text", "ʹ héllo ☕", "", bytes([0, 1, 254, 255]), "x" * 70000, b"\7" * 300000]


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def serve():
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def talk(uri):
    async with websockets.connect(uri) as websocket:
        for message in MESSAGES:
            await websocket.send(message)
            assert await websocket.recv() == message, message
        await websocket.close(4000, "done")
    print("ok")


asyncio.run(serve() if sys.argv[1] == "server" else talk(sys.argv[2]))
