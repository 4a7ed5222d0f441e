"""Server-Sent Events: what `Client.sse` and `AsyncClient.sse` give."""

import contextlib
import dataclasses
import json
import sys

import httpx
import httpx_sse
from _httpx_sse import EventDecoder
from httpx_sse import SSEError

__all__ = ["EventSource", "SSEError", "ServerSentEvent"]

#: How large an event may become by default, in bytes.
DEFAULT_MAX_EVENT_SIZE_BYTES = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class ServerSentEvent:
    """An event of a stream.

    `event` is its type, `data` its lines joined by line feeds, `id` the last event ID of the stream, `retry` the time
    to wait before connecting again, in milliseconds, or None.
    """

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None

    def json(self):
        """The data, which is JSON, as Python values. Raises `json.JSONDecodeError` for other data."""
        return json.loads(self.data)


class EventSource:
    """The events of a response: iterate over it, with `for` or `async for` as the response's client is.

    `response` is a `Response` that has not been read yet; `max_event_size` is how large one event may become, in
    bytes, None for no limit. Iterating raises `SSEError` for a response that is not an event stream and for an event
    that is too large, and what reading a response raises.
    """

    def __init__(self, response, max_event_size=DEFAULT_MAX_EVENT_SIZE_BYTES):
        if max_event_size is not None and max_event_size < 1:
            raise ValueError(f"max_event_size must be at least 1, not {max_event_size}")
        self._response = response
        self._max_event_size = max_event_size

    @property
    def response(self):
        """The response, for its status and headers."""
        return self._response

    def __iter__(self):
        with self._explained():
            decoder = self._decoder()
            for piece in self._response.iter_bytes():
                decoder.feed(piece)
                yield from map(_event, decoder)

    async def __aiter__(self):
        with self._explained():
            decoder = self._decoder()
            async with contextlib.aclosing(self._response.aiter_bytes()) as pieces:
                async for piece in pieces:
                    decoder.feed(piece)
                    for event in decoder:
                        yield _event(event)

    def _decoder(self):
        found = self._response.headers.get("content-type", "").partition(";")[0].strip()
        if found.lower() != "text/event-stream":
            raise SSEError(f"Expected response with content type 'text/event-stream', got {found!r}.")
        return EventDecoder(sys.maxsize if self._max_event_size is None else self._max_event_size)

    @contextlib.contextmanager
    def _explained(self):
        """Gives exceptions the request they belong to."""
        try:
            yield
        except httpx.RequestError as error:
            with contextlib.suppress(RuntimeError):
                error.request = self._response.request
            raise


def _event(event):
    return ServerSentEvent(event.event, event.data, event.id, event.retry)


for _class in (EventSource, ServerSentEvent):
    _class.__module__ = "httpx2"
