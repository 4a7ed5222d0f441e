"""Servers: from the first bind to the last connection."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import ssl as _ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from _tauraro import Pool, Response, Service

from . import _app
from ._errors import HTTPError
from ._request import Request, SyncRequest

logger = logging.getLogger('tauraro')
_TICK = 0.5


@dataclass(frozen=True)
class Limits:
    """Bounds on what clients send. `max_body` is for bodies in memory; what is streamed has no limit."""

    max_body: int = 16 * 2**20
    request_line: int = 8 * 1024
    head: int = 32 * 1024
    fields: int = 100
    connections: int = 10_000
    requests: int = 10_000

    def __post_init__(self):
        for name, value in vars(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
                raise ValueError(f'{name} must be a positive int below 2**31, not {value!r}')


@dataclass(frozen=True)
class Timeouts:
    """How long clients may take, in seconds; `None` for any time. `body_rate` is in bytes per second.

    Handlers and streams have no limit.
    """

    first_byte: float | None = 10
    head: float | None = 10
    idle: float | None = 60
    body_rate: int = 240
    body_grace: float | None = 5
    write: float | None = 60

    def __post_init__(self):
        for name, value in vars(self).items():
            if value is None and name != 'body_rate':
                continue
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 2**31:
                raise ValueError(f'{name} must be a number of seconds from 0 on or None, not {value!r}')
        if not isinstance(self.body_rate, int):
            raise ValueError(f'body_rate must be an int, not {self.body_rate!r}')


def _milliseconds(value):
    return 2**63 if value is None else int(value * 1000)


class _Core:
    """What a server does on its loop. Methods without an underscore are called by the native part."""

    def __init__(self, handler=None, /, *, routes=None, host='127.0.0.1', port=8000, unix=None, fd=None, tls=None,
                 threads=None, access_log=None, on_error=None, on_listen=None, lifespan='auto', trust_proxy=(),
                 limits=None, timeouts=None, interface='auto', root_path='', backlog=2048, reuse_port=False):
        if handler is None and routes is None:
            raise TypeError('a handler or routes are required')
        if interface not in ('auto', 'native', 'asgi', 'wsgi'):
            raise ValueError(f"interface must be 'auto', 'native', 'asgi' or 'wsgi', not {interface!r}")
        if lifespan not in ('auto', 'on', 'off'):
            raise ValueError(f"lifespan must be 'auto', 'on' or 'off', not {lifespan!r}")
        self.host, self.port, self.unix, self.fd = host, port, unix, fd
        self.backlog, self.reuse_port = backlog, reuse_port
        self.tls = _context(tls)
        self.access_log = access_log
        self.on_error, self.on_listen = on_error, on_listen
        self.limits = Limits() if limits is None else limits
        self.timeouts = Timeouts() if timeouts is None else timeouts
        for name, value, kind in (('limits', self.limits, Limits), ('timeouts', self.timeouts, Timeouts)):
            if not isinstance(value, kind):
                raise TypeError(f'{name} must be {kind.__name__}, not {type(value).__name__}')
        self.max_body = self.limits.max_body
        self.trusted, self.trusts_all, self.trusts_unix = _trusted(trust_proxy)
        self.trusts = bool(self.trusted or self.trusts_all or self.trusts_unix)
        self.scheme = 'http' if self.tls is None else 'https'
        self.threads = min(32, (os.cpu_count() or 1) + 4) if threads is None else threads
        if not isinstance(self.threads, int) or self.threads < 0:
            raise ValueError(f'threads must be an int from 0 on, not {threads!r}')
        self.workers = self.pool = None
        self.lifespan = None
        self.routes = []
        if routes is not None:
            app = routes if isinstance(routes, _app.App) else _app.App(routes)
            self.routes += [(path, method, *_app.target(each, self.threads)) for path, method, each in app.routes]
        if handler is not None:
            self._add_application(handler, interface, lifespan, root_path)
        self.service = self.server_address = self.loop = None
        self.listeners, self.addresses = [], []
        self.tasks, self.websockets = set(), set()
        self.stopping = False
        self.hurried = None

    def _add_application(self, handler, interface, lifespan, root_path):
        if interface == 'auto':
            interface = _app.interface(handler)
        if interface == 'asgi':
            from ._asgi import Application, Lifespan

            self.lifespan = Lifespan(handler, lifespan)
            application = Application(handler, root_path, self.lifespan.state)
            self.routes.append((None, None, application.__call__, 'async'))
        elif interface == 'wsgi':
            from ._wsgi import Application

            if not self.threads:
                raise ValueError('a WSGI application needs threads')
            application = Application(handler, root_path)
            self.routes.append((None, None, application, 'pooled'))
        elif isinstance(handler, _app.App):
            self.routes += [(path, method, *_app.target(each, self.threads)) for path, method, each in handler.routes]
        else:
            self.routes.append((None, None, *_app.target(handler, self.threads)))

    async def open(self):
        """Listen."""
        self.loop = loop = asyncio.get_running_loop()
        limits, timeouts = self.limits, self.timeouts
        if self.threads:
            self.workers = Pool(loop, self.threads, _start_thread)
        self.service = Service(
            event_loop=loop,
            helper=self,
            pool=self.workers,
            request_class=Request,
            sync_request_class=SyncRequest,
            access_log=bool(self.access_log),
            max_body=limits.max_body,
            request_line=limits.request_line,
            head=limits.head,
            fields=limits.fields,
            requests=limits.requests,
            max_connections=limits.connections,
            first_byte=_milliseconds(timeouts.first_byte),
            head_timeout=_milliseconds(timeouts.head),
            idle=_milliseconds(timeouts.idle),
            body_rate=timeouts.body_rate,
            body_grace=_milliseconds(timeouts.body_grace),
            write=_milliseconds(timeouts.write),
        )
        for route in self.routes:
            self.service.add_route(*route)
        self._tick()
        try:
            if self.lifespan is not None:
                await self.lifespan.start()
            await self._listen()
        except BaseException:
            self._release()
            raise

    async def _listen(self):
        loop, make = self.loop, self.service.connection
        extra = {'ssl': self.tls, 'backlog': self.backlog}
        if self.tls is not None:
            extra['ssl_handshake_timeout'] = self.timeouts.first_byte or 60
        if self.fd is not None:
            import socket

            sock = socket.socket(fileno=self.fd)
            unix = sock.family == socket.AF_UNIX
            listen = loop.create_unix_server if unix else loop.create_server
            listener = await listen(make, sock=sock, **extra)
        elif self.unix is not None:
            listener = await loop.create_unix_server(make, os.fspath(self.unix), **extra)
        else:
            listener = await loop.create_server(make, self.host, self.port, reuse_port=self.reuse_port or None, **extra)
        self.listeners.append(listener)
        self.addresses = [sock.getsockname() for sock in listener.sockets]
        first = self.addresses[0]
        self.server_address = (first, None) if isinstance(first, str) else first[:2]
        if self.on_listen is not None:
            self.on_listen(Server(self))

    @property
    def url(self):
        scheme = 'http' if self.tls is None else 'https'
        host, port = self.server_address
        if port is None:
            return f'{scheme}+unix://{host}'
        if host in ('0.0.0.0', '::'):
            host = 'localhost'
        return f'{scheme}://[{host}]:{port}' if ':' in host else f'{scheme}://{host}:{port}'

    def _tick(self):
        self.service.tick(int(self.loop.time() * 1000), int(time.time()))
        self.ticker = self.loop.call_later(_TICK, self._tick)

    async def close(self, grace):
        """Stop listening, let requests end for `grace` seconds, and end what is left."""
        self.stopping = True
        for listener in self.listeners:
            listener.close()
        self.service.stop()
        closing = [self.loop.create_task(each.close(1001)) for each in list(self.websockets)]
        self.hurried = asyncio.Event()
        end = self.loop.time() + grace
        while (self.service.open_connections or self.tasks) and self.loop.time() < end and not self.hurried.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await self.hurried.wait()
        self.service.abort()
        for task in [*closing, *self.tasks]:
            task.cancel()
        for each in list(self.websockets):
            each.transport.abort()
        if self.lifespan is not None:
            try:
                await self.lifespan.stop()
            except RuntimeError:
                logger.exception('the application did not stop as it should')
        await asyncio.sleep(0)
        self._release()

    def _release(self):
        self.ticker.cancel()
        for listener in self.listeners:
            listener.close()
        if self.workers is not None:
            self.workers.close()
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)
        if self.unix is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.unix)

    def forget_task(self):
        """Forget the task that runs now."""
        self.tasks.discard(asyncio.current_task())

    def call(self, function, *arguments):
        """Call a function on the loop's thread, from another one, and return what it returns."""
        async def run():
            return function(*arguments)

        if threading.get_ident() == getattr(self.loop, '_thread_id', None):
            return function(*arguments)
        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    def write(self, request, data):
        """Send a piece of a body from another thread than the loop's, once the client takes it."""
        async def run():
            waiter = request._write(data)
            if waiter is not None:
                await waiter

        asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    # What the native part asks for.

    def convert(self, value):
        """Return the response for what a handler has returned."""
        if value is None:
            return Response(None, 204)
        if isinstance(value, tuple):
            if not 2 <= len(value) <= 3 or not isinstance(value[1], int):
                raise TypeError(f'a handler returned a tuple that is not (body, status[, headers]): {value!r}')
            return Response(*value)
        return Response(value)

    def no_route(self, request):
        allow = request._allow
        if allow is None:
            return Response('Not Found', 404)
        if request.method == 'OPTIONS':
            return Response(None, 204, {'Allow': f'{allow}, OPTIONS'})
        return Response('Method Not Allowed', 405, {'Allow': f'{allow}, OPTIONS'})

    def too_large(self, request):
        self.fail(request, HTTPError(413, f'The body is larger than {self.max_body} bytes'))

    def fail(self, request, error):
        """Answer a request whose handler has raised."""
        if request._ended:
            if not isinstance(error, (asyncio.CancelledError, ConnectionError, HTTPError)):
                logger.error('handler failed after the end of its response: %r', request, exc_info=error)
            return
        gone = request.disconnected and isinstance(error, (asyncio.CancelledError, ConnectionError))
        if not isinstance(error, HTTPError) and not gone:
            logger.error('handler failed: %r', request, exc_info=error)
        if request._started or gone or getattr(request, '_failed', False):
            request._abort()
            return
        request._failed = True
        if isinstance(error, HTTPError):
            response = error.response()
        else:
            response = Response('Internal Server Error', 500)
            if self.on_error is not None:
                try:
                    response = self.on_error(request, error) or response
                except Exception:
                    logger.exception('on_error failed: %r', request)
        request._send(response)

    async def stream(self, request, response):
        """Send a response whose body is not in memory."""
        body = response.body
        if hasattr(body, '__fspath__'):
            from ._files import send

            try:
                return await send(request, response)
            except FileNotFoundError as error:
                raise HTTPError(404) from error
        headers = response.raw_headers
        request._start(response.status, headers, None)
        request._write(b'')
        if hasattr(body, '__aiter__'):
            try:
                async for piece in body:
                    waiter = request._write(_bytes(piece))
                    if waiter is not None:
                        await waiter
            finally:
                close = getattr(body, 'aclose', None)
                if close is not None:
                    await close()
        else:
            iterator, end = iter(body), object()
            pool = self._executor() if self.threads and isinstance(request, SyncRequest) else None
            try:
                while True:
                    if pool is None:
                        piece = next(iterator, end)
                    else:
                        piece = await self.loop.run_in_executor(pool, next, iterator, end)
                    if piece is end:
                        break
                    waiter = request._write(_bytes(piece))
                    if waiter is not None:
                        await waiter
                    elif pool is None:
                        await asyncio.sleep(0)
            finally:
                close = getattr(body, 'close', None)
                if close is not None:
                    close()
        request._end(b'')

    def _executor(self):
        """Return the pool that the generators of `def` handlers run on."""
        if self.pool is None:
            self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix='tauraro-stream')
        return self.pool

    def log(self, request):
        """Write a line of the access log."""
        status, size, taken = request._outcome
        client = request.client
        target = request.target.decode('latin-1')
        line = (f'{client[0] if client else "-"} "{request.method} {target} HTTP/{request.http_version}" '
                f'{status} {size} {taken / 1000:.3f}')
        log = self.access_log
        if log is True:
            sys.stderr.write(line + '\n')
        elif isinstance(log, logging.Logger):
            log.info('%s', line)
        elif hasattr(log, 'write'):
            log.write(line + '\n')
        else:
            log(line)

    def forwarded(self, request):
        """Return client, scheme and host of a request, those of a trusted proxy's if it came from one."""
        client, scheme = request._peer, self.scheme
        host = request.authority
        if host is None and self.server_address is not None:
            host = '{}:{}'.format(*self.server_address) if self.server_address[1] else 'localhost'
        if not self.trusts or not self._trusts(client):
            return client, scheme, host
        hops = [hop.strip() for name, value in request.lower_headers if name == b'x-forwarded-for'
                for hop in value.decode('latin-1').split(',')]
        for hop in reversed(hops):
            try:
                address = ipaddress.ip_address(hop)
            except ValueError:
                break
            client = str(address), 0
            if not self._trusts(client):
                break
        proto = (request.header('x-forwarded-proto') or '').rpartition(',')[2].strip().lower()
        if proto in ('http', 'https'):
            scheme = proto
        named = (request.header('x-forwarded-host') or '').rpartition(',')[2].strip()
        return client, scheme, named or host

    def _trusts(self, client):
        if client is None:
            return self.trusts_unix
        if self.trusts_all or not self.trusted:
            return self.trusts_all
        address = ipaddress.ip_address(client[0].partition('%')[0])
        return any(address in network for network in self.trusted)


