"""What the connections of clients and servers have in common, for threads."""

import socket as socket_module
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, overload

from ..exceptions import ConnectionClosed
from ..frames import CloseCode, Frame
from ..http11 import Request, Response
from ..protocol import Protocol, State
from ..typing import Data, LoggerLike, Subprotocol
from .messages import Assembler

__all__ = ["Connection"]

_Payload: TypeAlias = Data | bytearray | memoryview
_Marks: TypeAlias = int | None | tuple[int | None, int | None]
_Event: TypeAlias = Request | Response | Frame

class Connection:
    """A WebSocket connection: what `ClientConnection` and `ServerConnection` have in common."""

    protocol: Protocol
    """The protocol object."""
    socket: socket_module.socket
    """The socket."""
    id: uuid.UUID
    logger: LoggerLike
    debug: bool
    request: Request | None
    response: Response | None
    ping_interval: float | None
    ping_timeout: float | None
    close_timeout: float | None
    recv_bufsize: int
    recv_events_thread: threading.Thread
    keepalive_thread: threading.Thread | None
    recv_messages: Assembler
    """What makes messages of the frames that arrive."""
    recv_flow_control: AbstractContextManager[Any]
    """The lock that is taken while reading pauses because too many frames wait to be read."""
    protocol_mutex: AbstractContextManager[Any]
    """The lock that serialises what is done with the protocol object."""
    send_in_progress: bool
    """Whether a fragmented message is being sent."""
    connection_exc: Exception | None
    """Why the connection was lost, if it was not closed in good order."""
    pending_legacy_warning: bool
    """Whether `connect()` was called and not entered, about which the next call of a method is to warn."""
    def __init__(
        self,
        sock: socket_module.socket,
        protocol: Protocol,
        *,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        max_queue: _Marks = 16,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Iterator[Data]: ...
    @property
    def local_address(self) -> Any:
        """The address of this end; `(host, port)` for IPv4, as `socket.getsockname()` gives it."""
    @property
    def remote_address(self) -> Any:
        """The address of the peer; `(host, port)` for IPv4, as `socket.getpeername()` gives it."""
    @property
    def latency(self) -> float:
        """How long the last ping took to be answered, in seconds; 0.0 before the first."""
    @property
    def state(self) -> State:
        """The `State` of the connection. Prefer catching `ConnectionClosed` from `recv` and `send`."""
    @property
    def subprotocol(self) -> Subprotocol | None:
        """The subprotocol that was agreed upon, or `None`."""
    @property
    def close_code(self) -> int | None:
        """The code the connection was closed with, or `None` before it is."""
    @property
    def close_reason(self) -> str | None:
        """The reason the connection was closed with, or `None` before it is."""
    @property
    def close_exc(self) -> ConnectionClosed:
        """The exception for a method of a connection that is closed."""
    @overload
    def recv(self, timeout: float | None = None, *, decode: Literal[True]) -> str: ...
    @overload
    def recv(self, timeout: float | None = None, *, decode: Literal[False]) -> bytes: ...
    @overload
    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Data:
        """Receives the next message: a `str` for text and `bytes` for a binary one, or what `decode` says: with False
        it is always `bytes`, with True always a `str`.

        Raises `ConnectionClosed` when the connection is closed (`ConnectionClosedOK` or `ConnectionClosedError`),
        `TimeoutError`, and `ConcurrencyError` while another thread receives.
        """
    @overload
    def recv_streaming(self, decode: Literal[True]) -> Iterator[str]: ...
    @overload
    def recv_streaming(self, decode: Literal[False]) -> Iterator[bytes]: ...
    @overload
    def recv_streaming(self, decode: bool | None = None) -> Iterator[Data]:
        """Receives the next message fragment by fragment: an iterator over `str` or `bytes`, as `recv()` would
        return. It must be iterated over to its end before another message can be received.
        """
    def send(self, message: _Payload | Iterable[_Payload], *, text: bool | None = None) -> None:
        """Sends a message: text for a `str`, a binary one for `bytes`, `bytearray` and `memoryview`, unless `text`
        says otherwise. Of an iterable of these, all of one type, each item becomes a fragment.

        Raises `ConnectionClosed` when the connection is closed, `ConcurrencyError` while a fragmented message is
        being sent, and `TypeError` for anything else, a mapping included.
        """
    def close(self, code: CloseCode | int = 1000, reason: str = "") -> None:
        """Closes the connection, with a code and a reason for the peer, and waits until it is closed. Does nothing if
        it is closed already.
        """
    def wait_closed(self, timeout: float | None = None) -> bool:
        """Waits until the connection is closed, for `timeout` seconds at most. Returns whether it is."""
    def ping(self, data: _Payload | None = None, *, ack_on_close: bool = False) -> threading.Event:
        """Sends a ping. Returns a `threading.Event` that is set when it is answered, and with `ack_on_close=True`
        also when the connection is closed. Without `data`, four random bytes are sent.

        Raises `ConnectionClosed` when the connection is closed, and `ConcurrencyError` if a ping with the same data
        has not been answered.
        """
    def pong(self, data: _Payload = b"") -> None:
        """Sends a pong that no ping asked for.

        Raises `ConnectionClosed` when the connection is closed.
        """
    def keepalive(self) -> None:
        """Ping the peer every `ping_interval` seconds until the connection is closed."""
    def start_keepalive(self) -> None:
        """Ping the peer every `ping_interval` seconds from a thread, unless that is `None`."""
    def process_event(self, event: _Event) -> None:
        """Handles an event: frames are for `recv` and `ping`; the request or response of the opening handshake is for
        `_handle_handshake`.
        """
    def acknowledge_pings(self, data: bytes) -> None:
        """Sets the events of the pings that a pong answers: the one with this data and those before it."""
    def recv_events(self) -> None:
        """Reads the connection until its end, and closes it."""
    def send_context(self, *, expected_state: State = ...) -> AbstractContextManager[None]:
        """A context in which the protocol may be used: it takes `protocol_mutex`, checks that the connection is in
        `expected_state`, and at its end sends what there is to be sent.

        It raises `ConnectionClosed` if the connection is in another state or is lost, and waits for the end of the
        connection if the protocol expects it.
        """
    def send_data(self) -> None:
        """Sends what the protocol has to send. The caller has `protocol_mutex`."""
    def set_connection_exc(self, exception: Exception | None) -> None:
        """Sets `connection_exc` unless it is set."""
    def close_socket(self) -> None:
        """Closes the socket, which ends the connection at once. Whoever waits for a message gets `ConnectionClosed`."""
