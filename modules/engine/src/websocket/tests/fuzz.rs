//! Deterministic fuzzing: streams of frames, mutated, read as a whole and in random pieces, must give the same
//! events, output and state, and never panic.

use fastrand::Rng;

use crate::fuzzing::{cut, fuzz};
use crate::websocket::deflate::Agreement;
use crate::websocket::{
    CloseCode, Extension, Frame, Limits, PerMessageDeflate, Protocol, Settings, Side, State, opcode, utf8,
};

/// What a mutation puts in: what decides something, or almost.
const TOKENS: &[&[u8]] = &[
    b"\x81\x00",
    b"\x81\x80\0\0\0\0",
    b"\x01\x00",
    b"\x80\x00",
    b"\x00\x01a",
    b"\x88\x02\x03\xe8",
    b"\x88\x82\0\0\0\0\x03\xe8",
    b"\x88\x00",
    b"\x88\x01\x03",
    b"\x88\x04\x03\xe8\xff\xfe",
    b"\x89\x04ping",
    b"\x8a\x00",
    b"\x09\x00",
    b"\xc1\x01\x00",
    b"\xc2\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    b"\x82\x7e\x00\x7e",
    b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
    b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x82\xfe\x01\x00\x11\x22\x33\x44",
    b"\x8b\x00",
    b"\xf1\x00",
    b"\x00\x00\xff\xff",
    b"\xff",
    b"\x00",
];

#[derive(Clone, Copy, Debug)]
struct Setting {
    side: Side,
    limits: Limits,
    agreement: Option<Agreement>,
}

impl Setting {
    fn random(rng: &mut Rng) -> Self {
        let limits = match rng.u8(..6) {
            0 => Limits { message: None, fragment: None },
            1 => Limits { message: Some(rng.u64(..40)), fragment: None },
            2 => Limits { message: Some(rng.u64(..200)), fragment: Some(rng.u64(..40)) },
            3 => Limits { message: None, fragment: Some(rng.u64(..200)) },
            _ => Limits::default(),
        };
        let agreement = Agreement {
            remote_no_context_takeover: rng.bool(),
            local_no_context_takeover: rng.bool(),
            remote_max_window_bits: rng.u8(8..=15),
            local_max_window_bits: rng.u8(9..=15),
        };
        Self {
            side: if rng.bool() { Side::Server } else { Side::Client },
            limits,
            agreement: rng.bool().then_some(agreement),
        }
    }

    fn extension(self) -> Box<dyn Extension> {
        match self.agreement {
            None => Box::new(()),
            Some(agreement) => {
                // As little to allocate as there can be.
                let settings = Settings { level: 1, memory_level: 1, strategy: 0 };
                Box::new(PerMessageDeflate::new(agreement, settings).expect("valid figures"))
            }
        }
    }

    fn machine(self, side: Side) -> Protocol {
        let limits = if side == self.side { self.limits } else { Limits::default() };
        let mut machine = Protocol::new(side, State::Open, limits);
        machine.set_masking_keys(|| [0x5A, 0, 0xFF, 0x0F]);
        machine
    }
}

fn payload(rng: &mut Rng) -> Vec<u8> {
    let length = match rng.u8(..16) {
        0 => rng.usize(120..140),
        1 => rng.usize(..3000),
        _ => rng.usize(..20),
    };
    let common = rng.bool();
    std::iter::repeat_with(|| if common { b"abc "[rng.usize(..4)] } else { rng.u8(..) })
        .take(length)
        .collect()
}

/// What a well-behaved peer would send.
fn stream(rng: &mut Rng, setting: Setting) -> Vec<u8> {
    let side = if setting.side == Side::Server { Side::Client } else { Side::Server };
    let mut peer = setting.machine(side);
    let mirrored = setting.agreement.map(|agreement| Agreement {
        remote_no_context_takeover: agreement.local_no_context_takeover,
        local_no_context_takeover: agreement.remote_no_context_takeover,
        remote_max_window_bits: agreement.local_max_window_bits,
        local_max_window_bits: agreement.remote_max_window_bits.max(9),
    });
    let mut extension = Setting { agreement: mirrored, ..setting }.extension();
    let extension = extension.as_mut();
    for _ in 0..rng.usize(..6) {
        let data = payload(rng);
        let sent = match rng.u8(..8) {
            0 => peer.send_ping(data.get(..100).unwrap_or(&data), extension),
            1 => peer.send_pong(b"", extension),
            2 => peer.send_close(Some(CloseCode::Normal), "bye", extension),
            _ => {
                let opcode = match (peer.sends_fragments(), rng.bool()) {
                    (true, _) => opcode::CONTINUATION,
                    (false, true) => opcode::TEXT,
                    (false, false) => opcode::BINARY,
                };
                peer.send_data(opcode, &data, rng.bool(), extension)
            }
        };
        // After a close frame nothing can be sent; what is sent by force is more interesting.
        if sent.is_err() {
            peer.push_output(rng.choice(TOKENS).expect("tokens"));
        }
    }
    peer.take_output().into_bytes()
}

