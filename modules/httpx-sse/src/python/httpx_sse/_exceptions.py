"""The exception of the package."""

import httpx


class SSEError(httpx.TransportError):
    """The response is not an event stream, or one of its events is too large."""
