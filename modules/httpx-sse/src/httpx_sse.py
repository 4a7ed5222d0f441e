# The part of `httpx_sse` that runs once per stream. Its names join the native ones in the module.

from contextlib import asynccontextmanager, contextmanager

import httpx

__all__ = ["__version__", "EventSource", "connect_sse", "aconnect_sse", "ServerSentEvent", "SSEError"]


class SSEError(httpx.TransportError):
    """The response is not an event stream, or one of its events is too large."""


class EventSource:
    """The events of a response.

    `response` is an `httpx.Response` that has not been read yet, or anything with its `headers` and
    `iter_bytes()` (`aiter_bytes()`). `max_event_size` is the maximum size of one event in memory, in
    bytes.
    """

    def __init__(self, response, *, max_event_size=_MAX_EVENT_SIZE):
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
        return _EventIterator(self._pieces(), self._max_event_size)

    async def aiter_sse(self):
        """The same as `iter_sse` for a response of an `AsyncClient`, as an asynchronous generator."""
        self._check_content_type()
        decoder = _EventDecoder(self._max_event_size)
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