def _start_thread(function):
    threading.Thread(target=function, name='tauraro-worker', daemon=True).start()


def _bytes(piece):
    if isinstance(piece, str):
        return piece.encode()
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return piece
    raise TypeError(f'a streamed body gives str or bytes, not {type(piece).__name__}')


def _trusted(proxies):
    """Return networks, whether every address is trusted, and whether Unix sockets are."""
    if isinstance(proxies, str):
        proxies = [proxies]
    networks, unix = [], False
    for proxy in proxies:
        if proxy == '*':
            return [], True, True
        if proxy == 'unix':
            unix = True
        else:
            networks.append(ipaddress.ip_network(proxy, strict=False))
    return networks, False, unix


def _context(tls):
    """Return the `SSLContext` for what `tls=` takes."""
    if tls is None or isinstance(tls, _ssl.SSLContext):
        return tls
    if not isinstance(tls, (tuple, list)) or len(tls) not in (2, 3):
        raise TypeError('tls must be (certificate, key), (certificate, key, password) or an ssl.SSLContext, '
                        f'not {type(tls).__name__}')
    context = _ssl.SSLContext(_ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*(os.fspath(each) if index < 2 else each for index, each in enumerate(tls)))
    context.set_alpn_protocols(['http/1.1'])
    return context


class Server:
    """A server that listens."""

    def __init__(self, core, thread=None, stop=None):
        self._core = core
        self._thread = thread
        self._stop = stop

    @property
    def url(self):
        """The URL of the server, without a slash at its end; `http+unix://PATH` for a Unix socket."""
        return self._core.url

    @property
    def addresses(self):
        """The addresses that it listens at: pairs of host and port, or paths of Unix sockets."""
        return [each if isinstance(each, str) else tuple(each[:2]) for each in self._core.addresses]

    @property
    def port(self):
        """The port, or `None` for a Unix socket."""
        return self._core.server_address[1]

    def stats(self):
        """Return counts: `connections` that are open, `accepted` since the start, `requests` and those `in_flight`."""
        service = self._core.service
        return {
            'connections': service.open_connections,
            'accepted': service.accepted,
            'requests': service.requests,
            'in_flight': service.in_flight,
        }

    def stop(self, grace=10):
        """Stop a server that was made by `start`: accept no more, let requests end for `grace` seconds, and wait."""
        if self._thread is None:
            raise RuntimeError('only a server made by tauraro.start() is stopped by stop(); leave the `async with` block, '
                               'or send SIGTERM')
        if self._thread is threading.current_thread():
            raise RuntimeError('stop() would wait for the thread that it is called on')
        self._stop(grace)
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.stop(0 if exc_type else 10)

    def __repr__(self):
        return f'<Server {self.url}>'


