"""Stands for PyPI's websockets.trio, which is not part of this package."""

raise ModuleNotFoundError(
    "websockets.trio is not included; use websockets.asyncio or websockets.sync", name=__name__
)
