"""asyncio's WebSocket clients and servers: cancellation, faults of the peer, limits, proxies, very many connections."""

import asyncio
import base64
import contextlib
import gc
import hashlib
import inspect
import logging
import os
import socket
import struct
import unittest
import weakref

import websockets
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.asyncio.server import ServerConnection, broadcast, serve, unix_serve
from websockets.exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidStatus,
    ProxyError,
)

PATIENCE = 30  # seconds after which a test that hangs is given up

logging.getLogger('websockets').addHandler(logging.NullHandler())


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


async def echo(connection):
    async for message in connection:
        await connection.send(message)


def uri_of(server):
    return 'ws://127.0.0.1:%d' % server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def serving(handler=echo, **options):
    async with serve(handler, '127.0.0.1', 0, **options) as server:
        yield uri_of(server)


def frame(opcode, payload=b'', fin=True):
    """A frame of a server."""
    size = len(payload)
    head = bytes([opcode | (0x80 if fin else 0)])
    if size < 126:
        return head + bytes([size]) + payload
    return head + bytes([126]) + struct.pack('!H', size) + payload


@contextlib.asynccontextmanager
async def raw_server(talk):
    """A server that does the handshake and leaves the rest to `talk(reader, writer)`."""
    talks = []

    async def handle(reader, writer):
        talks.append(asyncio.current_task())
        head = await reader.readuntil(b'\r\n\r\n')
        key = next(line.split(b': ')[1] for line in head.split(b'\r\n') if line.startswith(b'Sec-WebSocket-Key'))
        accept = base64.b64encode(hashlib.sha1(key + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest())
        writer.write(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                     b'Sec-WebSocket-Accept: ' + accept + b'\r\n\r\n')
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, '127.0.0.1', 0)
    try:
        yield uri_of(server)
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


class Messages(unittest.TestCase):
    def test_echo_of_all_sizes(self):
        async def main():
            async with serving(max_size=None) as uri:
                for compression in (None, 'deflate'):
                    async with connect(uri, compression=compression, max_size=None) as ws:
                        for size in (0, 1, 125, 126, 127, 65535, 65536, 300_000):
                            for message in ('é' * size, os.urandom(size)):
                                await ws.send(message)
                                self.assertEqual(await ws.recv(), message)

        run(main())

    def test_fragments_of_either_kind_of_iterable(self):
        async def parts():
            for part in ('a', 'é', ''):
                await asyncio.sleep(0)
                yield part

        async def main():
            async with serving() as uri, connect(uri) as ws:
                await ws.send(['x', 'y'])
                self.assertEqual(await ws.recv(), 'xy')
                await ws.send(part for part in (b'1', bytearray(b'2'), memoryview(b'3')))
                self.assertEqual(await ws.recv(), b'123')
                await ws.send(parts())
                self.assertEqual(await ws.recv(), 'aé')
                await ws.send([])
                await ws.send('after')
                self.assertEqual(await ws.recv(), 'after')

        run(main())

    def test_streaming_gives_fragments(self):
        async def fragments(connection):
            await connection.send(['é'.encode()[:1], 'é'.encode()[1:], b'z'], text=True)
            await connection.send('next')

        async def main():
            async with serving(fragments) as uri, connect(uri) as ws:
                received = [part async for part in ws.recv_streaming()]
                self.assertEqual(''.join(received), 'éz')
                self.assertGreater(len(received), 1)
                self.assertEqual(await ws.recv(decode=False), b'next')

        run(main())

    def test_unawaited_send_sends_nothing(self):
        async def main():
            async with serving() as uri, connect(uri) as ws:
                with self.assertWarnsRegex(RuntimeWarning, 'never awaited'):
                    ws.send('lost')
                    gc.collect()
                await ws.send('kept')
                self.assertEqual(await ws.recv(), 'kept')

        run(main())

    def test_are_coroutines(self):
        for cls in (ClientConnection, ServerConnection):
            for name in ('recv', 'send', 'close', 'wait_closed', 'ping', 'pong'):
                self.assertTrue(inspect.iscoroutinefunction(getattr(cls, name)), name)
            self.assertTrue(issubclass(cls, asyncio.Protocol))

        async def main():
            async with serving() as uri, connect(uri) as ws:
                self.assertTrue(inspect.iscoroutinefunction(ws.send))
                receiving = ws.recv()
                self.assertTrue(asyncio.iscoroutine(receiving))
                receiving.close()

        run(main())

    def test_subclasses_see_what_they_override(self):
        seen = []

        class Connection(ClientConnection):
            def process_event(self, event):
                seen.append(type(event).__name__)
                super().process_event(event)

            async def recv(self, decode=None):
                return (await super().recv(decode)).upper()

        async def main():
            async with serving() as uri, connect(uri, create_connection=Connection) as ws:
                await ws.send('a')
                self.assertEqual(await ws.recv(), 'A')
                await ws.send('b')
                async for message in ws:
                    self.assertEqual(message, 'B')
                    break

        run(main())
        self.assertEqual(seen[:3], ['Response', 'Frame', 'Frame'])


