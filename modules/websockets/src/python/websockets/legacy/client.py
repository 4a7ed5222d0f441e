"""Clients of the legacy implementation."""

import asyncio
import functools
import logging
import os
import random
import traceback
from urllib.parse import urljoin

from ..datastructures import Headers
from ..exceptions import InvalidHeader, InvalidHeaderValue, InvalidMessage, NegotiationError, SecurityError
from ..extensions.permessage_deflate import enable_client_permessage_deflate
from ..headers import (
    build_authorization_basic,
    build_extension,
    build_host,
    build_subprotocol,
    parse_extension,
    parse_subprotocol,
    validate_subprotocols,
)
from ..http11 import USER_AGENT
from ..uri import parse_uri
from ._arguments import protocol_factory
from .exceptions import InvalidStatusCode, RedirectHandshake
from .handshake import build_request, check_response
from .http import read_response
from .protocol import WebSocketCommonProtocol

__all__ = ["connect", "unix_connect", "WebSocketClientProtocol"]

#: The statuses that send a client elsewhere.
_REDIRECTS = (301, 302, 303, 307, 308)

#: The fields that only the server is to see that they were meant for, in lower case.
_SECRETS = ("authorization", "cookie", "proxy-authorization")


class WebSocketClientProtocol(WebSocketCommonProtocol):
    """The client's end of a connection. The parameters are those of :func:`connect` and of
    :class:`~websockets.legacy.protocol.WebSocketCommonProtocol`."""

    is_client = True
    side = "client"

    def __init__(
        self,
        *,
        logger=None,
        origin=None,
        extensions=None,
        subprotocols=None,
        extra_headers=None,
        user_agent_header=USER_AGENT,
        **kwargs,
    ):
        if logger is None:
            logger = logging.getLogger("websockets.client")
        super().__init__(logger=logger, **kwargs)
        self.origin = origin
        self.available_extensions = extensions
        self.available_subprotocols = subprotocols
        self.extra_headers = extra_headers
        self.user_agent_header = user_agent_header

    def write_http_request(self, path, headers):
        """Send a request for a path, with its query, and these headers."""
        self.path = path
        self.request_headers = headers
        if self.debug:
            self.logger.debug("> GET %s HTTP/1.1", path)
            for item in headers.raw_items():
                self.logger.debug("> %s: %s", *item)
        self.transport.write(f"GET {path} HTTP/1.1\r\n{headers}".encode())

    async def read_http_response(self):
        """Read the head of the response: the status and the headers.

        Raises :exc:`~websockets.exceptions.InvalidMessage` for anything but a response of HTTP/1.1.
        """
        try:
            status, reason, headers = await read_response(self.reader)
        except Exception as exc:
            raise InvalidMessage("did not receive a valid HTTP response") from exc
        if self.debug:
            self.logger.debug("< HTTP/1.1 %d %s", status, reason)
            for item in headers.raw_items():
                self.logger.debug("< %s: %s", *item)
        self.response_headers = headers
        return status, headers

    @staticmethod
    def process_extensions(headers, available_extensions):
        """The list of extensions that a response accepts, each made by the first that has its name and takes its
        parameters.

        Raises :exc:`~websockets.exceptions.NegotiationError` if there is none.
        """
        accepted = []
        values = headers.get_all("Sec-WebSocket-Extensions")
        if values and available_extensions is None:
            raise NegotiationError("no extensions supported")
        for name, params in [answer for value in values for answer in parse_extension(value)]:
            for factory in available_extensions:
                if factory.name != name:
                    continue
                try:
                    extension = factory.process_response_params(params, accepted)
                except NegotiationError:
                    continue
                accepted.append(extension)
                break
            else:
                raise NegotiationError(f"Unsupported extension: name = {name}, params = {params}")
        return accepted

    @staticmethod
    def process_subprotocol(headers, available_subprotocols):
        """The subprotocol that a response chooses, None without one.

        Raises :exc:`~websockets.exceptions.NegotiationError` for one that was not offered and
        :exc:`~websockets.exceptions.InvalidHeader` for several.
        """
        values = headers.get_all("Sec-WebSocket-Protocol")
        if not values:
            return None
        if available_subprotocols is None:
            raise NegotiationError("no subprotocols supported")
        chosen = [subprotocol for value in values for subprotocol in parse_subprotocol(value)]
        if len(chosen) > 1:
            raise InvalidHeaderValue("Sec-WebSocket-Protocol", f"multiple values: {', '.join(chosen)}")
        if chosen[0] not in available_subprotocols:
            raise NegotiationError(f"unsupported subprotocol: {chosen[0]}")
        return chosen[0]

    async def handshake(
        self, wsuri, origin=None, available_extensions=None, available_subprotocols=None, extra_headers=None
    ):
        """Do the opening handshake with what :func:`~websockets.uri.parse_uri` makes of the URI.

        The ``extra_headers`` are those of the connection. Raises :exc:`~websockets.exceptions.InvalidHandshake`,
        of a class that says why not.
        """
        headers = Headers()
        headers["Host"] = build_host(wsuri.host, wsuri.port, wsuri.secure)
        if wsuri.user_info:
            headers["Authorization"] = build_authorization_basic(*wsuri.user_info)
        if origin is not None:
            headers["Origin"] = origin
        key = build_request(headers)
        if available_extensions is not None:
            offers = [(factory.name, factory.get_request_params()) for factory in available_extensions]
            headers["Sec-WebSocket-Extensions"] = build_extension(offers)
        if available_subprotocols is not None:
            headers["Sec-WebSocket-Protocol"] = build_subprotocol(available_subprotocols)
        if self.extra_headers is not None:
            headers.update(self.extra_headers)
        if self.user_agent_header:
            headers.setdefault("User-Agent", self.user_agent_header)
        self.write_http_request(wsuri.resource_name, headers)

        status, answer = await self.read_http_response()
        if status in _REDIRECTS:
            if "Location" not in answer:
                raise InvalidHeader("Location")
            raise RedirectHandshake(answer["Location"])
        if status != 101:
            raise InvalidStatusCode(status, answer)
        check_response(answer, key)
        self.extensions = self.process_extensions(answer, available_extensions)
        self.subprotocol = self.process_subprotocol(answer, available_subprotocols)
        self.connection_open()


