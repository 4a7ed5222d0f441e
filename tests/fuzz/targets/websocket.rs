//! The same stream, read whole and in pieces, must give the same events, answers and state, for either side; the
//! answers must be valid frames for the peer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tauraro_engine::websocket::deflate::Agreement;
use tauraro_engine::websocket::{
    Extension, Frame, FrameReader, Limits, PerMessageDeflate, Protocol, Settings, Side, State, opcode,
};
use tauraro_fuzz::{Input, pieces};

#[derive(Clone, Copy, Debug)]
struct Setting {
    side: Side,
    limits: Limits,
    agreement: Option<Agreement>,
    ends: bool,
}

/// Everything observable of a connection: events, answers, and its state.
type Seen = (Vec<Frame>, Vec<Frame>, String);

fn run<'a>(setting: Setting, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut connection = Protocol::new(setting.side, State::Open, setting.limits);
    // The settings that allocate least.
    let settings = Settings { level: 1, memory_level: 1, strategy: 0 };
    let mut extension: Box<dyn Extension> = match setting.agreement {
        None => Box::new(()),
        Some(agreement) => {
            Box::new(PerMessageDeflate::new(agreement, settings).expect("figures in their ranges"))
        }
    };
    let extension = extension.as_mut();
    let (mut events, mut arrived) = (Vec::new(), 0);
    for piece in pieces {
        arrived += piece.len();
        connection.receive_data(piece, extension).expect("no end of the stream yet");
        assert!(connection.held_bytes() <= 2 * arrived + 32 * 1024);
        events.extend(connection.take_events());
    }
    if setting.ends {
        connection.receive_eof(extension);
        assert_eq!(connection.state(), State::Closed);
    }
    let output = connection.take_output();
    let standing = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {} {}",
        connection.state(),
        connection.error().map(ToString::to_string),
        connection.close_received(),
        connection.close_sent(),
        connection.received_then_sent(),
        connection.received_size(),
        connection.close_expected(),
        output.has_eof(),
    );
    // A client's masks are random: compare the frames without them.
    let bytes = output.into_bytes();
    let mut answered = bytes.as_slice();
    let peer = if setting.side == Side::Server { Side::Client } else { Side::Server };
    let mut reader = Protocol::new(peer, State::Open, Limits { message: None, fragment: None });
    reader.receive_data(answered, &mut ()).expect("no end of the stream yet");
    assert!(reader.error().is_none(), "the peer cannot read the answer: {:?}", reader.error());
    let mut frames = Vec::new();
    let mut reader = FrameReader::new(peer == Side::Server);
    while let Some(frame) = reader.read(&mut answered, None).expect("frames") {
        frames.push(frame);
    }
    assert!(answered.is_empty());
    (events, frames, standing)
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let side = input.choose([Side::Server, Side::Client]);
    let limits = match input.byte() {
        0 => Limits { message: None, fragment: None },
        1 => Limits { message: Some(u64::from(input.byte())), fragment: None },
        2 => Limits { message: Some(u64::from(input.byte())), fragment: Some(u64::from(input.byte())) },
        _ => Limits::default(),
    };
    let flags = input.byte();
    let agreement = (flags & 1 != 0).then(|| Agreement {
        remote_no_context_takeover: flags & 2 != 0,
        local_no_context_takeover: flags & 4 != 0,
        remote_max_window_bits: input.choose([8, 9, 10, 11, 12, 13, 14, 15]),
        local_max_window_bits: input.choose([9, 10, 11, 12, 13, 14, 15]),
    });
    let setting = Setting { side, limits, agreement, ends: flags & 8 != 0 };
    let seed = input.byte();

    let whole = run(setting, [input.rest()]);
    let in_pieces = run(setting, pieces(seed, input.rest()));
    assert_eq!(in_pieces, whole, "{setting:?}");
    let limit = setting.limits.fragment.or(setting.limits.message);
    for event in &whole.0 {
        event.check().expect("an event is a valid frame");
        assert!(
            opcode::is_control(event.opcode) || limit.is_none_or(|limit| event.data.len() as u64 <= limit)
        );
    }
});
