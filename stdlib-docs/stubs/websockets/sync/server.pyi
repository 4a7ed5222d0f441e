"""Servers for threads."""

import re
import socket as socket_module
import ssl as ssl_module
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from ..extensions.base import ServerExtensionFactory
from ..frames import CloseCode
from ..http11 import Request, Response
from ..protocol import _Limit
from ..server import ServerProtocol
from ..typing import LoggerLike, Origin, StatusLike, Subprotocol
from .connection import Connection, _Marks, _Payload

__all__ = ["broadcast", "serve", "unix_serve", "ServerConnection", "Server", "basic_auth"]

_Handler: TypeAlias = Callable[[ServerConnection], None] | Callable[[ServerConnection, str], None]
_ProcessRequest: TypeAlias = Callable[[ServerConnection, Request], Response | None]
_ProcessResponse: TypeAlias = Callable[[ServerConnection, Request, Response], Response | None]
_SelectSubprotocol: TypeAlias = Callable[[ServerConnection, Sequence[Subprotocol]], Subprotocol | None]
_Credentials: TypeAlias = tuple[str, str] | Iterable[tuple[str, str]]

class ServerConnection(Connection):
    """The server's side of a WebSocket connection, which handlers get."""

    protocol: ServerProtocol
    """The protocol object."""
    server: Server
    username: str
    def __init__(
        self,
        sock: socket_module.socket,
        protocol: ServerProtocol,
        server: Server,
        *,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        max_queue: _Marks = 16,
    ) -> None: ...
    def handshake(
        self,
        process_request: _ProcessRequest | None = None,
        process_response: _ProcessResponse | None = None,
        server_header: str | None = ...,
        timeout: float | None = None,
    ) -> None:
        """Do the opening handshake. Afterwards the connection is open, or is being closed.

        Raises `TimeoutError` if no request arrives in `timeout` seconds.
        """
    def respond(self, status: StatusLike, text: str) -> Response:
        """Make a plain text response, for `process_request` and `process_response` to return."""

class Server:
    """A server, which `serve` makes: a context manager that shuts it down in the end."""

    SHUTDOWN_POLLING_INTERVAL: float
    socket: socket_module.socket
    def __init__(
        self,
        sock: socket_module.socket,
        handler: Callable[[socket_module.socket, Any], None],
        logger: LoggerLike | None = None,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def connections(self) -> set[ServerConnection]:
        """The connections that are open, as a set."""
    def fileno(self) -> int:
        """Return the descriptor of the socket that listens."""
    def serve_forever(self) -> None:
        """Accept connections until another thread calls `shutdown`."""
    def shutdown(
        self, close_connections: bool = True, code: CloseCode | int = ..., reason: str = ""
    ) -> None:
        """Stop listening, and wait until all handlers have ended. Calling it again does no harm."""

def serve(
    handler: _Handler,
    host: str | None = None,
    port: int | None = None,
    *,
    sock: socket_module.socket | None = None,
    ssl: ssl_module.SSLContext | None = None,
    origins: Sequence[Origin | re.Pattern[str] | None] | None = None,
    extensions: Sequence[ServerExtensionFactory] | None = None,
    subprotocols: Sequence[Subprotocol] | None = None,
    select_subprotocol: _SelectSubprotocol | None = None,
    compression: str | None = "deflate",
    process_request: _ProcessRequest | None = None,
    process_response: _ProcessResponse | None = None,
    server_header: str | None = ...,
    open_timeout: float | None = 10,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    max_size: _Limit = 1048576,
    max_queue: _Marks = 16,
    logger: LoggerLike | None = None,
    create_connection: type[ServerConnection] | None = None,
    **kwargs: Any,
) -> Server:
    """Listen on `host` and `port` for WebSocket connections, and serve each by `handler` in a thread::

        def echo(websocket):
            for message in websocket:
                websocket.send(message)

        with serve(echo, "localhost", 8765) as server:
            server.serve_forever()

    `handler` gets the `ServerConnection`, which is closed when it returns; one with two arguments gets the path of
    the request as well. The result is a `Server`: call its `serve_forever`, and its `shutdown` from another thread.

    The socket: `sock` is one that listens already, `ssl` an `ssl.SSLContext` for `wss://`; other arguments go to
    `socket.create_server`.

    The handshake: `origins` that are accepted (strings, compiled patterns, None for none at all), `subprotocols`,
    `select_subprotocol(connection, offered)`, `extensions`, `compression` ("deflate" or None),
    `process_request(connection, request)` and `process_response(connection, request, response)`, which may return
    another response, and `server_header` (None for none).

    Limits: `open_timeout`, `close_timeout`, `ping_interval` and `ping_timeout` in seconds, None for none; `max_size`
    of messages in bytes, or of messages and fragments as a tuple; `max_queue`, how many frames may wait to be read,
    or a tuple of high- and low-water marks.

    `logger` is used instead of "websockets.server", and `create_connection` instead of `ServerConnection`.
    """

def unix_serve(handler: _Handler, path: str | None = None, **kwargs: Any) -> Server:
    """Listen on a Unix socket at `path`, and serve as `serve` does; for servers behind a proxy."""

def broadcast(
    connections: Iterable[Connection],
    message: _Payload,
    *,
    raise_exceptions: bool = False,
    text: bool | None = None,
    **kwargs: Any,
) -> None:
    """Send a message to many connections, of which none waits for another.

    Raises `TypeError` if the message is neither text nor bytes.
    """

def basic_auth(
    realm: str = "",
    credentials: _Credentials | None = None,
    check_credentials: Callable[[str, str], bool] | None = None,
) -> Callable[[ServerConnection, Request], Response | None]:
    """Make a `process_request` that asks clients for a user name and a password.

    Raises `TypeError` for other credentials, and `ValueError` unless one of the two is given.
    """
