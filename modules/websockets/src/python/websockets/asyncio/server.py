"""WebSocket servers for asyncio."""

import asyncio
import hmac
import http
import inspect
import logging
from collections.abc import Awaitable, Iterable

from .._marks import marks
from ..exceptions import InvalidHeader
from ..extensions.permessage_deflate import enable_server_permessage_deflate
from ..frames import CloseCode
from ..headers import build_www_authenticate_basic, parse_authorization_basic, validate_subprotocols
from ..http11 import SERVER, Response
from ..protocol import CONNECTING, OPEN
from ..server import ServerProtocol
from ..utils import get_socket_name
from .connection import Connection, broadcast

__all__ = ['broadcast', 'serve', 'unix_serve', 'ServerConnection', 'Server', 'basic_auth']

_FAILURE = 'Failed to open a WebSocket connection.\nSee server log for more information.\n'


class ServerConnection(Connection):
    """The server's end of a connection, which `serve` gives to handlers.

    `recv` and `send` are coroutines; `async for message in connection` receives until the connection is closed, and
    raises `ConnectionClosedError` if it was closed with another code than 1000 or 1001. `server` is the `Server`;
    `basic_auth` sets `username`.
    """

    def __init__(self, protocol, server, *, ping_interval=20, ping_timeout=20, close_timeout=10, max_queue=16,
                 write_limit=2**15):
        super().__init__(
            protocol,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_queue=max_queue,
            write_limit=write_limit,
        )
        self.server = server
        self.request_rcvd = self.loop.create_future()

    def respond(self, status, text):
        """Return a plain text response, for `process_request` and `process_response` to return.

        Its headers can be changed before that.
        """
        return self.protocol.reject(status, text)

    async def handshake(self, process_request=None, process_response=None, server_header=SERVER):
        """Do the opening handshake. Afterwards the connection is open, unless the request was rejected."""
        await asyncio.wait([self.request_rcvd, self.connection_lost_waiter],
                           return_when=asyncio.FIRST_COMPLETED)
        if self.request is None:
            return

        response = None
        if process_request is not None:
            response = await self._ask('process_request', process_request, self.request)
        if response is None:
            response = self.protocol.accept(self.request)
        self.response = response
        if server_header is not None:
            response.headers['Server'] = server_header
        if process_response is not None:
            other = await self._ask('process_response', process_response, self.request, response)
            if other is not None:
                self.response = other

        # From here to the response nothing waits: the server cannot begin to close in between.
        if self.response.status_code == http.HTTPStatus.SWITCHING_PROTOCOLS and not self.server.is_serving():
            self.response = self.protocol.reject(http.HTTPStatus.SERVICE_UNAVAILABLE, 'Server is shutting down.\n')
        if self.state is CONNECTING:
            async with self.send_context(expected_state=CONNECTING):
                self.protocol.send_response(self.response)

    async def _ask(self, name, function, *args):
        """Return the response, if any, of a function of the user's, or one that says it failed."""
        try:
            response = function(self, *args)
            if isinstance(response, Awaitable):
                response = await response
        except Exception as exc:
            self.protocol.handshake_exc = exc
            self.logger.error('%s failed', name, exc_info=True)
            return self.protocol.reject(http.HTTPStatus.INTERNAL_SERVER_ERROR, _FAILURE)
        assert response is None or isinstance(response, Response), f'{name} must return a Response or None'
        return response

    def _process_handshake(self, event):
        if self.request is not None:
            super()._process_handshake(event)
        self.request = event
        self.request_rcvd.set_result(None)

    def connection_made(self, transport):
        super().connection_made(transport)
        # The server knows the task before it runs: it may be closed in between.
        self.server.handler_tasks.add(self.loop.create_task(self.server.handler(self)))


