"""Clients for threads."""

import logging
import os
import socket
import ssl as ssl_module
import threading
import time
import traceback
import urllib.parse
import warnings

from .._marks import marks
from ..client import ClientProtocol, backoff, process_exception
from ..datastructures import Headers
from ..exceptions import InvalidStatus, SecurityError
from ..extensions.permessage_deflate import enable_client_permessage_deflate
from ..headers import validate_subprotocols
from ..http11 import USER_AGENT
from ..protocol import CONNECTING
from ..proxy import get_proxy, parse_proxy
from ..uri import parse_uri
from .connection import Connection
from .proxies import SSLSSLSocket, connect_http_proxy, connect_socks_proxy
from .utils import Deadline

__all__ = ['connect', 'unix_connect', 'reconnect', 'unix_reconnect', 'ClientConnection']

MAX_REDIRECTS = int(os.environ.get('WEBSOCKETS_MAX_REDIRECTS', '10'))
REDIRECTS = {300, 301, 302, 303, 307, 308}
# Headers that must not be sent to another server.
SECRETS = {'authorization', 'cookie', 'proxy-authorization'}


class ClientConnection(Connection):
    """The client's side of a WebSocket connection, which `connect` makes.

    `recv` and `send` messages, or iterate over those that arrive; the iteration ends when the connection is closed in
    good order and raises `ConnectionClosedError` when it is not.
    """

    def __init__(self, sock, protocol, *, ping_interval=20, ping_timeout=20, close_timeout=10, max_queue=16):
        self.response_rcvd = threading.Event()
        self.pending_legacy_warning = True
        super().__init__(
            sock,
            protocol,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_queue=max_queue,
        )

    def __enter__(self):
        self.pending_legacy_warning = False
        return super().__enter__()

    def handshake(self, additional_headers=None, user_agent_header=USER_AGENT, timeout=None):
        """Do the opening handshake.

        Raises `InvalidHandshake` if it fails, and `TimeoutError` after `timeout` seconds.
        """
        self.request = self.protocol.connect()
        if additional_headers is not None:
            self.request.headers.update(additional_headers)
        if user_agent_header is not None:
            self.request.headers.setdefault('User-Agent', user_agent_header)
        with self.send_context(expected_state=CONNECTING):
            self.protocol.send_request(self.request)
        if not self.response_rcvd.wait(timeout):
            raise TimeoutError('timed out while waiting for handshake response')
        # The connection may have been lost, or the response may be wrong.
        if self.protocol.handshake_exc is not None:
            raise self.protocol.handshake_exc

    def _handle_handshake(self, event):
        self.response = event
        self.response_rcvd.set()

    def _reading_ended(self):
        self.response_rcvd.set()


