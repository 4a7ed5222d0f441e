"""Reading the HTTP/1.1 messages of a handshake from an `StreamReader`.

The limits come from the environment when this module is imported: `WEBSOCKETS_MAX_NUM_HEADERS` (128) and
`WEBSOCKETS_MAX_LINE_LENGTH` (8192 bytes, with the end of the line).
"""

from asyncio import StreamReader

from ..datastructures import Headers

__all__ = ["read_request", "read_response"]

MAX_NUM_HEADERS: int
MAX_LINE_LENGTH: int

async def read_request(stream: StreamReader) -> tuple[str, Headers]:
    """Read the head of a request. Returns the path, with its query, and the headers.

    Bytes outside ASCII become lone surrogates. Raises `EOFError` if the stream ends too early, `SecurityError`
    for more or longer lines than allowed, and `ValueError` for anything that is not a GET request of HTTP/1.1.
    A body stays in the stream.
    """

async def read_response(stream: StreamReader) -> tuple[int, str, Headers]:
    """Read the head of a response. Returns the status as an int, the reason and the headers.

    Raises the same exceptions as `read_request`. A body stays in the stream.
    """

async def read_headers(stream: StreamReader) -> Headers:
    """Read header fields up to the empty line that ends them, as `Headers`."""

async def read_line(stream: StreamReader) -> bytes:
    """Read a line and return it without its end, CR LF.

    Raises `SecurityError` for a long one, `EOFError` for one that does not end so.
    """
