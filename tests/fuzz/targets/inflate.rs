//! permessage-deflate: a peer's frames never inflate beyond the limit, and our own frames inflate to the original.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tauraro_engine::websocket::deflate::Agreement;
use tauraro_engine::websocket::{Extension, Frame, PerMessageDeflate, Settings, opcode};
use tauraro_fuzz::{Input, pieces};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let flags = input.byte();
    let bits = input.choose([9, 10, 12, 15]);
    let settings =
        Settings { level: input.choose([0, 1, 6, 9]), memory_level: 1 + flags % 9, strategy: flags % 5 };
    let agreement = Agreement {
        remote_no_context_takeover: flags & 64 != 0,
        local_no_context_takeover: flags & 64 != 0,
        remote_max_window_bits: bits,
        local_max_window_bits: bits,
    };
    let new = || PerMessageDeflate::new(agreement, settings).expect("figures in their ranges");
    let limit = u64::from(input.byte()) * 64;
    let seed = input.byte();
    let payloads = pieces(seed, input.rest());

    // Frames of a malicious peer, as one message or one message each.
    let mut reader = new();
    let of_one_message = flags & 128 != 0;
    for (index, payload) in payloads.iter().enumerate() {
        let fin = !of_one_message || index + 1 == payloads.len();
        let opcode = if of_one_message && index > 0 { opcode::CONTINUATION } else { opcode::BINARY };
        let mut frame = Frame::borrowed(opcode, fin, payload).map_data(std::borrow::Cow::into_owned);
        frame.rsv1 = opcode != opcode::CONTINUATION;
        match reader.decode(frame, Some(limit)) {
            Ok(frame) => assert!(frame.data.len() as u64 <= limit),
            Err(_) => break,
        }
    }

    let (mut writer, mut reader) = (new(), new());
    for payload in payloads.into_iter().take(16) {
        let frame = Frame::borrowed(opcode::BINARY, true, payload);
        let sent = writer.encode(frame).expect("anything compresses").map_data(std::borrow::Cow::into_owned);
        let read = reader.decode(sent, Some(payload.len() as u64)).expect("our own frame");
        assert_eq!(read.data, payload);
    }
});
