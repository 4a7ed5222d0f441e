"""WebSockets of an ASGI application in the same process."""

import asyncio
import contextlib

import httpcore
import httpx
from websockets.protocol import SERVER

from ._events import BytesMessage, CloseConnection, TextMessage
from ._exceptions import HTTPXWSException, WebSocketDisconnect, WebSocketUpgradeError
from ._machine import Machine

__all__ = ["ASGIWebSocketTransport"]


class _Stream:
    """The `network_stream` of a response that an application has agreed to: what it sends comes as frames."""

    is_local = True

    def __init__(self, app, scope):
        self._app = app
        self._scope = scope
        self._to_app = asyncio.Queue()
        self._from_app = asyncio.Queue()
        self._machine = Machine(side=SERVER)
        self._task = asyncio.create_task(self._run())

    async def _run(self):
        try:
            await self._app(self._scope, self._to_app.get, self._from_app.put)
        except Exception as error:
            await self._from_app.put({"type": "websocket.close", "code": 1011, "reason": str(error)})
        finally:
            # Nothing comes any more.
            await self._from_app.put(None)

    async def accepted(self, patience):
        """Wait for the application to agree. Returns its message.

        Raises `WebSocketDisconnect` or `WebSocketUpgradeError` if it does not.
        """
        await self._to_app.put({"type": "websocket.connect"})
        try:
            async with asyncio.timeout(patience):
                message = await self._from_app.get()
        except TimeoutError as error:
            await self.aclose()
            raise RuntimeError(
                "WebSocket didn't accept the connection in time. Did you forget to call accept()?"
            ) from error
        kind = None if message is None else message["type"]
        if kind == "websocket.accept":
            return message
        try:
            if kind == "websocket.http.response.start":
                raise WebSocketUpgradeError(await self._response(message))
            message = message or {}
            raise WebSocketDisconnect(message.get("code", 1000), message.get("reason"))
        finally:
            await self.aclose()

    async def _response(self, start):
        body = []
        more = True
        while more and (message := await self._from_app.get()) is not None:
            body.append(message.get("body", b""))
            more = message.get("more_body", False)
        return httpx.Response(start["status"], headers=start.get("headers", []), content=b"".join(body))

    async def read(self, max_bytes, timeout=None):
        async with asyncio.timeout(timeout):
            message = await self._from_app.get()
        if message is None:
            return b""
        if message["type"] == "websocket.close":
            event = CloseConnection(message.get("code", 1000), message.get("reason") or "")
        elif message["type"] != "websocket.send":
            raise RuntimeError(f"the application sent {message['type']!r}")
        elif message.get("text") is not None:
            event = TextMessage(message["text"])
        else:
            event = BytesMessage(message.get("bytes") or b"")
        try:
            return self._machine.send(event)
        except WebSocketDisconnect:
            return b""

    async def write(self, buffer, timeout=None):
        if self._task.done() and not self._machine.is_open:
            raise httpcore.WriteError("the application has ended")
        for event in self._machine.feed(buffer):
            if isinstance(event, TextMessage):
                await self._to_app.put({"type": "websocket.receive", "text": event.data})
            elif isinstance(event, BytesMessage):
                await self._to_app.put({"type": "websocket.receive", "bytes": bytes(event.data)})
            elif isinstance(event, CloseConnection):
                message = {"type": "websocket.disconnect", "code": event.code, "reason": event.reason}
                await self._to_app.put(message)
            elif isinstance(event, HTTPXWSException):
                raise event

    async def aclose(self):
        await self._to_app.put({"type": "websocket.disconnect", "code": 1006})
        # It may have something to do yet, but not forever.
        await asyncio.wait([self._task], timeout=1)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


class ASGIWebSocketTransport(httpx.ASGITransport):
    """Sends requests, those for WebSockets too, to an ASGI application.

    The arguments are those of `ASGITransport`; `initial_receive_timeout` is how long the application may take to
    agree, in seconds.
    """

    def __init__(
        self, app, raise_app_exceptions=True, root_path="", client=("127.0.0.1", 123), initial_receive_timeout=1.0
    ):
        super().__init__(app, raise_app_exceptions, root_path, client)
        self._patience = initial_receive_timeout

    async def handle_async_request(self, request):
        """Send a `Request` to the application, and return its `Response`."""
        if request.headers.get("upgrade", "").lower() != "websocket":
            return await super().handle_async_request(request)
        url = request.url
        offered = request.headers.get("sec-websocket-protocol")
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "root_path": self.root_path,
            "scheme": {"http": "ws", "https": "wss"}.get(url.scheme, url.scheme),
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": self.client,
            "server": (url.host, url.port),
            "subprotocols": [] if offered is None else [name.strip() for name in offered.split(",")],
        }
        stream = _Stream(self.app, scope)
        message = await stream.accepted(self._patience)
        headers = [(b"connection", b"Upgrade"), (b"upgrade", b"websocket"), *message.get("headers", [])]
        if message.get("subprotocol") is not None:
            headers.append((b"sec-websocket-protocol", message["subprotocol"].encode()))
        return httpx.Response(101, headers=headers, extensions={"network_stream": stream})
