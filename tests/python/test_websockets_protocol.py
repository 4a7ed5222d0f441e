"""Frames, extensions and the protocol of websockets, without a socket."""

import copy
import dataclasses
import logging
import pickle
import unittest
from unittest.mock import patch

from websockets.exceptions import ConnectionClosedError, InvalidState, PayloadTooBig, ProtocolError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Close, CloseCode, Frame, Opcode
from websockets.protocol import CLIENT, CLOSED, CLOSING, OPEN, SEND_EOF, SERVER, Protocol, Side, State


def sent(protocol):
    """What is to be sent, together."""
    return b"".join(protocol.data_to_send())


def pass_on(sender, receiver):
    """Gives a peer what is to be sent to it."""
    for data in sender.data_to_send():
        if data:
            receiver.receive_data(data)
        else:
            receiver.receive_eof()


class FrameTests(unittest.TestCase):
    def test_a_frame_is_like_a_dataclass(self):
        frame = Frame(TEXT, b"Spam")
        self.assertEqual(frame, Frame(Opcode.TEXT, bytearray(b"Spam"), True, False, False, False))
        self.assertNotEqual(frame, Frame(BINARY, b"Spam"))
        self.assertNotEqual(frame, (TEXT, b"Spam"))
        self.assertEqual(
            repr(frame),
            "Frame(opcode=<Opcode.TEXT: 1>, data=b'Spam', fin=True, rsv1=False, rsv2=False, rsv3=False)",
        )
        self.assertEqual(dataclasses.replace(frame, data=b"Eggs", fin=False), Frame(TEXT, b"Eggs", fin=False))
        self.assertEqual([field.name for field in dataclasses.fields(Close)], ["code", "reason"])
        self.assertEqual(pickle.loads(pickle.dumps(frame)), frame)
        self.assertEqual(copy.copy(frame), frame)
        with self.assertRaises(TypeError):
            hash(frame)
        match frame:
            case Frame(Opcode.TEXT, data):
                self.assertEqual(data, b"Spam")

    def test_attributes_can_be_changed(self):
        frame = Frame(TEXT, b"Spam")
        frame.opcode, frame.data, frame.fin, frame.rsv2 = 2, memoryview(b"Eggs"), 0, True
        self.assertIs(frame.opcode, BINARY)
        self.assertEqual(frame, Frame(BINARY, b"Eggs", False, rsv2=True))
        with self.assertRaises(ValueError):
            frame.opcode = 3
        with self.assertRaises(ProtocolError):
            frame.serialize(mask=False)

    def test_masks_differ(self):
        frame = Frame(BINARY, bytes(16))
        masked = {frame.serialize(mask=True) for _ in range(20)}
        self.assertEqual(len(masked), 20)
        for data in masked:
            self.assertEqual(data[2:6] * 4, data[6:])

    def test_close(self):
        close = Close(CloseCode.GOING_AWAY, "bye")
        self.assertEqual(Close.parse(close.serialize()), Close(1001, "bye"))
        self.assertEqual(str(close), "1001 (going away) bye")
        self.assertEqual(pickle.loads(pickle.dumps(close)), close)
        for code in (999, 1005, 5000, 70000, -1):
            with self.assertRaises(ProtocolError):
                Close(code, "").serialize()
        with self.assertRaises(UnicodeDecodeError):
            Close.parse(b"\x03\xe8\xff")


