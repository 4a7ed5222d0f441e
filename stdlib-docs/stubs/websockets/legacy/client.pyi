"""Clients of the legacy implementation."""

from collections.abc import AsyncIterator, Callable, Generator, Sequence
from types import TracebackType
from typing import Any

from ..datastructures import Headers, HeadersLike
from ..extensions.base import ClientExtensionFactory, Extension
from ..typing import LoggerLike, Origin, Subprotocol
from ..uri import WebSocketURI
from .protocol import WebSocketCommonProtocol

__all__ = ["connect", "unix_connect", "WebSocketClientProtocol"]

class WebSocketClientProtocol(WebSocketCommonProtocol):
    """The client's end of a connection. The parameters are those of `connect` and of `WebSocketCommonProtocol`."""

    origin: Origin | None
    available_extensions: Sequence[ClientExtensionFactory] | None
    available_subprotocols: Sequence[Subprotocol] | None
    extra_headers: HeadersLike | None
    user_agent_header: str | None
    def __init__(
        self,
        *,
        logger: LoggerLike | None = None,
        origin: Origin | None = None,
        extensions: Sequence[ClientExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        extra_headers: HeadersLike | None = None,
        user_agent_header: str | None = ...,
        **kwargs: Any,
    ) -> None: ...
    def write_http_request(self, path: str, headers: Headers) -> None:
        """Send a request for a path, with its query, and these headers."""
    async def read_http_response(self) -> tuple[int, Headers]:
        """Read the head of the response: the status and the headers.

        Raises `InvalidMessage` for anything but a response of HTTP/1.1.
        """
    @staticmethod
    def process_extensions(
        headers: Headers, available_extensions: Sequence[ClientExtensionFactory] | None
    ) -> list[Extension]:
        """The list of extensions that a response accepts, each made by the first that has its name and takes its
        parameters.

        Raises `NegotiationError` if there is none.
        """
    @staticmethod
    def process_subprotocol(
        headers: Headers, available_subprotocols: Sequence[Subprotocol] | None
    ) -> Subprotocol | None:
        """The subprotocol that a response chooses, None without one.

        Raises `NegotiationError` for one that was not offered and `InvalidHeader` for several.
        """
    async def handshake(
        self,
        wsuri: WebSocketURI,
        origin: Origin | None = None,
        available_extensions: Sequence[ClientExtensionFactory] | None = None,
        available_subprotocols: Sequence[Subprotocol] | None = None,
        extra_headers: HeadersLike | None = None,
    ) -> None:
        """Do the opening handshake with what `parse_uri` makes of the URI.

        The `extra_headers` are those of the connection. Raises `InvalidHandshake`, of a class that says why
        not.
        """

class Connect:
    """Connect to a server: `await connect(uri)` and `async with` give a `WebSocketClientProtocol`, which the
    latter closes.

    `async for websocket in connect(uri)` connects again whenever the connection is lost, and waits longer each
    time that fails: see `BACKOFF_INITIAL`, `BACKOFF_MIN`, `BACKOFF_FACTOR` and `BACKOFF_MAX`, in seconds, which
    the environment may have as `WEBSOCKETS_BACKOFF_INITIAL_DELAY` and so on.

    `create_protocol` makes the connection: another class than `WebSocketClientProtocol`, or a function.
    `logger` is `logging.getLogger("websockets.client")` unless given. `compression` is `"deflate"` or None.
    `origin` is the `Origin` field; `extensions` and `subprotocols` are offered, preferred ones first;
    `extra_headers` is added to the request; `user_agent_header` is the `User-Agent` field, None for none.
    `open_timeout` is in seconds, None for no limit.

    The other arguments are those of `WebSocketCommonProtocol`, and of `create_connection`: `ssl`, by default
    that of `create_default_context` for wss; `host` and `port`, to connect elsewhere than to where the URI
    says; `sock`. `klass`, `legacy_recv`, `loop` and `timeout` are former parameters.

    Raises `InvalidURI`, `OSError`, `InvalidHandshake` and `TimeoutError`.
    """

    MAX_REDIRECTS_ALLOWED: int
    BACKOFF_INITIAL: float
    BACKOFF_MIN: float
    BACKOFF_MAX: float
    BACKOFF_FACTOR: float
    open_timeout: float | None
    logger: LoggerLike
    protocol: WebSocketClientProtocol
    def __init__(
        self,
        uri: str,
        *,
        create_protocol: Callable[..., WebSocketClientProtocol] | None = None,
        logger: LoggerLike | None = None,
        compression: str | None = "deflate",
        origin: Origin | None = None,
        extensions: Sequence[ClientExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        extra_headers: HeadersLike | None = None,
        user_agent_header: str | None = ...,
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
    def handle_redirect(self, uri: str) -> None:
        """Go to another URI, which may be relative, with the next attempt.

        Raises `InvalidURI`, and `SecurityError` for one that gives up TLS.
        """
    def __aiter__(self) -> AsyncIterator[WebSocketClientProtocol]: ...
    async def __aenter__(self) -> WebSocketClientProtocol: ...
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
    def __await__(self) -> Generator[Any, None, WebSocketClientProtocol]: ...

def unix_connect(path: str | None = None, uri: str = "ws://localhost/", **kwargs: Any) -> connect:
    """Connect over a Unix socket, as `connect` does over TCP; see `create_unix_connection`.

    `uri` is what the server is asked for.
    """

connect = Connect
