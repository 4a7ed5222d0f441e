"""The part of httpcore's API that programs use besides httpx, over httpx's own transports.

URLs, requests, responses, exceptions and connection pools are here; network backends are not. As
with PyPI's httpcore below httpx, a test double in place of `ConnectionPool.handle_request` or
`AsyncConnectionPool.handle_async_request` answers the requests of httpx's clients.
"""

import contextlib
import sys
import types

import httpx

__version__ = '1.0.9'


class ConnectionNotAvailable(Exception):
    """The connection cannot take the request; another one can."""


class ProxyError(Exception):
    """The proxy did not connect."""


class UnsupportedProtocol(Exception):
    """The URL's scheme is neither `http` nor `https`."""


class ProtocolError(Exception):
    """Base class of violations of the protocol."""


class RemoteProtocolError(ProtocolError):
    """The server violated the protocol."""


class LocalProtocolError(ProtocolError):
    """The request would violate the protocol."""


class TimeoutException(Exception):
    """Base class of the timeouts."""


class PoolTimeout(TimeoutException):
    """No connection of the pool became free in time."""


class ConnectTimeout(TimeoutException):
    """No connection was made in time."""


class ReadTimeout(TimeoutException):
    """Nothing arrived in time."""


class WriteTimeout(TimeoutException):
    """The server accepted no data in time."""


class NetworkError(Exception):
    """Base class of failures of the network."""


class ConnectError(NetworkError):
    """The connection could not be made."""


class ReadError(NetworkError):
    """The connection broke while it was read from."""


class WriteError(NetworkError):
    """The connection broke while it was written to."""


_ERRORS = (ConnectionNotAvailable, ProxyError, UnsupportedProtocol, ProtocolError, TimeoutException, NetworkError)


@contextlib.contextmanager
def _translating(raised, namespace):
    """Raises exceptions of the classes `raised` as the classes of the same names in `namespace`."""
    try:
        yield
    except raised as error:
        cls = getattr(namespace, type(error).__name__, None)
        if cls is None:
            raise
        raise cls(str(error)) from error


def _to_ours():
    return _translating(httpx.TransportError, sys.modules[__name__])


def _to_httpx():
    return _translating(_ERRORS, httpx)


def _bytes(text):
    return text.encode('ascii') if isinstance(text, str) else text


def _headers(headers):
    if headers is None:
        return []
    items = headers.items() if hasattr(headers, 'items') else headers
    return [(_bytes(name), _bytes(value)) for name, value in items]


class Origin:
    """Where a URL leads: scheme, host and port."""

    def __init__(self, scheme, host, port):
        self.scheme, self.host, self.port = scheme, host, port

    def __eq__(self, other):
        return isinstance(other, Origin) and vars(self) == vars(other)

    def __hash__(self):
        return hash((self.scheme, self.host, self.port))

    def __str__(self):
        return f'{self.scheme.decode("ascii")}://{self.host.decode("ascii")}:{self.port}'


class URL:
    """A URL in the parts that a connection needs, as bytes: `scheme`, `host`, `port`, `target`."""

    def __init__(self, url='', *, scheme=b'', host=b'', port=None, target=b''):
        if url:
            parsed = httpx.URL(url.decode('ascii') if isinstance(url, bytes) else url)
            self.scheme, self.host, self.port = parsed.raw_scheme, parsed.raw_host, parsed.port
            self.target = parsed.raw_path
        else:
            self.scheme, self.host, self.port = _bytes(scheme), _bytes(host), port
            self.target = _bytes(target)

    @property
    def origin(self):
        """Scheme, host and port, the scheme's default port included."""
        defaults = {b'http': 80, b'https': 443, b'ws': 80, b'wss': 443, b'socks5': 1080, b'socks5h': 1080}
        return Origin(self.scheme, self.host, self.port or defaults.get(self.scheme))

    def __eq__(self, other):
        return isinstance(other, URL) and vars(self) == vars(other)

    def __bytes__(self):
        port = b'' if self.port is None else b':%d' % self.port
        return b'%b://%b%b%b' % (self.scheme, self.host, port, self.target)

    def __repr__(self):
        return (f'URL(scheme={self.scheme!r}, host={self.host!r}, port={self.port!r}, '
                f'target={self.target!r})')

    def _to_httpx(self):
        # Made from text, for an IPv6 address has no brackets here.
        host = self.host.decode('ascii')
        return httpx.URL(scheme=self.scheme.decode('ascii'), host=host, port=self.port, raw_path=self.target)


