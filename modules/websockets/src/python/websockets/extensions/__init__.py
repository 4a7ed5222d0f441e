"""Extensions of WebSocket: what both sides agree to do to frames."""

from .base import *

__all__ = ["Extension", "ClientExtensionFactory", "ServerExtensionFactory"]
