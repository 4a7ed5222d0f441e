"""Servers of the legacy implementation."""

import asyncio
import email.utils
import functools
import inspect
import logging
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from ..datastructures import Headers, HeadersLike, MultipleValuesError
from ..exceptions import (
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidOrigin,
    InvalidUpgrade,
    NegotiationError,
)
from ..extensions.permessage_deflate import enable_server_permessage_deflate
from ..headers import build_extension, parse_extension, parse_subprotocol, validate_subprotocols
from ..http11 import SERVER
from ..protocol import State
from ..typing import StatusLike
from ._arguments import protocol_factory
from .exceptions import AbortHandshake
from .handshake import build_response, check_request
from .http import read_request
from .protocol import WebSocketCommonProtocol, _warn, broadcast

__all__ = ["broadcast", "serve", "unix_serve", "WebSocketServerProtocol", "WebSocketServer"]

#: What ``extra_headers`` may be.
HeadersLikeOrCallable = HeadersLike | Callable[[str, Headers], HeadersLike]

#: What ``process_request`` returns for a request that it answers itself: status, headers and body.
HTTPResponse = tuple[StatusLike, HeadersLike, bytes]


class WebSocketServerProtocol(WebSocketCommonProtocol):
    """The server's end of a connection.

    ``ws_handler`` is the coroutine function to call with it and ``ws_server`` the :class:`WebSocketServer` it belongs
    to; the others are those of :func:`serve` and of
    :class:`~websockets.legacy.protocol.WebSocketCommonProtocol`. A subclass may have its own
    :meth:`process_request` and :meth:`select_subprotocol`.
    """

    is_client = False
    side = "server"

    def __init__(
        self,
        ws_handler,
        ws_server,
        *,
        logger=None,
        origins=None,
        extensions=None,
        subprotocols=None,
        extra_headers=None,
        server_header=SERVER,
        process_request=None,
        select_subprotocol=None,
        open_timeout=10,
        **kwargs,
    ):
        if logger is None:
            logger = logging.getLogger("websockets.server")
        super().__init__(logger=logger, **kwargs)
        if origins is not None and "" in origins:
            _warn("use None instead of '' in origins")
            origins = [origin or None for origin in origins]
        self.ws_handler = remove_path_argument(ws_handler)
        self.ws_server = ws_server
        self.origins = origins
        self.available_extensions = extensions
        self.available_subprotocols = subprotocols
        self.extra_headers = extra_headers
        self.server_header = server_header
        self._process_request = process_request
        self._select_subprotocol = select_subprotocol
        self.open_timeout = open_timeout

    def connection_made(self, transport):
        """There is a connection: begin to handle it."""
        super().connection_made(transport)
        # Before the task runs, or a server that closes in the meantime would not wait for it.
        self.ws_server.register(self)
        self.handler_task = self.loop.create_task(self.handler())

    async def handler(self):
        """A task: the handshake, the handler, and the closing handshake. What goes wrong is logged."""
        try:
            if await self._opens():
                await self._handle()
        except Exception:
            # It is logged. No connection may stay open.
            try:
                self.transport.close()
            except Exception:
                pass
        finally:
            self.ws_server.unregister(self)
            self.logger.info("connection closed")

    async def _opens(self):
        """Do the handshake, or refuse it. Returns whether the connection is open."""
        try:
            async with asyncio.timeout(self.open_timeout):
                await self.handshake(
                    origins=self.origins,
                    available_extensions=self.available_extensions,
                    available_subprotocols=self.available_subprotocols,
                    extra_headers=self.extra_headers,
                )
        except (TimeoutError, ConnectionError):
            raise
        except Exception as exc:
            status, headers, body = self._refusal(exc)
        else:
            return True
        headers.setdefault("Date", email.utils.formatdate(usegmt=True))
        if self.server_header:
            headers.setdefault("Server", self.server_header)
        headers.setdefault("Content-Length", str(len(body)))
        headers.setdefault("Content-Type", "text/plain")
        headers.setdefault("Connection", "close")
        self.write_http_response(status, headers, body)
        self.logger.info("connection rejected (%d %s)", status.value, status.phrase)
        await self.close_transport()
        return False

    def _refusal(self, exc):
        """The status, the headers and the body that say why a handshake failed."""
        if isinstance(exc, AbortHandshake):
            return exc.status, exc.headers, exc.body
        headers = Headers()
        hint = ""
        if isinstance(exc, InvalidOrigin):
            self._log_refusal("invalid origin")
            status, reason = HTTPStatus.FORBIDDEN, str(exc)
        elif isinstance(exc, InvalidUpgrade):
            self._log_refusal("invalid upgrade")
            status, reason = HTTPStatus.UPGRADE_REQUIRED, str(exc)
            headers["Upgrade"] = "websocket"
            hint = (
                "\nYou cannot access a WebSocket server directly with a browser. You need a WebSocket client.\n"
            )
        elif isinstance(exc, InvalidHandshake):
            self._log_refusal("invalid handshake")
            status, reasons = HTTPStatus.BAD_REQUEST, []
            while exc is not None:
                reasons.append(str(exc))
                exc = exc.__cause__
            reason = "; ".join(reasons)
        else:
            self.logger.error("opening handshake failed", exc_info=True)
            body = b"Failed to open a WebSocket connection.\nSee server log for more information.\n"
            return HTTPStatus.INTERNAL_SERVER_ERROR, headers, body
        return status, headers, f"Failed to open a WebSocket connection: {reason}.\n{hint}".encode()

    def _log_refusal(self, why):
        if self.debug:
            self.logger.debug("! %s", why, exc_info=True)

    async def _handle(self):
        try:
            await self.ws_handler(self)
        except Exception:
            self.logger.error("connection handler failed", exc_info=True)
            if not self.closed:
                self.fail_connection(1011)
            raise
        try:
            await self.close()
        except ConnectionError:
            raise
        except Exception:
            self.logger.error("closing handshake failed", exc_info=True)
            raise

    async def read_http_request(self):
        """Read the head of the request: the path, with its query, and the headers. A body is left in ``reader``.

        Raises :exc:`~websockets.exceptions.InvalidMessage` for anything but a GET request of HTTP/1.1.
        """
        try:
            self.path, self.request_headers = await read_request(self.reader)
        except Exception as exc:
            raise InvalidMessage("did not receive a valid HTTP request") from exc
        if self.debug:
            self.logger.debug("< GET %s HTTP/1.1", self.path)
            for item in self.request_headers.raw_items():
                self.logger.debug("< %s: %s", *item)
        return self.path, self.request_headers

    def write_http_response(self, status, headers, body=None):
        """Send a response: an :class:`~http.HTTPStatus`, headers, and a body if it is to have one."""
        self.response_headers = headers
        if self.debug:
            self.logger.debug("> HTTP/1.1 %d %s", status.value, status.phrase)
            for item in headers.raw_items():
                self.logger.debug("> %s: %s", *item)
            if body is not None:
                self.logger.debug("> [body] (%d bytes)", len(body))
        self.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}".encode())
        if body is not None:
            self.transport.write(body)

    async def process_request(self, path, request_headers):
        """Answer a request that is not to become a WebSocket: return a status, headers and a body (bytes).

        None goes on with the handshake. The argument of that name of :func:`serve` does the same.
        """
        if self._process_request is None:
            return None
        response = self._process_request(path, request_headers)
        return await _awaited(response)

    @staticmethod
    def process_origin(headers, origins=None):
        """The ``Origin`` of a request, None without one.

        Raises :exc:`~websockets.exceptions.InvalidOrigin` if ``origins`` are given and do not have it.
        """
        try:
            origin = headers.get("Origin")
        except MultipleValuesError as exc:
            raise InvalidHeader("Origin", "multiple values") from exc
        if origins is not None and origin not in origins:
            raise InvalidOrigin(origin)
        return origin

    @staticmethod
    def process_extensions(headers, available_extensions):
        """Accept what a request offers of the available extensions.

        Returns the value of ``Sec-WebSocket-Extensions`` for the response, None without extensions, and a list of
        them.
        """
        answers, accepted = [], []
        values = headers.get_all("Sec-WebSocket-Extensions") if available_extensions else ()
        for name, params in [offer for value in values for offer in parse_extension(value)]:
            for factory in available_extensions:
                if factory.name != name:
                    continue
                try:
                    params, extension = factory.process_request_params(params, accepted)
                except NegotiationError:
                    continue
                answers.append((name, params))
                accepted.append(extension)
                break
        return (build_extension(answers) if answers else None), accepted

    def process_subprotocol(self, headers, available_subprotocols):
        """The subprotocol for a request, None without one."""
        values = headers.get_all("Sec-WebSocket-Protocol")
        if not values or not available_subprotocols:
            return None
        offered = [subprotocol for value in values for subprotocol in parse_subprotocol(value)]
        return self.select_subprotocol(offered, available_subprotocols)

    def select_subprotocol(self, client_subprotocols, server_subprotocols):
        """Choose from what a client offers and what the server has, both preferred ones first; None for none.

        It is the one with the best places in both lists, unless an argument of that name of :func:`serve` chooses.
        """
        if self._select_subprotocol is not None:
            return self._select_subprotocol(client_subprotocols, server_subprotocols)
        common = set(client_subprotocols).intersection(server_subprotocols)

        def rank(subprotocol):
            theirs = client_subprotocols.index(subprotocol)
            # Of equals, the client's preferred one.
            return theirs + server_subprotocols.index(subprotocol), theirs

        return min(common, key=rank, default=None)

    async def handshake(
        self, origins=None, available_extensions=None, available_subprotocols=None, extra_headers=None
    ):
        """Do the opening handshake. Returns the path of the request.

        Raises :exc:`~websockets.exceptions.InvalidHandshake`, of a class that says why not.
        """
        path, request_headers = await self.read_http_request()
        response = await _awaited(self.process_request(path, request_headers))
        if self.state is State.CLOSED:
            # The client has not waited.
            raise BrokenPipeError("connection closed during opening handshake")
        if not self.ws_server.is_serving():
            response = HTTPStatus.SERVICE_UNAVAILABLE, [], b"Server is shutting down.\n"
        if response is not None:
            raise AbortHandshake(*response)

        key = check_request(request_headers)
        self.origin = self.process_origin(request_headers, origins)
        extensions, self.extensions = self.process_extensions(request_headers, available_extensions)
        self.subprotocol = self.process_subprotocol(request_headers, available_subprotocols)

        headers = Headers()
        build_response(headers, key)
        if extensions is not None:
            headers["Sec-WebSocket-Extensions"] = extensions
        if self.subprotocol is not None:
            headers["Sec-WebSocket-Protocol"] = self.subprotocol
        if callable(extra_headers):
            extra_headers = extra_headers(path, self.request_headers)
        if extra_headers is not None:
            headers.update(extra_headers)
        headers.setdefault("Date", email.utils.formatdate(usegmt=True))
        if self.server_header is not None:
            headers.setdefault("Server", self.server_header)
        self.write_http_response(HTTPStatus.SWITCHING_PROTOCOLS, headers)
        self.logger.info("connection open")
        self.connection_open()
        return path


