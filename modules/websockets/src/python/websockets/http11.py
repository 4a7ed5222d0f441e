"""The messages of a handshake: HTTP/1.1 requests and responses.

Limits and names come from the environment when this module is imported: ``WEBSOCKETS_MAX_LINE_LENGTH`` (bytes, 8192),
``WEBSOCKETS_MAX_NUM_HEADERS`` (128), ``WEBSOCKETS_MAX_BODY_SIZE`` (bytes, 1 MiB), ``WEBSOCKETS_USER_AGENT`` and
``WEBSOCKETS_SERVER``.
"""

import dataclasses
import os
import sys
import warnings

from _websockets_handshake import (
    parse_chunk_size,
    parse_content_length,
    parse_field,
    parse_request_line,
    parse_status_line,
)

from .datastructures import Headers
from .exceptions import HeaderLineTooLong, RequestLineTooLong, SecurityError, StatusLineTooLong, TooManyHeaders
from .version import version as _version

__all__ = ["SERVER", "USER_AGENT", "Request", "Response"]

PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_PRODUCT = f"Python/{PYTHON_VERSION} websockets/{_version}"

#: The ``User-Agent`` field of requests.
USER_AGENT = os.environ.get("WEBSOCKETS_USER_AGENT", _PRODUCT)

#: The ``Server`` field of responses.
SERVER = os.environ.get("WEBSOCKETS_SERVER", _PRODUCT)

#: How many header fields a message may have.
MAX_NUM_HEADERS = int(os.environ.get("WEBSOCKETS_MAX_NUM_HEADERS", "128"))

#: How long a line may be, in bytes.
MAX_LINE_LENGTH = int(os.environ.get("WEBSOCKETS_MAX_LINE_LENGTH", "8192"))

#: How large the body of a response may be, in bytes.
MAX_BODY_SIZE = int(os.environ.get("WEBSOCKETS_MAX_BODY_SIZE", "1048576"))


