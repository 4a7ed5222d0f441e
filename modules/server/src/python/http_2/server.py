"""Servers, and what runs them."""

import asyncio
import contextlib
import inspect
import logging

import tauraro

from .common_http_object import GenericHttpResponse
from .context import HTTP1ConnectionContext, HTTP1RequestContext
from .data_structure import Trie
from .exception import NeedResponseToClientRightAwayException
from .public.expect_continue_chains import CONTINUE_CHAINS
from .public.request import HttpRequest
from .public.response import HttpResponse, StreamingResponse
from .resolver import ArgumentResolver
from .status_code import StatusCode
from .version import VERSION

_METHODS = ('GET', 'POST', 'DELETE', 'PUT', 'HEAD')
_COMMON = {'server': f'Ganae-soogongup/{VERSION}'}


class Server:
    """Routes at a port, perhaps for one host name of several with TLS."""

    def __init__(self, port, /, hostname=None, ssl_config=None):
        self.port = port
        self.hostname = hostname
        self.ssl_config = ssl_config
        self.url_context = {method: Trie() for method in _METHODS}

    def route(self, path, methods):
        """Decorate a handler: add it for a path."""
        def decorator(func):
            for method in methods:
                self.url_context[method].add(path, func)
            return func

        return decorator

    def request_mapping(self, path):
        """Decorate a handler: add it for every method."""
        return self.route(path, _METHODS)

    def get_mapping(self, path):
        """Decorate a handler: add it for `GET`."""
        return self.route(path, ['GET'])

    def post_mapping(self, path):
        """Decorate a handler: add it for `POST`."""
        return self.route(path, ['POST'])

    def put_mapping(self, path):
        """Decorate a handler: add it for `PUT`."""
        return self.route(path, ['PUT'])

    def delete_mapping(self, path):
        """Decorate a handler: add it for `DELETE`."""
        return self.route(path, ['DELETE'])

    async def _answer(self, native):
        headers = {name.decode('latin-1'): value.decode('latin-1') for name, value in native.lower_headers}
        protocol = f'HTTP/{native.http_version}'
        uri = native.target.decode('latin-1')
        try:
            if 'expect' in headers:
                CONTINUE_CHAINS.execute(native.method, uri, protocol, headers)
            body = await native.text()
        except NeedResponseToClientRightAwayException as error:
            return _response(HttpResponse(error.status_code, body=error.response_msg))
        request = HttpRequest(native, {'method': native.method, 'path': uri, 'protocol': protocol, 'headers': headers,
                                       'body': body})
        routes = self.url_context.get(native.method)
        handler = routes and routes.search(request.path)
        if handler is None:
            return _response(HttpResponse(StatusCode.NOT_FOUND,
                                          body=f'There is no endpoints under path {request.path}'))
        names = list(inspect.signature(handler).parameters)
        arguments = ArgumentResolver.resolve(names, inspect.get_annotations(handler),
                                             HTTP1ConnectionContext(native._transport), HTTP1RequestContext(request))
        return _response(await handler(**arguments))


def _response(response):
    """Return what the server sends for what a handler has returned."""
    if isinstance(response, StreamingResponse):
        headers = {name: value for name, value in response.headers.items() if name.lower() != 'transfer-encoding'}
        if 'content-type' not in {name.lower() for name in headers}:
            headers['Content-Type'] = response.media_type
        return tauraro.Response(_pieces(response), response.status_code.status_code, _COMMON | headers)
    if not isinstance(response, (HttpResponse, GenericHttpResponse)):
        raise TypeError(f'a handler returned {type(response).__name__}')
    # The length is counted in bytes by the server.
    headers = {name: value for name, value in response.headers.items() if name.lower() != 'content-length'}
    content_type = None if 'content-type' in {name.lower() for name in headers} else 'text/plain'
    body = str(response.body).encode()
    return tauraro.Response(body, response.status_code.status_code, _COMMON | headers, content_type)


async def _pieces(response):
    async for piece in response.contents_generator:
        text = str(piece)
        if not text:
            return
        yield text.encode(response.char_set)


class _Listener:
    """The servers of one port. With TLS the name in the handshake chooses; else the first one answers."""

    def __init__(self, port, servers):
        self.port = port
        self.servers = servers
        self.contexts = {}
        self.tls = None
        for server in servers:
            if server.ssl_config is not None:
                default = server.ssl_config.default_ssl_context
                for name, context in server.ssl_config.ssl_context_store.store.items():
                    self.contexts[name] = context
                    self.tls = self.tls or default or context
        if self.tls is not None and len(self.contexts) > 1:
            self.tls.set_servername_callback(self._choose)

    def _choose(self, connection, name, context):
        chosen = self.contexts.get(name)
        if chosen is not None and chosen is not context:
            connection.context = chosen

    async def handle(self, native):
        if self.tls is None or len(self.servers) == 1:
            return await self.servers[0]._answer(native)
        name = (native.authority or '').rpartition(':')[0] or native.authority
        for server in self.servers:
            if server.hostname == name:
                return await server._answer(native)
        raise tauraro.HTTPError(421)


class AsyncServerExecutor:
    """Runs servers: `async with executor: await executor.execute_forever()`."""

    def __init__(self):
        self.port_to_server = {}
        self._running = set()

    def add_server(self, server):
        """Add a server."""
        self.port_to_server.setdefault(server.port, []).append(server)

    async def execute_forever(self):
        """Serve until this is cancelled or the block is left."""
        task = asyncio.current_task()
        self._running.add(task)
        try:
            async with contextlib.AsyncExitStack() as stack:
                for port, servers in self.port_to_server.items():
                    listener = _Listener(port, servers)
                    server = await stack.enter_async_context(tauraro.listening(
                        listener.handle, host='0.0.0.0', port=port, tls=listener.tls, grace=1))
                    logging.getLogger('http_2').info('listening at %s', server.url)
                await asyncio.get_running_loop().create_future()
        finally:
            self._running.discard(task)

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc_val, exc_tb):
        tasks = [task for task in self._running if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
