"""Base classes of extensions and of their factories."""

from _websockets_extensions import ClientExtensionFactory, Extension, ServerExtensionFactory

__all__ = ["Extension", "ClientExtensionFactory", "ServerExtensionFactory"]
