"""Connections to servers through proxies, for threads."""

import socket
import ssl as ssl_module

from .._socks import dialogue, resolves_locally
from ..exceptions import InvalidProxyMessage, InvalidProxyStatus, ProxyError
from ..http11 import Response
from ..proxy import prepare_connect_request
from ..streams import StreamReader

__all__ = ['connect_http_proxy', 'connect_socks_proxy', 'SSLSSLSocket']


def connect_socks_proxy(proxy, ws_uri, deadline, *, local_addr=None, **kwargs):
    """Return a socket that is connected to the server through a SOCKS proxy.

    Raises `OSError`, `TimeoutError`, and `ProxyError` if the proxy does not do it.
    """
    kwargs.setdefault('timeout', deadline.timeout())
    host = ws_uri.host
    try:
        if resolves_locally(proxy):
            family = socket.AF_INET if proxy.scheme == 'socks4' else socket.AF_UNSPEC
            found = socket.getaddrinfo(host, ws_uri.port, family, socket.SOCK_STREAM)
            host = found[0][4][0]
        sock = socket.create_connection((proxy.host, proxy.port), source_address=local_addr, **kwargs)
    except TimeoutError:
        raise TimeoutError('timed out while connecting to SOCKS proxy') from None
    try:
        _run_handshake(sock, dialogue(proxy, host, ws_uri.port), deadline)
    except BaseException:
        sock.close()
        raise
    return sock


def _run_handshake(sock, steps, deadline):
    try:
        received = None
        while True:
            data, size = steps.send(received)
            sock.settimeout(deadline.timeout())
            if data:
                sock.sendall(data)
            received = _receive_exactly(sock, size, deadline)
    except StopIteration:
        sock.settimeout(None)
    except TimeoutError:
        raise TimeoutError('timed out while connecting to SOCKS proxy') from None
    except (OSError, ProxyError):
        raise
    except Exception as exc:
        raise ProxyError('failed to connect to SOCKS proxy') from exc


def _receive_exactly(sock, size, deadline):
    data = b''
    while len(data) < size:
        sock.settimeout(deadline.timeout())
        more = sock.recv(size - len(data))
        if not more:
            raise ProxyError('SOCKS proxy closed the connection')
        data += more
    return data


def connect_http_proxy(
    proxy, ws_uri, deadline, *, user_agent_header=None, ssl=None, server_hostname=None, **kwargs
):
    """Return a socket that is connected to the server through an HTTP proxy, to which TLS is spoken if it is https.

    Raises `OSError`, `TimeoutError`, `InvalidProxyStatus` if the proxy refuses and `InvalidProxyMessage` if it does not
    speak HTTP.
    """
    kwargs.setdefault('timeout', deadline.timeout())
    sock = socket.create_connection((proxy.host, proxy.port), **kwargs)
    try:
        if proxy.scheme == 'https':
            context = ssl_module.create_default_context() if ssl is None else ssl
            sock.settimeout(deadline.timeout())
            sock = context.wrap_socket(sock, server_hostname=server_hostname or proxy.host)
        sock.settimeout(deadline.timeout())
        sock.sendall(prepare_connect_request(proxy, ws_uri, user_agent_header))
        _read_answer(sock, deadline)
    except BaseException:
        sock.close()
        raise
    return sock


def _read_answer(sock, deadline):
    reader = StreamReader()
    parser = Response.parse(reader.read_line, reader.read_exact, reader.read_to_eof, proxy=True)
    try:
        while True:
            sock.settimeout(deadline.timeout())
            if data := sock.recv(4096):
                reader.feed_data(data)
            else:
                reader.feed_eof()
            next(parser)
    except StopIteration as end:
        response = end.value
    except TimeoutError:
        raise TimeoutError('timed out while connecting to HTTP proxy') from None
    except Exception as exc:
        raise InvalidProxyMessage('did not receive a valid HTTP response from proxy') from exc
    finally:
        sock.settimeout(None)
    if not 200 <= response.status_code < 300:
        raise InvalidProxyStatus(response)


class SSLSSLSocket:
    """TLS over a socket that already uses TLS: the socket methods that a connection needs."""

    recv_bufsize = 65536

    def __init__(self, sock, ssl_context, server_hostname=None):
        self.ssl_socket = sock
        self.incoming = ssl_module.MemoryBIO()
        self.outgoing = ssl_module.MemoryBIO()
        self.ssl_object = ssl_context.wrap_bio(self.incoming, self.outgoing, server_hostname=server_hostname)
        self._run(self.ssl_object.do_handshake)

    def _run(self, function, *args):
        """Call a method of the TLS object, with the I/O it needs."""
        while True:
            try:
                result = function(*args)
                wants_data = False
            except ssl_module.SSLWantReadError:
                wants_data = True
            except ssl_module.SSLWantWriteError:
                result = wants_data = None
            if data := self.outgoing.read():
                self.ssl_socket.sendall(data)
            if wants_data is False:
                return result
            if wants_data:
                if data := self.ssl_socket.recv(self.recv_bufsize):
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def recv(self, buflen):
        """Receive up to `buflen` bytes; none at the end of the stream, even if the peer did not announce it."""
        try:
            data = self._run(self.ssl_object.read, buflen)
            # Data left here would not wake any reader.
            while data and len(data) < buflen:
                try:
                    more = self.ssl_object.read(buflen - len(data))
                except ssl_module.SSLError:
                    break
                if not more:
                    break
                data += more
            return data
        except ssl_module.SSLEOFError:
            return b''

    def send(self, data):
        """Send data, and return how much of it."""
        return self._run(self.ssl_object.write, data)

    def sendall(self, data):
        """Send all of the data."""
        with memoryview(data) as view, view.cast('B') as rest:
            start = 0
            while start < len(rest):
                start += self.send(rest[start:])

    def __getattr__(self, name):
        return getattr(self.ssl_socket, name)
