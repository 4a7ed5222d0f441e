"""Stands for the legacy implementation of PyPI's websockets, which is not part of this package."""

raise ModuleNotFoundError(
    "websockets.legacy, the legacy implementation, is not included; use websockets.asyncio", name=__name__
)
