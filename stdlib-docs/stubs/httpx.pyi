"""Types of Tauraro's httpx: the interface of PyPI's httpx 0.28.1 and a few additions."""

import enum
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Generator, ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, Sequence, ValuesView
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import timedelta
from http.cookiejar import CookieJar
from typing import IO, Any, Final, Literal, NoReturn, Self, TextIO, TypeAlias

__version__: Final[str]

_Primitive: TypeAlias = str | int | float | bool | None
_QueryParams: TypeAlias = (
    QueryParams
    | Mapping[str, _Primitive | Sequence[_Primitive]]
    | Sequence[tuple[str, _Primitive]]
    | str
    | bytes
)
_Headers: TypeAlias = (
    Headers | Mapping[str, str] | Mapping[bytes, bytes] | Sequence[tuple[str, str]] | Sequence[tuple[bytes, bytes]]
)
_Cookies: TypeAlias = Cookies | CookieJar | Mapping[str, str] | Sequence[tuple[str, str]]
_Content: TypeAlias = str | bytes | Iterable[bytes] | AsyncIterable[bytes]
_Data: TypeAlias = Mapping[str, Any]
_FileContent: TypeAlias = IO[bytes] | bytes | str
_File: TypeAlias = (
    _FileContent
    | tuple[str | None, _FileContent]
    | tuple[str | None, _FileContent, str | None]
    | tuple[str | None, _FileContent, str | None, Mapping[str, str]]
)
_Files: TypeAlias = Mapping[str, _File] | Sequence[tuple[str, _File]]
_Auth: TypeAlias = tuple[str | bytes, str | bytes] | Callable[[Request], Request] | Auth
_Timeout: TypeAlias = (
    float | None | Timeout | Mapping[str, float | None] | tuple[float | None, float | None, float | None, float | None]
)
_Verify: TypeAlias = bool | str | ssl.SSLContext
_Proxy: TypeAlias = URL | str | Proxy
_Certificate: TypeAlias = str | tuple[str, str] | tuple[str, str, str]

class _UseClientDefault: ...

USE_CLIENT_DEFAULT: Final[_UseClientDefault]
"""For an argument of a request: what the client was given."""

