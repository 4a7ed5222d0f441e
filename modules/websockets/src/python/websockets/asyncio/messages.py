"""Messages from frames."""

import asyncio
import collections
import os

from _websockets_asyncio import Assembler

__all__ = ['Assembler']

MAX_FRAGMENTS = int(os.environ.get('WEBSOCKETS_MAX_FRAGMENTS', '4096'))


class SimpleQueue:
    """A queue that one coroutine at a time takes from.

    `Assembler` has its own; this one is for code written for the queue it had.
    """

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.queue = collections.deque()
        self.get_waiter = None

    def __len__(self):
        return len(self.queue)

    def put(self, item):
        """Add an item at the end."""
        self.queue.append(item)
        if (waiter := self._waiting()) is not None:
            waiter.set_result(None)

    async def get(self, block=True):
        """Take the first item, waiting for one; raise `EOFError` instead of waiting unless `block`."""
        if not self.queue:
            if not block:
                raise EOFError('stream of frames ended')
            assert self.get_waiter is None, 'cannot call get() concurrently'
            self.get_waiter = self.loop.create_future()
            try:
                await self.get_waiter
            finally:
                self.get_waiter.cancel()
                self.get_waiter = None
        return self.queue.popleft()

    def put_back(self, items):
        """Add items at the beginning, in their order."""
        assert self.get_waiter is None, 'cannot put_back() while get() is running'
        self.queue.extendleft(reversed(items))

    def abort(self):
        """Raise `EOFError` in `get`, if it waits."""
        if (waiter := self._waiting()) is not None:
            waiter.set_exception(EOFError('stream of frames ended'))

    def _waiting(self):
        if self.get_waiter is None or self.get_waiter.done():
            return None
        return self.get_waiter
