"""Files, with ranges and conditions (RFC 9110 sections 13 and 14)."""

import asyncio
import mimetypes
import os
import stat
from email.utils import formatdate, parsedate_to_datetime

from _tauraro import Response

from ._errors import HTTPError

_PIECE = 256 * 1024


class Files:
    """Serves the files of a folder: `routes={'/static/{path...}': Files('public')}`.

    The parameter of the route is the path within the folder. A folder is answered with its `index.html`. Names that
    begin with a dot are not served, nor what is outside of the folder, by `..` or symbolic links.
    """

    def __init__(self, folder, *, index='index.html', headers=None):
        self.folder = os.path.realpath(folder)
        if not os.path.isdir(self.folder):
            raise NotADirectoryError(f'not a folder: {os.fspath(folder)!r}')
        self.index = index
        self.headers = dict(headers or {})

    async def handle(self, request):
        """Answer a request."""
        if request.method not in ('GET', 'HEAD'):
            raise HTTPError(405, headers={'Allow': 'GET, HEAD'})
        values = list(request.params.values())
        name = values[-1] if values and isinstance(values[-1], str) else request.path
        path = await asyncio.get_running_loop().run_in_executor(None, self._find, name)
        if path is None:
            raise HTTPError(404)
        return Response(FilePath(path), headers=self.headers)

    def _find(self, name):
        parts = [part for part in name.split('/') if part]
        if '\0' in name or '\\' in name or any(part.startswith('.') for part in parts):
            return None
        path = os.path.join(self.folder, *parts)
        if os.path.isdir(path):
            path = os.path.join(path, self.index)
        path = os.path.realpath(path)
        inside = path.startswith(self.folder.rstrip(os.sep) + os.sep)
        return path if inside and os.path.isfile(path) else None


class FilePath:
    """The path of a file that is known to be there."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def _open(path):
    # A pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(f'not a regular file: {path!r}')
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status


def _ranges(value, size):
    """Return start and end of the one range that is asked for; `None` if the whole is to be sent.

    Raise `ValueError` if it cannot be satisfied.
    """
    unit, _, rest = value.partition('=')
    if unit.strip().lower() != 'bytes' or ',' in rest:
        # Several ranges may be answered by the whole (RFC 9110 section 14.2).
        return None
    first, dash, last = rest.strip().partition('-')
    first, last = first.strip(), last.strip()
    digits = [each for each in (first, last) if each]
    if not dash or not digits or not all(each.isascii() and each.isdigit() for each in digits):
        return None
    if not first:
        length = int(last)
        if length == 0 or size == 0:
            raise ValueError(value)
        return max(size - length, 0), size
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise ValueError(value)
    return start, end


def _matches(value, tag):
    """Return whether `If-None-Match` names the tag (weak comparison)."""
    return value.strip() == '*' or any(each.strip().removeprefix('W/') == tag for each in value.split(','))


def _since(value, modified):
    try:
        return int(modified) <= parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError):
        return False


async def send(request, response):
    """Send a response whose body is a file."""
    loop = asyncio.get_running_loop()
    path = os.fspath(response.body)
    descriptor, status = await loop.run_in_executor(None, _open, path)
    try:
        size, modified = status.st_size, status.st_mtime
        tag = f'"{status.st_mtime_ns:x}-{size:x}"'
        headers = response.headers
        headers.setdefault('ETag', tag)
        tag = headers['ETag']
        headers.setdefault('Last-Modified', formatdate(modified, usegmt=True))
        headers.setdefault('Accept-Ranges', 'bytes')
        if 'Content-Type' not in headers:
            guessed, encoding = mimetypes.guess_type(path)
            media_type = guessed if guessed and not encoding else 'application/octet-stream'
            if media_type.startswith('text/') or media_type in ('application/json', 'application/javascript'):
                media_type += '; charset=utf-8'
            headers['Content-Type'] = media_type
        code, start, end = response.status, 0, size
        if code == 200 and request.method in ('GET', 'HEAD'):
            none_match, since = request.header('if-none-match'), request.header('if-modified-since')
            wanted, condition = request.header('range'), request.header('if-range')
            if _matches(none_match, tag) if none_match is not None else since is not None and _since(since, modified):
                for name in ('Content-Type', 'Accept-Ranges'):
                    headers.pop(name, None)
                request._start(304, headers.raw, None)
                return request._end(b'')
            if wanted is not None and (condition is None or condition == tag):
                try:
                    found = _ranges(wanted, size)
                except ValueError:
                    headers['Content-Range'] = f'bytes */{size}'
                    headers['Content-Type'] = 'text/plain; charset=utf-8'
                    request._start(416, headers.raw, 0)
                    return request._end(b'')
                if found is not None:
                    code, (start, end) = 206, found
                    headers['Content-Range'] = f'bytes {start}-{end - 1}/{size}'
        request._start(code, headers.raw, end - start)
        if request.method == 'HEAD':
            return request._end(b'')
        while start < end:
            data = await loop.run_in_executor(None, os.pread, descriptor, min(_PIECE, end - start), start)
            if not data:
                raise OSError(f'the file became shorter while it was sent: {path!r}')
            start += len(data)
            if start == end:
                return request._end(data)
            waiter = request._write(data)
            if waiter is not None:
                await waiter
        request._end(b'')
    finally:
        os.close(descriptor)
