"""Servers whose handlers depend on the path, by werkzeug's routing."""

import http
import urllib.parse
from collections.abc import Awaitable

from .server import serve

__all__ = ['route', 'unix_route', 'Router']

try:
    from werkzeug.exceptions import NotFound
    from werkzeug.routing import RequestRedirect
except ImportError:
    _WERKZEUG = False
else:
    _WERKZEUG = True


def route(url_map, *args, server_name=None, ssl=None, create_router=None, **kwargs):
    """Make a WebSocket server with a handler for each path of a `werkzeug.routing.Map`.

    The endpoints of its rules are handlers; what a rule captures are their keyword arguments.

    `server_name` is the server's name as clients know it, by default what they say in the `Host` header. `ssl` is a
    TLS context, or `True` when a proxy does TLS, so that redirects lead to `wss://`. `create_router` is called
    instead of `Router`. The other arguments are those of `serve`. Requires the package `werkzeug`.
    """
    if not _WERKZEUG:
        raise ImportError('route() requires werkzeug')
    if ssl is not None and ssl is not True:
        kwargs['ssl'] = ssl
    if create_router is None:
        create_router = Router
    router = create_router(url_map, server_name, 'ws' if ssl is None else 'wss')
    first = kwargs.pop('process_request', None)
    process_request = router.route_request
    if first is not None:
        async def process_request(connection, request):
            response = first(connection, request)
            if isinstance(response, Awaitable):
                response = await response
            return router.route_request(connection, request) if response is None else response

    return serve(router.handler, *args, process_request=process_request, **kwargs)


def unix_route(url_map, path=None, **kwargs):
    """Make a WebSocket server as `route` does, that listens on the Unix socket `path`."""
    if not _WERKZEUG:
        raise ImportError('unix_route() requires werkzeug')
    return route(url_map, unix=True, path=path, **kwargs)


class Router:
    """Finds the handlers of `route`."""

    def __init__(self, url_map, server_name=None, url_scheme='ws'):
        self.url_map = url_map
        self.server_name = server_name
        self.url_scheme = url_scheme
        for rule in url_map.iter_rules():
            rule.websocket = True

    def get_server_name(self, connection, request):
        """Return the name of the server that the request is for."""
        return request.headers['Host'] if self.server_name is None else self.server_name

    def redirect(self, connection, url):
        """Return the response to a request that has to go elsewhere."""
        response = connection.respond(http.HTTPStatus.FOUND, f'Found at {url}')
        response.headers['Location'] = url
        return response

    def not_found(self, connection):
        """Return the response to a request that no rule matches."""
        return connection.respond(http.HTTPStatus.NOT_FOUND, 'Not Found')

    def route_request(self, connection, request):
        """Find the handler of a request; return a response where there is none."""
        adapter = self.url_map.bind(
            server_name=self.get_server_name(connection, request), url_scheme=self.url_scheme)
        target = urllib.parse.urlparse(request.path)
        try:
            found = adapter.match(path_info=target.path, query_args=target.query)
        except RequestRedirect as redirect:
            return self.redirect(connection, redirect.new_url)
        except NotFound:
            return self.not_found(connection)
        connection.handler, connection.handler_kwargs = found
        return None

    async def handler(self, connection):
        """Call the handler that was found."""
        return await connection.handler(connection, **connection.handler_kwargs)
