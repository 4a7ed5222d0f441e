"""Reading and writing the values of the header fields of a handshake (RFC 6455, RFC 9110).

What reads raises :exc:`~websockets.exceptions.InvalidHeaderFormat` for a value that does not follow the grammar of
its field.
"""

import base64
import binascii
from collections.abc import Sequence

from _websockets_handshake import (
    build_extension,
    build_host,
    build_www_authenticate_basic,
    is_token,
    parse_authorization,
    parse_connection,
    parse_extension,
    parse_subprotocol,
    parse_upgrade,
)

from .exceptions import InvalidHeaderValue

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


def build_subprotocol(subprotocols):
    """Make a ``Sec-WebSocket-Protocol`` field of names."""
    return ", ".join(subprotocols)


def validate_subprotocols(subprotocols):
    """Check what is given as the names of subprotocols.

    Raises ``TypeError`` unless it is a sequence, and not a str; ``ValueError`` for a name that is not a token.
    """
    if isinstance(subprotocols, str):
        raise TypeError("subprotocols must be a list, not a str")
    if not isinstance(subprotocols, Sequence):
        raise TypeError("subprotocols must be a list")
    for subprotocol in subprotocols:
        if not is_token(subprotocol):
            raise ValueError(f"invalid subprotocol: {subprotocol}")


def parse_authorization_basic(header):
    """Read an ``Authorization`` field of scheme Basic (RFC 7617): the user name and the password.

    Bytes that are not UTF-8 become lone surrogates. Raises ``InvalidHeaderFormat``, and ``InvalidHeaderValue``
    for other schemes and for what is not two names in base64.
    """
    scheme, credentials = parse_authorization(header)
    if credentials is None:
        raise InvalidHeaderValue("Authorization", f"unsupported scheme: {scheme}")
    try:
        decoded = base64.b64decode(credentials)
    except binascii.Error:
        raise InvalidHeaderValue("Authorization", "expected base64-encoded credentials") from None
    username, colon, password = decoded.decode(errors="surrogateescape").partition(":")
    if not colon:
        raise InvalidHeaderValue("Authorization", "expected username:password credentials")
    return username, password


def build_authorization_basic(username, password):
    """Make an ``Authorization`` field of scheme Basic (RFC 7617). The user name must not have a colon."""
    assert ":" not in username, "a user name has no colon"
    credentials = f"{username}:{password}".encode(errors="surrogateescape")
    return "Basic " + base64.b64encode(credentials).decode()


# Former names.
parse_extension_list = parse_extension
build_extension_list = build_extension
parse_subprotocol_list = parse_subprotocol
build_subprotocol_list = build_subprotocol
