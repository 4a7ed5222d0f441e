"""Former helpers for older versions of Python, which some packages import."""

import asyncio

__all__ = ["TimeoutError", "aiter", "anext", "asyncio_timeout", "asyncio_timeout_at"]

TimeoutError = TimeoutError
aiter = aiter
anext = anext
asyncio_timeout = asyncio.timeout
asyncio_timeout_at = asyncio.timeout_at
