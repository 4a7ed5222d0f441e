"""The statuses, with the names of RFC 9110."""

import enum
import warnings

import httpx

__all__ = ["codes"]

#: The statuses that RFC 9110 has renamed: the former name, the name, the reason.
_RENAMED = {
    413: ("REQUEST_ENTITY_TOO_LARGE", "CONTENT_TOO_LARGE", "Content Too Large"),
    414: ("REQUEST_URI_TOO_LONG", "URI_TOO_LONG", "URI Too Long"),
    416: ("REQUESTED_RANGE_NOT_SATISFIABLE", "RANGE_NOT_SATISFIABLE", "Range Not Satisfiable"),
    422: ("UNPROCESSABLE_ENTITY", "UNPROCESSABLE_CONTENT", "Unprocessable Content"),
}
_FORMER = {former: name for former, name, _ in _RENAMED.values()}


class _WarnsOfFormerNames(enum.EnumMeta):
    def __getattribute__(cls, name):
        if name in _FORMER:
            warnings.warn(f"'{name}' is deprecated. Use '{_FORMER[name]}' instead.", DeprecationWarning, stacklevel=2)
        return super().__getattribute__(name)


class _Code(enum.IntEnum, metaclass=_WarnsOfFormerNames):
    """What `httpx.codes` does, without members."""

    def __new__(cls, value, phrase=""):
        member = int.__new__(cls, value)
        member._value_ = value
        member.phrase = phrase
        return member

    def __str__(self):
        return str(self.value)

    @classmethod
    def get_reason_phrase(cls, value):
        """The reason that goes with a status, empty for one that is not known."""
        try:
            return cls(value).phrase
        except ValueError:
            return ""

    @classmethod
    def is_informational(cls, value):
        """Whether it is from 100 to 199."""
        return 100 <= value <= 199

    @classmethod
    def is_success(cls, value):
        """Whether it is from 200 to 299."""
        return 200 <= value <= 299

    @classmethod
    def is_redirect(cls, value):
        """Whether it is from 300 to 399."""
        return 300 <= value <= 399

    @classmethod
    def is_client_error(cls, value):
        """Whether it is from 400 to 499."""
        return 400 <= value <= 499

    @classmethod
    def is_server_error(cls, value):
        """Whether it is from 500 to 599."""
        return 500 <= value <= 599

    @classmethod
    def is_error(cls, value):
        """Whether it is from 400 to 599."""
        return 400 <= value <= 599


def _members():
    for code in httpx.codes:
        _, name, phrase = _RENAMED.get(code.value, (None, code.name, httpx.codes.get_reason_phrase(code)))
        yield name, (code.value, phrase)
    for number, (former, _, phrase) in _RENAMED.items():
        yield former, (number, phrase)


codes = _Code("codes", list(_members()), module="httpx2")
codes.__doc__ = "The statuses by name: `codes.NOT_FOUND` and, as an int, `codes.not_found`."
for _name, _member in codes.__members__.items():
    setattr(codes, _name.lower(), int(_member))
