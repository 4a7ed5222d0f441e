"""From requests to the handlers of routes."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor

from .request import Request
from .response import Response


class Handler:
    """Finds the route of a request and calls its handler."""

    def __init__(self, routes, thread_pool_size):
        self.routes = routes
        self.thread_pool_size = thread_pool_size
        self._executor = None

    @property
    def executor(self):
        """The pool that `handle` uses. `Server.start` has its own."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self.thread_pool_size)
        return self._executor

    def handle(self, client_socket, client_address):
        """Answer the request that arrives on a socket, on a thread of the pool."""
        self.executor.submit(self.clientHandler, client_socket, client_address)

    def clientHandler(self, client_socket, client_address):
        """Answer the requests that arrive on a socket, and close it."""
        with client_socket:
            keep = True
            while keep:
                head = b''
                while b'\r\n\r\n' not in head:
                    piece = client_socket.recv(4096)
                    if not piece:
                        return
                    head += piece
                    if len(head) > 32 * 1024:
                        client_socket.sendall(Response(431).encode())
                        return
                try:
                    request = Request(head, client_socket)
                    response = self.processRequest(request)
                    keep = request.headers.get('Connection') == 'keep-alive'
                except ValueError:
                    response, keep = Response(400), False
                response.headers['Connection'] = 'keep-alive' if keep else 'close'
                client_socket.sendall(response.encode())

    def processRequest(self, request):
        """Return the response of the first route that fits: 404 if none has such a path, 405 if none such a method."""
        path, method = request.headers['path'], request.headers['method']
        status = 404
        for name, route in self.routes.items():
            if re.match(route['pattern'], path) is None:
                continue
            if route['method'].value != method:
                status = 405
                continue
            try:
                return route['handler'](request)
            except Exception:
                logging.exception('the handler of the route %s failed: %s', name, request)
                return Response(500)
        return Response(status)
