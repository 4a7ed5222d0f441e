"""Sessions for asyncio."""

import asyncio
import json
import secrets

from ._events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from ._exceptions import HTTPXWSException, WebSocketDisconnect, WebSocketNetworkError
from ._machine import Machine, subprotocol_of
from ._session import (
    BROKEN,
    DEFAULT_KEEPALIVE_PING_INTERVAL_SECONDS,
    DEFAULT_KEEPALIVE_PING_TIMEOUT_SECONDS,
    DEFAULT_MAX_MESSAGE_SIZE_BYTES,
    DEFAULT_QUEUE_SIZE,
    _acknowledge,
    _check_mode,
    _data,
)


class AsyncWebSocketSession:
    """An open WebSocket, for an `async with` block. The arguments are those of `WebSocketSession`.

    A task receives, and another one pings.
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
        # An application in the same process is there.
        is_local = getattr(stream, "is_local", False)
        self._interval = None if is_local else keepalive_ping_interval_seconds
        self._patience = keepalive_ping_timeout_seconds
        self._events = asyncio.Queue(queue_size)
        self._pings = {}
        self._lock = asyncio.Lock()
        self._is_closing = False
        self._tasks = []

    async def __aenter__(self):
        self._tasks.append(asyncio.create_task(self._receive_all()))
        if self._interval is not None:
            self._tasks.append(asyncio.create_task(self._keep_alive()))
        return self

    async def __aexit__(self, exc_type, exc_value, traceback):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.close()

    async def ping(self, payload=b""):
        """Send a ping. Returns an `asyncio.Event` that is set once it is answered."""
        payload = payload or secrets.token_bytes(32)
        event = self._pings[payload] = asyncio.Event()
        await self.send(Ping(payload))
        return event

    async def send(self, event):
        """Send an event of `wsproto.events`, or its like.

        Raises `WebSocketNetworkError` if the connection breaks, `WebSocketDisconnect` if it is closed.
        """
        try:
            async with self._lock:
                await self.stream.write(self.connection.send(event))
        except BROKEN as error:
            await self.close(1011, "Stream write error")
            raise WebSocketNetworkError() from error

    async def send_text(self, data):
        """Send a message of text, a str."""
        await self.send(TextMessage(data))

    async def send_bytes(self, data):
        """Send a message of bytes."""
        await self.send(BytesMessage(data))

    async def send_json(self, data, mode="text"):
        """Send a message of JSON: as text, or as bytes if `mode` is `"binary"`."""
        _check_mode(mode)
        text = json.dumps(data)
        if mode == "text":
            await self.send_text(text)
        else:
            await self.send_bytes(text.encode())

    async def receive(self, timeout=None):
        """Receive an event: `TextMessage` or `BytesMessage`, with `data`.

        Raises `TimeoutError` if nothing comes in `timeout` seconds, `WebSocketDisconnect` if the connection is closed
        and `WebSocketNetworkError` if it breaks.
        """
        async with asyncio.timeout(timeout):
            event = await self._events.get()
        if isinstance(event, HTTPXWSException):
            raise event
        if isinstance(event, CloseConnection):
            raise WebSocketDisconnect(event.code, event.reason)
        return event

    async def receive_text(self, timeout=None):
        """Receive a message of text. Raises `WebSocketInvalidTypeReceived` for one of bytes; see `receive`."""
        return _data(await self.receive(timeout), TextMessage)

    async def receive_bytes(self, timeout=None):
        """Receive a message of bytes. Raises `WebSocketInvalidTypeReceived` for one of text; see `receive`."""
        return bytes(_data(await self.receive(timeout), BytesMessage))

    async def receive_json(self, timeout=None, mode="text"):
        """Receive a message of JSON: of text, or of bytes if `mode` is `"binary"`; see `receive`."""
        _check_mode(mode)
        return json.loads(await (self.receive_text if mode == "text" else self.receive_bytes)(timeout))

    async def close(self, code=1000, reason=None):
        """Close the connection. It may be called again."""
        self._is_closing = True
        try:
            async with self._lock:
                if self.connection.is_open:
                    await self.stream.write(self.connection.send(CloseConnection(code, reason)))
        except (*BROKEN, WebSocketDisconnect):
            pass
        await self.stream.aclose()

    async def _receive_all(self):
        try:
            while not self._is_closing:
                data = await self.stream.read(self._max_message_size)
                await self._handle(data)
                if not data:
                    break
        except BROKEN:
            if not self._is_closing:
                await self.close(1011, "Stream error")
                await self._events.put(WebSocketNetworkError())

    async def _handle(self, data):
        async with self._lock:
            events = list(self.connection.feed(data))
            output = self.connection.output()
            if output:
                await self.stream.write(output)
        for event in events:
            if isinstance(event, Pong):
                _acknowledge(self._pings, event.payload)
            elif not isinstance(event, Ping):
                ends = isinstance(event, (CloseConnection, HTTPXWSException))
                if ends and self._is_closing:
                    return
                self._is_closing |= ends
                await self._events.put(event)
                if ends:
                    await self.stream.aclose()
                    return

    async def _keep_alive(self):
        while not self._is_closing:
            await asyncio.sleep(self._interval)
            try:
                answered = await self.ping()
            except HTTPXWSException:
                return
            if self._patience is None:
                continue
            try:
                async with asyncio.timeout(self._patience):
                    await answered.wait()
            except TimeoutError:
                if not self._is_closing:
                    await self.close(1011, "Keepalive ping timeout")
                    await self._events.put(WebSocketNetworkError())
