"""Requests, as handlers see them. What every request needs is native."""

import json
from functools import cached_property
from types import SimpleNamespace
from urllib.parse import parse_qsl

import _tauraro

from ._errors import HTTPError


def _text(value):
    return value.decode('latin-1')


class Request(_tauraro.Request):
    """A request. The reading methods are coroutines; in a `def` handler it is a `SyncRequest`."""

    @cached_property
    def headers(self):
        """The headers: an `httpx.Headers`."""
        import httpx

        return httpx.Headers(self.raw_headers)

    @cached_property
    def query(self):
        """The parameters of the query: an `httpx.QueryParams`."""
        import httpx

        return httpx.QueryParams(self.raw_query)

    @cached_property
    def cookies(self):
        """The cookies: a `dict`. Of several with the same name the first counts."""
        cookies = {}
        for name, value in self.lower_headers:
            if name == b'cookie':
                for pair in _text(value).split(';'):
                    key, separator, content = pair.partition('=')
                    if separator:
                        content = content.strip()
                        if len(content) > 1 and content[0] == content[-1] == '"':
                            content = content[1:-1]
                        cookies.setdefault(key.strip(), content)
        return cookies

    @cached_property
    def url(self):
        """The URL that was requested: an `httpx.URL`."""
        import httpx

        target = _text(self.target)
        if not target.startswith(('/', '*')):
            return httpx.URL(target)
        path = '/' if target == '*' else target
        return httpx.URL(f'{self.scheme}://{self.host}{path}')

    @cached_property
    def _forwarded(self):
        return self._core.forwarded(self)

    @property
    def client(self):
        """Host and port of the client, or `None` for a Unix socket.

        With `trust_proxy` it is the client of the proxy.
        """
        return self._forwarded[0]

    @property
    def scheme(self):
        """`http` or `https`."""
        return self._forwarded[1]

    @property
    def host(self):
        """The host that the request is for, with its port if that was sent."""
        return self._forwarded[2]

    @cached_property
    def state(self):
        """A namespace for the handlers' own use."""
        return SimpleNamespace()

    def __repr__(self):
        return f'<{type(self).__name__} {self.method} {_text(self.target)}>'

    def _check_length(self, length):
        limit = self._core.max_body
        if length is not None and length > limit:
            raise HTTPError(413, f'The body is larger than {limit} bytes')

    async def stream(self):
        """Give the body in pieces, as they arrive. Raise `ConnectionResetError` if the client goes before the end."""
        while True:
            data = self._take()
            if data is None:
                waiter = self._more()
                try:
                    await waiter
                finally:
                    self._no_more()
            elif data:
                yield data
            else:
                return

    async def body(self):
        """Return the whole body. One that is larger than `max_body` is answered with 413, before it is read."""
        try:
            return self._content
        except AttributeError:
            pass
        self._check_length(self.content_length)
        pieces, length = [], 0
        async for piece in self.stream():
            length += len(piece)
            self._check_length(length)
            pieces.append(piece)
        self._content = b''.join(pieces)
        return self._content

    async def text(self):
        """Return the body as text."""
        return self._decode(await self.body())

    async def json(self):
        """Return the value of a body in JSON. One that is not is answered with 400."""
        return self._loads(await self.body())

    async def form(self):
        """Return the fields of a form (`application/x-www-form-urlencoded`): an `httpx.QueryParams`."""
        return self._fields(await self.body())

    async def hints(self, links):
        """Send `103 Early Hints` with these values of `Link`."""
        self._inform(103, [('Link', link) for link in links])

    def _decode(self, body):
        charset = 'utf-8'
        for parameter in (self.header('content-type') or '').split(';')[1:]:
            name, _, value = parameter.partition('=')
            if name.strip().lower() == 'charset':
                charset = value.strip().strip('"')
        try:
            return body.decode(charset)
        except (LookupError, UnicodeDecodeError) as error:
            raise HTTPError(400, f'The body is not text: {error}') from None

    def _loads(self, body):
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HTTPError(400, f'The body is not JSON: {error}') from None

    def _fields(self, body):
        import httpx

        media_type = (self.header('content-type') or '').partition(';')[0].strip().lower()
        if media_type != 'application/x-www-form-urlencoded':
            raise HTTPError(415, 'The body is not a form (application/x-www-form-urlencoded)')
        try:
            return httpx.QueryParams(parse_qsl(body.decode('ascii'), keep_blank_values=True))
        except ValueError as error:
            raise HTTPError(400, f'The body is not a form: {error}') from None


class SyncRequest(Request):
    """A request in a `def` handler: the body has arrived, and the methods return without being awaited."""

    def stream(self):
        """Give the body."""
        body = self.body()
        if body:
            yield body

    def body(self):
        """Return the whole body."""
        try:
            return self._content
        except AttributeError:
            self._content = self._take()
            return self._content

    def text(self):
        """Return the body as text."""
        return self._decode(self.body())

    def json(self):
        """Return the value of a body in JSON. One that is not is answered with 400."""
        return self._loads(self.body())

    def form(self):
        """Return the fields of a form (`application/x-www-form-urlencoded`): an `httpx.QueryParams`."""
        return self._fields(self.body())

    def hints(self, links):
        """Send `103 Early Hints` with these values of `Link`."""
        links = [('Link', link) for link in links]
        self._core.call(self._inform, 103, links)