class reconnect:
    """Connect to a WebSocket server again and again.

    Iterating gives a new connection each time, which is closed before the next; errors of the connection that are
    likely to pass are waited out::

        for websocket in reconnect(uri):
            try:
                ...
            except websockets.exceptions.ConnectionClosed:
                continue

    The arguments are those of `connect`, and `process_exception`, which returns None for an exception that is to be
    waited out and an exception to be raised otherwise, and `reconnect_delays`, which makes the iterator over the pauses
    in seconds.
    """

    def __init__(
        self,
        uri,
        *,
        sock=None,
        ssl=None,
        server_hostname=None,
        origin=None,
        extensions=None,
        subprotocols=None,
        compression='deflate',
        additional_headers=None,
        user_agent_header=USER_AGENT,
        proxy=True,
        proxy_ssl=None,
        proxy_server_hostname=None,
        process_exception=process_exception,
        open_timeout=10,
        ping_interval=20,
        ping_timeout=20,
        close_timeout=10,
        reconnect_delays=backoff,
        max_size=2**20,
        max_queue=16,
        logger=None,
        create_connection=None,
        **kwargs,
    ):
        if ssl is None and 'ssl_context' in kwargs:
            ssl = kwargs.pop('ssl_context')
            warnings.warn('ssl_context was renamed to ssl', DeprecationWarning)
        # The name of old releases.
        if 'timeout' in kwargs:
            open_timeout = kwargs.pop('timeout')
        self.uri = uri
        self.ws_uri = parse_uri(uri)
        if ssl is not None and not self.ws_uri.secure:
            raise ValueError('ssl argument is incompatible with a ws:// URI')
        if subprotocols is not None:
            validate_subprotocols(subprotocols)
        if compression == 'deflate':
            extensions = enable_client_permessage_deflate(extensions)
        elif compression is not None:
            raise ValueError(f'unsupported compression: {compression}')
        # Before there is anything to be closed again.
        marks('max_queue', max_queue)
        if logger is None:
            logger = logging.getLogger('websockets.client')
        self.sock = sock
        self.ssl = ssl
        self.server_hostname = server_hostname
        self.additional_headers = additional_headers
        self.user_agent_header = user_agent_header
        self.proxy = proxy
        self.proxy_ssl = proxy_ssl
        self.proxy_server_hostname = proxy_server_hostname
        self.process_exception = process_exception
        self.open_timeout = open_timeout
        self.reconnect_delays = reconnect_delays
        self.logger = logger
        self.create_connection = create_connection or ClientConnection
        self.open_socket_kwargs = kwargs
        self.protocol_kwargs = {
            'origin': origin,
            'extensions': extensions,
            'subprotocols': subprotocols,
            'max_size': max_size,
            'logger': logger,
        }
        self.connection_kwargs = {
            'ping_interval': ping_interval,
            'ping_timeout': ping_timeout,
            'close_timeout': close_timeout,
            'max_queue': max_queue,
        }

    def open_socket(self, deadline):
        """Return a socket that is connected to the server, through a proxy if there is one."""
        kwargs = dict(self.open_socket_kwargs)
        if kwargs.pop('unix', False):
            sock = _connect_unix(kwargs.pop('path'), deadline)
        else:
            proxy = get_proxy(self.ws_uri) if self.proxy is True else self.proxy
            if proxy is None:
                kwargs.setdefault('address', (self.ws_uri.host, self.ws_uri.port))
                kwargs.setdefault('timeout', deadline.timeout())
                sock = socket.create_connection(**kwargs)
            else:
                sock = self._connect_proxy(parse_proxy(proxy), deadline, kwargs)
        sock.settimeout(None)
        return sock

    def _connect_proxy(self, proxy, deadline, kwargs):
        if proxy.scheme.startswith('socks'):
            local_addr = kwargs.pop('source_address', None)
            return connect_socks_proxy(proxy, self.ws_uri, deadline, local_addr=local_addr, **kwargs)
        if self.proxy_ssl is not None and proxy.scheme != 'https':
            raise ValueError('proxy_ssl argument is incompatible with an http:// proxy')
        return connect_http_proxy(
            proxy,
            self.ws_uri,
            deadline,
            user_agent_header=self.user_agent_header,
            ssl=self.proxy_ssl,
            server_hostname=self.proxy_server_hostname,
            **kwargs,
        )

    def enable_tls(self, sock, deadline):
        """Return a socket that speaks TLS over `sock`."""
        context = ssl_module.create_default_context() if self.ssl is None else self.ssl
        name = self.ws_uri.host if self.server_hostname is None else self.server_hostname
        sock.settimeout(deadline.timeout())
        if self.proxy_ssl is None and not isinstance(sock, ssl_module.SSLSocket):
            sock = context.wrap_socket(sock, server_hostname=name)
        else:
            sock = SSLSSLSocket(sock, context, server_hostname=name)
        sock.settimeout(None)
        return sock

    def open_connection(self, deadline):
        """Return a connection after the opening handshake."""
        sock = self.open_socket(deadline) if self.sock is None else self.sock
        try:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            if self.ws_uri.secure:
                sock = self.enable_tls(sock, deadline)
            protocol = ClientProtocol(self.ws_uri, **self.protocol_kwargs)
            connection = self.create_connection(sock, protocol, **self.connection_kwargs)
        except BaseException:
            sock.close()
            raise
        try:
            connection.handshake(self.additional_headers, self.user_agent_header, deadline.timeout())
        except BaseException:
            connection.close_socket()
            connection.recv_events_thread.join()
            raise
        return connection

    def process_redirect(self, exc):
        """Return where a failed handshake redirects to, or the exception to raise if that must not be followed."""
        if not isinstance(exc, InvalidStatus):
            return exc
        response = exc.response
        if response.status_code not in REDIRECTS or 'Location' not in response.headers:
            return exc
        old = self.ws_uri
        target = urllib.parse.urljoin(self.uri, response.headers['Location'])
        new = parse_uri(target)
        if self.sock is not None:
            return ValueError(f'cannot follow redirect to {target} with a preexisting socket')
        if old.secure and not new.secure:
            return SecurityError(f'cannot follow redirect to non-secure URI {target}')
        if (old.secure, old.host, old.port) != (new.secure, new.host, new.port):
            if self.open_socket_kwargs.get('unix', False):
                return ValueError(f'cannot follow cross-origin redirect to {target} with a Unix socket')
            if self.open_socket_kwargs.get('address') is not None:
                return ValueError(f'cannot follow cross-origin redirect to {target} with an explicit host and port')
            if self.additional_headers is not None:
                given = Headers(self.additional_headers).raw_items()
                self.additional_headers = Headers((key, value) for key, value in given if key.lower() not in SECRETS)
        return target

    def connect(self):
        """Return a new connection, following redirects."""
        deadline = Deadline(self.open_timeout)
        for _ in range(MAX_REDIRECTS):
            try:
                connection = self.open_connection(deadline)
            except Exception as exc:
                target = self.process_redirect(exc)
                if target is exc:
                    raise
                if isinstance(target, Exception):
                    raise target from exc
                self.uri = target
                self.ws_uri = parse_uri(target)
            else:
                connection.start_keepalive()
                return connection
        raise SecurityError(f'more than {MAX_REDIRECTS} redirects')

    def __enter__(self):
        if hasattr(self, 'connection'):
            raise RuntimeError("connect() isn't reentrant")
        self.connection = self.connect()
        self.connection.pending_legacy_warning = False
        return self.connection.__enter__()

    def __exit__(self, exc_type, exc_value, traceback):
        try:
            return self.connection.__exit__(exc_type, exc_value, traceback)
        finally:
            del self.connection

    def __iter__(self):
        delays = None
        while True:
            try:
                with self as connection:
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
                reason = traceback.format_exception_only(exc)[0].strip()
                self.logger.info('connect failed; reconnecting in %.1f seconds: %s', delay, reason)
                time.sleep(delay)
            else:
                delays = None


