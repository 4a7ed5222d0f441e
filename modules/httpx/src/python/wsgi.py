"""`httpx.WSGITransport`, created on first use."""

import io
import sys

from httpx import BaseTransport, Response, SyncByteStream

PORTS = {'http': 80, 'https': 443}


class WSGITransport(BaseTransport):
    """A transport that calls a WSGI application (PEP 3333) instead of a server.

    Arguments: `app`, the application; `raise_app_exceptions`, whether an exception that the
    application reports as `exc_info` is raised, or its error response returned; `script_name`, the path
    that the application is mounted at; `remote_addr`, the address of the client; `wsgi_errors`, a text
    file for the application's messages, by default `sys.stderr`.

    Other exceptions of the application are raised; an application that starts no response raises
    `AssertionError`.
    """

    def __init__(self, app, raise_app_exceptions=True, script_name='', remote_addr='127.0.0.1',
                 wsgi_errors=None):
        self.app = app
        self.raise_app_exceptions = raise_app_exceptions
        self.script_name = script_name
        self.remote_addr = remote_addr
        self.wsgi_errors = wsgi_errors

    def handle_request(self, request):
        """Call the application and return its response, whose body is read as it is asked for."""
        start = _Start()
        body = _Body(self.app(self._environ(request), start), start.written)
        try:
            # Many applications start the response only when asked for the first piece.
            body.fetch_first()
            assert start.status is not None, 'the application did not call start_response()'
            if self.raise_app_exceptions and start.error is not None:
                raise start.error
            status = int(start.status.split(maxsplit=1)[0])
            headers = [(name.encode('latin-1'), value.encode('latin-1')) for name, value in start.headers]
            return Response(status, headers=headers, stream=body)
        except BaseException:
            body.close()
            raise

    def _environ(self, request):
        request.read()
        url = request.url
        environ = {
            'REQUEST_METHOD': request.method,
            'SCRIPT_NAME': self.script_name,
            # Bytes as text, which is how WSGI hands them over.
            'PATH_INFO': url.path.encode('utf-8', 'surrogateescape').decode('latin-1'),
            'QUERY_STRING': url.query.decode('ascii'),
            'SERVER_NAME': url.host,
            'SERVER_PORT': str(url.port or PORTS.get(url.scheme, 80)),
            'SERVER_PROTOCOL': 'HTTP/1.1',
            'REMOTE_ADDR': self.remote_addr,
            'wsgi.version': (1, 0),
            'wsgi.url_scheme': url.scheme,
            'wsgi.input': io.BytesIO(request.content),
            'wsgi.errors': self.wsgi_errors or sys.stderr,
            'wsgi.multithread': True,
            'wsgi.multiprocess': False,
            'wsgi.run_once': False,
        }
        for name, value in request.headers.raw:
            key = name.decode('latin-1').upper().replace('-', '_')
            if key not in ('CONTENT_TYPE', 'CONTENT_LENGTH'):
                key = f'HTTP_{key}'
            value = value.decode('latin-1')
            if key in environ:
                separator = '; ' if key == 'HTTP_COOKIE' else ', '
                value = f'{environ[key]}{separator}{value}'
            environ[key] = value
        return environ


class _Start:
    """`start_response`: stores its arguments."""

    def __init__(self):
        self.status = self.headers = self.error = None
        self.written = []

    def __call__(self, status, headers, exc_info=None):
        self.status, self.headers = status, headers
        self.error = exc_info[1] if exc_info else None
        return self.written.append


class _Body(SyncByteStream):
    """The data that the application wrote, followed by the data that it returned."""

    def __init__(self, result, written):
        self._result, self._written = result, written
        self._pieces = iter(result)

    def fetch_first(self):
        for piece in self._pieces:
            if piece:
                self._written.append(piece)
                break

    def __iter__(self):
        yield from self._written
        yield from self._pieces

    def close(self):
        close = getattr(self._result, 'close', None)
        if close is not None:
            close()
