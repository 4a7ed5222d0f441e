"""The addresses of WebSockets."""

from dataclasses import dataclass

__all__ = ["parse_uri", "WebSocketURI"]

@dataclass
class WebSocketURI:
    """A WebSocket URI, taken apart."""

    secure: bool
    host: str
    port: int
    path: str
    query: str
    username: str | None = None
    password: str | None = None
    @property
    def resource_name(self) -> str:
        """What a request asks for: the path and the query."""
    @property
    def user_info(self) -> tuple[str, str] | None:
        """The user name and the password, or None."""

def parse_uri(uri: str) -> WebSocketURI:
    """Take apart a URI, or an IRI, which has characters that are not ASCII.

    Raises `InvalidURI` unless it is a WebSocket's.
    """
