"""TLS under asyncio: handshakes that end early, certificates, shutdown, flow control, upgrades."""

import asyncio
import contextlib
import gc
import logging
import os
import pathlib
import random
import socket
import ssl
import struct
import unittest
import warnings
import weakref

import websockets

PATIENCE = 60  # seconds after which a test that hangs is given up
CERTIFICATES = pathlib.Path(os.environ['TAURARO_TEST_CERTIFICATES'])
CA = os.environ['TAURARO_TEST_CA']
CLIENT_CERT = os.environ['TAURARO_TEST_CLIENT_CERT']
CLIENT_KEY = os.environ['TAURARO_TEST_CLIENT_KEY']


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


def server_context(name=None, **settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if name is None:
        context.load_cert_chain(CERTIFICATES / 'server.pem', CERTIFICATES / 'server.key')
    else:
        context.load_cert_chain(CERTIFICATES / name)
    for key, value in settings.items():
        setattr(context, key, value)
    return context


def client_context(**settings):
    context = ssl.create_default_context(cafile=CA)
    for key, value in settings.items():
        setattr(context, key, value)
    return context


async def echo(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def serving(handler=echo, context=None, **options):
    server = await asyncio.start_server(handler, '127.0.0.1', 0, ssl=context or server_context(), **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients()


async def connect(port, context=None, **options):
    return await asyncio.open_connection('127.0.0.1', port, ssl=context or client_context(), **options)


def is_native(transport):
    return '_asyncio' in [cls.__module__ for cls in type(transport).__mro__]


def descriptors():
    return len(os.listdir('/proc/self/fd'))


class Recorder(asyncio.Protocol):
    """A protocol that remembers what it was told."""

    def __init__(self):
        self.calls = []
        self.data = b''
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.calls.append('made')

    def data_received(self, data):
        self.data += data

    def eof_received(self):
        self.calls.append('eof')

    def connection_lost(self, exc):
        self.calls.append('lost')
        self.lost.set_result(exc)


class Connections(unittest.TestCase):
    def test_echo_natively(self):
        async def main():
            async with serving() as port:
                reader, writer = await connect(port)
                self.assertTrue(is_native(writer.transport), type(writer.transport).__mro__)
                for size in 1, 100, 16384, 16385, 300_000:
                    data = os.urandom(size)
                    writer.write(data)
                    self.assertEqual(await reader.readexactly(size), data)
                writer.close()
                await writer.wait_closed()

        run(main())

    def test_extra_info(self):
        async def main():
            server_side = asyncio.get_running_loop().create_future()

            async def handler(reader, writer):
                server_side.set_result(writer)
                await reader.read()
                writer.close()

            context = server_context(verify_mode=ssl.CERT_REQUIRED)
            context.load_verify_locations(CA)
            context.set_alpn_protocols(['h2', 'http/1.1'])
            mine = client_context()
            mine.load_cert_chain(CLIENT_CERT, CLIENT_KEY)
            mine.set_alpn_protocols(['http/1.1'])
            async with serving(handler, context) as port:
                _, writer = await connect(port, mine)
                info = writer.get_extra_info
                self.assertIs(info('sslcontext'), mine)
                self.assertEqual(info('peername'), ('127.0.0.1', port))
                self.assertIsNotNone(info('socket'))
                self.assertEqual(info('no such', 'default'), 'default')
                self.assertIsNone(info('compression'))
                names = dict(info('peercert')['subject'][0])
                self.assertEqual(names, {'commonName': 'Test server'})
                self.assertIn(('DNS', 'localhost'), info('peercert')['subjectAltName'])
                self.assertEqual(info('cipher')[1], 'TLSv1.3')
                tls = info('ssl_object')
                self.assertIsInstance(tls, ssl.SSLObject)
                self.assertIs(tls, info('ssl_object'))
                self.assertEqual(tls.version(), 'TLSv1.3')
                self.assertEqual(tls.selected_alpn_protocol(), 'http/1.1')
                self.assertEqual(tls.cipher(), info('cipher'))
                self.assertIs(tls.context, mine)
                self.assertIs(tls.server_side, False)
                self.assertEqual(tls.server_hostname, '127.0.0.1')
                der = tls.getpeercert(binary_form=True)
                self.assertEqual(ssl.PEM_cert_to_DER_cert((CERTIFICATES / 'server.pem').read_text()), der)
                self.assertEqual(tls.get_unverified_chain()[0], der)
                self.assertEqual(tls.get_verified_chain()[0], der)
                self.assertIsNone(tls.get_channel_binding())
                self.assertRaises(ValueError, tls.get_channel_binding, 'tls-nothing')
                other = await server_side
                peer = other.get_extra_info('peercert')
                self.assertEqual(dict(peer['subject'][0]), {'commonName': 'Test client'})
                self.assertIs(other.get_extra_info('ssl_object').server_side, True)
                self.assertEqual(other.get_extra_info('ssl_object').selected_alpn_protocol(), 'http/1.1')
                writer.close()
                await writer.wait_closed()
                self.assertEqual(info('cipher')[1], 'TLSv1.3')
                self.assertIs(info('sslcontext'), mine)

        run(main())

    def test_versions_alpn_and_sessions(self):
        async def main():
            context = server_context()
            context.set_alpn_protocols(['one', 'two'])
            async with serving(context=context) as port:
                for version, name in (ssl.TLSVersion.TLSv1_2, 'TLSv1.2'), (ssl.TLSVersion.TLSv1_3, 'TLSv1.3'):
                    for offered, chosen in (['two'], 'two'), (['three'], None), ([], None):
                        mine = client_context(minimum_version=version, maximum_version=version)
                        if offered:
                            mine.set_alpn_protocols(offered)
                        reader, writer = await connect(port, mine)
                        tls = writer.get_extra_info('ssl_object')
                        self.assertEqual((tls.version(), tls.selected_alpn_protocol()), (name, chosen))
                        writer.write(b'hello')
                        self.assertEqual(await reader.readexactly(5), b'hello')
                        writer.close()
                        await writer.wait_closed()

        run(main())

    def test_a_context_changed_between_connections(self):
        async def main():
            async with serving() as port:
                mine = client_context()
                reader, writer = await connect(port, mine)
                self.assertEqual(writer.get_extra_info('ssl_object').version(), 'TLSv1.3')
                mine.maximum_version = ssl.TLSVersion.TLSv1_2
                _, other = await connect(port, mine)
                self.assertEqual(other.get_extra_info('ssl_object').version(), 'TLSv1.2')
                strict = ssl.create_default_context()
                with self.assertRaises(ssl.SSLCertVerificationError):
                    await connect(port, strict)
                strict.load_verify_locations(CA)
                _, third = await connect(port, strict)
                for each in writer, other, third:
                    each.close()
                    await each.wait_closed()

        run(main())

    def test_what_only_sslproto_can_do(self):
        async def main():
            seen = []
            context = server_context(sni_callback=lambda tls, name, ctx: seen.append(name))
            with self.assertLogs('asyncio', logging.DEBUG) as logs:
                async with serving(context=context) as port:
                    reader, writer = await connect(port, server_hostname='localhost')
                    writer.write(b'hello')
                    self.assertEqual(await reader.readexactly(5), b'hello')
                    writer.close()
                    await writer.wait_closed()
            self.assertEqual(seen, ['localhost'])
            self.assertTrue(any('callback' in line for line in logs.output), logs.output)

        run(main())

    def test_key_log(self):
        async def main():
            path = CERTIFICATES / 'keys.log'
            async with serving() as port:
                _, writer = await connect(port, client_context(keylog_filename=path))
                writer.close()
                await writer.wait_closed()
            self.assertIn('CLIENT_TRAFFIC_SECRET_0', path.read_text())

        run(main())


class Failures(unittest.TestCase):
    def test_certificates(self):
        expected = {
            'expired.pem': (10, 'certificate has expired'),
            'future.pem': (9, 'certificate is not yet valid'),
            'unknown.pem': (20, 'unable to get local issuer certificate'),
            'other.pem': (64, "IP address mismatch, certificate is not valid for '127.0.0.1'."),
            'not_a_server.pem': (26, 'unsupported certificate purpose'),
            'self_signed.pem': (20, 'unable to get local issuer certificate'),
            'own_authority.pem': (18, 'self-signed certificate'),
        }

        async def main():
            for name, (code, message) in expected.items():
                with self.subTest(name):
                    async with serving(context=server_context(name)) as port:
                        with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                            await connect(port)
                        error = caught.exception
                        self.assertEqual((error.verify_code, error.verify_message), (code, message))
                        self.assertEqual((error.library, error.reason), ('SSL', 'CERTIFICATE_VERIFY_FAILED'))
                        self.assertIn('certificate verify failed: ' + message, str(error))
                        lax = client_context(check_hostname=False, verify_mode=ssl.CERT_NONE)
                        _, writer = await connect(port, lax)
                        self.assertEqual(writer.get_extra_info('peercert'), {})
                        writer.close()
                        await writer.wait_closed()
            async with serving(context=server_context('other.pem')) as port:
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    await connect(port, server_hostname='localhost')
                message = "Hostname mismatch, certificate is not valid for 'localhost'."
                self.assertEqual((caught.exception.verify_code, caught.exception.verify_message), (62, message))
                _, writer = await connect(port, server_hostname='other.test')
                writer.close()
                await writer.wait_closed()

        run(main())

    def test_client_certificates(self):
        async def main():
            for mode, accepted in (ssl.CERT_REQUIRED, False), (ssl.CERT_OPTIONAL, True):
                context = server_context(verify_mode=mode)
                context.load_verify_locations(CA)
                async with serving(context=context) as port:
                    reader, writer = await connect(port)
                    writer.write(b'hello')
                    if accepted:
                        self.assertEqual(await reader.readexactly(5), b'hello')
                    else:
                        # The client is done before the server looks for a certificate.
                        with self.assertRaises(ssl.SSLError) as caught:
                            await reader.readexactly(5)
                        self.assertEqual(caught.exception.reason, 'TLSV13_ALERT_CERTIFICATE_REQUIRED')
                    writer.close()
                    with contextlib.suppress(ssl.SSLError):
                        await writer.wait_closed()

        run(main())

    def test_plain_text_to_a_tls_port_and_the_other_way_round(self):
        async def main():
            async with serving() as port:
                reader, writer = await asyncio.open_connection('127.0.0.1', port)
                writer.write(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
                answer = await reader.read()
                self.assertEqual(answer[:1], b'\x15', 'an alert')
                writer.close()
                await writer.wait_closed()
                # It serves others as before.
                reader, writer = await connect(port)
                writer.write(b'hello')
                self.assertEqual(await reader.readexactly(5), b'hello')
                writer.close()
                await writer.wait_closed()

            async def greet(reader, writer):
                writer.write(b'220 mail.test ESMTP\r\n')
                await writer.drain()
                await reader.read()
                writer.close()

            plain = await asyncio.start_server(greet, '127.0.0.1', 0)
            with self.assertRaises(ssl.SSLError) as caught:
                await connect(plain.sockets[0].getsockname()[1])
            self.assertEqual(caught.exception.reason, 'WRONG_VERSION_NUMBER')
            plain.close()

        run(main())

    def test_no_common_version(self):
        async def main():
            context = server_context(minimum_version=ssl.TLSVersion.TLSv1_3)
            async with serving(context=context) as port:
                with self.assertRaises(ssl.SSLError) as caught:
                    await connect(port, client_context(maximum_version=ssl.TLSVersion.TLSv1_2))
                self.assertEqual(caught.exception.reason, 'TLSV1_ALERT_PROTOCOL_VERSION')

        run(main())

    def test_timeouts(self):
        async def main():
            silent = socket.create_server(('127.0.0.1', 0))
            with self.assertRaises(ConnectionAbortedError) as caught:
                await connect(silent.getsockname()[1], ssl_handshake_timeout=0.1)
            self.assertIn('SSL handshake is taking longer than 0.1 seconds', str(caught.exception))
            silent.close()
            for name in 'ssl_handshake_timeout', 'ssl_shutdown_timeout':
                async with serving() as port:
                    with self.assertRaises(ValueError) as caught:
                        await connect(port, **{name: -1})
                    self.assertIn(f'{name} should be a positive number, got -1', str(caught.exception))
            async with serving(ssl_handshake_timeout=0.1) as port:
                reader, writer = await asyncio.open_connection('127.0.0.1', port)
                self.assertEqual(await reader.read(), b'')
                writer.close()

        run(main())

    def test_a_peer_that_never_says_goodbye(self):
        async def main():
            loop = asyncio.get_running_loop()
            held = []

            class Hold(Recorder):
                def connection_made(self, transport):
                    super().connection_made(transport)
                    held.append(self)

            server = await loop.create_server(Hold, '127.0.0.1', 0, ssl=server_context())
            port = server.sockets[0].getsockname()[1]
            transport, protocol = await loop.create_connection(
                Recorder, '127.0.0.1', port, ssl=client_context(), ssl_shutdown_timeout=0.2)
            while not held:
                await asyncio.sleep(0.01)
            lower = next(lower for lower in loop._transports.values()
                         if lower.get_extra_info('peername') == transport.get_extra_info('sockname'))
            # Nothing is read any more, so that no `close_notify` is answered.
            lower.pause_reading()
            transport.close()
            self.assertIsInstance(await protocol.lost, TimeoutError)
            held[0].transport.abort()
            await held[0].lost
            server.close()

        run(main())

    def test_handshakes_cut_anywhere(self):
        """A thousand clients that go at some point of the handshake, and a thousand servers."""

        def flights():
            """What a client and a server send each other, as long as nothing goes wrong."""
            client_in, client_out = ssl.MemoryBIO(), ssl.MemoryBIO()
            server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = client_context().wrap_bio(client_in, client_out, server_hostname='localhost')
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            hello = client_out.read()
            server = server_context().wrap_bio(server_in, server_out, server_side=True)
            server_in.write(hello)
            with contextlib.suppress(ssl.SSLWantReadError):
                server.do_handshake()
            return hello, server_out.read()

        hello, answer = flights()
        chance = random.Random(7)

        def leave(sock):
            if chance.random() < 0.5:
                # A reset instead of an end.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            sock.close()

        async def main():
            loop = asyncio.get_running_loop()
            problems = []
            loop.set_exception_handler(lambda loop, context: problems.append(context))

            async def cut_client(port, number):
                sock = socket.socket()
                sock.setblocking(False)
                await loop.sock_connect(sock, ('127.0.0.1', port))
                data = hello
                if number % 3 == 1:
                    data = data[:chance.randrange(len(data))]
                elif number % 3 == 2:
                    # After the server's answer, in the middle of what ends the handshake.
                    data += bytes([20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 53]) + os.urandom(chance.randrange(60))
                with contextlib.suppress(OSError):
                    await loop.sock_sendall(sock, data)
                    if number % 3 != 1:
                        await loop.sock_recv(sock, 1)
                leave(sock)

            async with serving() as port:
                _, writer = await connect(port)
                writer.close()
                await writer.wait_closed()
                before = descriptors()
                for start in range(0, 1000, 50):
                    await asyncio.gather(*(cut_client(port, start + n) for n in range(50)))
                reader, writer = await connect(port)
                writer.write(b'hello')
                self.assertEqual(await reader.readexactly(5), b'hello')
                writer.close()
                await writer.wait_closed()
                while descriptors() > before:
                    await asyncio.sleep(0.01)

            async def cut_server(reader, writer):
                with contextlib.suppress(OSError):
                    await reader.read(1)
                    writer.write(answer[:chance.randrange(len(answer))])
                    await writer.drain()
                    leave_now = writer.get_extra_info('socket')
                    if chance.random() < 0.5:
                        leave_now.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                writer.transport.abort()

            server = await asyncio.start_server(cut_server, '127.0.0.1', 0)
            port = server.sockets[0].getsockname()[1]
            mine = client_context()
            before = descriptors()

            async def cut_connection():
                with self.assertRaises(OSError):
                    await connect(port, mine)

            for _ in range(20):
                await asyncio.gather(*(cut_connection() for _ in range(50)))
            while descriptors() > before:
                await asyncio.sleep(0.01)
            server.close()
            self.assertEqual(problems, [])

        run(main())


class Closing(unittest.TestCase):
    def test_both_sides_are_told_in_order(self):
        async def main():
            loop = asyncio.get_running_loop()
            servers = []

            def factory():
                servers.append(Recorder())
                return servers[-1]

            server = await loop.create_server(factory, '127.0.0.1', 0, ssl=server_context())
            port = server.sockets[0].getsockname()[1]
            transport, client = await loop.create_connection(Recorder, '127.0.0.1', port, ssl=client_context())
            transport.write(b'last words')
            transport.close()
            self.assertTrue(transport.is_closing())
            transport.write(b'too late')
            self.assertIsNone(await client.lost)
            self.assertIsNone(await servers[0].lost)
            self.assertEqual(servers[0].data, b'last words')
            self.assertEqual(servers[0].calls, ['made', 'eof', 'lost'])
            self.assertEqual(client.calls, ['made', 'eof', 'lost'])
            self.assertIsNone(transport.get_protocol())
            server.close()

        run(main())

    def test_an_end_without_close_notify(self):
        async def main():
            loop = asyncio.get_running_loop()
            ended = loop.create_future()

            async def handler(reader, writer):
                self.assertEqual(await reader.read(), b'hello')
                ended.set_result(reader.at_eof())
                writer.close()

            async with serving(handler) as port:
                _, writer = await connect(port)
                writer.write(b'hello')
                sock = writer.get_extra_info('socket')
                sock.shutdown(socket.SHUT_WR)
                self.assertTrue(await ended)
                writer.close()
                with contextlib.suppress(BrokenPipeError):
                    await writer.wait_closed()

        run(main())

    def test_abort(self):
        async def main():
            loop = asyncio.get_running_loop()
            async with serving() as port:
                transport, protocol = await loop.create_connection(
                    Recorder, '127.0.0.1', port, ssl=client_context())
                transport.abort()
                self.assertIsNone(await protocol.lost)
                self.assertTrue(transport.is_closing())

        run(main())

    def test_nothing_is_left(self):
        async def main():
            loop = asyncio.get_running_loop()
            async with serving() as port:
                context = client_context()
                transport, protocol = await loop.create_connection(Recorder, '127.0.0.1', port, ssl=context)
                left = [weakref.ref(thing) for thing in (transport, protocol, context)]
                transport.close()
                await protocol.lost
                del transport, protocol, context
                await asyncio.sleep(0)
                gc.collect()
                self.assertEqual([thing() for thing in left], [None] * 3)

        run(main())

    def test_errors_of_protocols_are_reported(self):
        async def main():
            loop = asyncio.get_running_loop()
            reports = []
            loop.set_exception_handler(lambda loop, context: reports.append(context))

            class Broken(Recorder):
                def data_received(self, data):
                    raise ZeroDivisionError('broken')

            async with serving() as port:
                transport, protocol = await loop.create_connection(Broken, '127.0.0.1', port, ssl=client_context())
                transport.write(b'hello')
                self.assertIsInstance(await protocol.lost, ZeroDivisionError)
            self.assertEqual([str(report['exception']) for report in reports], ['broken'])
            self.assertEqual(reports[0]['message'], 'Fatal error on SSL protocol')

        run(main())


class Flow(unittest.TestCase):
    SIZE = 32 * 1024 * 1024

    def test_large_transfers_both_ways_at_once(self):
        async def main():
            async with serving() as port:
                reader, writer = await connect(port)
                piece = os.urandom(1024 * 1024)

                async def send():
                    for _ in range(self.SIZE // len(piece)):
                        writer.write(piece)
                        await writer.drain()

                async def receive():
                    for _ in range(self.SIZE // len(piece)):
                        self.assertEqual(await reader.readexactly(len(piece)), piece)

                await asyncio.gather(send(), receive())
                writer.close()
                await writer.wait_closed()

        run(main())

    def test_backpressure(self):
        async def main():
            loop = asyncio.get_running_loop()
            accepted = loop.create_future()

            class Slow(Recorder):
                def connection_made(self, transport):
                    super().connection_made(transport)
                    transport.pause_reading()
                    accepted.set_result(self)

            class Sender(Recorder):
                def pause_writing(self):
                    self.calls.append('pause')

                def resume_writing(self):
                    self.calls.append('resume')

            server = await loop.create_server(Slow, '127.0.0.1', 0, ssl=server_context())
            port = server.sockets[0].getsockname()[1]
            transport, protocol = await loop.create_connection(Sender, '127.0.0.1', port, ssl=client_context())
            slow = await accepted
            self.assertEqual(transport.get_write_buffer_limits(), (128 * 1024, 512 * 1024))
            self.assertFalse(slow.transport.is_reading())
            data = os.urandom(self.SIZE)
            transport.write(data)
            self.assertEqual(protocol.calls, ['made', 'pause'])
            for _ in range(20):
                await asyncio.sleep(0.01)
            waiting = transport.get_write_buffer_size()
            self.assertGreater(waiting, self.SIZE // 2, 'the receiver takes nothing')
            low, high = slow.transport.get_read_buffer_limits()
            self.assertLess(slow.transport.get_read_buffer_size(), high + 1024 * 1024)
            self.assertEqual(slow.data, b'')
            slow.transport.resume_reading()
            self.assertTrue(slow.transport.is_reading())
            transport.close()
            self.assertIsNone(await protocol.lost)
            self.assertIsNone(await slow.lost)
            self.assertEqual(slow.data, data)
            self.assertEqual(protocol.calls, ['made', 'pause', 'resume', 'eof', 'lost'])
            server.close()

        run(main())

    def test_limits(self):
        async def main():
            async with serving() as port:
                _, writer = await connect(port)
                transport = writer.transport
                transport.set_write_buffer_limits(high=100)
                self.assertEqual(transport.get_write_buffer_limits(), (25, 100))
                transport.set_write_buffer_limits(low=100)
                self.assertEqual(transport.get_write_buffer_limits(), (100, 400))
                with self.assertRaises(ValueError):
                    transport.set_write_buffer_limits(high=1, low=2)
                transport.set_read_buffer_limits(high=100)
                self.assertEqual(transport.get_read_buffer_limits(), (25, 100))
                self.assertFalse(transport.can_write_eof())
                self.assertRaises(NotImplementedError, transport.write_eof)
                for wrong in 'text', 1, None:
                    self.assertRaises(TypeError, transport.write, wrong)
                transport.write(bytearray(b'a'))
                transport.write(memoryview(b'b'))
                transport.writelines([b'c', bytearray(b'd')])
                writer.close()
                await writer.wait_closed()

        run(main())

    def test_buffered_protocols(self):
        async def main():
            loop = asyncio.get_running_loop()

            class Buffered(asyncio.BufferedProtocol):
                def __init__(self):
                    self.buffer = bytearray(1000)
                    self.data = b''
                    self.complete = loop.create_future()

                def get_buffer(self, hint):
                    return self.buffer

                def buffer_updated(self, count):
                    self.data += self.buffer[:count]
                    if len(self.data) == 100_000:
                        self.complete.set_result(None)

            async with serving() as port:
                transport, protocol = await loop.create_connection(
                    Buffered, '127.0.0.1', port, ssl=client_context())
                data = os.urandom(100_000)
                transport.write(data)
                await protocol.complete
                self.assertEqual(protocol.data, data)
                transport.close()

        run(main())


class Upgrades(unittest.TestCase):
    def test_start_tls_of_streams(self):
        async def main():
            async def handler(reader, writer):
                self.assertEqual(await reader.readline(), b'STARTTLS\n')
                writer.write(b'OK\n')
                await writer.drain()
                await writer.start_tls(server_context())
                await echo(reader, writer)

            server = await asyncio.start_server(handler, '127.0.0.1', 0)
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection('127.0.0.1', port)
            writer.write(b'STARTTLS\n')
            self.assertEqual(await reader.readline(), b'OK\n')
            await writer.start_tls(client_context(), server_hostname='localhost')
            self.assertTrue(is_native(writer.transport))
            for size in 5, 200_000:
                data = os.urandom(size)
                writer.write(data)
                self.assertEqual(await reader.readexactly(size), data)
            writer.close()
            await writer.wait_closed()
            server.close()

        run(main())

    def test_start_tls_that_fails(self):
        async def main():
            async def handler(reader, writer):
                with contextlib.suppress(OSError):
                    await writer.start_tls(server_context('expired.pem'))
                writer.close()

            server = await asyncio.start_server(handler, '127.0.0.1', 0)
            port = server.sockets[0].getsockname()[1]
            _, writer = await asyncio.open_connection('127.0.0.1', port)
            with self.assertRaises(ssl.SSLCertVerificationError):
                await writer.start_tls(client_context(), server_hostname='localhost')
            self.assertTrue(writer.is_closing())
            with self.assertRaises(TypeError):
                await asyncio.get_running_loop().start_tls(writer.transport, None, 'no context')
            server.close()

        run(main())

    def test_tls_within_tls(self):
        async def main():
            async def handler(reader, writer):
                writer.write(await reader.readexactly(5))
                await writer.start_tls(server_context())
                await echo(reader, writer)

            async with serving(handler) as port:
                reader, writer = await connect(port)
                writer.write(b'begin')
                self.assertEqual(await reader.readexactly(5), b'begin')
                await writer.start_tls(client_context(), server_hostname='localhost')
                data = os.urandom(500_000)
                writer.write(data)
                self.assertEqual(await reader.readexactly(len(data)), data)
                self.assertEqual(writer.get_extra_info('peername'), ('127.0.0.1', port))
                writer.close()
                await writer.wait_closed()

        run(main())


class WebSockets(unittest.TestCase):
    def test_messages_and_closing(self):
        async def main():
            async def handler(connection):
                async for message in connection:
                    await connection.send(message)

            async with websockets.serve(handler, '127.0.0.1', 0, ssl=server_context()) as server:
                uri = 'wss://localhost:%d' % server.sockets[0].getsockname()[1]
                async with websockets.connect(uri, ssl=client_context(), host='127.0.0.1') as connection:
                    self.assertTrue(is_native(connection.transport))
                    for message in 'text', b'bytes', 'x' * 300_000, b'':
                        await connection.send(message)
                        self.assertEqual(await connection.recv(), message)
                    self.assertEqual(connection.transport.get_extra_info('ssl_object').version(), 'TLSv1.3')
                self.assertEqual(connection.close_code, 1000)
                with self.assertRaises(ssl.SSLCertVerificationError):
                    async with websockets.connect(uri, ssl=ssl.create_default_context(), host='127.0.0.1'):
                        pass

        run(main())


class Debug(unittest.TestCase):
    def test_debug_mode(self):
        async def main():
            async with serving() as port:
                reader, writer = await connect(port)
                writer.write(b'hello')
                self.assertEqual(await reader.readexactly(5), b'hello')
                self.assertIn('_SSLProtocolTransport', repr(writer.transport))
                writer.close()
                await writer.wait_closed()

        with self.assertLogs('asyncio', logging.DEBUG) as logs:
            asyncio.run(asyncio.wait_for(main(), PATIENCE), debug=True)
        self.assertTrue(any('SSL handshake took' in line for line in logs.output), logs.output)

    def test_a_forgotten_transport(self):
        async def main():
            loop = asyncio.get_running_loop()
            async with serving() as port:
                transport, protocol = await loop.create_connection(
                    asyncio.Protocol, '127.0.0.1', port, ssl=client_context())
                self.assertFalse(transport.is_closing())
                transport.abort()

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            run(main())
            gc.collect()
        self.assertEqual([w for w in caught if issubclass(w.category, ResourceWarning)], [])


if __name__ == '__main__':
    unittest.main()
