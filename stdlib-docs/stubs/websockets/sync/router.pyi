"""Servers with a handler for each path. They need PyPI's werkzeug."""

import ssl as ssl_module
from typing import Any, Literal

from ..http11 import Request, Response
from .server import Server, ServerConnection

__all__ = ["route", "unix_route", "Router"]

class Router:
    """Finds the handlers for requests in a `werkzeug.routing.Map`."""

    url_map: Any
    server_name: str | None
    url_scheme: str
    def __init__(self, url_map: Any, server_name: str | None = None, url_scheme: str = "ws") -> None: ...
    def get_server_name(self, connection: ServerConnection, request: Request) -> str:
        """Return the host for redirects."""
    def not_found(self, connection: ServerConnection) -> Response:
        """Make the response for a path without a handler."""
    def redirect(self, connection: ServerConnection, url: str) -> Response:
        """Make the response that sends the client to another address."""
    def route_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Choose the handler for a request, or return the response that rejects it."""
    def handler(self, connection: ServerConnection) -> None:
        """Call the handler that was chosen."""

def route(
    url_map: Any,
    *args: Any,
    server_name: str | None = None,
    ssl: ssl_module.SSLContext | Literal[True] | None = None,
    create_router: type[Router] | None = None,
    **kwargs: Any,
) -> Server:
    """Serve WebSocket connections with the handlers of a `werkzeug.routing.Map`.

    Raises `ImportError` without werkzeug.
    """

def unix_route(url_map: Any, path: str | None = None, **kwargs: Any) -> Server:
    """Serve on a Unix socket as `route` does. Raises `ImportError` without werkzeug."""
