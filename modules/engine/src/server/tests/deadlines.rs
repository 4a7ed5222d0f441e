//! How long a peer may take.

use crate::server::{Connection, Event, Limits, Overdue, Timeouts};

fn connection() -> Connection {
    Connection::new(Limits::DEFAULT, Timeouts::DEFAULT, 1000)
}

fn drain(connection: &mut Connection) {
    while let Some(event) = connection.next_event() {
        assert!(!matches!(event, Event::Refused(_)));
    }
}

#[test]
fn first_byte() {
    let connection = connection();
    assert_eq!(connection.overdue(10_999), None);
    assert_eq!(connection.overdue(11_000), Some(Overdue::FirstByte));
}

#[test]
fn head() {
    let mut connection = connection();
    for second in 0..9 {
        connection.receive(b"GET / HTT".get(second..=second).expect("a byte"), 5000 + second as u64 * 1000);
    }
    assert_eq!(connection.overdue(14_999), None);
    assert_eq!(connection.overdue(15_000), Some(Overdue::Head));
}

#[test]
fn idle() {
    let mut connection = connection();
    connection.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 2000);
    drain(&mut connection);
    // A handler has all the time it likes.
    assert_eq!(connection.overdue(10_000_000), None);
    let mut out = Vec::new();
    connection.start_response(200, [], Some(0), None, &mut out).expect("a response");
    connection.finish_response(5000, &mut out).expect("an end");
    assert_eq!(connection.overdue(64_999), None);
    assert_eq!(connection.overdue(65_000), Some(Overdue::Idle));
}

#[test]
fn body() {
    let mut connection = connection();
    connection.receive(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 2000);
    drain(&mut connection);
    // Nobody reads it yet.
    assert_eq!(connection.overdue(100_000), None);
    connection.read_body(100_000, &mut Vec::new());
    assert_eq!(connection.overdue(104_999), None);
    assert_eq!(connection.overdue(105_000), Some(Overdue::Body));
    connection.receive(&[b'x'; 2400], 105_000);
    drain(&mut connection);
    assert_eq!(connection.overdue(109_999), None);
    assert_eq!(connection.overdue(110_100), Some(Overdue::Body));
    connection.pause_body(110_000);
    assert_eq!(connection.overdue(1_000_000), None);
    connection.read_body(1_000_000, &mut Vec::new());
    assert_eq!(connection.overdue(1_004_999), None);
    connection.receive(&vec![b'x'; 97_600], 1_005_000);
    drain(&mut connection);
    assert!(connection.is_complete());
    assert_eq!(connection.overdue(10_000_000), None);
}

#[test]
fn unsent() {
    let mut connection = connection();
    connection.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 2000);
    connection.note_unsent(100, 10_000);
    connection.note_unsent(100, 40_000);
    connection.note_unsent(99, 60_000);
    connection.note_unsent(150, 100_000);
    assert_eq!(connection.overdue(119_999), None);
    assert_eq!(connection.overdue(120_000), Some(Overdue::Write));
    connection.note_unsent(0, 120_000);
    assert_eq!(connection.overdue(1_000_000), None);
}