fn mutate(rng: &mut Rng, data: &mut Vec<u8>) {
    for _ in 0..rng.usize(..=3) {
        let at = rng.usize(..=data.len());
        let end = (at + rng.usize(1..=6)).min(data.len());
        let token = rng.choice(TOKENS).expect("tokens").iter().copied();
        match rng.u8(..6) {
            0 => drop(data.splice(at..at, token)),
            1 => drop(data.splice(at..end, token)),
            2 => drop(data.splice(at..end, [])),
            3 => drop(data.splice(at..end, [rng.u8(..)])),
            4 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << rng.u8(..8);
                }
            }
            _ => data.truncate(at),
        }
    }
}

/// All that can be seen of a connection after a stream: events, output, and how it stands.
fn run<'a>(
    setting: Setting,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    ends: bool,
) -> (Vec<Frame>, Vec<u8>, String) {
    let mut machine = setting.machine(setting.side);
    let mut extension = setting.extension();
    let extension = extension.as_mut();
    let mut events = Vec::new();
    let mut arrived = 0;
    for piece in pieces {
        arrived += piece.len();
        machine.receive_data(piece, extension).expect("the stream goes on");
        assert!(machine.held_bytes() <= 2 * arrived + 32 * 1024);
        events.extend(machine.take_events());
    }
    if ends {
        machine.receive_eof(extension);
        assert_eq!(machine.state(), State::Closed);
    }
    let output = machine.take_output();
    let standing = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {} {}",
        machine.state(),
        machine.error().map(ToString::to_string),
        machine.close_received(),
        machine.close_sent(),
        machine.received_then_sent(),
        machine.received_size(),
        machine.close_expected(),
        output.has_eof(),
    );
    (events, output.into_bytes(), standing)
}

fn connection(rng: &mut Rng) {
    let setting = Setting::random(rng);
    let mut data = stream(rng, setting);
    mutate(rng, &mut data);
    let ends = rng.bool();
    let whole = run(setting, [data.as_slice()], ends);
    let pieces = run(setting, cut(rng, &data), ends);
    assert!(pieces == whole, "{setting:?} {}\n{whole:?}\n{pieces:?}", data.escape_ascii());
    let limit = setting.limits.fragment.or(setting.limits.message);
    for event in &whole.0 {
        assert!(event.check().is_ok());
        assert!(
            opcode::is_control(event.opcode) || limit.is_none_or(|limit| event.data.len() as u64 <= limit)
        );
    }
    // What is sent can be read by the peer.
    let peer = if setting.side == Side::Server { Side::Client } else { Side::Server };
    let (_, _, standing) =
        run(Setting { side: peer, limits: Limits::default(), agreement: None }, [whole.1.as_slice()], false);
    assert!(!standing.contains("Some(\"f"), "{standing}");
}

fn inflate(rng: &mut Rng) {
    let Setting { agreement, .. } = Setting::random(rng);
    let agreement = agreement.unwrap_or_default();
    let mirrored = Agreement {
        local_no_context_takeover: agreement.remote_no_context_takeover,
        local_max_window_bits: agreement.remote_max_window_bits.max(9),
        ..Agreement::default()
    };
    let settings = Settings { level: rng.i8(0..=9), memory_level: rng.u8(1..=3), strategy: rng.u8(0..=4) };
    let mut writer = PerMessageDeflate::new(mirrored, settings).expect("valid figures");
    let mut reader = PerMessageDeflate::new(agreement, settings).expect("valid figures");
    for _ in 0..rng.usize(1..4) {
        let message = payload(rng);
        let frame = writer.encode(Frame::borrowed(opcode::BINARY, true, &message)).expect("compressible");
        let mut frame = frame.map_data(std::borrow::Cow::into_owned);
        let is_intact = rng.bool();
        if !is_intact {
            mutate(rng, &mut frame.data);
        }
        let limit = if rng.bool() { message.len() as u64 } else { rng.u64(..100) };
        match reader.decode(frame, Some(limit)) {
            Ok(decoded) => {
                assert!(decoded.data.len() as u64 <= limit);
                assert!(!is_intact || decoded.data == message);
            }
            Err(_) => assert!(!is_intact || limit < message.len() as u64),
        }
        if !is_intact || limit < message.len() as u64 {
            return;
        }
    }
}

fn text(rng: &mut Rng) {
    let length = rng.usize(..12);
    let characters: String = std::iter::repeat_with(|| rng.char(..)).take(length).collect();
    let mut data = characters.into_bytes();
    mutate(rng, &mut data);
    let mut validator = utf8::Utf8Validator::default();
    let fed = cut(rng, &data).into_iter().try_for_each(|piece| validator.feed(piece));
    let outcome = fed.and_then(|()| validator.finish());
    let expected = std::str::from_utf8(&data).map_err(|error| error.valid_up_to());
    assert_eq!(outcome.map_err(|error| error.start), expected.map(drop), "{}", data.escape_ascii());
}

#[test]
fn connections() {
    fuzz(connection);
}

#[test]
fn inflating() {
    fuzz(inflate);
}

#[test]
fn texts() {
    fuzz(text);
}
