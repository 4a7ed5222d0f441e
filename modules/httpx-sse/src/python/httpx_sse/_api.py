"""What gives the events of a response."""

from contextlib import asynccontextmanager, contextmanager

import httpx

from _httpx_sse import DEFAULT_MAX_EVENT_SIZE, EventDecoder, EventIterator

from ._decoders import SSEDecoder, SSELineDecoder  # noqa: F401
from ._exceptions import SSEError
from ._models import ServerSentEvent  # noqa: F401


class EventSource:
    """The events of a response.

    `response` is an `httpx.Response` that has not been read yet, or anything with its `headers` and
    `iter_bytes()` (`aiter_bytes()`). `max_event_size` is the maximum size of one event in memory, in
    bytes.
    """

    def __init__(self, response, *, max_event_size=DEFAULT_MAX_EVENT_SIZE):
        if max_event_size < 1:
            raise ValueError(f"max_event_size must be at least 1, not {max_event_size}")
        self._response = response
        self._max_event_size = max_event_size

    @property
    def response(self):
        """The response, for its status and headers."""
        return self._response

    def iter_sse(self):
        """Gives each event, a `ServerSentEvent`, as soon as it has arrived.

        Raises `SSEError`, at the first event, if the `Content-Type` is not `text/event-stream`; what
        `Response.iter_bytes` raises when the stream breaks.
        """
        return EventIterator(self._pieces(), self._max_event_size)

    async def aiter_sse(self):
        """The same as `iter_sse` for a response of an `AsyncClient`, as an asynchronous generator."""
        self._check_content_type()
        decoder = EventDecoder(self._max_event_size)
        pieces = self._response.aiter_bytes()
        try:
            async for piece in pieces:
                decoder.feed(piece)
                for event in decoder:
                    yield event
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()

    def _pieces(self):
        self._check_content_type()
        yield from self._response.iter_bytes()

    def _check_content_type(self):
        media_type = self._response.headers.get("content-type", "").partition(";")[0]
        if "text/event-stream" not in media_type:
            raise SSEError(
                f"Expected response header Content-Type to contain 'text/event-stream', got {media_type!r}"
            )


@contextmanager
def connect_sse(client, method, url, **kwargs):
    """Sends a request for an event stream with `client.stream`, and gives its `EventSource` for the time
    of a `with` block: `with connect_sse(client, "GET", url) as source: ...`.

    It asks for `text/event-stream`, not from a cache. Further arguments and exceptions are those of
    `client.stream`.
    """
    with client.stream(method, url, headers=_request_headers(kwargs), **kwargs) as response:
        yield EventSource(response)


@asynccontextmanager
async def aconnect_sse(client, method, url, **kwargs):
    """The same as `connect_sse` with an `AsyncClient`, for `async with`."""
    async with client.stream(method, url, headers=_request_headers(kwargs), **kwargs) as response:
        yield EventSource(response)


def _request_headers(kwargs):
    headers = httpx.Headers(kwargs.pop("headers", None))
    headers["Accept"] = "text/event-stream"
    headers["Cache-Control"] = "no-store"
    return headers


def _iter_sse_lines(response):
    """Yields the lines of a response, without their ends, as they arrive."""
    decoder = SSELineDecoder()
    for text in response.iter_text():
        yield from decoder.decode(text)
    yield from decoder.flush()


async def _aiter_sse_lines(response):
    """The same for a response of an `AsyncClient`."""
    decoder = SSELineDecoder()
    async for text in response.aiter_text():
        for line in decoder.decode(text):
            yield line
    for line in decoder.flush():
        yield line
