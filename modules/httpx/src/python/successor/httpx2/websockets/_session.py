"""Sessions for blocking callers."""

import json
import queue
import secrets
import threading

import httpcore
import httpx

from ._events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from ._exceptions import HTTPXWSException, WebSocketDisconnect, WebSocketInvalidTypeReceived, WebSocketNetworkError
from ._machine import Machine, subprotocol_of

DEFAULT_MAX_MESSAGE_SIZE_BYTES = 65_536
DEFAULT_QUEUE_SIZE = 512
DEFAULT_KEEPALIVE_PING_INTERVAL_SECONDS = 20.0
DEFAULT_KEEPALIVE_PING_TIMEOUT_SECONDS = 20.0

#: What streams raise, those that stand for one in tests included.
BROKEN = (
    httpcore.ReadError,
    httpcore.WriteError,
    httpcore.RemoteProtocolError,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
READ_TIMEOUTS = (httpcore.ReadTimeout, httpx.ReadTimeout)

#: How often a thread that reads looks whether the session was closed, in seconds.
_GLANCE = 0.5


class WebSocketSession:
    """An open WebSocket, for a `with` block. Any thread may send, and one at a time receives.

    `stream` is the `network_stream` of the response, `response` the response; the other arguments are those of
    `Client.websocket`. A thread receives, and another one pings.
    """

    def __init__(
        self,
        stream,
        *,
        max_message_size_bytes=DEFAULT_MAX_MESSAGE_SIZE_BYTES,
        queue_size=DEFAULT_QUEUE_SIZE,
        keepalive_ping_interval_seconds=DEFAULT_KEEPALIVE_PING_INTERVAL_SECONDS,
        keepalive_ping_timeout_seconds=DEFAULT_KEEPALIVE_PING_TIMEOUT_SECONDS,
        response=None,
    ):
        self.stream = stream
        self.response = response
        #: The subprotocol that was agreed on, None for none.
        self.subprotocol = subprotocol_of(response)
        self.connection = Machine(max_message_size_bytes)
        self._max_message_size = max_message_size_bytes
        self._interval = keepalive_ping_interval_seconds
        self._patience = keepalive_ping_timeout_seconds
        self._events = queue.Queue(queue_size)
        self._pings = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads = []

    def __enter__(self):
        self._start(self._receive_all)
        if self._interval is not None:
            self._start(self._keep_alive)
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.close()
        for thread in self._threads:
            while thread.is_alive():
                # It may wait for room in the queue.
                try:
                    self._events.get_nowait()
                except queue.Empty:
                    pass
                thread.join(0.01)

    def _start(self, target):
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def ping(self, payload=b""):
        """Send a ping. Returns a `threading.Event` that is set once it is answered."""
        payload = payload or secrets.token_bytes(32)
        event = self._pings[payload] = threading.Event()
        self.send(Ping(payload))
        return event

    def send(self, event):
        """Send an event of `wsproto.events`, or its like.

        Raises `WebSocketNetworkError` if the connection breaks, `WebSocketDisconnect` if it is closed.
        """
        try:
            with self._lock:
                self.stream.write(self.connection.send(event))
        except BROKEN as error:
            self.close(1011, "Stream write error")
            raise WebSocketNetworkError() from error

    def send_text(self, data):
        """Send a message of text, a str."""
        self.send(TextMessage(data))

    def send_bytes(self, data):
        """Send a message of bytes."""
        self.send(BytesMessage(data))

    def send_json(self, data, mode="text"):
        """Send a message of JSON: as text, or as bytes if `mode` is `"binary"`."""
        _check_mode(mode)
        text = json.dumps(data)
        if mode == "text":
            self.send_text(text)
        else:
            self.send_bytes(text.encode())

    def receive(self, timeout=None):
        """Receive an event: `TextMessage` or `BytesMessage`, with `data`.

        Raises `queue.Empty` if nothing comes in `timeout` seconds, `WebSocketDisconnect` if the connection is closed
        and `WebSocketNetworkError` if it breaks.
        """
        event = self._events.get(timeout=timeout)
        if isinstance(event, HTTPXWSException):
            raise event
        if isinstance(event, CloseConnection):
            raise WebSocketDisconnect(event.code, event.reason)
        return event

    def receive_text(self, timeout=None):
        """Receive a message of text. Raises `WebSocketInvalidTypeReceived` for one of bytes; see `receive`."""
        return _data(self.receive(timeout), TextMessage)

    def receive_bytes(self, timeout=None):
        """Receive a message of bytes. Raises `WebSocketInvalidTypeReceived` for one of text; see `receive`."""
        return bytes(_data(self.receive(timeout), BytesMessage))

    def receive_json(self, timeout=None, mode="text"):
        """Receive a message of JSON: of text, or of bytes if `mode` is `"binary"`; see `receive`."""
        _check_mode(mode)
        return json.loads(self.receive_text(timeout) if mode == "text" else self.receive_bytes(timeout))

    def close(self, code=1000, reason=None):
        """Close the connection. It may be called again."""
        self._closing.set()
        try:
            with self._lock:
                if self.connection.is_open:
                    self.stream.write(self.connection.send(CloseConnection(code, reason)))
        except (*BROKEN, WebSocketDisconnect):
            pass
        self.stream.close()

    def _receive_all(self):
        try:
            while not self._closing.is_set():
                try:
                    data = self.stream.read(self._max_message_size, timeout=_GLANCE)
                except READ_TIMEOUTS:
                    continue
                self._handle(data)
                if not data:
                    break
        except BROKEN:
            if not self._closing.is_set():
                self.close(1011, "Stream error")
                self._events.put(WebSocketNetworkError())

    def _handle(self, data):
        with self._lock:
            events = list(self.connection.feed(data))
            output = self.connection.output()
            if output:
                self.stream.write(output)
        for event in events:
            if isinstance(event, Pong):
                _acknowledge(self._pings, event.payload)
            elif not isinstance(event, Ping):
                ends = isinstance(event, (CloseConnection, HTTPXWSException))
                if ends and self._closing.is_set():
                    return
                if ends:
                    self._closing.set()
                self._events.put(event)
                if ends:
                    self.stream.close()
                    return

    def _keep_alive(self):
        while not self._closing.wait(self._interval):
            try:
                answered = self.ping()
            except HTTPXWSException:
                return
            if self._patience is not None and not answered.wait(self._patience) and not self._closing.is_set():
                self.close(1011, "Keepalive ping timeout")
                self._events.put(WebSocketNetworkError())


def _acknowledge(pings, payload):
    event = pings.pop(bytes(payload), None)
    if event is not None:
        event.set()


def _check_mode(mode):
    if mode not in ("text", "binary"):
        raise ValueError(f"mode must be 'text' or 'binary', not {mode!r}")


def _data(event, kind):
    if not isinstance(event, kind):
        raise WebSocketInvalidTypeReceived(event)
    return event.data
