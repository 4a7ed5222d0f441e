"""The time that several steps have together."""

__all__ = ["Deadline"]

class Deadline:
    """The end of the time that several steps have together: `timeout` seconds, or no limit if that is `None`."""

    def __init__(self, timeout: float | None) -> None: ...
    def timeout(self, *, raise_if_elapsed: bool = True) -> float | None:
        """Return how many seconds are left; `None` if there is no limit.

        Raises `TimeoutError` if there are none, or returns them, negative, if `raise_if_elapsed` is false.
        """
