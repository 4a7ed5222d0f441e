"""Frames: what travels over a WebSocket connection (RFC 6455 section 5)."""

import enum
import os
import re

from _websockets_frames import Close, Frame, _mask

from .exceptions import PayloadTooBig, ProtocolError

__all__ = ["Opcode", "CloseCode", "Frame", "Close"]


class Opcode(enum.IntEnum):
    """The kinds of frames."""

    CONT = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_OPCODES = tuple(Opcode)
CONT, TEXT, BINARY, CLOSE, PING, PONG = _OPCODES
DATA_OPCODES = (CONT, TEXT, BINARY)
CTRL_OPCODES = (CLOSE, PING, PONG)


class CloseCode(enum.IntEnum):
    """The codes of close frames that have a meaning of their own."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RCVD = 1005
    ABNORMAL_CLOSURE = 1006
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015


CLOSE_CODE_EXPLANATIONS = {
    code: str(Close(code, "")).partition("(")[2][:-1] for code in CloseCode
}

EXTERNAL_CLOSE_CODES = {code for code in CloseCode if code not in (1005, 1006, 1015)}

OK_CLOSE_CODES = {CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, CloseCode.NO_STATUS_RCVD}

# The size of a payload in a log, in characters.
Frame.MAX_LOG_SIZE = int(os.environ.get("WEBSOCKETS_MAX_LOG_SIZE", "75"))

_IS_TEXT = {TEXT: True, BINARY: False, CLOSE: True}
_is_plain = re.compile(rb"[\t-\r -\x7f]*").fullmatch


class _Fields:
    """Makes a class one of dataclasses: `dataclasses.replace`, `fields` and `asdict` work. Lazily."""

    def __init__(self, *fields):
        self.names = fields

    def __get__(self, instance, owner):
        import dataclasses

        made = dataclasses.make_dataclass("Fields", self.names)
        return made.__dataclass_fields__


Frame.__dataclass_fields__ = _Fields(
    ("opcode", Opcode),
    ("data", bytes),
    ("fin", bool, True),
    ("rsv1", bool, False),
    ("rsv2", bool, False),
    ("rsv3", bool, False),
)
Close.__dataclass_fields__ = _Fields(("code", int), ("reason", str))


def is_utf8_fragment(data, must_start_clean=False, must_end_clean=False):
    """Tell whether bytes look like a part of some text in UTF-8, cut between bytes perhaps.

    ``must_start_clean`` and ``must_end_clean`` say that it is not cut there. Text that has characters which
    are not printable counts as binary data.
    """
    start, end = 0, len(data)
    if not must_start_clean:
        while start < min(3, end) and data[start] & 0xC0 == 0x80:
            start += 1
    if not must_end_clean:
        for back in range(1, min(4, end - start) + 1):
            lead = data[-back]
            if lead & 0xC0 == 0x80:
                continue
            wanted = 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 1
            if lead < 0xF8 and back < wanted:
                end -= back
            break
    try:
        text = bytes(data[start:end]).decode()
    except UnicodeDecodeError:
        return False
    return "\\x" not in repr(text)


def _hex(data):
    return " ".join([f"{byte:02x}" for byte in data])


def _payload(frame, limit):
    """A payload as text or in hexadecimal, long enough that cutting it shows its ends, and which it is."""
    data = frame.data
    if not data:
        return "''", _IS_TEXT.get(frame.opcode)
    if frame.opcode is CLOSE:
        try:
            return str(Close.parse(bytes(data))), True
        except (ProtocolError, UnicodeDecodeError):
            return _hex(data), False
    if frame.opcode in CTRL_OPCODES:
        if _is_plain(data):
            return repr(bytes(data).decode("ascii")), True
        return _hex(data), False
    clean_start = frame.opcode is not CONT
    if len(data) > 4 * limit:
        head, tail = bytes(data[: 8 * limit // 3]), bytes(data[-4 * limit // 3 :])
        is_text = is_utf8_fragment(head, must_start_clean=clean_start) and is_utf8_fragment(
            tail, must_end_clean=frame.fin
        )
        shown = head + tail
    else:
        shown = bytes(data)
        is_text = is_utf8_fragment(shown, clean_start, frame.fin)
    if is_text:
        return repr(shown.decode(errors="replace")), True
    if len(data) > limit // 3:
        # What is in the middle is cut out below; two bytes stand for it.
        cut = (limit // 3 - 1) // 3
        return _hex(bytes(data[: 2 * cut]) + b"\0\0" + bytes(data[-cut:])), False
    return _hex(data), False


def _describe(frame):
    """The line that a log has for a frame."""
    limit = frame.MAX_LOG_SIZE
    shown, is_text = _payload(frame, limit)
    if len(shown) > limit:
        cut = limit // 3 - 1
        shown = f"{shown[: 2 * cut]}...{shown[-cut:]}"
    notes = []
    if is_text != _IS_TEXT.get(frame.opcode):
        notes.append("text" if is_text else "binary")
    size = len(frame.data)
    notes.append(f"{size} byte" if size == 1 else f"{size} bytes")
    if not frame.fin:
        notes.append("continued")
    return f"{frame.opcode.name} {shown} [{', '.join(notes)}]"


def _parse(cls, read_exact, *, mask, max_size=None, extensions=None):
    """The generator behind ``Frame.parse``."""
    first, second = yield from read_exact(2)
    try:
        opcode = Opcode(first & 0x0F)
    except ValueError as exc:
        raise ProtocolError("invalid opcode") from exc
    if bool(second & 0x80) != mask:
        raise ProtocolError("incorrect masking")
    length = second & 0x7F
    if length >= 126:
        length = int.from_bytes((yield from read_exact(2 if length == 126 else 8)), "big")
    if max_size is not None and length > max_size:
        raise PayloadTooBig(length, max_size)
    key = (yield from read_exact(4)) if mask else None
    data = yield from read_exact(length)
    data = _mask(data, key) if mask else bytes(data)
    bits = [bool(first & bit) for bit in (0x80, 0x40, 0x20, 0x10)]
    frame = cls(opcode, data, *bits)
    for extension in reversed(extensions or ()):
        frame = extension.decode(frame, max_size=max_size)
    frame.check()
    return frame

