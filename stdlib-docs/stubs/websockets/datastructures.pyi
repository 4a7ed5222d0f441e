"""The headers of handshakes."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Protocol, Self, TypeAlias

__all__ = ["Headers", "HeadersLike", "MultipleValuesError"]

class _HasKeys(Protocol):
    def keys(self) -> Iterable[str]: ...
    def __getitem__(self, key: str, /) -> str: ...

HeadersLike: TypeAlias = Headers | Mapping[str, str] | Iterable[tuple[str, str]] | _HasKeys
"""What headers can be made of."""

class Headers(MutableMapping[str, str]):
    """HTTP header fields: a mapping whose keys are compared without case and may have several values."""

    def __init__(self, headers: HeadersLike = (), /, **kwargs: str) -> None: ...
    def __contains__(self, key: object) -> bool: ...
    def __getitem__(self, key: str) -> str: ...
    def __setitem__(self, key: str, value: str) -> None: ...
    def __delitem__(self, key: str) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def clear(self) -> None:
        """Removes every field."""
    def copy(self) -> Self:
        """Other headers of the same class with the same fields."""
    def get_all(self, name: str) -> list[str]:
        """A list of the values of `name`, empty if it has none."""
    def raw_items(self) -> Iterator[tuple[str, str]]:
        """An iterator over all names and values, as they were given."""
    def serialize(self) -> bytes:
        """The fields as they are sent, in ISO-8859-1, the empty line after them included.

        Raises `UnicodeEncodeError` for what ISO-8859-1 does not have.
        """
    def set_insecure(self, name: str, value: str) -> None:
        """Adds a value without checking it."""
    def update(self, headers: HeadersLike = (), /, **kwargs: str) -> None:
        """Adds the fields of other headers, of a mapping or of pairs, and those given by keyword."""

class MultipleValuesError(LookupError):
    """One value of a header field was requested, but it has several. The argument is its name."""