class Request:
    """A request, in bytes: `method`, `url`, `headers` (pairs), `stream`, `extensions`."""

    def __init__(self, method, url, *, headers=None, content=None, extensions=None):
        self.method = _bytes(method)
        self.url = url if isinstance(url, URL) else URL(url)
        self.headers = _headers(headers)
        self.stream = httpx.ByteStream(content or b'') if content is None or isinstance(content, bytes) else content
        self.extensions = {} if extensions is None else dict(extensions)

    def __repr__(self):
        return f'<Request [{self.method!r}]>'

    def _to_httpx(self):
        return httpx.Request(self.method.decode('ascii'), self.url._to_httpx(), headers=self.headers,
                             stream=self.stream, extensions=self.extensions)


class Response:
    """A response, its headers pairs of bytes: `status`, `headers`, `stream`, `extensions`."""

    def __init__(self, status, *, headers=None, content=None, extensions=None):
        self.status = status
        self.headers = _headers(headers)
        self.stream = httpx.ByteStream(content or b'') if content is None or isinstance(content, bytes) else content
        self.extensions = {} if extensions is None else dict(extensions)

    def __repr__(self):
        return f'<Response [{self.status}]>'

    @property
    def content(self):
        """The body; `RuntimeError` before it was read."""
        if not hasattr(self, '_content'):
            raise RuntimeError("the response's content has not been read: call read() or await aread() first")
        return self._content

    def iter_stream(self):
        """The body's chunks."""
        with _to_ours():
            yield from self.stream

    def read(self):
        """Reads the body."""
        if not hasattr(self, '_content'):
            self._content = b''.join(self.iter_stream())
        return self._content

    def close(self):
        """Gives the connection back."""
        if hasattr(self.stream, 'close'):
            self.stream.close()

    async def aiter_stream(self):
        """The body's chunks."""
        with _to_ours():
            async for chunk in self.stream:
                yield chunk

    async def aread(self):
        """Reads the body."""
        if not hasattr(self, '_content'):
            self._content = b''.join([chunk async for chunk in self.aiter_stream()])
        return self._content

    async def aclose(self):
        """Gives the connection back."""
        if hasattr(self.stream, 'aclose'):
            await self.stream.aclose()


def _from_httpx(response):
    return Response(response.status_code, headers=response.headers.raw, content=response.stream,
                    extensions=response.extensions)


def _core_request(request):
    url = request.url
    url = URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return Request(request.method, url, headers=request.headers.raw, content=request.stream,
                   extensions=request.extensions)


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that raises httpx's exceptions."""

    def __init__(self, stream):
        self._stream = stream

    def __iter__(self):
        with _to_httpx():
            yield from self._stream

    async def __aiter__(self):
        with _to_httpx():
            async for chunk in self._stream:
                yield chunk

    def close(self):
        if hasattr(self._stream, 'close'):
            self._stream.close()

    async def aclose(self):
        if hasattr(self._stream, 'aclose'):
            await self._stream.aclose()


def _httpx_response(response):
    return httpx.Response(response.status, headers=response.headers, stream=_Stream(response.stream),
                          extensions=response.extensions)


def _handle_request(transport, request):
    with _to_httpx():
        return _httpx_response(transport._pool.handle_request(_core_request(request)))


async def _handle_async_request(transport, request):
    with _to_httpx():
        return _httpx_response(await transport._pool.handle_async_request(_core_request(request)))


