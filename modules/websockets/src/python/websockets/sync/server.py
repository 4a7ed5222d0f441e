"""Servers for threads."""

import concurrent.futures
import functools
import hmac
import http
import inspect
import logging
import os
import selectors
import socket
import threading
import time
import warnings
from collections.abc import Iterable

from .._marks import marks
from ..exceptions import InvalidHeader
from ..extensions.permessage_deflate import enable_server_permessage_deflate
from ..frames import CloseCode
from ..headers import build_www_authenticate_basic, parse_authorization_basic, validate_subprotocols
from ..http11 import SERVER
from ..protocol import CONNECTING, OPEN
from ..server import ServerProtocol
from ..utils import get_socket_name
from .connection import Connection, broadcast
from .utils import Deadline

__all__ = ['broadcast', 'serve', 'unix_serve', 'ServerConnection', 'Server', 'basic_auth']

FAILURE = 'Failed to open a WebSocket connection.\nSee server log for more information.\n'


class ServerConnection(Connection):
    """The server's side of a WebSocket connection, which handlers get.

    `recv` and `send` messages, or iterate over those that arrive; the iteration ends when the connection is closed in
    good order and raises `ConnectionClosedError` when it is not. `request` is the client's, `username` is set by
    `basic_auth`.
    """

    def __init__(
        self, sock, protocol, server, *, ping_interval=20, ping_timeout=20, close_timeout=10, max_queue=16
    ):
        self.request_rcvd = threading.Event()
        self.server = server
        super().__init__(
            sock,
            protocol,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_queue=max_queue,
        )

    def respond(self, status, text):
        """Make a plain text response, for `process_request` and `process_response` to return."""
        return self.protocol.reject(status, text)

    def handshake(self, process_request=None, process_response=None, server_header=SERVER, timeout=None):
        """Do the opening handshake. Afterwards the connection is open, or is being closed.

        Raises `TimeoutError` if no request arrives in `timeout` seconds.
        """
        if not self.request_rcvd.wait(timeout):
            raise TimeoutError('timed out while waiting for handshake request')
        if self.request is None:
            return
        response = None
        if process_request is not None:
            response = self._call('process_request', process_request, self.request)
        self.response = self.protocol.accept(self.request) if response is None else response
        if server_header is not None:
            self.response.headers['Server'] = server_header
        if process_response is not None:
            response = self._call('process_response', process_response, self.request, self.response)
            if response is not None:
                self.response = response
        accepted = self.response.status_code == http.HTTPStatus.SWITCHING_PROTOCOLS
        if accepted and self.server.socket_closed.is_set():
            self.response = self.protocol.reject(
                http.HTTPStatus.SERVICE_UNAVAILABLE, 'Server is shutting down.\n'
            )
        # It may have been lost meanwhile.
        if self.state is CONNECTING:
            with self.send_context(expected_state=CONNECTING):
                self.protocol.send_response(self.response)

    def _call(self, name, function, *args):
        try:
            return function(self, *args)
        except Exception as exc:
            self.protocol.handshake_exc = exc
            self.logger.error(f'{name} failed', exc_info=True)
            return self.protocol.reject(http.HTTPStatus.INTERNAL_SERVER_ERROR, FAILURE)

    def _handle_handshake(self, event):
        self.request = event
        self.request_rcvd.set()

    def _reading_ended(self):
        self.request_rcvd.set()


