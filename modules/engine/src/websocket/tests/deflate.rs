use std::borrow::Cow;

use crate::websocket::deflate::Agreement;
use crate::websocket::{Error, Extension, Frame, OpCode, PerMessageDeflate, Settings, opcode};

fn extension(agreement: Agreement) -> PerMessageDeflate {
    PerMessageDeflate::new(agreement, Settings::default()).expect("valid figures")
}

fn encode(extension: &mut PerMessageDeflate, opcode: OpCode, fin: bool, data: &[u8]) -> Frame {
    let encoded = extension.encode(Frame::borrowed(opcode, fin, data)).expect("compressible");
    encoded.map_data(Cow::into_owned)
}

fn compressed(data: &[u8], fin: bool) -> Frame {
    Frame { rsv1: true, ..Frame::new(opcode::BINARY, fin, data.to_vec()) }
}

/// Data that does not compress well.
fn noise(length: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

#[test]
fn messages_survive_in_every_mode() {
    let messages: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"a".to_vec(),
        Vec::new(),
        Vec::new(),
        b"the same again and again ".repeat(10),
        b"the same again and again ".repeat(4000),
        noise(5000),
        noise(200_000),
        vec![0; 300_000],
    ];
    for bits in 9..=15 {
        for takeover in [false, true] {
            for settings in [
                Settings::default(),
                Settings { level: 1, memory_level: 1, strategy: 2 },
                Settings { level: 9, memory_level: 9, strategy: 1 },
                Settings { level: 0, ..Settings::default() },
            ] {
                let agreement = Agreement {
                    remote_no_context_takeover: takeover,
                    local_no_context_takeover: takeover,
                    remote_max_window_bits: bits,
                    local_max_window_bits: bits,
                };
                let mut extension = PerMessageDeflate::new(agreement, settings).expect("valid figures");
                for message in &messages {
                    let encoded = encode(&mut extension, opcode::BINARY, true, message);
                    assert!(encoded.rsv1);
                    let limit = Some(message.len() as u64);
                    let decoded = extension.decode(encoded, limit).expect("valid");
                    assert!(&decoded.data == message && !decoded.rsv1, "{bits} {takeover} {settings:?}");
                }
            }
        }
    }
}

#[test]
fn fragments_belong_together() {
    let mut extension = extension(Agreement::default());
    let one = encode(&mut extension, opcode::TEXT, false, b"tea ");
    let empty = encode(&mut extension, opcode::CONTINUATION, false, b"");
    let two = encode(&mut extension, opcode::CONTINUATION, true, b"time");
    assert_eq!((one.rsv1, empty.rsv1, two.rsv1), (true, false, false));
    let mut text = Vec::new();
    for frame in [one, empty, two] {
        text.extend(extension.decode(frame, None).expect("valid").data);
    }
    assert_eq!(text, b"tea time");
    // What follows is not compressed unless it says so.
    let plain = Frame::new(opcode::TEXT, true, b"plain".to_vec());
    assert_eq!(extension.decode(plain.clone(), None).expect("valid"), plain);
    let ping = Frame::new(opcode::PING, true, b"ping".to_vec());
    assert_eq!(extension.decode(ping.clone(), None).expect("valid"), ping);
}

#[test]
fn the_examples_of_the_rfc() {
    let mut extension = extension(Agreement::default());
    // Section 7.2.3.1, its second message with the window of the first, an uncompressed block, a final block
    // with the byte that follows it, and two blocks.
    let hello: [&[u8]; 5] = [
        b"\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\xf2\x00\x11\x00\x00",
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ];
    for data in hello {
        let decoded = extension.decode(compressed(data, true), Some(5)).expect("valid");
        assert_eq!(decoded.data, b"Hello", "{}", data.escape_ascii());
    }
    // A final block without the byte, and what comes after it.
    let decoded = extension.decode(compressed(b"\xf3\x48\xcd\xc9\xc9\x07\x00", true), None).expect("valid");
    assert_eq!(decoded.data, b"Hello");
    let decoded = extension.decode(compressed(hello[0], true), None).expect("valid");
    assert_eq!(decoded.data, b"Hello");
}

#[test]
fn limits_hold_while_inflating() {
    for takeover in [false, true] {
        let agreement = Agreement { remote_no_context_takeover: takeover, ..Agreement::default() };
        for (size, limit) in [(20, 10), (1 << 21, (1 << 21) - 1), (50_000_000, 1 << 20), (1, 0)] {
            let mut extension = extension(agreement);
            let bomb = encode(&mut extension, opcode::BINARY, true, &vec![0; size]);
            let error = extension.decode(bomb.clone(), Some(limit)).expect_err("too big");
            assert_eq!(error.to_string(), format!("frame exceeds limit of {limit} bytes"));
        }
    }
}

#[test]
fn garbage_is_refused() {
    let mut it = extension(Agreement::default());
    let error = it.decode(compressed(b"\xff\xff\xff", true), None).expect_err("no deflate stream");
    assert_eq!(error.to_string(), "decompression failed");
    let mut it = extension(Agreement::default());
    it.decode(compressed(b"\xf2\x48", false), None).expect("the beginning of a stream");
    let again = Frame { rsv1: true, ..Frame::new(opcode::CONTINUATION, true, Vec::new()) };
    let error = it.decode(again, None).expect_err("RSV1");
    assert!(matches!(error, Error::Protocol(message) if message == "RSV1 bit set in continuation frame"));
}

#[test]
fn figures_out_of_range_are_refused() {
    for settings in [
        Settings { level: 10, ..Settings::default() },
        Settings { level: -2, ..Settings::default() },
        Settings { memory_level: 0, ..Settings::default() },
        Settings { memory_level: 10, ..Settings::default() },
        Settings { strategy: 5, ..Settings::default() },
    ] {
        assert!(PerMessageDeflate::new(Agreement::default(), settings).is_none());
    }
    for (remote, local) in [(7, 15), (16, 15), (15, 8), (15, 16)] {
        let agreement = Agreement {
            remote_max_window_bits: remote,
            local_max_window_bits: local,
            ..Agreement::default()
        };
        assert!(PerMessageDeflate::new(agreement, Settings::default()).is_none());
    }
}
