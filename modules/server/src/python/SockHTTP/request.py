"""Requests."""

import enum


class Method(enum.Enum):
    """The methods that routes can have."""

    GET = 'GET'
    POST = 'POST'
    PUT = 'PUT'
    PATCH = 'PATCH'
    DELETE = 'DELETE'


class Request:
    """A request: `headers` is a dict of the headers as they were sent, and of `method`, `path` and `version`.

    `raw_request` is the head, and the body as far as it is known. The body is read from `client_socket` when it is first
    asked for; `None` without `Content-Length`.
    """

    def __init__(self, raw_request, client_socket=None):
        self.client_socket = client_socket
        self.raw_request = raw_request.decode('latin-1')
        head, _, rest = raw_request.partition(b'\r\n\r\n')
        line, *fields = head.decode('latin-1').split('\r\n')
        try:
            method, path, version = line.split(' ')
        except ValueError:
            raise ValueError(f'invalid request line: {line!r}') from None
        self.headers = {'method': method, 'path': path, 'version': version}
        for field in fields:
            name, colon, value = field.partition(':')
            if not colon:
                raise ValueError(f'invalid header: {field!r}')
            self.headers[name] = value.strip()
        self._rest = rest
        self._body = None

    def get_headers(self):
        """Return the headers."""
        return self.headers

    def get_body(self):
        """Return the body, or `None` without `Content-Length`."""
        if self._body is None:
            length = next((value for name, value in self.headers.items() if name.lower() == 'content-length'), None)
            if length is None:
                return None
            data, missing = self._rest, int(length) - len(self._rest)
            while missing > 0 and self.client_socket is not None:
                piece = self.client_socket.recv(min(missing, 65536))
                if not piece:
                    break
                data, missing = data + piece, missing - len(piece)
            self._body = data[:int(length)].decode('utf-8', 'replace')
        return self._body

    @property
    def body(self):
        """The body, or `None` without `Content-Length`."""
        return self.get_body()

    def __str__(self):
        return f'{self.headers["method"]} {self.headers["path"]}'