class Cancellation(unittest.TestCase):
    def test_of_recv_loses_nothing(self):
        async def count(connection):
            for number in range(200):
                await connection.send(str(number))
                await asyncio.sleep(0)

        async def main():
            received = []
            async with serving(count) as uri, connect(uri) as ws:
                turn = 0
                while True:
                    task = asyncio.create_task(ws.recv())
                    for _ in range(turn % 4):
                        await asyncio.sleep(0)
                    turn += 1
                    task.cancel()
                    try:
                        received.append(await task)
                    except asyncio.CancelledError:
                        pass
                    except ConnectionClosedOK:
                        break
            self.assertEqual(received, [str(number) for number in range(200)])

        run(main())

    def test_of_recv_within_a_fragmented_message(self):
        async def slowly(connection):
            async def parts():
                for part in 'abc':
                    yield part
                    await connection.recv()

            await connection.send(parts())

        async def main():
            async with serving(slowly) as uri, connect(uri) as ws:
                for _ in range(3):
                    with self.assertRaises(TimeoutError):
                        await asyncio.wait_for(ws.recv(), 0.01)
                    await ws.send('go on')
                self.assertEqual(await ws.recv(), 'abc')

        run(main())

    def test_of_wait_closed_is_harmless(self):
        async def main():
            async with serving() as uri, connect(uri) as ws:
                for _ in range(100):
                    with self.assertRaises(TimeoutError):
                        await asyncio.wait_for(ws.wait_closed(), 0)
                await ws.send('still there')
                self.assertEqual(await ws.recv(), 'still there')

        run(main())

    def test_of_close_then_again(self):
        async def deaf(reader, writer):
            await asyncio.sleep(PATIENCE)

        async def main():
            async with raw_server(deaf) as uri:
                ws = await connect(uri, close_timeout=0.05)
                task = asyncio.create_task(ws.close())
                await asyncio.sleep(0.01)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await ws.close()
                self.assertEqual(ws.close_code, 1006)

        run(main())


