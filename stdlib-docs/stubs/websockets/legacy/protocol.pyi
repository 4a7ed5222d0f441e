"""The part of a connection that clients and servers have in common: messages, pings and the closing handshake."""

import asyncio
from asyncio import AbstractEventLoop, BaseTransport
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable
from typing import Any
from uuid import UUID

from ..datastructures import Headers
from ..exceptions import ConnectionClosed
from ..extensions.base import Extension
from ..frames import Close, Frame
from ..protocol import State
from ..typing import BytesLike, Data, DataLike, LoggerLike, Subprotocol

__all__ = ["WebSocketCommonProtocol"]

MAX_FRAGMENTS: int

class WebSocketCommonProtocol(asyncio.Protocol):
    """A WebSocket connection over a transport of asyncio.

    `logger` is `logging.getLogger("websockets.protocol")` unless given. Every `ping_interval` seconds a ping is
    sent, never if None; a peer that does not answer in `ping_timeout` seconds, if not None, loses the
    connection with code 1011. `close_timeout`, 10 seconds, is how long each step of closing may take, of which
    a client has five and a server four. `max_size` bytes is the limit of incoming messages, and `max_queue` is
    how many of them wait for `recv` before no more is read; None is no limit. `read_limit` and `write_limit`
    are the high-water marks of the buffers for what comes in and goes out, in bytes.

    `host`, `port`, `secure`, `legacy_recv`, `loop` and `timeout` are former parameters.
    """

    is_client: bool
    """Whether it is the client's end."""
    side: str
    """`"client"` or `"server"`."""
    id: UUID
    """Identifies the connection in logs."""
    logger: LoggerLike
    debug: bool
    loop: AbstractEventLoop
    reader: asyncio.StreamReader
    transport: asyncio.Transport
    state: State
    path: str
    """The path of the request, with its query."""
    request_headers: Headers
    response_headers: Headers
    extensions: list[Extension]
    subprotocol: Subprotocol | None
    """The subprotocol that was agreed on."""
    messages: deque[Data]
    pings: dict[bytes, tuple[asyncio.Future[float], float]]
    latency: float
    """The round trip of the last ping that was answered, in seconds; 0 before."""
    ping_interval: float | None
    ping_timeout: float | None
    close_timeout: float
    max_size: int | None
    max_queue: int | None
    read_limit: int
    write_limit: int
    legacy_recv: bool
    close_rcvd: Close | None
    close_sent: Close | None
    close_rcvd_then_sent: bool | None
    transfer_data_exc: BaseException | None
    connection_lost_waiter: asyncio.Future[None]
    transfer_data_task: asyncio.Task[None]
    keepalive_ping_task: asyncio.Task[None]
    close_connection_task: asyncio.Task[None]
    def __init__(
        self,
        *,
        logger: LoggerLike | None = None,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = None,
        max_size: int | None = 1048576,
        max_queue: int | None = 32,
        read_limit: int = 65536,
        write_limit: int = 65536,
        host: str | None = None,
        port: int | None = None,
        secure: bool | None = None,
        legacy_recv: bool = False,
        loop: AbstractEventLoop | None = None,
        timeout: float | None = None,
    ) -> None: ...
    def connection_open(self) -> None:
        """The handshake is complete: begin to receive, to ping, and to wait for the end."""
    @property
    def host(self) -> str | None:
        """The host of the URI or of the server (deprecated)."""
    @property
    def port(self) -> int | None:
        """The port of the URI or of the server (deprecated)."""
    @property
    def secure(self) -> bool | None:
        """Whether TLS is used (deprecated)."""
    @property
    def local_address(self) -> Any:
        """The own address: a tuple of host and port and more for IPv6, a path for Unix sockets; None before there
        is a connection.
        """
    @property
    def remote_address(self) -> Any:
        """The address of the peer, as `local_address`."""
    @property
    def open(self) -> bool:
        """Whether messages can be sent and received. It may be too late by the time they are."""
    @property
    def closed(self) -> bool:
        """Whether the connection is closed. It is neither open nor closed while it opens and closes."""
    @property
    def close_code(self) -> int | None:
        """The code that the peer closed with: 1005 without one, 1006 without a close frame; None before the end."""
    @property
    def close_reason(self) -> str | None:
        """The reason that the peer closed with, which may be empty; None before the end."""
    def __aiter__(self) -> AsyncIterator[Data]:
        """Receive messages until the connection closes normally."""
    async def recv(self) -> Data:
        """Receive a message: str for text, bytes for binary data. It can be cancelled without losing one.

        Raises `ConnectionClosed` at the end, and `RuntimeError` if another task waits for a message.
        """
    async def send(self, message: DataLike | Iterable[DataLike] | AsyncIterable[DataLike]) -> None:
        """Send a message: str as text, bytes-like objects as binary data.

        An iterable or asynchronous iterable of either is sent in as many frames as it has items, and other
        messages wait for its end; if that fails halfway, so does the connection. Raises `ConnectionClosed`, and
        `TypeError` for anything else, mappings included.
        """
    async def close(self, code: int = ..., reason: str = "") -> None:
        """Close the connection, and wait for the peer to close it too. It may be called again.

        `reason` is a str of at most 123 bytes in UTF-8.
        """
    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""
    async def ping(self, data: DataLike | None = None) -> Awaitable[float]:
        """Send a ping, with these data (str or bytes-like) or random ones.

        Returns a future that is done when the peer answers it, or a later one, with the round trip in seconds.
        Raises `ConnectionClosed`, and `RuntimeError` if a ping with the same data was not answered yet.
        """
    async def pong(self, data: DataLike = b"") -> None:
        """Send a pong that nobody asked for. Raises `ConnectionClosed`."""
    def connection_closed_exc(self) -> ConnectionClosed:
        """The exception that says how the connection was closed."""
    async def ensure_open(self) -> None:
        """Raise `ConnectionClosed` unless the connection is open.

        If it is closing, that comes first.
        """
    def fail_connection(self, code: int = ..., reason: str = "") -> None:
        """Give the connection up (RFC 6455 section 7.1.7), without waiting for the end.

        Nothing more is received. A close frame is sent, unless there is one already or the code is 1006, which
        means that the network has failed.
        """
    def abort_pings(self) -> None:
        """Tell those who wait for pongs that the connection is closed."""
    async def close_connection(self) -> None:
        """A task: once no more is received, close the transport (RFC 6455 section 7.1.1)."""
    async def close_transport(self) -> None:
        """Close the transport; abort it if that takes longer than `close_timeout`."""
    async def wait_for_connection_lost(self) -> bool:
        """Wait `close_timeout` seconds at most for the transport to be closed. Returns whether it is."""
    async def transfer_data(self) -> None:
        """A task: receive messages until the peer closes the connection or something fails."""
    async def read_message(self) -> Data | None:
        """Read a message: str for text, bytes for binary data; None once the peer has closed the connection."""
    async def read_data_frame(self, max_size: int | None) -> Frame | None:
        """Read a frame that has a part of a message, and answer the others until then; None for a close frame."""
    async def read_frame(self, max_size: int | None) -> Frame:
        """Read a frame, which is a `Frame`."""
    def write_frame_sync(self, fin: bool, opcode: int, data: BytesLike) -> None:
        """Give a frame to the transport."""
    async def drain(self) -> None:
        """Wait until the transport takes more. Raises `ConnectionClosed`."""
    async def write_frame(self, fin: bool, opcode: int, data: BytesLike, *, _state: State = ...) -> None:
        """Send a frame. Raises `InvalidState` unless the connection is open."""
    async def write_close_frame(self, close: Close, data: BytesLike | None = None) -> None:
        """Send a close frame unless one was sent. `data` is its payload if that is not the one of `close`."""
    async def keepalive_ping(self) -> None:
        """A task: send pings at intervals, and fail the connection if one is not answered in time."""
    def connection_made(self, transport: BaseTransport) -> None:
        """There is a connection: limit what may wait to be written."""
    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over (RFC 6455 section 7.1.4)."""
    def data_received(self, data: bytes) -> None:
        """Add data to the stream."""
    def eof_received(self) -> None:
        """End the stream."""

def broadcast(
    websockets: Iterable[WebSocketCommonProtocol], message: DataLike, raise_exceptions: bool = False
) -> None:
    """Send a message, str or bytes-like, to many connections, without waiting for any of them.

    Connections that are not open are skipped. So are those on which it fails, with a warning in their logs;
    with `raise_exceptions`, an `ExceptionGroup` says so when all of them are done. Slow peers make their
    buffers grow: only pings that time out limit them. Raises `TypeError` for other messages.
    """
