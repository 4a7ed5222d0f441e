"""WebSockets over the connections of httpx: `Client.websocket` and `AsyncClient.websocket` give a session."""

from ._api import AsyncWebSocketClient, JSONMode, WebSocketClient
from ._async_session import AsyncWebSocketSession
from ._exceptions import (
    HTTPXWSException,
    WebSocketDisconnect,
    WebSocketInvalidTypeReceived,
    WebSocketNetworkError,
    WebSocketUpgradeError,
)
from ._session import WebSocketSession
from ._transport import ASGIWebSocketTransport

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
