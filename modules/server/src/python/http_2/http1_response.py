"""The names of 0.0.2."""

from .public.response import HttpResponse, StreamingResponse


class GeneralHttp1Response(HttpResponse):
    """A response with text."""

    @property
    def protocol(self):
        """`HTTP/1.1`."""
        return 'HTTP/1.1'


__all__ = ['GeneralHttp1Response', 'StreamingResponse']