class Faults(unittest.TestCase):
    def test_nothing_received_before_is_lost(self):
        async def talk(reader, writer):
            writer.write(frame(1, b'one') + frame(1, b'tw', fin=False) + frame(0, b'o') + frame(2, b'three')
                         + frame(3, b'bad'))
            await writer.drain()
            await reader.read()

        async def main():
            async with raw_server(talk) as uri:
                ws = await connect(uri, max_queue=1, close_timeout=0.05)
                await asyncio.sleep(0.05)
                self.assertEqual([await ws.recv() for _ in range(3)], ['one', 'two', b'three'])
                with self.assertRaises(ConnectionClosedError) as raised:
                    await ws.recv()
                self.assertEqual(raised.exception.sent.code, 1002)
                with self.assertRaises(ConnectionClosedError):
                    await ws.send('more')

        run(main())

    def test_peer_that_vanishes(self):
        async def talk(reader, writer):
            writer.write(frame(1, b'last words'))
            await writer.drain()
            sock = writer.get_extra_info('socket')
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            await reader.read(1)
            writer.transport.abort()

        async def main():
            async with raw_server(talk) as uri:
                ws = await connect(uri)
                self.assertEqual(await ws.recv(), 'last words')
                pong = await ws.ping()
                with self.assertRaises(ConnectionClosedError) as raised:
                    await ws.recv()
                self.assertIsInstance(raised.exception.__cause__, (OSError, EOFError))
                with self.assertRaises(ConnectionClosedError):
                    await pong
                self.assertEqual(ws.close_code, 1006)

        run(main())

    def test_peer_that_never_closes(self):
        async def talk(reader, writer):
            await asyncio.sleep(PATIENCE)

        async def main():
            async with raw_server(talk) as uri:
                ws = await connect(uri, close_timeout=0.05)
                await ws.close()
                with self.assertRaises(ConnectionClosedError) as raised:
                    await ws.recv()
                self.assertIsInstance(raised.exception.__cause__, TimeoutError)

        run(main())

    def test_peer_that_never_reads(self):
        async def talk(reader, writer):
            await asyncio.sleep(PATIENCE)

        async def main():
            async with raw_server(talk) as uri:
                ws = await connect(uri, close_timeout=0.05, ping_interval=None, compression=None)
                sent = 0
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        while True:
                            await ws.send(bytes(1 << 20))
                            sent += 1
                self.assertLess(sent, 64)
                waiting = asyncio.create_task(ws.send('waits'))
                await asyncio.sleep(0)
                await ws.close()
                await waiting
                with self.assertRaises(ConnectionClosed):
                    await ws.send('more')

        run(main())

    def test_peer_that_does_not_answer_pings(self):
        async def talk(reader, writer):
            await asyncio.sleep(PATIENCE)

        async def main():
            async with raw_server(talk) as uri:
                ws = await connect(uri, ping_interval=0.01, ping_timeout=0.05, close_timeout=0.05)
                with self.assertRaises(ConnectionClosedError) as raised:
                    await ws.recv()
                self.assertEqual(raised.exception.sent.code, 1011)
                self.assertEqual(raised.exception.sent.reason, 'keepalive ping timeout')

        run(main())

    def test_flood_of_pings(self):
        async def talk(reader, writer):
            writer.write(b''.join(frame(9, b'%d' % number) for number in range(5000)) + frame(1, b'end'))
            await writer.drain()
            await reader.read()

        async def main():
            async with raw_server(talk) as uri:
                async with connect(uri, close_timeout=0.05) as ws:
                    self.assertEqual(await ws.recv(), 'end')

        run(main())

    def test_messages_that_are_too_big(self):
        async def talk(reader, writer):
            writer.write(frame(1, b'ok') + frame(2, bytes(1001)))
            await reader.read()

        async def main():
            async with raw_server(talk) as uri:
                async with connect(uri, max_size=1000, close_timeout=0.05) as ws:
                    self.assertEqual(await ws.recv(), 'ok')
                    with self.assertRaises(ConnectionClosedError) as raised:
                        await ws.recv()
                    self.assertEqual(raised.exception.sent.code, 1009)

        run(main())

    def test_bomb(self):
        async def main():
            async def send_bomb(connection):
                await connection.send(bytes(50_000_000))
                await connection.wait_closed()

            async with serving(send_bomb) as uri, connect(uri) as ws:
                with self.assertRaises(ConnectionClosedError) as raised:
                    await ws.recv()
                self.assertEqual(raised.exception.sent.code, 1009)

        run(main())

    def test_handshakes_cut_at_each_byte(self):
        request = (b'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                   b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n')

        async def main():
            async with serve(echo, '127.0.0.1', 0) as server:
                address = server.sockets[0].getsockname()[:2]
                for size in range(len(request)):
                    reader, writer = await asyncio.open_connection(*address)
                    writer.write(request[:size])
                    writer.close()
                    await writer.wait_closed()
                async with connect(uri_of(server)) as ws:
                    await ws.send('fine')
                    self.assertEqual(await ws.recv(), 'fine')
                    self.assertEqual(len(server.connections), 1)

        run(main())

    def test_second_reader_is_told(self):
        async def main():
            async with serving() as uri, connect(uri) as ws:
                first = asyncio.create_task(ws.recv())
                await asyncio.sleep(0)
                with self.assertRaises(ConcurrencyError):
                    await ws.recv()
                with self.assertRaises(ConcurrencyError):
                    async for _ in ws.recv_streaming():
                        pass
                await ws.send('for the first')
                self.assertEqual(await first, 'for the first')

        run(main())

    def test_handler_that_fails(self):
        async def fail(connection):
            raise RuntimeError('on purpose')

        async def main():
            async with serving(fail) as uri, connect(uri) as ws:
                with self.assertRaises(ConnectionClosedError) as raised:
                    await ws.recv()
                self.assertEqual(raised.exception.rcvd.code, 1011)

        with self.assertLogs('websockets.server', logging.ERROR):
            run(main())


