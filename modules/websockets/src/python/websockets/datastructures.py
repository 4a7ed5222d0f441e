"""Header fields."""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Protocol

from _websockets_datastructures import Headers

__all__ = ["Headers", "HeadersLike", "MultipleValuesError"]

MutableMapping.register(Headers)
for _name in ("keys", "items", "values", "pop", "popitem", "setdefault"):
    setattr(Headers, _name, getattr(MutableMapping, _name))
del _name


class MultipleValuesError(LookupError):
    """One value of a header field was requested, but it has several. The argument is its name."""

    def __str__(self):
        # As KeyError: a name on its own is easier to see in quotes.
        return repr(self.args[0]) if len(self.args) == 1 else super().__str__()


class SupportsKeysAndGetItem(Protocol):
    """What can be read like a dict of str."""

    def keys(self) -> Iterable[str]:
        """The keys."""
        ...

    def __getitem__(self, key: str) -> str:
        """The value of a key."""
        ...


#: Types accepted for :class:`Headers`: headers, mappings of str, pairs of str.
HeadersLike = Headers | Mapping[str, str] | Iterable[tuple[str, str]] | SupportsKeysAndGetItem
