"""The former name of ``websockets.legacy.auth``, which is not part of this package."""

import warnings

warnings.warn(
    "websockets.auth, an alias for websockets.legacy.auth, is deprecated; "
    "see https://websockets.readthedocs.io/en/stable/howto/upgrade.html for upgrade instructions",
    DeprecationWarning,
    stacklevel=2,
)

__all__ = []

_LEGACY = ("BasicAuthWebSocketServerProtocol", "basic_auth_protocol_factory")


def __getattr__(name):
    from .imports import no_attribute

    raise no_attribute(__name__, name, _LEGACY)
