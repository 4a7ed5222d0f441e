"""Messages from frames."""

import os

from _websockets_sync import Assembler

__all__ = ['Assembler']

MAX_FRAGMENTS = int(os.environ.get('WEBSOCKETS_MAX_FRAGMENTS', '4096'))
