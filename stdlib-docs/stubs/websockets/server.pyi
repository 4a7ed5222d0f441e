"""WebSocket without I/O: servers."""

import re
from collections.abc import Callable, Sequence

from .datastructures import Headers
from .extensions.base import Extension, ServerExtensionFactory
from .http11 import Request, Response
from .protocol import Protocol, State, _Limit
from .typing import LoggerLike, Origin, StatusLike, Subprotocol

__all__ = ["ServerProtocol"]

class ServerProtocol(Protocol):
    """The server's end of a connection without its socket."""

    def __init__(
        self,
        *,
        origins: Sequence[Origin | re.Pattern[str] | None] | None = None,
        extensions: Sequence[ServerExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        select_subprotocol: Callable[[ServerProtocol, Sequence[Subprotocol]], Subprotocol | None] | None = None,
        state: State = ...,
        max_size: _Limit = 1048576,
        logger: LoggerLike | None = None,
    ) -> None: ...
    def accept(self, request: Request) -> Response:
        """Make the response to a request: one that opens the connection if it asks for that as it has to, else one
        that says what is wrong.
        """
    def reject(self, status: StatusLike, text: str) -> Response:
        """Make a response that refuses the connection: an HTTP status and a text for the body."""
    def process_request(
        self, request: Request
    ) -> tuple[str, str | None, str | None]:
        """Check a request, and agree on extensions and a subprotocol.

        Returns the values of `Sec-WebSocket-Accept`, `Sec-WebSocket-Extensions` and `Sec-WebSocket-Protocol` for the
        response, the latter two or None. The `Host` header is not looked at.

        Raises `InvalidHandshake` unless the request asks for a WebSocket as it has to.
        """
    def process_origin(self, headers: Headers) -> Origin | None:
        """The origin in the headers of a request, or None.

        Raises `InvalidOrigin` for one that is not acceptable, `InvalidHeader` for several.
        """
    def process_extensions(self, headers: Headers) -> tuple[str | None, list[Extension]]:
        """Choose among the extensions that the headers of a request offer, in their order.

        Raises `InvalidHeaderFormat`.
        """
    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """The subprotocol chosen among those that the headers of a request offer, or None.

        Raises `InvalidHeaderFormat`, and what `select_subprotocol` raises.
        """
    def select_subprotocol(self, subprotocols: Sequence[Subprotocol]) -> Subprotocol | None:
        """Choose among the subprotocols that a client offers: the first available one that is offered."""
    def send_response(self, response: Response) -> None:
        """Send a response, such as `accept` or `reject` makes. Unless its status is 101, that is all."""
