"""Names of the private modules of PyPI's httpx that libraries are known to import: `httpx._decoders.LineDecoder`, ...

Nothing in httpx uses them; they do what upstream's do.
"""

import codecs
import contextlib
import enum
import io
import ipaddress
import logging
import mimetypes
import os
import re
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import quote as _quote

import httpx

# `httpx._client`.

logger = logging.getLogger('httpx')

#: The headers of a client unless it has others.
USER_AGENT = f'python-httpx/{httpx.__version__}'
ACCEPT_ENCODING = 'gzip, deflate, br, zstd'

EventHook = Callable[..., Any]


class ClientState(enum.Enum):
    """How far a client has come."""

    UNOPENED = 1
    OPENED = 2
    CLOSED = 3


def _state(client):
    # Whether it has sent anything is nobody's business.
    return ClientState.CLOSED if client.is_closed else ClientState.OPENED


httpx.Client._state = httpx.AsyncClient._state = property(_state)

# `httpx._config`.


class UnsetType:
    """The class of `UNSET`."""


#: Stands for an argument that was not given.
UNSET = UnsetType()

# `httpx._utils`.


def primitive_value_to_str(value):
    """A value of a query parameter as text: `true` and `false` for bool, nothing for None."""
    if value is None:
        return ''
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_bytes(value, encoding='utf-8'):
    """Text as bytes; bytes stay what they are."""
    return value.encode(encoding) if isinstance(value, str) else value


def to_str(value, encoding='utf-8'):
    """Bytes as text; text stays what it is."""
    return value if isinstance(value, str) else value.decode(encoding)


def to_bytes_or_str(value, match_type_of):
    """Text, or the same as bytes if `match_type_of` is bytes."""
    return value if isinstance(match_type_of, str) else value.encode()


def unquote(value):
    """Text without the quotes around it."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def peek_filelike_length(stream):
    """How much a file has left to read, in bytes; None if it does not tell."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (AttributeError, OSError):
        pass
    try:
        position = stream.tell()
        length = stream.seek(0, os.SEEK_END)
        stream.seek(position)
    except (AttributeError, OSError):
        return None
    return length


def _is_address(hostname, kind):
    try:
        kind(hostname.split('/')[0])
    except ValueError:
        return False
    return True


def is_ipv4_hostname(hostname):
    """Whether a host is an IPv4 address."""
    return _is_address(hostname, ipaddress.IPv4Address)


def is_ipv6_hostname(hostname):
    """Whether a host is an IPv6 address."""
    return _is_address(hostname, ipaddress.IPv6Address)


def guess_json_utf(data):
    """The encoding of JSON, by its first bytes; None if it is none that JSON may have."""
    import json

    try:
        return json.detect_encoding(data)
    except LookupError:
        return None


# `httpx._transports.default`.

_ERRORS = (
    'TimeoutException', 'ConnectTimeout', 'ReadTimeout', 'WriteTimeout', 'PoolTimeout', 'NetworkError', 'ConnectError',
    'ReadError', 'WriteError', 'ProxyError', 'UnsupportedProtocol', 'ProtocolError', 'LocalProtocolError',
    'RemoteProtocolError',
)


def exception_map():
    """`HTTPCORE_EXC_MAP`: httpx's exceptions by httpcore's."""
    import httpcore

    return {getattr(httpcore, name): getattr(httpx, name) for name in _ERRORS}


@contextlib.contextmanager
def map_httpcore_exceptions():
    """Raises httpcore's exceptions as httpx's."""
    try:
        yield
    except Exception as error:
        known = exception_map()
        found = [known[cls] for cls in type(error).__mro__ if cls in known]
        if not found or isinstance(error, httpx.TransportError):
            raise
        raise found[0](str(error)) from error


class ResponseStream(httpx.SyncByteStream):
    """The body of a response of httpcore."""

    def __init__(self, httpcore_stream):
        self._httpcore_stream = httpcore_stream

    def __iter__(self):
        with map_httpcore_exceptions():
            yield from self._httpcore_stream

    def close(self):
        if hasattr(self._httpcore_stream, 'close'):
            self._httpcore_stream.close()


