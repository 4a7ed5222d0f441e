"""Servers of the legacy implementation."""

import asyncio
import socket
from asyncio import AbstractEventLoop, BaseTransport
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from ..datastructures import Headers, HeadersLike
from ..extensions.base import Extension, ServerExtensionFactory
from ..typing import LoggerLike, Origin, StatusLike, Subprotocol
from .protocol import WebSocketCommonProtocol, broadcast as broadcast

__all__ = ["broadcast", "serve", "unix_serve", "WebSocketServerProtocol", "WebSocketServer"]

HeadersLikeOrCallable = HeadersLike | Callable[[str, Headers], HeadersLike]

HTTPResponse = tuple[StatusLike, HeadersLike, bytes]

_Handler = (
    Callable[[WebSocketServerProtocol], Awaitable[Any]] | Callable[[WebSocketServerProtocol, str], Awaitable[Any]]
)

class WebSocketServerProtocol(WebSocketCommonProtocol):
    """The server's end of a connection.

    `ws_handler` is the coroutine function to call with it and `ws_server` the `WebSocketServer` it belongs to;
    the others are those of `serve` and of `WebSocketCommonProtocol`. A subclass may have its own
    `process_request` and `select_subprotocol`.
    """

    ws_handler: Callable[[WebSocketServerProtocol], Awaitable[Any]]
    ws_server: WebSocketServer
    origin: Origin | None
    origins: Sequence[Origin | None] | None
    available_extensions: Sequence[ServerExtensionFactory] | None
    available_subprotocols: Sequence[Subprotocol] | None
    extra_headers: HeadersLikeOrCallable | None
    server_header: str | None
    open_timeout: float | None
    handler_task: asyncio.Task[None]
    def __init__(
        self,
        ws_handler: _Handler,
        ws_server: WebSocketServer,
        *,
        logger: LoggerLike | None = None,
        origins: Sequence[Origin | None] | None = None,
        extensions: Sequence[ServerExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        extra_headers: HeadersLikeOrCallable | None = None,
        server_header: str | None = ...,
        process_request: Callable[[str, Headers], Awaitable[HTTPResponse | None]] | None = None,
        select_subprotocol: Callable[[Sequence[Subprotocol], Sequence[Subprotocol]], Subprotocol | None] | None = None,
        open_timeout: float | None = 10,
        **kwargs: Any,
    ) -> None: ...
    def connection_made(self, transport: BaseTransport) -> None:
        """There is a connection: begin to handle it."""
    async def handler(self) -> None:
        """A task: the handshake, the handler, and the closing handshake. What goes wrong is logged."""
    async def read_http_request(self) -> tuple[str, Headers]:
        """Read the head of the request: the path, with its query, and the headers. A body is left in `reader`.

        Raises `InvalidMessage` for anything but a GET request of HTTP/1.1.
        """
    def write_http_response(self, status: HTTPStatus, headers: Headers, body: bytes | None = None) -> None:
        """Send a response: an `HTTPStatus`, headers, and a body if it is to have one."""
    async def process_request(self, path: str, request_headers: Headers) -> HTTPResponse | None:
        """Answer a request that is not to become a WebSocket: return a status, headers and a body (bytes).

        None goes on with the handshake. The argument of that name of `serve` does the same.
        """
    @staticmethod
    def process_origin(headers: Headers, origins: Sequence[Origin | None] | None = None) -> Origin | None:
        """The `Origin` of a request, None without one.

        Raises `InvalidOrigin` if `origins` are given and do not have it.
        """
    @staticmethod
    def process_extensions(
        headers: Headers, available_extensions: Sequence[ServerExtensionFactory] | None
    ) -> tuple[str | None, list[Extension]]:
        """Accept what a request offers of the available extensions.

        Returns the value of `Sec-WebSocket-Extensions` for the response, None without extensions, and a list of
        them.
        """
    def process_subprotocol(
        self, headers: Headers, available_subprotocols: Sequence[Subprotocol] | None
    ) -> Subprotocol | None:
        """The subprotocol for a request, None without one."""
    def select_subprotocol(
        self, client_subprotocols: Sequence[Subprotocol], server_subprotocols: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """Choose from what a client offers and what the server has, both preferred ones first; None for none.

        It is the one with the best places in both lists, unless an argument of that name of `serve` chooses.
        """
    async def handshake(
        self,
        origins: Sequence[Origin | None] | None = None,
        available_extensions: Sequence[ServerExtensionFactory] | None = None,
        available_subprotocols: Sequence[Subprotocol] | None = None,
        extra_headers: HeadersLikeOrCallable | None = None,
    ) -> str:
        """Do the opening handshake. Returns the path of the request.

        Raises `InvalidHandshake`, of a class that says why not.
        """

class WebSocketServer:
    """What `serve` gives: an `Server` and its connections, which are `websockets`."""

    logger: LoggerLike
    websockets: set[WebSocketServerProtocol]
    """The connections."""
    close_task: asyncio.Task[None] | None
    closed_waiter: asyncio.Future[None]
    server: asyncio.Server
    def __init__(self, logger: LoggerLike | None = None) -> None: ...
    def wrap(self, server: asyncio.Server) -> None:
        """Take charge of an `Server`, which was made after this as it needs it."""
    def register(self, protocol: WebSocketServerProtocol) -> None:
        """Add a connection."""
    def unregister(self, protocol: WebSocketServerProtocol) -> None:
        """Remove a connection. Raises `KeyError` if it is not there."""
    def close(self, close_connections: bool = True) -> None:
        """Begin to close the server; `wait_closed` waits for that.

        New connections are refused; handshakes are answered with status 503; open connections are closed with
        code 1001, unless `close_connections` is false; handlers are waited for.
        """
    async def wait_closed(self) -> None:
        """Wait until the server is closed and its handlers have ended."""
    def get_loop(self) -> AbstractEventLoop:
        """The event loop of the server."""
    def is_serving(self) -> bool:
        """Whether the server accepts connections."""
    async def start_serving(self) -> None:
        """Begin to accept connections, for a server made with `start_serving=False`."""
    async def serve_forever(self) -> None:
        """Accept connections until this is cancelled."""
    @property
    def sockets(self) -> Iterable[socket.socket]:
        """The sockets the server listens on."""
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

class Serve:
    """Start a server: `await serve(handler, host, port)` and `async with` give a `WebSocketServer`.

    `ws_handler(websocket)` is a coroutine function that is called for each connection, which is closed when it
    returns; `create_protocol` makes the connection, a `WebSocketServerProtocol` unless it is another class or a
    function. `logger` is `logging.getLogger("websockets.server")` unless given. `compression` is `"deflate"` or
    None. `origins` lists what the `Origin` field may be, with None if it may be missing; `extensions` and
    `subprotocols` what is available, preferred ones first; `extra_headers` is added to responses, and may be a
    function of the path and the headers of the request; `server_header` is the `Server` field, None for none.
    `process_request` and `select_subprotocol` are as the methods of `WebSocketServerProtocol`. `open_timeout`
    is in seconds, None for no limit.

    The other arguments are those of `WebSocketCommonProtocol`, and of `create_server`, such as `ssl`, `sock`
    and `start_serving`. `klass`, `legacy_recv`, `loop` and `timeout` are former parameters. Raises `OSError`
    and `ValueError`.
    """

    ws_server: WebSocketServer
    def __init__(
        self,
        ws_handler: _Handler,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *,
        create_protocol: Callable[..., WebSocketServerProtocol] | None = None,
        logger: LoggerLike | None = None,
        compression: str | None = "deflate",
        origins: Sequence[Origin | None] | None = None,
        extensions: Sequence[ServerExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        extra_headers: HeadersLikeOrCallable | None = None,
        server_header: str | None = ...,
        process_request: Callable[[str, Headers], Awaitable[HTTPResponse | None]] | None = None,
        select_subprotocol: Callable[[Sequence[Subprotocol], Sequence[Subprotocol]], Subprotocol | None] | None = None,
        open_timeout: float | None = 10,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = None,
        max_size: int | None = 1048576,
        max_queue: int | None = 32,
        read_limit: int = 65536,
        write_limit: int = 65536,
        **kwargs: Any,
    ) -> None: ...
    async def __aenter__(self) -> WebSocketServer: ...
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
    def __await__(self) -> Generator[Any, None, WebSocketServer]: ...

def unix_serve(ws_handler: _Handler, path: str | None = None, **kwargs: Any) -> serve:
    """Start a server on a Unix socket, as `serve` does on TCP; see `create_unix_server`."""

def remove_path_argument(ws_handler: _Handler) -> Callable[[WebSocketServerProtocol], Awaitable[Any]]:
    """Make a handler that takes the connection of one that takes its path too, as they used to."""

serve = Serve
