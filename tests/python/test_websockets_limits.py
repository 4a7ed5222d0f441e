"""The marks of `max_queue` and `write_limit`: which are taken, and what says so of those that are not."""

import asyncio
import threading
import unittest

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.sync import client as sync_client
from websockets.sync import server as sync_server

GOOD = [None, 0, 1, 16, 2**70, (16, 4), (4, 4), (16, None), (None, 3), (None, None), (2**70, 2**69)]
BAD = [-1, (1, 5), (5, -1), (None, -1)]


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


def sync_echo(websocket):
    for message in websocket:
        websocket.send(message)


class LimitTest(unittest.TestCase):
    def test_asyncio(self):
        async def main():
            async with serve(echo, "127.0.0.1", 0) as server:
                url = "ws://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
                for name in ("max_queue", "write_limit"):
                    for marks in GOOD:
                        with self.subTest(name=name, marks=marks):
                            async with asyncio.timeout(10), connect(url, **{name: marks}) as websocket:
                                await websocket.send("hello")
                                self.assertEqual(await websocket.recv(), "hello")
                    for marks in BAD:
                        with self.subTest(name=name, marks=marks):
                            with self.assertRaises(ValueError) as caught:
                                async with asyncio.timeout(10), connect(url, **{name: marks}):
                                    self.fail("connected")
                            self.assertIn(name, str(caught.exception))
                            self.assertIn(repr(marks), str(caught.exception))
                            with self.assertRaisesRegex(ValueError, name):
                                serve(echo, "127.0.0.1", 0, **{name: marks})

        asyncio.run(main())

    def test_threads(self):
        with sync_server.serve(sync_echo, "127.0.0.1", 0) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                url = "ws://127.0.0.1:%d" % server.socket.getsockname()[1]
                for marks in GOOD:
                    with self.subTest(marks=marks), sync_client.connect(url, max_queue=marks) as websocket:
                        websocket.send("hello")
                        self.assertEqual(websocket.recv(10), "hello")
                for marks in BAD:
                    with self.subTest(marks=marks):
                        with self.assertRaisesRegex(ValueError, "max_queue"):
                            sync_client.connect(url, max_queue=marks)
                        with self.assertRaisesRegex(ValueError, "max_queue"):
                            sync_server.serve(sync_echo, "127.0.0.1", 0, max_queue=marks)
            finally:
                server.shutdown()
                thread.join()


if __name__ == "__main__":
    unittest.main()