class AsyncResponseStream(httpx.AsyncByteStream):
    """The body of a response of httpcore, for `AsyncClient`."""

    def __init__(self, httpcore_stream):
        self._httpcore_stream = httpcore_stream

    async def __aiter__(self):
        with map_httpcore_exceptions():
            async for part in self._httpcore_stream:
                yield part

    async def aclose(self):
        if hasattr(self._httpcore_stream, 'aclose'):
            await self._httpcore_stream.aclose()


# `httpx._transports.mock`.

SyncHandler = Callable[[httpx.Request], httpx.Response]
AsyncHandler = Callable[[httpx.Request], Awaitable[httpx.Response]]

# `httpx._transports.asgi` and `.wsgi`.


class ASGIResponseStream(httpx.AsyncByteStream):
    """The body that an ASGI application has sent: a list of bytes."""

    def __init__(self, body):
        self._body = body

    async def __aiter__(self):
        yield b''.join(self._body)


class WSGIByteStream(httpx.SyncByteStream):
    """The body that a WSGI application sends: an iterable of bytes."""

    def __init__(self, result):
        self._close = getattr(result, 'close', None)
        self._result = result

    def __iter__(self):
        yield from self._result

    def close(self):
        if self._close is not None:
            self._close()


def create_event():
    """An event for asyncio."""
    import asyncio

    return asyncio.Event()


# `httpx._content`.


class UnattachedStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """What stands for the body of a request or response that was pickled before it was read."""

    def __iter__(self):
        raise httpx.StreamClosed()

    async def __aiter__(self):
        raise httpx.StreamClosed()
        yield b''


def encode_response(content=None, text=None, html=None, json=None):
    """The headers that describe a body, and its stream."""
    options = {'content': content, 'text': text, 'html': html, 'json': json}
    response = httpx.Response(200, **{name: value for name, value in options.items() if value is not None})
    names = {'content-length': 'Content-Length', 'content-type': 'Content-Type', 'transfer-encoding': 'Transfer-Encoding'}
    headers = {title: response.headers[name] for name, title in names.items() if name in response.headers}
    return ({} if headers == {'Content-Length': '0'} else headers), response.stream


def encode_content(content):
    """The headers and the stream of bytes, text or an iterable of bytes."""
    request = httpx.Request('POST', 'http://localhost', content=content)
    names = {'content-length': 'Content-Length', 'transfer-encoding': 'Transfer-Encoding'}
    return {title: request.headers[name] for name, title in names.items() if name in request.headers}, request.stream


def encode_text(text):
    """The headers and the stream of plain text."""
    return encode_response(text=text)


def encode_html(html):
    """The headers and the stream of HTML."""
    return encode_response(html=html)


# `httpx._decoders`.


class ContentDecoder:
    """Undoes a content coding: `decode` takes what arrives, `flush` gives the rest."""

    def decode(self, data):
        raise NotImplementedError

    def flush(self):
        raise NotImplementedError


class IdentityDecoder(ContentDecoder):
    """No content coding."""

    def decode(self, data):
        return data

    def flush(self):
        return b''


class _ZlibDecoder(ContentDecoder):
    _window = 0

    def __init__(self):
        self._decompressor = zlib.decompressobj(self._window)

    def decode(self, data):
        try:
            return self._decompressor.decompress(data)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error

    def flush(self):
        try:
            return self._decompressor.flush()
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error


class GZipDecoder(_ZlibDecoder):
    """`gzip`."""

    _window = zlib.MAX_WBITS | 16


class DeflateDecoder(_ZlibDecoder):
    """`deflate`, with the header of zlib or without."""

    _window = zlib.MAX_WBITS
    _is_first = True

    def decode(self, data):
        was_first, self._is_first = self._is_first, False
        try:
            return super().decode(data)
        except httpx.DecodingError:
            if not was_first:
                raise
            self._decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
            return self.decode(data)


