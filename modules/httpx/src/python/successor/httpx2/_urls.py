"""URLs, and where they lead."""

import dataclasses
import ipaddress

import httpx
import httpx._urls as _stock
from httpx import URL, QueryParams

__all__ = ["URL", "Origin", "QueryParams"]

_DEFAULT_PORTS = {"ftp": 21, "http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclasses.dataclass(frozen=True, slots=True, init=False)
class Origin:
    """The scheme, the host and the port of a URL (RFC 6454), to compare and to use as a key.

    `url` is a `URL` or str. The port is the scheme's if the URL has none, and None if the scheme has none either.
    Raises `ValueError` for a relative URL, and `InvalidURL`.
    """

    scheme: str
    host: str
    port: int | None

    def __init__(self, url):
        if not isinstance(url, URL):
            url = URL(url)
        if url.is_relative_url:
            raise ValueError(f"URL must be absolute to have an origin, not {str(url)!r}")
        host = url.host
        if ":" in host:
            # There are many ways to write an address.
            host = str(ipaddress.IPv6Address(host))
        port = _DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port
        for name, value in (("scheme", url.scheme), ("host", host), ("port", port)):
            object.__setattr__(self, name, value)


Origin.__module__ = "httpx2"


def __getattr__(name):
    # The module is kept from before `alias_httpx`, which makes its name lead here.
    return getattr(_stock, name)
