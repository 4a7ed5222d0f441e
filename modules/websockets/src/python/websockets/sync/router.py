"""Servers that choose the handler by the path; they need werkzeug."""

import http
import urllib.parse

from .server import serve

__all__ = ['route', 'unix_route', 'Router']

try:
    from werkzeug.exceptions import NotFound
    from werkzeug.routing import RequestRedirect
except ImportError:
    NotFound = RequestRedirect = None


def route(url_map, *args, server_name=None, ssl=None, create_router=None, **kwargs):
    """Serve WebSocket connections with the handlers of a `werkzeug.routing.Map`.

    The endpoints of its rules are handlers: they get the connection, and what the rule finds in the path as keyword
    arguments. The arguments are those of `serve`, but for these: `server_name` is the host in redirects, by default the
    one that the client asked for; `ssl=True` says that a proxy in front of the server speaks TLS; `create_router`
    makes the `Router`.

    Raises `ImportError` without werkzeug.
    """
    if NotFound is None:
        raise ImportError('route() requires werkzeug')
    scheme = 'ws' if ssl is None else 'wss'
    if ssl is not None and ssl is not True:
        kwargs['ssl'] = ssl
    router = (create_router or Router)(url_map, server_name, scheme)
    first = kwargs.pop('process_request', None)
    if first is None:
        process_request = router.route_request
    else:

        def process_request(connection, request):
            response = first(connection, request)
            return router.route_request(connection, request) if response is None else response

    return serve(router.handler, *args, process_request=process_request, **kwargs)


def unix_route(url_map, path=None, **kwargs):
    """Serve on a Unix socket as `route` does. Raises `ImportError` without werkzeug."""
    if NotFound is None:
        raise ImportError('unix_route() requires werkzeug')
    return route(url_map, unix=True, path=path, **kwargs)


class Router:
    """Finds the handlers for requests in a `werkzeug.routing.Map`."""

    def __init__(self, url_map, server_name=None, url_scheme='ws'):
        self.url_map = url_map
        self.server_name = server_name
        self.url_scheme = url_scheme
        for rule in url_map.iter_rules():
            rule.websocket = True

    def get_server_name(self, connection, request):
        """Return the host for redirects."""
        return request.headers['Host'] if self.server_name is None else self.server_name

    def redirect(self, connection, url):
        """Make the response that sends the client to another address."""
        response = connection.respond(http.HTTPStatus.FOUND, f'Found at {url}')
        response.headers['Location'] = url
        return response

    def not_found(self, connection):
        """Make the response for a path without a handler."""
        return connection.respond(http.HTTPStatus.NOT_FOUND, 'Not Found')

    def route_request(self, connection, request):
        """Choose the handler for a request, or return the response that rejects it."""
        paths = self.url_map.bind(
            server_name=self.get_server_name(connection, request), url_scheme=self.url_scheme
        )
        target = urllib.parse.urlparse(request.path)
        try:
            endpoint = paths.match(path_info=target.path, query_args=target.query)
        except RequestRedirect as redirect:
            return self.redirect(connection, redirect.new_url)
        except NotFound:
            return self.not_found(connection)
        connection.handler, connection.handler_kwargs = endpoint
        return None

    def handler(self, connection):
        """Call the handler that was chosen."""
        return connection.handler(connection, **connection.handler_kwargs)
