"""A connection without its stream: bytes that arrive become events, and events bytes to send. Native code does it."""

import codecs

from websockets.exceptions import InvalidState, PayloadTooBig
from websockets.frames import CLOSE, CONT, PING, PONG, TEXT, Close
from websockets.protocol import CLIENT, OPEN, Protocol

from ._events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from ._exceptions import WebSocketDisconnect, WebSocketNetworkError


class Machine:
    """One end of a connection, the client's unless `side` is `websockets.protocol.SERVER`."""

    def __init__(self, max_message_size=None, side=CLIENT):
        self._protocol = Protocol(side, state=OPEN, max_size=max_message_size)
        self._is_text = False
        self._parts = []
        self._decoder = None

    @property
    def is_open(self):
        """Whether messages can be sent."""
        return self._protocol.state is OPEN

    def output(self):
        """The bytes to send by now."""
        return b"".join(self._protocol.data_to_send())

    def feed(self, data):
        """Take bytes that arrived, none at the end of the stream. Yields events, and exceptions to raise."""
        protocol = self._protocol
        if data:
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        for frame in protocol.events_received():
            if frame.opcode is PING:
                yield Ping(bytes(frame.data))
            elif frame.opcode is PONG:
                yield Pong(bytes(frame.data))
            elif frame.opcode is CLOSE:
                close = Close.parse(frame.data)
                yield CloseConnection(close.code, close.reason)
            else:
                try:
                    message = self._message(frame)
                except UnicodeDecodeError as error:
                    protocol.fail(1007, f"{error.reason} at position {error.start}")
                    yield WebSocketDisconnect(1007, "invalid UTF-8")
                    return
                if message is not None:
                    yield message
        if isinstance(protocol.parser_exc, PayloadTooBig):
            yield WebSocketDisconnect(1009, "Message too big")
        elif protocol.parser_exc is not None and protocol.close_rcvd is None:
            error = WebSocketNetworkError()
            error.__cause__ = protocol.parser_exc
            yield error

    def _message(self, frame):
        """The message that a frame completes, or None."""
        if frame.opcode is not CONT:
            self._is_text = frame.opcode is TEXT
            if frame.fin:
                return TextMessage(frame.data.decode()) if self._is_text else BytesMessage(bytes(frame.data))
            self._decoder = codecs.getincrementaldecoder("utf-8")() if self._is_text else None
        self._parts.append(self._decoder.decode(frame.data, frame.fin) if self._is_text else frame.data)
        if not frame.fin:
            return None
        parts, self._parts = self._parts, []
        return TextMessage("".join(parts)) if self._is_text else BytesMessage(b"".join(parts))

    def send(self, event):
        """Make bytes of an event.

        Raises `WebSocketDisconnect` if the connection is not open, and `TypeError` for what cannot be sent.
        """
        protocol = self._protocol
        fin = getattr(event, "message_finished", True)
        try:
            if isinstance(event, TextMessage):
                protocol.send_text(event.data.encode(), fin)
            elif isinstance(event, BytesMessage):
                protocol.send_binary(bytes(event.data), fin)
            elif isinstance(event, Ping):
                protocol.send_ping(bytes(event.payload))
            elif isinstance(event, Pong):
                protocol.send_pong(bytes(event.payload))
            elif isinstance(event, CloseConnection):
                protocol.send_close(event.code, event.reason or "")
            else:
                raise TypeError(f"cannot send {event!r}")
        except InvalidState as error:
            raise WebSocketDisconnect(*self.end()) from error
        return self.output()

    def end(self):
        """The code and the reason that the connection was closed with."""
        close = self._protocol.close_rcvd or self._protocol.close_sent
        return (1006, "") if close is None else (close.code, close.reason)


def subprotocol_of(response):
    """The subprotocol that a response agrees to, None for none."""
    return None if response is None else response.headers.get("sec-websocket-protocol")
