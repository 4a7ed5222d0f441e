"""Types of Tauraro's httpx_sse: PyPI's httpx-sse 0.4."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final

import httpx

__version__: Final[str]

class SSEError(httpx.TransportError):
    """The response is not an event stream, or one of its events is too large."""

class ServerSentEvent:
    """An event of a stream. Its attributes cannot be set."""

    def __init__(
        self, event: str | None = None, data: str | None = None, id: str | None = None, retry: int | None = None
    ) -> None: ...
    @property
    def event(self) -> str:
        """The event's type; "message" unless the server named one."""
    @property
    def data(self) -> str:
        """The data; its lines are joined by line feeds."""
    @property
    def id(self) -> str:
        """The stream's last event ID: to send as `Last-Event-ID` when connecting again."""
    @property
    def retry(self) -> int | None:
        """How long to wait before connecting again, in milliseconds; None unless the server said it."""
    def json(self) -> Any:
        """The data, which is JSON, as Python values. Raises `json.JSONDecodeError` for other data."""

class EventSource:
    """The events of a response that was not read yet. `max_event_size` is how large one may become, in bytes."""

    def __init__(self, response: httpx.Response, *, max_event_size: int = 67108864) -> None: ...
    @property
    def response(self) -> httpx.Response:
        """The response, for its status and headers."""
    def iter_sse(self) -> Iterator[ServerSentEvent]:
        """Gives each event as soon as it has arrived. Raises `SSEError` if the `Content-Type` is another one."""
    def aiter_sse(self) -> AsyncGenerator[ServerSentEvent, None]:
        """The same for a response of an `AsyncClient`."""

def connect_sse(
    client: httpx.Client, method: str, url: httpx.URL | str, **kwargs: Any
) -> AbstractContextManager[EventSource]:
    """Sends a request for an event stream; the keywords are those of `Client.stream`."""

def aconnect_sse(
    client: httpx.AsyncClient, method: str, url: httpx.URL | str, **kwargs: Any
) -> AbstractAsyncContextManager[EventSource]:
    """The same with an `AsyncClient`, for `async with`."""
