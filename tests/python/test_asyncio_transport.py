"""The transport of stream sockets: everything a protocol can count on, over real sockets."""

import asyncio
import contextvars
import gc
import os
import socket
import struct
import unittest
import warnings
from unittest import mock

VARIABLE = contextvars.ContextVar('VARIABLE', default='unset')


class Recorder(asyncio.Protocol):
    """Notes what it is told, and lets a test wait for it."""

    def __init__(self, keep_open=False):
        self.loop = asyncio.get_running_loop()
        self.events = []
        self.data = bytearray()
        self.transport = None
        self.keep_open = keep_open
        self.made = self.loop.create_future()
        self.ended = self.loop.create_future()
        self.lost = self.loop.create_future()
        self.awaited = None

    def connection_made(self, transport):
        self.transport = transport
        self.events.append('made')
        self.made.set_result(transport)

    def data_received(self, data):
        self.data += data
        self.events.append('data')
        if self.awaited and len(self.data) >= self.awaited[0]:
            self.awaited[1].set_result(None)
            self.awaited = None

    def eof_received(self):
        self.events.append('eof')
        if not self.ended.done():
            self.ended.set_result(None)
        return self.keep_open

    def connection_lost(self, exc):
        self.events.append('lost')
        self.lost.set_result(exc)

    def pause_writing(self):
        self.events.append('pause')

    def resume_writing(self):
        self.events.append('resume')

    async def receive(self, count):
        if len(self.data) < count:
            self.awaited = count, self.loop.create_future()
            await self.awaited[1]
        return bytes(self.data)


class TransportTest(unittest.IsolatedAsyncioTestCase):
    debug = False

    async def asyncSetUp(self):
        self.reports = []
        loop = asyncio.get_running_loop()
        loop.set_debug(self.debug)
        loop.set_exception_handler(lambda loop, context: self.reports.append(context))

    async def pair(self, factory=Recorder, **options):
        """A protocol on a transport, and the plain socket at its other end."""
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        theirs.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(factory, sock=ours, **options)
        self.addCleanup(transport.abort)
        return transport, protocol, theirs

    async def read(self, sock, count):
        loop = asyncio.get_running_loop()
        data = bytearray()
        while len(data) < count and (more := await loop.sock_recv(sock, 1 << 20)):
            data += more
        return bytes(data)


