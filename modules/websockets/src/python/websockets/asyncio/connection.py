"""Connections for coroutines, on either side."""

import asyncio
import contextlib
import logging
import weakref

import _websockets_asyncio
from _websockets_asyncio import broadcast

from .._marks import marks
from ..frames import CloseCode
from ..protocol import OPEN, State  # noqa: F401

__all__ = ['Connection']


class Connection(_websockets_asyncio.Connection, asyncio.Protocol):
    """A WebSocket connection: what `ClientConnection` and `ServerConnection` have in common.

    It is an `asyncio.Protocol`. `protocol` is the sans-I/O `Protocol` that knows WebSocket; the other arguments are
    those of `connect` and `serve`.
    """

    def __init__(self, protocol, *, ping_interval=20, ping_timeout=20, close_timeout=10, max_queue=16,
                 write_limit=2**15):
        super().__init__(protocol)
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout
        self.close_timeout = close_timeout
        self.max_queue_high, self.max_queue_low = marks('max_queue', max_queue)
        self.write_limit_high, self.write_limit_low = marks('write_limit', write_limit)
        # So that handlers and filters can tell connections apart.
        protocol.logger = logging.LoggerAdapter(protocol.logger, {'websocket': weakref.proxy(self)})
        self.id = protocol.id
        self.logger = protocol.logger
        self.debug = protocol.debug
        self.request = None
        self.response = None
        self.keepalive_task = None

    @property
    def local_address(self):
        """The address of this end; `(host, port)` for IPv4, as `socket.getsockname()` gives it."""
        return self.transport.get_extra_info('sockname')

    @property
    def remote_address(self):
        """The address of the peer; `(host, port)` for IPv4, as `socket.getpeername()` gives it."""
        return self.transport.get_extra_info('peername')

    @property
    def state(self):
        """The `State` of the connection. Prefer catching `ConnectionClosed` from `recv` and `send`."""
        return self.protocol.state

    @property
    def subprotocol(self):
        """The subprotocol that was agreed upon, or `None`."""
        return self.protocol.subprotocol

    @property
    def close_code(self):
        """The code the connection was closed with, or `None` before it is."""
        return self.protocol.close_code

    @property
    def close_reason(self):
        """The reason the connection was closed with, or `None` before it is."""
        return self.protocol.close_reason

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc_value, traceback):
        if exc_type is None:
            await self.close()
        else:
            await self.close(CloseCode.INTERNAL_ERROR)

    def start_keepalive(self):
        """Run `keepalive` in a task, unless `ping_interval` is `None`."""
        if self.ping_interval is not None:
            self.keepalive_task = self.loop.create_task(self.keepalive())

    @contextlib.asynccontextmanager
    async def send_context(self, *, expected_state=OPEN):
        """Enclose code that gives something to `protocol` to be sent.

        The connection has to be in the expected state. What was given is written at the end of the block, which
        waits while the transport's buffer is full; or, if the connection is expected to close, until it is closed.
        Raises `ConnectionClosed`.
        """
        if self.protocol.state is not expected_state:
            await self._raise_not_open()
        try:
            yield
        except Exception as exc:
            await self._fail(exc)
        else:
            await self._finish_send()


# Where programs import it from.
try:
    broadcast.__module__ = 'websockets.asyncio.server'
except (AttributeError, TypeError):
    pass
