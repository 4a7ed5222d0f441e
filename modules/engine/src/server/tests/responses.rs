//! How responses are framed.

use crate::server::{Connection, Event, Framed, Limits, Next, ResponseError, Timeouts, imf_fixdate, reason};

type Fields<'a> = &'a [(&'a [u8], &'a [u8])];

/// A connection that has read this request, with its body.
fn after(request: &str) -> Connection {
    let mut connection = Connection::new(Limits::DEFAULT, Timeouts::DEFAULT, 0);
    connection.receive(request.as_bytes(), 0);
    while let Some(event) = connection.next_event() {
        assert!(!matches!(event, Event::Refused(_)), "{event:?}");
    }
    connection
}

fn get(version: &str, more: &str) -> Connection {
    after(&format!("GET / HTTP/{version}\r\nHost: a\r\n{more}\r\n"))
}

/// Sends a response with these pieces; gives what was written and what comes next.
fn respond(
    connection: &mut Connection,
    status: u16,
    fields: Fields<'_>,
    length: Option<u64>,
    pieces: &[&str],
) -> Result<(String, Next), ResponseError> {
    let mut out = Vec::new();
    connection.start_response(status, fields.iter().copied(), length, None, &mut out)?;
    for piece in pieces {
        match connection.frame_body(piece.len(), &mut out)? {
            Framed::Omitted => {}
            Framed::Plain => out.extend_from_slice(piece.as_bytes()),
            Framed::Chunk => {
                out.extend_from_slice(piece.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    let next = connection.finish_response(0, &mut out)?;
    Ok((String::from_utf8(out).expect("text"), next))
}

#[test]
fn framings() {
    let known = respond(&mut get("1.1", ""), 200, &[], Some(2), &["hi"]);
    assert_eq!(known, Ok(("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".into(), Next::KeepAlive)));
    let chunks = respond(&mut get("1.1", ""), 200, &[], None, &["hi", "", "there, longer than 9"]);
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n14\r\nthere, longer than 9\r\n0\r\n\r\n";
    assert_eq!(chunks, Ok((text.into(), Next::KeepAlive)));
    let old = respond(&mut get("1.0", "Connection: keep-alive\r\n"), 200, &[], None, &["hi"]);
    assert_eq!(old, Ok(("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi".into(), Next::Close)));
    let old = respond(&mut get("1.0", "Connection: keep-alive\r\n"), 200, &[], Some(2), &["hi"]);
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi";
    assert_eq!(old, Ok((text.into(), Next::KeepAlive)));
    let own = respond(&mut get("1.1", ""), 200, &[(b"content-length", b"2")], None, &["h", "i"]);
    assert_eq!(own, Ok(("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".into(), Next::KeepAlive)));
    let own = respond(&mut get("1.1", ""), 200, &[(b"Transfer-Encoding", b"chunked")], None, &["hi"]);
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    assert_eq!(own, Ok((text.into(), Next::KeepAlive)));
}

#[test]
fn no_body() {
    let mut head = after("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(respond(&mut head, 200, &[], Some(5), &["hello"]), Ok((text.into(), Next::KeepAlive)));
    let mut head = after("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(respond(&mut head, 200, &[], None, &["hello"]), Ok((text.into(), Next::KeepAlive)));
    let text = "HTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(respond(&mut get("1.1", ""), 204, &[], Some(2), &["hi"]), Ok((text.into(), Next::KeepAlive)));
    let text = "HTTP/1.1 304 Not Modified\r\n\r\n";
    assert_eq!(respond(&mut get("1.1", ""), 304, &[], None, &["hi"]), Ok((text.into(), Next::KeepAlive)));
    let text = "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n";
    let fields: Fields<'_> = &[(b"Content-Length", b"7")];
    assert_eq!(respond(&mut get("1.1", ""), 304, fields, Some(0), &[]), Ok((text.into(), Next::KeepAlive)));
    let text = "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(respond(&mut get("1.1", ""), 205, &[], None, &[]), Ok((text.into(), Next::KeepAlive)));
}

#[test]
fn lengths_are_enforced() {
    let short = respond(&mut get("1.1", ""), 200, &[], Some(5), &["hi"]);
    assert_eq!(short, Err(ResponseError::TooShort { declared: 5, missing: 3 }));
    let long = respond(&mut get("1.1", ""), 200, &[], Some(1), &["hi"]);
    assert_eq!(long, Err(ResponseError::TooLong { declared: 1 }));
    let disagreeing = respond(&mut get("1.1", ""), 200, &[(b"Content-Length", b"3")], Some(2), &["hi"]);
    assert_eq!(disagreeing, Err(ResponseError::Framing("Content-Length")));
}

#[test]
fn fields_are_checked() {
    let cases: [(Fields<'_>, ResponseError); 9] = [
        (&[(b"X", b"a\r\nSet-Cookie: b")], ResponseError::Value("X".into())),
        (&[(b"X", b"a\nb")], ResponseError::Value("X".into())),
        (&[(b"X", b"a\0b")], ResponseError::Value("X".into())),
        (&[(b"X\r\nY", b"a")], ResponseError::Name("X\r\nY".into())),
        (&[(b"X Y", b"a")], ResponseError::Name("X Y".into())),
        (&[(b"", b"a")], ResponseError::Name(String::new())),
        (&[(b"Content-Length", b"+1")], ResponseError::Framing("Content-Length")),
        (&[(b"Content-Length", b"1"), (b"Content-Length", b"2")], ResponseError::Framing("Content-Length")),
        (&[(b"Transfer-Encoding", b"gzip, chunked")], ResponseError::Framing("Transfer-Encoding")),
    ];
    for (fields, error) in cases {
        let mut connection = get("1.1", "");
        assert_eq!(respond(&mut connection, 200, fields, None, &[]), Err(error));
        // Nothing was written: another response can be sent.
        assert!(respond(&mut connection, 500, &[], Some(0), &[]).is_ok());
    }
    for status in [0, 99, 100, 101, 199, 1000] {
        assert_eq!(respond(&mut get("1.1", ""), status, &[], None, &[]), Err(ResponseError::Status(status)));
    }
    let bytes = respond(&mut get("1.1", ""), 200, &[(b"X", b"\tb ")], Some(0), &[]).expect("a response");
    assert_eq!(bytes.0, "HTTP/1.1 200 OK\r\nX: b\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn once() {
    let mut connection = get("1.1", "");
    let mut out = Vec::new();
    assert_eq!(connection.frame_body(1, &mut out), Err(ResponseError::NoResponse));
    assert_eq!(connection.finish_response(0, &mut out), Err(ResponseError::NoResponse));
    connection.start_response(200, [], None, None, &mut out).expect("a response");
    assert_eq!(connection.start_response(200, [], None, None, &mut out), Err(ResponseError::Started));
    assert_eq!(connection.inform(103, [], &mut out), Err(ResponseError::Started));
    assert_eq!(connection.upgrade(), Err(ResponseError::Started));
    connection.finish_response(0, &mut out).expect("an end");
    assert_eq!(connection.start_response(200, [], None, None, &mut out), Err(ResponseError::NoResponse));
}

#[test]
fn closing() {
    let closed = respond(&mut get("1.1", ""), 200, &[(b"connection", b"x, Close")], Some(0), &[]);
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(closed, Ok((text.into(), Next::Close)));
    let mut stopping = get("1.1", "");
    stopping.close_after_response();
    assert_eq!(respond(&mut stopping, 200, &[], Some(0), &[]), Ok((text.into(), Next::Close)));
}

#[test]
fn bodies_nobody_reads() {
    // Small: discarded, and the next request is read.
    let mut connection = after("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab");
    assert_eq!(respond(&mut connection, 200, &[], Some(0), &[]).expect("a response").1, Next::KeepAlive);
    connection.receive(b"cdefghijGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    assert_eq!(connection.after_discarding(0), Next::KeepAlive);
    assert!(matches!(connection.next_event(), Some(Event::Request(head)) if head.path() == b"/2"));
    // Large: the connection ends.
    let mut connection = after("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nab");
    assert_eq!(respond(&mut connection, 413, &[], Some(0), &[]).expect("a response").1, Next::Linger);
    // Of unknown length: until it is too much.
    let mut connection = after("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    assert_eq!(respond(&mut connection, 200, &[], Some(0), &[]).expect("a response").1, Next::KeepAlive);
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    for next in [Next::KeepAlive, Next::KeepAlive, Next::Linger] {
        connection.receive(chunk.as_bytes(), 0);
        assert_eq!(connection.after_discarding(0), next);
    }
    // Broken: no second response.
    let mut connection = after("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    respond(&mut connection, 200, &[], Some(0), &[]).expect("a response");
    connection.receive(b"x", 0);
    let Some(Event::Refused(refusal)) = connection.next_event() else { panic!("a refusal") };
    assert!(!connection.refuse(&refusal, None, &mut Vec::new()));
    // Not sent, because 100 Continue was not: it may never come.
    let request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let (text, next) = respond(&mut after(request), 401, &[], Some(0), &[]).expect("a response");
    assert!(text.contains("Connection: close"), "{text}");
    assert_eq!(next, Next::Linger);
}

#[test]
fn refusals() {
    // A body that breaks the protocol ends a response that has not begun, and aborts one that has.
    for begun in [false, true] {
        let mut connection = after("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut out = Vec::new();
        if begun {
            connection.start_response(200, [], None, None, &mut out).expect("a response");
        }
        connection.receive(b"x\r\n", 0);
        let Some(Event::Refused(refusal)) = connection.next_event() else { panic!("a refusal") };
        assert_eq!(connection.refuse(&refusal, None, &mut out), !begun);
        assert_eq!(out.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), !begun);
        assert_eq!(connection.next_event(), None);
    }
}

#[test]
fn interim() {
    let mut out = Vec::new();
    let mut connection = get("1.1", "");
    connection.inform(103, [(&b"Link"[..], &b"</a.css>"[..])], &mut out).expect("hints");
    assert_eq!(out, b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    for status in [100, 101, 200] {
        assert_eq!(connection.inform(status, [], &mut out), Err(ResponseError::Status(status)));
    }
    out.clear();
    get("1.0", "").inform(103, [], &mut out).expect("nothing");
    assert!(out.is_empty());
}

#[test]
fn upgrades() {
    let mut connection = after("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes");
    connection.receive(b" more", 0);
    assert_eq!(connection.upgrade(), Ok(b"bytes more".to_vec()));
    let mut connection = after("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(connection.upgrade(), Err(ResponseError::NoResponse));
}

#[test]
fn dates() {
    // `date -u -d @N +'%a, %d %b %Y %H:%M:%S GMT'`.
    let cases = [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"),
        (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
    ];
    for (seconds, text) in cases {
        assert_eq!(std::str::from_utf8(&imf_fixdate(seconds)), Ok(text));
    }
    imf_fixdate(u64::MAX / 2000);
}

#[test]
fn reasons() {
    assert_eq!(reason(404), "Not Found");
    assert_eq!(reason(413), "Content Too Large");
    assert_eq!(reason(799), "Unknown");
}
