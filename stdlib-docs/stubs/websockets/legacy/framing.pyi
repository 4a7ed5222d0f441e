"""Frames as the legacy implementation has them: tuples of what `Frame` consists of."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Self

from .. import frames
from ..extensions.base import Extension
from ..frames import Close as Close
from ..typing import BytesLike, DataLike

__all__ = ["Frame", "prepare_data", "encode_data", "prepare_ctrl", "parse_close", "serialize_close"]

class Frame(NamedTuple):
    """A frame: whether it is the last of its message, what kind it is, its payload, and the reserved bits."""

    fin: bool
    opcode: frames.Opcode
    data: BytesLike
    rsv1: bool = False
    rsv2: bool = False
    rsv3: bool = False
    @property
    def new_frame(self) -> frames.Frame:
        """The same as a `Frame`."""
    def __str__(self) -> str: ...
    def check(self) -> None:
        """Raise `ProtocolError` for reserved bits that are set, and for a control frame that is too long or
        fragmented.
        """
    @classmethod
    async def read(
        cls,
        reader: Callable[[int], Awaitable[bytes]],
        *,
        mask: bool,
        max_size: int | None = None,
        extensions: Sequence[Extension] | None = None,
    ) -> Self:
        """Read a frame.

        `reader(n)` is a coroutine function that returns exactly n bytes, such as `readexactly`; `mask` tells
        whether frames must be masked, `max_size` is the limit of the payload in bytes, and the `extensions`
        decode the frame in reverse order. Raises what `reader` raises, `PayloadTooBig`, and `ProtocolError`.
        """
    def write(
        self, write: Callable[[bytes], Any], *, mask: bool, extensions: Sequence[Extension] | None = None
    ) -> None:
        """Give the bytes of the frame to `write`, in one call, masked if `mask`.

        The `extensions` encode it first. Raises `ProtocolError` for an invalid frame.
        """

def prepare_data(data: DataLike) -> tuple[int, BytesLike]:
    """The opcode and the payload for a message: text for str, binary for bytes-like objects, else `TypeError`."""

def prepare_ctrl(data: DataLike) -> bytes:
    """The payload of a ping or pong as bytes. Raises `TypeError` for anything but str and bytes-like objects."""

def parse_close(data: bytes) -> tuple[int, str]:
    """The code and the reason in the payload of a close frame.

    Raises `ProtocolError`, and `UnicodeDecodeError` for a reason that is not UTF-8.
    """

def serialize_close(code: int, reason: str) -> bytes:
    """The payload of a close frame. Raises `ProtocolError` for a code that has no place there."""

encode_data = prepare_ctrl
