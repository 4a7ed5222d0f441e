"""The names of 0.0.2."""

from .public.request import HttpRequest as GenericHttpRequest
from .status_code import StatusCode


class GenericHttpResponse:
    """A response that a handler fills in and returns."""

    def __init__(self, status_code=StatusCode.OK, headers=None, body=''):
        self.status_code = status_code
        self._headers = {} if headers is None else headers
        self._body = body

    @property
    def headers(self):
        """A dict."""
        return self._headers

    def update_headers(self, header):
        """Add headers."""
        self._headers.update(header)

    @property
    def body(self):
        """The text."""
        return self._body

    @body.setter
    def body(self, body):
        self._body = str(body)


__all__ = ['GenericHttpRequest', 'GenericHttpResponse']
