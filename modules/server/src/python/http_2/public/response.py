"""Responses."""

from ..status_code import StatusCode


class HttpResponse:
    """A response with text."""

    def __init__(self, status_code=StatusCode.OK, headers=None, body=''):
        self._status_code = status_code
        self._headers = {} if headers is None else headers
        self._body = body

    @property
    def protocol(self):
        """What it is sent by, which the request decides."""
        return 'NOT_DETERMINED_YET'

    @property
    def status_code(self):
        """A `StatusCode`."""
        return self._status_code

    @property
    def headers(self):
        """A dict."""
        return self._headers

    @property
    def body(self):
        """The text."""
        return self._body

    def has_body(self):
        """Return whether there is any text."""
        return len(self._body) > 0


class StreamingResponse:
    """A response whose body comes in pieces, from an asynchronous iterable: the `str()` of each is sent at once."""

    def __init__(self, contents_generator, status_code=StatusCode.OK, headers=None, media_type='text/event-stream',
                 char_set='utf-8'):
        self.contents_generator = contents_generator
        self.status_code = status_code
        self.headers = {} if headers is None else headers
        self.media_type = media_type
        self.char_set = char_set
        self.encoding = char_set
        self.protocol = 'HTTP/1.1'
        if media_type == 'text/event-stream':
            self.headers.update({'Content-Type': 'text/event-stream', 'Transfer-Encoding': 'chunked',
                                 'Cache-Control': 'no-cache'})

    async def next_response(self):
        """Return the next piece; an empty text at the end."""
        async for piece in self.contents_generator:
            return piece
        return ''
