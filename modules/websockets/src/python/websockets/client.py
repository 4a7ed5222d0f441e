"""The client's end of a connection without its socket, and helpers for clients that reconnect.

The delays between attempts come from the environment when this module is imported, in seconds:
``WEBSOCKETS_BACKOFF_INITIAL_DELAY`` (5), ``WEBSOCKETS_BACKOFF_MIN_DELAY`` (3.1), ``WEBSOCKETS_BACKOFF_MAX_DELAY`` (90);
``WEBSOCKETS_BACKOFF_FACTOR`` (1.618) is how fast they grow.
"""

import os
import random
import warnings

from _websockets_handshake import check_response, give_up, push_event, push_output, read_response

from .datastructures import Headers
from .exceptions import (
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidStatus,
    NegotiationError,
    StatusLineTooLong,
)
from .headers import (
    build_authorization_basic,
    build_extension,
    build_host,
    build_subprotocol,
    parse_extension,
    parse_subprotocol,
)
from .http11 import Request
from .imports import lazy_import
from .protocol import CLIENT, CONNECTING, OPEN, Protocol
from .utils import generate_key

__all__ = ["ClientProtocol"]


class ClientProtocol(Protocol):
    """The client's end of a connection without its socket.

    ``uri`` is what :func:`~websockets.uri.parse_uri` returns; ``origin`` the value of the ``Origin`` header, if any;
    ``extensions`` and ``subprotocols`` what to offer, preferred ones first; ``state``, ``max_size`` and ``logger``
    are as for :class:`~websockets.protocol.Protocol`.

    ``send_request(connect())`` begins the handshake. The response, once it has arrived by ``receive_data``, is among
    ``events_received()``; ``handshake_exc`` says what is wrong with it, if anything.
    """

    def __init__(
        self,
        uri,
        *,
        origin=None,
        extensions=None,
        subprotocols=None,
        state=CONNECTING,
        max_size=2**20,
        logger=None,
    ):
        super().__init__(CLIENT, state=state, max_size=max_size, logger=logger)
        self.uri = uri
        self.origin = origin
        self.available_extensions = extensions
        self.available_subprotocols = subprotocols
        self.key = generate_key()
        if state is CONNECTING:
            read_response(self)

    def connect(self):
        """Make the :class:`~websockets.http11.Request` that opens the connection.

        Change it as you like, then give it to :meth:`send_request`.
        """
        uri = self.uri
        headers = Headers()
        headers["Host"] = build_host(uri.host, uri.port, uri.secure)
        if uri.user_info is not None:
            headers["Authorization"] = build_authorization_basic(*uri.user_info)
        if self.origin is not None:
            headers["Origin"] = self.origin
        headers["Upgrade"] = "websocket"
        headers["Connection"] = "Upgrade"
        headers["Sec-WebSocket-Key"] = self.key
        headers["Sec-WebSocket-Version"] = "13"
        if self.available_extensions is not None:
            offers = [(factory.name, factory.get_request_params()) for factory in self.available_extensions]
            headers["Sec-WebSocket-Extensions"] = build_extension(offers)
        if self.available_subprotocols is not None:
            headers["Sec-WebSocket-Protocol"] = build_subprotocol(self.available_subprotocols)
        return Request(uri.resource_name, headers)

    def send_request(self, request):
        """Send a request, such as :meth:`connect` makes."""
        if self.debug:
            self.logger.debug("> GET %s HTTP/1.1", request.path)
            for name, value in request.headers.raw_items():
                self.logger.debug("> %s: %s", name, value)
        push_output(self, request.serialize())

    def process_response(self, response):
        """Check a response, and agree on what it says about extensions and the subprotocol.

        Raises :exc:`~websockets.exceptions.InvalidHandshake` unless it opens the connection.
        """
        if response.status_code != 101:
            raise InvalidStatus(response)
        check_response(response.headers, self.key)
        self.extensions = self.process_extensions(response.headers)
        self.subprotocol = self.process_subprotocol(response.headers)

    def process_extensions(self, headers):
        """The list of extensions that the headers of a response accept.

        Each is made by the first of the available ones that has its name and takes its parameters.

        Raises :exc:`~websockets.exceptions.NegotiationError` if there is none, and
        :exc:`~websockets.exceptions.InvalidHeaderFormat`.
        """
        accepted = []
        values = headers.get_all("Sec-WebSocket-Extensions")
        if values and self.available_extensions is None:
            raise NegotiationError("no extensions supported")
        for value in values:
            for name, params in parse_extension(value):
                accepted.append(self._make_extension(name, params, accepted))
        return accepted

    def _make_extension(self, name, params, accepted):
        for factory in self.available_extensions:
            if factory.name == name:
                try:
                    return factory.process_response_params(params, accepted)
                except NegotiationError:
                    continue
        raise NegotiationError(f"Unsupported extension: name = {name}, params = {params}")

    def process_subprotocol(self, headers):
        """The subprotocol that the headers of a response choose, or None.

        Raises :exc:`~websockets.exceptions.NegotiationError` for one that was not offered,
        :exc:`~websockets.exceptions.InvalidHeader` for several.
        """
        values = headers.get_all("Sec-WebSocket-Protocol")
        if not values:
            return None
        if self.available_subprotocols is None:
            raise NegotiationError("no subprotocols supported")
        chosen = [subprotocol for value in values for subprotocol in parse_subprotocol(value)]
        if len(chosen) > 1:
            raise InvalidHeader("Sec-WebSocket-Protocol", f"multiple values: {', '.join(chosen)}")
        [subprotocol] = chosen
        if subprotocol not in self.available_subprotocols:
            raise NegotiationError(f"unsupported subprotocol: {subprotocol}")
        return subprotocol

    def _response_received(self, response):
        """A response has arrived: the connection is open, or it is over."""
        if self.debug:
            self.logger.debug("< HTTP/1.1 %d %s", response.status_code, response.reason_phrase)
            for name, value in response.headers.raw_items():
                self.logger.debug("< %s: %s", name, value)
            if response.body:
                self.logger.debug("< [body] (%d bytes)", len(response.body))
        try:
            self.process_response(response)
        except InvalidHandshake as exc:
            response._exception = self.handshake_exc = exc
            push_event(self, response)
            give_up(self)
        else:
            assert self.state is CONNECTING, "a response opens a connection once"
            self.state = OPEN
            push_event(self, response)

    def _response_failed(self, exc):
        """The data is not a response."""
        if isinstance(exc, StatusLineTooLong):
            self.handshake_exc = exc
        else:
            self.handshake_exc = InvalidMessage("did not receive a valid HTTP response")
            self.handshake_exc.__cause__ = exc
        give_up(self)