class Many(unittest.TestCase):
    COUNT = 150

    def test_connections_are_returned(self):
        async def main():
            before = len(os.listdir('/proc/self/fd'))
            alive = []
            async with serving() as uri:
                for _ in range(3):
                    clients = await asyncio.gather(*(connect(uri) for _ in range(self.COUNT)))
                    alive.extend(map(weakref.ref, clients))
                    await asyncio.gather(*(client.send('x') for client in clients))
                    self.assertEqual(set(await asyncio.gather(*(client.recv() for client in clients))), {'x'})
                    await asyncio.gather(*(client.close() for client in clients))
                    del clients
                    await asyncio.sleep(0)
            await asyncio.sleep(0.05)
            gc.collect()
            self.assertLess(sum(ref() is not None for ref in alive), self.COUNT)
            self.assertLess(len(os.listdir('/proc/self/fd')), before + 50)

        run(main())

    def test_broadcast(self):
        async def main():
            gone = asyncio.Event()

            async def wait(connection):
                await connection.wait_closed()
                gone.set()

            async with serve(wait, '127.0.0.1', 0) as server:
                uri = uri_of(server)
                plain = [connect(uri, compression=None) for _ in range(self.COUNT)]
                clients = await asyncio.gather(*plain, *(connect(uri) for _ in range(20)))
                await clients[0].close()
                await gone.wait()
                for message in ('text é', b'bytes', 'x' * 100_000):
                    broadcast(server.connections, message)
                    received = await asyncio.gather(*(client.recv() for client in clients[1:]))
                    self.assertEqual(set(received), {message})
                broadcast(server.connections, 'as bytes', text=False)
                self.assertEqual(await clients[1].recv(), b'as bytes')
                broadcast(clients, 'from clients')
                await asyncio.gather(*(client.close() for client in clients))

        run(main())


class Elsewhere(unittest.TestCase):
    def test_unix_sockets(self):
        import tempfile

        async def main():
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, 'socket')
                async with unix_serve(echo, path), unix_connect(path) as ws:
                    await ws.send('hello')
                    self.assertEqual(await ws.recv(), 'hello')

        run(main())

    def test_refusals(self):
        def process_request(connection, request):
            return connection.respond(403, 'not you\n')

        async def main():
            async with serving(process_request=process_request) as uri:
                with self.assertRaises(InvalidStatus) as raised:
                    await connect(uri)
                self.assertEqual(raised.exception.response.status_code, 403)
                self.assertEqual(raised.exception.response.body, b'not you\n')

        run(main())

    def test_on_a_loop_of_asyncio_itself(self):
        async def main():
            async with serving() as uri, connect(uri) as ws:
                await ws.send('hello')
                self.assertEqual(await ws.recv(), 'hello')
                self.assertGreaterEqual(await (await ws.ping()), 0)
                with self.assertRaises(TimeoutError):
                    await asyncio.wait_for(ws.recv(), 0.01)

        loop = asyncio.SelectorEventLoop()
        try:
            loop.run_until_complete(asyncio.wait_for(main(), PATIENCE))
        finally:
            loop.close()

    def test_reconnecting(self):
        async def main():
            async def once(connection):
                await connection.send('hello')
                await connection.close()

            async with serving(once) as uri:
                count = 0
                async for ws in connect(uri):
                    self.assertEqual(await ws.recv(), 'hello')
                    count += 1
                    if count == 3:
                        break

        run(main())


