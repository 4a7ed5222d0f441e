"""What extensions derive from."""

from collections.abc import Sequence

from ..frames import Frame
from ..typing import ExtensionName, ExtensionParameter

__all__ = ["Extension", "ClientExtensionFactory", "ServerExtensionFactory"]

class Extension:
    """Base class of extensions. One has a `name`, and is what one connection has agreed on."""

    name: ExtensionName
    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """Gives the frame that a frame which arrived stands for. Raises `PayloadTooBig` if its payload would have
        more than `max_size` bytes.
        """
    def encode(self, frame: Frame) -> Frame:
        """Gives the frame to send instead of a frame."""

class ClientExtensionFactory:
    """Base class of what a client negotiates an extension with. One has a `name`."""

    name: ExtensionName
    def get_request_params(self) -> Sequence[ExtensionParameter]:
        """The parameters to offer: a list of names with values, which may be None."""
    def process_response_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> Extension:
        """The extension that the server's answer makes, given those that came before it. Raises `NegotiationError`
        for an answer that will not do.
        """

class ServerExtensionFactory:
    """Base class of what a server negotiates an extension with. One has a `name`."""

    name: ExtensionName
    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], Extension]:
        """The parameters to answer a client's offer with, and the extension that makes, given those that came before
        it. Raises `NegotiationError` for an offer that will not do.
        """