class Server:
    """A server, which `serve` makes: a context manager that shuts it down in the end.

    `socket` is the one it listens on; `handler` gets each connection's socket and address, in a thread of its own.
    """

    # How often to check whether handlers have ended, in seconds.
    SHUTDOWN_POLLING_INTERVAL = 0.1

    def __init__(self, sock, handler, logger=None):
        self.socket = sock
        self.handler = handler
        self.logger = logging.getLogger('websockets.server') if logger is None else logger
        # For the next three.
        self.lock = threading.Lock()
        self.all_connections = set()
        self.handler_threads = set()
        self.serving = False
        self.shutdown_watcher, self.shutdown_notifier = socket.socketpair()
        # Set when no more connections are accepted.
        self.socket_closed = threading.Event()

    @property
    def connections(self):
        """The connections that are open, as a set."""
        with self.lock:
            return set(self._open_connections())

    def _open_connections(self):
        return [connection for connection in self.all_connections if connection.protocol.state is OPEN]

    def serve_forever(self):
        """Accept connections until another thread calls `shutdown`."""
        with self.lock:
            if self.socket_closed.is_set():
                return
            self.serving = True
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self.shutdown_watcher, selectors.EVENT_READ)
                try:
                    name = get_socket_name(self.socket)
                    selector.register(self.socket, selectors.EVENT_READ)
                except (OSError, ValueError):
                    # It was shut down before.
                    return
                self.logger.info('server listening on %s', name)
                while self._accept(selector):
                    pass
            finally:
                self.socket_closed.set()
                self.shutdown_watcher.close()

    def _accept(self, selector):
        """Wait for a connection and start its handler; return whether to continue."""
        ready = selector.select()
        if any(key.fileobj is self.shutdown_watcher for key, _ in ready):
            return False
        if not ready:
            return True
        try:
            sock, address = self.socket.accept()
        except OSError as exc:
            if self.socket.fileno() < 0:
                return False
            # The client has gone already, or there are too many descriptors: others may still be served.
            self.logger.warning('cannot accept a connection: %s', exc)
            time.sleep(0.01)
            return True
        thread = threading.Thread(target=self.handler, args=(sock, address))
        with self.lock:
            self.handler_threads.add(thread)
        try:
            thread.start()
        except RuntimeError as exc:
            # There are too many threads.
            self.logger.warning('cannot accept a connection: %s', exc)
            sock.close()
            with self.lock:
                self.handler_threads.discard(thread)
        return True

    def shutdown(self, close_connections=True, code=CloseCode.GOING_AWAY, reason=''):
        """Stop listening, and wait until all handlers have ended. Calling it again does no harm.

        Open connections are closed with `code` and `reason`, and those that are being opened rejected with HTTP 503;
        with `close_connections=False`, handlers continue until their clients close the connections.
        """
        self.logger.info('server closing')
        try:
            self.shutdown_notifier.send(b'x')
        except OSError:
            # It was shut down before.
            pass
        self.shutdown_notifier.close()
        self.socket.close()
        with self.lock:
            if not self.serving:
                self.socket_closed.set()
        self.socket_closed.wait()
        if close_connections:
            self._close_connections(code, reason)
        else:
            with self.lock:
                threads = list(self.handler_threads)
            for thread in threads:
                thread.join()
        self.logger.info('server closed')

    def _close_connections(self, code, reason):
        while True:
            with self.lock:
                connections = self._open_connections()
                threads = len(self.handler_threads)
            if threads == 0:
                return
            if connections:
                with concurrent.futures.ThreadPoolExecutor() as executor:
                    for connection in connections:
                        executor.submit(connection.close, code, reason)
            else:
                # Opening handshakes, or handlers of connections that are closed.
                time.sleep(self.SHUTDOWN_POLLING_INTERVAL)

    def fileno(self):
        """Return the descriptor of the socket that listens."""
        return self.socket.fileno()

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.shutdown()

    def _handle(self, options, sock, address):
        """Serve one connection, in its own thread."""
        try:
            connection = options.open(self, sock)
            if connection is None:
                return
            with self.lock:
                self.all_connections.add(connection)
            connection.start_keepalive()
            try:
                with connection:
                    options.handler(connection)
            except Exception:
                connection.logger.error('connection handler failed', exc_info=True)
            finally:
                with self.lock:
                    self.all_connections.discard(connection)
                # Closing may have failed.
                connection.close_socket()
        finally:
            with self.lock:
                self.handler_threads.discard(threading.current_thread())


class _Options:
    """The arguments of `serve`."""

    def __init__(self, handler, ssl, process_request, process_response, server_header, open_timeout):
        self.handler = handler
        self.ssl = ssl
        self.process_request = process_request
        self.process_response = process_response
        self.server_header = server_header
        self.open_timeout = open_timeout

    def open(self, server, sock):
        """Return an open connection, or None."""
        deadline = Deadline(self.open_timeout)
        try:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            if self.ssl is not None:
                sock.settimeout(deadline.timeout())
                sock.do_handshake()
                sock.settimeout(None)
            connection = self.make(server, sock)
        except Exception:
            server.logger.debug('! error before the opening handshake', exc_info=True)
            sock.close()
            return None
        try:
            connection.handshake(
                self.process_request, self.process_response, self.server_header, deadline.timeout()
            )
            if connection.protocol.state is OPEN:
                return connection
        except Exception:
            # The protocol has logged what matters.
            pass
        connection.close_socket()
        return None