class ClientConnection(ClientProtocol):
    """The former name of :class:`ClientProtocol`."""

    def __init__(self, *args, **kwargs):
        warnings.warn("ClientConnection was renamed to ClientProtocol", DeprecationWarning, stacklevel=2)
        super().__init__(*args, **kwargs)


#: The statuses of servers and proxies that may work again soon.
_TRANSIENT = (500, 502, 503, 504)


def process_exception(exc):
    """Tell whether connecting can be tried again after ``exc``: None if so, else what to raise.

    That is worth trying after errors of the network, timeouts, a server that hangs up before it has answered, and the
    statuses 500, 502, 503 and 504.
    """
    if isinstance(exc, OSError):  # TimeoutError is one.
        return None
    if isinstance(exc, InvalidMessage) and isinstance(exc.__cause__, EOFError):
        return None
    if isinstance(exc, InvalidStatus) and exc.response.status_code in _TRANSIENT:
        return None
    return exc


BACKOFF_INITIAL_DELAY = float(os.environ.get("WEBSOCKETS_BACKOFF_INITIAL_DELAY", "5"))
BACKOFF_MIN_DELAY = float(os.environ.get("WEBSOCKETS_BACKOFF_MIN_DELAY", "3.1"))
BACKOFF_MAX_DELAY = float(os.environ.get("WEBSOCKETS_BACKOFF_MAX_DELAY", "90.0"))
BACKOFF_FACTOR = float(os.environ.get("WEBSOCKETS_BACKOFF_FACTOR", "1.618"))


def backoff(
    initial_delay=BACKOFF_INITIAL_DELAY,
    min_delay=BACKOFF_MIN_DELAY,
    max_delay=BACKOFF_MAX_DELAY,
    factor=BACKOFF_FACTOR,
):
    """Generate the seconds to wait before each attempt to connect again, without end.

    The first is random, at most ``initial_delay``, so that clients that lost the same server do not all come back at
    once (RFC 6455 section 7.2.3); then they grow from ``min_delay`` by ``factor`` up to ``max_delay``.
    """
    yield initial_delay * random.random()
    delay = min_delay
    while True:
        if delay >= max_delay:
            yield max_delay
        else:
            yield delay
            delay *= factor


lazy_import(
    globals(),
    deprecated_aliases={
        "WebSocketClientProtocol": ".legacy.client",
        "connect": ".legacy.client",
        "unix_connect": ".legacy.client",
    },
)
