//! tungstenite's connection as the other end: what either side sends, the other must read.

use std::io::{Cursor, Read, Result, Write};

use fastrand::Rng;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::websocket::{Limits, Protocol, Side, State, opcode};

/// A connection whose input is known, and whose output is kept.
struct Recorded {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.input.read(buffer)
    }
}

impl Write for Recorded {
    fn write(&mut self, data: &[u8]) -> Result<usize> {
        self.output.write(data)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

fn tungstenite(role: Role, input: Vec<u8>) -> WebSocket<Recorded> {
    let stream = Recorded { input: Cursor::new(input), output: Vec::new() };
    WebSocket::from_raw_socket(stream, role, None)
}

fn ours(side: Side) -> Protocol {
    Protocol::new(side, State::Open, Limits { message: None, fragment: None })
}

const PAIRS: [(Side, Role); 2] = [(Side::Server, Role::Client), (Side::Client, Role::Server)];
const LENGTHS: [usize; 9] = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000];

fn payload(length: usize) -> Vec<u8> {
    let mut rng = Rng::with_seed(length as u64);
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

#[test]
fn tungstenite_reads_what_is_sent() {
    for (side, role) in PAIRS {
        let mut sender = ours(side);
        for length in LENGTHS {
            let data = payload(length);
            let (one, two) = data.split_at(length / 2);
            sender.send_data(opcode::BINARY, &data, true, &mut ()).expect("open");
            sender.send_data(opcode::BINARY, one, false, &mut ()).expect("open");
            sender.send_ping(b"ping", &mut ()).expect("open");
            sender.send_data(opcode::CONTINUATION, two, true, &mut ()).expect("open");
        }
        sender.send_close(Some(3000_u16.into()), "bye", &mut ()).expect("open");
        let mut receiver = tungstenite(role, sender.take_output().into_bytes());
        for length in LENGTHS {
            let message = Message::binary(payload(length));
            assert!(receiver.read().expect("a message") == message, "{side:?} {length}");
            assert_eq!(receiver.read().expect("a ping"), Message::Ping("ping".into()));
            assert!(receiver.read().expect("a message") == message, "{side:?} {length} in fragments");
        }
        let Message::Close(Some(close)) = receiver.read().expect("a close frame") else {
            panic!("not a close frame with a code");
        };
        assert_eq!((u16::from(close.code), close.reason.as_str()), (3000, "bye"));
    }
}

#[test]
fn what_tungstenite_sends_is_read() {
    for (side, role) in PAIRS {
        let mut sender = tungstenite(role, Vec::new());
        for length in LENGTHS {
            sender.write(Message::binary(payload(length))).expect("open");
        }
        sender.write(Message::text("\u{20ac}")).expect("open");
        sender.write(Message::Ping("ping".into())).expect("open");
        sender.flush().expect("a stream that takes everything");
        let mut receiver = ours(side);
        let mut rest = sender.get_ref().output.as_slice();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(1000));
            receiver.receive_data(piece, &mut ()).expect("the stream goes on");
            frames.extend(receiver.take_events());
            rest = after;
        }
        assert!(receiver.error().is_none(), "{:?}", receiver.error());
        let expected = LENGTHS.into_iter().map(|length| (opcode::BINARY, payload(length)));
        let expected = expected
            .chain([(opcode::TEXT, "\u{20ac}".as_bytes().to_vec()), (opcode::PING, b"ping".to_vec())]);
        assert!(frames.iter().all(|frame| frame.fin));
        assert!(frames.into_iter().map(|frame| (frame.opcode, frame.data)).eq(expected), "{side:?}");
    }
}

#[test]
fn both_refuse_the_same_headers() {
    for first in 0..=255_u8 {
        for second in [0, 1, 125, 0x80, 0x81, 0xFD] {
            if first & 0x0F == 8 && second & 0x7F > 1 {
                // tungstenite answers a close code that is not allowed, and does not fail.
                continue;
            }
            let mut frame = vec![first, second];
            if second & 0x80 != 0 {
                frame.extend_from_slice(&[0; 4]);
            }
            frame.extend(std::iter::repeat_n(b'a', usize::from(second & 0x7F)));
            for (side, role) in [(Side::Server, Role::Server), (Side::Client, Role::Client)] {
                // A continuation frame needs a fragment to continue.
                let start: &[u8] = if side == Side::Server { b"\x01\x80\0\0\0\0" } else { b"\x01\x00" };
                let input =
                    if first.trailing_zeros() >= 4 { [start, &frame].concat() } else { frame.clone() };
                let mut receiver = ours(side);
                receiver.receive_data(&input, &mut ()).expect("the stream goes on");
                let accepts = receiver.error().is_none();
                let theirs = match tungstenite(role, input).read() {
                    // The input ends where another frame could come.
                    Ok(_) | Err(Error::Io(_) | Error::ConnectionClosed) => true,
                    Err(Error::Protocol(error)) => error.to_string().contains("closing handshake"),
                    Err(_) => false,
                };
                assert_eq!(accepts, theirs, "{side:?} {first:#04x} {second:#04x}");
            }
        }
    }
}
