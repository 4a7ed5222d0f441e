"""Servers that ask for HTTP Basic authentication (RFC 7617)."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..datastructures import Headers
from .server import HTTPResponse, WebSocketServerProtocol

__all__ = ["BasicAuthWebSocketServerProtocol", "basic_auth_protocol_factory"]

Credentials = tuple[str, str]

def is_credentials(value: object) -> bool:
    """Tell whether this is a user name and a password."""

class BasicAuthWebSocketServerProtocol(WebSocketServerProtocol):
    """The server's end of a connection that only users may open; others get status 401.

    `realm` is what the users are told that it is for, in ASCII. `check_credentials(username, password)` is a
    coroutine function that returns whether they may; a subclass can have a method of that name instead.
    """

    realm: str
    """What the users are told that it is for."""
    username: str | None
    """The user's name, once the handshake is complete."""
    def __init__(
        self,
        *args: Any,
        realm: str | None = None,
        check_credentials: Callable[[str, str], Awaitable[bool]] | None = None,
        **kwargs: Any,
    ) -> None: ...
    async def check_credentials(self, username: str, password: str) -> bool:
        """Tell whether a user may open the connection."""
    async def process_request(self, path: str, request_headers: Headers) -> HTTPResponse | None:
        """Answer requests of others with status 401."""

def basic_auth_protocol_factory(
    realm: str | None = None,
    credentials: Credentials | Iterable[Credentials] | None = None,
    check_credentials: Callable[[str, str], Awaitable[bool]] | None = None,
    create_protocol: Callable[..., BasicAuthWebSocketServerProtocol] | None = None,
) -> Callable[..., BasicAuthWebSocketServerProtocol]:
    """Make a value for `create_protocol` of `serve`.

    `realm` is as for `BasicAuthWebSocketServerProtocol`, which `create_protocol` may replace by a subclass.
    Give either `credentials`, a user name and a password or an iterable of such pairs, or `check_credentials`,
    as for that class; else `TypeError` is raised.
    """
