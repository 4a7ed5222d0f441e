"""Echoes for Autobahn's test suite: `echo.py server API` or `echo.py client API URL AGENT`.

API is `asyncio` or `sync`. The server prints its port. The client asks the suite's server for the number of cases and
runs each. Connections that end with an error are normal: many cases provoke one.
"""

import asyncio
import sys
from urllib.parse import urlencode

from websockets.asyncio.client import connect as connect_async
from websockets.asyncio.server import serve as serve_async
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect
from websockets.sync.server import serve

OPTIONS = {"max_size": None, "ping_interval": None, "close_timeout": 2}


async def echo_async(websocket):
    try:
        async for message in websocket:
            await websocket.send(message)
    except ConnectionClosed:
        pass  # many cases provoke this


def echo(websocket):
    try:
        for message in websocket:
            websocket.send(message)
    except ConnectionClosed:
        pass


async def server_async():
    async with serve_async(echo_async, "127.0.0.1", 0, **OPTIONS) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


def server():
    with serve(echo, "127.0.0.1", 0, **OPTIONS) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


async def client_async(url, agent):
    async with connect_async(f"{url}/getCaseCount", proxy=None, **OPTIONS) as websocket:
        count = int(await websocket.recv())
    for case in range(1, count + 1):
        try:
            async with connect_async(f"{url}/runCase?{urlencode({'case': case, 'agent': agent})}", proxy=None, **OPTIONS) as websocket:
                await echo_async(websocket)
        except (InvalidHandshake, OSError, EOFError) as error:
            print(f"case {case} of {count}: {error!r}", file=sys.stderr)
    async with connect_async(f"{url}/updateReports?{urlencode({'agent': agent})}", proxy=None, **OPTIONS) as websocket:
        await echo_async(websocket)


def client(url, agent):
    with connect(f"{url}/getCaseCount", proxy=None, **OPTIONS) as websocket:
        count = int(websocket.recv())
    for case in range(1, count + 1):
        try:
            with connect(f"{url}/runCase?{urlencode({'case': case, 'agent': agent})}", proxy=None, **OPTIONS) as websocket:
                echo(websocket)
        except (InvalidHandshake, OSError, EOFError) as error:
            print(f"case {case} of {count}: {error!r}", file=sys.stderr)
    with connect(f"{url}/updateReports?{urlencode({'agent': agent})}", proxy=None, **OPTIONS) as websocket:
        echo(websocket)


def main():
    role, api, *arguments = sys.argv[1:]
    match role, api:
        case "server", "asyncio":
            asyncio.run(server_async())
        case "server", "sync":
            server()
        case "client", "asyncio":
            asyncio.run(client_async(*arguments))
        case "client", "sync":
            client(*arguments)
        case _:
            sys.exit(f"no such peer: {role} {api}")


main()