class _WholeDecoder(ContentDecoder):
    """One that decodes at the end, as httpx does a response."""

    _name = ''

    def __init__(self):
        self._parts = []

    def decode(self, data):
        self._parts.append(data)
        return b''

    def flush(self):
        data, self._parts = b''.join(self._parts), []
        if not data:
            return b''
        return httpx.Response(200, headers={'Content-Encoding': self._name}, content=data).content


class BrotliDecoder(_WholeDecoder):
    """`br`."""

    _name = 'br'


class ZStandardDecoder(_WholeDecoder):
    """`zstd`."""

    _name = 'zstd'


class MultiDecoder(ContentDecoder):
    """Several content codings, in the order in which they were applied."""

    def __init__(self, children):
        self.children = list(reversed(children))

    def decode(self, data):
        for child in self.children:
            data = child.decode(data)
        return data

    def flush(self):
        data = b''
        for child in self.children:
            data = child.decode(data) + child.flush()
        return data


SUPPORTED_DECODERS = {
    'identity': IdentityDecoder,
    'gzip': GZipDecoder,
    'deflate': DeflateDecoder,
    'br': BrotliDecoder,
    'zstd': ZStandardDecoder,
}


class _Chunker:
    _empty = b''

    def __init__(self, chunk_size=None):
        self._chunk_size = chunk_size
        self._held = self._empty

    def decode(self, content):
        """Take a piece. Returns a list of chunks of the size, or of the piece if there is no size."""
        if self._chunk_size is None:
            return [content] if content else []
        held, size = self._held + content, self._chunk_size
        whole = len(held) - len(held) % size
        self._held = held[whole:]
        return [held[start : start + size] for start in range(0, whole, size)]

    def flush(self):
        """The rest, a list of a chunk or of none."""
        held, self._held = self._held, self._empty
        return [held] if held else []


class ByteChunker(_Chunker):
    """Cuts bytes to a size."""


class TextChunker(_Chunker):
    """Cuts text to a size."""

    _empty = ''


class TextDecoder:
    """Decodes text that arrives in pieces."""

    def __init__(self, encoding='utf-8'):
        self.decoder = codecs.getincrementaldecoder(encoding)(errors='replace')

    def decode(self, data):
        return self.decoder.decode(data)

    def flush(self):
        return self.decoder.decode(b'', True)


class LineDecoder:
    """Reads lines from text that arrives in pieces: `decode` gives those that a piece completes, `flush` the rest."""

    def __init__(self):
        self._held = ''

    def decode(self, text):
        lines = (self._held + text).splitlines(keepends=True)
        self._held = ''
        # A CR may be the first half of CR LF.
        if lines and (lines[-1].splitlines()[0] == lines[-1] or lines[-1].endswith('\r')):
            self._held = lines.pop()
        return [line.splitlines()[0] for line in lines]

    def flush(self):
        held, self._held = self._held, ''
        return held.splitlines()


# `httpx._multipart`.


def get_multipart_boundary_from_content_type(content_type):
    """The boundary in a `Content-Type`, which is bytes or None; None without one."""
    if not content_type or not content_type.startswith(b'multipart/form-data'):
        return None
    for section in content_type.split(b';'):
        if section.strip().lower().startswith(b'boundary='):
            return section.strip()[len(b'boundary=') :].strip(b'"')
    return None


def _parameter(name, value):
    escaped = re.sub('["\\\\\x00-\x1a\x1c-\x1f]', lambda match: {'"': '%22', '\\': '\\\\'}.get(
        match[0], '%{:02X}'.format(ord(match[0]))), value)
    return f'{name}="{escaped}"'.encode()


class DataField:
    """A field of a multipart form: a name and a value, which is text, bytes or a number."""

    def __init__(self, name, value):
        if not isinstance(name, str):
            raise TypeError(f'Invalid type for name. Expected str, got {type(name)}: {name!r}')
        if value is not None and not isinstance(value, (str, bytes, int, float)):
            raise TypeError(f'Invalid type for value. Expected primitive type, got {type(value)}: {value!r}')
        self.name = name
        self.value = value if isinstance(value, bytes) else primitive_value_to_str(value)

    def render_headers(self):
        return b'Content-Disposition: form-data; ' + _parameter('name', self.name) + b'\r\n\r\n'

    def render_data(self):
        return to_bytes(self.value)

    def get_length(self):
        return len(self.render_headers()) + len(self.render_data())

    def render(self):
        yield self.render_headers()
        yield self.render_data()


