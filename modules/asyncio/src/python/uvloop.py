"""uvloop's interface over Tauraro's event loop, so that scripts written for uvloop run.

Tauraro's loop is the default one already: without uvloop these scripts would run on the same loop.
"""

import asyncio as _asyncio
import warnings as _warnings
from asyncio.events import _set_event_loop_policy
from asyncio.unix_events import _DefaultEventLoopPolicy

__all__ = ('EventLoopPolicy', 'Loop', 'install', 'new_event_loop', 'run')
__version__ = '0.23.0'

Loop = _asyncio.EventLoop


class EventLoopPolicy(_DefaultEventLoopPolicy):
    """An event loop policy whose loops are Tauraro's."""

    _loop_factory = Loop


def new_event_loop():
    """Return a new event loop."""
    return Loop()


def install():
    """Make `EventLoopPolicy` the event loop policy. `run` needs no such call."""
    _warnings.warn('uvloop.install() is deprecated in favor of uvloop.run()', DeprecationWarning,
                   stacklevel=2)
    _set_event_loop_policy(EventLoopPolicy())


def run(main, *, loop_factory=new_event_loop, debug=None, **run_kwargs):
    """Run the coroutine `main` on a new event loop and return its result, as `asyncio.run` does."""

    def checked():
        loop = loop_factory()
        if isinstance(loop, Loop):
            return loop
        loop.close()
        raise TypeError('uvloop.run() uses a non-uvloop event loop')

    if _asyncio.iscoroutine(main):
        return _asyncio.run(main, loop_factory=checked, debug=debug, **run_kwargs)
    raise ValueError(f'a coroutine was expected, got {main!r}')
