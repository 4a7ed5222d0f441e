"""Messages from frames."""

from collections.abc import Callable, Iterator
from typing import Any

from ..frames import Frame
from ..typing import Data

__all__ = ["Assembler"]

class Assembler:
    """Makes messages of the data frames of a connection, which one thread puts into it and another reads."""

    high: int | None
    """The high-water mark, in frames."""
    low: int | None
    """The low-water mark, in frames."""
    paused: bool
    """Whether reading is paused."""
    closed: bool
    """Whether the stream has ended."""
    get_in_progress: bool
    """Whether a message is being read."""
    @property
    def frames(self) -> Any:
        """The frames that were not read yet; `qsize()` returns their number."""
    def __init__(
        self,
        high: int | None = None,
        low: int | None = None,
        pause: Callable[[], Any] = ...,
        resume: Callable[[], Any] = ...,
    ) -> None: ...
    def get(self, timeout: float | None = None, decode: bool | None = None) -> Data:
        """Returns the next message, waiting for it if need be, up to `timeout` seconds if that is not None. Text is
        decoded; with `decode=False` it is returned as bytes, with `decode=True` binary messages are decoded.

        Raises `EOFError` at the end of the stream, `TimeoutError`, `UnicodeDecodeError`, `TooManyFragments`, and
        `ConcurrencyError` while another thread is in `get()` or has not finished `get_iter()`.
        """
    def get_iter(self, decode: bool | None = None) -> Iterator[Data]:
        """Iterates over the fragments of the next message as they arrive. It must be iterated over to its end before
        the next message can be read. The errors are those of `get()`.
        """
    def put(self, frame: Frame) -> None:
        """Adds a frame. Raises `EOFError` after `close()`."""
    def close(self) -> None:
        """Ends the stream of frames: waiting threads are woken, and what is complete can still be read."""
