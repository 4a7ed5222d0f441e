"""The header fields of the opening handshake (RFC 6455 section 4), for either side."""

import base64
import binascii

from ..datastructures import MultipleValuesError
from ..exceptions import InvalidHeader, InvalidHeaderValue, InvalidUpgrade
from ..headers import parse_connection, parse_upgrade
from ..utils import accept_key as accept, generate_key

__all__ = ["build_request", "check_request", "build_response", "check_response"]


def build_request(headers):
    """Add the fields that ask for a WebSocket. Returns the key, for :func:`check_response`."""
    key = generate_key()
    _add_upgrade(headers)
    headers["Sec-WebSocket-Key"] = key
    headers["Sec-WebSocket-Version"] = "13"
    return key


def check_request(headers):
    """Check the fields that ask for a WebSocket. Returns the key, for :func:`build_response`.

    The method, the version of HTTP, ``Host`` and ``Origin`` are left to the caller. Raises
    :exc:`~websockets.exceptions.InvalidHandshake`, which a server answers with status 400.
    """
    _check_upgrade(headers, ", ")
    key = _single(headers, "Sec-WebSocket-Key")
    try:
        nonce = base64.b64decode(key.encode(), validate=True)
    except binascii.Error as exc:
        raise InvalidHeaderValue("Sec-WebSocket-Key", key) from exc
    if len(nonce) != 16:
        raise InvalidHeaderValue("Sec-WebSocket-Key", key)
    version = _single(headers, "Sec-WebSocket-Version")
    if version != "13":
        raise InvalidHeaderValue("Sec-WebSocket-Version", version)
    return key


def build_response(headers, key):
    """Add the fields that grant the WebSocket that was asked for with ``key``."""
    _add_upgrade(headers)
    headers["Sec-WebSocket-Accept"] = accept(key)


def check_response(headers, key):
    """Check that the fields grant the WebSocket that was asked for with ``key``.

    The status and the version of HTTP are left to the caller. Raises
    :exc:`~websockets.exceptions.InvalidHandshake`.
    """
    _check_upgrade(headers, " ")
    accepted = _single(headers, "Sec-WebSocket-Accept")
    if accepted != accept(key):
        raise InvalidHeaderValue("Sec-WebSocket-Accept", accepted)


def _add_upgrade(headers):
    headers["Upgrade"] = "websocket"
    headers["Connection"] = "Upgrade"


def _check_upgrade(headers, separator):
    options = [option for value in headers.get_all("Connection") for option in parse_connection(value)]
    if "upgrade" not in map(str.lower, options):
        raise InvalidUpgrade("Connection", separator.join(options))
    protocols = [protocol for value in headers.get_all("Upgrade") for protocol in parse_upgrade(value)]
    # There are implementations that write "WebSocket".
    if [protocol.lower() for protocol in protocols] != ["websocket"]:
        raise InvalidUpgrade("Upgrade", ", ".join(protocols))


def _single(headers, name):
    """The value of a field that must be there once."""
    try:
        return headers[name]
    except KeyError as exc:
        raise InvalidHeader(name) from exc
    except MultipleValuesError as exc:
        raise InvalidHeader(name, "multiple values") from exc
