"""`httpx.ASGITransport`, created on first use."""

from httpx import AsyncBaseTransport, AsyncByteStream, Response


class ASGITransport(AsyncBaseTransport):
    """A transport that calls an ASGI application instead of a server, on the running `asyncio` loop.

    Arguments: `app`, the application; `raise_app_exceptions`, whether exceptions of the application are
    raised, or answered with status 500; `root_path`, the path that the application is mounted at;
    `client`, address and port of the client.

    The whole body is gathered before the response is returned. An application that does not send a
    complete response raises `AssertionError`.
    """

    def __init__(self, app, raise_app_exceptions=True, root_path='', client=('127.0.0.1', 123)):
        self.app = app
        self.raise_app_exceptions = raise_app_exceptions
        self.root_path = root_path
        self.client = client

    async def handle_async_request(self, request):
        """Call the application and return its response."""
        exchange = _Exchange(request)
        try:
            await self.app(self._scope(request), exchange.receive, exchange.send)
        except Exception:
            if self.raise_app_exceptions:
                raise
            exchange.fail()
        return exchange.response()

    def _scope(self, request):
        url = request.url
        return {
            'type': 'http',
            'asgi': {'version': '3.0'},
            'http_version': '1.1',
            'method': request.method,
            'scheme': url.scheme,
            'path': url.path,
            'raw_path': url.raw_path.partition(b'?')[0],
            'query_string': url.query,
            'root_path': self.root_path,
            'headers': [(name.lower(), value) for name, value in request.headers.raw],
            'client': self.client,
            'server': (url.host, url.port),
        }


class _Exchange:
    """A request that is passed to an application, and the response that is collected from it."""

    def __init__(self, request):
        # Created here, where a loop is running: merely using the class needs none.
        from asyncio import Event

        self._head_only = request.method == 'HEAD'
        self._upload = aiter(request.stream)
        self._uploaded = False
        self._status = None
        self._headers = ()
        self._body = []
        self._complete = Event()

    async def receive(self):
        if self._uploaded:
            await self._complete.wait()
            return {'type': 'http.disconnect'}
        piece = await anext(self._upload, None)
        self._uploaded = piece is None
        return {'type': 'http.request', 'body': piece or b'', 'more_body': not self._uploaded}

    async def send(self, message):
        kind = message['type']
        if kind == 'http.response.start':
            assert self._status is None, 'the application started the response twice'
            self._status = message['status']
            self._headers = message.get('headers', ())
        elif kind == 'http.response.body':
            assert not self._complete.is_set(), 'the application sent more after the end of the response'
            piece = message.get('body', b'')
            if piece and not self._head_only:
                self._body.append(piece)
            if not message.get('more_body', False):
                self._complete.set()

    def fail(self):
        if self._status is None:
            self._status = 500
        self._complete.set()

    def response(self):
        assert self._complete.is_set(), 'the application did not complete the response'
        assert self._status is not None, 'the application did not start the response'
        return Response(self._status, headers=self._headers, stream=_Body(b''.join(self._body)))


class _Body(AsyncByteStream):
    """A body that has been gathered."""

    def __init__(self, content):
        self._content = content

    async def __aiter__(self):
        yield self._content
