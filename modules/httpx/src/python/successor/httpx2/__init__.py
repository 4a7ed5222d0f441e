"""PyPI's httpx2, which continues httpx, over the httpx that is built in.

Nearly all names are those of `httpx`: the same classes and functions. `Client` and `AsyncClient` are subclasses that
send another `User-Agent`. New are `query`, `sse` and `websocket`, `Origin`, `alias_httpx`, and the names of some
statuses.
"""

import httpx as _httpx
from httpx import (
    USE_CLIENT_DEFAULT,
    ASGITransport,
    AsyncBaseTransport,
    AsyncByteStream,
    AsyncHTTPTransport,
    Auth,
    BaseTransport,
    BasicAuth,
    ByteStream,
    CloseError,
    ConnectError,
    ConnectTimeout,
    CookieConflict,
    Cookies,
    DecodingError,
    DigestAuth,
    FunctionAuth,
    Headers,
    HTTPError,
    HTTPStatusError,
    HTTPTransport,
    InvalidURL,
    Limits,
    LocalProtocolError,
    MockTransport,
    NetRCAuth,
    NetworkError,
    PoolTimeout,
    ProtocolError,
    Proxy,
    ProxyError,
    QueryParams,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    RequestError,
    RequestNotRead,
    Response,
    ResponseNotRead,
    StreamClosed,
    StreamConsumed,
    StreamError,
    SyncByteStream,
    Timeout,
    TimeoutException,
    TooManyRedirects,
    TransportError,
    UnsupportedProtocol,
    URL,
    WriteError,
    WriteTimeout,
    WSGITransport,
    create_ssl_context,
)

from .__version__ import __description__, __title__, __version__
from ._alias import alias_httpx
from ._api import delete, get, head, options, patch, post, put, query, request, stream, websocket
from ._client import AsyncClient, Client
from ._sse import EventSource, ServerSentEvent, SSEError
from ._status_codes import codes
from ._urls import Origin

__all__ = [
    "__description__",
    "__title__",
    "__version__",
    "alias_httpx",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "query",
    "request",
    "stream",
    "websocket",
    "Auth",
    "BasicAuth",
    "DigestAuth",
    "FunctionAuth",
    "NetRCAuth",
    "AsyncClient",
    "Client",
    "USE_CLIENT_DEFAULT",
    "create_ssl_context",
    "Limits",
    "Proxy",
    "Timeout",
    "ByteStream",
    "CloseError",
    "ConnectError",
    "ConnectTimeout",
    "CookieConflict",
    "DecodingError",
    "HTTPError",
    "HTTPStatusError",
    "InvalidURL",
    "LocalProtocolError",
    "NetworkError",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestError",
    "RequestNotRead",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TimeoutException",
    "TooManyRedirects",
    "TransportError",
    "UnsupportedProtocol",
    "WriteError",
    "WriteTimeout",
    "Cookies",
    "Headers",
    "Request",
    "Response",
    "EventSource",
    "ServerSentEvent",
    "SSEError",
    "codes",
    "ASGITransport",
    "AsyncBaseTransport",
    "AsyncHTTPTransport",
    "BaseTransport",
    "HTTPTransport",
    "MockTransport",
    "WSGITransport",
    "AsyncByteStream",
    "SyncByteStream",
    "Origin",
    "QueryParams",
    "URL",
]


def _add_operators():
    """Lets headers be merged: `headers | more`, `mapping | headers`, `headers |= more`."""
    from collections.abc import Mapping

    def merge(one, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        merged = one.copy()
        merged.update(other)
        return merged

    def merge_into(one, other):
        return merge(Headers(other), one) if isinstance(other, Mapping) else NotImplemented

    def update(one, other):
        one.update(other)
        return one

    Headers.__or__, Headers.__ror__, Headers.__ior__ = merge, merge_into, update


_add_operators()


def __getattr__(name):
    """What only some programs ask for, and what libraries know httpx to have besides its public names."""
    if name == "main":
        import warnings

        warnings.warn(
            "`httpx2.main` is deprecated and will be removed in a future release. "
            "Use the `httpx2` CLI entry point instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return _httpx.main
    if name == "websockets":
        import importlib

        return importlib.import_module("httpx2.websockets")
    if name.startswith("_") and not name.startswith("__"):
        try:
            return getattr(_httpx, name)
        except AttributeError:
            pass
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