def serve(
    handler,
    host=None,
    port=None,
    *,
    sock=None,
    ssl=None,
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
    logger=None,
    create_connection=None,
    **kwargs,
):
    """Listen on `host` and `port` for WebSocket connections, and serve each by `handler` in a thread::

        def echo(websocket):
            for message in websocket:
                websocket.send(message)

        with serve(echo, "localhost", 8765) as server:
            server.serve_forever()

    `handler` gets the `ServerConnection`, which is closed when it returns; one with two arguments gets the path of the
    request as well. The result is a `Server`: call its `serve_forever`, and its `shutdown` from another thread.

    The socket: `sock` is one that listens already, `ssl` an `ssl.SSLContext` for `wss://`; other arguments go to
    `socket.create_server`.

    The handshake: `origins` that are accepted (strings, compiled patterns, None for none at all), `subprotocols`,
    `select_subprotocol(connection, offered)`, `extensions`, `compression` ("deflate" or None),
    `process_request(connection, request)` and `process_response(connection, request, response)`, which may return
    another response, and `server_header` (None for none).

    Limits: `open_timeout`, `close_timeout`, `ping_interval` and `ping_timeout` in seconds, None for none; `max_size` of
    messages in bytes, or of messages and fragments as a tuple; `max_queue`, how many frames may wait to be read, or a
    tuple of high- and low-water marks.

    `logger` is used instead of "websockets.server", and `create_connection` instead of `ServerConnection`.
    """
    if ssl is None and 'ssl_context' in kwargs:
        ssl = kwargs.pop('ssl_context')
        warnings.warn('ssl_context was renamed to ssl', DeprecationWarning)
    if subprotocols is not None:
        validate_subprotocols(subprotocols)
    if compression == 'deflate':
        extensions = enable_server_permessage_deflate(extensions)
    elif compression is not None:
        raise ValueError(f'unsupported compression: {compression}')
    # Checked now, not when a client connects.
    marks('max_queue', max_queue)
    sock = _listen(sock, host, port, kwargs)
    if ssl is not None:
        # The handshake is done where its time is limited.
        sock = ssl.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)

    def make(server, sock):
        connection = None
        select = None
        if select_subprotocol is not None:

            def select(protocol, offered):
                return select_subprotocol(connection, offered)

        protocol = ServerProtocol(
            origins=origins,
            extensions=extensions,
            subprotocols=subprotocols,
            select_subprotocol=select,
            max_size=max_size,
            logger=logger,
        )
        connection = (create_connection or ServerConnection)(
            sock,
            protocol,
            server,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_queue=max_queue,
        )
        return connection

    options = _Options(
        _with_path(handler), ssl, process_request, process_response, server_header, open_timeout
    )
    options.make = make
    server = Server(sock, None, logger)
    server.handler = functools.partial(server._handle, options)
    return server


def _listen(sock, host, port, kwargs):
    unix = kwargs.pop('unix', False)
    path = kwargs.pop('path', None)
    if sock is not None:
        for name, value in (('host', host), ('port', port), ('path', path)):
            if value is not None:
                raise ValueError(f'{name} is incompatible with sock')
        return sock
    if not unix:
        return socket.create_server((host, port), **kwargs)
    if path is None:
        raise ValueError('missing path argument')
    kwargs.setdefault('family', socket.AF_UNIX)
    return socket.create_server(os.fspath(path), **kwargs)


def _with_path(handler):
    """Make a handler with two arguments, as handlers once were, one with the connection only."""
    try:
        inspect.signature(handler).bind(None)
    except ValueError:
        return handler
    except TypeError:
        pass
    else:
        return handler
    try:
        inspect.signature(handler).bind(None, None)
    except (TypeError, ValueError):
        return handler
    return lambda connection: handler(connection, connection.request.path)


def unix_serve(handler, path=None, **kwargs):
    """Listen on a Unix socket at `path`, and serve as `serve` does; for servers behind a proxy."""
    return serve(handler, unix=True, path=path, **kwargs)


def basic_auth(realm='', credentials=None, check_credentials=None):
    """Make a `process_request` that asks clients for a user name and a password.

    The `credentials` are a pair of these, or an iterable of pairs; or `check_credentials(username, password)` returns
    whether they are right. The connection's `username` is set.

    Raises `TypeError` for other credentials, and `ValueError` unless one of the two is given.
    """
    if (credentials is None) == (check_credentials is None):
        raise ValueError('provide either credentials or check_credentials')
    if credentials is not None:
        check_credentials = _checker(credentials)

    def unauthorized(connection, text):
        response = connection.respond(http.HTTPStatus.UNAUTHORIZED, text)
        response.headers['WWW-Authenticate'] = build_www_authenticate_basic(realm)
        return response

    def process_request(connection, request):
        """Let the request pass if it has the right credentials, and reject it otherwise."""
        try:
            authorization = request.headers['Authorization']
        except KeyError:
            return unauthorized(connection, 'Missing credentials\n')
        try:
            username, password = parse_authorization_basic(authorization)
        except InvalidHeader:
            return unauthorized(connection, 'Unsupported credentials\n')
        if not check_credentials(username, password):
            return unauthorized(connection, 'Invalid credentials\n')
        connection.username = username
        return None

    return process_request


def _checker(credentials):
    """Make a function that knows the passwords."""
    wrong = TypeError(f'invalid credentials argument: {credentials}')
    if _is_pair(credentials):
        pairs = [credentials]
    elif isinstance(credentials, Iterable):
        pairs = list(credentials)
        if not all(map(_is_pair, pairs)):
            raise wrong
    else:
        raise wrong
    passwords = dict(pairs)

    def check(username, password):
        try:
            expected = passwords[username]
        except KeyError:
            return False
        # In a time that tells nothing about the password.
        return hmac.compare_digest(
            expected.encode(errors='surrogateescape'), password.encode(errors='surrogateescape')
        )

    return check


def _is_pair(value):
    try:
        username, password = value
    except (TypeError, ValueError):
        return False
    return isinstance(username, str) and isinstance(password, str)


def __getattr__(name):
    if name == 'WebSocketServer':
        warnings.warn('WebSocketServer was renamed to Server', DeprecationWarning)
        return Server
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
