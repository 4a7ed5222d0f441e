"""Frames as the legacy implementation has them: tuples of what :class:`websockets.frames.Frame` consists of."""

from typing import NamedTuple

from _websockets_frames import take_frame

from .. import frames
from ..frames import Close
from ..typing import BytesLike

__all__ = [
    "Frame",
    "prepare_data",
    "encode_data",
    "prepare_ctrl",
    "parse_close",
    "serialize_close",
]


class Frame(NamedTuple):
    """A frame: whether it is the last of its message, what kind it is, its payload, and the reserved bits."""

    fin: bool
    opcode: frames.Opcode
    data: BytesLike
    rsv1: bool = False
    rsv2: bool = False
    rsv3: bool = False

    @property
    def new_frame(self):
        """The same as a :class:`websockets.frames.Frame`."""
        return frames.Frame(self.opcode, self.data, self.fin, self.rsv1, self.rsv2, self.rsv3)

    def __str__(self):
        return str(self.new_frame)

    def check(self):
        """Raise :exc:`~websockets.exceptions.ProtocolError` for reserved bits that are set, and for a control frame
        that is too long or fragmented."""
        self.new_frame.check()

    @classmethod
    async def read(cls, reader, *, mask, max_size=None, extensions=None):
        """Read a frame.

        ``reader(n)`` is a coroutine function that returns exactly n bytes, such as
        :meth:`asyncio.StreamReader.readexactly`; ``mask`` tells whether frames must be masked, ``max_size`` is the
        limit of the payload in bytes, and the ``extensions`` decode the frame in reverse order. Raises what
        ``reader`` raises, :exc:`~websockets.exceptions.PayloadTooBig`, and
        :exc:`~websockets.exceptions.ProtocolError`.
        """
        received = bytearray()
        # The size of a frame is known in two or three steps. No more than that may be taken out of the stream.
        found = 2
        while isinstance(found, int):
            received += await reader(found - len(received))
            found = take_frame(received, mask, max_size)
        frame = decode_frame(found[0], max_size, extensions)
        return cls(frame.fin, frame.opcode, frame.data, frame.rsv1, frame.rsv2, frame.rsv3)

    def write(self, write, *, mask, extensions=None):
        """Give the bytes of the frame to ``write``, in one call, masked if ``mask``.

        The ``extensions`` encode it first. Raises :exc:`~websockets.exceptions.ProtocolError` for an invalid frame.
        """
        write(self.new_frame.serialize(mask=mask, extensions=extensions))


def decode_frame(frame, max_size, extensions):
    """Have the extensions decode a :class:`websockets.frames.Frame`, and check the result."""
    for extension in reversed(extensions or ()):
        frame = extension.decode(frame, max_size=max_size)
    frame.check()
    return frame


def prepare_data(data):
    """The opcode and the payload for a message: text for str, binary for bytes-like objects, else ``TypeError``."""
    if isinstance(data, str):
        return frames.TEXT, data.encode()
    if isinstance(data, BytesLike):
        return frames.BINARY, data
    raise TypeError("data must be str or bytes-like")


def prepare_ctrl(data):
    """The payload of a ping or pong as bytes. Raises ``TypeError`` for anything but str and bytes-like objects."""
    payload = prepare_data(data)[1]
    return bytes(payload)


#: The former name of :func:`prepare_ctrl`.
encode_data = prepare_ctrl


def parse_close(data):
    """The code and the reason in the payload of a close frame.

    Raises :exc:`~websockets.exceptions.ProtocolError`, and ``UnicodeDecodeError`` for a reason that is not UTF-8.
    """
    close = Close.parse(data)
    return close.code, close.reason


def serialize_close(code, reason):
    """The payload of a close frame. Raises :exc:`~websockets.exceptions.ProtocolError` for a code that has no place
    there."""
    return Close(code, reason).serialize()