@contextlib.asynccontextmanager
async def listening(handler=None, /, *, grace=10, **options):
    """Listen in the running event loop, for the time of an `async with` block. The arguments are those of `serve`."""
    core = _Core(handler, **options)
    await core.open()
    try:
        yield Server(core)
    finally:
        await core.close(grace)


def start(handler=None, /, **options):
    """Listen in a thread, and return a `Server` at once. The arguments are those of `serve`.

    Raise what listening raises, such as `OSError` for a port that is taken.
    """
    core = _Core(handler, **options)
    ready = threading.Event()
    outcome = {}

    async def main():
        stopped = asyncio.get_running_loop().create_future()
        try:
            await core.open()
        except BaseException as error:
            outcome['error'] = error
            return
        else:
            outcome['stopped'] = stopped
        finally:
            ready.set()
        await core.close(await stopped)

    def stop(grace):
        def end():
            if not outcome['stopped'].done():
                outcome['stopped'].set_result(grace)

        with contextlib.suppress(RuntimeError):
            core.loop.call_soon_threadsafe(end)

    thread = threading.Thread(target=lambda: asyncio.run(main()), name='tauraro.start', daemon=True)
    thread.start()
    ready.wait()
    if 'error' in outcome:
        thread.join()
        raise outcome['error']
    return Server(core, thread, stop)


