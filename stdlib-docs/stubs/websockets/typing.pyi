"""Types that describe arguments and results."""

import http
import logging
from typing import Any, NewType, TypeAlias

__all__ = ["Data", "LoggerLike", "StatusLike", "Origin", "Subprotocol", "ExtensionName", "ExtensionParameter"]

Data: TypeAlias = str | bytes
"""A message, or a part of one: text or bytes."""

LoggerLike: TypeAlias = logging.Logger | logging.LoggerAdapter[Any]
"""What can be logged to."""

StatusLike: TypeAlias = http.HTTPStatus | int
"""A status of HTTP."""

Origin = NewType("Origin", str)
"""The value of an `Origin` header."""

Subprotocol = NewType("Subprotocol", str)
"""The name of a subprotocol."""

ExtensionName = NewType("ExtensionName", str)
"""The name of an extension."""

ExtensionParameter: TypeAlias = tuple[str, str | None]
"""A parameter of an extension: its name and its value, if it has one."""
