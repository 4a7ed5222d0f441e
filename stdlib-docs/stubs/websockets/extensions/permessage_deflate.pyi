"""Compressed messages, RFC 7692."""

from collections.abc import Sequence
from typing import Any

from .base import ClientExtensionFactory, Extension, ServerExtensionFactory

__all__ = [
    "PerMessageDeflate",
    "ClientPerMessageDeflateFactory",
    "enable_client_permessage_deflate",
    "ServerPerMessageDeflateFactory",
    "enable_server_permessage_deflate",
]

class PerMessageDeflate(Extension):
    """Compresses the messages of one connection. Whether a side begins each message with an empty window, how many
    bits a window has (8 to 15, ours 9 to 15), and how to compress: a dict that may have `level`, `memLevel` and
    `strategy`, as `zlib.compressobj` takes them.
    """

    remote_no_context_takeover: bool
    """Whether the peer begins each message with an empty window."""
    local_no_context_takeover: bool
    """Whether we begin each message with an empty window."""
    remote_max_window_bits: int
    """The size of the peer's window, in bits."""
    local_max_window_bits: int
    """The size of our window, in bits."""
    compress_settings: dict[str, Any]
    """How messages are compressed, a dict."""
    def __init__(
        self,
        remote_no_context_takeover: bool,
        local_no_context_takeover: bool,
        remote_max_window_bits: int,
        local_max_window_bits: int,
        compress_settings: dict[str, Any] | None = None,
    ) -> None: ...

class ClientPerMessageDeflateFactory(ClientExtensionFactory):
    """Negotiates compression for a client. Whether each side is to begin each message with an empty window, and the
    size of its window in bits: the server's from 8 to 15, the client's from 9 to 15 or True, which leaves it to
    the server. The settings are a dict for the compressor.
    """

    server_no_context_takeover: bool
    """Whether the server is to begin each message with an empty window."""
    client_no_context_takeover: bool
    """Whether the client is to begin each message with an empty window."""
    server_max_window_bits: int | None
    """The limit of the server's window, in bits, or None."""
    client_max_window_bits: int | bool | None
    """The limit of the client's window, in bits; True leaves it to the server; or None."""
    compress_settings: dict[str, Any] | None
    """How messages are compressed, a dict or None."""
    def __init__(
        self,
        server_no_context_takeover: bool = False,
        client_no_context_takeover: bool = False,
        server_max_window_bits: int | None = None,
        client_max_window_bits: int | bool | None = True,
        compress_settings: dict[str, Any] | None = None,
    ) -> None: ...

class ServerPerMessageDeflateFactory(ServerExtensionFactory):
    """Negotiates compression for a server. Whether each side is to begin each message with an empty window, and the
    limit of its window in bits: the server's from 9 to 15, the client's from 8 to 15. The settings are a dict for
    the compressor. With `require_client_max_window_bits`, clients that cannot limit their window are not
    compressed for.
    """

    server_no_context_takeover: bool
    """Whether the server is to begin each message with an empty window."""
    client_no_context_takeover: bool
    """Whether the client is to begin each message with an empty window."""
    server_max_window_bits: int | None
    """The limit of the server's window, in bits, or None."""
    client_max_window_bits: int | None
    """The limit of the client's window, in bits, or None."""
    compress_settings: dict[str, Any] | None
    """How messages are compressed, a dict or None."""
    require_client_max_window_bits: bool
    """Whether clients that cannot limit their window are not compressed for."""
    def __init__(
        self,
        server_no_context_takeover: bool = False,
        client_no_context_takeover: bool = False,
        server_max_window_bits: int | None = None,
        client_max_window_bits: int | None = None,
        compress_settings: dict[str, Any] | None = None,
        require_client_max_window_bits: bool = False,
    ) -> None: ...

def enable_client_permessage_deflate(
    extensions: Sequence[ClientExtensionFactory] | None,
) -> Sequence[ClientExtensionFactory]:
    """A list of a client's extension factories, or None, with one for compression unless there is one."""

def enable_server_permessage_deflate(
    extensions: Sequence[ServerExtensionFactory] | None,
) -> Sequence[ServerExtensionFactory]:
    """A list of a server's extension factories, or None, with one for compression unless there is one."""
