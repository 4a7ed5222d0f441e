"""The former home of what :mod:`websockets.datastructures`, :mod:`websockets.http11` and
:mod:`websockets.legacy.http` have, which releases before 14.0 kept."""

import warnings

from .datastructures import Headers, MultipleValuesError
from .http11 import USER_AGENT

with warnings.catch_warnings():
    # The one below says it.
    warnings.simplefilter("ignore", DeprecationWarning)
    from .legacy.http import read_request, read_response

__all__ = ["Headers", "MultipleValuesError", "USER_AGENT", "read_request", "read_response"]

warnings.warn(
    "Headers and MultipleValuesError were moved from websockets.http to websockets.datastructures "
    "and read_request and read_response were moved from websockets.http to websockets.legacy.http",
    DeprecationWarning,
    stacklevel=2,
)
