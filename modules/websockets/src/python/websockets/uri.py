"""URIs of WebSockets (RFC 6455 section 3)."""

import dataclasses
from urllib.parse import quote, unquote, urlsplit

from .exceptions import InvalidURI

__all__ = ["parse_uri", "WebSocketURI"]

#: Characters that keep their meaning when an IRI becomes a URI: the delimiters of RFC 3987.
DELIMS = ":/?#[]@!$&'()*+,;="


@dataclasses.dataclass
class WebSocketURI:
    """A WebSocket URI, taken apart.

    ``secure`` is true for wss; ``host`` is in lower case; ``port`` is the scheme's unless the URI has one; ``path``
    and ``query`` may be empty; ``username`` and ``password``, both or neither, are decoded.
    """

    secure: bool
    host: str
    port: int
    path: str
    query: str
    username: str | None = None
    #: Not shown in a repr.
    password: str | None = dataclasses.field(default=None, repr=False)

    @property
    def resource_name(self):
        """What a request asks for: the path and the query."""
        path = self.path or "/"
        return f"{path}?{self.query}" if self.query else path

    @property
    def user_info(self):
        """The user name and the password, or None."""
        if self.username is None:
            return None
        assert self.password is not None, "a user name has a password"
        return (self.username, self.password)


def parse_uri(uri):
    """Take apart a URI, or an IRI, which has characters that are not ASCII.

    Raises :exc:`~websockets.exceptions.InvalidURI` unless it is a WebSocket's.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("ws", "wss"):
        raise InvalidURI(uri, "scheme isn't ws or wss")
    host = parts.hostname
    if host is None:
        raise InvalidURI(uri, "hostname isn't provided")
    if parts.fragment:
        raise InvalidURI(uri, "fragment identifier is meaningless")
    secure = parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    path, query = parts.path, parts.query
    username, password = _user_info(parts, uri, InvalidURI)
    if not uri.isascii():
        host = host.encode("idna").decode()
        path = quote(path, safe=DELIMS)
        query = quote(query, safe=DELIMS)
    return WebSocketURI(secure, host, port, path, query, username, password)


def _user_info(parts, text, error):
    """The user name and the password in a URL, decoded; None for both without. ``error`` is raised for one alone."""
    if parts.username is None:
        return None, None
    if parts.password is None:
        raise error(text, "username provided without password")
    return unquote(parts.username, errors="strict"), unquote(parts.password, errors="strict")
