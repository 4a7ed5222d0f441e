"""Network backends with the API of httpcore's: `SyncBackend`, and `AnyIOBackend` for asyncio.

The pools of this package make their connections in native code, and take no backend.
"""

import asyncio
import socket
import time
from collections.abc import Iterable
from typing import Union

import httpcore
from httpcore import AsyncNetworkStream, NetworkStream

__all__ = [
    'SOCKET_OPTION', 'AnyIOBackend', 'AnyIOStream', 'AsyncNetworkBackend', 'AsyncNetworkStream', 'AutoBackend',
    'NetworkBackend', 'NetworkStream', 'SyncBackend', 'SyncStream',
]

#: An option of a socket, as `socket.setsockopt` takes it.
SOCKET_OPTION = Union[tuple[int, int, int], tuple[int, int, bytes], tuple[int, int, None, int]]


class NetworkBackend:
    """The interface of what makes connections, for blocking callers."""

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        """Connects to a host, and returns a `NetworkStream`."""
        raise NotImplementedError

    def connect_unix_socket(self, path, timeout=None, socket_options=None):
        """Connects to a Unix socket, and returns a `NetworkStream`."""
        raise NotImplementedError

    def sleep(self, seconds):
        """Waits."""
        time.sleep(seconds)


class AsyncNetworkBackend:
    """The interface of what makes connections, for awaiting callers."""

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        """Connects to a host, and returns an `AsyncNetworkStream`."""
        raise NotImplementedError

    async def connect_unix_socket(self, path, timeout=None, socket_options=None):
        """Connects to a Unix socket, and returns an `AsyncNetworkStream`."""
        raise NotImplementedError

    async def sleep(self, seconds):
        """Waits."""
        await asyncio.sleep(seconds)


def _raises(timed_out, failed):
    """Raises exceptions of sockets as httpcore's."""
    return _Raises(getattr(httpcore, timed_out), getattr(httpcore, failed))


class _Raises:
    def __init__(self, timed_out, failed):
        self._timed_out, self._failed = timed_out, failed

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        if isinstance(exc, TimeoutError):
            raise self._timed_out(str(exc)) from exc
        if isinstance(exc, (OSError, EOFError)):
            raise self._failed(str(exc)) from exc


def _set_options(sock, options):
    for option in options or ():
        sock.setsockopt(*option)


def _info(sock, name):
    if name == 'socket':
        return sock
    if name in ('client_addr', 'server_addr') and sock is not None:
        return sock.getsockname() if name == 'client_addr' else sock.getpeername()
    return None


class SyncStream(NetworkStream):
    """A connection over a socket."""

    def __init__(self, sock):
        self._sock = sock

    def read(self, max_bytes, timeout=None):
        with _raises('ReadTimeout', 'ReadError'):
            self._sock.settimeout(timeout)
            return self._sock.recv(max_bytes)

    def write(self, buffer, timeout=None):
        with _raises('WriteTimeout', 'WriteError'):
            self._sock.settimeout(timeout)
            self._sock.sendall(buffer)

    def close(self):
        self._sock.close()

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        with _raises('ConnectTimeout', 'ConnectError'):
            self._sock.settimeout(timeout)
            return SyncStream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname))

    def get_extra_info(self, info):
        return _info(self._sock, info)


class SyncBackend(NetworkBackend):
    """Connections over sockets."""

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        source = None if local_address is None else (local_address, 0)
        with _raises('ConnectTimeout', 'ConnectError'):
            sock = socket.create_connection((host, port), timeout, source_address=source)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _set_options(sock, socket_options)
        return SyncStream(sock)

    def connect_unix_socket(self, path, timeout=None, socket_options=None):
        with _raises('ConnectTimeout', 'ConnectError'):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                _set_options(sock, socket_options)
                sock.settimeout(timeout)
                sock.connect(path)
            except BaseException:
                sock.close()
                raise
        return SyncStream(sock)


class AnyIOStream(AsyncNetworkStream):
    """A connection over a transport of asyncio."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes, timeout=None):
        with _raises('ReadTimeout', 'ReadError'):
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)

    async def write(self, buffer, timeout=None):
        with _raises('WriteTimeout', 'WriteError'):
            async with asyncio.timeout(timeout):
                self._writer.write(buffer)
                await self._writer.drain()

    async def aclose(self):
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            pass

    async def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        with _raises('ConnectTimeout', 'ConnectError'):
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        return self

    def get_extra_info(self, info):
        return _info(self._writer.get_extra_info('socket'), info)


class AnyIOBackend(AsyncNetworkBackend):
    """Connections over transports of asyncio."""

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        local = None if local_address is None else (local_address, 0)
        with _raises('ConnectTimeout', 'ConnectError'):
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(host, port, local_addr=local)
        _set_options(writer.get_extra_info('socket'), socket_options)
        return AnyIOStream(reader, writer)

    async def connect_unix_socket(self, path, timeout=None, socket_options=None):
        with _raises('ConnectTimeout', 'ConnectError'):
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_unix_connection(path)
        return AnyIOStream(reader, writer)


AutoBackend = AnyIOBackend
