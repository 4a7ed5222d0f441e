# The standard library's module of this name, with a native event loop as the default one.
#
# Its code runs here as it is, so that every name, traceback and `__module__` stays what it was.
# `SelectorEventLoop` remains asyncio's own for those who ask for it.

import _imp

exec(_imp.get_frozen_object('asyncio._stock_unix_events'), globals())

from _asyncio import LoopCore

_OVERRIDDEN = ('_run_once', '_add_callback', '_process_events', 'call_at', 'call_later', 'call_soon',
               'call_soon_threadsafe', 'create_future', 'create_task', 'time')


class EventLoop(LoopCore, SelectorEventLoop):
    """asyncio's event loop with native queues, timers and wake-ups.

    What `asyncio.run`, `asyncio.Runner` and `asyncio.new_event_loop` use. Transports, signals,
    subprocesses and executors are those of `asyncio.SelectorEventLoop`.
    """

    __module__ = 'asyncio'

    def __init__(self, selector=None):
        super().__init__(selector)
        selector = self._selector
        cls = type(self)
        plain = cls is EventLoop or all(
            getattr(cls, name) is getattr(EventLoop, name) for name in _OVERRIDDEN)
        if type(selector) is getattr(selectors, 'EpollSelector', None):
            self._wake_fd = self._core_open(selector.fileno(), plain)
            selector._selector.register(self._wake_fd, 1)
        else:
            self._wake_fd = self._core_open(None, plain)
            self._add_reader(self._wake_fd, self._core_woken)

    def close(self):
        """Close the event loop: nothing scheduled is run any more."""
        super().close()
        self._core_close()


_UnixDefaultEventLoopPolicy._loop_factory = EventLoop
