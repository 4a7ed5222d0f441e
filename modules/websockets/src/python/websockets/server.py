"""The server's end of a connection without its socket."""

import re
import types
import warnings
from http import HTTPStatus

from _websockets_handshake import check_request, give_up, push_event, push_output, read_request

from .datastructures import Headers, MultipleValuesError
from .exceptions import (
    HeaderLineTooLong,
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidMethod,
    InvalidOrigin,
    InvalidProtocol,
    InvalidUpgrade,
    NegotiationError,
    RequestLineTooLong,
    TooManyHeaders,
)
from .headers import build_extension, parse_extension, parse_subprotocol
from .http11 import Response
from .imports import lazy_import
from .protocol import CONNECTING, OPEN, SERVER, Protocol

__all__ = ["ServerProtocol"]

#: For a class of exceptions: the message, the status, and a header of the response.
_REFUSALS = (
    (InvalidOrigin, "invalid origin", HTTPStatus.FORBIDDEN, None),
    (InvalidMethod, "invalid method", HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET")),
    (InvalidProtocol, "invalid protocol", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, None),
    (InvalidUpgrade, "invalid upgrade", HTTPStatus.UPGRADE_REQUIRED, ("Upgrade", "websocket")),
    (InvalidHandshake, "invalid handshake", HTTPStatus.BAD_REQUEST, None),
)


class ServerProtocol(Protocol):
    """The server's end of a connection without its socket.

    ``origins`` lists what the ``Origin`` header may be: str, compiled regular expressions that match all of it, and
    None if it may be missing; ``extensions`` and ``subprotocols`` are what is available, preferred ones first;
    ``select_subprotocol(protocol, subprotocols)`` chooses in place of the method of that name; ``state``, ``max_size``
    and ``logger`` are as for :class:`~websockets.protocol.Protocol`.

    The request, once it has arrived by ``receive_data``, is among ``events_received()``. Answer it by
    ``send_response(accept(request))``, or with :meth:`reject`. ``handshake_exc`` says what is wrong with the
    request, if anything.
    """

    def __init__(
        self,
        *,
        origins=None,
        extensions=None,
        subprotocols=None,
        select_subprotocol=None,
        state=CONNECTING,
        max_size=2**20,
        logger=None,
    ):
        super().__init__(SERVER, state=state, max_size=max_size, logger=logger)
        self.origins = origins
        self.available_extensions = extensions
        self.available_subprotocols = subprotocols
        if select_subprotocol is not None:
            self.select_subprotocol = types.MethodType(select_subprotocol, self)
        # A response to a request that was never passed to `accept` is not a rejection.
        self.accept_called = False
        if state is CONNECTING:
            read_request(self)

    def accept(self, request):
        """Make the response to a request: one that opens the connection if it asks for that as it has to, else one
        that says what is wrong.

        Change it as you like, then give it to :meth:`send_response`.
        """
        self.accept_called = True
        try:
            accept, extensions, subprotocol = self.process_request(request)
        except Exception as exc:
            request._exception = self.handshake_exc = exc
            return self._refuse(exc)
        headers = Headers()
        headers["Date"] = _now()
        headers["Upgrade"] = "websocket"
        headers["Connection"] = "Upgrade"
        headers["Sec-WebSocket-Accept"] = accept
        if extensions is not None:
            headers["Sec-WebSocket-Extensions"] = extensions
        if subprotocol is not None:
            headers["Sec-WebSocket-Protocol"] = subprotocol
        return Response(101, "Switching Protocols", headers)

    def _refuse(self, exc):
        """The response to a request with which something is wrong."""
        for kind, log, status, header in _REFUSALS:
            if isinstance(exc, kind):
                break
        else:
            self.logger.error("opening handshake failed", exc_info=exc)
            return self.reject(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Failed to open a WebSocket connection.\nSee server log for more information.\n",
            )
        if self.debug:
            self.logger.debug("! %s", log, exc_info=exc)
        text = str(exc)
        if kind is InvalidHandshake:
            while (exc := exc.__cause__) is not None:
                text += f"; {exc}"
        text = f"Failed to open a WebSocket connection: {text}.\n"
        if kind is InvalidUpgrade:
            text += (
                "\nYou cannot access a WebSocket server directly with a browser. You need a WebSocket client.\n"
            )
        response = self.reject(status, text)
        if header is not None:
            name, value = header
            response.headers[name] = value
        return response

    def process_request(self, request):
        """Check a request, and agree on extensions and a subprotocol.

        Returns the values of ``Sec-WebSocket-Accept``, ``Sec-WebSocket-Extensions`` and ``Sec-WebSocket-Protocol`` for
        the response, the latter two or None. The ``Host`` header is not looked at.

        Raises :exc:`~websockets.exceptions.InvalidHandshake` unless the request asks for a WebSocket as it has to.
        """
        if request.method != "GET":
            raise InvalidMethod(request.method)
        if request.protocol != "HTTP/1.1":
            raise InvalidProtocol(request.protocol)
        headers = request.headers
        accept = check_request(headers)
        self.origin = self.process_origin(headers)
        extensions, self.extensions = self.process_extensions(headers)
        subprotocol = self.subprotocol = self.process_subprotocol(headers)
        return accept, extensions, subprotocol

    def process_origin(self, headers):
        """The origin in the headers of a request, or None.

        Raises :exc:`~websockets.exceptions.InvalidOrigin` for one that is not acceptable,
        :exc:`~websockets.exceptions.InvalidHeader` for several.
        """
        try:
            origin = headers.get("Origin")
        except MultipleValuesError:
            raise InvalidHeader("Origin", "multiple values") from None
        if self.origins is not None and not any(_matches(origin, allowed) for allowed in self.origins):
            raise InvalidOrigin(origin)
        return origin

    def process_extensions(self, headers):
        """Choose among the extensions that the headers of a request offer, in their order.

        Each is made by the first of the available ones that has its name and takes its parameters, or is left out.
        Returns the value of ``Sec-WebSocket-Extensions`` for the response, or None, and the list of extensions.

        Raises :exc:`~websockets.exceptions.InvalidHeaderFormat`.
        """
        answers, accepted = [], []
        if self.available_extensions:
            for value in headers.get_all("Sec-WebSocket-Extensions"):
                for name, params in parse_extension(value):
                    made = self._make_extension(name, params, accepted)
                    if made is not None:
                        answer, extension = made
                        answers.append((name, answer))
                        accepted.append(extension)
        return (build_extension(answers) if answers else None), accepted

    def _make_extension(self, name, params, accepted):
        for factory in self.available_extensions:
            if factory.name == name:
                try:
                    return factory.process_request_params(params, accepted)
                except NegotiationError:
                    continue
        return None

    def process_subprotocol(self, headers):
        """The subprotocol chosen among those that the headers of a request offer, or None.

        Raises :exc:`~websockets.exceptions.InvalidHeaderFormat`, and what :meth:`select_subprotocol` raises.
        """
        values = headers.get_all("Sec-WebSocket-Protocol")
        return self.select_subprotocol([name for value in values for name in parse_subprotocol(value)])

    def select_subprotocol(self, subprotocols):
        """Choose among the subprotocols that a client offers: the first available one that is offered.

        None if none are available. Raises :exc:`~websockets.exceptions.NegotiationError` if there are, but not one that
        is offered.
        """
        if not self.available_subprotocols:
            return None
        if not subprotocols:
            raise NegotiationError("missing subprotocol")
        for subprotocol in self.available_subprotocols:
            if subprotocol in subprotocols:
                return subprotocol
        expected = ", ".join(self.available_subprotocols)
        raise NegotiationError(f"invalid subprotocol; expected one of {expected}")

    def reject(self, status, text):
        """Make a response that refuses the connection: an HTTP status and a text for the body.

        Change it as you like, then give it to :meth:`send_response`.
        """
        status = HTTPStatus(status)
        body = text.encode()
        headers = Headers(
            [
                ("Date", _now()),
                ("Connection", "close"),
                ("Content-Length", str(len(body))),
                ("Content-Type", "text/plain; charset=utf-8"),
            ]
        )
        return Response(status.value, status.phrase, headers, body)

    def send_response(self, response):
        """Send a response, such as :meth:`accept` or :meth:`reject` makes. Unless its status is 101, that is all."""
        if self.debug:
            self.logger.debug("> HTTP/1.1 %d %s", response.status_code, response.reason_phrase)
            for name, value in response.headers.raw_items():
                self.logger.debug("> %s: %s", name, value)
            if response.body:
                self.logger.debug("> [body] (%d bytes)", len(response.body))
        push_output(self, response.serialize())
        if response.status_code == 101:
            assert self.state is CONNECTING, "a response opens a connection once"
            self.state = OPEN
            self.logger.info("connection open")
        else:
            outcome = "connection rejected" if self.accept_called else "HTTP response sent"
            self.logger.info(outcome + " (%d %s)", response.status_code, response.reason_phrase)
            give_up(self)

    def _request_received(self, request):
        """A request has arrived."""
        if self.debug:
            self.logger.debug("< %s %s %s", request.method, request.path, request.protocol)
            for name, value in request.headers.raw_items():
                self.logger.debug("< %s: %s", name, value)
        push_event(self, request)

    def _request_failed(self, exc):
        """The data is not a request."""
        if isinstance(exc, RequestLineTooLong):
            log, status = "request line too long", 414
        elif isinstance(exc, (HeaderLineTooLong, TooManyHeaders)):
            log, status = "header fields too large", 431
        else:
            log, status = "no valid HTTP request", None
        if self.debug:
            self.logger.debug("! %s", log, exc_info=exc)
        if status is not None:
            self.handshake_exc = exc
            self.send_response(self.reject(status, f"Failed to open a WebSocket connection: {exc}.\n"))
        else:
            self.handshake_exc = InvalidMessage("did not receive a valid HTTP request")
            self.handshake_exc.__cause__ = exc
            give_up(self)


class ServerConnection(ServerProtocol):
    """The former name of :class:`ServerProtocol`."""

    def __init__(self, *args, **kwargs):
        warnings.warn("ServerConnection was renamed to ServerProtocol", DeprecationWarning, stacklevel=2)
        super().__init__(*args, **kwargs)


def _matches(origin, allowed):
    """Whether an origin is the one allowed, or matches the regular expression."""
    if isinstance(allowed, re.Pattern):
        return origin is not None and allowed.fullmatch(origin) is not None
    return origin == allowed


def _now():
    """The value of a ``Date`` header."""
    import email.utils

    return email.utils.formatdate(usegmt=True)


lazy_import(
    globals(),
    deprecated_aliases={
        "WebSocketServer": ".legacy.server",
        "WebSocketServerProtocol": ".legacy.server",
        "broadcast": ".legacy.server",
        "serve": ".legacy.server",
        "unix_serve": ".legacy.server",
    },
)
