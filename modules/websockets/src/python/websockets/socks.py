"""What is said to a SOCKS proxy (RFC 1928, RFC 1929, SOCKS 4 and 4A), without I/O."""

import ipaddress
import struct

from .exceptions import ProxyError

__all__ = ['handshake', 'resolves_names']

REFUSALS_5 = {
    1: 'general SOCKS server failure',
    2: 'connection not allowed by ruleset',
    3: 'network unreachable',
    4: 'host unreachable',
    5: 'connection refused',
    6: 'TTL expired',
    7: 'command not supported',
    8: 'address type not supported',
}
REFUSALS_4 = {
    91: 'request rejected or failed',
    92: 'no identd at the client',
    93: 'identd says that the client is another user',
}


def resolves_names(proxy):
    """Tell whether the proxy of such an address is to look up the names of servers."""
    return proxy.scheme in ('socks5h', 'socks4a')


def handshake(proxy, host, port):
    """Ask a proxy for a connection to a server: a generator.

    It yields what to do next: bytes are to be sent, and for a number, as many bytes are to be received and sent into
    the generator. At its end there is a connection. `host` is an address unless the proxy resolves names.

    Raises `ProxyError` when the proxy refuses or does not speak SOCKS, and `ValueError` for what SOCKS cannot express.
    """
    if not 0 < port < 65536:
        raise ValueError(f'port out of range: {port}')
    if proxy.scheme.startswith('socks5'):
        return _version_5(proxy, host, port)
    return _version_4(proxy, host, port)


def _text(value, what):
    data = value.encode()
    if len(data) > 255:
        raise ValueError(f'{what} is too long for SOCKS')
    return data


def _version_5(proxy, host, port):
    authenticated = proxy.username is not None
    yield b'\x05\x02\x00\x02' if authenticated else b'\x05\x01\x00'
    version, method = yield 2
    if version != 5:
        raise ProxyError('SOCKS proxy answered in another protocol')
    if method == 2 and authenticated:
        username = _text(proxy.username, 'user name')
        password = _text(proxy.password or '', 'password')
        yield b'\x01' + bytes([len(username)]) + username + bytes([len(password)]) + password
        _, status = yield 2
        if status != 0:
            raise ProxyError('SOCKS proxy rejected the user name or password')
    elif method != 0:
        raise ProxyError('SOCKS proxy accepts no method of authentication that is offered')
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = _text(host, 'host name')
        target = b'\x03' + bytes([len(name)]) + name
    else:
        target = (b'\x01' if address.version == 4 else b'\x04') + address.packed
    yield b'\x05\x01\x00' + target + struct.pack('!H', port)
    version, status, _, kind = yield 4
    if version != 5:
        raise ProxyError('SOCKS proxy answered in another protocol')
    if status != 0:
        raise ProxyError(f'SOCKS proxy refused: {REFUSALS_5.get(status, f"code {status}")}')
    # The address that the proxy connects from is of no interest, but has to be read.
    if kind == 3:
        [length] = yield 1
    elif kind in (1, 4):
        length = 4 if kind == 1 else 16
    else:
        raise ProxyError('SOCKS proxy answered with an unknown type of address')
    yield length + 2


def _version_4(proxy, host, port):
    user = (proxy.username or '').encode()
    try:
        address = ipaddress.IPv4Address(host).packed
        name = b''
    except ValueError:
        if not resolves_names(proxy):
            raise ValueError(f'SOCKS 4 needs an IPv4 address, not {host}') from None
        # An address that cannot be announces a name.
        address = b'\x00\x00\x00\x01'
        name = host.encode() + b'\x00'
    if b'\x00' in user or b'\x00' in name[:-1]:
        raise ValueError('SOCKS 4 cannot express a null character')
    yield b'\x04\x01' + struct.pack('!H', port) + address + user + b'\x00' + name
    version, status, *_ = yield 8
    if version != 0:
        raise ProxyError('SOCKS proxy answered in another protocol')
    if status != 90:
        raise ProxyError(f'SOCKS proxy refused: {REFUSALS_4.get(status, f"code {status}")}')