class Server:
    """What `serve` returns: an `asyncio.Server` for WebSocket.

    It is awaited, or entered by `async with`, to start it.
    """

    def __init__(self, create_server, handler, logger=None):
        self.create_server = create_server
        self.handler = handler
        self.logger = logging.getLogger('websockets.server') if logger is None else logger
        self.all_connections = set()
        self.handler_tasks = set()
        self.close_task = None
        # Ends when the server is closed and all handlers have returned.
        self.handlers_waiter = asyncio.get_running_loop().create_future()

    @property
    def connections(self):
        """The set of connections that are open: not those that are opening or closing."""
        return {connection for connection in self.all_connections if connection.state is OPEN}

    def close(self, close_connections=True, code=CloseCode.GOING_AWAY, reason=''):
        """Close the server: it accepts no more connections.

        Open connections are closed with `code` and `reason` unless `close_connections` is false, and those that are
        opening are rejected with HTTP 503. `wait_closed` waits until that is done and the handlers have returned.
        Further calls do nothing.
        """
        if self.close_task is None:
            self.close_task = self.get_loop().create_task(self._close(close_connections, code, reason))

    async def _close(self, close_connections, code, reason):
        self.logger.info('server closing')
        self.server.close()
        if close_connections:
            closing = [asyncio.create_task(_close_connection(connection, code, reason))
                       for connection in self.connections]
            if closing:
                await asyncio.wait(closing)
        await self.server.wait_closed()
        if self.handler_tasks:
            await asyncio.wait(self.handler_tasks)
        self.handlers_waiter.set_result(None)
        self.logger.info('server closed')

    def get_loop(self):
        """Return the event loop of the server."""
        return self.server.get_loop()

    async def start_serving(self):
        """Start to accept connections, after `serve(..., start_serving=False)`."""
        await self.server.start_serving()

    async def serve_forever(self):
        """Accept connections until this is cancelled or the server is closed, and close the server then."""
        try:
            if not self.is_serving():
                await self.start_serving()
            await self.wait_closed()
        except asyncio.CancelledError:
            try:
                self.close()
                await self.wait_closed()
            finally:
                raise

    def is_serving(self):
        """Return whether the server accepts connections."""
        return self.server.is_serving()

    async def wait_closed(self):
        """Wait until the server is closed: all connections are, and all handlers have returned."""
        await asyncio.shield(self.handlers_waiter)

    @property
    def sockets(self):
        """The sockets that the server listens on."""
        return self.server.sockets

    async def _start(self):
        if not hasattr(self, 'server'):
            self.server = await self.create_server()
            if self.server.is_serving():
                for sock in self.server.sockets:
                    self.logger.info('server listening on %s', get_socket_name(sock))
        return self

    def __await__(self):
        return self._start().__await__()

    async def __aenter__(self):
        return await self

    async def __aexit__(self, exc_type, exc_value, traceback):
        self.close()
        await self.wait_closed()


async def _close_connection(connection, code, reason):
    await connection.close(code, reason)


def serve(
    handler,
    host=None,
    port=None,
    *,
    origins=None,
    extensions=None,
    subprotocols=None,
    select_subprotocol=None,
    compression='deflate',
    process_request=None,
    process_response=None,
    server_header=SERVER,
    open_timeout=10,
    ping_interval=20,
    ping_timeout=20,
    close_timeout=10,
    max_size=2**20,
    max_queue=16,
    write_limit=2**15,
    logger=None,
    create_connection=None,
    **kwargs,
):
    """Make a WebSocket server that listens on `host` and `port`, and has `handler(connection)` called for each client.

    The handler is a coroutine function; its connection is closed when it returns. One that requires two arguments is
    called with the connection and the path of the request. There are two ways to run the server:

        async with serve(handler, host, port): ...    # until the end of the block

        server = await serve(handler, host, port)
        await server.serve_forever()

    Arguments:

    - `origins`: accepted values of the `Origin` header: strings, compiled regular expressions, and `None` for none;
    - `extensions`, `compression`: extensions to accept; `compression=None` for no permessage-deflate;
    - `subprotocols`: subprotocols to accept, best first;
    - `select_subprotocol(connection, subprotocols)`: chooses one of what the client offers;
    - `process_request(connection, request)`, `process_response(connection, request, response)`: functions or
      coroutines that may return another response, made by `connection.respond()`;
    - `server_header`: the `Server` header, or `None` for none;
    - `open_timeout`, `ping_interval`, `ping_timeout`, `close_timeout`: seconds, or `None` for no limit and no pings;
    - `max_size`: most bytes of a message, or of a message and of a frame as a pair; `None` for no limit;
    - `max_queue`: most frames that are received ahead, or a pair of high-water and low-water marks;
    - `write_limit`: bytes of the write buffer from which on `send` waits, or a pair of marks;
    - `logger`: instead of `websockets.server`;
    - `create_connection`: instead of `ServerConnection`.

    Others go to `loop.create_server()`: `ssl`, `sock`, `start_serving=False`...
    """
    if subprotocols is not None:
        validate_subprotocols(subprotocols)
    if compression == 'deflate':
        extensions = enable_server_permessage_deflate(extensions)
    elif compression is not None:
        raise ValueError(f'unsupported compression: {compression}')
    # Checked now, not when a client connects.
    marks('max_queue', max_queue)
    marks('write_limit', write_limit)
    if create_connection is None:
        create_connection = ServerConnection
    if kwargs.get('ssl') is not None:
        kwargs.setdefault('ssl_handshake_timeout', open_timeout)
        kwargs.setdefault('ssl_shutdown_timeout', close_timeout)
    wants_path = _wants_path(handler)

    async def create_server():
        loop = asyncio.get_running_loop()
        if kwargs.pop('unix', False):
            return await loop.create_unix_server(protocol_factory, **kwargs)
        return await loop.create_server(protocol_factory, host, port, **kwargs)

    def protocol_factory():
        select = None
        if select_subprotocol is not None:
            def select(protocol, subprotocols):
                assert protocol is connection.protocol
                return select_subprotocol(connection, subprotocols)

        protocol = ServerProtocol(origins=origins, extensions=extensions, subprotocols=subprotocols,
                                  select_subprotocol=select, max_size=max_size, logger=logger)
        connection = create_connection(protocol, server, ping_interval=ping_interval, ping_timeout=ping_timeout,
                                       close_timeout=close_timeout, max_queue=max_queue, write_limit=write_limit)
        return connection

    async def protocol_handler(connection):
        try:
            # The handshake of TLS has its own limit.
            async with asyncio.timeout(open_timeout):
                await connection.handshake(process_request, process_response, server_header)
            if connection.state is not OPEN:
                connection.transport.abort()
                return
            server.all_connections.add(connection)
            connection.start_keepalive()
            try:
                async with connection:
                    if wants_path:
                        await handler(connection, connection.request.path)
                    else:
                        await handler(connection)
            except Exception:
                connection.logger.error('connection handler failed', exc_info=True)
            finally:
                server.all_connections.discard(connection)
        except Exception:
            # The exception would be lost; the connection must not stay open.
            connection.transport.abort()
        finally:
            server.handler_tasks.discard(asyncio.current_task())

    server = Server(create_server, protocol_handler, logger)
    return server


