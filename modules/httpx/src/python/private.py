"""Stands for the private modules of PyPI's httpx and httpx2: `httpx._client`, `httpx._models` and the others.

Programs import public names from them, and tests patch classes through them. The same code serves
under every one of these names: it finds the public names, and the few others below that libraries
are known to use.
"""

import contextlib
import importlib

# The same code is `httpx2._models` and the like.
httpx = importlib.import_module(__name__.partition('.')[0])

_HEADERS_OF_BODIES = ('content-length', 'content-type', 'transfer-encoding')


def __getattr__(name):
    # Looked up each time, since tests patch names of httpx for a while.
    if not name.startswith('_') and name in dir(httpx):
        return getattr(httpx, name)
    if name in _CONSTANTS:
        return _CONSTANTS[name]()
    if not name.startswith('_'):
        internals = importlib.import_module('httpx._internals')
        if name in internals.SOURCES:
            return internals.SOURCES[name]()
        if hasattr(internals, name):
            return getattr(internals, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


_CONSTANTS = {
    'BaseClient': lambda: httpx.Client.__base__,
    'UseClientDefault': lambda: type(httpx.USE_CLIENT_DEFAULT),
    'DEFAULT_LIMITS': lambda: httpx.Limits(max_connections=100, max_keepalive_connections=20),
    'DEFAULT_MAX_REDIRECTS': lambda: 20,
    'DEFAULT_TIMEOUT_CONFIG': lambda: httpx.Timeout(5.0),
    'URLPattern': lambda: httpx._URLPattern,
    'get_environment_proxies': lambda: httpx._environment_proxies,
}


@contextlib.contextmanager
def request_context(request=None):
    """Gives the request to the exceptions that are raised within."""
    try:
        yield
    except httpx.RequestError as error:
        if request is not None:
            error.request = request
        raise


class IteratorByteStream(httpx.SyncByteStream):
    """A body whose chunks come from an iterable of bytes; one that is a generator can be sent once."""

    def __init__(self, stream):
        self._chunks = stream
        self._is_spent = False

    def __iter__(self):
        if self._is_spent and iter(self._chunks) is self._chunks:
            raise httpx.StreamConsumed()
        self._is_spent = True
        yield from self._chunks


class AsyncIteratorByteStream(httpx.AsyncByteStream):
    """A body whose chunks come from an asynchronous iterable of bytes."""

    def __init__(self, stream):
        self._async_chunks = stream
        self._is_async_spent = False

    async def __aiter__(self):
        if self._is_async_spent and aiter(self._async_chunks) is self._async_chunks:
            raise httpx.StreamConsumed()
        self._is_async_spent = True
        async for chunk in self._async_chunks:
            yield chunk


class MultipartStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a multipart form; `boundary` is random if it is not given."""

    def __init__(self, data, files, boundary=None):
        headers = {}
        if boundary is not None:
            headers['content-type'] = 'multipart/form-data; boundary=' + boundary.decode('ascii')
        request = httpx.Request('POST', 'http://localhost', data=data, files=files, headers=headers)
        self.content_type = request.headers['content-type']
        self.boundary = self.content_type.rpartition('boundary=')[2].encode('ascii')
        self._body = request.stream

    def get_headers(self):
        """The headers that describe the body."""
        return {'Content-Type': self.content_type}

    def __iter__(self):
        yield from self._body

    async def __aiter__(self):
        async for chunk in self._body:
            yield chunk


def encode_request(content=None, data=None, files=None, json=None, boundary=None):
    """The headers that describe a body, and its stream."""
    headers = {}
    if boundary is not None:
        headers['content-type'] = 'multipart/form-data; boundary=' + boundary.decode('ascii')
    request = httpx.Request('POST', 'http://localhost', content=content, data=data, files=files, json=json,
                            headers=headers)
    found = {name.title(): request.headers[name] for name in _HEADERS_OF_BODIES if name in request.headers}
    if found.get('Content-Length') == '0':
        found = {}
    return found, request.stream


def encode_json(json):
    """The headers and the stream of a JSON body."""
    return encode_request(json=json)


def encode_urlencoded_data(data):
    """The headers and the stream of a form."""
    return encode_request(data=data)


def encode_multipart_data(data, files, boundary=None):
    """The headers and the stream of a form with files."""
    stream = MultipartStream(data, files, boundary)
    return stream.get_headers(), stream
