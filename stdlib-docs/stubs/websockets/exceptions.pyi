"""Everything that websockets raises."""

from .frames import Close
from .http11 import Response

__all__ = [
    "WebSocketException",
    "ConnectionClosed",
    "ConnectionClosedOK",
    "ConnectionClosedError",
    "InvalidURI",
    "InvalidProxy",
    "InvalidHandshake",
    "SecurityError",
    "RequestLineTooLong",
    "StatusLineTooLong",
    "HeaderLineTooLong",
    "TooManyHeaders",
    "ProxyError",
    "InvalidProxyMessage",
    "InvalidProxyStatus",
    "InvalidMessage",
    "InvalidMethod",
    "InvalidProtocol",
    "InvalidStatus",
    "InvalidHeader",
    "InvalidHeaderFormat",
    "InvalidHeaderValue",
    "InvalidOrigin",
    "InvalidUpgrade",
    "NegotiationError",
    "DuplicateParameter",
    "InvalidParameterName",
    "InvalidParameterValue",
    "ProtocolError",
    "PayloadTooBig",
    "TooManyFragments",
    "InvalidState",
    "ConcurrencyError",
]

class WebSocketException(Exception):
    """Base class of the exceptions of this package."""

class ConnectionClosed(WebSocketException):
    """The connection is closed, or was while it was being used."""

    rcvd: Close | None
    sent: Close | None
    rcvd_then_sent: bool | None
    def __init__(self, rcvd: Close | None, sent: Close | None, rcvd_then_sent: bool | None = None) -> None: ...
    @property
    def code(self) -> int:
        """The code of the close frame that was received, 1006 without one (deprecated)."""
    @property
    def reason(self) -> str:
        """The reason in the close frame that was received, empty without one (deprecated)."""

class ConnectionClosedOK(ConnectionClosed):
    """The connection was closed as it should be: both sides said so, with code 1000, 1001 or none."""

class ConnectionClosedError(ConnectionClosed):
    """The connection was closed with a code that means an error, or was lost before both sides had closed it."""

class InvalidURI(WebSocketException):
    """What should be connected to is not the URI of a WebSocket. `uri` is it, `msg` says why."""

    uri: str
    msg: str
    def __init__(self, uri: str, msg: str) -> None: ...

class InvalidProxy(WebSocketException):
    """What should be connected through is not a proxy. `proxy` is it, `msg` says why."""

    proxy: str
    msg: str
    def __init__(self, proxy: str, msg: str) -> None: ...

class InvalidHandshake(WebSocketException):
    """Base class of the reasons for which a connection is not established."""

class SecurityError(InvalidHandshake):
    """The handshake breaks a rule that protects from attacks, such as a limit (see `WEBSOCKETS_MAX_*`)."""

class RequestLineTooLong(SecurityError):
    """The first line of a request is longer than `WEBSOCKETS_MAX_LINE_LENGTH` bytes."""

class StatusLineTooLong(SecurityError):
    """The first line of a response is longer than `WEBSOCKETS_MAX_LINE_LENGTH` bytes."""

class HeaderLineTooLong(SecurityError):
    """A header field is longer than `WEBSOCKETS_MAX_LINE_LENGTH` bytes."""

class TooManyHeaders(SecurityError):
    """There are more header fields than `WEBSOCKETS_MAX_NUM_HEADERS`."""

class ProxyError(InvalidHandshake):
    """Base class of the reasons for which a proxy gives no connection."""

class InvalidProxyMessage(ProxyError):
    """A proxy's answer is not HTTP."""

class InvalidProxyStatus(ProxyError):
    """A proxy refuses. `response` is its answer."""

    response: Response
    def __init__(self, response: Response) -> None: ...

class InvalidMessage(InvalidHandshake):
    """The peer's message is not HTTP, or ends too early."""

class InvalidMethod(InvalidHandshake):
    """A request has another method than GET, which is in `method`."""

    method: str
    def __init__(self, method: str) -> None: ...

class InvalidProtocol(InvalidHandshake):
    """A request has another version of HTTP than 1.1, which is in `protocol`."""

    protocol: str
    def __init__(self, protocol: str) -> None: ...

class InvalidStatus(InvalidHandshake):
    """The server answers with another status than 101. `response` is its answer."""

    response: Response
    def __init__(self, response: Response) -> None: ...

class InvalidHeader(InvalidHandshake):
    """A header field is missing or wrong. `name` is its name, `value` its value or None."""

    name: str
    value: str | None
    def __init__(self, name: str, value: str | None = None) -> None: ...

class InvalidHeaderFormat(InvalidHeader):
    """A header field is not written as its grammar says."""

    def __init__(self, name: str, error: str, header: str, pos: int) -> None: ...

class InvalidHeaderValue(InvalidHeader):
    """A header field is well written, but its value is not acceptable."""

class InvalidOrigin(InvalidHeader):
    """The page that opens the connection comes from an origin that the server does not accept."""

    def __init__(self, origin: str | None) -> None: ...

class InvalidUpgrade(InvalidHeader):
    """The `Connection` or `Upgrade` field does not ask for a WebSocket, or does not grant one."""

class NegotiationError(InvalidHandshake):
    """Client and server do not agree on extensions or on a subprotocol."""

class DuplicateParameter(NegotiationError):
    """An extension has a parameter twice. `name` is the parameter's."""

    name: str
    def __init__(self, name: str) -> None: ...

class InvalidParameterName(NegotiationError):
    """An extension does not have such a parameter. `name` is the parameter's."""

    name: str
    def __init__(self, name: str) -> None: ...

class InvalidParameterValue(NegotiationError):
    """A parameter `name` of an extension has a `value` it cannot have, or misses one (None)."""

    name: str
    value: str | None
    def __init__(self, name: str, value: str | None) -> None: ...

class ProtocolError(WebSocketException):
    """A frame, or the order of frames, breaks RFC 6455."""

class PayloadTooBig(WebSocketException):
    """A frame, or the message it belongs to, is larger than the limit."""

    message: str | None
    size: int | None
    max_size: int | None
    current_size: int | None
    def __init__(
        self, size_or_message: int | str | None, max_size: int | None = None, current_size: int | None = None
    ) -> None: ...
    def set_current_size(self, current_size: int | None) -> None:
        """Tell the size in bytes of the message so far, where it was unknown; None changes nothing."""

class TooManyFragments(WebSocketException):
    """A message has more frames than allowed."""

    def __init__(self, max_fragments: int) -> None: ...

class InvalidState(WebSocketException, AssertionError):
    """The connection is not in a state in which this frame may be sent."""

class ConcurrencyError(WebSocketException, RuntimeError):
    """Two tasks or threads receive, or send the parts of a message, at the same time."""
