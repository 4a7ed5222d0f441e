"""The HTTP server of Tauraro: see server.md."""

import logging
import os
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace, TracebackType
from typing import Any, Literal, Protocol, Self

import httpx
from websockets.asyncio.server import ServerConnection

__all__ = [
    "App",
    "Event",
    "Files",
    "HTTPError",
    "Limits",
    "Request",
    "Response",
    "Server",
    "SyncRequest",
    "Timeouts",
    "events",
    "listening",
    "serve",
    "start",
    "websocket",
]

class _Writes(Protocol):
    def write(self, text: str, /) -> object: ...

type _Headers = Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]
type _Body = (
    str | bytes | dict[str, Any] | list[Any] | Iterable[str | bytes] | AsyncIterable[str | bytes] | os.PathLike[str] | None
)
type _Result = Response | _Body | tuple[_Body, int] | tuple[_Body, int, _Headers]
type _Handler = Callable[[Request], Awaitable[_Result]] | Callable[[SyncRequest], _Result]
type _Application = _Handler | App | Callable[..., Any]
type _Target = _Handler | Response | Files | str | bytes | list[Any]
type _Routes = App | Mapping[str, _Target | dict[str, _Target]]
type _Log = bool | logging.Logger | _Writes | Callable[[str], object] | None

class HTTPError(Exception):
    status: int
    detail: _Body
    headers: _Headers | None
    def __init__(self, status: int, detail: _Body = None, headers: _Headers | None = None) -> None: ...
    def response(self) -> Response: ...

class Response:
    def __init__(
        self, body: _Body = None, status: int = 200, headers: _Headers | None = None, content_type: str | None = None
    ) -> None: ...
    @property
    def status(self) -> int: ...
    @status.setter
    def status(self, status: int) -> None: ...
    @property
    def headers(self) -> httpx.Headers: ...
    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]: ...
    @property
    def body(self) -> Any: ...

class Request:
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def raw_path(self) -> bytes: ...
    @property
    def raw_query(self) -> bytes: ...
    @property
    def target(self) -> bytes: ...
    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]: ...
    @property
    def lower_headers(self) -> list[tuple[bytes, bytes]]: ...
    @property
    def http_version(self) -> Literal["1.0", "1.1"]: ...
    @property
    def authority(self) -> str | None: ...
    @property
    def params(self) -> dict[str, str | int]: ...
    @property
    def content_length(self) -> int | None: ...
    @property
    def has_body(self) -> bool: ...
    @property
    def asks_for_upgrade(self) -> bool: ...
    @property
    def disconnected(self) -> bool: ...
    @property
    def headers(self) -> httpx.Headers: ...
    @property
    def query(self) -> httpx.QueryParams: ...
    @property
    def cookies(self) -> dict[str, str]: ...
    @property
    def url(self) -> httpx.URL: ...
    @property
    def client(self) -> tuple[str, int] | None: ...
    @property
    def scheme(self) -> str: ...
    @property
    def host(self) -> str | None: ...
    @property
    def state(self) -> SimpleNamespace: ...
    def header(self, name: str) -> str | None: ...
    def stream(self) -> AsyncIterator[bytes]: ...
    async def body(self) -> bytes: ...
    async def text(self) -> str: ...
    async def json(self) -> Any: ...
    async def form(self) -> httpx.QueryParams: ...
    async def hints(self, links: Iterable[str]) -> None: ...

class SyncRequest(Request):
    def stream(self) -> Iterator[bytes]: ...  # type: ignore[override]
    def body(self) -> bytes: ...  # type: ignore[override]
    def text(self) -> str: ...  # type: ignore[override]
    def json(self) -> Any: ...
    def form(self) -> httpx.QueryParams: ...  # type: ignore[override]
    def hints(self, links: Iterable[str]) -> None: ...  # type: ignore[override]

class App:
    routes: list[tuple[str, str | None, _Target]]
    def __init__(self, routes: Mapping[str, _Target | dict[str, _Target]] | None = None) -> None: ...
    def add(self, path: str, handler: _Target, methods: Iterable[str] | None = None) -> None: ...
    def route[H: _Handler](self, path: str, methods: Iterable[str] | None = None) -> Callable[[H], H]: ...
    def get[H: _Handler](self, path: str) -> Callable[[H], H]: ...
    def post[H: _Handler](self, path: str) -> Callable[[H], H]: ...
    def put[H: _Handler](self, path: str) -> Callable[[H], H]: ...
    def patch[H: _Handler](self, path: str) -> Callable[[H], H]: ...
    def delete[H: _Handler](self, path: str) -> Callable[[H], H]: ...