@dataclasses.dataclass
class Request:
    """A request for a WebSocket.

    ``path`` has the query too; ``headers`` are :class:`~websockets.datastructures.Headers`; ``method`` and
    ``protocol`` are those of every handshake unless a client does otherwise.
    """

    path: str
    headers: Headers
    method: str = "GET"
    protocol: str = "HTTP/1.1"
    _exception: Exception | None = None

    @property
    def exception(self):
        """Why the handshake failed (deprecated)."""
        warnings.warn(
            "Request.exception is deprecated; use ServerProtocol.handshake_exc instead",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._exception

    @classmethod
    def parse(cls, read_line):
        """Read a request, as a generator that yields whenever more has to arrive first, and returns the request.

        ``read_line(limit, exception)`` is a generator function like
        :meth:`StreamReader.read_line() <websockets.streams.StreamReader.read_line>`.

        Raises ``EOFError`` if the stream ends before the request does; ``RequestLineTooLong``,
        ``HeaderLineTooLong``, ``TooManyHeaders``; ``ValueError`` for what is not a request or has a body;
        ``NotImplementedError`` for one with a ``Transfer-Encoding``.
        """
        line = yield from parse_line(read_line, RequestLineTooLong, "request line")
        method, path, protocol = parse_request_line(line)
        headers = yield from parse_headers(read_line)
        if "Transfer-Encoding" in headers:
            raise NotImplementedError("transfer codings aren't supported")
        if any(length != "0" for length in headers.get_all("Content-Length")):
            raise ValueError("unsupported request body")
        return cls(path, headers, method, protocol)

    def serialize(self):
        """The bytes to send. Raises ``UnicodeEncodeError`` for a path that is not ASCII."""
        start = f"{self.method} {self.path} {self.protocol}\r\n".encode("ascii")
        return start + self.headers.serialize()


@dataclasses.dataclass
class Response:
    """An answer to a request for a WebSocket.

    ``status_code`` is 101 if it was granted; ``headers`` are :class:`~websockets.datastructures.Headers`; ``body``
    is bytes.
    """

    status_code: int
    reason_phrase: str
    headers: Headers
    body: bytes | bytearray = b""
    _exception: Exception | None = None

    @property
    def exception(self):
        """Why the handshake failed (deprecated)."""
        warnings.warn(
            "Response.exception is deprecated; use ClientProtocol.handshake_exc instead",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._exception

    @classmethod
    def parse(cls, read_line, read_exact, read_to_eof, proxy=False):
        """Read a response, as a generator that yields whenever more has to arrive first, and returns the response.

        The arguments are generator functions like the methods of
        :class:`~websockets.streams.StreamReader`. A ``proxy`` may speak HTTP/1.0, and its response has no body.

        Raises ``EOFError`` if the stream ends before the response does; ``StatusLineTooLong``,
        ``HeaderLineTooLong``, ``TooManyHeaders``; ``SecurityError`` for a body that is too large; ``ValueError``
        or ``LookupError`` for what is not a response; ``NotImplementedError`` for a ``Transfer-Encoding`` other
        than chunked.
        """
        line = yield from parse_line(read_line, StatusLineTooLong, "status line")
        status_code, reason_phrase = parse_status_line(line, proxy)
        headers = yield from parse_headers(read_line)
        body = b""
        if not proxy:
            body = yield from read_body(status_code, headers, read_line, read_exact, read_to_eof)
        return cls(status_code, reason_phrase, headers, body)

    def serialize(self):
        """The bytes to send. Raises ``UnicodeEncodeError`` for a reason that is not ISO-8859-1."""
        start = f"HTTP/1.1 {self.status_code} {self.reason_phrase}\r\n".encode("iso-8859-1")
        return start + self.headers.serialize() + self.body


def parse_line(read_line, too_long=SecurityError, what=None):
    """Read a line and return it without its end, CR LF; a generator.

    Raises the exception ``too_long``, or ``EOFError`` without an end, which says that ``what`` was being read.
    """
    try:
        line = yield from read_line(MAX_LINE_LENGTH, too_long)
        if not line.endswith(b"\r\n"):
            raise EOFError("line without CRLF")
    except EOFError as exc:
        if what is None:
            raise
        raise EOFError(f"connection closed while reading HTTP {what}") from exc
    return line[:-2]


def parse_headers(read_line):
    """Read header fields and the empty line after them, and return the headers; a generator."""
    headers = Headers()
    for _ in range(MAX_NUM_HEADERS + 1):
        line = yield from parse_line(read_line, HeaderLineTooLong, "headers")
        if not line:
            return headers
        headers.set_insecure(*parse_field(line))
    raise TooManyHeaders(f"expected no more than {MAX_NUM_HEADERS} headers")


def read_body(status_code, headers, read_line, read_exact, read_to_eof):
    """Read what follows the headers of a response, however long it says it is, and return it; a generator."""
    if 100 <= status_code < 200 or status_code in (204, 304):
        return b""
    coding = headers.get("Transfer-Encoding")
    if coding is not None:
        if coding != "chunked":
            raise NotImplementedError(f"transfer coding {coding} isn't supported")
        return (yield from _read_chunks(read_line, read_exact))
    length = headers.get("Content-Length")
    if length is None:
        return (yield from read_to_eof(MAX_BODY_SIZE, SecurityError))
    size = parse_content_length(length)
    if size > MAX_BODY_SIZE:
        raise SecurityError(f"body too large: {size} bytes")
    return (yield from read_exact(size))


def _read_chunks(read_line, read_exact):
    body = bytearray()
    while True:
        line = yield from parse_line(read_line)
        size = parse_chunk_size(line)
        if size == 0:
            break
        if len(body) + size > MAX_BODY_SIZE:
            raise SecurityError(f"chunk too large: {size} bytes after {len(body)} bytes")
        body += yield from read_exact(size)
        if (yield from read_exact(2)) != b"\r\n":
            raise ValueError("chunk without CRLF")
    # The trailer is not used, but has to be read.
    yield from parse_headers(read_line)
    return bytes(body)
