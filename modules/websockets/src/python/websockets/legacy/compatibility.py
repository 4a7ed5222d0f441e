"""Former helpers for versions of Python without :func:`asyncio.timeout`, which some packages import."""

import asyncio

__all__ = ["asyncio_timeout", "asyncio_timeout_at", "loop_if_py_lt_38"]

asyncio_timeout = asyncio.timeout
asyncio_timeout_at = asyncio.timeout_at


def loop_if_py_lt_38(loop):
    """The arguments that pass ``loop`` on to asyncio where it takes one: none, since Python 3.10."""
    return {}
