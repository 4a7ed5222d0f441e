"""Everything the package raises.

::

    WebSocketException
        ConnectionClosed: ConnectionClosedOK, ConnectionClosedError
        InvalidURI, InvalidProxy
        InvalidHandshake
            SecurityError: RequestLineTooLong, StatusLineTooLong, HeaderLineTooLong, TooManyHeaders
            ProxyError: InvalidProxyMessage, InvalidProxyStatus
            InvalidMessage, InvalidMethod, InvalidProtocol, InvalidStatus
            InvalidHeader: InvalidHeaderFormat, InvalidHeaderValue, InvalidOrigin, InvalidUpgrade
            NegotiationError: DuplicateParameter, InvalidParameterName, InvalidParameterValue
        ProtocolError, PayloadTooBig, TooManyFragments, InvalidState, ConcurrencyError
"""

from .imports import lazy_import

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
    """The connection is closed, or was while it was being used.

    ``rcvd`` and ``sent`` are the close frames (:class:`~websockets.frames.Close`) that came from the peer and
    went to it, or None; ``rcvd_then_sent`` says which was first where there were both, else it is None.
    """

    def __init__(self, rcvd, sent, rcvd_then_sent=None):
        both = rcvd is not None and sent is not None
        assert both == (rcvd_then_sent is not None), "rcvd_then_sent is for two close frames"
        self.rcvd = rcvd
        self.sent = sent
        self.rcvd_then_sent = rcvd_then_sent

    def __str__(self):
        if self.rcvd is None and self.sent is None:
            return "no close frame received or sent"
        if self.rcvd is None:
            return f"sent {self.sent}; no close frame received"
        if self.sent is None:
            return f"received {self.rcvd}; no close frame sent"
        if self.rcvd_then_sent:
            return f"received {self.rcvd}; then sent {self.sent}"
        return f"sent {self.sent}; then received {self.rcvd}"

    @property
    def code(self):
        """The code of the close frame that was received, 1006 without one (deprecated)."""
        _deprecated("ConnectionClosed.code", "use Protocol.close_code or ConnectionClosed.rcvd.code")
        if self.rcvd is not None:
            return self.rcvd.code
        from .frames import CloseCode

        return CloseCode.ABNORMAL_CLOSURE

    @property
    def reason(self):
        """The reason in the close frame that was received, empty without one (deprecated)."""
        _deprecated("ConnectionClosed.reason", "use Protocol.close_reason or ConnectionClosed.rcvd.reason")
        return "" if self.rcvd is None else self.rcvd.reason


class ConnectionClosedOK(ConnectionClosed):
    """The connection was closed as it should be: both sides said so, with code 1000, 1001 or none."""


class ConnectionClosedError(ConnectionClosed):
    """The connection was closed with a code that means an error, or was lost before both sides had closed it."""


class InvalidURI(WebSocketException):
    """The URI is not a WebSocket URI. ``uri`` is the URI, ``msg`` says why."""

    def __init__(self, uri, msg):
        self.uri = uri
        self.msg = msg

    def __str__(self):
        return f"{_masked(self.uri)} isn't a valid URI: {self.msg}"

    def __repr__(self):
        return f"{type(self).__name__}({_masked(self.uri)!r}, {self.msg!r})"


class InvalidProxy(WebSocketException):
    """The proxy's address is invalid. ``proxy`` is the address, ``msg`` says why."""

    def __init__(self, proxy, msg):
        self.proxy = proxy
        self.msg = msg

    def __str__(self):
        return f"{_masked(self.proxy)} isn't a valid proxy: {self.msg}"

    def __repr__(self):
        return f"{type(self).__name__}({_masked(self.proxy)!r}, {self.msg!r})"


class InvalidHandshake(WebSocketException):
    """Base class of the reasons for which a connection is not established."""


class SecurityError(InvalidHandshake):
    """The handshake breaks a rule that protects from attacks, such as a limit (see ``WEBSOCKETS_MAX_*``)."""


class RequestLineTooLong(SecurityError):
    """The first line of a request is longer than ``WEBSOCKETS_MAX_LINE_LENGTH`` bytes."""


class StatusLineTooLong(SecurityError):
    """The first line of a response is longer than ``WEBSOCKETS_MAX_LINE_LENGTH`` bytes."""


class HeaderLineTooLong(SecurityError):
    """A header field is longer than ``WEBSOCKETS_MAX_LINE_LENGTH`` bytes."""


class TooManyHeaders(SecurityError):
    """There are more header fields than ``WEBSOCKETS_MAX_NUM_HEADERS``."""


class ProxyError(InvalidHandshake):
    """Base class of the reasons for which a proxy gives no connection."""


class InvalidProxyMessage(ProxyError):
    """A proxy's answer is not HTTP."""


class InvalidProxyStatus(ProxyError):
    """A proxy refuses. ``response`` is its answer."""

    def __init__(self, response):
        self.response = response

    def __str__(self):
        return f"proxy rejected connection: HTTP {self.response.status_code:d}"


class InvalidMessage(InvalidHandshake):
    """The peer's message is not HTTP, or ends too early."""


class InvalidMethod(InvalidHandshake):
    """A request has another method than GET, which is in ``method``."""

    def __init__(self, method):
        self.method = method

    def __str__(self):
        return f"unsupported HTTP method: {self.method}"