class _PoolType(type):
    """Sends httpx's requests through the pools for as long as their method is replaced."""

    def __setattr__(cls, name, value):
        super().__setattr__(name, value)
        cls._route()

    def __delattr__(cls, name):
        super().__delattr__(name)
        cls._route()

    def _route(cls):
        transport, method, native, through = _ROUTES[cls._is_async]
        pools = [AsyncConnectionPool, AsyncHTTPProxy] if cls._is_async else [ConnectionPool, HTTPProxy]
        replaced = any(getattr(pool, method) is not pool._own for pool in pools)
        current = transport.__dict__[method]
        if replaced and current is native:
            setattr(transport, method, through)
        elif not replaced and current is through:
            setattr(transport, method, native)


_ROUTES = {
    False: (httpx.HTTPTransport, 'handle_request', httpx.HTTPTransport.__dict__['handle_request'], _handle_request),
    True: (httpx.AsyncHTTPTransport, 'handle_async_request',
           httpx.AsyncHTTPTransport.__dict__['handle_async_request'], _handle_async_request),
}


class RequestInterface:
    """Base class of pools and connections, which send requests."""


class AsyncRequestInterface:
    """Base class of asynchronous pools and connections."""


class ConnectionInterface(RequestInterface):
    """Base class of blocking request handlers."""


class AsyncConnectionInterface(AsyncRequestInterface):
    """Base class of asynchronous request handlers."""


class _Pool:
    _transport = None

    def __init__(self, ssl_context=None, proxy=None, max_connections=10, max_keepalive_connections=None,
                 keepalive_expiry=None, http1=True, http2=False, retries=0, local_address=None, uds=None,
                 network_backend=None, socket_options=None):
        if network_backend is not None:
            raise NotImplementedError('network_backend is not supported')
        limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_keepalive_connections,
                              keepalive_expiry=keepalive_expiry)
        self._transport = _ROUTES[self._is_async][0](
            verify=True if ssl_context is None else ssl_context, http1=http1, http2=http2, limits=limits,
            proxy=proxy, uds=uds, local_address=local_address, retries=retries, socket_options=socket_options)

    @property
    def _network_backend(self):
        from httpcore._backends import AnyIOBackend, SyncBackend

        return AnyIOBackend() if self._is_async else SyncBackend()

    @_network_backend.setter
    def _network_backend(self, backend):
        # Programs that look at addresses before they connect must not believe that this one does.
        raise NotImplementedError('network_backend is not supported: connections are made in native code')

    def _set_proxy(self, url, auth, headers):
        self._proxy_url, self._proxy_headers = url, headers
        if auth is not None:
            self._proxy_headers = [(b'Proxy-Authorization', auth), *headers]


class ConnectionPool(_Pool, ConnectionInterface, metaclass=_PoolType):
    """Connections kept for further requests, for blocking callers."""

    _is_async = False

    def handle_request(self, request):
        """Sends a `Request` and returns its `Response`, whose body is still to be read."""
        with _to_ours():
            return _from_httpx(_ROUTES[False][2](self._transport, request._to_httpx()))

    def request(self, method, url, *, headers=None, content=None, extensions=None):
        """Sends a request and returns its `Response`, read."""
        with self.stream(method, url, headers=headers, content=content, extensions=extensions) as response:
            response.read()
        return response

    @contextlib.contextmanager
    def stream(self, method, url, *, headers=None, content=None, extensions=None):
        """Sends a request; its `Response` can be read within the `with` block."""
        request = Request(method, url, headers=_complete(url, headers, content), content=content, extensions=extensions)
        response = self.handle_request(request)
        try:
            yield response
        finally:
            response.close()

    def close(self):
        """Ends the connections."""
        self._transport.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class AsyncConnectionPool(_Pool, AsyncConnectionInterface, metaclass=_PoolType):
    """Connections kept for further requests, for awaiting callers."""

    _is_async = True

    async def handle_async_request(self, request):
        """Sends a `Request` and returns its `Response`, whose body is still to be read."""
        with _to_ours():
            return _from_httpx(await _ROUTES[True][2](self._transport, request._to_httpx()))

    async def request(self, method, url, *, headers=None, content=None, extensions=None):
        """Sends a request and returns its `Response`, read."""
        async with self.stream(method, url, headers=headers, content=content, extensions=extensions) as response:
            await response.aread()
        return response

    @contextlib.asynccontextmanager
    async def stream(self, method, url, *, headers=None, content=None, extensions=None):
        """Sends a request; its `Response` can be read within the `async with` block."""
        request = Request(method, url, headers=_complete(url, headers, content), content=content, extensions=extensions)
        response = await self.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def aclose(self):
        """Ends the connections."""
        await self._transport.aclose()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        await self.aclose()


