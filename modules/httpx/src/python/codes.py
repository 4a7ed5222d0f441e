"""`httpx.codes`, created on first use. `table` comes from status_codes.rs."""

from enum import IntEnum


class Codes(IntEnum):
    """HTTP status codes: integers by name, each with its reason phrase as `phrase`.

    The names also exist in lower case, as plain integers (`codes.ok == 200`).
    """

    def __new__(cls, value, phrase=""):
        code = int.__new__(cls, value)
        code._value_ = value
        code.phrase = phrase
        return code

    def __str__(self):
        return str(self.value)

    @classmethod
    def get_reason_phrase(cls, value):
        """The reason phrase of a code; empty for an unknown code."""
        try:
            return cls(value).phrase
        except ValueError:
            return ""

    @classmethod
    def is_informational(cls, value):
        """Whether a code is 1xx."""
        return 100 <= value <= 199

    @classmethod
    def is_success(cls, value):
        """Whether a code is 2xx."""
        return 200 <= value <= 299

    @classmethod
    def is_redirect(cls, value):
        """Whether a code is 3xx."""
        return 300 <= value <= 399

    @classmethod
    def is_client_error(cls, value):
        """Whether a code is 4xx."""
        return 400 <= value <= 499

    @classmethod
    def is_server_error(cls, value):
        """Whether a code is 5xx."""
        return 500 <= value <= 599

    @classmethod
    def is_error(cls, value):
        """Whether a code is 4xx or 5xx."""
        return 400 <= value <= 599


codes = Codes("codes", table, module="httpx")
codes.__doc__ = Codes.__doc__
for code in codes:
    setattr(codes, code.name.lower(), int(code))