class InvalidProtocol(InvalidHandshake):
    """A request has another version of HTTP than 1.1, which is in ``protocol``."""

    def __init__(self, protocol):
        self.protocol = protocol

    def __str__(self):
        return f"unsupported HTTP version: {self.protocol}"


class InvalidStatus(InvalidHandshake):
    """The server answers with another status than 101. ``response`` is its answer."""

    def __init__(self, response):
        self.response = response

    def __str__(self):
        return f"server rejected WebSocket connection: HTTP {self.response.status_code:d}"


class InvalidHeader(InvalidHandshake):
    """A header field is missing or wrong. ``name`` is its name, ``value`` its value or None."""

    def __init__(self, name, value=None):
        self.name = name
        self.value = value

    def __str__(self):
        return _blame(self.value, f"{self.name} header")


class InvalidHeaderFormat(InvalidHeader):
    """A header field is not written as its grammar says."""

    def __init__(self, name, error, header, pos):
        super().__init__(name, f"{error} at {pos} in {header}")


class InvalidHeaderValue(InvalidHeader):
    """A header field is well written, but its value is not acceptable."""


class InvalidOrigin(InvalidHeader):
    """The page that opens the connection comes from an origin that the server does not accept."""

    def __init__(self, origin):
        super().__init__("Origin", origin)


class InvalidUpgrade(InvalidHeader):
    """The ``Connection`` or ``Upgrade`` field does not ask for a WebSocket, or does not grant one."""


class NegotiationError(InvalidHandshake):
    """Client and server do not agree on extensions or on a subprotocol."""


class DuplicateParameter(NegotiationError):
    """An extension has a parameter twice. ``name`` is the parameter's."""

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return f"duplicate parameter: {self.name}"


class InvalidParameterName(NegotiationError):
    """An extension does not have such a parameter. ``name`` is the parameter's."""

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return f"invalid parameter name: {self.name}"


class InvalidParameterValue(NegotiationError):
    """A parameter ``name`` of an extension has a ``value`` it cannot have, or misses one (None)."""

    def __init__(self, name, value):
        self.name = name
        self.value = value

    def __str__(self):
        return _blame(self.value, f"value for parameter {self.name}")


class ProtocolError(WebSocketException):
    """A frame, or the order of frames, breaks RFC 6455."""


class PayloadTooBig(WebSocketException):
    """A frame, or the message it belongs to, is larger than the limit.

    ``size`` is the frame's, in bytes, or None while it is not known; ``current_size`` that of the message's
    frames before it, or None; ``max_size`` the limit for both together. ``PayloadTooBig(message)`` with a
    str is deprecated.
    """

    def __init__(self, size_or_message, max_size=None, current_size=None):
        if isinstance(size_or_message, str):
            assert max_size is None and current_size is None, "a message has no sizes"
            _deprecated("PayloadTooBig(message)", "change to PayloadTooBig(size, max_size)")
            self.message = size_or_message
            return
        assert max_size is not None, "max_size is missing"
        self.message = None
        self.size = size_or_message
        self.max_size = max_size
        self.current_size = None
        self.set_current_size(current_size)

    def __str__(self):
        if self.message is not None:
            return self.message
        size = "" if self.size is None else f"with {self.size} bytes "
        before = "" if self.current_size is None else f"after reading {self.current_size} bytes "
        return f"frame {size}{before}exceeds limit of {self.max_size} bytes"

    def set_current_size(self, current_size):
        """Tell the size in bytes of the message so far, where it was unknown; None changes nothing."""
        assert self.current_size is None, "the size is known"
        if current_size is not None:
            self.current_size = current_size
            # The limit given at first is what the frames before have left of it.
            self.max_size += current_size


class TooManyFragments(WebSocketException):
    """A message has more frames than allowed."""

    def __init__(self, max_fragments):
        super().__init__(f"fragmented message exceeds limit of {max_fragments} frames")


class InvalidState(WebSocketException, AssertionError):
    """The connection is not in a state in which this frame may be sent."""


class ConcurrencyError(WebSocketException, RuntimeError):
    """Two tasks or threads receive, or send the parts of a message, at the same time."""


def _masked(address):
    """An address as it may be shown: without the user name and the password in it."""
    scheme, slashes, rest = str(address).partition("//")
    if not slashes:
        scheme, rest = "", scheme
    end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
    user_info, at, host = rest[:end].rpartition("@")
    return f"{scheme}{slashes}***@{host}{rest[end:]}" if at else str(address)


def _blame(value, what):
    """Say what is wrong with a thing whose value is this one, or is missing (None) or empty."""
    if value is None:
        return f"missing {what}"
    if value == "":
        return f"empty {what}"
    return f"invalid {what}: {value}"


def _deprecated(what, instead):
    import warnings

    warnings.warn(f"{what} is deprecated; {instead}", DeprecationWarning, stacklevel=3)


lazy_import(
    globals(),
    deprecated_aliases={
        "AbortHandshake": ".legacy.exceptions",
        "InvalidStatusCode": ".legacy.exceptions",
        "RedirectHandshake": ".legacy.exceptions",
        "WebSocketProtocolError": ".legacy.exceptions",
    },
)
