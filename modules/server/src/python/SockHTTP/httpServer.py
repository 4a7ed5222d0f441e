"""The server."""

import logging

import tauraro

from .handler import Handler
from .request import Request
from .response import Response

logging.basicConfig(level=logging.INFO)


class Server:
    """Serves routes: a dict of names to dicts with `pattern` (a regular expression), `method` and `handler`.

    `thread_pool_size` handlers run at a time, and `backlog` connections wait to be accepted.
    """

    def __init__(self, routes, backlog=5, thread_pool_size=4):
        self.routes = routes
        self.backlog = backlog
        self.thread_pool_size = thread_pool_size
        self.handler = Handler(routes, thread_pool_size)
        self.server_socket = None

    def start(self, port):
        """Serve at a port of every address, until SIGINT or SIGTERM. That the port is taken is logged."""
        try:
            tauraro.serve(self._answer, host='0.0.0.0', port=port, backlog=self.backlog, threads=self.thread_pool_size,
                          on_listen=self._listening)
        except OSError as error:
            logging.error('cannot listen at port %s: %s', port, error)

    def _listening(self, server):
        self.server_socket = server._core.listeners[0].sockets[0]
        logging.info('Server started on port %s', server.port)

    def _answer(self, native):
        line = f'{native.method} {native.target.decode("latin-1")} HTTP/{native.http_version}'.encode('latin-1')
        fields = [name + b': ' + value for name, value in native.raw_headers]
        request = Request(b'\r\n'.join([line, *fields]) + b'\r\n\r\n' + native.body())
        response = self.handler.processRequest(request)
        if not isinstance(response, Response):
            logging.error('the handler of %s returned %s', request, type(response).__name__)
            response = Response(500)
        headers = {name: str(value) for name, value in response.headers.items()}
        # Only the clients that ask for it keep the connection.
        if native.header('connection') != 'keep-alive':
            headers['Connection'] = 'close'
        return tauraro.Response(response._content(), response.http_code, headers)
