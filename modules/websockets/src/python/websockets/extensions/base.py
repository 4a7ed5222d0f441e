"""What extensions are, and what negotiates them."""

from _websockets_extensions import ClientExtensionFactory, Extension, ServerExtensionFactory

__all__ = ["Extension", "ClientExtensionFactory", "ServerExtensionFactory"]
