"""Reading and writing the headers of handshakes."""

from collections.abc import Sequence

from .typing import ExtensionName, ExtensionParameter, Subprotocol

__all__ = [
    "build_host",
    "parse_connection",
    "parse_upgrade",
    "parse_extension",
    "build_extension",
    "parse_subprotocol",
    "build_subprotocol",
    "validate_subprotocols",
    "build_www_authenticate_basic",
    "parse_authorization_basic",
    "build_authorization_basic",
]

def build_host(host: str, port: int, secure: bool, *, always_include_port: bool = False) -> str:
    """A `Host` field: the port is left out if it is the scheme's own."""

def parse_connection(header: str) -> list[str]:
    """The options in a `Connection` field."""

def parse_upgrade(header: str) -> list[str]:
    """The protocols in an `Upgrade` field."""

def parse_extension(header: str) -> list[tuple[ExtensionName, list[ExtensionParameter]]]:
    """The extensions in a `Sec-WebSocket-Extensions` field: a list of names with lists of parameters, which are names
    with values or None.
    """

def build_extension(extensions: Sequence[tuple[ExtensionName, Sequence[ExtensionParameter]]]) -> str:
    """A `Sec-WebSocket-Extensions` field of what `parse_extension` makes of one."""

def parse_subprotocol(header: str) -> list[Subprotocol]:
    """The names in a `Sec-WebSocket-Protocol` field."""

def build_subprotocol(subprotocols: Sequence[Subprotocol]) -> str:
    """Make a `Sec-WebSocket-Protocol` field of names."""

def validate_subprotocols(subprotocols: Sequence[Subprotocol]) -> None:
    """Check what is given as the names of subprotocols.

    Raises `TypeError` unless it is a sequence, and not a str; `ValueError` for a name that is not a token.
    """

def build_www_authenticate_basic(realm: str) -> str:
    """A `WWW-Authenticate` field that asks for Basic credentials. Raises `ValueError` for a realm with control
    characters or outside ISO-8859-1.
    """

def parse_authorization_basic(header: str) -> tuple[str, str]:
    """Read an `Authorization` field of scheme Basic (RFC 7617): the user name and the password."""

def build_authorization_basic(username: str, password: str) -> str:
    """Make an `Authorization` field of scheme Basic (RFC 7617). The user name must not have a colon."""
