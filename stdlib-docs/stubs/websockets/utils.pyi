"""Small helps of handshakes and frames."""

import socket

__all__ = ["accept_key", "apply_mask", "get_socket_name"]

def accept_key(key: str) -> str:
    """The value of `Sec-WebSocket-Accept` for that of `Sec-WebSocket-Key`."""

def apply_mask(data: bytes | bytearray | memoryview, mask: bytes | bytearray | memoryview) -> bytes:
    """The bytes of `data` masked by the four of `mask`, or unmasked, which is the same. Raises `ValueError` for
    another number of bytes.
    """

def get_socket_name(sock: socket.socket) -> str:
    """The local address of a socket, as text: `host:port`, `[host]:port` or a path."""
