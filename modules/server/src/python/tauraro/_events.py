"""Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio

from _tauraro import Response

from ._json import dumps


class Event:
    """An event: `data` is `str`, or anything else that is sent as JSON."""

    __slots__ = ('data', 'event', 'id', 'retry')

    def __init__(self, data=None, *, event=None, id=None, retry=None):
        for name, value in (('event', event), ('id', id)):
            if value is not None and any(character in value for character in '\r\n\0'):
                raise ValueError(f'invalid character in the {name} of an event: {value!r}')
        if retry is not None and (not isinstance(retry, int) or retry < 0):
            raise ValueError(f'retry is a number of milliseconds, not {retry!r}')
        self.data, self.event, self.id, self.retry = data, event, id, retry

    def encode(self):
        """Return the event as it is sent."""
        lines = []
        if self.event is not None:
            lines.append(f'event: {self.event}')
        if self.id is not None:
            lines.append(f'id: {self.id}')
        if self.retry is not None:
            lines.append(f'retry: {self.retry}')
        if self.data is not None:
            text = self.data if isinstance(self.data, str) else dumps(self.data)
            text = text.replace('\r\n', '\n').replace('\r', '\n')
            lines.extend(f'data: {line}' for line in text.split('\n'))
        return ('\n'.join(lines) + '\n\n').encode()

    def __repr__(self):
        return f'Event({self.data!r}, event={self.event!r}, id={self.id!r}, retry={self.retry!r})'


def events(source, *, ping=15, headers=None):
    """Return a response with the events of an asynchronous iterable: `str`, `Event`, or anything else as JSON.

    A comment is sent when `ping` seconds have passed without an event, so that the connection stays; `None` for never.
    The iterable is closed when the client goes.
    """
    if not hasattr(source, '__aiter__'):
        raise TypeError(f'events are given by an asynchronous iterable, not {type(source).__name__}')
    response = Response(_stream(source, ping), headers=headers, content_type='text/event-stream')
    response.headers.setdefault('Cache-Control', 'no-cache')
    # Proxies such as nginx pass on each event at once.
    response.headers.setdefault('X-Accel-Buffering', 'no')
    return response


async def _stream(source, ping):
    iterator = source.__aiter__()

    async def advance():
        return await iterator.__anext__()

    task = None
    try:
        while True:
            if task is None:
                task = asyncio.ensure_future(advance())
            done, _ = await asyncio.wait({task}, timeout=ping)
            if not done:
                yield b': ping\n\n'
                continue
            finished, task = task, None
            try:
                item = finished.result()
            except StopAsyncIteration:
                return
            yield (item if isinstance(item, Event) else Event(item)).encode()
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        close = getattr(iterator, 'aclose', None)
        if close is not None:
            await close()
