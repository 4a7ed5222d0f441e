"""Saves content to a file."""

import os
import sys
import time

UNITS = ("bytes", "kB", "MB", "GB", "TB")
BAR = 30  # columns
PAUSE = 0.1  # seconds between two updates


def save(response, path, console):
    """Writes the content to a file as it arrives, with a progress bar on a terminal."""
    file = sys.stdout.buffer if path == "-" else open(path, "wb")
    try:
        with Progress(response, os.path.basename(path), console) as progress:
            for piece in response.iter_bytes():
                file.write(piece)
                progress.show()
    finally:
        file.flush() if path == "-" else file.close()


class Progress:
    """A line that shows how much of a response has arrived."""

    def __init__(self, response, name, console):
        self.response, self.name, self.console = response, name, console
        length = response.headers.get("Content-Length", "")
        self.total = int(length) if length.isdecimal() else None
        self.started = time.monotonic()
        self.due = self.started

    def __enter__(self):
        self.show()
        return self

    def __exit__(self, *exception):
        if self.console.is_smart:
            self.draw()
            self.console.print()

    def show(self):
        """Redraws the line when an update is due."""
        if self.console.is_smart and time.monotonic() >= self.due:
            self.draw()
            self.due = time.monotonic() + PAUSE

    def draw(self):
        done = self.response.num_bytes_downloaded
        speed = done / max(time.monotonic() - self.started, 1e-3)
        parts = ["Downloading", self.console.clean(self.name)]
        if self.total:
            share = min(done / self.total, 1)
            bar = "━" * round(share * BAR)
            parts += [f"{share:4.0%}", self.console.paint(bar, "green") + " " * (BAR - len(bar))]
            parts.append(f"{size(done)} of {size(self.total)}")
        else:
            parts.append(size(done))
        # The line starts again, and the rest of a longer one is cleared.
        self.console.stream.write(f"\r{' '.join(parts)}, {size(speed)}/s\x1b[K")
        self.console.flush()


def size(count):
    """A number of bytes in human-readable form."""
    unit = 0
    while count >= 1000 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.1f} {UNITS[unit]}" if unit else f"{count:.0f} {UNITS[unit]}"
