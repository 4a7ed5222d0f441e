"""The part of a connection that clients and servers have in common: messages, pings and the closing handshake."""

import asyncio
import codecs
import collections
import logging
import os
import random
import ssl
import time
import traceback
import uuid
import warnings
import weakref
from collections.abc import AsyncIterable, Iterable, Mapping

from ..exceptions import (
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidState,
    PayloadTooBig,
    ProtocolError,
    TooManyFragments,
)
from ..frames import CLOSE, CONT, OK_CLOSE_CODES, PING, PONG, TEXT, Close, CloseCode, Frame, Opcode
from ..protocol import State
from ..typing import DataLike
from ._stream import StreamProtocol
from .framing import prepare_ctrl, prepare_data

__all__ = ["WebSocketCommonProtocol"]

#: How many frames a message may come in.
MAX_FRAGMENTS = int(os.environ.get("WEBSOCKETS_MAX_FRAGMENTS", "4096"))

#: The close codes and reasons that a connection fails with, by what happens to the incoming stream.
_FAILURES = (
    (ProtocolError, CloseCode.PROTOCOL_ERROR, ""),
    ((ConnectionError, TimeoutError, EOFError, ssl.SSLError), CloseCode.ABNORMAL_CLOSURE, ""),
    (UnicodeDecodeError, CloseCode.INVALID_DATA, ""),
    (PayloadTooBig, CloseCode.MESSAGE_TOO_BIG, ""),
    (TooManyFragments, CloseCode.MESSAGE_TOO_BIG, "too many fragments"),
)