class Files:
    folder: str
    index: str
    headers: dict[str, str]
    def __init__(
        self, folder: str | os.PathLike[str], *, index: str = "index.html", headers: Mapping[str, str] | None = None
    ) -> None: ...
    async def handle(self, request: Request) -> Response: ...

class Event:
    data: Any
    event: str | None
    id: str | None
    retry: int | None
    def __init__(
        self, data: Any = None, *, event: str | None = None, id: str | None = None, retry: int | None = None
    ) -> None: ...
    def encode(self) -> bytes: ...

def events(source: AsyncIterable[Any], *, ping: float | None = 15, headers: _Headers | None = None) -> Response: ...

class Limits:
    max_body: int
    request_line: int
    head: int
    fields: int
    connections: int
    requests: int
    def __init__(
        self,
        max_body: int = 16777216,
        request_line: int = 8192,
        head: int = 32768,
        fields: int = 100,
        connections: int = 10000,
        requests: int = 10000,
    ) -> None: ...

class Timeouts:
    first_byte: float | None
    head: float | None
    idle: float | None
    body_rate: int
    body_grace: float | None
    write: float | None
    def __init__(
        self,
        first_byte: float | None = 10,
        head: float | None = 10,
        idle: float | None = 60,
        body_rate: int = 240,
        body_grace: float | None = 5,
        write: float | None = 60,
    ) -> None: ...

class Server:
    @property
    def url(self) -> str: ...
    @property
    def addresses(self) -> list[tuple[str, int] | str]: ...
    @property
    def port(self) -> int | None: ...
    def stats(self) -> dict[str, int]: ...
    def stop(self, grace: float = 10) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

def serve(
    handler: _Application | None = None,
    /,
    *,
    grace: float = 10,
    routes: _Routes | None = None,
    host: str | None = "127.0.0.1",
    port: int = 8000,
    unix: str | os.PathLike[str] | None = None,
    fd: int | None = None,
    tls: tuple[str | os.PathLike[str], str | os.PathLike[str]] | ssl.SSLContext | None = None,
    threads: int | None = None,
    access_log: _Log = None,
    on_error: Callable[[Request, BaseException], Response | None] | None = None,
    on_listen: Callable[[Server], object] | None = None,
    lifespan: Literal["auto", "on", "off"] = "auto",
    trust_proxy: str | Iterable[str] = (),
    limits: Limits | None = None,
    timeouts: Timeouts | None = None,
    interface: Literal["auto", "native", "asgi", "wsgi"] = "auto",
    root_path: str = "",
    backlog: int = 2048,
    reuse_port: bool = False,
) -> None: ...
def start(
    handler: _Application | None = None,
    /,
    *,
    routes: _Routes | None = None,
    host: str | None = "127.0.0.1",
    port: int = 8000,
    unix: str | os.PathLike[str] | None = None,
    fd: int | None = None,
    tls: tuple[str | os.PathLike[str], str | os.PathLike[str]] | ssl.SSLContext | None = None,
    threads: int | None = None,
    access_log: _Log = None,
    on_error: Callable[[Request, BaseException], Response | None] | None = None,
    on_listen: Callable[[Server], object] | None = None,
    lifespan: Literal["auto", "on", "off"] = "auto",
    trust_proxy: str | Iterable[str] = (),
    limits: Limits | None = None,
    timeouts: Timeouts | None = None,
    interface: Literal["auto", "native", "asgi", "wsgi"] = "auto",
    root_path: str = "",
    backlog: int = 2048,
    reuse_port: bool = False,
) -> Server: ...
def listening(
    handler: _Application | None = None,
    /,
    *,
    grace: float = 10,
    routes: _Routes | None = None,
    host: str | None = "127.0.0.1",
    port: int = 8000,
    unix: str | os.PathLike[str] | None = None,
    fd: int | None = None,
    tls: tuple[str | os.PathLike[str], str | os.PathLike[str]] | ssl.SSLContext | None = None,
    threads: int | None = None,
    access_log: _Log = None,
    on_error: Callable[[Request, BaseException], Response | None] | None = None,
    on_listen: Callable[[Server], object] | None = None,
    lifespan: Literal["auto", "on", "off"] = "auto",
    trust_proxy: str | Iterable[str] = (),
    limits: Limits | None = None,
    timeouts: Timeouts | None = None,
    interface: Literal["auto", "native", "asgi", "wsgi"] = "auto",
    root_path: str = "",
    backlog: int = 2048,
    reuse_port: bool = False,
) -> AbstractAsyncContextManager[Server]: ...
def websocket(
    handler: Callable[[ServerConnection], Awaitable[None]] | None = None,
    *,
    subprotocols: list[str] | None = None,
    origins: list[Any] | None = None,
    max_size: int | None = 1048576,
    compression: bool = True,
) -> Any: ...
