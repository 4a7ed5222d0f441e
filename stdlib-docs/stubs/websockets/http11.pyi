"""The messages of the opening handshake."""

from collections.abc import Callable, Generator
from typing import Final, Self

from .datastructures import Headers

__all__ = ["SERVER", "USER_AGENT", "Request", "Response"]

SERVER: Final[str]
"""The `Server` header of servers."""

USER_AGENT: Final[str]
"""The `User-Agent` header of clients."""

class Request:
    """A request for a WebSocket."""

    path: str
    headers: Headers
    method: str
    protocol: str
    def __init__(
        self,
        path: str,
        headers: Headers,
        method: str = "GET",
        protocol: str = "HTTP/1.1",
        _exception: Exception | None = None,
    ) -> None: ...
    @property
    def exception(self) -> Exception | None:
        """Why the handshake failed (deprecated)."""
    @classmethod
    def parse(
        cls, read_line: Callable[[int, type[Exception]], Generator[None, None, bytes | bytearray]]
    ) -> Generator[None, None, Self]:
        """Read a request, as a generator that yields whenever more has to arrive first, and returns the request.

        Raises `EOFError` if the stream ends before the request does; `RequestLineTooLong`, `HeaderLineTooLong`,
        `TooManyHeaders`; `ValueError` for what is not a request or has a body; `NotImplementedError` for one with a
        `Transfer-Encoding`.
        """
    def serialize(self) -> bytes:
        """The bytes to send. Raises `UnicodeEncodeError` for a path that is not ASCII."""

class Response:
    """An answer to a request for a WebSocket."""

    status_code: int
    reason_phrase: str
    headers: Headers
    body: bytes | bytearray
    def __init__(
        self,
        status_code: int,
        reason_phrase: str,
        headers: Headers,
        body: bytes | bytearray = b"",
        _exception: Exception | None = None,
    ) -> None: ...
    @property
    def exception(self) -> Exception | None:
        """Why the handshake failed (deprecated)."""
    @classmethod
    def parse(
        cls,
        read_line: Callable[[int, type[Exception]], Generator[None, None, bytes | bytearray]],
        read_exact: Callable[[int], Generator[None, None, bytes | bytearray]],
        read_to_eof: Callable[[int, type[Exception]], Generator[None, None, bytes | bytearray]],
        proxy: bool = False,
    ) -> Generator[None, None, Self]:
        """Read a response, as a generator that yields whenever more has to arrive first, and returns the response.

        Raises `EOFError` if the stream ends before the response does; `StatusLineTooLong`, `HeaderLineTooLong`,
        `TooManyHeaders`; `SecurityError` for a body that is too large; `ValueError` or `LookupError` for what is not
        a response; `NotImplementedError` for a `Transfer-Encoding` other than chunked.
        """
    def serialize(self) -> bytes:
        """The bytes to send. Raises `UnicodeEncodeError` for a reason that is not ISO-8859-1."""
