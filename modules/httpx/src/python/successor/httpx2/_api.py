"""Requests without a client of one's own. What they have in common is said by `httpx.request`."""

import contextlib

import httpx._api as _stock

from ._client import Client

__all__ = ["delete", "get", "head", "options", "patch", "post", "put", "query", "request", "stream", "websocket"]

#: The arguments that are the client's.
_OF_CLIENTS = ("cookies", "proxy", "verify", "timeout", "trust_env")


def _client(kwargs):
    """A client for one request. Takes what is its own out of `kwargs`."""
    return Client(**{name: kwargs.pop(name) for name in _OF_CLIENTS if name in kwargs})


def request(method, url, **kwargs):
    """Send a request and return the `Response`, read. The arguments and exceptions are those of `httpx.request`."""
    with _client(kwargs) as client:
        return client.request(method, url, **kwargs)


@contextlib.contextmanager
def stream(method, url, **kwargs):
    """Send a request, and give the `Response`, not read yet, for the time of a `with` block. The arguments and
    exceptions are those of `httpx.stream`."""
    with _client(kwargs) as client, client.stream(method, url, **kwargs) as response:
        yield response


def get(url, **kwargs):
    """Send a GET request; see `request`."""
    return request("GET", url, **kwargs)


def options(url, **kwargs):
    """Send an OPTIONS request; see `request`."""
    return request("OPTIONS", url, **kwargs)


def head(url, **kwargs):
    """Send a HEAD request; see `request`."""
    return request("HEAD", url, **kwargs)


def post(url, **kwargs):
    """Send a POST request; see `request`."""
    return request("POST", url, **kwargs)


def put(url, **kwargs):
    """Send a PUT request; see `request`."""
    return request("PUT", url, **kwargs)


def patch(url, **kwargs):
    """Send a PATCH request; see `request`."""
    return request("PATCH", url, **kwargs)


def delete(url, **kwargs):
    """Send a DELETE request; see `request`."""
    return request("DELETE", url, **kwargs)


def query(url, **kwargs):
    """Send a QUERY request, which is safe as GET is and has a body as POST has; see `request`."""
    return request("QUERY", url, **kwargs)


@contextlib.contextmanager
def websocket(url, **kwargs):
    """Open a WebSocket, and give its session for the time of a `with` block; see `Client.websocket`. `cookies`,
    `proxy`, `verify`, `timeout` and `trust_env` are as for `Client`."""
    with _client(kwargs) as client, client.websocket(url, **kwargs) as session:
        yield session


def __getattr__(name):
    # The module is kept from before `alias_httpx`, which makes its name lead here.
    return getattr(_stock, name)
