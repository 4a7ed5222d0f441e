"""The command line: `tauraro -m websockets URI`."""

from collections.abc import Sequence

__all__ = ["main"]

def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line with arguments, by default those of the process."""
