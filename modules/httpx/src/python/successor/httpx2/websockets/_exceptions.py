"""What WebSockets raise."""

__all__ = [
    "HTTPXWSException",
    "WebSocketDisconnect",
    "WebSocketInvalidTypeReceived",
    "WebSocketNetworkError",
    "WebSocketUpgradeError",
]


class HTTPXWSException(Exception):
    """Base class of what WebSockets raise."""


class WebSocketUpgradeError(HTTPXWSException):
    """The server did not agree to a WebSocket. `response` is its answer."""

    def __init__(self, response):
        super().__init__(f"the server answered with status {response.status_code}")
        self.response = response


class WebSocketDisconnect(HTTPXWSException):
    """The connection was closed, with this code and reason."""

    def __init__(self, code=1000, reason=None):
        super().__init__(code, reason or "")
        self.code = code
        self.reason = reason or ""


class WebSocketInvalidTypeReceived(HTTPXWSException):
    """A message is of another kind than was asked for. `event` is it."""

    def __init__(self, event):
        super().__init__(f"received {type(event).__name__}")
        self.event = event


class WebSocketNetworkError(HTTPXWSException):
    """The connection broke."""
