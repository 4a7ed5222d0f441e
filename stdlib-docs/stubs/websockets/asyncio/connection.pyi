"""What the connections of clients and servers have in common, for asyncio."""

import asyncio
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable
from contextlib import AbstractAsyncContextManager
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
_Message: TypeAlias = _Payload | Iterable[_Payload] | AsyncIterable[_Payload]
_Marks: TypeAlias = int | None | tuple[int | None, int | None]
_Event: TypeAlias = Request | Response | Frame

class Connection(asyncio.Protocol):
    """A WebSocket connection: what `ClientConnection` and `ServerConnection` have in common.

    It is an `asyncio.Protocol`. `protocol` is the sans-I/O `Protocol` that knows WebSocket; the other arguments are
    those of `connect` and `serve`.
    """

    protocol: Protocol
    """The protocol object."""
    transport: asyncio.Transport
    """The transport, once there is one."""
    loop: asyncio.AbstractEventLoop
    """The event loop that runs the connection."""
    id: uuid.UUID
    logger: LoggerLike
    debug: bool
    request: Request | None
    response: Response | None
    ping_interval: float | None
    ping_timeout: float | None
    close_timeout: float | None
    max_queue_high: int | None
    max_queue_low: int | None
    write_limit_high: int | None
    write_limit_low: int | None
    keepalive_task: asyncio.Task[None] | None
    recv_messages: Assembler
    """The `Assembler` of messages, once there is a transport."""
    paused: bool
    """Whether the transport's buffer is full."""
    send_in_progress: bool | None
    """Whether a fragmented message is being sent: `True` or `None`."""
    pending_pings: dict[bytes, tuple[asyncio.Future[float], float]]
    """Pings without an answer: payloads, with futures and times of sending."""
    connection_exc: Exception | None
    """Why the connection was lost: the cause of `ConnectionClosed`."""
    connection_lost_waiter: asyncio.Future[None]
    """A future that ends when the connection is closed. Not to be cancelled."""
    close_deadline: float | None
    """When the closing handshake has to be over, by the clock of the loop; `None` before it begins."""
    def __init__(
        self,
        protocol: Protocol,
        *,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        max_queue: _Marks = 16,
        write_limit: int | tuple[int, int | None] = 32768,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __aiter__(self) -> AsyncIterator[Data]: ...
    @property
    def local_address(self) -> Any:
        """The address of this end; `(host, port)` for IPv4, as `socket.getsockname()` gives it."""
    @property
    def remote_address(self) -> Any:
        """The address of the peer; `(host, port)` for IPv4, as `socket.getpeername()` gives it."""
    @property
    def latency(self) -> float:
        """How long the last answered ping took, in seconds; 0.0 before there was one."""
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
        """The `ConnectionClosed` exception of a closed connection."""
    @overload
    async def recv(self, decode: Literal[True]) -> str: ...
    @overload
    async def recv(self, decode: Literal[False]) -> bytes: ...
    @overload
    async def recv(self, decode: bool | None = None) -> Data:
        """Receives the next message: a coroutine.

        Raises `ConnectionClosedOK` once the connection is closed and every message was received,
        `ConnectionClosedError` if it was not closed as it should be, and `ConcurrencyError` while another coroutine
        is receiving. Cancelling it loses no message.
        """
    @overload
    def recv_streaming(self, decode: Literal[True]) -> AsyncIterator[str]: ...
    @overload
    def recv_streaming(self, decode: Literal[False]) -> AsyncIterator[bytes]: ...
    @overload
    def recv_streaming(self, decode: bool | None = None) -> AsyncIterator[Data]:
        """Receives the next message in fragments, each as soon as it is there: an asynchronous iterator.

        It has to be exhausted: before that, no other message can be received. Fragments are `str` or `bytes`, with
        `decode` as in `recv`; raises what `recv` raises.
        """
    async def send(self, message: _Message, text: bool | None = None) -> None:
        """Sends a message: a coroutine."""
    async def close(self, code: CloseCode | int = 1000, reason: str = "") -> None:
        """Closes the connection with a code and a reason, and waits until it is closed: a coroutine."""
    async def wait_closed(self) -> None:
        """Waits until the connection is closed: a coroutine."""
    async def ping(self, data: _Payload | None = None) -> Awaitable[float]:
        """Sends a ping: a coroutine, whose result is a future."""
    async def pong(self, data: _Payload = b"") -> None:
        """Sends an unsolicited pong: a coroutine. `data` is the payload, nothing by default."""
    async def keepalive(self) -> None:
        """Pings the peer every `ping_interval` seconds, and ends the connection if it does not answer within
        `ping_timeout` seconds: a coroutine, which ends with the connection.
        """
    def start_keepalive(self) -> None:
        """Run `keepalive` in a task, unless `ping_interval` is `None`."""
    def process_event(self, event: _Event) -> None:
        """Takes an event of the protocol. Subclasses may override it."""
    def acknowledge_pings(self, data: bytes) -> None:
        """Ends the pings that a pong with this payload answers."""
    def terminate_pending_pings(self) -> None:
        """Raises `ConnectionClosed` in tasks that wait for pongs."""
    def send_context(self, *, expected_state: State = ...) -> AbstractAsyncContextManager[None]:
        """Enclose code that gives something to `protocol` to be sent."""
    def send_data(self) -> None:
        """Writes the pending output of the protocol to the transport."""
    def set_connection_exc(self, error: Exception | None) -> None:
        """Remembers why the connection is lost, unless that is known."""
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins with a transport."""
    def connection_lost(self, error: Exception | None) -> None:
        """Ends with the transport, because of an exception or not."""
    def data_received(self, data: bytes) -> None:
        """Takes bytes of the peer."""
    def eof_received(self) -> None:
        """Takes the end of what the peer sends."""
    def pause_writing(self) -> None:
        """Has `send` wait."""
    def resume_writing(self) -> None:
        """Lets `send` continue."""
