"""The clients, and what they have beyond those of httpx."""

import contextlib

import httpx
import httpx._client as _stock
from httpx import USE_CLIENT_DEFAULT

from .__version__ import __version__
from ._sse import DEFAULT_MAX_EVENT_SIZE_BYTES, EventSource

__all__ = ["USE_CLIENT_DEFAULT", "AsyncClient", "Client"]

#: The `User-Agent` of requests.
USER_AGENT = f"python-httpx2/{__version__}"


@contextlib.contextmanager
def sse(self, url, *, method="GET", headers=None, max_event_size=DEFAULT_MAX_EVENT_SIZE_BYTES, **kwargs):
    """Request an event stream, and give its `EventSource` for the time of a `with` block.

    `max_event_size` is how large one event may become, in bytes, None for no limit. The other arguments and the
    exceptions are those of `stream`; `headers` come in addition to `Accept` and `Cache-Control`.
    """
    with self.stream(method, url, headers=_event_headers(headers), **kwargs) as response:
        yield EventSource(response, max_event_size=max_event_size)


@contextlib.asynccontextmanager
async def async_sse(self, url, *, method="GET", headers=None, max_event_size=DEFAULT_MAX_EVENT_SIZE_BYTES, **kwargs):
    """The same as `Client.sse`, for `async with`."""
    async with self.stream(method, url, headers=_event_headers(headers), **kwargs) as response:
        yield EventSource(response, max_event_size=max_event_size)


def _event_headers(headers):
    merged = httpx.Headers({"Accept": "text/event-stream", "Cache-Control": "no-store"})
    merged.update(headers)
    return merged


def websocket(self, url, **kwargs):
    """Open a WebSocket, and give its `httpx2.websockets.WebSocketSession` for the time of a `with` block.

    `url` may begin with `ws`, `wss`, `http` or `https`. `subprotocols` is a list to offer, preferred ones first;
    `max_message_size_bytes` the limit of incoming messages; `queue_size` how many of them wait to be received;
    `keepalive_ping_interval_seconds` how often to ping, None for never; `keepalive_ping_timeout_seconds` how long to
    wait for the answer, None for ever. `params`, `headers`, `cookies`, `auth`, `follow_redirects`, `timeout` and
    `extensions` are those of `stream`.

    Raises `WebSocketUpgradeError` if the server does not agree, and what `stream` raises.
    """
    from .websockets._api import connect_ws

    return connect_ws(url, self, **kwargs)


def async_websocket(self, url, **kwargs):
    """The same as `Client.websocket` with an `AsyncWebSocketSession`, for `async with`."""
    from .websockets._api import aconnect_ws

    return aconnect_ws(url, self, **kwargs)


async_sse.__name__ = "sse"
async_websocket.__name__ = "websocket"


def _sse_of(client, /, *args, **kwargs):
    """`httpx.Client.sse` and its twin."""
    return (async_sse if isinstance(client, httpx.AsyncClient) else sse)(client, *args, **kwargs)


def _websocket_of(client, /, *args, **kwargs):
    """`httpx.Client.websocket` and its twin."""
    return (async_websocket if isinstance(client, httpx.AsyncClient) else websocket)(client, *args, **kwargs)


class Client(httpx.Client):
    """`httpx.Client` with another `User-Agent`. The arguments are the same."""

    def __init__(self, *, headers=None, **kwargs):
        super().__init__(headers=_with_user_agent(headers), **kwargs)

    sse = sse
    websocket = websocket


class AsyncClient(httpx.AsyncClient):
    """`httpx.AsyncClient` with another `User-Agent`. The arguments are the same."""

    def __init__(self, *, headers=None, **kwargs):
        super().__init__(headers=_with_user_agent(headers), **kwargs)

    sse = async_sse
    websocket = async_websocket


def _with_user_agent(headers):
    headers = httpx.Headers(headers)
    headers.setdefault("User-Agent", USER_AGENT)
    return headers


for _class in (Client, AsyncClient):
    _class.__module__ = "httpx2"


def __getattr__(name):
    # The module is kept from before `alias_httpx`, which makes its name lead here.
    return getattr(_stock, name)
