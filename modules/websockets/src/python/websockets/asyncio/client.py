"""WebSocket clients for asyncio."""

import asyncio
import logging
import os
import socket
import ssl as ssl_module
import traceback
import urllib.parse

from .._marks import marks
from .._socks import dialogue as socks_dialogue
from .._socks import resolves_locally
from ..client import ClientProtocol, backoff, process_exception
from ..datastructures import Headers
from ..exceptions import InvalidProxyMessage, InvalidProxyStatus, InvalidStatus, ProxyError, SecurityError
from ..extensions.permessage_deflate import enable_client_permessage_deflate
from ..headers import validate_subprotocols
from ..http11 import USER_AGENT, Response
from ..protocol import CONNECTING
from ..proxy import get_proxy, parse_proxy, prepare_connect_request
from ..streams import StreamReader
from ..uri import parse_uri
from .connection import Connection

__all__ = ['connect', 'unix_connect', 'ClientConnection']

MAX_REDIRECTS = int(os.environ.get('WEBSOCKETS_MAX_REDIRECTS', '10'))

# Headers that must not be sent to another server.
_CREDENTIALS = frozenset(['authorization', 'cookie', 'proxy-authorization'])


class ClientConnection(Connection):
    """The client's end of a connection, which `connect` gives.

    `recv` and `send` are coroutines; `async for message in connection` receives until the connection is closed, and
    raises `ConnectionClosedError` if it was closed with another code than 1000 or 1001.
    """

    def __init__(self, protocol, *, ping_interval=20, ping_timeout=20, close_timeout=10, max_queue=16,
                 write_limit=2**15):
        super().__init__(
            protocol,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_queue=max_queue,
            write_limit=write_limit,
        )
        self.response_rcvd = self.loop.create_future()

    async def handshake(self, additional_headers=None, user_agent_header=USER_AGENT):
        """Do the opening handshake. Raises `InvalidHandshake`."""
        self.request = self.protocol.connect()
        if additional_headers is not None:
            self.request.headers.update(additional_headers)
        if user_agent_header is not None:
            self.request.headers.setdefault('User-Agent', user_agent_header)
        async with self.send_context(expected_state=CONNECTING):
            self.protocol.send_request(self.request)
        await asyncio.wait([self.response_rcvd, self.connection_lost_waiter],
                           return_when=asyncio.FIRST_COMPLETED)
        # Set as well when there was no response.
        if self.protocol.handshake_exc is not None:
            raise self.protocol.handshake_exc

    def _process_handshake(self, event):
        if self.response is not None:
            super()._process_handshake(event)
        self.response = event
        self.response_rcvd.set_result(None)