async def _awaited(response):
    """What ``process_request`` returns, which used to be a function."""
    if isinstance(response, Awaitable):
        return await response
    _warn("declare process_request as a coroutine")
    return response


class WebSocketServer:
    """What :func:`serve` gives: an :class:`asyncio.Server` and its connections, which are :attr:`websockets`."""

    def __init__(self, logger=None):
        self.logger = logging.getLogger("websockets.server") if logger is None else logger
        self.websockets = set()
        self.close_task = None

    def wrap(self, server):
        """Take charge of an :class:`asyncio.Server`, which was made after this as it needs it."""
        self.server = server
        for sock in server.sockets:
            self.logger.info("server listening on %s", _name_of(sock))
        self.closed_waiter = server.get_loop().create_future()

    def register(self, protocol):
        """Add a connection."""
        self.websockets.add(protocol)

    def unregister(self, protocol):
        """Remove a connection. Raises ``KeyError`` if it is not there."""
        self.websockets.remove(protocol)

    def close(self, close_connections=True):
        """Begin to close the server; :meth:`wait_closed` waits for that.

        New connections are refused; handshakes are answered with status 503; open connections are closed with code
        1001, unless ``close_connections`` is false; handlers are waited for.
        """
        if self.close_task is None:
            self.close_task = self.get_loop().create_task(self._close(close_connections))

    async def _close(self, close_connections):
        self.logger.info("server closing")
        self.server.close()
        if close_connections:
            # Those that are connecting find out by themselves.
            opened = [websocket for websocket in self.websockets if websocket.state is not State.CONNECTING]
            await _wait_for([asyncio.create_task(websocket.close(1001)) for websocket in opened])
        await self.server.wait_closed()
        await _wait_for([websocket.handler_task for websocket in self.websockets])
        self.closed_waiter.set_result(None)
        self.logger.info("server closed")

    async def wait_closed(self):
        """Wait until the server is closed and its handlers have ended."""
        await asyncio.shield(self.closed_waiter)

    def get_loop(self):
        """The event loop of the server."""
        return self.server.get_loop()

    def is_serving(self):
        """Whether the server accepts connections."""
        return self.server.is_serving()

    async def start_serving(self):
        """Begin to accept connections, for a server made with ``start_serving=False``."""
        await self.server.start_serving()

    async def serve_forever(self):
        """Accept connections until this is cancelled."""
        await self.server.serve_forever()

    @property
    def sockets(self):
        """The sockets the server listens on."""
        return self.server.sockets

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc_value, traceback):
        self.close()
        await self.wait_closed()


