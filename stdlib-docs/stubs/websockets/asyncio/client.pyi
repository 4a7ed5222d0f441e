"""Clients for asyncio."""

from collections.abc import AsyncIterator, Callable, Generator, Iterable, Sequence
from types import TracebackType
from typing import Any, Literal

from ..client import ClientProtocol
from ..datastructures import HeadersLike
from ..extensions.base import ClientExtensionFactory
from ..protocol import _Limit
from ..typing import LoggerLike, Origin, Subprotocol
from .connection import Connection, _Marks

__all__ = ["connect", "unix_connect", "ClientConnection"]

class ClientConnection(Connection):
    """The client's end of a connection, which `connect` gives."""

    protocol: ClientProtocol
    """The protocol object."""
    def __init__(
        self,
        protocol: ClientProtocol,
        *,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        max_queue: _Marks = 16,
        write_limit: int | tuple[int, int | None] = 32768,
    ) -> None: ...
    async def handshake(
        self, additional_headers: HeadersLike | None = None, user_agent_header: str | None = ...
    ) -> None:
        """Do the opening handshake. Raises `InvalidHandshake`."""

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
        uri: str,
        *,
        origin: Origin | None = None,
        extensions: Sequence[ClientExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        compression: str | None = "deflate",
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = ...,
        proxy: str | Literal[True] | None = True,
        process_exception: Callable[[Exception], Exception | None] = ...,
        open_timeout: float | None = 10,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        reconnect_delays: Callable[[], Iterable[float]] = ...,
        max_size: _Limit = 1048576,
        max_queue: _Marks = 16,
        write_limit: int | tuple[int, int | None] = 32768,
        logger: LoggerLike | None = None,
        create_connection: type[ClientConnection] | None = None,
        **kwargs: Any,
    ) -> None: ...
    async def __aenter__(self) -> ClientConnection: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __aiter__(self) -> AsyncIterator[ClientConnection]: ...
    def __await__(self) -> Generator[Any, None, ClientConnection]: ...
    async def connect(self) -> ClientConnection:
        """Return an open connection, following redirects."""
    async def open_tcp_connection(self) -> ClientConnection:
        """Return a connection to the server, on which there was no handshake yet."""
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the URI to continue with if the exception is a redirect to follow, else an exception to raise."""

def unix_connect(path: str | None = None, uri: str | None = None, **kwargs: Any) -> connect:
    """Connect to a WebSocket server that listens on the Unix socket `path`."""