class Proxies(unittest.TestCase):
    """Proxies of a few lines: enough of HTTP and SOCKS to be gone through."""

    @contextlib.asynccontextmanager
    async def proxy(self, negotiate):
        tasks = []

        async def pump(reader, writer):
            while data := await reader.read(65536):
                writer.write(data)
            with contextlib.suppress(OSError):
                writer.write_eof()

        async def handle(reader, writer):
            tasks.append(asyncio.current_task())
            target = await negotiate(reader, writer)
            if target is not None:
                there, back = await asyncio.open_connection(*target)
                await asyncio.gather(pump(reader, back), pump(there, writer))
                back.close()
            writer.close()

        server = await asyncio.start_server(handle, '127.0.0.1', 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def through(self, scheme, negotiate, user='', host='127.0.0.1'):
        async with serving() as uri, self.proxy(negotiate) as port:
            uri = uri.replace('127.0.0.1', host)
            async with connect(uri, proxy=f'{scheme}://{user}127.0.0.1:{port}') as ws:
                await ws.send('through')
                self.assertEqual(await ws.recv(), 'through')

    def test_http(self):
        heads = []

        async def negotiate(reader, writer):
            head = (await reader.readuntil(b'\r\n\r\n')).decode()
            heads.append(head)
            writer.write(b'HTTP/1.1 200 Connection established\r\n\r\n')
            host, port = head.split()[1].rsplit(':', 1)
            return host, int(port)

        run(self.through('http', negotiate, 'me:secret@'))
        self.assertIn('Proxy-Authorization: Basic ' + base64.b64encode(b'me:secret').decode(), heads[0])

    def test_socks5(self):
        seen = []

        async def negotiate(reader, writer):
            count = (await reader.readexactly(2))[1]
            methods = await reader.readexactly(count)
            if 2 in methods:
                writer.write(b'\5\2')
                size = (await reader.readexactly(2))[1]
                user = await reader.readexactly(size)
                size = (await reader.readexactly(1))[0]
                seen.append((user, await reader.readexactly(size)))
                writer.write(b'\1\0')
            else:
                writer.write(b'\5\0')
            kind = (await reader.readexactly(4))[3]
            if kind == 3:
                size = (await reader.readexactly(1))[0]
                host = (await reader.readexactly(size)).decode()
            else:
                host = socket.inet_ntoa(await reader.readexactly(4))
            port = struct.unpack('!H', await reader.readexactly(2))[0]
            seen.append((kind, host))
            writer.write(b'\5\0\0\1\0\0\0\0\0\0')
            return '127.0.0.1', port

        run(self.through('socks5h', negotiate, 'me:secret@', 'localhost'))
        run(self.through('socks5', negotiate))
        self.assertEqual(seen, [(b'me', b'secret'), (3, 'localhost'), (1, '127.0.0.1')])

    def test_socks4(self):
        seen = []

        async def negotiate(reader, writer):
            _, _, port, address = struct.unpack('!BBH4s', await reader.readexactly(8))
            await reader.readuntil(b'\0')
            host = socket.inet_ntoa(address)
            if address[:3] == b'\0\0\0':
                host = (await reader.readuntil(b'\0'))[:-1].decode()
            seen.append(host)
            writer.write(b'\0\x5a\0\0\0\0\0\0')
            return '127.0.0.1', port

        run(self.through('socks4a', negotiate, host='localhost'))
        run(self.through('socks4', negotiate))
        self.assertEqual(seen, ['localhost', '127.0.0.1'])

    def test_refusing(self):
        async def negotiate(reader, writer):
            await reader.readexactly(3)
            writer.write(b'\5\xff')

        async def hanging_up(reader, writer):
            await reader.readexactly(3)

        for behaviour in (negotiate, hanging_up):
            with self.assertRaises(ProxyError):
                run(self.through('socks5', behaviour))


if __name__ == '__main__':
    unittest.main()
