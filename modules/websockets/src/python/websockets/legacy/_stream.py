"""A transport of asyncio as the legacy implementation uses it: a stream to read from, and writes that wait."""

import asyncio
from asyncio.streams import FlowControlMixin

from _websockets_frames import take_frame

from .framing import decode_frame


class FrameStream(asyncio.StreamReader):
    """A stream that frames can be read from, besides lines and bytes."""

    async def read_frame(self, masked, max_size, extensions):
        """Read a frame: a :class:`websockets.frames.Frame`, decoded and checked.

        Raises what :meth:`Frame.read <websockets.legacy.framing.Frame.read>` does.
        """
        buffer = self._buffer
        while True:
            if self._exception is not None:
                raise self._exception
            found = take_frame(buffer, masked, max_size)
            if not isinstance(found, int):
                break
            # It waits for the whole frame, so that one that comes in many pieces is not looked at for each of them.
            while len(buffer) < found:
                if self._eof:
                    raise asyncio.IncompleteReadError(bytes(buffer), found)
                # This reads on if the transport is paused: a frame may be larger than what the buffer should have.
                await self._wait_for_data("read_frame")
                if self._exception is not None:
                    raise self._exception
        frame, size = found
        del buffer[:size]
        self._maybe_resume_transport()
        return decode_frame(frame, max_size, extensions)


class StreamProtocol(FlowControlMixin, asyncio.Protocol):
    """What a transport calls: the data goes to ``reader``, and :meth:`_drain` waits until more may be written."""

    def __init__(self, read_limit, loop):
        super().__init__(loop)
        # A stream stops its transport at twice its limit.
        self.reader = FrameStream(limit=read_limit // 2, loop=loop)

    def connection_made(self, transport):
        """Begin to use a transport."""
        self.transport = transport
        self.reader.set_transport(transport)

    def connection_lost(self, exc):
        """End the stream, and what waits for it to be written."""
        if exc is None:
            self.reader.feed_eof()
        else:
            self.reader.set_exception(exc)
        super().connection_lost(exc)

    def data_received(self, data):
        """Add data to the stream."""
        self.reader.feed_data(data)

    def eof_received(self):
        """End the stream. The transport closes then, for the WebSocket protocol has no use for half of one."""
        self.reader.feed_eof()

    async def _drain(self):
        """Wait until more may be written.

        Raises the exception that the connection was lost with, or ``ConnectionResetError`` if it just ended.
        """
        exc = self.reader.exception()
        if exc is not None:
            raise exc
        if self.transport.is_closing():
            # Else whoever writes in a loop would never let the loop say that the connection is lost.
            await asyncio.sleep(0)
        await self._drain_helper()