class connect:
    """Connect to the WebSocket server at `uri`, which is `ws://` or `wss://`.

    There are three ways to use it:

        async with connect(uri) as websocket: ...    # closes the connection at the end
        websocket = await connect(uri)               # leaves that to you
        async for websocket in connect(uri): ...     # connects again whenever the connection is lost

    Arguments:

    - `origin`: the `Origin` header;
    - `extensions`, `compression`: extensions to offer; `compression=None` for no permessage-deflate;
    - `subprotocols`: subprotocols to offer, best first;
    - `additional_headers`, `user_agent_header`: headers of the request; `None` for no `User-Agent`;
    - `proxy`: the URL of an HTTP or SOCKS proxy, `True` for the one the environment names, `None` for none;
    - `process_exception`: tells, when connecting again, errors to retry after (it returns `None`) from others (it
      returns an exception to raise);
    - `open_timeout` or `timeout`, `ping_interval`, `ping_timeout`, `close_timeout`: seconds, or `None` for no limit
      and no pings;
    - `reconnect_delays`: a function that gives an iterator of the seconds to wait before connecting again;
    - `max_size`: most bytes of a message, or of a message and of a frame as a pair; `None` for no limit;
    - `max_queue`: most frames that are received ahead, or a pair of high-water and low-water marks;
    - `write_limit`: bytes of the write buffer from which on `send` waits, or a pair of marks;
    - `logger`: instead of `websockets.client`;
    - `create_connection`: instead of `ClientConnection`.

    Others go to `loop.create_connection()`: `ssl`, `server_hostname`, `sock`, `host` and `port` (to connect somewhere
    else than the URI says), `local_addr`... With a proxy, those that begin with `proxy_` are for TLS with the proxy.

    Raises `InvalidURI`, `InvalidProxy`, `OSError`, `InvalidHandshake` and `TimeoutError`.
    """

    def __init__(
        self,
        uri,
        *,
        origin=None,
        extensions=None,
        subprotocols=None,
        compression='deflate',
        additional_headers=None,
        user_agent_header=USER_AGENT,
        proxy=True,
        process_exception=process_exception,
        open_timeout=10,
        ping_interval=20,
        ping_timeout=20,
        close_timeout=10,
        reconnect_delays=backoff,
        max_size=2**20,
        max_queue=16,
        write_limit=2**15,
        logger=None,
        create_connection=None,
        **kwargs,
    ):
        self.uri = uri
        self.ws_uri = parse_uri(uri)
        if not self.ws_uri.secure and kwargs.get('ssl') is not None:
            raise ValueError('ssl argument is incompatible with a ws:// URI')
        if subprotocols is not None:
            validate_subprotocols(subprotocols)
        if compression == 'deflate':
            extensions = enable_client_permessage_deflate(extensions)
        elif compression is not None:
            raise ValueError(f'unsupported compression: {compression}')
        # Before there is anything to be closed again.
        marks('max_queue', max_queue)
        marks('write_limit', write_limit)
        if logger is None:
            logger = logging.getLogger('websockets.client')
        if create_connection is None:
            create_connection = ClientConnection

        self.additional_headers = additional_headers
        self.user_agent_header = user_agent_header
        self.proxy = proxy
        self.process_exception = process_exception
        self.open_timeout = kwargs.pop('timeout', open_timeout)
        self.reconnect_delays = reconnect_delays
        self.logger = logger
        self.create_connection_kwargs = kwargs

        def factory(uri):
            protocol = ClientProtocol(uri, origin=origin, extensions=extensions, subprotocols=subprotocols,
                                      max_size=max_size, logger=logger)
            return create_connection(protocol, ping_interval=ping_interval, ping_timeout=ping_timeout,
                                     close_timeout=close_timeout, max_queue=max_queue, write_limit=write_limit)

        self.factory = factory

    # Opening connections.

    async def open_tcp_connection(self):
        """Return a connection to the server, on which there was no handshake yet."""
        loop = asyncio.get_running_loop()
        kwargs = self.create_connection_kwargs.copy()
        if self.ws_uri.secure:
            if kwargs.setdefault('ssl', True) is None:
                raise ValueError('ssl=None is incompatible with a wss:// URI')
            kwargs.setdefault('server_hostname', self.ws_uri.host)

        if kwargs.pop('unix', False):
            _, connection = await loop.create_unix_connection(self._connection, **kwargs)
            return connection

        proxy = self.proxy if kwargs.get('sock') is None else None
        if proxy is True:
            proxy = get_proxy(self.ws_uri)
        if proxy is not None:
            proxy = parse_proxy(proxy)
            if proxy.scheme.startswith('socks'):
                return await self._open_through_socks(proxy, kwargs)
            return await self._open_through_http(proxy, kwargs)

        if kwargs.get('sock') is None:
            kwargs.setdefault('host', self.ws_uri.host)
            kwargs.setdefault('port', self.ws_uri.port)
        _, connection = await loop.create_connection(self._connection, **kwargs)
        return connection

    def _connection(self):
        return self.factory(self.ws_uri)

    async def _open_through_socks(self, proxy, kwargs):
        sock = await connect_socks_proxy(proxy, self.ws_uri, local_addr=kwargs.pop('local_addr', None))
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                self._connection, sock=sock, **kwargs)
        except BaseException:
            sock.close()
            raise
        return connection

    async def _open_through_http(self, proxy, kwargs):
        ours, theirs = {}, {}
        for name, value in kwargs.items():
            if name.startswith('ssl') or name == 'server_hostname':
                ours[name] = value
            else:
                theirs[name.removeprefix('proxy_')] = value
        if proxy.scheme == 'https':
            if theirs.setdefault('ssl', True) is None:
                raise ValueError('proxy_ssl=None is incompatible with an https:// proxy')
        elif theirs.get('ssl') is not None:
            raise ValueError('proxy_ssl argument is incompatible with an http:// proxy')

        transport = await connect_http_proxy(proxy, self.ws_uri, user_agent_header=self.user_agent_header, **theirs)
        try:
            connection = self._connection()
            transport.set_protocol(connection)
            ssl = ours.pop('ssl', None)
            if ssl is True:
                ssl = ssl_module.create_default_context()
            if ssl is not None:
                loop = asyncio.get_running_loop()
                transport = await loop.start_tls(transport, connection, ssl, **ours)
            connection.connection_made(transport)
        except BaseException:
            transport.abort()
            raise
        return connection

    def process_redirect(self, exc):
        """Return the URI to continue with if the exception is a redirect to follow, else an exception to raise."""
        if not isinstance(exc, InvalidStatus):
            return exc
        response = exc.response
        if response.status_code not in (300, 301, 302, 303, 307, 308) or 'Location' not in response.headers:
            return exc
        kwargs = self.create_connection_kwargs
        old = self.ws_uri
        new_uri = urllib.parse.urljoin(self.uri, response.headers['Location'])
        new = parse_uri(new_uri)

        if kwargs.get('sock') is not None:
            return ValueError(f'cannot follow redirect to {new_uri} with a preexisting socket')
        if old.secure and not new.secure:
            return SecurityError(f'cannot follow redirect to non-secure URI {new_uri}')
        if (old.secure, old.host, old.port) == (new.secure, new.host, new.port):
            return new_uri

        # To another server.
        if kwargs.get('unix', False):
            return ValueError(f'cannot follow cross-origin redirect to {new_uri} with a Unix socket')
        if kwargs.get('host') is not None or kwargs.get('port') is not None:
            return ValueError(f'cannot follow cross-origin redirect to {new_uri} with an explicit host or port')
        if self.additional_headers is not None:
            self.additional_headers = Headers(
                (name, value) for name, value in Headers(self.additional_headers).raw_items()
                if name.lower() not in _CREDENTIALS)
        return new_uri

    async def connect(self):
        """Return an open connection, following redirects."""
        try:
            async with asyncio.timeout(self.open_timeout):
                for _ in range(MAX_REDIRECTS):
                    connection = await self._connect_once()
                    if connection is not None:
                        return connection
                raise SecurityError(f'more than {MAX_REDIRECTS} redirects')
        except TimeoutError as exc:
            raise TimeoutError('timed out during opening handshake') from exc

    async def _connect_once(self):
        """Return an open connection, or `None` when there is another URI to try."""
        connection = await self.open_tcp_connection()
        try:
            await connection.handshake(self.additional_headers, self.user_agent_header)
        except asyncio.CancelledError:
            connection.transport.abort()
            raise
        except Exception as exc:
            connection.transport.abort()
            outcome = self.process_redirect(exc)
            if outcome is exc:
                raise
            if isinstance(outcome, Exception):
                raise outcome from exc
            self.uri = outcome
            self.ws_uri = parse_uri(outcome)
            return None
        connection.start_keepalive()
        return connection

    def __await__(self):
        return self.connect().__await__()

    async def __aenter__(self):
        if hasattr(self, 'connection'):
            raise RuntimeError("connect() isn't reentrant")
        self.connection = await self
        return await self.connection.__aenter__()

    async def __aexit__(self, exc_type, exc_value, traceback):
        try:
            return await self.connection.__aexit__(exc_type, exc_value, traceback)
        finally:
            del self.connection

    async def __aiter__(self):
        delays = None
        while True:
            try:
                async with self as connection:
                    yield connection
            except Exception as exc:
                try:
                    fatal = self.process_exception(exc)
                except Exception as raised:
                    fatal = raised
                if fatal is exc:
                    raise
                if fatal is not None:
                    raise fatal from exc
                if delays is None:
                    delays = self.reconnect_delays()
                delay = next(delays)
                self.logger.info('connect failed; reconnecting in %.1f seconds: %s', delay,
                                 traceback.format_exception_only(exc)[0].strip())
                await asyncio.sleep(delay)
            else:
                delays = None