class ProtocolTests(unittest.TestCase):
    def test_any_split_gives_the_same(self):
        client, whole = Protocol(CLIENT), Protocol(SERVER)
        client.send_text(b"a" * 70000, fin=False)
        client.send_ping(b"ping")
        client.send_continuation(b"b" * 300, fin=True)
        client.send_binary(b"")
        client.send_close(CloseCode.NORMAL_CLOSURE, "bye")
        data = sent(client)
        whole.receive_data(data)
        events, answer = whole.events_received(), whole.data_to_send()
        self.assertEqual([event.opcode for event in events], [TEXT, PING, CONT, BINARY, CLOSE])
        self.assertIs(answer[-1], SEND_EOF)
        for size in (1, 3, 1000):
            pieces = Protocol(SERVER)
            for start in range(0, len(data), size):
                pieces.receive_data(data[start : start + size])
            self.assertEqual(pieces.events_received(), events)
            self.assertEqual(pieces.data_to_send(), answer)

    def test_closing(self):
        client, server = Protocol(CLIENT), Protocol(SERVER)
        self.assertIsNone(client.close_code)
        server.send_close(1001, "bye")
        self.assertIs(server.state, CLOSING)
        self.assertTrue(server.close_expected())
        pass_on(server, client)
        pass_on(client, server)
        pass_on(server, client)
        pass_on(client, server)
        for protocol in (client, server):
            self.assertIs(protocol.state, CLOSED)
            self.assertEqual((protocol.close_code, protocol.close_reason), (1001, "bye"))
            self.assertEqual(protocol.close_rcvd, protocol.close_sent)
        self.assertIs(client.close_rcvd_then_sent, True)
        self.assertIs(server.close_rcvd_then_sent, False)
        with self.assertRaisesRegex(InvalidState, "connection is closed"):
            client.send_text(b"")

    def test_arguments_that_are_wrong(self):
        protocol = Protocol(SERVER)
        for call in (
            lambda: Protocol(7),
            lambda: Protocol(SERVER, state=9),
            lambda: Protocol(SERVER, max_size=(1, 2, 3)),
        ):
            self.assertRaises(ValueError, call)
        for call in (
            lambda: Protocol(),
            lambda: Protocol(None),
            lambda: protocol.send_text("text"),
            lambda: protocol.receive_data(None),
            lambda: protocol.send_close("1000"),
        ):
            self.assertRaises(TypeError, call)
        for call in (
            lambda: protocol.send_close(10**30),
            lambda: protocol.send_close(1000, "x" * 124),
            lambda: protocol.send_ping(bytes(126)),
            lambda: protocol.fail(1),
        ):
            self.assertRaises(ProtocolError, call)
        self.assertRaises(UnicodeEncodeError, protocol.send_close, 1000, "\ud800")
        self.assertIs(protocol.state, OPEN)
        self.assertEqual(protocol.data_to_send(), [])
        self.assertRaises(AssertionError, lambda: protocol.close_exc)

    def test_made_without_init(self):
        protocol = Protocol.__new__(Protocol)
        protocol.receive_data(b"\x81\x00")
        self.assertIsNone(protocol.logger)
        protocol.data_to_send()

    def test_enumerations(self):
        protocol = Protocol(Side.CLIENT, state=State.CONNECTING)
        self.assertIs(protocol.side, CLIENT)
        self.assertIs(protocol.state, State.CONNECTING)
        protocol.state = OPEN
        self.assertIs(protocol.state, OPEN)
        self.assertEqual(Protocol(SERVER, max_size=(3, 2)).max_fragment_size, 2)

    def test_logging(self):
        logger = logging.getLogger("test_websockets_protocol")
        logger.setLevel(logging.DEBUG)
        with self.assertLogs(logger, logging.DEBUG) as logs:
            server = Protocol(SERVER, logger=logger)
            server.receive_data(b"\x89\x84\0\0\0\0ping\x88\x82\0\0\0\0\x03\xe8")
            server.receive_eof()
        self.assertEqual(
            [record.getMessage() for record in logs.records],
            [
                "= connection is OPEN",
                "< PING 'ping' [text, 4 bytes]",
                "> PONG 'ping' [text, 4 bytes]",
                "< CLOSE 1000 (OK) [2 bytes]",
                "> CLOSE 1000 (OK) [2 bytes]",
                "= connection is CLOSING",
                "> EOF",
                "= connection is CLOSED",
                "connection closed",
            ],
        )


