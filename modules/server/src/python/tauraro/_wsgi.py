"""WSGI (PEP 3333). The application is called on a thread of the pool, with the whole body."""

import io
import sys

from _tauraro import Response


class _FileWrapper:
    def __init__(self, file, block_size=8192):
        self.file = file
        self.block_size = block_size
        if hasattr(file, 'close'):
            self.close = file.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.file.read(self.block_size)
        if data:
            return data
        raise StopIteration


class _Cycle:
    """One call of the application."""

    def __init__(self):
        self.status = None
        self.headers = None
        self.written = []

    def start_response(self, status, headers, exc_info=None):
        if exc_info is not None:
            exc_info = None
        elif self.status is not None:
            raise AssertionError('start_response() was called twice without exc_info')
        if not isinstance(status, str) or len(status) < 4 or status[3] != ' ' or not status[:3].isdigit():
            raise ValueError(f"the status must be like '200 OK', not {status!r}")
        if not isinstance(headers, list):
            raise TypeError(f'headers must be a list, not {type(headers).__name__}')
        self.status, self.headers = int(status[:3]), list(headers)
        return self.write

    def write(self, data):
        if not isinstance(data, bytes):
            raise TypeError(f'write() takes bytes, not {type(data).__name__}')
        self.written.append(data)

    def length(self):
        """Return the length of the body according to the application, or `None`."""
        for name, value in self.headers or ():
            if name.lower() == 'content-length' and value.isdigit():
                return int(value)
        return None

    def response(self, body):
        if self.status is None:
            raise AssertionError('the application did not call start_response()')
        response = Response(body, self.status, self.headers)
        if not any(name.lower() == 'content-type' for name, _ in self.headers):
            # None is made up for the application.
            response.headers.pop('content-type', None)
        return response


class Application:
    """Runs a WSGI application for the requests of a server."""

    def __init__(self, application, root_path):
        self.application = application
        self.root_path = root_path

    def environ(self, request):
        """Return the environment of a request."""
        client, scheme, host = request._forwarded
        server = request._core.server_address or ('localhost', 80)
        path = request.path.encode().decode('latin-1')
        environ = {
            'REQUEST_METHOD': request.method,
            'SCRIPT_NAME': self.root_path,
            'PATH_INFO': path,
            'RAW_URI': request.target.decode('latin-1'),
            'QUERY_STRING': request.raw_query.decode('latin-1'),
            'SERVER_NAME': (host or '').rpartition(':')[0] or host or server[0],
            'SERVER_PORT': str(server[1] or 80),
            'SERVER_PROTOCOL': f'HTTP/{request.http_version}',
            'REMOTE_ADDR': client[0] if client else '',
            'REMOTE_PORT': str(client[1]) if client else '',
            'wsgi.version': (1, 0),
            'wsgi.url_scheme': scheme,
            'wsgi.input': io.BytesIO(request.body()),
            'wsgi.errors': sys.stderr,
            'wsgi.multithread': True,
            'wsgi.multiprocess': False,
            'wsgi.run_once': False,
            'wsgi.input_terminated': True,
            'wsgi.file_wrapper': _FileWrapper,
        }
        for name, value in request.lower_headers:
            # With an underscore a name would look like another one with a hyphen.
            if b'_' in name:
                continue
            key = name.decode('latin-1').upper().replace('-', '_')
            if key not in ('CONTENT_TYPE', 'CONTENT_LENGTH'):
                key = f'HTTP_{key}'
            value = value.decode('latin-1')
            environ[key] = f'{environ[key]}, {value}' if key in environ else value
        if 'CONTENT_LENGTH' not in environ and request.has_body:
            environ['CONTENT_LENGTH'] = str(len(request.body()))
        return environ

    def __call__(self, request):
        cycle = _Cycle()
        result = self.application(self.environ(request), cycle.start_response)
        close = getattr(result, 'close', None)
        try:
            if isinstance(result, (list, tuple)):
                return cycle.response(b''.join([*cycle.written, *result]))
            iterator = iter(result)
            first = b''.join(cycle.written)
            while not first:
                # Until there is something, start_response() may still be called.
                piece = next(iterator, None)
                if piece is None:
                    return cycle.response(first)
                first = piece
            if cycle.length() == len(first):
                return cycle.response(first)
            self._stream(request, cycle, first, iterator)
            return None
        finally:
            if close is not None:
                close()

    def _stream(self, request, cycle, first, iterator):
        """Send the pieces from this thread: applications may keep their state by thread."""
        core, headers = request._core, cycle.response(None).raw_headers
        core.call(request._start, cycle.status, headers, None)
        core.write(request, first)
        for piece in iterator:
            if piece:
                core.write(request, piece)
        core.call(request._end, b'')
