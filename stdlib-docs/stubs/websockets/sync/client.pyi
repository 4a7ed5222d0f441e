"""Clients for threads."""

import socket
import ssl as ssl_module
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal

from ..client import ClientProtocol
from ..datastructures import HeadersLike
from ..extensions.base import ClientExtensionFactory
from ..protocol import _Limit
from ..typing import LoggerLike, Origin, Subprotocol
from .connection import Connection, _Marks
from .utils import Deadline

__all__ = ["connect", "unix_connect", "reconnect", "unix_reconnect", "ClientConnection"]

class ClientConnection(Connection):
    """The client's side of a WebSocket connection, which `connect` makes."""

    protocol: ClientProtocol
    """The protocol object."""
    def __init__(
        self,
        sock: socket.socket,
        protocol: ClientProtocol,
        *,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        max_queue: _Marks = 16,
    ) -> None: ...
    def handshake(
        self,
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = ...,
        timeout: float | None = None,
    ) -> None:
        """Do the opening handshake.

        Raises `InvalidHandshake` if it fails, and `TimeoutError` after `timeout` seconds.
        """

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
    waited out and an exception to be raised otherwise, and `reconnect_delays`, which makes the iterator over the
    pauses in seconds.
    """

    def __init__(
        self,
        uri: str,
        *,
        sock: socket.socket | None = None,
        ssl: ssl_module.SSLContext | None = None,
        server_hostname: str | None = None,
        origin: Origin | None = None,
        extensions: Sequence[ClientExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        compression: str | None = "deflate",
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = ...,
        proxy: str | Literal[True] | None = True,
        proxy_ssl: ssl_module.SSLContext | None = None,
        proxy_server_hostname: str | None = None,
        process_exception: Callable[[Exception], Exception | None] = ...,
        open_timeout: float | None = 10,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        reconnect_delays: Callable[[], Iterable[float]] = ...,
        max_size: _Limit = 1048576,
        max_queue: _Marks = 16,
        logger: LoggerLike | None = None,
        create_connection: type[ClientConnection] | None = None,
        **kwargs: Any,
    ) -> None: ...
    def __enter__(self) -> ClientConnection: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Iterator[ClientConnection]: ...
    def connect(self) -> ClientConnection:
        """Return a new connection, following redirects."""
    def enable_tls(self, sock: socket.socket, deadline: Deadline) -> socket.socket:
        """Return a socket that speaks TLS over `sock`."""
    def open_connection(self, deadline: Deadline) -> ClientConnection:
        """Return a connection after the opening handshake."""
    def open_socket(self, deadline: Deadline) -> socket.socket:
        """Return a socket that is connected to the server, through a proxy if there is one."""
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return where a failed handshake redirects to, or the exception to raise if that must not be followed."""

def unix_reconnect(path: str | None = None, uri: str | None = None, **kwargs: Any) -> reconnect:
    """Connect to a server on a Unix socket as `reconnect` does."""

def connect(
    uri: str,
    *,
    legacy: bool | None = None,
    sock: socket.socket | None = None,
    ssl: ssl_module.SSLContext | None = None,
    server_hostname: str | None = None,
    origin: Origin | None = None,
    extensions: Sequence[ClientExtensionFactory] | None = None,
    subprotocols: Sequence[Subprotocol] | None = None,
    compression: str | None = "deflate",
    additional_headers: HeadersLike | None = None,
    user_agent_header: str | None = ...,
    proxy: str | Literal[True] | None = True,
    proxy_ssl: ssl_module.SSLContext | None = None,
    proxy_server_hostname: str | None = None,
    open_timeout: float | None = 10,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    max_size: _Limit = 1048576,
    max_queue: _Marks = 16,
    logger: LoggerLike | None = None,
    create_connection: type[ClientConnection] | None = None,
    **kwargs: Any,
) -> ClientConnection:
    """Connect to the WebSocket server at `uri`; use the result in a `with` statement::

        with connect("wss://example.com/") as websocket:
            websocket.send("Hello!")
            print(websocket.recv())

    `legacy=True` says that the connection is not used so, and will be closed by the program; without it, this warns.
    With `legacy=False` the result is what `reconnect` returns.

    The socket: `sock` is one that is connected already; `ssl` is an `ssl.SSLContext` for `wss://`; `server_hostname`
    is the name to expect in the certificate; `proxy` is the address of a proxy (http, https, socks5, socks5h, socks4,
    socks4a), True for what the environment says and None for none; `proxy_ssl` and `proxy_server_hostname` are for an
    https proxy. Other arguments go to `socket.create_connection`: `address` to connect elsewhere than `uri` says,
    `source_address`.

    The handshake: `origin`, `subprotocols` in the order of preference, `extensions`, `compression` ("deflate" or
    None), `additional_headers`, `user_agent_header` (None for none).

    Limits: `open_timeout` (or `timeout`), `close_timeout`, `ping_interval` and `ping_timeout` in seconds, None for
    none; `max_size` of messages in bytes, or of messages and fragments as a tuple; `max_queue`, how many frames may
    wait to be read, or a tuple of high- and low-water marks.

    `logger` is used instead of "websockets.client", and `create_connection` instead of `ClientConnection`.

    Raises `InvalidURI`, `InvalidProxy`, `OSError` if there is no connection, `InvalidHandshake` if the server does
    not want one, `TimeoutError`.
    """

def unix_connect(
    path: str | None = None, uri: str | None = None, *, legacy: bool | None = None, **kwargs: Any
) -> ClientConnection:
    """Connect to a server on the Unix socket at `path` as `connect` does."""
