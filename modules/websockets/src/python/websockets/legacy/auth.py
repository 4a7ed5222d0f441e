"""Servers that ask for HTTP Basic authentication (RFC 7617)."""

import functools
import hmac
from collections.abc import Iterable
from http import HTTPStatus

from ..exceptions import InvalidHeader
from ..headers import build_www_authenticate_basic, parse_authorization_basic
from .server import WebSocketServerProtocol

__all__ = ["BasicAuthWebSocketServerProtocol", "basic_auth_protocol_factory"]

#: A user name and a password.
Credentials = tuple[str, str]


def is_credentials(value):
    """Tell whether this is a user name and a password."""
    try:
        username, password = value
    except (TypeError, ValueError):
        return False
    return isinstance(username, str) and isinstance(password, str)


class BasicAuthWebSocketServerProtocol(WebSocketServerProtocol):
    """The server's end of a connection that only users may open; others get status 401.

    ``realm`` is what the users are told that it is for, in ASCII. ``check_credentials(username, password)`` is a
    coroutine function that returns whether they may; a subclass can have a method of that name instead.
    """

    #: What the users are told that it is for.
    realm = ""
    #: The user's name, once the handshake is complete.
    username = None

    def __init__(self, *args, realm=None, check_credentials=None, **kwargs):
        if realm is not None:
            self.realm = realm
        self._check_credentials = check_credentials
        super().__init__(*args, **kwargs)

    async def check_credentials(self, username, password):
        """Tell whether a user may open the connection."""
        if self._check_credentials is None:
            return False
        return await self._check_credentials(username, password)

    async def process_request(self, path, request_headers):
        """Answer requests of others with status 401."""
        try:
            username, password = parse_authorization_basic(request_headers["Authorization"])
        except KeyError:
            return self._unauthorized("Missing")
        except InvalidHeader:
            return self._unauthorized("Unsupported")
        if not await self.check_credentials(username, password):
            return self._unauthorized("Invalid")
        self.username = username
        return await super().process_request(path, request_headers)

    def _unauthorized(self, what):
        headers = [("WWW-Authenticate", build_www_authenticate_basic(self.realm))]
        return HTTPStatus.UNAUTHORIZED, headers, f"{what} credentials\n".encode()


def basic_auth_protocol_factory(realm=None, credentials=None, check_credentials=None, create_protocol=None):
    """Make a value for ``create_protocol`` of :func:`~websockets.legacy.server.serve`.

    ``realm`` is as for :class:`BasicAuthWebSocketServerProtocol`, which ``create_protocol`` may replace by a
    subclass. Give either ``credentials``, a user name and a password or an iterable of such pairs, or
    ``check_credentials``, as for that class; else ``TypeError`` is raised.
    """
    if (credentials is None) is (check_credentials is None):
        raise TypeError("provide either credentials or check_credentials")
    if credentials is not None:
        check_credentials = _checker(credentials)
    return functools.partial(
        create_protocol or BasicAuthWebSocketServerProtocol, realm=realm, check_credentials=check_credentials
    )


def _checker(credentials):
    if is_credentials(credentials):
        users = [credentials]
    else:
        users = list(credentials) if isinstance(credentials, Iterable) else [None]
        if not all(map(is_credentials, users)):
            raise TypeError(f"invalid credentials argument: {credentials}")
    passwords = dict(users)

    async def check_credentials(username, password):
        expected = passwords.get(username)
        # It takes the same time whatever the difference; in bytes, as str have to be ASCII for it.
        return expected is not None and hmac.compare_digest(_bytes(expected), _bytes(password))

    return check_credentials


def _bytes(text):
    return text.encode(errors="surrogateescape")
