"""Types for annotations."""

import collections.abc
import http
import logging
import os
import typing

__all__ = [
    "Data",
    "LoggerLike",
    "StatusLike",
    "Origin",
    "Subprotocol",
    "ExtensionName",
    "ExtensionParameter",
]

#: A message: str for text, bytes for binary data.
Data = str | bytes

#: Types accepted as bytes.
BytesLike = bytes | bytearray | memoryview

#: Types accepted as a message.
DataLike = str | bytes | bytearray | memoryview

#: Types accepted as a logger.
LoggerLike = logging.Logger | logging.LoggerAdapter[typing.Any]

#: Types accepted as a path in the file system.
PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]

#: Types accepted as an HTTP status.
StatusLike = http.HTTPStatus | int

#: The value of an ``Origin`` field.
Origin = typing.NewType("Origin", str)

#: A subprotocol, as in ``Sec-WebSocket-Protocol``.
Subprotocol = typing.NewType("Subprotocol", str)

#: The name of an extension.
ExtensionName = typing.NewType("ExtensionName", str)

#: A parameter of an extension: its name, and its value if it has one.
ExtensionParameter = tuple[str, str | None]

#: An extension and its parameters, as in ``Sec-WebSocket-Extensions``.
ExtensionHeader = tuple[ExtensionName, collections.abc.Sequence[ExtensionParameter]]

#: An item of a ``Connection`` field.
ConnectionOption = typing.NewType("ConnectionOption", str)

#: An item of an ``Upgrade`` field.
UpgradeProtocol = typing.NewType("UpgradeProtocol", str)
