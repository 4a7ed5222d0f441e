"""Servers for asyncio."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
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

_Handler: TypeAlias = Callable[[ServerConnection], Awaitable[None]] | Callable[[ServerConnection, str], Awaitable[None]]
_ProcessRequest: TypeAlias = Callable[[ServerConnection, Request], Awaitable[Response | None] | Response | None]
_ProcessResponse: TypeAlias = Callable[
    [ServerConnection, Request, Response], Awaitable[Response | None] | Response | None
]
_SelectSubprotocol: TypeAlias = Callable[[ServerConnection, Sequence[Subprotocol]], Subprotocol | None]
_Credentials: TypeAlias = tuple[str, str] | Iterable[tuple[str, str]]

class ServerConnection(Connection):
    """The server's end of a connection, which `serve` gives to handlers."""

    protocol: ServerProtocol
    """The protocol object."""
    server: Server
    username: str
    def __init__(
        self,
        protocol: ServerProtocol,
        server: Server,
        *,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        max_queue: _Marks = 16,
        write_limit: int | tuple[int, int | None] = 32768,
    ) -> None: ...
    async def handshake(
        self,
        process_request: _ProcessRequest | None = None,
        process_response: _ProcessResponse | None = None,
        server_header: str | None = ...,
    ) -> None:
        """Do the opening handshake. Afterwards the connection is open, unless the request was rejected."""
    def respond(self, status: StatusLike, text: str) -> Response:
        """Return a plain text response, for `process_request` and `process_response` to return."""

class Server:
    """What `serve` returns: an `asyncio.Server` for WebSocket.

    It is awaited, or entered by `async with`, to start it.
    """

    def __init__(
        self,
        create_server: Callable[[], Awaitable[asyncio.Server]],
        handler: Callable[[ServerConnection], Awaitable[None]],
        logger: LoggerLike | None = None,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __await__(self) -> Generator[Any, None, Self]: ...
    @property
    def connections(self) -> set[ServerConnection]:
        """The set of connections that are open: not those that are opening or closing."""
    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets that the server listens on."""
    def close(
        self, close_connections: bool = True, code: CloseCode | int = ..., reason: str = ""
    ) -> None:
        """Close the server: it accepts no more connections."""
    async def wait_closed(self) -> None:
        """Wait until the server is closed: all connections are, and all handlers have returned."""
    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of the server."""
    def is_serving(self) -> bool:
        """Return whether the server accepts connections."""
    async def start_serving(self) -> None:
        """Start to accept connections, after `serve(..., start_serving=False)`."""
    async def serve_forever(self) -> None:
        """Accept connections until this is cancelled or the server is closed, and close the server then."""

def serve(
    handler: _Handler,
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    *,
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
    write_limit: int | tuple[int, int | None] = 32768,
    logger: LoggerLike | None = None,
    create_connection: type[ServerConnection] | None = None,
    **kwargs: Any,
) -> Server:
    """Make a WebSocket server that listens on `host` and `port`, and has `handler(connection)` called for each
    client.

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

def unix_serve(handler: _Handler, path: str | None = None, **kwargs: Any) -> Server:
    """Make a WebSocket server that listens on the Unix socket `path`. The other arguments are those of `serve`."""

def broadcast(
    connections: Iterable[Connection],
    message: _Payload,
    *,
    text: bool | None = None,
    raise_exceptions: bool = False,
) -> None:
    """Sends a message to many connections, without waiting for any."""

def basic_auth(
    realm: str = "",
    credentials: _Credentials | None = None,
    check_credentials: Callable[[str, str], Awaitable[bool] | bool] | None = None,
) -> Callable[[ServerConnection, Request], Awaitable[Response | None]]:
    """Return a `process_request` that asks for HTTP Basic Authentication.

    Raises `TypeError` for other credentials, and `ValueError` unless there is exactly one of the two.
    """
