"""Finding the proxy for a connection, and the request to it."""

import dataclasses
import os
import sys
from urllib.parse import urlsplit

from .datastructures import Headers
from .exceptions import InvalidProxy
from .headers import build_authorization_basic, build_host
from .http11 import USER_AGENT
from .uri import _user_info

__all__ = ["get_proxy", "parse_proxy", "Proxy"]

_SCHEMES = ("socks5h", "socks5", "socks4a", "socks4", "https", "http")


@dataclasses.dataclass
class Proxy:
    """The address of a proxy.

    ``scheme`` is one of socks5h, socks5, socks4a, socks4, https and http; ``host`` is in lower case; ``port`` is 443
    for https and else 80 unless the address has one; ``username`` and ``password``, both or neither, are decoded.
    """

    scheme: str
    host: str
    port: int
    username: str | None = None
    #: Not shown in a repr.
    password: str | None = dataclasses.field(default=None, repr=False)

    @property
    def user_info(self):
        """The user name and the password, or None."""
        if self.username is None:
            return None
        assert self.password is not None, "a user name has a password"
        return (self.username, self.password)


def parse_proxy(proxy):
    """Take apart the address of a proxy, a str.

    Raises :exc:`~websockets.exceptions.InvalidProxy` for what is not one.
    """
    parts = urlsplit(proxy)
    if parts.scheme not in _SCHEMES:
        raise InvalidProxy(proxy, f"scheme {parts.scheme} isn't supported")
    host = parts.hostname
    if host is None:
        raise InvalidProxy(proxy, "hostname isn't provided")
    if parts.path not in ("", "/"):
        raise InvalidProxy(proxy, "path is meaningless")
    for name in ("query", "fragment"):
        if getattr(parts, name):
            raise InvalidProxy(proxy, f"{name} is meaningless")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    username, password = _user_info(parts, proxy, InvalidProxy)
    if not proxy.isascii():
        host = host.encode("idna").decode()
    return Proxy(parts.scheme, host, port, username, password)


def get_proxy(uri):
    """The address of the proxy that the system or the environment asks for, for a
    :class:`~websockets.uri.WebSocketURI`; None without one.
    """
    if not _may_have_proxy():
        return None
    import urllib.request

    if urllib.request.proxy_bypass(f"{uri.host}:{uri.port}"):
        return None
    proxies = urllib.request.getproxies()
    # One for WebSockets first, then as section 4.1 of RFC 6455 says: SOCKS, HTTPS, HTTP.
    for scheme in ("wss", "socks", "https") if uri.secure else ("ws", "socks", "https", "http"):
        proxy = proxies.get(scheme)
        if proxy is None:
            continue
        if scheme == "socks" and proxy.startswith("http://"):
            # How the settings of a system name a SOCKS proxy.
            return "socks5h://" + proxy.removeprefix("http://")
        return proxy
    return None


def _may_have_proxy():
    """Whether importing ``urllib.request``, which is slow, can be useful."""
    if sys.platform in ("darwin", "win32") or "urllib.request" in sys.modules:
        return True
    return any(name.lower().endswith("_proxy") for name in os.environ)


def prepare_connect_request(proxy, ws_uri, user_agent_header=USER_AGENT):
    """The bytes of the request that asks an HTTP proxy for a connection to the host of ``ws_uri``."""
    target = build_host(ws_uri.host, ws_uri.port, ws_uri.secure, always_include_port=True)
    headers = Headers([("Host", build_host(ws_uri.host, ws_uri.port, ws_uri.secure))])
    if user_agent_header is not None:
        headers["User-Agent"] = user_agent_header
    if proxy.user_info is not None:
        headers["Proxy-Authorization"] = build_authorization_basic(*proxy.user_info)
    return f"CONNECT {target} HTTP/1.1\r\n".encode() + headers.serialize()