def unix_connect(path=None, uri=None, **kwargs):
    """Connect to a WebSocket server that listens on the Unix socket `path`.

    `uri` is only for the handshake: `ws://localhost/` by default, `wss://localhost/` with `ssl`. The other arguments
    are those of `connect`.
    """
    if uri is None:
        uri = 'ws://localhost/' if kwargs.get('ssl') is None else 'wss://localhost/'
    return connect(uri=uri, unix=True, path=path, **kwargs)


# Proxies.


async def connect_socks_proxy(proxy, ws_uri, *, local_addr=None):
    """Return a socket that a SOCKS proxy has connected to the server."""
    loop = asyncio.get_running_loop()
    host = ws_uri.host
    if resolves_locally(proxy):
        family = socket.AF_INET if proxy.scheme == 'socks4' else socket.AF_UNSPEC
        found = await loop.getaddrinfo(host, ws_uri.port, family=family, type=socket.SOCK_STREAM)
        host = found[0][4][0]
    sock = await _connect_socket(proxy.host, proxy.port, local_addr)
    try:
        dialogue = socks_dialogue(proxy, host, ws_uri.port)
        request, size = next(dialogue)
        while True:
            if request:
                await loop.sock_sendall(sock, request)
            answer = await _read_exactly(sock, size)
            try:
                request, size = dialogue.send(answer)
            except StopIteration:
                return sock
    except OSError:
        sock.close()
        raise
    except Exception as exc:
        sock.close()
        raise ProxyError('failed to connect to SOCKS proxy') from exc
    except BaseException:
        sock.close()
        raise


