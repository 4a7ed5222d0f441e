"""Reading an event stream step by step, from text to lines and from lines to events.

`EventSource` does not use this: it reads events from bytes, in native code.
"""

from _httpx_sse import DEFAULT_MAX_EVENT_SIZE, EventDecoder

from ._models import ServerSentEvent  # noqa: F401


def _splitlines_sse(text):
    """The lines of a text, without their ends: CR LF, CR or LF, and no others."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


class SSELineDecoder:
    """Reads lines from text that arrives in pieces: `decode` gives those that a piece completes, `flush` the rest."""

    def __init__(self):
        self._parts = []
        self._ends_in_cr = False

    def decode(self, text):
        """Take a piece of text. Returns a list of lines, without their ends."""
        if self._ends_in_cr:
            text = "\r" + text
        # It may be the first half of CR LF.
        self._ends_in_cr = text.endswith("\r")
        text = text.removesuffix("\r")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._parts.append(lines[0])
        if len(lines) == 1:
            return []
        lines[0] = "".join(self._parts)
        self._parts = [lines.pop()]
        return lines

    def flush(self):
        """End the text. Returns a list of the last line, if there is one."""
        line = "".join(self._parts)
        lines = [line] if line or self._ends_in_cr else []
        self._parts, self._ends_in_cr = [], False
        return lines


class SSEDecoder:
    """Reads events from lines, by the rules of the HTML standard."""

    def __init__(self):
        self._decoder = EventDecoder(DEFAULT_MAX_EVENT_SIZE)

    def decode(self, line):
        """Take a line, without its end. Returns the `ServerSentEvent` that it completes, or None."""
        self._decoder.feed(f"{line}\n".encode())
        return next(self._decoder, None)