class Recording(Protocol):
    """Overrides what the machine would call."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.received, self.sent_frames = [], []

    def recv_frame(self, frame):
        self.received.append(frame)
        super().recv_frame(frame)

    def send_frame(self, frame):
        self.sent_frames.append(frame)
        super().send_frame(frame)


class OverridingTests(unittest.TestCase):
    def test_frames_pass_through_methods(self):
        server = Recording(SERVER)
        server.receive_data(b"\x81\x81\0\0\0\0a\x89\x80\0\0\0\0")
        self.assertEqual(server.received, [Frame(TEXT, b"a"), Frame(PING, b"")])
        self.assertEqual(server.sent_frames, [Frame(PONG, b"")])
        self.assertEqual(server.events_received(), server.received)
        self.assertEqual(sent(server), b"\x8a\x00")

    def test_a_patched_method_is_called_until_it_is_restored(self):
        server = Protocol(SERVER)
        with patch("websockets.protocol.Protocol.recv_frame") as recv_frame:
            server.receive_data(b"\x81\x81\0\0\0\0a")
            recv_frame.assert_called_once_with(Frame(TEXT, b"a"))
        server.receive_data(b"\x81\x81\0\0\0\0b")
        self.assertEqual(server.events_received(), [Frame(TEXT, b"b")])

    def test_what_an_override_raises_fails_the_connection(self):
        class Failing(Protocol):
            def recv_frame(self, frame):
                raise self.error

        for error, code in (
            (RuntimeError("secret"), CloseCode.INTERNAL_ERROR),
            (ProtocolError("wrong"), CloseCode.PROTOCOL_ERROR),
            (PayloadTooBig(5, 3), CloseCode.MESSAGE_TOO_BIG),
        ):
            client = Failing(CLIENT, logger=logging.getLogger("silent"))
            client.error = error
            with patch.object(client.logger, "error"):
                client.receive_data(b"\x81\x00\x81\x00")
            self.assertIs(client.parser_exc, error)
            self.assertEqual(client.close_sent.code, code)
            self.assertNotIn("secret", client.close_sent.reason)
            client.receive_eof()
            self.assertIsInstance(client.close_exc, ConnectionClosedError)
            self.assertIs(client.close_exc.__cause__, error)

    def test_what_is_no_exception_is_raised(self):
        class Interrupted(Protocol):
            def recv_frame(self, frame):
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            Interrupted(CLIENT).receive_data(b"\x81\x00")


class Reversing(Extension):
    """An extension in Python, which looks at the protocol while it works."""

    name = "x-reversing"
    protocol = None

    def encode(self, frame):
        assert self.protocol is None or self.protocol.state in State
        return dataclasses.replace(frame, data=bytes(frame.data)[::-1], rsv2=True)

    def decode(self, frame, *, max_size=None):
        assert self.protocol is None or self.protocol.state in State
        assert frame.rsv2
        return dataclasses.replace(frame, data=bytes(frame.data)[::-1], rsv2=False)


class ExtensionTests(unittest.TestCase):
    def test_compression(self):
        client, server = Protocol(CLIENT), Protocol(SERVER)
        client.extensions, server.extensions = [PerMessageDeflate(False, False, 15, 12)], []
        server.extensions.append(PerMessageDeflate(False, False, 12, 15, {"memLevel": 1, "level": 9}))
        text = b"the same again and again " * 1000
        for sender, receiver in ((client, server), (server, client)):
            for _ in range(3):
                sender.send_text(text)
                [data] = sender.data_to_send()
                self.assertLess(len(data), 400)
                receiver.receive_data(data)
                self.assertEqual(receiver.events_received(), [Frame(TEXT, text)])

    def test_a_bomb_is_refused(self):
        server, client = Protocol(SERVER), Protocol(CLIENT, max_size=100_000)
        server.extensions = [PerMessageDeflate(False, False, 15, 15)]
        client.extensions = (PerMessageDeflate(False, False, 15, 15),)
        server.send_binary(bytes(50_000_000))
        pass_on(server, client)
        self.assertEqual(client.close_sent.code, CloseCode.MESSAGE_TOO_BIG)
        self.assertEqual(str(client.parser_exc), "frame exceeds limit of 100000 bytes")

    def test_settings(self):
        for settings in ({"level": 11}, {"memLevel": 0}, {"strategy": 9}, {"method": 7}, {"wbits": 9}):
            with self.subTest(settings), self.assertRaises(ValueError):
                PerMessageDeflate(False, False, 15, 15, settings)
        for settings in ({"unknown": 1}, {"level": "9"}, "level"):
            with self.subTest(settings), self.assertRaises(TypeError):
                PerMessageDeflate(False, False, 15, 15, settings)

    def test_extensions_in_python(self):
        client, server = Protocol(CLIENT), Protocol(SERVER)
        for protocol in (client, server):
            reversing = Reversing()
            reversing.protocol = protocol
            protocol.extensions = [PerMessageDeflate(False, False, 15, 15), reversing]
        client.send_text(b"abc")
        client.send_ping(b"ping")
        pass_on(client, server)
        self.assertEqual(server.events_received(), [Frame(TEXT, b"abc"), Frame(PING, b"ping")])
        pass_on(server, client)
        self.assertEqual(client.events_received(), [Frame(PONG, b"ping")])
        self.assertEqual(client.parser_exc, None)

    def test_an_extension_that_fails(self):
        class Failing(Reversing):
            def encode(self, frame):
                raise RuntimeError("cannot")

        client = Protocol(CLIENT)
        client.extensions = [Failing()]
        with self.assertRaisesRegex(RuntimeError, "cannot"):
            client.send_text(b"")

    def test_the_base_class(self):
        for method in (Extension().encode, Extension().decode):
            self.assertRaises(NotImplementedError, method, Frame(TEXT, b""))


if __name__ == "__main__":
    unittest.main()
