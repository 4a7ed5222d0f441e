"""WebSocket without I/O: what clients and servers have in common."""

import enum
import uuid
from typing import Final, TypeAlias

from .exceptions import ConnectionClosed
from .extensions.base import Extension
from .frames import Close, Frame
from .http11 import Request, Response
from .typing import LoggerLike, Origin, Subprotocol

__all__ = ["Protocol", "Side", "State", "SEND_EOF"]

_Bytes: TypeAlias = bytes | bytearray | memoryview
_Limit: TypeAlias = int | None | tuple[int | None, int | None]
_Event: TypeAlias = Request | Response | Frame

SEND_EOF: Final[bytes]
"""Among what is to be sent: the end of the stream."""

class Side(enum.IntEnum):
    """Which end of a connection it is."""

    SERVER = 0
    CLIENT = 1

class State(enum.IntEnum):
    """The state of a connection."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3

class Protocol:
    """One end of a WebSocket connection without its socket. Give it what arrives, by `receive_data` and
    `receive_eof`; take what is to be sent from `data_to_send`, and what happened from `events_received`.
    """

    def __init__(
        self, side: Side, *, state: State = ..., max_size: _Limit = 1048576, logger: LoggerLike | None = None
    ) -> None: ...
    side: Side
    """Which end of the connection this is, a member of `Side`."""
    state: State
    """How far the connection has come, a member of `State`."""
    id: uuid.UUID
    """A UUID for logs."""
    logger: LoggerLike
    """The logger, or logger adapter."""
    debug: bool
    """Whether everything is logged; found out when the protocol is made."""
    max_message_size: int | None
    """What a message may have, in bytes, or None."""
    max_fragment_size: int | None
    """What a frame may have, in bytes, or None."""
    current_size: int | None
    """The size so far of the message that arrives in fragments, in bytes, or None."""
    origin: Origin | None
    """The value of the `Origin` header, or None."""
    extensions: list[Extension]
    """The extensions that were agreed on, in the order in which they encode."""
    subprotocol: Subprotocol | None
    """The subprotocol that was agreed on, or None."""
    handshake_exc: Exception | None
    """Why the opening handshake failed, or None."""
    parser_exc: Exception | None
    """What the connection failed with, or None."""
    expect_continuation_frame: bool
    """Whether a message is being sent in fragments."""
    eof_sent: bool
    """Whether the end of our stream was, or is to be, sent."""
    close_rcvd: Close | None
    """What the peer's close frame said, or None."""
    close_sent: Close | None
    """What our close frame said, or None."""
    close_rcvd_then_sent: bool | None
    """Whether the peer's close frame came before ours was sent; None unless there are both."""
    @property
    def close_code(self) -> int | None:
        """The code of the peer's close frame, 1006 if there was none; None until the connection is closed."""
    @property
    def close_reason(self) -> str | None:
        """The reason of the peer's close frame, empty if there was none; None until the connection is closed."""
    @property
    def close_exc(self) -> ConnectionClosed:
        """A new exception that says how the connection was closed. Raises `AssertionError` until it is."""
    def receive_data(self, data: _Bytes) -> None:
        """Processes bytes that arrived. What is wrong with them fails the connection and is `parser_exc`; nothing is
        raised but `EOFError` after `receive_eof`.
        """
    def receive_eof(self) -> None:
        """Processes the end of the stream; called again, it does nothing."""
    def events_received(self) -> list[_Event]:
        """What arrived since the last call: a list of frames, and of the request or response of the opening
        handshake.
        """
    def data_to_send(self) -> list[bytes]:
        """What is to be sent since the last call: a list of bytes, where `SEND_EOF`, which is empty, says to half-
        close the connection.
        """
    def close_expected(self) -> bool:
        """Whether the peer should end the connection soon: if it does not, end it."""
    def send_continuation(self, data: _Bytes, fin: bool) -> None:
        """Sends another fragment of a message, the last one if `fin`. Raises `ProtocolError` unless a message is
        being sent in fragments, `InvalidState` unless the connection is open.
        """
    def send_text(self, data: _Bytes, fin: bool = True) -> None:
        """Sends text that is encoded in UTF-8, or its first fragment unless `fin`. Raises `ProtocolError` while a
        message is being sent in fragments, `InvalidState` unless the connection is open.
        """
    def send_binary(self, data: _Bytes, fin: bool = True) -> None:
        """Sends bytes, or their first fragment unless `fin`. Raises as `send_text` does."""
    def send_close(self, code: int | None = None, reason: str = "") -> None:
        """Begins the closing handshake. Raises `ProtocolError` for a code that must not be sent or a reason that has
        no code or is longer than 123 bytes, `InvalidState` unless the connection is open.
        """
    def send_ping(self, data: _Bytes) -> None:
        """Sends a ping. Raises `ProtocolError` for more than 125 bytes, `InvalidState` unless the connection is open
        or closing.
        """
    def send_pong(self, data: _Bytes) -> None:
        """Sends a pong. Raises as `send_ping` does."""
    def send_frame(self, frame: Frame) -> None:
        """Sends a frame, as it is but for the extensions. Called only where it is overridden."""
    def send_eof(self) -> None:
        """Ends the stream, once."""
    def recv_frame(self, frame: Frame) -> None:
        """Processes a frame that arrived. Called only where it is overridden."""
    def fail(self, code: int, reason: str = "") -> None:
        """Fails the connection: sends a close frame if none was sent, unless the code is 1006, and looks at nothing
        that arrives any more. Raises `ProtocolError` for a code that must not be sent.
        """
