"""High-water and low-water marks of buffers."""

import sys


def marks(name, value):
    """Return the high-water and the low-water mark of the argument `name` that is one or both; `None` is no mark.

    Marks that nothing can reach are cut to `sys.maxsize`. Raises `ValueError` for a negative mark and for a high mark
    below the low one.
    """
    high, low = (value, None) if value is None or isinstance(value, int) else value
    if (low is not None and low < 0) or (high is not None and high < (low or 0)):
        raise ValueError(f'{name} must be a mark that is not negative, or a high one and a low one: {value!r}')
    return tuple(mark if mark is None else min(mark, sys.maxsize) for mark in (high, low))
