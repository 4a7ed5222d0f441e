# The package: its names come from private modules, whose names are those of PyPI's httpx-sse.

from httpx_sse._api import EventSource, aconnect_sse, connect_sse
from httpx_sse._exceptions import SSEError
from httpx_sse._models import ServerSentEvent

__all__ = ["__version__", "EventSource", "connect_sse", "aconnect_sse", "ServerSentEvent", "SSEError"]
