# The standard library's module of this name, with a native event loop as the default one.
#
# Its code runs here as it is, so that every name, traceback and `__module__` stays what it was.
# `SelectorEventLoop` remains asyncio's own, for scripts that ask for it.

import _imp

exec(_imp.get_frozen_object('asyncio._stock_unix_events'), globals())

import _socket
import contextvars
from _asyncio import LoopCore, SocketTransport, TlsTransport
from . import selector_events, sslproto, streams


def _itself(data):
    return data


# Streams take what was read out of a bytearray through a memoryview that nobody keeps. Where several threads run, such
# an object can outlive its last use for a moment, and a bytearray that is looked at cannot shrink: BufferError. Slices
# of the bytearray are copied once more instead.
streams.memoryview = _itself

# What a subclass must leave alone for tasks to skip handles...
_OVERRIDDEN = ('_run_once', '_add_callback', '_process_events', 'call_at', 'call_later', 'call_soon',
               'call_soon_threadsafe', 'create_future', 'create_task', 'time')
# ...and for transports to skip the selector.
_OVERRIDDEN_IO = ('_add_reader', '_add_writer', '_remove_reader', '_remove_writer')


class _SelectorSocketTransport(SocketTransport, selector_events._SelectorSocketTransport):
    """The transport of a stream socket, in native code.

    Replaces asyncio's own, and has the same name.
    """

    __module__ = 'asyncio.selector_events'


class _SSLProtocolTransport(TlsTransport, sslproto._SSLProtocolTransport):
    """The transport of a TLS connection, in native code.

    Takes the place of asyncio's own, whose name it bears.
    """

    __module__ = 'asyncio.sslproto'