class FileField:
    """A file of a multipart form: a name, and a file, bytes or `(filename, content, content_type, headers)`."""

    CHUNK_SIZE = 64 * 1024

    def __init__(self, name, value):
        parts = value if isinstance(value, tuple) else (os.path.basename(getattr(value, 'name', 'upload')), value)
        filename, fileobj = parts[0], parts[1]
        content_type = parts[2] if len(parts) > 2 else None
        headers = dict(parts[3]) if len(parts) > 3 else {}
        if isinstance(fileobj, io.StringIO):
            raise TypeError('Multipart file uploads require `io.BytesIO`, not `io.StringIO`.')
        if isinstance(fileobj, io.TextIOBase):
            raise TypeError('Multipart file uploads must be opened in binary mode, not text mode.')
        if content_type is None and filename:
            content_type = mimetypes.guess_type(str(filename))[0] or 'application/octet-stream'
        if content_type is not None and not any(name.lower() == 'content-type' for name in headers):
            headers['Content-Type'] = content_type
        self.name, self.filename, self.file, self.headers = name, filename, fileobj, headers

    def get_length(self):
        headers = len(self.render_headers())
        if isinstance(self.file, (str, bytes)):
            return headers + len(to_bytes(self.file))
        length = peek_filelike_length(self.file)
        return None if length is None else headers + length

    def render_headers(self):
        parts = [b'Content-Disposition: form-data; ', _parameter('name', self.name)]
        if self.filename:
            parts += [b'; ', _parameter('filename', str(self.filename))]
        parts += [f'\r\n{name}: {value}'.encode() for name, value in self.headers.items()]
        return b''.join(parts) + b'\r\n\r\n'

    def render_data(self):
        if isinstance(self.file, (str, bytes)):
            yield to_bytes(self.file)
            return
        if hasattr(self.file, 'seek'):
            with contextlib.suppress(io.UnsupportedOperation):
                self.file.seek(0)
        while chunk := self.file.read(self.CHUNK_SIZE):
            yield to_bytes(chunk)

    def render(self):
        yield self.render_headers()
        yield from self.render_data()


# `httpx._urlparse`.


class ParseResult(NamedTuple):
    """A URL in its parts, percent-encoded; `query` and `fragment` are None if there is none."""

    scheme: str
    userinfo: str
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def authority(self):
        """User information, host and port."""
        return (f'{self.userinfo}@' if self.userinfo else '') + self.netloc

    @property
    def netloc(self):
        """Host and port."""
        host = f'[{self.host}]' if ':' in self.host else self.host
        return host if self.port is None else f'{host}:{self.port}'

    def copy_with(self, **kwargs):
        """The same with other parts."""
        return urlparse(str(self), **kwargs) if kwargs else self

    def __str__(self):
        return str(httpx.URL(
            (f'{self.scheme}:' if self.scheme else '')
            + (f'//{self.authority}' if self.authority else '')
            + self.path
            + ('' if self.query is None else f'?{self.query}')
            + ('' if self.fragment is None else f'#{self.fragment}')
        ))


def urlparse(url='', **kwargs):
    """Take a URL apart; `kwargs` replace parts of it. Raises `InvalidURL`."""
    parsed = httpx.URL(url, **kwargs)
    path, mark, query = parsed.raw_path.decode('ascii').partition('?')
    text = str(parsed)
    fragment = text.partition('#')[2] if '#' in text else None
    return ParseResult(parsed.scheme, parsed.userinfo.decode('ascii'), parsed.raw_host.decode('ascii'), parsed.port,
                       path, query if mark else None, fragment)


def quote(string, safe):
    """Percent-encode what is neither safe nor encoded."""
    return _quote(string, safe=safe + '%')


#: What is found in a private module by another name.
SOURCES = {'HTTPCORE_EXC_MAP': exception_map}