async def _connect_socket(host, port, local_addr):
    """Return a socket that is connected to the first address of the host that can be reached."""
    loop = asyncio.get_running_loop()
    errors = []
    for family, kind, number, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, number)
        try:
            sock.setblocking(False)
            if local_addr is not None:
                sock.bind(local_addr)
            await loop.sock_connect(sock, address)
            return sock
        except OSError as exc:
            sock.close()
            errors.append(exc)
        except BaseException:
            sock.close()
            raise
    raise errors[0] if errors else OSError(f'no address found for {host}')


async def _read_exactly(sock, size):
    loop = asyncio.get_running_loop()
    data = b''
    while len(data) < size:
        more = await loop.sock_recv(sock, size - len(data))
        if not more:
            raise ProxyError('the SOCKS proxy closed the connection')
        data += more
    return data


class HTTPProxyConnection(asyncio.Protocol):
    """Asks an HTTP proxy for a tunnel; `response` is a future of its answer."""

    def __init__(self, ws_uri, proxy, user_agent_header=None):
        self._request = prepare_connect_request(proxy, ws_uri, user_agent_header)
        self._reader = StreamReader()
        self._parser = Response.parse(self._reader.read_line, self._reader.read_exact, self._reader.read_to_eof,
                                      proxy=True)
        self.response = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        transport.write(self._request)

    def data_received(self, data):
        self._reader.feed_data(data)
        self._parse()

    def eof_received(self):
        self._reader.feed_eof()
        self._parse()

    def connection_lost(self, exc):
        self._reader.feed_eof()
        self._parse()

    def _parse(self):
        if self.response.done():
            return
        try:
            next(self._parser)
        except StopIteration as exc:
            if 200 <= exc.value.status_code < 300:
                self.response.set_result(exc.value)
            else:
                self.response.set_exception(InvalidProxyStatus(exc.value))
        except Exception as exc:
            error = InvalidProxyMessage('did not receive a valid HTTP response from proxy')
            error.__cause__ = exc
            self.response.set_exception(error)


async def connect_http_proxy(proxy, ws_uri, *, user_agent_header=None, **kwargs):
    """Return a transport that an HTTP proxy has connected to the server."""
    transport, protocol = await asyncio.get_running_loop().create_connection(
        lambda: HTTPProxyConnection(ws_uri, proxy, user_agent_header), proxy.host, proxy.port, **kwargs)
    try:
        await protocol.response
    except BaseException:
        transport.abort()
        raise
    return transport
