"""Servers with a handler for each path. They need PyPI's werkzeug."""

import ssl as ssl_module
from typing import Any, Literal

from ..http11 import Request, Response
from .server import Server, ServerConnection

__all__ = ["route", "unix_route", "Router"]

class Router:
    """Finds the handlers of `route`."""

    url_map: Any
    server_name: str | None
    url_scheme: str
    def __init__(self, url_map: Any, server_name: str | None = None, url_scheme: str = "ws") -> None: ...
    def get_server_name(self, connection: ServerConnection, request: Request) -> str:
        """Return the name of the server that the request is for."""
    def not_found(self, connection: ServerConnection) -> Response:
        """Return the response to a request that no rule matches."""
    def redirect(self, connection: ServerConnection, url: str) -> Response:
        """Return the response to a request that has to go elsewhere."""
    def route_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Find the handler of a request; return a response where there is none."""
    async def handler(self, connection: ServerConnection) -> None:
        """Call the handler that was found."""

def route(
    url_map: Any,
    *args: Any,
    server_name: str | None = None,
    ssl: ssl_module.SSLContext | Literal[True] | None = None,
    create_router: type[Router] | None = None,
    **kwargs: Any,
) -> Server:
    """Make a WebSocket server with a handler for each path of a `werkzeug.routing.Map`."""

def unix_route(url_map: Any, path: str | None = None, **kwargs: Any) -> Server:
    """Make a WebSocket server as `route` does, that listens on the Unix socket `path`."""
