"""Helpers for handshakes and frames."""

import base64
import secrets
import socket

from _websockets_handshake import accept_key, apply_mask

__all__ = ["accept_key", "apply_mask", "get_socket_name"]

#: The GUID that a server appends to the key of a client (RFC 6455 section 1.3).
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def generate_key():
    """A new value for ``Sec-WebSocket-Key``: 16 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def get_socket_name(sock):
    """The local address of a socket, as text: ``host:port``, ``[host]:port`` or a path."""
    address = sock.getsockname()
    if sock.family == socket.AF_INET:
        return "{}:{}".format(*address)
    if sock.family == socket.AF_INET6:
        return "[{}]:{}".format(*address[:2])
    if sock.family == getattr(socket, "AF_UNIX", None):
        return str(address)
    raise AssertionError("unsupported socket family")