def serve(handler=None, /, *, grace=10, **options):
    """Serve until SIGINT or SIGTERM.

    `handler` is called with every request that `routes` does not take. It is a function or coroutine function with one
    parameter, an `App`, or an application of ASGI or WSGI.

    - `routes`: a mapping of paths to handlers;
    - `host`, `port`, `unix`, `fd`: where to listen: a TCP address, the path of a Unix socket, or a descriptor;
    - `tls`: paths of a certificate and its key, or an `ssl.SSLContext`;
    - `threads`: of the pool that `def` handlers run on; 0 to run them on the loop's thread;
    - `access_log`: `True` for lines on `sys.stderr`, a `logging.Logger`, a file, or a function that takes a line;
    - `on_error`: called with a request and an exception that its handler raised, to return another response than 500;
    - `on_listen`: called with the `Server`;
    - `lifespan`: for ASGI: `auto`, `on` or `off`; `root_path`: for ASGI and WSGI, the path they are mounted at;
    - `trust_proxy`: addresses and networks of proxies whose `X-Forwarded-*` headers are believed; `unix` for Unix
      sockets, `*` for all;
    - `limits`, `timeouts`: `Limits` and `Timeouts`; `backlog`: of the listening socket;
    - `interface`: `native`, `asgi` or `wsgi`, where `auto` cannot tell;
    - `grace`: how many seconds requests have to end after a signal. A second signal ends the process.
    """
    core = _Core(handler, **options)

    async def main():
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()

        def on_signal(number):
            if stopped.is_set():
                sys.stderr.flush()
                os._exit(128 + number)
            stopped.set()

        numbers = (signal.SIGINT, signal.SIGTERM)
        handled = threading.current_thread() is threading.main_thread()
        if handled:
            for number in numbers:
                loop.add_signal_handler(number, on_signal, number)
        try:
            await core.open()
            await stopped.wait()
            await core.close(grace)
        finally:
            if handled:
                for number in numbers:
                    loop.remove_signal_handler(number)

    asyncio.run(main())
