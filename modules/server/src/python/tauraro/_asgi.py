"""ASGI 3 (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

import asyncio
import logging

from _tauraro import Cycle

from ._websocket import is_websocket, take_over

logger = logging.getLogger('tauraro')
_VERSIONS = {'version': '3.0', 'spec_version': '2.5'}


class Lifespan:
    """Tells an application that the server starts and stops."""

    def __init__(self, application, mode):
        self.application = application
        self.mode = mode
        self.state = {}
        self.messages = None
        self.task = None
        self.reply = None

    async def start(self):
        """Wait until the application has started. Raise `RuntimeError` if it says that it failed."""
        if self.mode == 'off':
            return
        loop = asyncio.get_running_loop()
        self.messages, self.reply = asyncio.Queue(), loop.create_future()
        self.task = loop.create_task(self._run())
        await self._ask('startup')

    async def stop(self):
        """Wait until the application has stopped."""
        if self.task is None or self.task.done():
            return
        self.reply = asyncio.get_running_loop().create_future()
        await self._ask('shutdown')
        await asyncio.wait({self.task}, timeout=5)
        self.task.cancel()

    async def _ask(self, what):
        self.messages.put_nowait({'type': f'lifespan.{what}'})
        await asyncio.wait({self.task, self.reply}, return_when=asyncio.FIRST_COMPLETED)
        if self.reply.done():
            message = self.reply.result()
            if message['type'] == f'lifespan.{what}.failed':
                raise RuntimeError(f'the application failed at {what}: {message.get("message", "")}')
            return
        # The application does not know lifespan: it has raised, or returned.
        error = self.task.exception() if not self.task.cancelled() else None
        if self.mode == 'on' and what == 'startup':
            raise RuntimeError('the application does not support lifespan') from error
        if error is not None and what == 'shutdown':
            logger.error('the application failed at shutdown', exc_info=error)

    async def _run(self):
        scope = {'type': 'lifespan', 'asgi': _VERSIONS, 'state': self.state}
        await self.application(scope, self.messages.get, self._send)

    async def _send(self, message):
        kinds = ('startup.complete', 'startup.failed', 'shutdown.complete', 'shutdown.failed')
        if message['type'].removeprefix('lifespan.') not in kinds:
            raise ValueError(f'unexpected ASGI message: {message["type"]!r}')
        if not self.reply.done():
            self.reply.set_result(message)


class _Cycle(Cycle):
    """One request and its response. What can be done at once is native."""

    async def _wait(self):
        request = self.request
        if not self.taken:
            try:
                while not (request.disconnected or request._available):
                    waiter = request._more()
                    try:
                        await waiter
                    finally:
                        request._no_more()
                if request._available:
                    return await self.receive()
            except (OSError, ValueError):
                pass
            return {'type': 'http.disconnect'}
        await request._gone()
        return {'type': 'http.disconnect'}


class Application:
    """Runs an ASGI application for the requests of a server."""

    def __init__(self, application, root_path, state):
        self.application = application
        self.root_path = root_path
        self.state = state

    def scope(self, request, kind):
        """Return the scope of a request."""
        core = request._core
        if core.trusts:
            client, scheme, _ = request._forwarded
        else:
            client, scheme = request._peer, core.scheme
        if kind == 'websocket':
            scheme = 'wss' if scheme == 'https' else 'ws'
        scope = request._scope(kind, _VERSIONS, self.root_path, client, scheme, core.server_address)
        scope['state'] = self.state.copy()
        return scope

    async def __call__(self, request):
        if request.asks_for_upgrade and is_websocket(request):
            scope = self.scope(request, 'websocket')
            return _Session(self.application, scope, request).begin()
        scope = self.scope(request, 'http')
        scope['method'] = request.method
        scope['extensions'] = {'http.response.early_hint': {}}
        cycle = _Cycle(request)
        try:
            await self.application(scope, cycle.receive, cycle.send)
        except OSError:
            # What `send` raises when the client has gone.
            if not request.disconnected:
                raise
            return
        if not cycle.done and not request.disconnected:
            raise RuntimeError('the ASGI application returned without completing its response')


class _Session:
    """One WebSocket connection."""

    def __init__(self, application, scope, request):
        self.application = application
        self.scope = scope
        self.request = request
        self.connection = None
        self.subprotocol = None
        self.connected = self.accepted = self.closed = False
        self.denial = None

    def begin(self):
        offered = self.request.header('sec-websocket-protocol') or ''
        self.scope['subprotocols'] = [each.strip() for each in offered.split(',') if each.strip()]
        self.scope['extensions'] = {'websocket.http.response': {}}
        take_over(self.request, self.run, max_size=16 * 2**20,
                  select_subprotocol=lambda protocol, subprotocols: self.subprotocol)

    async def run(self, connection):
        self.connection = connection
        try:
            await self.application(self.scope, self.receive, self.send)
        except Exception:
            if not self.accepted and not self.closed:
                await self._deny(500, b'Internal Server Error', [])
            elif not self.closed:
                await connection.close(1011)
            raise
        if not self.accepted and not self.closed:
            await self._deny(500, b'Internal Server Error', [])
        elif not self.closed:
            await connection.close(1000)

    async def receive(self):
        from websockets.exceptions import ConnectionClosed

        if not self.connected:
            self.connected = True
            return {'type': 'websocket.connect'}
        try:
            if not self.accepted:
                await self.connection.wait_closed()
                return {'type': 'websocket.disconnect', 'code': 1006, 'reason': ''}
            message = await self.connection.recv()
        except ConnectionClosed as error:
            close = error.rcvd if error.rcvd is not None else error.sent
            code, reason = (1006, '') if close is None else (close.code, close.reason)
            return {'type': 'websocket.disconnect', 'code': int(code), 'reason': reason}
        if isinstance(message, str):
            return {'type': 'websocket.receive', 'text': message, 'bytes': None}
        return {'type': 'websocket.receive', 'bytes': message, 'text': None}

    async def send(self, message):
        from websockets.exceptions import ConnectionClosed

        kind = message['type']
        if kind == 'websocket.accept' and not self.accepted and not self.closed:
            await self._accept(message)
        elif kind == 'websocket.send' and self.accepted and not self.closed:
            text, data = message.get('text'), message.get('bytes')
            if (text is None) == (data is None):
                raise ValueError("a 'websocket.send' message has either 'text' or 'bytes'")
            try:
                await self.connection.send(data if text is None else text)
            except ConnectionClosed as error:
                raise OSError('the client has disconnected') from error
        elif kind == 'websocket.close' and not self.closed:
            if self.accepted:
                self.closed = True
                await self.connection.close(message.get('code', 1000), message.get('reason') or '')
            else:
                await self._deny(403, b'Forbidden', [])
        elif kind == 'websocket.http.response.start' and not self.accepted and self.denial is None:
            self.denial = [message['status'], list(message.get('headers', ())), b'']
        elif kind == 'websocket.http.response.body' and self.denial is not None and not self.closed:
            self.denial[2] += message.get('body', b'')
            if not message.get('more_body', False):
                status, headers, body = self.denial
                await self._deny(status, body, headers)
        else:
            raise RuntimeError(f'unexpected ASGI message in this state: {kind!r}')

    async def _accept(self, message):
        from websockets.protocol import State

        self.subprotocol = message.get('subprotocol')
        added = list(message.get('headers', ()))

        def add(connection, request, response):
            for name, value in added:
                response.headers[name.decode('latin-1')] = value.decode('latin-1')

        await self.connection.handshake(process_response=add, server_header=None)
        if self.connection.state is not State.OPEN:
            self.closed = True
            raise OSError('the WebSocket handshake failed')
        self.accepted = True
        self.connection.start_keepalive()

    async def _deny(self, status, body, headers):
        from http import HTTPStatus

        self.closed = True

        def refuse(connection, request):
            response = connection.respond(HTTPStatus(status), '')
            response.body = body
            for name in ('Content-Length', 'Content-Type'):
                del response.headers[name]
            for name, value in headers:
                response.headers[name.decode('latin-1')] = value.decode('latin-1')
            if 'Content-Length' not in response.headers:
                response.headers['Content-Length'] = str(len(body))
            return response

        await self.connection.handshake(process_request=refuse, server_header=None)
        await self.connection.wait_closed()
