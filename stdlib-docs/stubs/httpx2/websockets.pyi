"""WebSockets over the connections of httpx."""

import asyncio
import threading
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Literal, Self

import httpx

__all__ = [
    "ASGIWebSocketTransport",
    "AsyncWebSocketClient",
    "AsyncWebSocketSession",
    "HTTPXWSException",
    "JSONMode",
    "WebSocketClient",
    "WebSocketDisconnect",
    "WebSocketInvalidTypeReceived",
    "WebSocketNetworkError",
    "WebSocketSession",
    "WebSocketUpgradeError",
]

JSONMode = Literal["text", "binary"]

class HTTPXWSException(Exception):
    """Base class of what WebSockets raise."""

class WebSocketUpgradeError(HTTPXWSException):
    """The server did not agree to a WebSocket. `response` is its answer."""

    response: httpx.Response
    def __init__(self, response: httpx.Response) -> None: ...

class WebSocketDisconnect(HTTPXWSException):
    """The connection was closed, with this code and reason."""

    code: int
    reason: str
    def __init__(self, code: int = 1000, reason: str | None = None) -> None: ...

class WebSocketInvalidTypeReceived(HTTPXWSException):
    """A message is of another kind than was asked for. `event` is it."""

    event: Any
    def __init__(self, event: Any) -> None: ...

class WebSocketNetworkError(HTTPXWSException):
    """The connection broke."""

class WebSocketSession:
    """An open WebSocket, for a `with` block. Any thread may send, and one at a time receives."""

    subprotocol: str | None
    response: httpx.Response | None
    def __init__(
        self,
        stream: Any,
        *,
        max_message_size_bytes: int = 65536,
        queue_size: int = 512,
        keepalive_ping_interval_seconds: float | None = 20.0,
        keepalive_ping_timeout_seconds: float | None = 20.0,
        response: httpx.Response | None = None,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None: ...
    def ping(self, payload: bytes = b"") -> threading.Event:
        """Send a ping. Returns a `threading.Event` that is set once it is answered."""
    def send(self, event: Any) -> None:
        """Send an event of `wsproto.events`, or its like."""
    def send_text(self, data: str) -> None:
        """Send a message of text."""
    def send_bytes(self, data: bytes) -> None:
        """Send a message of bytes."""
    def send_json(self, data: Any, mode: JSONMode = "text") -> None:
        """Send a message of JSON: as text, or as bytes if `mode` is `"binary"`."""
    def receive(self, timeout: float | None = None) -> Any:
        """Receive an event: `TextMessage` or `BytesMessage`, with `data`."""
    def receive_text(self, timeout: float | None = None) -> str:
        """Receive a message of text."""
    def receive_bytes(self, timeout: float | None = None) -> bytes:
        """Receive a message of bytes."""
    def receive_json(self, timeout: float | None = None, mode: JSONMode = "text") -> Any:
        """Receive a message of JSON."""
    def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection. It may be called again."""

class AsyncWebSocketSession:
    """An open WebSocket, for an `async with` block."""

    subprotocol: str | None
    response: httpx.Response | None
    def __init__(
        self,
        stream: Any,
        *,
        max_message_size_bytes: int = 65536,
        queue_size: int = 512,
        keepalive_ping_interval_seconds: float | None = 20.0,
        keepalive_ping_timeout_seconds: float | None = 20.0,
        response: httpx.Response | None = None,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None: ...
    async def ping(self, payload: bytes = b"") -> asyncio.Event:
        """Send a ping. Returns an `asyncio.Event` that is set once it is answered."""
    async def send(self, event: Any) -> None:
        """Send an event of `wsproto.events`, or its like."""
    async def send_text(self, data: str) -> None:
        """Send a message of text."""
    async def send_bytes(self, data: bytes) -> None:
        """Send a message of bytes."""
    async def send_json(self, data: Any, mode: JSONMode = "text") -> None:
        """Send a message of JSON: as text, or as bytes if `mode` is `"binary"`."""
    async def receive(self, timeout: float | None = None) -> Any:
        """Receive an event: `TextMessage` or `BytesMessage`, with `data`."""
    async def receive_text(self, timeout: float | None = None) -> str:
        """Receive a message of text."""
    async def receive_bytes(self, timeout: float | None = None) -> bytes:
        """Receive a message of bytes."""
    async def receive_json(self, timeout: float | None = None, mode: JSONMode = "text") -> Any:
        """Receive a message of JSON."""
    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection. It may be called again."""

class WebSocketClient:
    """Opens WebSockets with a `Client`."""

    def __init__(self, client: httpx.Client, **kwargs: Any) -> None: ...
    def connect(self, url: str, **kwargs: Any) -> AbstractContextManager[WebSocketSession]:
        """Open a WebSocket, and give its session for the time of a `with` block."""

class AsyncWebSocketClient:
    """Opens WebSockets with an `AsyncClient`."""

    def __init__(self, client: httpx.AsyncClient, **kwargs: Any) -> None: ...
    def connect(self, url: str, **kwargs: Any) -> AbstractAsyncContextManager[AsyncWebSocketSession]:
        """Open a WebSocket, and give its session for the time of an `async with` block."""

class ASGIWebSocketTransport(httpx.ASGITransport):
    """Sends requests, those for WebSockets too, to an ASGI application."""

    def __init__(
        self,
        app: Any,
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 123),
        initial_receive_timeout: float = 1.0,
    ) -> None: ...
