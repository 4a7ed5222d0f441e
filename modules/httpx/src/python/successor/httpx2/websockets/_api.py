"""What opens WebSockets."""

import contextlib
from typing import Literal

import httpx
from websockets.utils import accept_key, generate_key

from ._async_session import AsyncWebSocketSession
from ._exceptions import WebSocketUpgradeError
from ._session import (
    DEFAULT_KEEPALIVE_PING_INTERVAL_SECONDS,
    DEFAULT_KEEPALIVE_PING_TIMEOUT_SECONDS,
    DEFAULT_MAX_MESSAGE_SIZE_BYTES,
    DEFAULT_QUEUE_SIZE,
    WebSocketSession,
)

#: How JSON is sent.
JSONMode = Literal["text", "binary"]

_SCHEMES = {"ws": "http", "wss": "https"}


def _request(url, subprotocols, headers):
    """The URL to request, the headers, and the key among them."""
    url = httpx.URL(url)
    if url.scheme in _SCHEMES:
        url = url.copy_with(scheme=_SCHEMES[url.scheme])
    merged = httpx.Headers(headers)
    key = generate_key()
    merged["Connection"] = "Upgrade"
    merged["Upgrade"] = "websocket"
    merged["Sec-WebSocket-Key"] = key
    merged["Sec-WebSocket-Version"] = "13"
    if subprotocols is not None:
        merged["Sec-WebSocket-Protocol"] = ", ".join(subprotocols)
    return url, merged, key


def _check(response, key):
    accepted = response.headers.get("sec-websocket-accept")
    # What stands for a server in a test may leave it out.
    if response.status_code != 101 or accepted not in (None, accept_key(key)):
        raise WebSocketUpgradeError(response)


class _Client:
    def __init__(
        self,
        client,
        *,
        max_message_size_bytes=DEFAULT_MAX_MESSAGE_SIZE_BYTES,
        queue_size=DEFAULT_QUEUE_SIZE,
        keepalive_ping_interval_seconds=DEFAULT_KEEPALIVE_PING_INTERVAL_SECONDS,
        keepalive_ping_timeout_seconds=DEFAULT_KEEPALIVE_PING_TIMEOUT_SECONDS,
        session_class=None,
    ):
        self.client = client
        self.max_message_size_bytes = max_message_size_bytes
        self.queue_size = queue_size
        self.keepalive_ping_interval_seconds = keepalive_ping_interval_seconds
        self.keepalive_ping_timeout_seconds = keepalive_ping_timeout_seconds
        self.session_class = session_class or self._default_session_class

    def _session(self, response):
        return self.session_class(
            response.extensions["network_stream"],
            max_message_size_bytes=self.max_message_size_bytes,
            queue_size=self.queue_size,
            keepalive_ping_interval_seconds=self.keepalive_ping_interval_seconds,
            keepalive_ping_timeout_seconds=self.keepalive_ping_timeout_seconds,
            response=response,
        )


class WebSocketClient(_Client):
    """Opens WebSockets with a `Client`. The other arguments are those of `Client.websocket`; `session_class` may be
    a subclass of `WebSocketSession`."""

    _default_session_class = WebSocketSession

    @contextlib.contextmanager
    def connect(self, url, *, subprotocols=None, headers=None, **kwargs):
        """Open a WebSocket, and give its session for the time of a `with` block; see `Client.websocket`."""
        url, headers, key = _request(url, subprotocols, headers)
        with self.client.stream("GET", url, headers=headers, **kwargs) as response:
            _check(response, key)
            with self._session(response) as session:
                yield session


class AsyncWebSocketClient(_Client):
    """The same as `WebSocketClient` with an `AsyncClient` and `AsyncWebSocketSession`."""

    _default_session_class = AsyncWebSocketSession

    @contextlib.asynccontextmanager
    async def connect(self, url, *, subprotocols=None, headers=None, **kwargs):
        """Open a WebSocket, and give its session for the time of an `async with` block."""
        url, headers, key = _request(url, subprotocols, headers)
        async with self.client.stream("GET", url, headers=headers, **kwargs) as response:
            _check(response, key)
            async with self._session(response) as session:
                yield session


#: The arguments that are the session's.
_OF_SESSIONS = (
    "max_message_size_bytes",
    "queue_size",
    "keepalive_ping_interval_seconds",
    "keepalive_ping_timeout_seconds",
)


def _split(kwargs):
    return {name: kwargs.pop(name) for name in _OF_SESSIONS if name in kwargs}


@contextlib.contextmanager
def connect_ws(url, client=None, **kwargs):
    """Open a WebSocket with a client, or with one of its own; see `Client.websocket`."""
    from .._client import Client

    options = _split(kwargs)
    with contextlib.nullcontext(client) if client is not None else Client() as client:
        with WebSocketClient(client, **options).connect(url, **kwargs) as session:
            yield session


@contextlib.asynccontextmanager
async def aconnect_ws(url, client=None, **kwargs):
    """The same as `connect_ws` with an `AsyncClient`, for `async with`."""
    from .._client import AsyncClient

    options = _split(kwargs)
    async with contextlib.nullcontext(client) if client is not None else AsyncClient() as client:
        async with AsyncWebSocketClient(client, **options).connect(url, **kwargs) as session:
            yield session
