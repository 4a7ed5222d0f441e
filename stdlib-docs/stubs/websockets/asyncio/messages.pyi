"""Messages from frames."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from ..frames import Frame
from ..typing import Data

__all__ = ["Assembler"]

class Assembler:
    """Makes messages of data frames, which are expected to follow the protocol."""

    high: int | None
    """The number of waiting frames above which reading is paused, or `None`."""
    low: int | None
    """The number of waiting frames down to which reading stays paused, or `None`."""
    paused: bool
    """Whether reading is paused."""
    closed: bool
    """Whether the stream of frames has ended."""
    get_in_progress: bool
    """Whether a message is being read."""
    @property
    def frames(self) -> Any:
        """The frames that wait to be read: only their number can be asked for."""
    def __init__(
        self,
        high: int | None = None,
        low: int | None = None,
        pause: Callable[[], Any] = ...,
        resume: Callable[[], Any] = ...,
    ) -> None: ...
    async def get(self, decode: bool | None = None) -> Data:
        """The next message, as `str` or `bytes`: a coroutine."""
    def get_iter(self, decode: bool | None = None) -> AsyncIterator[Data]:
        """The frames of the next message, each as `str` or `bytes`: an asynchronous iterator.

        It must be exhausted before another message is read. Raises what `get` raises.
        """
    def put(self, frame: Frame) -> None:
        """Adds a frame. Raises `EOFError` after `close()`."""
    def close(self) -> None:
        """Ends the stream of frames. Once what has arrived is read, reading raises `EOFError`."""
