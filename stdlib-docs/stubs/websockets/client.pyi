"""WebSocket without I/O: clients."""

from collections.abc import Sequence

from .datastructures import Headers
from .extensions.base import ClientExtensionFactory, Extension
from .http11 import Request, Response
from .protocol import Protocol, State, _Limit
from .typing import LoggerLike, Origin, Subprotocol
from .uri import WebSocketURI

__all__ = ["ClientProtocol"]

class ClientProtocol(Protocol):
    """The client's end of a connection without its socket."""

    def __init__(
        self,
        uri: WebSocketURI,
        *,
        origin: Origin | None = None,
        extensions: Sequence[ClientExtensionFactory] | None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        state: State = ...,
        max_size: _Limit = 1048576,
        logger: LoggerLike | None = None,
    ) -> None: ...
    def connect(self) -> Request:
        """Make the `Request` that opens the connection."""
    def process_response(self, response: Response) -> None:
        """Check a response, and agree on what it says about extensions and the subprotocol.

        Raises `InvalidHandshake` unless it opens the connection.
        """
    def process_extensions(self, headers: Headers) -> list[Extension]:
        """The list of extensions that the headers of a response accept.

        Raises `NegotiationError` if there is none, and `InvalidHeaderFormat`.
        """
    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """The subprotocol that the headers of a response choose, or None.

        Raises `NegotiationError` for one that was not offered, `InvalidHeader` for several.
        """
    def send_request(self, request: Request) -> None:
        """Send a request, such as `connect` makes."""