async def _wait_for(tasks):
    if tasks:
        await asyncio.wait(tasks)


def _name_of(sock):
    """The own address of a socket, for a log."""
    address = sock.getsockname()
    if sock.family == socket.AF_INET:
        return "{}:{}".format(*address)
    if sock.family == socket.AF_INET6:
        return "[{}]:{}".format(*address[:2])
    return str(address)


class Serve:
    """Start a server: ``await serve(handler, host, port)`` and ``async with`` give a :class:`WebSocketServer`.

    ``ws_handler(websocket)`` is a coroutine function that is called for each connection, which is closed when it
    returns; ``create_protocol`` makes the connection, a :class:`WebSocketServerProtocol` unless it is another class
    or a function. ``logger`` is ``logging.getLogger("websockets.server")`` unless given. ``compression`` is
    ``"deflate"`` or None. ``origins`` lists what the ``Origin`` field may be, with None if it may be missing;
    ``extensions`` and ``subprotocols`` what is available, preferred ones first; ``extra_headers`` is added to
    responses, and may be a function of the path and the headers of the request; ``server_header`` is the ``Server``
    field, None for none. ``process_request`` and ``select_subprotocol`` are as the methods of
    :class:`WebSocketServerProtocol`. ``open_timeout`` is in seconds, None for no limit.

    The other arguments are those of :class:`~websockets.legacy.protocol.WebSocketCommonProtocol`, and of
    :meth:`asyncio.loop.create_server`, such as ``ssl``, ``sock`` and ``start_serving``. ``klass``, ``legacy_recv``,
    ``loop`` and ``timeout`` are former parameters. Raises ``OSError`` and ``ValueError``.
    """

    def __init__(
        self,
        ws_handler,
        host=None,
        port=None,
        *,
        create_protocol=None,
        logger=None,
        compression="deflate",
        origins=None,
        extensions=None,
        subprotocols=None,
        extra_headers=None,
        server_header=SERVER,
        process_request=None,
        select_subprotocol=None,
        open_timeout=10,
        ping_interval=20,
        ping_timeout=20,
        close_timeout=None,
        max_size=2**20,
        max_queue=2**5,
        read_limit=2**16,
        write_limit=2**16,
        **kwargs,
    ):
        extensions = _with_compression(extensions, compression)
        if subprotocols is not None:
            validate_subprotocols(subprotocols)
        self.ws_server = WebSocketServer(logger)
        loop, factory = protocol_factory(
            create_protocol,
            WebSocketServerProtocol,
            kwargs,
            (remove_path_argument(ws_handler), self.ws_server),
            host=host,
            port=port,
            secure=kwargs.get("ssl") is not None,
            logger=logger,
            origins=origins,
            extensions=extensions,
            subprotocols=subprotocols,
            extra_headers=extra_headers,
            server_header=server_header,
            process_request=process_request,
            select_subprotocol=select_subprotocol,
            open_timeout=open_timeout,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_size=max_size,
            max_queue=max_queue,
            read_limit=read_limit,
            write_limit=write_limit,
        )
        if kwargs.pop("unix", False):
            assert host is None and port is None, "a Unix socket has a path"
            path = kwargs.pop("path", None)
            self._create_server = functools.partial(loop.create_unix_server, factory, path, **kwargs)
        else:
            self._create_server = functools.partial(loop.create_server, factory, host, port, **kwargs)

    async def __aenter__(self):
        return await self

    async def __aexit__(self, exc_type, exc_value, traceback):
        self.ws_server.close()
        await self.ws_server.wait_closed()

    def __await__(self):
        return self.__await_impl__().__await__()

    async def __await_impl__(self):
        self.ws_server.wrap(await self._create_server())
        return self.ws_server


def _with_compression(extensions, compression):
    if compression == "deflate":
        return enable_server_permessage_deflate(extensions)
    if compression is not None:
        raise ValueError(f"unsupported compression: {compression}")
    return extensions


serve = Serve


def unix_serve(ws_handler, path=None, **kwargs):
    """Start a server on a Unix socket, as :func:`serve` does on TCP; see :meth:`asyncio.loop.create_unix_server`."""
    return serve(ws_handler, path=path, unix=True, **kwargs)


def remove_path_argument(ws_handler):
    """Make a handler that takes the connection of one that takes its path too, as they used to."""
    takes = inspect.signature(ws_handler).bind
    try:
        takes(None)
    except TypeError:
        try:
            takes(None, "")
        except TypeError:
            return ws_handler
    else:
        return ws_handler
    _warn("remove second argument of ws_handler")

    async def handler(websocket):
        return await ws_handler(websocket, websocket.path)

    return handler
