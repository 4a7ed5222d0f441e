"""Exceptions of the legacy implementation, in addition to those of :mod:`websockets.exceptions`."""

from http import HTTPStatus

from ..datastructures import Headers
from ..exceptions import InvalidHandshake, InvalidMessage, ProtocolError  # noqa: F401

#: The former name of :exc:`~websockets.exceptions.ProtocolError`.
WebSocketProtocolError = ProtocolError


class InvalidStatusCode(InvalidHandshake):
    """The server answered with a status other than 101.

    ``status_code`` is an int, ``headers`` are the :class:`~websockets.datastructures.Headers` of the response.
    """

    def __init__(self, status_code, headers):
        self.status_code = status_code
        self.headers = headers

    def __str__(self):
        return f"server rejected WebSocket connection: HTTP {self.status_code}"


class AbortHandshake(InvalidHandshake):
    """Makes a server answer a handshake with an ordinary HTTP response.

    ``status`` is an :class:`~http.HTTPStatus` or its number, ``headers`` is anything that
    :class:`~websockets.datastructures.Headers` takes, ``body`` is bytes. Servers raise it themselves for what
    ``process_request`` returns. Raises ``ValueError`` for an unknown status.
    """

    def __init__(self, status, headers, body=b""):
        self.status = HTTPStatus(status)
        self.headers = Headers(headers)
        self.body = body

    def __str__(self):
        return f"HTTP {self.status.value}, {len(self.headers)} headers, {len(self.body)} bytes"


class RedirectHandshake(InvalidHandshake):
    """Makes a client repeat the handshake with another server. ``uri`` may be relative to the one before."""

    def __init__(self, uri):
        self.uri = uri

    def __str__(self):
        return f"redirect to {self.uri}"
