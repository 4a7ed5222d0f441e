"""The first asyncio implementation of websockets, for programs that were written for it.

It has :mod:`~websockets.legacy.client`, :mod:`~websockets.legacy.server` and what they consist of. New programs use
:mod:`websockets.asyncio`.
"""

import warnings

# Without a stack level, so that it is only shown where deprecations are asked for: most of those who import this are
# libraries.
warnings.warn(  # noqa: B028
    "websockets.legacy is deprecated; "
    "see https://websockets.readthedocs.io/en/stable/howto/upgrade.html for upgrade instructions",
    DeprecationWarning,
)
