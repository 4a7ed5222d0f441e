"""Connections for threads, on either side."""

import concurrent.futures
import logging
import threading
import traceback
import weakref

import _websockets_sync

from .._marks import marks
from ..exceptions import ConcurrencyError, ConnectionClosed
from ..frames import CloseCode
from .messages import Assembler
from .utils import Deadline

__all__ = ['Connection']


class Connection(_websockets_sync.Connection):
    """A WebSocket connection: what `ClientConnection` and `ServerConnection` have in common.

    `sock` is connected, and `protocol` is the sans-I/O `Protocol` that knows WebSocket; the other arguments are those
    of `connect` and `serve`. A daemon thread reads the connection until its end. It does not keep the connection
    alive: one that the program has dropped is closed.
    """

    recv_bufsize = 65536

    def __init__(self, sock, protocol, *, ping_interval=20, ping_timeout=20, close_timeout=10, max_queue=16):
        self._open(sock, protocol, *marks('max_queue', max_queue))
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout
        self.close_timeout = close_timeout
        # So that handlers and filters can tell connections apart.
        protocol.logger = logging.LoggerAdapter(protocol.logger, {'websocket': weakref.proxy(self)})
        self.id = protocol.id
        self.logger = protocol.logger
        self.debug = protocol.debug
        self.request = None
        self.response = None
        self.keepalive_thread = None
        self._reading = self._reader()
        self.recv_events_thread = threading.Thread(target=self._reading, daemon=True)
        self.recv_events_thread.start()

    @property
    def local_address(self):
        """The address of this end; `(host, port)` for IPv4, as `socket.getsockname()` gives it."""
        return self.socket.getsockname()

    @property
    def remote_address(self):
        """The address of the peer; `(host, port)` for IPv4, as `socket.getpeername()` gives it."""
        return self.socket.getpeername()

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

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type is None:
            self.close()
        else:
            self.close(CloseCode.INTERNAL_ERROR)

    def start_keepalive(self):
        """Ping the peer every `ping_interval` seconds from a thread, unless that is `None`."""
        if self.ping_interval is not None:
            self.keepalive_thread = threading.Thread(
                target=_keep_alive, args=(weakref.ref(self), self._reading), daemon=True
            )
            self.keepalive_thread.start()

    def keepalive(self):
        """Ping the peer every `ping_interval` seconds until the connection is closed."""
        _keep_alive(lambda: self, self._reading)

    def _ping_and_wait(self):
        """Ping the peer, and fail the connection if it does not answer. Return whether to continue."""
        try:
            answered = self.ping(ack_on_close=True)
        except ConnectionClosed:
            return False
        if self.debug:
            self.logger.debug('% sent keepalive ping')
        if self.ping_timeout is None:
            return True
        if answered.wait(self.ping_timeout):
            if self.debug:
                self.logger.debug('% received keepalive pong')
            return True
        if self.debug:
            self.logger.debug('- timed out waiting for keepalive pong')
        with self.send_context():
            self.protocol.fail(CloseCode.INTERNAL_ERROR, 'keepalive ping timeout')
        return False


def _keep_alive(reference, reading):
    """Ping for the connection that `reference` gives, while it does, until `reading` ends."""
    logger = None
    try:
        while (connection := reference()) is not None:
            logger = connection.logger
            pause = connection.ping_interval - connection.latency
            del connection
            if reading.wait(max(pause, 0)) or (connection := reference()) is None:
                break
            if not connection._ping_and_wait():
                break
    except Exception:
        logger.error('keepalive ping failed', exc_info=True)


def broadcast(connections, message, *, raise_exceptions=False, text=None, **kwargs):
    """Send a message to many connections, of which none waits for another.

    A `str` is sent as text and a bytes-like object as a binary message, unless `text` says otherwise. Connections that
    are not open are skipped. Where the message cannot be sent, because a fragmented message is being sent or the
    connection fails, a warning is logged, or with `raise_exceptions=True` an `ExceptionGroup` of all failures is raised
    in the end.

    What the system does not take at once is sent by a `concurrent.futures.ThreadPoolExecutor`, which gets the other
    arguments: for many slow peers, raise `max_workers`.

    Raises `TypeError` if the message is neither text nor bytes.
    """
    if not isinstance(message, (str, bytes, bytearray, memoryview)):
        raise TypeError('data must be str or bytes')
    if text is None:
        text = isinstance(message, str)
    if isinstance(message, str):
        message = message.encode()
    failures = []

    def failed(connection, exception):
        if raise_exceptions:
            failure = RuntimeError('failed to write message')
            failure.__cause__ = exception
            failures.append(failure)
        else:
            reason = traceback.format_exception_only(exception)[0].strip()
            connection.logger.warning('skipped broadcast: failed to write message: %s', reason)

    def finish(connection):
        try:
            connection._flush()
        except Exception as exception:
            failed(connection, exception)

    unfinished = []
    for connection in connections:
        try:
            outcome = connection._try_send(message, bool(text))
        except Exception as exception:
            failed(connection, exception)
            continue
        if outcome is True:
            unfinished.append(connection)
        elif outcome is not None:
            if raise_exceptions:
                failures.append(ConcurrencyError(outcome))
            else:
                connection.logger.warning(f'skipped broadcast: {outcome}')
    if unfinished:
        with concurrent.futures.ThreadPoolExecutor(**kwargs) as executor:
            executor.map(finish, unfinished)
    if failures:
        raise ExceptionGroup('skipped broadcast', failures)


# Where programs import it from.
broadcast.__module__ = 'websockets.sync.server'
