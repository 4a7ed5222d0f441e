"""A buffer that generators read from."""


class StreamReader:
    """Received data, and reading it in parts.

    The methods that read are generators: they yield while more has to arrive, and return what was read. One at
    a time may run.
    """

    def __init__(self):
        self.buffer = bytearray()
        self.eof = False

    def read_line(self, m, too_long_exc_type=RuntimeError):
        """Read up to the next LF and return it with the line.

        Raises the exception given if that is more than ``m`` bytes, ``EOFError`` if the stream ends before.
        """
        searched = 0
        while (end := self.buffer.find(b"\n", searched)) < 0:
            searched = len(self.buffer)
            if searched > m:
                raise too_long_exc_type(f"read {searched} bytes, expected no more than {m} bytes")
            if self.eof:
                raise EOFError(f"stream ends after {searched} bytes, before end of line")
            yield
        if end >= m:
            raise too_long_exc_type(f"read {end + 1} bytes, expected no more than {m} bytes")
        return self._take(end + 1)

    def read_exact(self, n):
        """Read ``n`` bytes. Raises ``EOFError`` if the stream ends before."""
        assert n >= 0, "n is a number of bytes"
        while len(self.buffer) < n:
            if self.eof:
                raise EOFError(f"stream ends after {len(self.buffer)} bytes, expected {n} bytes")
            yield
        return self._take(n)

    def read_to_eof(self, m, too_long_exc_type=RuntimeError):
        """Read up to the end of the stream. Raises the exception given if that is more than ``m`` bytes."""
        while not self.eof:
            size = len(self.buffer)
            if size > m:
                raise too_long_exc_type(f"read {size} bytes, expected no more than {m} bytes")
            yield
        return self._take(len(self.buffer))

    def at_eof(self):
        """Tell whether the stream has ended and all of it was read, as soon as that is known."""
        while not self.buffer:
            if self.eof:
                return True
            yield
        return False

    def feed_data(self, data):
        """Append what arrived. Raises ``EOFError`` after the end of the stream."""
        self._check_open()
        self.buffer += data

    def feed_eof(self):
        """End the stream. Raises ``EOFError`` if it has ended."""
        self._check_open()
        self.eof = True

    def discard(self):
        """Forget what arrived and was not read."""
        self.buffer.clear()

    def _check_open(self):
        if self.eof:
            raise EOFError("stream ended")

    def _take(self, size):
        taken = self.buffer[:size]
        del self.buffer[:size]
        return taken
