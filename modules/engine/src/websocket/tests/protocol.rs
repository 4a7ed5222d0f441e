use crate::websocket::{
    Close, CloseCode, Error, Frame, Item, Limits, Notice, Output, PerMessageDeflate, Protocol, Side, State,
    opcode,
};

fn open(side: Side) -> Protocol {
    let mut protocol = Protocol::new(side, State::Open, Limits::default());
    protocol.set_masking_keys(|| [0; 4]);
    protocol
}

fn limited(side: Side, message: Option<u64>, fragment: Option<u64>) -> Protocol {
    let mut protocol = Protocol::new(side, State::Open, Limits { message, fragment });
    protocol.set_masking_keys(|| [0; 4]);
    protocol
}

/// What is to be sent: bytes joined, and `EOF` where the stream ends.
fn sent(protocol: &mut Protocol) -> Vec<u8> {
    let output: Output = protocol.take_output();
    let mut all = Vec::new();
    for item in output.items() {
        match item {
            Item::Bytes(bytes) => all.extend_from_slice(bytes),
            Item::Eof => all.extend_from_slice(b"EOF"),
        }
    }
    all
}

fn receive(protocol: &mut Protocol, data: &[u8]) -> Vec<Frame> {
    protocol.receive_data(data, &mut ()).expect("the stream goes on");
    protocol.take_events()
}

fn failure(protocol: &Protocol) -> String {
    protocol.error().expect("a failure").to_string()
}

#[test]
fn messages_both_ways() {
    let mut client = open(Side::Client);
    let mut server = open(Side::Server);
    client.send_data(opcode::TEXT, b"Spam", true, &mut ()).expect("open");
    let bytes = sent(&mut client);
    assert_eq!(bytes, b"\x81\x84\0\0\0\0Spam");
    assert_eq!(receive(&mut server, &bytes), [Frame::new(opcode::TEXT, true, b"Spam".to_vec())]);
    server.send_data(opcode::BINARY, b"Eggs", true, &mut ()).expect("open");
    assert_eq!(sent(&mut server), b"\x82\x04Eggs");
}

