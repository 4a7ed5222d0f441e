"""Time limits of operations in several steps."""

import time

__all__ = ['Deadline']


class Deadline:
    """The end of the time that several steps have together: `timeout` seconds, or no limit if that is `None`."""

    def __init__(self, timeout):
        self.deadline = None if timeout is None else time.monotonic() + timeout

    def timeout(self, *, raise_if_elapsed=True):
        """Return how many seconds are left; `None` if there is no limit.

        Raises `TimeoutError` if there are none, or returns them, negative, if `raise_if_elapsed` is false.
        """
        if self.deadline is None:
            return None
        left = self.deadline - time.monotonic()
        if left <= 0 and raise_if_elapsed:
            raise TimeoutError('timed out')
        return left