def _complete(url, headers, content):
    """The headers with those that every request needs."""
    headers = _headers(headers)
    names = {name.lower() for name, _ in headers}
    if b'host' not in names:
        url = url if isinstance(url, URL) else URL(url)
        port = b'' if url.port is None else b':%d' % url.port
        headers.insert(0, (b'Host', url.host + port))
    if content is not None and not names & {b'content-length', b'transfer-encoding'}:
        if isinstance(content, bytes):
            headers.append((b'Content-Length', b'%d' % len(content)))
        else:
            headers.append((b'Transfer-Encoding', b'chunked'))
    return headers


class HTTPProxy(ConnectionPool):
    """Connections through a proxy, for blocking callers."""


class AsyncHTTPProxy(AsyncConnectionPool):
    """Connections through a proxy, for awaiting callers."""


# Set past the metaclass, which asks for them.
for _pool, _method in [(ConnectionPool, 'handle_request'), (HTTPProxy, 'handle_request'),
                       (AsyncConnectionPool, 'handle_async_request'), (AsyncHTTPProxy, 'handle_async_request')]:
    type.__setattr__(_pool, '_own', staticmethod(getattr(_pool, _method)))

SOCKSProxy, AsyncSOCKSProxy = HTTPProxy, AsyncHTTPProxy


class HTTPConnection(ConnectionInterface):
    """Named for those who patch it; httpx's connections are not objects of Python."""


class AsyncHTTPConnection(AsyncConnectionInterface):
    """Named for those who patch it; httpx's connections are not objects of Python."""


class NetworkStream:
    """The interface of the `network_stream` extension of a response."""

    def read(self, max_bytes, timeout=None):
        """Reads what has arrived, at most `max_bytes` bytes; none once the peer sends no more."""
        raise NotImplementedError

    def write(self, buffer, timeout=None):
        """Writes all of `buffer`."""
        raise NotImplementedError

    def close(self):
        """Closes the connection."""
        raise NotImplementedError

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        """Encrypts the connection from here on, and returns the stream for that."""
        raise NotImplementedError

    def get_extra_info(self, info):
        """What is known of the connection by a name; None for what is not."""
        return None


class AsyncNetworkStream:
    """The asynchronous interface of the `network_stream` extension of a response."""

    async def read(self, max_bytes, timeout=None):
        """Reads what has arrived, at most `max_bytes` bytes; none once the peer sends no more."""
        raise NotImplementedError

    async def write(self, buffer, timeout=None):
        """Writes all of `buffer`."""
        raise NotImplementedError

    async def aclose(self):
        """Closes the connection."""
        raise NotImplementedError

    async def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        """Encrypts the connection from here on, and returns the stream for that."""
        raise NotImplementedError

    def get_extra_info(self, info):
        """What is known of the connection by a name; None for what is not."""
        return None


def _both(name):
    """A class of exceptions that is httpcore's and httpx's of a name."""
    made = type(name, (globals()[name], getattr(httpx, name)), {'__doc__': globals()[name].__doc__})
    made.__module__ = __name__
    return made


_OF_STREAMS = {name: _both(name) for name in ('ReadError', 'ReadTimeout', 'WriteError', 'WriteTimeout')}


def _of_stream(error):
    """An exception of httpx for the users of a network stream, who may know httpcore's only."""
    cls = _OF_STREAMS.get(type(error).__name__)
    if cls is None:
        return error
    made = cls(str(error))
    made.__cause__ = error.__cause__
    return made