class EventLoop(LoopCore, SelectorEventLoop):
    """asyncio's event loop with native queues, timers and wake-ups.

    What `asyncio.run`, `asyncio.Runner` and `asyncio.new_event_loop` use. Signals, subprocesses,
    executors, and transports other than those of stream sockets, are those of
    `asyncio.SelectorEventLoop`.
    """

    __module__ = 'asyncio'

    def __init__(self, selector=None):
        super().__init__(selector)
        selector = self._selector
        cls = type(self)
        plain = cls is EventLoop or all(
            getattr(cls, name) is getattr(EventLoop, name) for name in _OVERRIDDEN)
        self._native_transports = False
        if type(selector) is getattr(selectors, 'EpollSelector', None):
            self._native_transports = plain and (cls is EventLoop or all(
                getattr(cls, name) is getattr(EventLoop, name) for name in _OVERRIDDEN_IO))
            self._wake_fd = self._core_open(selector.fileno(), plain)
            selector._selector.register(self._wake_fd, 1)
        else:
            self._wake_fd = self._core_open(None, plain)
            self._add_reader(self._wake_fd, self._core_woken)

    def _accept_connection(self, protocol_factory, sock, sslcontext=None, server=None, backlog=100,
                           *timeouts):
        if (self._debug or not self._native_transports or type(sock) is not socket.socket):
            return super()._accept_connection(
                protocol_factory, sock, sslcontext, server, backlog, *timeouts)
        # The numbers themselves: making enumerations of them takes longer than making a socket.
        kind = [member.__get__(sock) for member in
                (_socket.socket.family, _socket.socket.type, _socket.socket.proto)]
        for _ in range(backlog + 1):
            try:
                fd, address = sock._accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # asyncio handles the error, if it persists.
                return super()._accept_connection(
                    protocol_factory, sock, sslcontext, server, backlog, *timeouts)
            connection = socket.socket(*kind, fileno=fd)
            connection.setblocking(False)
            contextvars.copy_context().run(
                self._begin_accepted, protocol_factory, connection, address, sslcontext, server, timeouts)

    def _begin_accepted(self, protocol_factory, connection, address, sslcontext, server, timeouts):
        extra = {'peername': address}
        try:
            if sslcontext:
                handshake, shutdown = timeouts
                self._make_ssl_transport(
                    connection, protocol_factory(), sslcontext, server_side=True, extra=extra, server=server,
                    ssl_handshake_timeout=handshake, ssl_shutdown_timeout=shutdown)
            else:
                self._make_socket_transport(connection, protocol_factory(), extra=extra, server=server)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            # As in asyncio, only debug mode would report it.
            connection.close()

    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
        if not (self._native_transports and type(sock) is socket.socket):
            return super()._make_socket_transport(sock, protocol, waiter, extra=extra, server=server)
        if self._transports.get(sock.fileno()) is not None:
            self._ensure_fd_no_transport(sock)
        return _SelectorSocketTransport(self, sock, protocol, waiter, extra, server)

    def _make_ssl_transport(self, rawsock, protocol, sslcontext, waiter=None, *, server_side=False,
                            server_hostname=None, extra=None, server=None, **timeouts):
        if not (self._native_transports and type(rawsock) is socket.socket):
            return super()._make_ssl_transport(
                rawsock, protocol, sslcontext, waiter, server_side=server_side,
                server_hostname=server_hostname, extra=extra, server=server, **timeouts)
        self._ensure_fd_no_transport(rawsock)
        transport, tls = self._make_tls(protocol, sslcontext, waiter, server_side, server_hostname, **timeouts)
        _SelectorSocketTransport(self, rawsock, tls, extra=extra, server=server)
        return transport

    def _make_tls(self, protocol, sslcontext, waiter, server_side, server_hostname, call_connection_made=True,
                  **timeouts):
        """The transport for `protocol`, and the protocol for the transport that carries the connection."""
        sslcontext = sslcontext or sslproto._create_transport_context(server_side, server_hostname)
        reason = TlsTransport._unsupported(sslcontext, server_side, server_hostname)
        if reason is None:
            transport = _SSLProtocolTransport(
                self, protocol, sslcontext, waiter, server_side, server_hostname, call_connection_made, **timeouts)
            return transport, transport._ssl_protocol
        logger.debug('asyncio.sslproto handles a TLS connection: %s', reason)
        tls = sslproto.SSLProtocol(
            self, protocol, sslcontext, waiter, server_side, server_hostname, call_connection_made, **timeouts)
        return tls._app_transport, tls

    async def start_tls(self, transport, protocol, sslcontext, *, server_side=False, server_hostname=None,
                        ssl_handshake_timeout=None, ssl_shutdown_timeout=None):
        """Upgrade a connection to TLS and return the new transport, which `protocol` is to use from now on."""
        if sslproto.ssl is None or not self._native_transports:
            return await super().start_tls(
                transport, protocol, sslcontext, server_side=server_side, server_hostname=server_hostname,
                ssl_handshake_timeout=ssl_handshake_timeout, ssl_shutdown_timeout=ssl_shutdown_timeout)
        if not isinstance(sslcontext, sslproto.ssl.SSLContext):
            raise TypeError(f'sslcontext is expected to be an instance of ssl.SSLContext, got {sslcontext!r}')
        if not getattr(transport, '_start_tls_compatible', False):
            raise TypeError(f'transport {transport!r} is not supported by start_tls()')
        waiter = self.create_future()
        upgraded, tls = self._make_tls(
            protocol, sslcontext, waiter, server_side, server_hostname, call_connection_made=False,
            ssl_handshake_timeout=ssl_handshake_timeout, ssl_shutdown_timeout=ssl_shutdown_timeout)
        # What arrives in between belongs to the handshake.
        transport.pause_reading()
        transport.set_protocol(tls)
        handles = [self.call_soon(tls.connection_made, transport), self.call_soon(transport.resume_reading)]
        try:
            await waiter
        except BaseException:
            transport.close()
            for handle in handles:
                handle.cancel()
            raise
        return upgraded

    def close(self):
        """Close the event loop: scheduled callbacks no longer run."""
        super().close()
        self._core_close()


_UnixDefaultEventLoopPolicy._loop_factory = EventLoop
