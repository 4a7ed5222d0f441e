"""A chat room over WebSocket: the server, and a client for the terminal.

    tauraro scripts/chat.py serve --port 8765
    tauraro scripts/chat.py join ws://localhost:8765/kitchen --name Amina
    tauraro scripts/chat.py --demo

The path is the room. Messages are JSON: {"from": name, "text": text}.
"""

import argparse
import asyncio
import collections
import json
import sys

import websockets
from websockets.asyncio.server import broadcast, serve

rooms = collections.defaultdict(set)


async def room(websocket):
    """Forwards the messages of one member, until they leave."""
    path = websocket.request.path
    name = websocket.request.headers.get("X-Name", "somebody")
    members = rooms[path]

    def tell(sender, text):
        broadcast(members, json.dumps({"from": sender, "text": text}))

    members.add(websocket)
    tell("room", f"{name} is here, {len(members)} in all")
    try:
        async for text in websocket:
            tell(name, text)
    except websockets.ConnectionClosedError:
        pass
    finally:
        members.discard(websocket)
        tell("room", f"{name} has left")
        if not members:
            rooms.pop(path, None)


async def run_server(host, port):
    async with serve(room, host, port, max_size=16 * 1024) as server:
        print(f"The chat is on ws://{host}:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


async def print_messages(websocket):
    async for message in websocket:
        message = json.loads(message)
        print(f"\r{message['from']}: {message['text']}", flush=True)


async def join(uri, name):
    async with websockets.connect(uri, additional_headers={"X-Name": name}) as websocket:
        printing = asyncio.create_task(print_messages(websocket))
        # Input is read in a thread: waiting for it blocks nothing else.
        while line := await asyncio.to_thread(sys.stdin.readline):
            if printing.done():
                break
            await websocket.send(line.rstrip("\n"))
        await websocket.close()
        await printing


async def demo():
    async with serve(room, "127.0.0.1", 0) as server:
        uri = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/kitchen"

        async def member(name, lines, seen):
            async with websockets.connect(uri, additional_headers={"X-Name": name}, proxy=None) as websocket:
                await asyncio.sleep(0.1)
                for line in lines:
                    await websocket.send(line)
                async for message in websocket:
                    message = json.loads(message)
                    seen.append(f"{message['from']}: {message['text']}")
                    if message["text"] == "bye":
                        return

        seen = []
        await asyncio.gather(member("Amina", ["Sannu!"], seen), member("Bello", ["Yauwa, sannu!", "bye"], []))
        print("\n".join(seen))


def main():
    parser = argparse.ArgumentParser(description="Chat over WebSocket.")
    parser.add_argument("--demo", action="store_true", help="a server and two members in this process")
    commands = parser.add_subparsers(dest="command")
    server = commands.add_parser("serve", help="open the rooms")
    server.add_argument("--host", default="localhost")
    server.add_argument("--port", type=int, default=8765)
    client = commands.add_parser("join", help="enter a room")
    client.add_argument("uri")
    client.add_argument("--name", default="somebody")
    options = parser.parse_args()
    if options.demo:
        asyncio.run(demo())
    elif options.command == "serve":
        asyncio.run(run_server(options.host, options.port))
    elif options.command == "join":
        asyncio.run(join(options.uri, options.name))
    else:
        parser.error("serve, join or --demo is required")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except (OSError, websockets.InvalidHandshake, websockets.InvalidURI) as error:
        sys.exit(f"error: {error}")
