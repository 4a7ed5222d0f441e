"""Types of Tauraro's httpx2: PyPI's httpx2 2.16, over httpx."""

import enum
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final

import httpx
from httpx import (
    URL as URL,
    USE_CLIENT_DEFAULT as USE_CLIENT_DEFAULT,
    ASGITransport as ASGITransport,
    AsyncBaseTransport as AsyncBaseTransport,
    AsyncByteStream as AsyncByteStream,
    AsyncHTTPTransport as AsyncHTTPTransport,
    Auth as Auth,
    BaseTransport as BaseTransport,
    BasicAuth as BasicAuth,
    ByteStream as ByteStream,
    CloseError as CloseError,
    ConnectError as ConnectError,
    ConnectTimeout as ConnectTimeout,
    CookieConflict as CookieConflict,
    Cookies as Cookies,
    DecodingError as DecodingError,
    DigestAuth as DigestAuth,
    FunctionAuth as FunctionAuth,
    Headers as Headers,
    HTTPError as HTTPError,
    HTTPStatusError as HTTPStatusError,
    HTTPTransport as HTTPTransport,
    InvalidURL as InvalidURL,
    Limits as Limits,
    LocalProtocolError as LocalProtocolError,
    MockTransport as MockTransport,
    NetRCAuth as NetRCAuth,
    NetworkError as NetworkError,
    PoolTimeout as PoolTimeout,
    ProtocolError as ProtocolError,
    Proxy as Proxy,
    ProxyError as ProxyError,
    QueryParams as QueryParams,
    ReadError as ReadError,
    ReadTimeout as ReadTimeout,
    RemoteProtocolError as RemoteProtocolError,
    Request as Request,
    RequestError as RequestError,
    RequestNotRead as RequestNotRead,
    Response as Response,
    ResponseNotRead as ResponseNotRead,
    StreamClosed as StreamClosed,
    StreamConsumed as StreamConsumed,
    StreamError as StreamError,
    SyncByteStream as SyncByteStream,
    Timeout as Timeout,
    TimeoutException as TimeoutException,
    TooManyRedirects as TooManyRedirects,
    TransportError as TransportError,
    UnsupportedProtocol as UnsupportedProtocol,
    WriteError as WriteError,
    WriteTimeout as WriteTimeout,
    WSGITransport as WSGITransport,
    create_ssl_context as create_ssl_context,
    delete as delete,
    get as get,
    head as head,
    options as options,
    patch as patch,
    post as post,
    put as put,
    request as request,
    stream as stream,
)
from httpx_sse import SSEError as SSEError

from .websockets import AsyncWebSocketSession, WebSocketSession

__title__: Final[str]
__description__: Final[str]
__version__: Final[str]

def query(url: URL | str, **kwargs: Any) -> Response:
    """Send a QUERY request, which is safe as GET is and has a body as POST has."""

def websocket(url: URL | str, **kwargs: Any) -> AbstractContextManager[WebSocketSession]:
    """Open a WebSocket, and give its session for the time of a `with` block; see `Client.websocket`."""

def alias_httpx() -> None:
    """Make `import httpx` give httpx2 from now on, in the whole process."""

class Client(httpx.Client):
    """`httpx.Client` with another `User-Agent`. The arguments are the same."""

    def sse(
        self,
        url: URL | str,
        *,
        method: str = "GET",
        headers: Any = None,
        max_event_size: int | None = 1048576,
        **kwargs: Any,
    ) -> AbstractContextManager[EventSource]:
        """Request an event stream, and give its `EventSource` for the time of a `with` block."""
    def websocket(self, url: URL | str, **kwargs: Any) -> AbstractContextManager[WebSocketSession]:
        """Open a WebSocket, and give its session for the time of a `with` block."""

class AsyncClient(httpx.AsyncClient):
    """`httpx.AsyncClient` with another `User-Agent`. The arguments are the same."""

    def sse(
        self,
        url: URL | str,
        *,
        method: str = "GET",
        headers: Any = None,
        max_event_size: int | None = 1048576,
        **kwargs: Any,
    ) -> AbstractAsyncContextManager[EventSource]:
        """The same as `Client.sse`, for `async with`."""
    def websocket(self, url: URL | str, **kwargs: Any) -> AbstractAsyncContextManager[AsyncWebSocketSession]:
        """The same as `Client.websocket`, for `async with`."""

class EventSource:
    """The events of a response: iterate over it, with `for` or `async for` as the response's client is."""

    def __init__(self, response: Response, max_event_size: int | None = 1048576) -> None: ...
    @property
    def response(self) -> Response:
        """The response, for its status and headers."""
    def __iter__(self) -> Iterator[ServerSentEvent]: ...
    def __aiter__(self) -> AsyncIterator[ServerSentEvent]: ...

class ServerSentEvent:
    """An event of a stream. It compares by its values and cannot be changed."""

    event: str
    data: str
    id: str
    retry: int | None
    def __init__(
        self, event: str = "message", data: str = "", id: str = "", retry: int | None = None
    ) -> None: ...
    def json(self) -> Any:
        """The data, which is JSON, as Python values. Raises `json.JSONDecodeError` for other data."""

class Origin:
    """The scheme, the host and the port of a URL, to compare and to use as a key."""

    scheme: str
    host: str
    port: int | None
    def __init__(self, url: URL | str) -> None: ...

class codes(enum.IntEnum):
    """The statuses by name: `codes.NOT_FOUND` and, as an int, `codes.not_found`."""

    def __getattr__(self, name: str) -> int: ...
