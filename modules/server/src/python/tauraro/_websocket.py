"""WebSocket on the port of the server: a connection of `websockets` takes the transport over."""

import functools
import logging

logger = logging.getLogger('tauraro')


class _Hub:
    """What a connection of `websockets` knows as its server."""

    def __init__(self, core, handler):
        self.core = core
        self.handler = handler
        self.handler_tasks = core.tasks

    def is_serving(self):
        return not self.core.stopping


def is_websocket(request):
    """Return whether a request asks for WebSocket (RFC 6455 section 4.2.1)."""
    return (request.method == 'GET' and request.asks_for_upgrade
            and (request.header('upgrade') or '').strip().lower() == 'websocket')


def take_over(request, handler, *, max_size=2**20, max_queue=16, ping_interval=20, ping_timeout=20, compression=True,
              subprotocols=None, select_subprotocol=None, origins=None):
    """Hand the transport to a connection of `websockets`, which runs `handler(connection)` as a task."""
    from websockets.asyncio.server import ServerConnection
    from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
    from websockets.server import ServerProtocol

    core = request._core
    lines = [request.method.encode() + b' ' + request.target + b' HTTP/1.1']
    lines.extend(name + b': ' + value for name, value in request.raw_headers)
    head = b'\r\n'.join(lines) + b'\r\n\r\n'
    extensions = enable_server_permessage_deflate(None) if compression else None
    protocol = ServerProtocol(origins=origins, extensions=extensions, subprotocols=subprotocols,
                              select_subprotocol=select_subprotocol, max_size=max_size)

    async def run(connection):
        try:
            await handler(connection)
        except Exception:
            logger.exception('WebSocket handler failed: %s', request)
            connection.transport.abort()
        finally:
            core.websockets.discard(connection)
            core.forget_task()

    transport, rest = request._upgrade()
    connection = ServerConnection(protocol, _Hub(core, run), max_queue=max_queue, ping_interval=ping_interval,
                                  ping_timeout=ping_timeout)
    core.websockets.add(connection)
    transport.set_protocol(connection)
    connection.connection_made(transport)
    connection.data_received(head + rest)
    return connection


def websocket(handler=None, *, subprotocols=None, origins=None, max_size=2**20, compression=True):
    """Make a route of a WebSocket handler: `routes={'/chat': websocket(chat)}`.

    `handler(connection)` is a coroutine function; the connection is a `websockets.ServerConnection`, which is closed when
    the handler returns. `connection.request_params` has the parameters of the route. The arguments are those of
    `websockets.serve`. Other requests are answered with 426.
    """
    if handler is None:
        return functools.partial(websocket, subprotocols=subprotocols, origins=origins, max_size=max_size,
                                 compression=compression)

    async def route(request):
        from _tauraro import Response

        if not is_websocket(request):
            return Response('WebSocket only', 426, {'Upgrade': 'websocket', 'Connection': 'Upgrade'})
        params = request.params

        async def run(connection):
            from websockets.protocol import State

            await connection.handshake(server_header=None)
            if connection.state is not State.OPEN:
                connection.transport.abort()
                return
            connection.request_params = params
            connection.start_keepalive()
            async with connection:
                await handler(connection)

        take_over(request, run, subprotocols=subprotocols, origins=origins, max_size=max_size, compression=compression)

    functools.update_wrapper(route, handler)
    return route