def _connect_unix(path, deadline):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(deadline.timeout())
        sock.connect(os.fspath(path))
    except BaseException:
        sock.close()
        raise
    return sock


def connect(uri, *, legacy=None, **kwargs):
    """Connect to the WebSocket server at `uri`; use the result in a `with` statement::

        with connect("wss://example.com/") as websocket:
            websocket.send("Hello!")
            print(websocket.recv())

    `legacy=True` says that the connection is not used so, and will be closed by the program; without it, this warns.
    With `legacy=False` the result is what `reconnect` returns.

    The socket: `sock` is one that is connected already; `ssl` is an `ssl.SSLContext` for `wss://`; `server_hostname` is
    the name to expect in the certificate; `proxy` is the address of a proxy (http, https, socks5, socks5h, socks4,
    socks4a), True for what the environment says and None for none; `proxy_ssl` and `proxy_server_hostname` are for an
    https proxy. Other arguments go to `socket.create_connection`: `address` to connect elsewhere than `uri` says,
    `source_address`.

    The handshake: `origin`, `subprotocols` in the order of preference, `extensions`, `compression` ("deflate" or None),
    `additional_headers`, `user_agent_header` (None for none).

    Limits: `open_timeout` (or `timeout`), `close_timeout`, `ping_interval` and `ping_timeout` in seconds, None for
    none; `max_size` of messages in bytes, or of messages and fragments as a tuple; `max_queue`, how many frames may
    wait to be read, or a tuple of high- and low-water marks.

    `logger` is used instead of "websockets.client", and `create_connection` instead of `ClientConnection`.

    Raises `InvalidURI`, `InvalidProxy`, `OSError` if there is no connection, `InvalidHandshake` if the server does not
    want one, `TimeoutError`.
    """
    return _choose(reconnect(uri, **kwargs), legacy)


def unix_reconnect(path=None, uri=None, **kwargs):
    """Connect to a server on a Unix socket as `reconnect` does."""
    if (path is None) == (kwargs.get('sock') is None):
        raise ValueError('missing path argument' if path is None else 'path is incompatible with sock')
    if uri is None:
        secure = kwargs.get('ssl') is not None or kwargs.get('ssl_context') is not None
        uri = 'wss://localhost/' if secure else 'ws://localhost/'
    return reconnect(uri, unix=True, path=path, **kwargs)


def unix_connect(path=None, uri=None, *, legacy=None, **kwargs):
    """Connect to a server on the Unix socket at `path` as `connect` does.

    `uri` is sent in the handshake; by default it is `ws://localhost/`, or `wss://localhost/` with `ssl`.
    """
    return _choose(unix_reconnect(path, uri, **kwargs), legacy)


def _choose(connecter, legacy):
    if legacy is False:
        return connecter
    connection = connecter.connect()
    if legacy:
        connection.pending_legacy_warning = False
    return connection