class WebSocketCommonProtocol(StreamProtocol):
    """A WebSocket connection over a transport of asyncio.

    ``logger`` is ``logging.getLogger("websockets.protocol")`` unless given. Every ``ping_interval`` seconds a ping is
    sent, never if None; a peer that does not answer in ``ping_timeout`` seconds, if not None, loses the connection
    with code 1011. ``close_timeout``, 10 seconds, is how long each step of closing may take, of which a client has
    five and a server four. ``max_size`` bytes is the limit of incoming messages, and ``max_queue`` is how many of
    them wait for :meth:`recv` before no more is read; None is no limit. ``read_limit`` and ``write_limit`` are the
    high-water marks of the buffers for what comes in and goes out, in bytes.

    ``host``, ``port``, ``secure``, ``legacy_recv``, ``loop`` and ``timeout`` are former parameters.
    """

    #: Whether it is the client's end.
    is_client: bool
    #: ``"client"`` or ``"server"``.
    side = "undefined"

    def __init__(
        self,
        *,
        logger=None,
        ping_interval=20,
        ping_timeout=20,
        close_timeout=None,
        max_size=2**20,
        max_queue=2**5,
        read_limit=2**16,
        write_limit=2**16,
        host=None,
        port=None,
        secure=None,
        legacy_recv=False,
        loop=None,
        timeout=None,
    ):
        if legacy_recv:
            _warn("legacy_recv is deprecated")
        close_timeout = _close_timeout(close_timeout, timeout)
        loop = _event_loop(loop)
        super().__init__(read_limit, loop)
        self.loop = loop

        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout
        self.close_timeout = close_timeout
        self.max_size = max_size
        self.max_queue = max_queue
        self.read_limit = read_limit
        self.write_limit = write_limit
        self.legacy_recv = legacy_recv
        self._host = host
        self._port = port
        self._secure = secure

        #: Identifies the connection in logs.
        self.id = uuid.uuid4()
        if logger is None:
            logger = logging.getLogger("websockets.protocol")
        # Its records know the connection, without keeping it.
        self.logger = logging.LoggerAdapter(logger, {"websocket": weakref.proxy(self)})
        self.debug = logger.isEnabledFor(logging.DEBUG)

        # What the handshake agrees on.
        self.extensions = []
        self.subprotocol = None

        # The messages that wait for `recv`; the future of a `recv` that waits, and that of the task that reads when
        # the queue is full.
        self.messages = collections.deque()
        self._pop_message_waiter = None
        self._put_message_waiter = None
        # Done when the message that is being sent in fragments is complete.
        self._fragmented_message_waiter = None
        # The futures of pings and when they were sent, oldest first, by what they carry.
        self.pings = {}
        #: The round trip of the last ping that was answered, in seconds; 0 before.
        self.latency = 0.0

        # What was agreed about closing, and why the incoming stream ended.
        self.close_rcvd = None
        self.close_sent = None
        self.close_rcvd_then_sent = None
        self.transfer_data_exc = None
        # Done when the transport is closed.
        self.connection_lost_waiter = loop.create_future()
        self._enter(State.CONNECTING)

    def _enter(self, state):
        self.state = state
        if self.debug:
            self.logger.debug("= connection is %s", state.name)

    def connection_open(self):
        """The handshake is complete: begin to receive, to ping, and to wait for the end."""
        assert self.state is State.CONNECTING, "a connection opens once"
        self._enter(State.OPEN)
        create_task = self.loop.create_task
        self.transfer_data_task = create_task(self.transfer_data())
        self.transfer_data_task.add_done_callback(self._transfer_ended)
        self.keepalive_ping_task = create_task(self.keepalive_ping())
        self.close_connection_task = create_task(self.close_connection())

    def _transfer_ended(self, _task):
        # Who waits for a message waits in vain.
        _wake(self._pop_message_waiter)

    # What it is.

    @property
    def host(self):
        """The host of the URI or of the server (deprecated)."""
        return self._former("host", "[0]", self._host)

    @property
    def port(self):
        """The port of the URI or of the server (deprecated)."""
        return self._former("port", "[1]", self._port)

    @property
    def secure(self):
        """Whether TLS is used (deprecated)."""
        _warn("don't use secure")
        return self._secure

    def _former(self, name, index, value):
        address = "remote_address" if self.is_client else "local_address"
        _warn(f"use {address}{index} instead of {name}")
        return value

    @property
    def local_address(self):
        """The own address: a tuple of host and port and more for IPv6, a path for Unix sockets; None before there is
        a connection."""
        return self._extra_info("sockname")

    @property
    def remote_address(self):
        """The address of the peer, as :attr:`local_address`."""
        return self._extra_info("peername")

    def _extra_info(self, name):
        transport = getattr(self, "transport", None)
        return None if transport is None else transport.get_extra_info(name)

    @property
    def open(self):
        """Whether messages can be sent and received. It may be too late by the time they are."""
        return self.state is State.OPEN and not self.transfer_data_task.done()

    @property
    def closed(self):
        """Whether the connection is closed. It is neither open nor closed while it opens and closes."""
        return self.state is State.CLOSED

    @property
    def close_code(self):
        """The code that the peer closed with: 1005 without one, 1006 without a close frame; None before the end."""
        return self._closed_with("code", CloseCode.ABNORMAL_CLOSURE)

    @property
    def close_reason(self):
        """The reason that the peer closed with, which may be empty; None before the end."""
        return self._closed_with("reason", "")

    def _closed_with(self, name, otherwise):
        if self.state is not State.CLOSED:
            return None
        return otherwise if self.close_rcvd is None else getattr(self.close_rcvd, name)

    # What programs call.

    async def __aiter__(self):
        """Receive messages until the connection closes normally."""
        while True:
            try:
                message = await self.recv()
            except ConnectionClosedOK:
                return
            yield message

    async def recv(self):
        """Receive a message: str for text, bytes for binary data. It can be cancelled without losing one.

        Raises :exc:`~websockets.exceptions.ConnectionClosed` at the end, and ``RuntimeError`` if another task waits
        for a message.
        """
        if self._pop_message_waiter is not None:
            raise RuntimeError("cannot call recv while another coroutine is already waiting for the next message")
        while not self.messages:
            if self.transfer_data_task.done():
                if self.legacy_recv:
                    return None
                # It raises: the connection cannot be open.
                await self.ensure_open()
            waiter = self._pop_message_waiter = self.loop.create_future()
            try:
                await waiter
            finally:
                # Another task may have begun to wait when this one was woken.
                if self._pop_message_waiter is waiter:
                    self._pop_message_waiter = None
        message = self.messages.popleft()
        _wake(self._put_message_waiter)
        return message

    async def send(self, message):
        """Send a message: str as text, bytes-like objects as binary data.

        An iterable or asynchronous iterable of either is sent in as many frames as it has items, and other messages
        wait for its end; if that fails halfway, so does the connection. Raises
        :exc:`~websockets.exceptions.ConnectionClosed`, and ``TypeError`` for anything else, mappings included.
        """
        await self.ensure_open()
        while self._fragmented_message_waiter is not None:
            await asyncio.shield(self._fragmented_message_waiter)
        if isinstance(message, DataLike):
            await self.write_frame(True, *prepare_data(message))
        elif isinstance(message, Mapping):
            raise TypeError("data is a dict-like object")
        elif isinstance(message, Iterable):
            parts = _each(message)
            try:
                await self._send_fragments(parts)
            finally:
                await parts.aclose()
        elif isinstance(message, AsyncIterable):
            await self._send_fragments(aiter(message))
        else:
            raise TypeError("data must be str, bytes-like, or iterable")

    async def _send_fragments(self, parts):
        try:
            part = await anext(parts)
        except StopAsyncIteration:
            return
        opcode, data = prepare_data(part)
        waiter = self._fragmented_message_waiter = self.loop.create_future()
        try:
            await self.write_frame(False, opcode, data)
            async for part in parts:
                kind, data = prepare_data(part)
                if kind != opcode:
                    raise TypeError("data contains inconsistent types")
                await self.write_frame(False, CONT, data)
            await self.write_frame(True, CONT, b"")
        except (Exception, asyncio.CancelledError):
            # Nothing can be sent any more: the peer waits for the rest of the message.
            self.fail_connection(CloseCode.INTERNAL_ERROR)
            raise
        finally:
            self._fragmented_message_waiter = None
            _wake(waiter)

    async def close(self, code=CloseCode.NORMAL_CLOSURE, reason=""):
        """Close the connection, and wait for the peer to close it too. It may be called again.

        ``reason`` is a str of at most 123 bytes in UTF-8.
        """
        try:
            async with asyncio.timeout(self.close_timeout):
                await self.write_close_frame(Close(code, reason))
        except TimeoutError:
            # The peer does not read.
            self.fail_connection()
        try:
            # If it takes too long, this cancels the task, and `transfer_data` ends without a close frame.
            async with asyncio.timeout(self.close_timeout):
                await self.transfer_data_task
        except (TimeoutError, asyncio.CancelledError):
            pass
        await asyncio.shield(self.close_connection_task)

    async def wait_closed(self):
        """Wait until the connection is closed."""
        await asyncio.shield(self.connection_lost_waiter)

    async def ping(self, data=None):
        """Send a ping, with these data (str or bytes-like) or random ones.

        Returns a future that is done when the peer answers it, or a later one, with the round trip in seconds.
        Raises :exc:`~websockets.exceptions.ConnectionClosed`, and ``RuntimeError`` if a ping with the same data was
        not answered yet.
        """
        await self.ensure_open()
        if data is None:
            data = random.randbytes(4)
            while data in self.pings:
                data = random.randbytes(4)
        else:
            data = prepare_ctrl(data)
            if data in self.pings:
                raise RuntimeError("already waiting for a pong with the same data")
        waiter = self.loop.create_future()
        self.pings[data] = waiter, time.perf_counter()
        await self.write_frame(True, PING, data)
        return asyncio.shield(waiter)

    async def pong(self, data=b""):
        """Send a pong that nobody asked for. Raises :exc:`~websockets.exceptions.ConnectionClosed`."""
        await self.ensure_open()
        await self.write_frame(True, PONG, prepare_ctrl(data))

    # The end.

    def connection_closed_exc(self):
        """The exception that says how the connection was closed."""
        frames = self.close_rcvd, self.close_sent
        is_ok = all(close is not None and close.code in OK_CLOSE_CODES for close in frames)
        cls = ConnectionClosedOK if is_ok else ConnectionClosedError
        exc = cls(*frames, self.close_rcvd_then_sent)
        exc.__cause__ = self.transfer_data_exc
        return exc

    async def ensure_open(self):
        """Raise :exc:`~websockets.exceptions.ConnectionClosed` unless the connection is open.

        If it is closing, that comes first.
        """
        if self.state is State.OPEN and not self.transfer_data_task.done():
            return
        if self.state is State.CONNECTING:
            raise InvalidState("WebSocket connection isn't established yet")
        if self.state is not State.CLOSED:
            await asyncio.shield(self.close_connection_task)
        raise self.connection_closed_exc()

    def fail_connection(self, code=CloseCode.ABNORMAL_CLOSURE, reason=""):
        """Give the connection up (RFC 6455 section 7.1.7), without waiting for the end.

        Nothing more is received. A close frame is sent, unless there is one already or the code is 1006, which means
        that the network has failed.
        """
        if self.debug:
            self.logger.debug("! failing connection with code %d", code)
        transfer = getattr(self, "transfer_data_task", None)
        if transfer is not None:
            transfer.cancel()
        if code != CloseCode.ABNORMAL_CLOSURE and self.state is State.OPEN:
            # The peer has not closed: that leaves this state as soon as it is received.
            close = Close(code, reason)
            self._enter(State.CLOSING)
            self.close_sent = close
            # Without waiting for the buffer to get empty: the transport is closed in any case.
            self.write_frame_sync(True, CLOSE, close.serialize())
        if not hasattr(self, "close_connection_task"):
            # There was no handshake.
            self.close_connection_task = self.loop.create_task(self.close_connection())

    def abort_pings(self):
        """Tell those who wait for pongs that the connection is closed."""
        assert self.state is State.CLOSED, "pongs can still arrive"
        exc = self.connection_closed_exc()
        for waiter, _ in self.pings.values():
            if not waiter.done():
                waiter.set_exception(exc)
                # This changes nothing but that nothing is logged if nobody waits.
                waiter.cancel()

    async def close_connection(self):
        """A task: once no more is received, close the transport (RFC 6455 section 7.1.1)."""
        received = getattr(self, "transfer_data_task", None)
        try:
            if received is not None:
                try:
                    await received
                except asyncio.CancelledError:
                    pass
            keepalive = self.__dict__.pop("keepalive_ping_task", None)
            if keepalive is not None:
                keepalive.cancel()
            # The server closes the transport; it is to have the wait that TCP ends a connection with.
            if self.is_client and received is not None and await self._closes_in_time():
                return
            if self.transport.can_write_eof():
                self._log_step("half-closing TCP connection")
                try:
                    self.transport.write_eof()
                except (OSError, RuntimeError):
                    # There is no connection any more, or the loop has its own idea of when there is not.
                    pass
                if await self._closes_in_time():
                    return
        finally:
            # Also if this task is cancelled.
            await self.close_transport()

    async def close_transport(self):
        """Close the transport; abort it if that takes longer than ``close_timeout``."""
        # TLS keeps a transport open whose connection is lost.
        if self.connection_lost_waiter.done() and self.transport.is_closing():
            return
        self._log_step("closing TCP connection")
        self.transport.close()
        if not await self._closes_in_time():
            self._log_step("aborting TCP connection")
            self.transport.abort()
            await self.wait_for_connection_lost()

    def _log_step(self, step):
        if self.debug:
            self.logger.debug("x %s", step)

    async def _closes_in_time(self):
        closed = await self.wait_for_connection_lost()
        if self.debug and not closed:
            self.logger.debug("- timed out waiting for TCP close")
        return closed

    async def wait_for_connection_lost(self):
        """Wait ``close_timeout`` seconds at most for the transport to be closed. Returns whether it is."""
        waiter = self.connection_lost_waiter
        if not waiter.done():
            try:
                async with asyncio.timeout(self.close_timeout):
                    await asyncio.shield(waiter)
            except TimeoutError:
                pass
        # Both may have happened at once.
        return waiter.done()

    # Receiving.

    async def transfer_data(self):
        """A task: receive messages until the peer closes the connection or something fails."""
        try:
            while (message := await self.read_message()) is not None:
                if self.max_queue is not None:
                    await self._has_room()
                self.messages.append(message)
                if self._pop_message_waiter is not None:
                    # Not at once: a timeout that is over by now comes first, and the message stays in the queue.
                    self.loop.call_soon(_wake, self._pop_message_waiter)
                    self._pop_message_waiter = None
        except asyncio.CancelledError as exc:
            # By `fail_connection`, or by `close` after a timeout.
            self.transfer_data_exc = exc
            raise
        except Exception as exc:
            self.transfer_data_exc = exc
            for expected, code, reason in _FAILURES:
                if isinstance(exc, expected):
                    self.fail_connection(code, reason)
                    return
            self.logger.error("data transfer failed", exc_info=True)
            self.fail_connection(CloseCode.INTERNAL_ERROR)

    async def _has_room(self):
        while len(self.messages) >= self.max_queue:
            waiter = self._put_message_waiter = self.loop.create_future()
            try:
                await waiter
            finally:
                self._put_message_waiter = None

    async def read_message(self):
        """Read a message: str for text, bytes for binary data; None once the peer has closed the connection."""
        frame = await self.read_data_frame(self.max_size)
        if frame is None:
            return None
        if frame.opcode is CONT:
            raise ProtocolError("unexpected opcode")
        is_text = frame.opcode is TEXT
        if frame.fin:
            return frame.data.decode() if is_text else bytes(frame.data)
        decoder = codecs.getincrementaldecoder("utf-8")() if is_text else None
        left = self.max_size
        parts = []
        while True:
            parts.append(decoder.decode(frame.data, frame.fin) if is_text else frame.data)
            if frame.fin:
                return ("" if is_text else b"").join(parts)
            if left is not None:
                left -= len(frame.data)
            frame = await self.read_data_frame(left)
            if frame is None:
                raise ProtocolError("incomplete fragmented message")
            if frame.opcode is not CONT:
                raise ProtocolError("unexpected opcode")
            if len(parts) >= MAX_FRAGMENTS:
                raise TooManyFragments(MAX_FRAGMENTS)

    async def read_data_frame(self, max_size):
        """Read a frame that has a part of a message, and answer the others until then; None for a close frame."""
        while True:
            frame = await self.read_frame(max_size)
            opcode = frame.opcode
            if opcode is CLOSE:
                await self._close_received(frame.data)
                return None
            if opcode is PING:
                await self._ping_received(frame.data)
            elif opcode is PONG:
                self._pong_received(frame.data)
            else:
                return frame

    async def read_frame(self, max_size):
        """Read a frame, which is a :class:`websockets.frames.Frame`."""
        frame = await self.reader.read_frame(not self.is_client, max_size, self.extensions)
        if self.debug:
            self.logger.debug("< %s", frame)
        return frame

    async def _close_received(self, data):
        self.close_rcvd = Close.parse(data)
        if self.close_sent is not None:
            self.close_rcvd_then_sent = False
        try:
            # The same bytes: a close frame without a code is answered by one.
            await self.write_close_frame(self.close_rcvd, data)
        except ConnectionClosed:
            # It is lost before the answer is sent.
            pass

    async def _ping_received(self, data):
        # After a close frame nothing may be sent.
        if self.state is State.OPEN:
            try:
                await self.pong(data)
            except ConnectionClosed:
                pass

    def _pong_received(self, data):
        if data not in self.pings:
            return
        now = time.perf_counter()
        answered = None
        while answered != data:
            # The peer may answer only the last of several pings.
            answered = next(iter(self.pings))
            waiter, sent = self.pings.pop(answered)
            if not waiter.done():
                waiter.set_result(now - sent)
        self.latency = now - sent

    # Sending.

    def write_frame_sync(self, fin, opcode, data):
        """Give a frame to the transport."""
        frame = Frame(Opcode(opcode), data, fin)
        if self.debug:
            self.logger.debug("> %s", frame)
        self.transport.write(frame.serialize(mask=self.is_client, extensions=self.extensions))

    async def drain(self):
        """Wait until the transport takes more. Raises :exc:`~websockets.exceptions.ConnectionClosed`."""
        try:
            await self._drain()
        except ConnectionError:
            self.fail_connection()
            # It raises, once the connection is closed.
            await self.ensure_open()

    async def write_frame(self, fin, opcode, data, *, _state=State.OPEN):
        """Send a frame. Raises :exc:`~websockets.exceptions.InvalidState` unless the connection is open."""
        if self.state is not _state:
            raise InvalidState(f"Cannot write to a WebSocket in the {self.state.name} state")
        self.write_frame_sync(fin, opcode, data)
        await self.drain()

    async def write_close_frame(self, close, data=None):
        """Send a close frame unless one was sent. ``data`` is its payload if that is not the one of ``close``."""
        if self.state is not State.OPEN:
            return
        if data is None:
            data = close.serialize()
            # A reason may be too long. Then the connection stays open.
            Frame(CLOSE, data).check()
        # No other task may come between the check and this.
        self._enter(State.CLOSING)
        self.close_sent = close
        if self.close_rcvd is not None:
            self.close_rcvd_then_sent = True
        await self.write_frame(True, CLOSE, data, _state=State.CLOSING)

    async def keepalive_ping(self):
        """A task: send pings at intervals, and fail the connection if one is not answered in time."""
        if self.ping_interval is None:
            return
        try:
            while True:
                await asyncio.sleep(self.ping_interval)
                if self.debug:
                    self.logger.debug("% sending keepalive ping")
                pong = await self.ping()
                if self.ping_timeout is None:
                    continue
                try:
                    async with asyncio.timeout(self.ping_timeout):
                        await pong
                except TimeoutError:
                    if self.debug:
                        self.logger.debug("- timed out waiting for keepalive pong")
                    self.fail_connection(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
                    return
                if self.debug:
                    self.logger.debug("% received keepalive pong")
        except ConnectionClosed:
            pass
        except Exception:
            self.logger.error("keepalive ping failed", exc_info=True)

    # What a transport calls.

    def connection_made(self, transport):
        """There is a connection: limit what may wait to be written."""
        transport.set_write_buffer_limits(self.write_limit)
        super().connection_made(transport)

    def connection_lost(self, exc):
        """The connection is over (RFC 6455 section 7.1.4)."""
        self._enter(State.CLOSED)
        self.abort_pings()
        _wake(self.connection_lost_waiter)
        super().connection_lost(exc)


async def _each(iterable):
    for item in iterable:
        yield item


def _wake(waiter):
    """Let who waits for a future go on, if someone does."""
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _warn(message):
    # Without a stack level, as for the import of the package.
    warnings.warn(message, DeprecationWarning)  # noqa: B028


def _close_timeout(close_timeout, timeout):
    """What ``close_timeout`` and its former name come to, in seconds."""
    if timeout is None:
        timeout = 10
    else:
        _warn("rename timeout to close_timeout")
    return timeout if close_timeout is None else close_timeout


def _event_loop(loop):
    if loop is None:
        return asyncio.get_event_loop()
    _warn("remove loop argument")
    return loop


def broadcast(websockets, message, raise_exceptions=False):
    """Send a message, str or bytes-like, to many connections, without waiting for any of them.

    Connections that are not open are skipped. So are those on which it fails, with a warning in their logs; with
    ``raise_exceptions``, an ``ExceptionGroup`` says so when all of them are done. Slow peers make their buffers
    grow: only pings that time out limit them. Raises ``TypeError`` for other messages.
    """
    opcode, data = prepare_data(message)
    failures = []
    for websocket in websockets:
        if websocket.state is not State.OPEN:
            continue
        if websocket._fragmented_message_waiter is not None:
            if raise_exceptions:
                failures.append(RuntimeError("sending a fragmented message"))
            else:
                websocket.logger.warning("skipped broadcast: sending a fragmented message")
            continue
        try:
            websocket.write_frame_sync(True, opcode, data)
        except Exception as cause:
            if raise_exceptions:
                failure = RuntimeError("failed to write message")
                failure.__cause__ = cause
                failures.append(failure)
            else:
                said = traceback.format_exception_only(cause)[0].strip()
                websocket.logger.warning("skipped broadcast: failed to write message: %s", said)
    if failures:
        raise ExceptionGroup("skipped broadcast", failures)


# Programs import it from there.
broadcast.__module__ = "websockets.legacy.server"
