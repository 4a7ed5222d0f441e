"""The header fields of the opening handshake (RFC 6455 section 4), for either side."""

from ..datastructures import Headers

__all__ = ["build_request", "check_request", "build_response", "check_response"]

def build_request(headers: Headers) -> str:
    """Add the fields that ask for a WebSocket. Returns the key, for `check_response`."""

def check_request(headers: Headers) -> str:
    """Check the fields that ask for a WebSocket. Returns the key, for `build_response`.

    The method, the version of HTTP, `Host` and `Origin` are left to the caller. Raises `InvalidHandshake`,
    which a server answers with status 400.
    """

def build_response(headers: Headers, key: str) -> None:
    """Add the fields that grant the WebSocket that was asked for with `key`."""

def check_response(headers: Headers, key: str) -> None:
    """Check that the fields grant the WebSocket that was asked for with `key`.

    The status and the version of HTTP are left to the caller. Raises `InvalidHandshake`.
    """
