"""Routes, and which interface an application has."""

import inspect

from _tauraro import Response

from ._files import Files

METHODS = ('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS')


class App:
    """Routes that are added by decorators: `@app.get('/users/{id:int}')`.

    `routes` is a mapping of paths to handlers, or to mappings of methods to handlers. Instead of a handler there may be a
    `Response`, or what a `Response` is made from, which is sent without calling anything, and a `Files`.
    """

    def __init__(self, routes=None):
        self.routes = []
        if routes is not None:
            for path, target in routes.items():
                if isinstance(target, dict):
                    for method, handler in target.items():
                        self.add(path, handler, [method])
                else:
                    self.add(path, target)

    def add(self, path, handler, methods=None):
        """Add a route. `methods` are those it takes; `None` for all that the path has no other route for."""
        if isinstance(methods, str):
            raise TypeError(f'methods is a list of str, not the str {methods!r}')
        for method in [None] if methods is None else methods:
            if method is not None and not (isinstance(method, str) and method.isascii() and method.isupper()):
                raise ValueError(f'a method is written in capitals, not {method!r}')
            self.routes.append((path, method, handler))

    def route(self, path, methods=None):
        """Decorate a handler: add it for `path`."""
        def decorate(handler):
            self.add(path, handler, methods)
            return handler

        return decorate

    def get(self, path):
        """Decorate a handler: add it for `GET` (and `HEAD`) of `path`."""
        return self.route(path, ['GET'])

    def post(self, path):
        """Decorate a handler: add it for `POST` of `path`."""
        return self.route(path, ['POST'])

    def put(self, path):
        """Decorate a handler: add it for `PUT` of `path`."""
        return self.route(path, ['PUT'])

    def patch(self, path):
        """Decorate a handler: add it for `PATCH` of `path`."""
        return self.route(path, ['PATCH'])

    def delete(self, path):
        """Decorate a handler: add it for `DELETE` of `path`."""
        return self.route(path, ['DELETE'])


def is_coroutine_function(handler):
    """Return whether calling `handler` gives a coroutine."""
    return inspect.iscoroutinefunction(handler) or (
        not inspect.isfunction(handler) and inspect.iscoroutinefunction(getattr(handler, '__call__', None)))


def target(handler, threads):
    """Return what is given to the service for a route: the handler, and how it is called."""
    if isinstance(handler, Files):
        return handler.handle, 'async'
    if isinstance(handler, Response):
        if not isinstance(handler.body, bytes):
            raise TypeError('the response of a route must have a body of str, bytes, dict or list')
        return handler, 'constant'
    if isinstance(handler, (str, bytes, dict, list)):
        return Response(handler), 'constant'
    if not callable(handler):
        raise TypeError(f'a handler must be callable, not {type(handler).__name__}')
    if is_coroutine_function(handler):
        return handler, 'async'
    return handler, 'pooled' if threads else 'inline'


def positional(function):
    """Return how many positional arguments a function must have, or `None` if that cannot be known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(1 for each in parameters if each.kind in kinds and each.default is inspect.Parameter.empty)


def interface(application):
    """Return `native`, `asgi` or `wsgi`: what kind of application it is."""
    if isinstance(application, App):
        return 'native'
    if not callable(application):
        raise TypeError(f'an application must be callable, not {type(application).__name__}')
    function = application
    if inspect.isclass(application):
        function = application.__call__ if positional(application) == 0 else application
    count = positional(function)
    if count == 3:
        return 'asgi'
    if count == 2:
        return 'wsgi'
    if count == 1:
        # ASGI 2: `application(scope)` gives a callable. It is not known by its signature.
        return 'native'
    raise TypeError(f'cannot tell the interface of {application!r}: it takes {count} arguments; expected 1 (a handler), '
                    '2 (WSGI) or 3 (ASGI)')
