"""Responses."""

from _tauraro import reason


class Response:
    """A response with a status, a body of `str` and headers. `Content-Type` is `text/html` unless it is given."""

    def __init__(self, http_code, body=None, headers={}):
        self.http_code = http_code
        self.body = body
        self.version = 'HTTP/1.1'
        self.headers = dict(headers)
        known = {name.lower() for name in self.headers}
        if 'content-type' not in known:
            self.headers['Content-Type'] = 'text/html'
        if 'content-length' not in known:
            self.headers['Content-Length'] = len(self._content())

    def _content(self):
        if self.body is None:
            return b''
        return self.body if isinstance(self.body, bytes) else str(self.body).encode()

    def encode(self):
        """Return the response as it is sent."""
        for name, value in self.headers.items():
            if any(character in f'{name}{value}' for character in '\r\n\0'):
                raise ValueError(f'invalid character in the header {name!r}')
        lines = [f'{self.version} {self.http_code} {reason(self.http_code)}']
        lines.extend(f'{name}: {value}' for name, value in self.headers.items())
        return '\r\n'.join([*lines, '', '']).encode('latin-1') + self._content()