def request(
    method: str,
    url: URL | str,
    *,
    content: _Content | None = None,
    data: _Data | None = None,
    files: _Files | None = None,
    json: Any = None,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one request with any method over a new connection."""

def stream(
    method: str,
    url: URL | str,
    *,
    content: _Content | None = None,
    data: _Data | None = None,
    files: _Files | None = None,
    json: Any = None,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> AbstractContextManager[Response]:
    """As `request`, giving the response before its body is read."""

def get(
    url: URL | str,
    *,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one GET request over a new connection."""

def options(
    url: URL | str,
    *,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one OPTIONS request over a new connection."""

def head(
    url: URL | str,
    *,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one HEAD request over a new connection."""

def delete(
    url: URL | str,
    *,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one DELETE request over a new connection."""

def post(
    url: URL | str,
    *,
    content: _Content | None = None,
    data: _Data | None = None,
    files: _Files | None = None,
    json: Any = None,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one POST request over a new connection."""

def put(
    url: URL | str,
    *,
    content: _Content | None = None,
    data: _Data | None = None,
    files: _Files | None = None,
    json: Any = None,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one PUT request over a new connection."""

def patch(
    url: URL | str,
    *,
    content: _Content | None = None,
    data: _Data | None = None,
    files: _Files | None = None,
    json: Any = None,
    params: _QueryParams | None = None,
    headers: _Headers | None = None,
    cookies: _Cookies | None = None,
    auth: _Auth | None = None,
    proxy: _Proxy | None = None,
    follow_redirects: bool = False,
    verify: _Verify = True,
    timeout: _Timeout = ...,
    trust_env: bool = True,
) -> Response:
    """Sends one PATCH request over a new connection."""

def create_ssl_context(
    verify: _Verify = True, cert: _Certificate | None = None, trust_env: bool = True
) -> ssl.SSLContext:
    """An `ssl.SSLContext` for `verify=`, with everything set that httpx sets."""

def main(args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:
    """The command line: makes the request that the arguments ask for, prints the response and exits."""

class _BaseClient:
    def __init__(
        self,
        *,
        auth: _Auth | None = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        verify: _Verify = True,
        cert: _Certificate | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        proxy: _Proxy | None = None,
        mounts: Mapping[str, BaseTransport | AsyncBaseTransport | None] | None = None,
        timeout: _Timeout = ...,
        follow_redirects: bool = False,
        limits: Limits = ...,
        max_redirects: int = 20,
        event_hooks: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
        base_url: URL | str = "",
        transport: BaseTransport | AsyncBaseTransport | None = None,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
        max_decoded_size: int | None = 1073741824,
    ) -> None: ...
    auth: Any
    """Authentication of every request: an Auth, or None."""
    @property
    def base_url(self) -> URL:
        """What relative URLs of requests are appended to."""
    @base_url.setter
    def base_url(self, value: URL | str) -> None: ...
    @property
    def cookies(self) -> Cookies:
        """The cookies to send, and those received."""
    @cookies.setter
    def cookies(self, value: _Cookies) -> None: ...
    event_hooks: dict[str, list[Callable[..., Any]]]
    """Functions called with each request and response."""
    follow_redirects: bool
    """Whether redirects are followed."""
    @property
    def headers(self) -> Headers:
        """Headers of every request."""
    @headers.setter
    def headers(self, value: _Headers) -> None: ...
    @property
    def is_closed(self) -> bool:
        """Whether the client was closed."""
    max_redirects: int
    """How many redirects one request may meet."""
    @property
    def params(self) -> QueryParams:
        """Query parameters of every request."""
    @params.setter
    def params(self, value: _QueryParams) -> None: ...
    @property
    def timeout(self) -> Timeout:
        """How long each phase of an exchange may take."""
    @timeout.setter
    def timeout(self, value: _Timeout) -> None: ...
    @property
    def trust_env(self) -> bool:
        """Whether environment variables are looked at."""
    def build_request(
        self,
        method: str,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Request:
        """A request with the client's defaults merged in, not sent."""

class Client(_BaseClient):
    """Keeps connections, cookies and defaults for many requests. May be used from many threads."""

    def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
    ) -> Response:
        """Sends a request as it is."""

    def request(
        self,
        method: str,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Builds a request from these and the client's defaults, and sends it."""

    def stream(
        self,
        method: str,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> AbstractContextManager[Response]:
        """As `request`, giving the response before its body is read."""

    def map(
        self,
        requests: Iterable[URL | str | Request],
        *,
        concurrency: int = 64,
        ordered: bool = False,
        on_error: Literal["return", "raise"] = "return",
    ) -> Iterator[Response | Exception]:
        """Sends many requests at once, and gives the responses as they arrive."""

    def get(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a GET request."""

    def options(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a OPTIONS request."""

    def head(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a HEAD request."""

    def delete(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a DELETE request."""

    def post(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a POST request."""

    def put(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a PUT request."""

    def patch(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a PATCH request."""

    def query(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a QUERY request, which asks as GET does, with a body."""

    def sse(self, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
        """Requests an event stream, and gives its `httpx2.EventSource` for the time of a `with` block."""

    def websocket(self, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
        """Opens a WebSocket, and gives its session of `httpx2.websockets` for the time of a `with` block."""

    def close(self) -> None:
        """Closes the connections. The client cannot be used again."""
    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: Any = None, exc_value: Any = None, traceback: Any = None) -> None: ...

Session = Client

class AsyncClient(_BaseClient):
    """As `Client`, for asyncio. May be used by many tasks."""

    async def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
    ) -> Response:
        """Sends a request as it is."""

    async def request(
        self,
        method: str,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Builds a request from these and the client's defaults, and sends it."""

    def stream(
        self,
        method: str,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        """As `request`, giving the response before its body is read."""

    def map(
        self,
        requests: Iterable[URL | str | Request],
        *,
        concurrency: int = 64,
        ordered: bool = False,
        on_error: Literal["return", "raise"] = "return",
    ) -> AsyncIterator[Response | Exception]:
        """Sends many requests at once, and gives the responses as they arrive."""

    async def get(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a GET request."""

    async def options(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a OPTIONS request."""

    async def head(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a HEAD request."""

    async def delete(
        self,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a DELETE request."""

    async def post(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a POST request."""

    async def put(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a PUT request."""

    async def patch(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a PATCH request."""

    async def query(
        self,
        url: URL | str,
        *,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        auth: _Auth | _UseClientDefault | None = ...,
        follow_redirects: bool | _UseClientDefault = ...,
        timeout: _Timeout | _UseClientDefault = ...,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Sends a QUERY request, which asks as GET does, with a body."""

    def sse(self, *args: Any, **kwargs: Any) -> AbstractAsyncContextManager[Any]:
        """Requests an event stream, and gives its `httpx2.EventSource` for the time of an `async with` block."""

    def websocket(self, *args: Any, **kwargs: Any) -> AbstractAsyncContextManager[Any]:
        """Opens a WebSocket, and gives its session of `httpx2.websockets` for the time of an `async with` block."""

    async def aclose(self) -> None:
        """Closes the connections. The client cannot be used again."""
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, exc_type: Any = None, exc_value: Any = None, traceback: Any = None) -> None: ...

class Request:
    """A request, before it is sent or after."""

    def __init__(
        self,
        method: str,
        url: URL | str,
        *,
        params: _QueryParams | None = None,
        headers: _Headers | None = None,
        cookies: _Cookies | None = None,
        content: _Content | None = None,
        data: _Data | None = None,
        files: _Files | None = None,
        json: Any = None,
        stream: Iterable[bytes] | AsyncIterable[bytes] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None: ...
    method: str
    """The method, in capitals."""
    url: URL
    """Where it goes."""
    headers: Headers
    """Its header fields."""
    extensions: dict[str, Any]
    """What is not of HTTP itself: `timeout`."""
    stream: Any
    """The body as an iterable of bytes, an asynchronous one, or both."""
    @property
    def content(self) -> bytes:
        """The body; raises RequestNotRead for a stream that was not read."""
    async def aread(self) -> bytes:
        """As `read`, for an asynchronous body."""
    def read(self) -> bytes:
        """Reads a streamed body into memory and gives it."""

class Response:
    """The answer to a request."""

    def __init__(
        self,
        status_code: int,
        *,
        headers: _Headers | None = None,
        content: _Content | None = None,
        text: str | None = None,
        html: str | None = None,
        json: Any = None,
        stream: Iterable[bytes] | AsyncIterable[bytes] | None = None,
        request: Request | None = None,
        extensions: Mapping[str, Any] | None = None,
        history: list[Response] | None = None,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
    ) -> None: ...
    status_code: int
    """For example 200."""
    headers: Headers
    """The header fields."""
    extensions: dict[str, Any]
    """What is not of HTTP itself."""
    history: list[Response]
    """The redirects that led here, oldest first."""
    next_request: Request | None
    """Where a redirect that was not followed leads."""
    default_encoding: str | Callable[[bytes], str]
    """The encoding of text whose charset the server did not name, or a function that returns it."""
    is_closed: bool
    """Whether the connection is free again."""
    is_stream_consumed: bool
    """Whether the body was read."""
    stream: Any
    """The body as an iterable of bytes, or an asynchronous one, as it came."""
    @property
    def charset_encoding(self) -> str | None:
        """The charset that the Content-Type names."""
    @property
    def content(self) -> bytes:
        """The body, decompressed; raises ResponseNotRead when it was not read yet."""
    @property
    def cookies(self) -> Cookies:
        """The cookies that this response sets."""
    @property
    def elapsed(self) -> timedelta:
        """From sending the request to the end of the body; raises RuntimeError before that."""
    @elapsed.setter
    def elapsed(self, value: timedelta) -> None: ...
    @property
    def encoding(self) -> str | None:
        """What `text` is decoded with; can be set before the first use of `text`."""
    @encoding.setter
    def encoding(self, value: str) -> None: ...
    @property
    def has_redirect_location(self) -> bool:
        """Whether this is a redirect that says where to."""
    @property
    def http_version(self) -> str:
        """`HTTP/1.0`, `HTTP/1.1` or `HTTP/2`."""
    @property
    def is_client_error(self) -> bool:
        """Whether the status is 4xx."""
    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
    @property
    def is_informational(self) -> bool:
        """Whether the status is 1xx."""
    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
    @property
    def links(self) -> dict[str | None, dict[str, str]]:
        """The Link header, by relation or URL (RFC 8288)."""
    @property
    def num_bytes_downloaded(self) -> int:
        """Bytes of the body received so far, before decompression."""
    @property
    def reason_phrase(self) -> str:
        """For example `OK`."""
    @property
    def request(self) -> Request:
        """What was asked; raises RuntimeError when that is unknown."""
    @request.setter
    def request(self, value: Request) -> None: ...
    @property
    def text(self) -> str:
        """The body as text; what cannot be decoded is replaced."""
    @property
    def url(self) -> URL:
        """The URL of the request."""
    async def aclose(self) -> None:
        """As `close`, for responses of asynchronous clients."""
    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """As `iter_bytes`, for `async for`."""
    def aiter_lines(self) -> AsyncIterator[str]:
        """As `iter_lines`, for `async for`."""
    def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """As `iter_raw`, for `async for`."""
    def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """As `iter_text`, for `async for`."""
    async def aread(self) -> bytes:
        """As `read`, for responses of asynchronous clients."""
    def close(self) -> None:
        """Gives the connection up, whether or not the body was read."""
    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body decompressed, piece by piece."""
    def iter_lines(self) -> Iterator[str]:
        """The body as lines of text, without their ends."""
    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body as it comes, piece by piece."""
    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The body as text, piece by piece."""
    def json(self, **kwargs: Any) -> Any:
        """The body parsed as JSON; arguments are those of `json.loads`."""
    def raise_for_status(self) -> Self:
        """This response when it is a success; raises HTTPStatusError otherwise."""
    def read(self) -> bytes:
        """Reads the body into memory and gives it."""

class URL:
    """A normalized, immutable URL."""

    def __init__(self, url: URL | str = "", **kwargs: Any) -> None: ...
    @property
    def fragment(self) -> str:
        """What follows `#`, decoded."""
    @property
    def host(self) -> str:
        """The host, decoded from IDNA."""
    @property
    def is_absolute_url(self) -> bool:
        """Whether scheme and host are there."""
    @property
    def is_relative_url(self) -> bool:
        """Whether scheme or host is missing."""
    @property
    def netloc(self) -> bytes:
        """Host, and port if it is not the scheme's own."""
    @property
    def params(self) -> QueryParams:
        """The query, parsed."""
    @property
    def password(self) -> str:
        """The password of the user, decoded."""
    @property
    def path(self) -> str:
        """The path, decoded."""
    @property
    def port(self) -> int | None:
        """The port, None when it is the scheme's own."""
    @property
    def query(self) -> bytes:
        """The query as it is sent."""
    @property
    def raw(self) -> tuple[bytes, bytes, int | None, bytes]:
        """Scheme, host, port and target."""
    @property
    def raw_host(self) -> bytes:
        """The host as it is sent."""
    @property
    def raw_path(self) -> bytes:
        """Path and query as they are sent."""
    @property
    def origin(self) -> Any:
        """Where it leads: an `httpx2.Origin`. Raises `ValueError` for a relative URL."""
    @property
    def raw_scheme(self) -> bytes:
        """The scheme as bytes."""
    @property
    def scheme(self) -> str:
        """For example `https`."""
    @property
    def userinfo(self) -> bytes:
        """User name and password as they are written."""
    @property
    def username(self) -> str:
        """The user name, decoded."""
    def copy_add_param(self, key: str, value: Any = None) -> URL:
        """A copy with one more query parameter."""
    def copy_merge_params(self, params: _QueryParams) -> URL:
        """A copy with query parameters replaced or added."""
    def copy_remove_param(self, key: str) -> URL:
        """A copy without a query parameter."""
    def copy_set_param(self, key: str, value: Any = None) -> URL:
        """A copy with one query parameter replaced."""
    def copy_with(self, **kwargs: Any) -> URL:
        """A copy with components replaced."""
    def join(self, url: URL | str) -> URL:
        """What a reference means on a page at this URL (RFC 3986)."""
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class QueryParams(Mapping[str, str]):
    """Query parameters, in order; a name can repeat. It never changes."""

    def __init__(self, *args: _QueryParams | None, **kwargs: Any) -> None: ...
    def __getitem__(self, key: Any) -> str: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __hash__(self) -> int: ...
    def add(self, key: str, value: Any = None) -> QueryParams:
        """A copy with one more value."""
    def get(self, key: Any, default: Any = None) -> Any:
        """The first value of a name."""
    def get_list(self, key: str) -> list[str]:
        """Every value of a name."""
    def items(self) -> ItemsView[str, str]:
        """Names with their first values."""
    def keys(self) -> KeysView[str]:
        """The names."""
    def merge(self, params: _QueryParams | None = None) -> QueryParams:
        """A copy in which these replace those of the same name."""
    def multi_items(self) -> list[tuple[str, str]]:
        """All names and values."""
    def remove(self, key: str) -> QueryParams:
        """A copy without a name."""
    def set(self, key: str, value: Any = None) -> QueryParams:
        """A copy with one value for a name."""
    def update(self, params: _QueryParams | None = None) -> None:
        """Raises RuntimeError: use `merge`."""
    def values(self) -> ValuesView[str]:
        """The first value of each name."""

class Headers(MutableMapping[str, str]):
    """Header fields, in order; names match in any case and can repeat."""

    def __init__(self, headers: _Headers | None = None, encoding: str | None = None) -> None: ...
    @property
    def encoding(self) -> str:
        """What values are decoded with: ASCII, else UTF-8, else ISO-8859-1."""
    @encoding.setter
    def encoding(self, value: str) -> None: ...
    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """Names and values as bytes."""
    def __getitem__(self, key: str) -> str: ...
    def __setitem__(self, key: str, value: str) -> None: ...
    def __delitem__(self, key: str) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def copy(self) -> Headers:
        """A copy."""
    def get(self, key: str, default: Any = None) -> Any:
        """The values of a name, joined by commas."""
    def get_list(self, key: str, split_commas: bool = False) -> list[str]:
        """Every value of a name."""
    def items(self) -> ItemsView[str, str]:
        """Names with their values, joined by commas."""
    def keys(self) -> KeysView[str]:
        """The names, in lower case."""
    def multi_items(self) -> list[tuple[str, str]]:
        """All names and values."""
    def update(self, headers: _Headers | None = None) -> None:  # type: ignore[override]
        """Replaces the fields that these name."""
    def values(self) -> ValuesView[str]:
        """The values of each name, joined by commas."""

class Cookies(MutableMapping[str, str]):
    """Cookies, each with the domain and the path that it belongs to."""

    def __init__(self, cookies: _Cookies | None = None) -> None: ...
    jar: CookieJar
    """A copy, as the standard library's type."""
    def __getitem__(self, name: str) -> str: ...
    def __setitem__(self, name: str, value: str) -> None: ...
    def __delitem__(self, name: str) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def clear(self, domain: str | None = None, path: str | None = None) -> None:
        """Deletes all cookies, or those of a domain and path."""
    def delete(self, name: str, domain: str | None = None, path: str | None = None) -> None:
        """Deletes the cookies of a name."""
    def extract_cookies(self, response: Response) -> None:
        """Takes what a response sets."""
    def get(  # type: ignore[override]
        self, name: str, default: str | None = None, domain: str | None = None, path: str | None = None
    ) -> str | None:
        """The value of a cookie; raises CookieConflict when several match."""
    def set(self, name: str, value: str, domain: str = "", path: str = "/") -> None:
        """Adds or replaces a cookie."""
    def set_cookie_header(self, request: Request) -> None:
        """Gives a request the cookies that belong to its URL."""
    def update(self, cookies: _Cookies | None = None) -> None:  # type: ignore[override]
        """Adds or replaces cookies."""

class Timeout:
    """How long each phase of an exchange may take, in seconds; None is without limit."""

    def __init__(
        self,
        timeout: _Timeout = ...,
        *,
        connect: float | None = ...,
        read: float | None = ...,
        write: float | None = ...,
        pool: float | None = ...,
    ) -> None: ...
    connect: float | None
    """Name lookup, TCP and TLS."""
    read: float | None
    """Between two arrivals of data."""
    write: float | None
    """Between two moments at which the peer takes data."""
    pool: float | None
    """Waiting for a free connection."""
    def as_dict(self) -> dict[str, float | None]:
        """The four, by name."""

class Limits:
    """Bounds of a client's connections; None is unbounded."""

    def __init__(
        self,
        *,
        max_connections: int | None = None,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = 5.0,
    ) -> None: ...
    max_connections: int | None
    """Connections at the same time."""
    max_keepalive_connections: int | None
    """Idle connections that are kept."""
    keepalive_expiry: float | None
    """Seconds for which an idle connection is kept."""

class Proxy:
    """A proxy, of the scheme `http`, `https`, `socks5` or `socks5h`."""

    def __init__(
        self,
        url: URL | str,
        *,
        ssl_context: ssl.SSLContext | None = None,
        auth: tuple[str, str] | None = None,
        headers: _Headers | None = None,
    ) -> None: ...
    url: URL
    """Where it is, without credentials."""
    auth: tuple[str, str] | None
    """User name and password."""
    headers: Headers
    """The headers that an HTTP proxy is sent besides its credentials."""
    ssl_context: ssl.SSLContext | None
    """How an `https` proxy is judged."""
    @property
    def raw_auth(self) -> tuple[bytes, bytes] | None:
        """User name and password as bytes."""

class SyncByteStream:
    """A body that is produced while it is sent: derive from it and write `__iter__`."""

    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None:
        """Called when the body is no longer needed."""

class AsyncByteStream:
    """A body that is produced with `await` while it is sent: derive from it and write `__aiter__`."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None:
        """Called when the body is no longer needed."""

class ByteStream(SyncByteStream, AsyncByteStream):
    """A body that is there already."""

    def __init__(self, stream: bytes) -> None: ...

class Auth:
    """A scheme of authentication: derive from it and write `auth_flow`."""

    requires_request_body: bool
    """Whether the flow looks at bodies of requests."""
    requires_response_body: bool
    """Whether the flow looks at bodies of responses."""
    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yields requests to send and is given their responses."""
    def sync_auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """As `auth_flow`, reading bodies as the scheme requires."""
    def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        """As `sync_auth_flow`, for AsyncClient."""

class BasicAuth(Auth):
    """Basic authentication (RFC 7617)."""

    def __init__(self, username: str | bytes, password: str | bytes) -> None: ...

class DigestAuth(Auth):
    """Digest authentication (RFC 7616)."""

    def __init__(self, username: str | bytes, password: str | bytes) -> None: ...

class NetRCAuth(Auth):
    """Basic authentication with what a netrc file has for the host."""

    def __init__(self, file: str | None = None) -> None: ...

class FunctionAuth(Auth):
    """Authentication by a function that changes each request."""

    def __init__(self, func: Callable[[Request], Request]) -> None: ...

class BaseTransport:
    """What sends requests: derive from it and write `handle_request`."""

    def handle_request(self, request: Request) -> Response:
        """Answers one request."""
    def close(self) -> None:
        """Called when the client is closed."""
    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: Any = None, exc_value: Any = None, traceback: Any = None) -> None: ...

class AsyncBaseTransport:
    """What sends requests of an AsyncClient: derive from it and write `handle_async_request`."""

    async def handle_async_request(self, request: Request) -> Response:
        """Answers one request."""
    async def aclose(self) -> None:
        """Called when the client is closed."""
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, exc_type: Any = None, exc_value: Any = None, traceback: Any = None) -> None: ...

_SocketOption: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes] | tuple[int, int, None, int]

class HTTPTransport(BaseTransport):
    """What sends the requests of a Client over the network."""

    def __init__(
        self,
        verify: _Verify = True,
        cert: _Certificate | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Limits = ...,
        proxy: _Proxy | None = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> None: ...

class AsyncHTTPTransport(AsyncBaseTransport):
    """What sends the requests of an AsyncClient over the network."""

    def __init__(
        self,
        verify: _Verify = True,
        cert: _Certificate | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Limits = ...,
        proxy: _Proxy | None = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> None: ...

class MockTransport(BaseTransport, AsyncBaseTransport):
    """A transport that asks a function, for tests."""

    def __init__(self, handler: Callable[[Request], Response | Awaitable[Response]]) -> None: ...
    handler: Callable[[Request], Response | Awaitable[Response]]
    """The function, which may be an `async` one for `AsyncClient`."""

class WSGITransport(BaseTransport):
    """A transport that calls a WSGI application (PEP 3333) instead of a server."""

    def __init__(
        self,
        app: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]],
        raise_app_exceptions: bool = True,
        script_name: str = "",
        remote_addr: str = "127.0.0.1",
        wsgi_errors: TextIO | None = None,
    ) -> None: ...

class ASGITransport(AsyncBaseTransport):
    """A transport that calls an ASGI application instead of a server, on the running asyncio loop."""

    def __init__(
        self,
        app: Callable[[Any, Any, Any], Any],
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 123),
    ) -> None: ...

class codes(enum.IntEnum):
    """Status codes by name: members in capitals, numbers in lower case."""

    CONTINUE = 100
    SWITCHING_PROTOCOLS = 101
    PROCESSING = 102
    EARLY_HINTS = 103
    OK = 200
    CREATED = 201
    ACCEPTED = 202
    NON_AUTHORITATIVE_INFORMATION = 203
    NO_CONTENT = 204
    RESET_CONTENT = 205
    PARTIAL_CONTENT = 206
    MULTI_STATUS = 207
    ALREADY_REPORTED = 208
    IM_USED = 226
    MULTIPLE_CHOICES = 300
    MOVED_PERMANENTLY = 301
    FOUND = 302
    SEE_OTHER = 303
    NOT_MODIFIED = 304
    USE_PROXY = 305
    TEMPORARY_REDIRECT = 307
    PERMANENT_REDIRECT = 308
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    PAYMENT_REQUIRED = 402
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD_NOT_ALLOWED = 405
    NOT_ACCEPTABLE = 406
    PROXY_AUTHENTICATION_REQUIRED = 407
    REQUEST_TIMEOUT = 408
    CONFLICT = 409
    GONE = 410
    LENGTH_REQUIRED = 411
    PRECONDITION_FAILED = 412
    REQUEST_ENTITY_TOO_LARGE = 413
    REQUEST_URI_TOO_LONG = 414
    UNSUPPORTED_MEDIA_TYPE = 415
    REQUESTED_RANGE_NOT_SATISFIABLE = 416
    EXPECTATION_FAILED = 417
    IM_A_TEAPOT = 418
    MISDIRECTED_REQUEST = 421
    UNPROCESSABLE_ENTITY = 422
    LOCKED = 423
    FAILED_DEPENDENCY = 424
    TOO_EARLY = 425
    UPGRADE_REQUIRED = 426
    PRECONDITION_REQUIRED = 428
    TOO_MANY_REQUESTS = 429
    REQUEST_HEADER_FIELDS_TOO_LARGE = 431
    UNAVAILABLE_FOR_LEGAL_REASONS = 451
    INTERNAL_SERVER_ERROR = 500
    NOT_IMPLEMENTED = 501
    BAD_GATEWAY = 502
    SERVICE_UNAVAILABLE = 503
    GATEWAY_TIMEOUT = 504
    HTTP_VERSION_NOT_SUPPORTED = 505
    VARIANT_ALSO_NEGOTIATES = 506
    INSUFFICIENT_STORAGE = 507
    LOOP_DETECTED = 508
    NOT_EXTENDED = 510
    NETWORK_AUTHENTICATION_REQUIRED = 511
    switching_protocols: int
    processing: int
    early_hints: int
    ok: int
    created: int
    accepted: int
    non_authoritative_information: int
    no_content: int
    reset_content: int
    partial_content: int
    multi_status: int
    already_reported: int
    im_used: int
    multiple_choices: int
    moved_permanently: int
    found: int
    see_other: int
    not_modified: int
    use_proxy: int
    temporary_redirect: int
    permanent_redirect: int
    bad_request: int
    unauthorized: int
    payment_required: int
    forbidden: int
    not_found: int
    method_not_allowed: int
    not_acceptable: int
    proxy_authentication_required: int
    request_timeout: int
    conflict: int
    gone: int
    length_required: int
    precondition_failed: int
    request_entity_too_large: int
    request_uri_too_long: int
    unsupported_media_type: int
    requested_range_not_satisfiable: int
    expectation_failed: int
    im_a_teapot: int
    misdirected_request: int
    unprocessable_entity: int
    locked: int
    failed_dependency: int
    too_early: int
    upgrade_required: int
    precondition_required: int
    too_many_requests: int
    request_header_fields_too_large: int
    unavailable_for_legal_reasons: int
    internal_server_error: int
    not_implemented: int
    bad_gateway: int
    service_unavailable: int
    gateway_timeout: int
    http_version_not_supported: int
    variant_also_negotiates: int
    insufficient_storage: int
    loop_detected: int
    not_extended: int
    network_authentication_required: int
    @classmethod
    def get_reason_phrase(cls, value: int) -> str:
        """The phrase of a status, or nothing."""
    @classmethod
    def is_client_error(cls, value: int) -> bool:
        """Whether it is 4xx."""
    @classmethod
    def is_error(cls, value: int) -> bool:
        """Whether it is 4xx or 5xx."""
    @classmethod
    def is_informational(cls, value: int) -> bool:
        """Whether it is 1xx."""
    @classmethod
    def is_redirect(cls, value: int) -> bool:
        """Whether it is 3xx."""
    @classmethod
    def is_server_error(cls, value: int) -> bool:
        """Whether it is 5xx."""
    @classmethod
    def is_success(cls, value: int) -> bool:
        """Whether it is 2xx."""

class HTTPError(Exception):
    """What goes wrong with a request or its response."""

    def __init__(self, message: str) -> None: ...
    @property
    def request(self) -> Request:
        """What was asked; raises RuntimeError when that is unknown."""
    @request.setter
    def request(self, value: Request) -> None: ...

class HTTPStatusError(HTTPError):
    """The response is not a success; from `Response.raise_for_status`."""

    def __init__(self, message: str, *, request: Request, response: Response) -> None: ...
    response: Response
    """The response."""

class RequestError(HTTPError):
    """No response could be had."""

    def __init__(self, message: str, *, request: Request | None = None) -> None: ...

class TransportError(RequestError):
    """No response, for a reason of the connection."""

class TimeoutException(TransportError):
    """A phase of the exchange took longer than its timeout."""

class ConnectTimeout(TimeoutException):
    """No connection within `connect` seconds."""

class ReadTimeout(TimeoutException):
    """No data within `read` seconds."""

class WriteTimeout(TimeoutException):
    """The peer took no data within `write` seconds."""

class PoolTimeout(TimeoutException):
    """No connection of the pool became free within `pool` seconds."""

class NetworkError(TransportError):
    """The network failed."""

class ConnectError(NetworkError):
    """A connection could not be established."""

class ReadError(NetworkError):
    """Receiving failed."""

class WriteError(NetworkError):
    """Sending failed."""

class CloseError(NetworkError):
    """Closing failed."""

class ProtocolError(TransportError):
    """HTTP was violated."""

class LocalProtocolError(ProtocolError):
    """The request is not valid HTTP."""

class RemoteProtocolError(ProtocolError):
    """The response is not valid HTTP."""

class ProxyError(TransportError):
    """A proxy refused or failed."""

class UnsupportedProtocol(TransportError):
    """The URL's scheme is neither http nor https."""

class DecodingError(RequestError):
    """The body's compression is broken, or it decodes to more than is allowed."""

class TooManyRedirects(RequestError):
    """More redirects than `max_redirects`."""

TimeoutError = TimeoutException

class InvalidURL(Exception):
    """A URL cannot be parsed."""

    def __init__(self, message: str) -> None: ...

class CookieConflict(Exception):
    """Several cookies have the name that was asked for."""

    def __init__(self, message: str) -> None: ...

class StreamError(RuntimeError):
    """A body was used in a way that is not possible."""

    def __init__(self, message: str) -> None: ...

class StreamConsumed(StreamError):
    """The body was read already."""

    def __init__(self) -> None: ...

class StreamClosed(StreamError):
    """The response was closed."""

    def __init__(self) -> None: ...

class RequestNotRead(StreamError):
    """The request's body was not read yet."""

    def __init__(self) -> None: ...

class ResponseNotRead(StreamError):
    """The response's body was not read yet."""

    def __init__(self) -> None: ...
