"""The frames of WebSocket."""

import enum
from collections.abc import Callable, Generator, Sequence
from typing import Self

from .extensions.base import Extension

__all__ = ["Opcode", "CloseCode", "Frame", "Close"]

class Opcode(enum.IntEnum):
    """The kinds of frames."""

    CONT = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10

class CloseCode(enum.IntEnum):
    """The codes of close frames that have a meaning of their own."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RCVD = 1005
    ABNORMAL_CLOSURE = 1006
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015

class Frame:
    """A frame: what kind it is, its payload (any bytes-like object), whether it is the last of its message, and the
    reserved bits. Length and mask only exist on the wire.
    """

    MAX_LOG_SIZE: int
    opcode: Opcode
    """What kind of frame it is, a member of `Opcode`."""
    data: bytes | bytearray | memoryview
    """The payload, bytes-like."""
    fin: bool
    """Whether it is the last frame of its message."""
    rsv1: bool
    """The first reserved bit, which permessage-deflate uses."""
    rsv2: bool
    """The second reserved bit."""
    rsv3: bool
    """The third reserved bit."""
    def __init__(
        self,
        opcode: Opcode,
        data: bytes | bytearray | memoryview,
        fin: bool = True,
        rsv1: bool = False,
        rsv2: bool = False,
        rsv3: bool = False,
    ) -> None: ...
    @classmethod
    def parse(
        cls,
        read_exact: Callable[[int], Generator[None, None, bytes | bytearray]],
        *,
        mask: bool,
        max_size: int | None = None,
        extensions: Sequence[Extension] | None = None,
    ) -> Generator[None, None, Self]:
        """`Frame.parse(read_exact, *, mask, max_size=None, extensions=None)`"""
    def serialize(self, *, mask: bool, extensions: Sequence[Extension] | None = None) -> bytes:
        """The frame as it is sent, with a random mask if `mask`, after the extensions have encoded it. Raises
        `ProtocolError` for a frame that breaks a rule.
        """
    def check(self) -> None:
        """Raises `ProtocolError` if a reserved bit is set, or if a control frame is too long or fragmented."""

class Close:
    """What a close frame says: a code, which is a number or a member of `CloseCode`, and a reason, which is a str."""

    code: int
    """The close code."""
    reason: str
    """The reason, empty if there is none."""
    def __init__(self, code: int, reason: str) -> None: ...
    @classmethod
    def parse(cls, data: bytes | bytearray | memoryview) -> Self:
        """`Close.parse(data)`"""
    def serialize(self) -> bytes:
        """The payload of a close frame. Raises `ProtocolError` for a code that must not be sent."""
    def check(self) -> None:
        """Raises `ProtocolError` for a code that must not be sent."""
