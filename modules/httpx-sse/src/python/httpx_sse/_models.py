"""The event, which is native."""

from _httpx_sse import ServerSentEvent

__all__ = ["ServerSentEvent"]
