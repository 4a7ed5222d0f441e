"""Reading the HTTP/1.1 messages of a handshake from an :class:`asyncio.StreamReader`.

The limits come from the environment when this module is imported: ``WEBSOCKETS_MAX_NUM_HEADERS`` (128) and
``WEBSOCKETS_MAX_LINE_LENGTH`` (8192 bytes, with the end of the line).
"""

import os
import re

from _websockets_handshake import parse_field

from ..datastructures import Headers
from ..exceptions import SecurityError

__all__ = ["read_request", "read_response"]

MAX_NUM_HEADERS = int(os.environ.get("WEBSOCKETS_MAX_NUM_HEADERS", "128"))
MAX_LINE_LENGTH = int(os.environ.get("WEBSOCKETS_MAX_LINE_LENGTH", "8192"))

_is_text = re.compile(rb"[\t -~\x80-\xff]*").fullmatch


def _shown(data):
    """Bytes of a peer, as they may appear in a message."""
    return data.decode(errors="backslashreplace")


async def read_request(stream):
    """Read the head of a request. Returns the path, with its query, and the headers.

    Bytes outside ASCII become lone surrogates. Raises ``EOFError`` if the stream ends too early,
    :exc:`~websockets.exceptions.SecurityError` for more or longer lines than allowed, and ``ValueError`` for anything
    that is not a GET request of HTTP/1.1. A body stays in the stream.
    """
    method, path, version = await _first_line(stream, "request line")
    if method != b"GET":
        raise ValueError(f"unsupported HTTP method: {_shown(method)}")
    _check_version(version)
    return path.decode("ascii", "surrogateescape"), await read_headers(stream)


async def read_response(stream):
    """Read the head of a response. Returns the status as an int, the reason and the headers.

    Raises the same exceptions as :func:`read_request`. A body stays in the stream.
    """
    version, status, reason = await _first_line(stream, "status line")
    _check_version(version)
    try:
        code = int(status)
    except ValueError:
        raise ValueError(f"invalid HTTP status code: {_shown(status)}") from None
    if not 100 <= code <= 999:
        raise ValueError(f"unsupported HTTP status code: {_shown(status)}")
    if not _is_text(reason):
        raise ValueError(f"invalid HTTP reason phrase: {_shown(reason)}")
    return code, reason.decode(), await read_headers(stream)


async def read_headers(stream):
    """Read header fields up to the empty line that ends them, as :class:`~websockets.datastructures.Headers`."""
    headers = Headers()
    count = 0
    while line := await _line_of(stream, "headers"):
        count += 1
        if count > MAX_NUM_HEADERS:
            raise SecurityError("too many HTTP headers")
        # It checks the whole field. Its value is ISO-8859-1, though, and here it has to be ASCII with surrogates.
        name, _ = parse_field(line)
        value = line.partition(b":")[2].strip(b" \t")
        headers.set_insecure(name, value.decode("ascii", "surrogateescape"))
    return headers


async def read_line(stream):
    """Read a line and return it without its end, CR LF.

    Raises :exc:`~websockets.exceptions.SecurityError` for a long one, ``EOFError`` for one that does not end so.
    """
    line = await stream.readline()
    if len(line) > MAX_LINE_LENGTH:
        raise SecurityError("line too long")
    content = line.removesuffix(b"\r\n")
    if len(content) == len(line):
        raise EOFError("line without CRLF")
    return content


async def _line_of(stream, part):
    try:
        return await read_line(stream)
    except EOFError as exc:
        raise EOFError(f"connection closed while reading HTTP {part}") from exc


async def _first_line(stream, part):
    """The three words of the first line of a message, the last of which may have spaces."""
    line = await _line_of(stream, part)
    words = line.split(b" ", 2)
    if len(words) != 3:
        raise ValueError(f"invalid HTTP {part}: {_shown(line)}")
    return words


def _check_version(version):
    if version != b"HTTP/1.1":
        raise ValueError(f"unsupported HTTP version: {_shown(version)}")
