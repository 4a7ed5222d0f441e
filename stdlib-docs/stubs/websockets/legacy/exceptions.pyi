"""Exceptions of the legacy implementation, in addition to those of `exceptions`."""

from http import HTTPStatus

from ..datastructures import Headers, HeadersLike
from ..exceptions import InvalidHandshake, InvalidMessage as InvalidMessage, ProtocolError
from ..typing import StatusLike

WebSocketProtocolError = ProtocolError

class InvalidStatusCode(InvalidHandshake):
    """The server answered with a status other than 101.

    `status_code` is an int, `headers` are the `Headers` of the response.
    """

    status_code: int
    headers: Headers
    def __init__(self, status_code: int, headers: Headers) -> None: ...
    def __str__(self) -> str: ...

class AbortHandshake(InvalidHandshake):
    """Makes a server answer a handshake with an ordinary HTTP response.

    `status` is an `HTTPStatus` or its number, `headers` is anything that `Headers` takes, `body` is bytes.
    Servers raise it themselves for what `process_request` returns. Raises `ValueError` for an unknown status.
    """

    status: HTTPStatus
    headers: Headers
    body: bytes
    def __init__(self, status: StatusLike, headers: HeadersLike, body: bytes = b"") -> None: ...
    def __str__(self) -> str: ...

class RedirectHandshake(InvalidHandshake):
    """Makes a client repeat the handshake with another server. `uri` may be relative to the one before."""

    uri: str
    def __init__(self, uri: str) -> None: ...
    def __str__(self) -> str: ...
