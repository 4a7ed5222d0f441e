"""Which websockets this is like."""

from typing import Final

__all__ = ["tag", "version", "commit"]

tag: Final[str]
version: Final[str]
commit: Final[str]