class Interface(TransportTest):

    async def test_classes(self):
        transport, protocol, _ = await self.pair()
        self.assertIsInstance(transport, asyncio.Transport)
        self.assertIsInstance(transport, asyncio.transports._FlowControlMixin)
        self.assertIsInstance(transport, asyncio.selector_events._SelectorSocketTransport)
        self.assertIs(transport.get_protocol(), protocol)
        self.assertTrue(transport.can_write_eof())
        self.assertEqual(transport.get_write_buffer_size(), 0)
        self.assertEqual(transport.get_write_buffer_limits(), (16384, 65536))
        self.assertFalse(transport.is_closing())
        self.assertTrue(transport.is_reading())

    async def test_is_native(self):
        import _asyncio
        transport, _, _ = await self.pair()
        self.assertIsInstance(transport, _asyncio.SocketTransport)

    async def test_extra_info(self):
        async def nothing(reader, writer):
            writer.close()

        server = await asyncio.start_server(nothing, '127.0.0.1', 0)
        address = server.sockets[0].getsockname()
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(Recorder, *address)
        self.assertEqual(transport.get_extra_info('peername'), address)
        self.assertEqual(transport.get_extra_info('sockname')[0], '127.0.0.1')
        sock = transport.get_extra_info('socket')
        self.assertIsInstance(sock, asyncio.trsock.TransportSocket)
        self.assertTrue(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        self.assertEqual(transport.get_extra_info('nothing', 'default'), 'default')
        with mock.patch('asyncio.Transport.get_extra_info', return_value='patched'):
            self.assertEqual(transport.get_extra_info('peername'), 'patched')
        transport.close()
        await protocol.lost
        self.assertEqual(transport.get_extra_info('peername'), address)
        server.close()
        await server.wait_closed()

    async def test_repr(self):
        transport, protocol, _ = await self.pair()
        fd = transport.get_extra_info('socket').fileno()
        self.assertEqual(
            repr(transport),
            f'<_SelectorSocketTransport fd={fd} read=polling write=<idle, bufsize=0>>')
        transport.pause_reading()
        self.assertIn('read=idle', repr(transport))
        transport.close()
        self.assertIn(' closing ', repr(transport))
        await protocol.lost
        self.assertEqual(repr(transport), f'<_SelectorSocketTransport closed fd={fd}>')

    async def test_own_attributes(self):
        transport, _, _ = await self.pair()
        transport.note = 'kept'
        self.assertEqual(transport.note, 'kept')

    async def test_limits(self):
        transport, _, _ = await self.pair()
        transport.set_write_buffer_limits(high=100)
        self.assertEqual(transport.get_write_buffer_limits(), (25, 100))
        transport.set_write_buffer_limits(low=100)
        self.assertEqual(transport.get_write_buffer_limits(), (100, 400))
        transport.set_write_buffer_limits(high=0)
        self.assertEqual(transport.get_write_buffer_limits(), (0, 0))
        transport.set_write_buffer_limits(high=10 ** 30, low=1)
        for high, low in ((1, 2), (-1, None), (None, -1), (5, -1)):
            with self.assertRaisesRegex(ValueError, 'must be >='):
                transport.set_write_buffer_limits(high=high, low=low)
        with self.assertRaisesRegex(ValueError, r'^high \(1\) must be >= low \(2\) must be >= 0$'):
            transport.set_write_buffer_limits(high=1, low=2)

    async def test_reader_of_its_descriptor(self):
        transport, _, _ = await self.pair()
        loop = asyncio.get_running_loop()
        sock = transport.get_extra_info('socket')
        for method in (loop.add_reader, loop.add_writer):
            with self.assertRaisesRegex(RuntimeError, 'is used by transport'):
                method(sock, print)
        for method in (loop.remove_reader, loop.remove_writer):
            with self.assertRaisesRegex(RuntimeError, 'is used by transport'):
                method(sock)

    async def test_context_in_debug_mode(self):
        asyncio.get_running_loop().set_debug(True)
        await self.test_context()

    async def test_context(self):
        seen = []

        class Protocol(Recorder):
            def connection_made(self, transport):
                super().connection_made(transport)
                seen.append(VARIABLE.get())

            def data_received(self, data):
                seen.append(VARIABLE.get())
                super().data_received(data)

        token = VARIABLE.set('of the connection')
        transport, protocol, peer = await self.pair(Protocol)
        VARIABLE.reset(token)
        peer.send(b'x')
        await protocol.receive(1)
        self.assertEqual(seen, ['of the connection'] * 2)


class Writing(TransportTest):

    async def test_types(self):
        transport, _, peer = await self.pair()
        for data in (b'a', bytearray(b'b'), memoryview(b'c'), memoryview(b'-d-')[1:2], b''):
            transport.write(data)
        self.assertEqual(await self.read(peer, 4), b'abcd')
        for data in ('text', 1, None, [b'x']):
            with self.assertRaisesRegex(TypeError, 'must be a bytes, bytearray, or memoryview'):
                transport.write(data)

    async def test_lines(self):
        transport, _, peer = await self.pair()
        transport.writelines([b'one ', bytearray(b'two '), memoryview(b'three')])
        transport.writelines([])
        transport.writelines([b'', b''])
        self.assertEqual(await self.read(peer, 13), b'one two three')
        with self.assertRaisesRegex(TypeError, "a bytes-like object is required, not 'str'"):
            transport.writelines([b'x', 'text'])
        transport.writelines(bytes([n % 256]) for n in range(3000))
        self.assertEqual(await self.read(peer, 3000), bytes(n % 256 for n in range(3000)))

    async def test_partial_writes_keep_their_order(self):
        transport, protocol, peer = await self.pair()
        pieces = [bytes([n % 251]) * size for n, size in enumerate((1, 300000, 5, 0, 70000, 1000, 200000))]
        for piece in pieces[:4]:
            transport.write(piece)
        transport.writelines(pieces[4:])
        changing = bytearray(b'before')
        transport.write(changing)
        changing[:] = b'later'
        expected = b''.join(pieces) + b'before'
        self.assertGreater(transport.get_write_buffer_size(), 0)
        self.assertIn('write=<polling', repr(transport))
        self.assertEqual(await self.read(peer, len(expected)), expected)
        await asyncio.sleep(0)
        self.assertEqual(transport.get_write_buffer_size(), 0)
        self.assertEqual(protocol.events, ['made', 'pause', 'resume'])

    async def test_much(self):
        size = 64 << 20
        done = asyncio.get_running_loop().create_future()

        class Counter(asyncio.Protocol):
            count = 0

            def data_received(self, data):
                self.count += len(data)
                if self.count == size:
                    done.set_result(None)

        loop = asyncio.get_running_loop()
        server = await loop.create_server(Counter, '127.0.0.1', 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        chunk = bytes(1 << 20)
        for _ in range(size // len(chunk)):
            writer.write(chunk)
            await writer.drain()
        await done
        writer.close()
        server.close()

    async def test_a_peer_that_never_reads(self):
        transport, protocol, peer = await self.pair()
        transport.set_write_buffer_limits(high=1000, low=10)
        while 'pause' not in protocol.events:
            transport.write(bytes(10000))
        self.assertGreater(transport.get_write_buffer_size(), 1000)
        waiting = transport.get_write_buffer_size()
        await asyncio.sleep(0)
        self.assertEqual(protocol.events, ['made', 'pause'])
        transport.close()
        await asyncio.sleep(0)
        self.assertFalse(protocol.lost.done())
        self.assertEqual(transport.get_write_buffer_size(), waiting)
        transport.abort()
        self.assertIsNone(await protocol.lost)

    async def test_close_sends_what_waits(self):
        transport, protocol, peer = await self.pair()
        transport.write(bytes(3 << 20))
        transport.close()
        self.assertEqual(len(await self.read(peer, 4 << 20)), 3 << 20)
        self.assertIsNone(await protocol.lost)
        self.assertEqual(protocol.events.count('lost'), 1)

    async def test_writing_from_resume_writing(self):
        class Protocol(Recorder):
            def resume_writing(self):
                super().resume_writing()
                if self.events.count('resume') == 1:
                    self.transport.write(bytes(1 << 20))
                else:
                    self.transport.close()

        transport, protocol, peer = await self.pair(Protocol)
        transport.write(bytes(1 << 20))
        self.assertEqual(len(await self.read(peer, 3 << 20)), 2 << 20)
        await protocol.lost

    async def test_half_close(self):
        transport, protocol, peer = await self.pair()
        transport.write(bytes(1 << 20))
        transport.write_eof()
        transport.write_eof()
        with self.assertRaisesRegex(RuntimeError, r'^Cannot call write\(\) after write_eof\(\)$'):
            transport.write(b'x')
        with self.assertRaisesRegex(RuntimeError, r'^Cannot call writelines\(\) after write_eof\(\)$'):
            transport.writelines([b'x'])
        self.assertEqual(len(await self.read(peer, 2 << 20)), 1 << 20)
        peer.send(b'answer')
        self.assertEqual(await protocol.receive(6), b'answer')

    async def test_after_close(self):
        transport, protocol, peer = await self.pair()
        transport.close()
        transport.close()
        self.assertTrue(transport.is_closing())
        self.assertFalse(transport.is_reading())
        with self.assertLogs('asyncio', 'WARNING') as logs:
            for _ in range(8):
                transport.write(b'vain')
                transport.writelines([b'vain'])
        self.assertIn('socket.send() raised exception.', logs.output[0])
        await protocol.lost
        transport.write(b'vain')
        transport.write_eof()
        transport.pause_reading()
        transport.resume_reading()
        transport.abort()
        transport.close()
        self.assertIsNone(transport.get_protocol())
        self.assertEqual(await self.read(peer, 1), b'')
        self.assertEqual(protocol.events, ['made', 'lost'])

    async def test_limits_of_pausing(self):
        transport, protocol, peer = await self.pair()
        transport.write(bytes(1 << 20))
        self.assertEqual(protocol.events, ['made', 'pause'])
        transport.set_write_buffer_limits(high=4 << 20)
        transport.set_write_buffer_limits(high=10)
        self.assertEqual(protocol.events, ['made', 'pause'])


class Reading(TransportTest):

    async def test_pause_and_resume(self):
        transport, protocol, peer = await self.pair()
        transport.pause_reading()
        transport.pause_reading()
        self.assertFalse(transport.is_reading())
        peer.send(b'one')
        for _ in range(3):
            await asyncio.sleep(0)
        self.assertEqual(protocol.data, b'')
        transport.resume_reading()
        transport.resume_reading()
        self.assertTrue(transport.is_reading())
        self.assertEqual(await protocol.receive(3), b'one')
        # Within one turn, and with data there.
        peer.send(b'two')
        transport.pause_reading()
        transport.resume_reading()
        self.assertEqual(await protocol.receive(6), b'onetwo')

    async def test_paused_in_connection_made(self):
        class Protocol(Recorder):
            def connection_made(self, transport):
                super().connection_made(transport)
                transport.pause_reading()

        transport, protocol, peer = await self.pair(Protocol)
        peer.send(b'x')
        for _ in range(3):
            await asyncio.sleep(0)
        self.assertEqual(protocol.data, b'')
        transport.resume_reading()
        await protocol.receive(1)

    async def test_paused_with_a_reset_is_no_busy_loop(self):
        transport, protocol, peer = await self.pair()
        transport.pause_reading()
        peer.close()
        loop = asyncio.get_running_loop()
        before = os.times()
        await asyncio.sleep(0.1)
        after = os.times()
        self.assertLess(after.user + after.system - before.user - before.system, 0.09)
        transport.resume_reading()
        await protocol.lost

    async def test_end(self):
        transport, protocol, peer = await self.pair()
        peer.send(b'last words')
        peer.close()
        self.assertIsNone(await protocol.lost)
        self.assertEqual(protocol.data, b'last words')
        self.assertEqual(protocol.events, ['made', 'data', 'eof', 'lost'])

    async def test_kept_open_at_the_end(self):
        transport, protocol, peer = await self.pair(lambda: Recorder(keep_open=True))
        peer.shutdown(socket.SHUT_WR)
        await protocol.ended
        for _ in range(3):
            await asyncio.sleep(0)
        transport.write(b'still here')
        self.assertEqual(await self.read(peer, 10), b'still here')
        self.assertFalse(transport.is_closing())
        self.assertEqual(protocol.events, ['made', 'eof'])

    async def test_reset_by_peer(self):
        loop = asyncio.get_running_loop()
        accepted = loop.create_future()

        class Server(Recorder):
            def connection_made(self, transport):
                super().connection_made(transport)
                accepted.set_result(self)

        server = await loop.create_server(Server, '127.0.0.1', 0)
        peer = socket.create_connection(server.sockets[0].getsockname())
        protocol = await accepted
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        peer.close()
        self.assertIsInstance(await protocol.lost, ConnectionResetError)
        self.assertEqual(self.reports, [])
        server.close()

    async def test_write_to_a_closed_peer(self):
        transport, protocol, peer = await self.pair()
        transport.pause_reading()
        peer.close()
        transport.write(b'x')
        self.assertIsInstance(await protocol.lost, BrokenPipeError)
        self.assertEqual(self.reports, [])

    async def test_close_in_data_received(self):
        class Protocol(Recorder):
            def data_received(self, data):
                super().data_received(data)
                self.transport.write(b'bye')
                self.transport.close()

        transport, protocol, peer = await self.pair(Protocol)
        peer.send(b'x')
        self.assertEqual(await self.read(peer, 10), b'bye')
        self.assertIsNone(await protocol.lost)

    async def test_another_protocol(self):
        transport, first, peer = await self.pair()
        second = Recorder()
        peer.send(b'1')
        await first.receive(1)
        transport.set_protocol(second)
        self.assertIs(transport.get_protocol(), second)
        peer.send(b'2')
        await second.receive(1)
        transport.close()
        await second.lost
        self.assertEqual(first.events, ['made', 'data'])

    async def test_replaced_data_received(self):
        transport, protocol, peer = await self.pair()
        got = asyncio.get_running_loop().create_future()
        protocol.data_received = got.set_result
        peer.send(b'x')
        self.assertEqual(await got, b'x')

    async def test_max_size(self):
        transport, protocol, peer = await self.pair()
        transport.max_size = 10
        peer.send(bytes(25))
        await protocol.receive(25)
        self.assertEqual(protocol.events, ['made', 'data', 'data', 'data'])


class ReadingInDebugMode(Reading):
    debug = True


class Buffered(TransportTest):

    def protocol(self, size=4):
        class Protocol(Recorder, asyncio.BufferedProtocol):
            def get_buffer(self, sizehint):
                self.hint = sizehint
                self.buffer = bytearray(size)
                return self.buffer

            def buffer_updated(self, nbytes):
                super().data_received(self.buffer[:nbytes])

        return Protocol()

    async def test_data_and_end(self):
        transport, protocol, peer = await self.pair(self.protocol)
        peer.send(b'0123456789')
        self.assertEqual(await protocol.receive(10), b'0123456789')
        self.assertEqual(protocol.events, ['made', 'data', 'data', 'data'])
        self.assertEqual(protocol.hint, -1)
        peer.close()
        self.assertIsNone(await protocol.lost)

    async def test_empty_buffer(self):
        transport, protocol, peer = await self.pair(lambda: self.protocol(0))
        peer.send(b'x')
        self.assertIsInstance(await protocol.lost, RuntimeError)
        self.assertEqual(self.reports[0]['message'], 'Fatal error: protocol.get_buffer() call failed.')
        self.assertEqual(str(self.reports[0]['exception']), 'get_buffer() returned an empty buffer')

    async def test_switch_of_kinds(self):
        transport, first, peer = await self.pair()
        second = self.protocol()
        transport.set_protocol(second)
        peer.send(b'ab')
        self.assertEqual(await second.receive(2), b'ab')
        third = Recorder()
        transport.set_protocol(third)
        peer.send(b'cd')
        self.assertEqual(await third.receive(2), b'cd')
        self.assertEqual(first.data, b'')


class Failing(TransportTest):

    async def expect(self, method, trigger, message, base=Recorder, lost=True):
        error = ZeroDivisionError(method)

        def fail(self, *args):
            raise error

        protocol = type('Failing', (base,), {method: fail})
        transport, protocol, peer = await self.pair(protocol)
        await trigger(transport, peer)
        if lost:
            self.assertIs(await protocol.lost, error)
        [report] = self.reports
        self.assertIs(report['exception'], error)
        self.assertEqual(report['message'], message)
        self.assertIs(report['transport'], transport)
        self.assertIs(report['protocol'], protocol)
        return transport, protocol, peer

    async def test_data_received(self):
        async def trigger(transport, peer):
            peer.send(b'x')

        await self.expect(
            'data_received', trigger, 'Fatal error: protocol.data_received() call failed.')

    async def test_eof_received(self):
        async def trigger(transport, peer):
            peer.close()

        await self.expect(
            'eof_received', trigger, 'Fatal error: protocol.eof_received() call failed.')

    async def test_pause_writing(self):
        async def trigger(transport, peer):
            transport.write(bytes(1 << 20))

        transport, protocol, _ = await self.expect(
            'pause_writing', trigger, 'protocol.pause_writing() failed', lost=False)
        self.assertFalse(transport.is_closing())

    async def test_resume_writing(self):
        async def trigger(transport, peer):
            transport.write(bytes(1 << 20))
            await self.read(peer, 1 << 20)
            await asyncio.sleep(0)

        transport, protocol, _ = await self.expect(
            'resume_writing', trigger, 'protocol.resume_writing() failed', lost=False)
        self.assertFalse(transport.is_closing())

    async def test_connection_made(self):
        class Protocol(Recorder):
            def connection_made(self, transport):
                raise ZeroDivisionError

        transport, protocol, peer = await self.pair(Protocol)
        [report] = self.reports
        self.assertIsInstance(report['exception'], ZeroDivisionError)
        self.assertIn('connection_made', report['message'])
        peer.send(b'x')
        await protocol.receive(1)

    async def test_connection_lost(self):
        class Protocol(Recorder):
            def connection_lost(self, exc):
                super().connection_lost(exc)
                raise ZeroDivisionError

        transport, protocol, peer = await self.pair(Protocol)
        transport.close()
        await protocol.lost
        await asyncio.sleep(0)
        [report] = self.reports
        self.assertIsInstance(report['exception'], ZeroDivisionError)
        self.assertEqual(await self.read(peer, 1), b'')

    async def test_connection_lost_after_sending(self):
        class Protocol(Recorder):
            def connection_lost(self, exc):
                super().connection_lost(exc)
                raise ZeroDivisionError

        transport, protocol, peer = await self.pair(Protocol)
        transport.write(bytes(1 << 20))
        transport.close()
        self.assertEqual(len(await self.read(peer, 2 << 20)), 1 << 20)
        await protocol.lost
        await asyncio.sleep(0)
        self.assertIsInstance(self.reports[0]['exception'], ZeroDivisionError)

    async def test_socket_closed_underneath(self):
        transport, protocol, peer = await self.pair()
        transport._sock.close()
        transport.write(b'x')
        error = await protocol.lost
        self.assertIsInstance(error, OSError)


class NativeProtocol(TransportTest):
    """Protocols in native code, which are called without Python unless something is overridden."""

    async def echo(self, protocol):
        transport, _, peer = await self.pair(lambda: protocol)
        peer.send(b'ping')
        self.assertEqual(await self.read(peer, 4), b'ping')
        self.assertFalse(transport.is_closing())
        peer.shutdown(socket.SHUT_WR)
        self.assertEqual(await self.read(peer, 1), b'')
        return transport

    async def test_echo(self):
        from _tauraro_bench import EchoProtocol
        protocol = EchoProtocol()
        await self.echo(protocol)
        self.assertEqual(protocol.native, 1)

    async def test_much(self):
        from _tauraro_bench import EchoProtocol
        transport, protocol, peer = await self.pair(EchoProtocol)
        data = bytes(range(256)) * 10000
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(peer, data))
        self.assertEqual(await self.read(peer, len(data)), data)
        await sending
        self.assertGreater(protocol.native, 0)

    async def test_plain_subclass(self):
        from _tauraro_bench import EchoProtocol

        class Subclass(EchoProtocol):
            pass

        protocol = Subclass()
        await self.echo(protocol)
        self.assertEqual(protocol.native, 1)

    async def test_overriding_subclass(self):
        from _tauraro_bench import EchoProtocol

        class Subclass(EchoProtocol):
            def data_received(self, data):
                self.seen = data
                super().data_received(data)

        protocol = Subclass()
        await self.echo(protocol)
        self.assertEqual(protocol.native, 0)
        self.assertEqual(protocol.seen, b'ping')

    async def test_overriding_only_the_end(self):
        from _tauraro_bench import EchoProtocol
        ended = []

        class Subclass(EchoProtocol):
            def eof_received(self):
                ended.append(self)

        protocol = Subclass()
        await self.echo(protocol)
        self.assertEqual(protocol.native, 1)
        self.assertEqual(ended, [protocol])

    async def test_patched_instance(self):
        from _tauraro_bench import EchoProtocol
        protocol = EchoProtocol()
        original = protocol.data_received
        with mock.patch.object(protocol, 'data_received', side_effect=original) as patched:
            await self.echo(protocol)
        patched.assert_called_once_with(b'ping')
        self.assertEqual(protocol.native, 0)

    async def test_patched_class(self):
        from _tauraro_bench import EchoProtocol
        original = EchoProtocol.data_received
        seen = []

        def patched(self, data):
            seen.append(data)
            original(self, data)

        with mock.patch('_tauraro_bench.EchoProtocol.data_received', patched):
            protocol = EchoProtocol()
            await self.echo(protocol)
        self.assertEqual(seen, [b'ping'])
        self.assertEqual(protocol.native, 0)
        protocol = EchoProtocol()
        await self.echo(protocol)
        self.assertEqual(protocol.native, 1)

    async def test_replaced_write(self):
        from _tauraro_bench import EchoProtocol
        transport, protocol, peer = await self.pair(EchoProtocol)
        original = transport.write
        with mock.patch.object(transport, 'write', side_effect=original) as write:
            peer.send(b'ping')
            self.assertEqual(await self.read(peer, 4), b'ping')
        write.assert_called_once_with(b'ping')
        self.assertEqual(protocol.native, 1)


class ExitInCallback(unittest.TestCase):

    def test_keyboard_interrupt_ends_the_loop(self):
        class Protocol(asyncio.Protocol):
            def data_received(self, data):
                raise KeyboardInterrupt

        async def main():
            ours, theirs = socket.socketpair()
            with theirs:
                await asyncio.get_running_loop().create_connection(Protocol, sock=ours)
                theirs.send(b'x')
                await asyncio.sleep(10)

        with self.assertRaises(KeyboardInterrupt):
            asyncio.run(main())


class Debug(unittest.TestCase):

    def test_debug_mode(self):
        async def main():
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            loop = asyncio.get_running_loop()
            transport, protocol = await loop.create_connection(Recorder, sock=ours)
            await loop.sock_sendall(theirs, b'ping')
            await protocol.receive(4)
            transport.pause_reading()
            transport.resume_reading()
            transport.write(bytes(1 << 20))
            count = 0
            while count < 1 << 20:
                count += len(await loop.sock_recv(theirs, 1 << 20))
            theirs.close()
            await protocol.lost

        with self.assertLogs('asyncio', 'DEBUG') as logs:
            asyncio.run(main(), debug=True)
        text = '\n'.join(logs.output)
        for message in ('pauses reading', 'resumes reading', 'received EOF'):
            self.assertIn(message, text)


class Lifetime(TransportTest):

    async def test_unclosed(self):
        ours, theirs = socket.socketpair()
        fd = ours.fileno()
        with theirs, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, sock=ours)
            transport.pause_reading()
            # The loop holds on to a paused transport until it notices something about it.
            theirs.send(b'x')
            await asyncio.sleep(0.01)
            del transport, _, ours
            gc.collect()
            messages = [str(warning.message) for warning in caught]
            self.assertIn(f'unclosed transport <_SelectorSocketTransport fd={fd} read=idle '
                          'write=<idle, bufsize=0>>', messages)
        with self.assertRaises(OSError):
            os.fstat(fd)

    async def test_server_counts_connections(self):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Recorder, '127.0.0.1', 0)
        transport, protocol = await loop.create_connection(
            Recorder, *server.sockets[0].getsockname())
        await asyncio.sleep(0)
        server.close()
        waiter = asyncio.create_task(server.wait_closed())
        await asyncio.sleep(0)
        self.assertFalse(waiter.done())
        transport.close()
        await waiter

    async def test_many_connections(self):
        def descriptors():
            return len(os.listdir('/proc/self/fd'))

        async def echo(reader, writer):
            while data := await reader.read(1024):
                writer.write(data)
            writer.close()

        server = await asyncio.start_server(echo, '127.0.0.1', 0, backlog=1000)
        address = server.sockets[0].getsockname()

        async def once(number):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b'%d' % number)
            writer.write_eof()
            self.assertEqual(await reader.read(), b'%d' % number)
            writer.close()
            await writer.wait_closed()

        await once(0)
        before = descriptors()
        for _ in range(10):
            await asyncio.gather(*(once(number) for number in range(200)))
        server.close()
        await server.wait_closed()
        self.assertLessEqual(descriptors(), before)
        self.assertEqual(self.reports, [])

    async def test_loop_closed_with_open_transports(self):
        def run():
            loop = asyncio.new_event_loop()

            async def main():
                ours, theirs = socket.socketpair()
                transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
                return transport, theirs

            transport, theirs = loop.run_until_complete(main())
            loop.close()
            transport.write(b'sent at once')
            self.assertEqual(theirs.recv(100), b'sent at once')
            with self.assertRaisesRegex(RuntimeError, 'Event loop is closed'):
                transport.write(bytes(1 << 20))
            with self.assertRaisesRegex(RuntimeError, 'Event loop is closed'):
                transport.close()
            theirs.close()
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                del transport
                gc.collect()

        await asyncio.to_thread(run)

    async def test_sendfile(self):
        import tempfile
        transport, protocol, peer = await self.pair()
        with tempfile.TemporaryFile() as file:
            file.write(bytes(range(256)) * 4000)
            file.flush()
            task = asyncio.create_task(self.read(peer, 1024005))
            transport.write(b'first')
            sending = asyncio.create_task(asyncio.get_running_loop().sendfile(transport, file))
            await asyncio.sleep(0)
            with self.assertRaisesRegex(RuntimeError, 'sendfile is in progress'):
                transport.write(b'x')
            self.assertEqual(await sending, 1024000)
        transport.write(b'')
        transport.close()
        self.assertEqual(await task, b'first' + bytes(range(256)) * 4000)

    async def test_reading_after_sendfile(self):
        import tempfile
        transport, protocol, peer = await self.pair()
        with tempfile.TemporaryFile() as file:
            file.write(b'content')
            file.flush()
            await asyncio.get_running_loop().sendfile(transport, file)
        peer.send(b'x')
        await protocol.receive(1)

    async def test_subclassed_loop_has_its_way(self):
        class Loop(asyncio.EventLoop):
            added = 0

            def _add_reader(self, fd, callback, *args):
                self.added += 1
                return super()._add_reader(fd, callback, *args)

        def run():
            with asyncio.Runner(loop_factory=Loop) as runner:
                async def main():
                    ours, theirs = socket.socketpair()
                    with theirs:
                        transport, _ = await runner.get_loop().create_connection(
                            asyncio.Protocol, sock=ours)
                        await asyncio.sleep(0)
                        added = runner.get_loop().added
                        transport.close()
                        await asyncio.sleep(0)
                        return added

                return runner.run(main())

        self.assertGreater(await asyncio.to_thread(run), 0)

    async def test_loops_under_load(self):
        class Echo(asyncio.Protocol):
            def connection_made(self, transport):
                self.transport = transport

            def data_received(self, data):
                self.transport.write(data)

        class Client(asyncio.Protocol):
            def __init__(self, count):
                self.count = count
                self.lost = asyncio.get_running_loop().create_future()

            def connection_made(self, transport):
                self.transport = transport
                transport.write(b'ping')

            def data_received(self, data):
                self.count -= 1
                if self.count > 0:
                    self.transport.write(data)
                else:
                    self.transport.close()

            def connection_lost(self, exc):
                self.lost.set_result(exc)

        async def main():
            loop = asyncio.get_running_loop()
            server = await loop.create_server(Echo, '127.0.0.1', 0)

            async def client(count):
                _, protocol = await loop.create_connection(
                    lambda: Client(count), *server.sockets[0].getsockname())
                if count % 5 == 0:
                    protocol.transport.abort()
                await protocol.lost

            await asyncio.gather(*(client(count) for count in range(20)))
            server.close()

        def run():
            for _ in range(5):
                asyncio.run(main())

        await asyncio.gather(*(asyncio.to_thread(run) for _ in range(4)))


if __name__ == '__main__':
    unittest.main()