class Connect:
    """Connect to a server: ``await connect(uri)`` and ``async with`` give a :class:`WebSocketClientProtocol`, which the
    latter closes.

    ``async for websocket in connect(uri)`` connects again whenever the connection is lost, and waits longer each time
    that fails: see ``BACKOFF_INITIAL``, ``BACKOFF_MIN``, ``BACKOFF_FACTOR`` and ``BACKOFF_MAX``, in seconds, which the
    environment may have as ``WEBSOCKETS_BACKOFF_INITIAL_DELAY`` and so on.

    ``create_protocol`` makes the connection: another class than :class:`WebSocketClientProtocol`, or a function.
    ``logger`` is ``logging.getLogger("websockets.client")`` unless given. ``compression`` is ``"deflate"`` or None.
    ``origin`` is the ``Origin`` field; ``extensions`` and ``subprotocols`` are offered, preferred ones first;
    ``extra_headers`` is added to the request; ``user_agent_header`` is the ``User-Agent`` field, None for none.
    ``open_timeout`` is in seconds, None for no limit.

    The other arguments are those of :class:`~websockets.legacy.protocol.WebSocketCommonProtocol`, and of
    :meth:`asyncio.loop.create_connection`: ``ssl``, by default that of :func:`ssl.create_default_context` for wss;
    ``host`` and ``port``, to connect elsewhere than to where the URI says; ``sock``. ``klass``, ``legacy_recv``,
    ``loop`` and ``timeout`` are former parameters.

    Raises :exc:`~websockets.exceptions.InvalidURI`, ``OSError``, :exc:`~websockets.exceptions.InvalidHandshake` and
    ``TimeoutError``.
    """

    MAX_REDIRECTS_ALLOWED = int(os.environ.get("WEBSOCKETS_MAX_REDIRECTS", "10"))

    BACKOFF_INITIAL = float(os.environ.get("WEBSOCKETS_BACKOFF_INITIAL_DELAY", "5"))
    BACKOFF_MIN = float(os.environ.get("WEBSOCKETS_BACKOFF_MIN_DELAY", "3.1"))
    BACKOFF_MAX = float(os.environ.get("WEBSOCKETS_BACKOFF_MAX_DELAY", "90.0"))
    BACKOFF_FACTOR = float(os.environ.get("WEBSOCKETS_BACKOFF_FACTOR", "1.618"))

    def __init__(
        self,
        uri,
        *,
        create_protocol=None,
        logger=None,
        compression="deflate",
        origin=None,
        extensions=None,
        subprotocols=None,
        extra_headers=None,
        user_agent_header=USER_AGENT,
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
        wsuri = parse_uri(uri)
        if wsuri.secure:
            kwargs.setdefault("ssl", True)
        elif kwargs.get("ssl") is not None:
            raise ValueError("connect() received a ssl argument for a ws:// URI, use a wss:// URI to enable TLS")
        if compression == "deflate":
            extensions = enable_client_permessage_deflate(extensions)
        elif compression is not None:
            raise ValueError(f"unsupported compression: {compression}")
        if subprotocols is not None:
            validate_subprotocols(subprotocols)
        loop, factory = protocol_factory(
            create_protocol,
            WebSocketClientProtocol,
            kwargs,
            host=wsuri.host,
            port=wsuri.port,
            secure=wsuri.secure,
            logger=logger,
            origin=origin,
            extensions=extensions,
            subprotocols=subprotocols,
            extra_headers=extra_headers,
            user_agent_header=user_agent_header,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_size=max_size,
            max_queue=max_queue,
            read_limit=read_limit,
            write_limit=write_limit,
        )
        self._create_connection = _connector(loop, factory, wsuri, kwargs)
        self._uri = uri
        self._wsuri = wsuri
        self.open_timeout = open_timeout
        self.logger = logging.getLogger("websockets.client") if logger is None else logger

    def handle_redirect(self, uri):
        """Go to another URI, which may be relative, with the next attempt.

        Raises :exc:`~websockets.exceptions.InvalidURI`, and :exc:`~websockets.exceptions.SecurityError` for one
        that gives up TLS.
        """
        old, new_uri = self._wsuri, urljoin(self._uri, uri)
        new = parse_uri(new_uri)
        if old.secure and not new.secure:
            raise SecurityError("redirect from WSS to WS")
        if (old.secure, old.host, old.port) != (new.secure, new.host, new.port):
            # What was given as `host` and `port` was for the old one.
            factory = self._create_connection.args[0]
            options = dict(factory.keywords, host=new.host, port=new.port)
            kwargs = dict(self._create_connection.keywords)
            if new.secure and not old.secure:
                options["secure"] = True
                kwargs.setdefault("ssl", True)
            if options.get("extra_headers") is not None:
                kept = Headers(options["extra_headers"]).raw_items()
                options["extra_headers"] = Headers(
                    [(name, value) for name, value in kept if name.lower() not in _SECRETS]
                )
            factory = functools.partial(factory.func, *factory.args, **options)
            self._create_connection = functools.partial(
                self._create_connection.func, factory, new.host, new.port, **kwargs
            )
        self._uri, self._wsuri = new_uri, new

    async def __aiter__(self):
        shortest = self.BACKOFF_MIN
        # The first failure comes before the first success: it does not count as one of many clients'.
        delay = shortest / self.BACKOFF_FACTOR
        while True:
            try:
                async with self as protocol:
                    yield protocol
            except Exception as exc:
                said = traceback.format_exception_only(exc)[0].strip()
                if delay == shortest:
                    # Clients that lost the same server are not to come back at once (RFC 6455 section 7.2.3).
                    wait = random.random() * self.BACKOFF_INITIAL
                    self.logger.info("connect failed; reconnecting in %.1f seconds: %s", wait, said)
                else:
                    wait = int(delay)
                    self.logger.info("connect failed again; retrying in %d seconds: %s", wait, said)
                await asyncio.sleep(wait)
                delay = min(delay * self.BACKOFF_FACTOR, self.BACKOFF_MAX)
            else:
                delay = shortest

    async def __aenter__(self):
        return await self

    async def __aexit__(self, exc_type, exc_value, traceback):
        await self.protocol.close()

    def __await__(self):
        return self.__await_impl__().__await__()

    async def __await_impl__(self):
        async with asyncio.timeout(self.open_timeout):
            for _ in range(self.MAX_REDIRECTS_ALLOWED):
                _, protocol = await self._create_connection()
                try:
                    await protocol.handshake(
                        self._wsuri,
                        origin=protocol.origin,
                        available_extensions=protocol.available_extensions,
                        available_subprotocols=protocol.available_subprotocols,
                        extra_headers=protocol.extra_headers,
                    )
                except RedirectHandshake as exc:
                    await _give_up(protocol)
                    self.handle_redirect(exc.uri)
                except (Exception, asyncio.CancelledError):
                    await _give_up(protocol)
                    raise
                else:
                    self.protocol = protocol
                    return protocol
            raise SecurityError("too many redirects")


async def _give_up(protocol):
    """Close the transport of a connection that was not opened."""
    protocol.fail_connection()
    await protocol.wait_closed()


def _connector(loop, factory, wsuri, kwargs):
    """The method of the event loop that connects, with its arguments: a :class:`functools.partial`."""
    if kwargs.pop("unix", False):
        return functools.partial(loop.create_unix_connection, factory, kwargs.pop("path", None), **kwargs)
    host, port = wsuri.host, wsuri.port
    if kwargs.get("sock") is not None:
        # It is connected. A certificate is for the host all the same.
        host = port = None
        if kwargs.get("ssl"):
            kwargs.setdefault("server_hostname", wsuri.host)
    host, port = kwargs.pop("host", host), kwargs.pop("port", port)
    return functools.partial(loop.create_connection, factory, host, port, **kwargs)


connect = Connect


def unix_connect(path=None, uri="ws://localhost/", **kwargs):
    """Connect over a Unix socket, as :func:`connect` does over TCP; see :meth:`asyncio.loop.create_unix_connection`.

    ``uri`` is what the server is asked for.
    """
    return connect(uri=uri, path=path, unix=True, **kwargs)