#[test]
fn output_keeps_frames_apart() {
    let mut server = open(Side::Server);
    server.send_data(opcode::TEXT, b"a", true, &mut ()).expect("open");
    server.send_ping(b"", &mut ()).expect("open");
    server.fail(CloseCode::Error, "", &mut ()).expect("a valid code");
    let output = server.take_output();
    let items: Vec<Item<'_>> = output.items().collect();
    let expected: [Item<'_>; 4] =
        [Item::Bytes(b"\x81\x01a"), Item::Bytes(b"\x89\x00"), Item::Bytes(b"\x88\x02\x03\xf3"), Item::Eof];
    assert_eq!(items, expected);
    assert_eq!(output.bytes(), b"\x81\x01a\x89\x00\x88\x02\x03\xf3");
    assert!(output.has_eof());
}

#[test]
fn fragments_are_sent_in_order() {
    let mut server = open(Side::Server);
    let error = server.send_data(opcode::CONTINUATION, b"", true, &mut ()).expect_err("nothing to continue");
    assert_eq!(error.to_string(), "unexpected continuation frame");
    server.send_data(opcode::TEXT, b"a", false, &mut ()).expect("open");
    let error = server.send_data(opcode::BINARY, b"", true, &mut ()).expect_err("in a message");
    assert_eq!(error.to_string(), "expected a continuation frame");
    server.send_data(opcode::CONTINUATION, b"b", true, &mut ()).expect("open");
    assert_eq!(sent(&mut server), b"\x01\x01a\x80\x01b");
}

#[test]
fn pings_are_answered_between_fragments() {
    let mut client = open(Side::Client);
    let events = receive(&mut client, b"\x01\x02ab\x89\x01p\x80\x01c");
    assert_eq!(events.len(), 3);
    assert_eq!(sent(&mut client), b"\x8a\x81\0\0\0\0p");
}

#[test]
fn fragments_must_arrive_in_order() {
    for (data, message) in [
        (&b"\x80\x00"[..], "unexpected continuation frame"),
        (b"\x01\x00\x81\x00", "expected a continuation frame"),
        (b"\x01\x00\x88\x00", "incomplete fragmented message"),
        (b"\xc1\x00", "reserved bits must be 0"),
    ] {
        let mut client = open(Side::Client);
        receive(&mut client, data);
        assert_eq!(failure(&client), message);
        assert_eq!(client.state(), State::Closing);
        assert_eq!(client.close_sent().map(|close| close.code), Some(CloseCode::Protocol));
    }
}

#[test]
fn limits_of_messages_and_fragments() {
    /// What arrives, the limits of a message and of a frame, and what is said.
    type Case = (&'static [u8], Option<u64>, Option<u64>, &'static str);
    let cases: [Case; 4] = [
        (b"\x81\x04", Some(3), None, "frame with 4 bytes exceeds limit of 3 bytes"),
        (
            b"\x01\x02ab\x80\x02",
            Some(3),
            None,
            "frame with 2 bytes after reading 2 bytes exceeds limit of 3 bytes",
        ),
        (b"\x81\x04", None, Some(3), "frame with 4 bytes exceeds limit of 3 bytes"),
        (
            b"\x01\x02ab\x80\x02",
            Some(3),
            Some(2),
            "frame with 2 bytes after reading 2 bytes exceeds limit of 3 bytes",
        ),
    ];
    for (data, message, fragment, text) in cases {
        let mut client = limited(Side::Client, message, fragment);
        receive(&mut client, data);
        assert_eq!(failure(&client), text);
        assert_eq!(client.close_sent().map(|close| close.code), Some(CloseCode::Size));
    }
    // A ping has nothing to do with what is left for the message.
    let mut client = limited(Side::Client, Some(3), None);
    assert_eq!(receive(&mut client, b"\x01\x02ab\x89\x04ping").len(), 2);
}

#[test]
fn inflated_messages_are_limited() {
    let mut server = open(Side::Server);
    let mut client = limited(Side::Client, Some(1000), None);
    let (mut one, mut two) = (PerMessageDeflate::default(), PerMessageDeflate::default());
    server.send_data(opcode::TEXT, &[b'a'; 600], false, &mut one).expect("open");
    server.send_data(opcode::CONTINUATION, &[b'a'; 600], true, &mut one).expect("open");
    let bytes = sent(&mut server);
    client.receive_data(&bytes, &mut two).expect("the stream goes on");
    assert_eq!(client.take_events().len(), 1);
    assert_eq!(failure(&client), "frame after reading 600 bytes exceeds limit of 1000 bytes");
}

#[test]
fn a_server_closes_first() {
    let mut server = open(Side::Server);
    server.send_close(Some(CloseCode::Away), "bye", &mut ()).expect("open");
    assert_eq!(sent(&mut server), b"\x88\x05\x03\xe9bye");
    assert!(server.close_expected());
    receive(&mut server, b"\x88\x85\0\0\0\0\x03\xe9bye");
    assert_eq!(server.received_then_sent(), Some(false));
    assert_eq!(sent(&mut server), b"EOF");
    server.receive_eof(&mut ());
    assert_eq!(server.state(), State::Closed);
    assert_eq!(server.close_received(), Some(&Close::new(CloseCode::Away, "bye")));
    assert!(server.error().is_none());
}

#[test]
fn a_client_is_closed() {
    let mut client = open(Side::Client);
    receive(&mut client, b"\x88\x00 what follows does not matter");
    // An empty close frame is answered with an empty one.
    assert_eq!(sent(&mut client), b"\x88\x80\0\0\0\0");
    assert_eq!(client.close_received(), Some(&Close::new(CloseCode::Status, "")));
    assert_eq!(client.received_then_sent(), Some(true));
    client.receive_eof(&mut ());
    assert_eq!(sent(&mut client), b"EOF");
    assert_eq!(client.state(), State::Closed);
    let error = client.receive_data(b"", &mut ()).expect_err("after the end");
    assert!(matches!(error, Error::Ended));
}

#[test]
fn ends_without_a_close_frame() {
    let mut client = open(Side::Client);
    receive(&mut client, b"\x81");
    client.receive_eof(&mut ());
    client.receive_eof(&mut ());
    assert_eq!(failure(&client), "stream ends after 1 bytes, expected 2 bytes");
    assert_eq!(client.state(), State::Closed);
    assert_eq!(sent(&mut client), b"EOF");
    assert!(client.close_sent().is_none());
}

#[test]
fn wrong_close_frames() {
    let cases: [(&[u8], u16, &str); 3] = [
        (b"\x88\x01\x03", 1002, "close frame too short"),
        (b"\x88\x02\x03\xed", 1002, "invalid status code"),
        (b"\x88\x04\x03\xe8\xff\xff", 1007, "invalid start byte at position 0"),
    ];
    for (data, code, message) in cases {
        let mut client = open(Side::Client);
        assert!(receive(&mut client, data).is_empty());
        assert_eq!(failure(&client), message);
        assert_eq!(client.close_sent().map(|close| close.code), Some(code.into()));
    }
}

#[test]
fn nothing_is_sent_in_the_wrong_state() {
    let mut client = open(Side::Client);
    client.send_close(None, "", &mut ()).expect("open");
    for result in [client.send_data(opcode::TEXT, b"", true, &mut ()), client.send_close(None, "", &mut ())] {
        assert_eq!(result.expect_err("closing").to_string(), "connection is closing");
    }
    client.send_ping(b"", &mut ()).expect("control frames may be sent");
    client.receive_eof(&mut ());
    let error = client.send_pong(b"", &mut ()).expect_err("closed");
    assert_eq!(error.to_string(), "connection is closed");
}

#[test]
fn wrong_arguments_change_nothing() {
    let mut client = open(Side::Client);
    for error in [
        client.send_close(None, "reason", &mut ()).expect_err("no code"),
        client.send_close(Some(CloseCode::Abnormal), "", &mut ()).expect_err("not for the wire"),
        client.send_close(Some(CloseCode::Normal), &"x".repeat(124), &mut ()).expect_err("too long"),
        client.send_ping(&[0; 126], &mut ()).expect_err("too long"),
        client.fail(CloseCode::Status, "", &mut ()).expect_err("not for the wire"),
    ] {
        assert!(matches!(error, Error::Protocol(_)));
    }
    assert_eq!(client.state(), State::Open);
    assert!(!client.has_output());
}

#[test]
fn a_log_is_told_in_order() {
    let mut server = open(Side::Server);
    server.set_verbose(true);
    receive(&mut server, b"\x88\x82\0\0\0\0\x03\xe8");
    server.receive_eof(&mut ());
    let close = Frame::new(opcode::CLOSE, true, b"\x03\xe8".to_vec());
    let expected = [
        Notice::Received(close.clone()),
        Notice::Sent(close),
        Notice::State(State::Closing),
        Notice::SentEof,
        Notice::State(State::Closed),
        Notice::Finished,
    ];
    assert_eq!(server.take_notices(), expected);
}
