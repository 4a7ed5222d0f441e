"""Printing in human-readable form on a terminal, and plainly elsewhere."""

import os
import re

COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}

# A server's data must not control the terminal.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Console:
    """A stream to print to."""

    def __init__(self, stream):
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.is_smart = self.is_terminal and os.environ.get("TERM") != "dumb"
        # https://no-color.org, https://force-color.org
        forced = bool(os.environ.get("FORCE_COLOR"))
        self.has_colours = not os.environ.get("NO_COLOR") and (forced or self.is_smart)

    def print(self, text=""):
        self.stream.write(f"{text}\n")

    def flush(self):
        self.stream.flush()

    def clean(self, text):
        """The text, made harmless if a terminal is to show it."""
        if not self.is_terminal:
            return text
        return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n"))

    def paint(self, text, colour):
        """The text, cleaned, and colored if the stream supports it."""
        text = self.clean(text)
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self.has_colours else text
