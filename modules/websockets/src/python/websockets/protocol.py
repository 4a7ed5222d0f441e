"""A WebSocket connection without its socket."""

import enum

from _websockets_protocol import Protocol

# It completes the classes of what a protocol gives.
from . import frames as _frames

__all__ = ["Protocol", "Side", "State", "SEND_EOF"]


class Side(enum.IntEnum):
    """Which end of a connection it is."""

    SERVER = 0
    CLIENT = 1


class State(enum.IntEnum):
    """The state of a connection."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


_SIDES = SERVER, CLIENT = tuple(Side)
_STATES = CONNECTING, OPEN, CLOSING, CLOSED = tuple(State)

# What `data_to_send` has for the end of the stream.
SEND_EOF = b""


def __getattr__(name):
    """Makes `Event`, what `events_received` gives, on first use: it needs a large module."""
    if name != "Event":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .http11 import Request, Response

    globals()["Event"] = event = Request | Response | _frames.Frame
    return event
