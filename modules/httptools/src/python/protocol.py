from typing import Protocol


class HTTPProtocol(Protocol):
    """The methods that a parser may call, for type checkers. All are optional."""

    def on_message_begin(self) -> None:
        """A message begins."""

    def on_url(self, url: bytes) -> None:
        """The target of the request."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""

    def on_headers_complete(self) -> None:
        """All headers have been reported."""

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""

    def on_message_complete(self) -> None:
        """The message is complete."""

    def on_chunk_header(self) -> None:
        """A chunk begins; the last is empty."""

    def on_chunk_complete(self) -> None:
        """A chunk is complete."""

    def on_status(self, status: bytes) -> None:
        """The reason phrase of the response."""
