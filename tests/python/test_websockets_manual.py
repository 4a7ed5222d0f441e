"""The manual's examples of `websockets`, as they are written there but for the addresses."""

import asyncio
import contextlib
import io
import json
import unittest

import websockets

PATIENCE = 30  # seconds after which an example that hangs is given up


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


@contextlib.asynccontextmanager
async def serving(handler, **options):
    async with websockets.serve(handler, '127.0.0.1', 0, **options) as server:
        yield 'ws://127.0.0.1:%d' % server.sockets[0].getsockname()[1]


def printed_by(coroutine):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        run(coroutine)
    return out.getvalue()


async def echo_handler(websocket, path):
    async for message in websocket:
        print(f'Received: {message}')
        await websocket.send(f'Echo: {message}')


class Manual(unittest.TestCase):
    def test_client(self):
        async def main():
            async with serving(echo_handler) as uri:
                async with websockets.connect(uri) as websocket:
                    await websocket.send('Hello, Server!')
                    response = await websocket.recv()
                    print(f'Received: {response}')

        self.assertEqual(printed_by(main()), 'Received: Hello, Server!\nReceived: Echo: Hello, Server!\n')

    def test_json_chat_client(self):
        async def repeat(websocket):
            async for message in websocket:
                await websocket.send(message)

        async def main():
            async with serving(repeat) as uri:
                async with websockets.connect(uri) as ws:
                    await ws.send(json.dumps({'type': 'chat', 'text': 'Hello!'}))
                    data = json.loads(await ws.recv())
                    print(f'Got: {data}')

        self.assertEqual(printed_by(main()), "Got: {'type': 'chat', 'text': 'Hello!'}\n")

    def test_server(self):
        async def main():
            server = await websockets.serve(echo_handler, 'localhost', 0)
            port = server.sockets[0].getsockname()[1]
            waiting = asyncio.create_task(server.wait_closed())
            async with websockets.connect(f'ws://localhost:{port}') as ws:
                await ws.send('one')
                self.assertEqual(await ws.recv(), 'Echo: one')
            self.assertFalse(waiting.done())
            server.close()
            await waiting

        self.assertEqual(printed_by(main()), 'Received: one\n')

    def test_path_of_handlers_with_two_arguments(self):
        paths = []

        async def handler(websocket, path):
            paths.append((path, websocket.request.path))

        async def main():
            async with serving(handler) as uri:
                async with websockets.connect(uri + '/chat?room=1') as ws:
                    await ws.wait_closed()

        run(main())
        self.assertEqual(paths, [('/chat?room=1', '/chat?room=1')])

    def test_handlers_of_other_shapes(self):
        seen = []

        async def one(websocket):
            seen.append('one')

        async def optional(websocket, path=None):
            seen.append(path)

        class Object:
            async def method(self, websocket, path):
                seen.append(path)

            async def __call__(self, websocket):
                seen.append('call')

        async def main():
            for handler in [one, optional, Object().method, Object()]:
                async with serving(handler) as uri:
                    async with websockets.connect(uri + '/x') as ws:
                        await ws.wait_closed()

        run(main())
        self.assertEqual(seen, ['one', None, '/x', 'call'])

    def test_ticker(self):
        async def exchange(websocket):
            request = json.loads(await websocket.recv())
            self.assertEqual(request, {'action': 'subscribe', 'channel': 'ticker', 'symbol': 'BTC/USD'})
            for price in range(3):
                await websocket.send(json.dumps({'type': 'ticker', 'price': price}))

        async def main():
            async with serving(exchange) as uri:
                with contextlib.suppress(websockets.exceptions.ConnectionClosed):
                    async with websockets.connect(uri) as ws:
                        await ws.send(json.dumps({'action': 'subscribe', 'channel': 'ticker', 'symbol': 'BTC/USD'}))
                        while True:
                            message = json.loads(await ws.recv())
                            if message['type'] == 'ticker':
                                print(f"BTC Price: ${message['price']}")

        self.assertEqual(printed_by(main()), 'BTC Price: $0\nBTC Price: $1\nBTC Price: $2\n')

    def robust(self, uri, patience=5.0, timeout=10):
        async def robust_client():
            try:
                async with websockets.connect(uri, timeout=timeout) as ws:
                    await ws.send('Hello!')
                    try:
                        response = await asyncio.wait_for(ws.recv(), timeout=patience)
                        print(response)
                    except asyncio.TimeoutError:
                        print('Receive timed out')
            except websockets.exceptions.ConnectionClosed:
                print('Connection closed')
            except Exception as e:
                print(f'Error: {e}')

        return robust_client()

    def test_error_handling(self):
        async def closing(websocket):
            await websocket.recv()

        async def silent(websocket):
            await websocket.wait_closed()

        async def mute(reader, writer):
            await reader.read()
            writer.close()

        async def main():
            async with serving(echo_handler) as uri:
                await self.robust(uri)
            async with serving(silent) as uri:
                await self.robust(uri, patience=0.01)
            async with serving(closing) as uri:
                await self.robust(uri)
            async with await asyncio.start_server(mute, '127.0.0.1', 0) as server:
                await self.robust('ws://127.0.0.1:%d' % server.sockets[0].getsockname()[1], timeout=0.05)
            await self.robust(uri)

        lines = printed_by(main()).splitlines()
        self.assertEqual(lines[:-1], ['Received: Hello!', 'Echo: Hello!', 'Receive timed out', 'Connection closed',
                                      'Error: timed out during opening handshake'])
        self.assertRegex(lines[-1], 'Error: .*Connect')


if __name__ == '__main__':
    unittest.main()