def _wants_path(handler):
    """Return whether a handler has to be called with the path as well, as in old releases of websockets."""
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        return False
    return not _accepts(signature, 1) and _accepts(signature, 2)


def _accepts(signature, count):
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def unix_serve(handler, path=None, **kwargs):
    """Make a WebSocket server that listens on the Unix socket `path`. The other arguments are those of `serve`."""
    return serve(handler, unix=True, path=path, **kwargs)


def is_credentials(credentials):
    """Return whether it is a pair of strings."""
    try:
        username, password = credentials
    except (TypeError, ValueError):
        return False
    return isinstance(username, str) and isinstance(password, str)


def basic_auth(realm='', credentials=None, check_credentials=None):
    """Return a `process_request` that asks for HTTP Basic Authentication.

    `credentials` is a pair of a user name and a password, or several; or `check_credentials(username, password)`, a
    function or coroutine function, says whether they are right. The connection's `username` is set then.

    Raises `TypeError` for other credentials, and `ValueError` unless there is exactly one of the two.
    """
    if (credentials is None) == (check_credentials is None):
        raise ValueError('provide either credentials or check_credentials')
    if check_credentials is None:
        check_credentials = _checker(credentials)

    def unauthorized(connection, text):
        response = connection.respond(http.HTTPStatus.UNAUTHORIZED, text)
        response.headers['WWW-Authenticate'] = build_www_authenticate_basic(realm)
        return response

    async def process_request(connection, request):
        try:
            authorization = request.headers['Authorization']
        except KeyError:
            return unauthorized(connection, 'Missing credentials\n')
        try:
            username, password = parse_authorization_basic(authorization)
        except InvalidHeader:
            return unauthorized(connection, 'Unsupported credentials\n')
        valid = check_credentials(username, password)
        if isinstance(valid, Awaitable):
            valid = await valid
        if not valid:
            return unauthorized(connection, 'Invalid credentials\n')
        connection.username = username
        return None

    return process_request


def _checker(credentials):
    """Return a function that knows the passwords of some users."""
    if is_credentials(credentials):
        known = [credentials]
    elif isinstance(credentials, Iterable):
        known = list(credentials)
    else:
        known = [None]
    if not all(map(is_credentials, known)):
        raise TypeError(f'invalid credentials argument: {credentials}')
    passwords = {username: password.encode(errors='surrogateescape') for username, password in known}

    def check(username, password):
        expected = passwords.get(username)
        return expected is not None and hmac.compare_digest(
            expected, password.encode(errors='surrogateescape'))

    return check
