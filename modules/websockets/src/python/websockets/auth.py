"""The former name of :mod:`websockets.legacy.auth`."""

import warnings

with warnings.catch_warnings():
    # The one below says it.
    warnings.simplefilter("ignore", DeprecationWarning)
    from .legacy.auth import BasicAuthWebSocketServerProtocol, basic_auth_protocol_factory

__all__ = ["BasicAuthWebSocketServerProtocol", "basic_auth_protocol_factory"]

warnings.warn(
    "websockets.auth, an alias for websockets.legacy.auth, is deprecated; "
    "see https://websockets.readthedocs.io/en/stable/howto/upgrade.html for upgrade instructions",
    DeprecationWarning,
    stacklevel=2,
)
