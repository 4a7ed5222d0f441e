"""Reading what arrives in parts."""

from collections.abc import Generator

class StreamReader:
    """Received data, and reading it in parts."""

    def __init__(self) -> None: ...
    def at_eof(self) -> Generator[None, None, bool]:
        """Tell whether the stream has ended and all of it was read, as soon as that is known."""
    def discard(self) -> None:
        """Forget what arrived and was not read."""
    def feed_data(self, data: bytes | bytearray | memoryview) -> None:
        """Append what arrived. Raises `EOFError` after the end of the stream."""
    def feed_eof(self) -> None:
        """End the stream. Raises `EOFError` if it has ended."""
    def read_exact(self, n: int) -> Generator[None, None, bytes]:
        """Read `n` bytes. Raises `EOFError` if the stream ends before."""
    def read_line(
        self, m: int, too_long_exc_type: type[Exception] = ...
    ) -> Generator[None, None, bytes]:
        """Read up to the next LF and return it with the line.

        Raises the exception given if that is more than `m` bytes, `EOFError` if the stream ends before.
        """
    def read_to_eof(
        self, m: int, too_long_exc_type: type[Exception] = ...
    ) -> Generator[None, None, bytes]:
        """Read up to the end of the stream. Raises the exception given if that is more than `m` bytes."""