def request(method, url, *, headers=None, content=None, extensions=None):
    """Sends one request and returns its `Response`, read."""
    with ConnectionPool() as pool:
        return pool.request(method, url, headers=headers, content=content, extensions=extensions)


@contextlib.contextmanager
def stream(method, url, *, headers=None, content=None, extensions=None):
    """Sends one request; its `Response` can be read within the `with` block."""
    with ConnectionPool() as pool:
        with pool.stream(method, url, headers=headers, content=content, extensions=extensions) as response:
            yield response


def _pool_of(transport, proxy_url, proxy_auth, proxy_headers):
    """The pool that httpx's transport `transport` stands for."""
    is_async = isinstance(transport, httpx.AsyncHTTPTransport)
    pools = (AsyncConnectionPool, AsyncHTTPProxy) if is_async else (ConnectionPool, HTTPProxy)
    pool = object.__new__(pools[proxy_url is not None])
    pool._transport = transport
    if proxy_url is not None:
        pool._set_proxy(URL(proxy_url), proxy_auth, proxy_headers)
    return pool


def default_ssl_context():
    """The context that connections are encrypted with by default."""
    return httpx.create_ssl_context()


class Proxy:
    """A proxy: its URL, user name and password as a pair, headers, and a context to encrypt with."""

    def __init__(self, url, auth=None, headers=None, ssl_context=None):
        self.url = url if isinstance(url, URL) else URL(url)
        self.auth = auth if auth is None else (_bytes(auth[0]), _bytes(auth[1]))
        self.headers = _headers(headers)
        self.ssl_context = ssl_context


def __getattr__(name):
    """What few programs ask for: network backends, which take modules that `import httpx` does without."""
    if name in ('AnyIOBackend', 'AsyncNetworkBackend', 'NetworkBackend', 'SOCKET_OPTION', 'SyncBackend'):
        import httpcore._backends

        return getattr(httpcore._backends, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


class HTTP11Connection(ConnectionInterface):
    """Named for those who patch it; httpx's connections are not objects of Python."""


class AsyncHTTP11Connection(AsyncConnectionInterface):
    """Named for those who patch it; httpx's connections are not objects of Python."""


def _add_modules():
    """The modules that test doubles and libraries name classes by."""
    errors = [value for value in list(globals().values())
              if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == __name__]
    layout = {
        '_exceptions': errors,
        '_models': [URL, Origin, Request, Response, Proxy],
        '_ssl': [default_ssl_context],
        '_sync.connection': [HTTPConnection],
        '_sync.connection_pool': [ConnectionPool],
        '_sync.http11': [HTTP11Connection],
        '_sync.http_proxy': [HTTPProxy],
        '_sync.interfaces': [ConnectionInterface, RequestInterface],
        '_sync.socks_proxy': [SOCKSProxy],
        '_async.connection': [AsyncHTTPConnection],
        '_async.connection_pool': [AsyncConnectionPool],
        '_async.http11': [AsyncHTTP11Connection],
        '_async.http_proxy': [AsyncHTTPProxy],
        '_async.interfaces': [AsyncConnectionInterface, AsyncRequestInterface],
        '_async.socks_proxy': [AsyncSOCKSProxy],
    }
    aliases = {'_sync.socks_proxy': 'SOCKSProxy', '_async.socks_proxy': 'AsyncSOCKSProxy'}
    for path, values in layout.items():
        package, _, name = path.rpartition('.')
        parent = sys.modules[__name__]
        if package:
            parent = sys.modules.setdefault(f'{__name__}.{package}', types.ModuleType(f'{__name__}.{package}'))
            parent.__path__ = []
            globals()[package] = parent
        module = types.ModuleType(f'{__name__}.{path}')
        for value in values:
            setattr(module, aliases.get(path, value.__name__), value)
        setattr(parent, name, module)
        sys.modules[module.__name__] = module


_add_modules()
