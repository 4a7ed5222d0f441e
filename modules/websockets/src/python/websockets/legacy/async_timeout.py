"""A former name for the timeouts of asyncio, which some packages import."""

import asyncio
from asyncio import Timeout

__all__ = ("timeout", "timeout_at", "Timeout")


def timeout(delay):
    """A context manager that cancels its body after ``delay`` seconds, or never if None; see
    :func:`asyncio.timeout`."""
    return asyncio.timeout(delay)


def timeout_at(deadline):
    """A context manager that cancels its body at ``deadline``, in the time of the event loop; see
    :func:`asyncio.timeout_at`."""
    return asyncio.timeout_at(deadline)
