"""Statuses."""

from enum import Enum
from http import HTTPStatus

# Names that are not those of `http.HTTPStatus`, and texts that are not there.
_OTHER = {
    'PROXY_AUTHENTICATION_REQUIRE': (407, 'Proxy Authentication Required'),
    'UNUSED': (306, 'Unused'),
    'PAYLOAD_TOO_LARGE': (413, 'Payload Too Large'),
    'URI_TOO_LONG': (414, 'URI Too Long'),
    'RANGE_NOT_SATISFIABLE': (416, 'Range Not Satisfiable'),
    'UNPROCESSABLE_ENTITY': (422, 'Unprocessable Entity'),
}
_LEFT_OUT = {'PAYMENT_REQUIRED', 'PROXY_AUTHENTICATION_REQUIRED', 'CONTENT_TOO_LARGE', 'UNPROCESSABLE_CONTENT'}


class _Status(Enum):
    @property
    def status_code(self):
        """The number."""
        return self.value[0]

    @property
    def text(self):
        """The reason phrase."""
        return self.value[1]


_members = {each.name: (each.value, each.phrase) for each in HTTPStatus if each.name not in _LEFT_OUT}
StatusCode = _Status('StatusCode', sorted((_members | _OTHER).items(), key=lambda item: item[1]), module=__name__)
