"""What is sent and received: the classes of the package wsproto if it is there, else their like."""

import dataclasses

try:
    from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
except ImportError:

    @dataclasses.dataclass(frozen=True)
    class TextMessage:
        """A message of text, or a part of one."""

        data: str
        frame_finished: bool = True
        message_finished: bool = True

    @dataclasses.dataclass(frozen=True)
    class BytesMessage:
        """A message of bytes, or a part of one."""

        data: bytes
        frame_finished: bool = True
        message_finished: bool = True

    @dataclasses.dataclass(frozen=True)
    class CloseConnection:
        """The end of a connection."""

        code: int
        reason: str | None = None

    @dataclasses.dataclass(frozen=True)
    class Ping:
        """A question whether the peer is there."""

        payload: bytes = b""

    @dataclasses.dataclass(frozen=True)
    class Pong:
        """The answer to a ping."""

        payload: bytes = b""


__all__ = ["BytesMessage", "CloseConnection", "Ping", "Pong", "TextMessage"]
