"""SOCKS 4, 4a and 5 (RFC 1928, RFC 1929), without I/O: what a client says to a proxy."""

import ipaddress

from .exceptions import ProxyError

_ANSWERS = {
    1: 'general SOCKS server failure',
    2: 'connection not allowed by ruleset',
    3: 'network unreachable',
    4: 'host unreachable',
    5: 'connection refused',
    6: 'TTL expired',
    7: 'command not supported',
    8: 'address type not supported',
    91: 'request rejected or failed',
    92: 'identd is not reachable',
    93: 'identd reports another user',
}


def resolves_locally(proxy):
    """Return whether the client has to look up the name of the server, not the proxy."""
    return proxy.scheme in ('socks5', 'socks4')


def dialogue(proxy, host, port):
    """Have a proxy connect to `host`, which is an IP address where `resolves_locally`, and `port`.

    A generator that yields pairs: bytes to send, and the number of bytes to read afterwards, which it is sent. Raises
    `ProxyError` when the proxy refuses.
    """
    if proxy.scheme in ('socks4', 'socks4a'):
        yield from _dialogue_4(proxy, host, port)
    else:
        yield from _dialogue_5(proxy, host, port)


def _dialogue_4(proxy, host, port):
    user = (proxy.username or '').encode()
    try:
        address, name = ipaddress.IPv4Address(host).packed, b''
    except ValueError:
        if proxy.scheme == 'socks4':
            raise ProxyError(f'SOCKS4 cannot connect to {host}: not an IPv4 address') from None
        # An impossible address announces that a name follows.
        address, name = b'\0\0\0\1', _name(host) + b'\0'
    if b'\0' in user or b'\0' in name[:-1]:
        raise ProxyError('null character in the user or host name')
    answer = yield b'\4\1' + port.to_bytes(2) + address + user + b'\0' + name, 8
    if answer[0] != 0:
        raise ProxyError('the proxy does not speak SOCKS4')
    if answer[1] != 90:
        raise _refusal(answer[1])


def _dialogue_5(proxy, host, port):
    methods = b'\0' if proxy.username is None else b'\0\2'
    version, method = yield bytes([5, len(methods)]) + methods, 2
    if version != 5:
        raise ProxyError('the proxy does not speak SOCKS5')
    if method == 2 and proxy.username is not None:
        user, password = proxy.username.encode(), (proxy.password or '').encode()
        if len(user) > 255 or len(password) > 255:
            raise ProxyError('user name or password too long for SOCKS5')
        login = bytes([1, len(user)]) + user + bytes([len(password)]) + password
        _, status = yield login, 2
        if status != 0:
            raise ProxyError('the SOCKS5 proxy does not accept the user name and password')
    elif method != 0:
        raise ProxyError('the SOCKS5 proxy asks for authentication')
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = _name(host)
        if not 0 < len(name) < 256:
            raise ProxyError(f'host name too long for SOCKS5: {host}') from None
        target = bytes([3, len(name)]) + name
    else:
        target = (b'\1' if address.version == 4 else b'\4') + address.packed
    version, status, _, kind = yield b'\5\1\0' + target + port.to_bytes(2), 4
    if version != 5:
        raise ProxyError('the proxy does not speak SOCKS5')
    if status != 0:
        raise _refusal(status)
    # The address that the proxy connects from is not used, but has to be read.
    if kind == 3:
        (size,) = yield b'', 1
    else:
        size = {1: 4, 4: 16}.get(kind)
    if size is None:
        raise ProxyError(f'the SOCKS5 proxy answers with an unknown type of address: {kind}')
    yield b'', size + 2


def _name(host):
    return host.encode('ascii') if host.isascii() else host.encode('idna')


def _refusal(status):
    return ProxyError(f'the SOCKS proxy cannot connect: {_ANSWERS.get(status, f"error {status}")}')
