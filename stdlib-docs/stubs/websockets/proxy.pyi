"""The addresses of proxies."""

from dataclasses import dataclass

from .uri import WebSocketURI

__all__ = ["get_proxy", "parse_proxy", "Proxy"]

@dataclass
class Proxy:
    """The address of a proxy."""

    scheme: str
    host: str
    port: int
    username: str | None = None
    password: str | None = None
    @property
    def user_info(self) -> tuple[str, str] | None:
        """The user name and the password, or None."""

def get_proxy(uri: WebSocketURI) -> str | None:
    """The address of the proxy that the system or the environment asks for, for a `WebSocketURI`; None without one."""

def parse_proxy(proxy: str) -> Proxy:
    """Take apart the address of a proxy, a str.

    Raises `InvalidProxy` for what is not one.
    """
