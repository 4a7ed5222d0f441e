//! Messages that are taken.

use super::{Setting, check};

#[test]
fn requests() {
    check(
        Setting::REQUEST,
        &[
            ("GET / HTTP/1.1\r\n\r\n", "begin | GET / | head 1.1 keep | end"),
            ("GET / HTTP/1.0\r\n\r\n", "begin | GET / | head 1.0 close | end"),
            ("\r\n\nGET / HTTP/1.1\r\n\r\n", "begin | GET / | head 1.1 keep | end"),
            ("GET  /two   HTTP/1.1\r\n\r\n", "begin | GET /two | head 1.1 keep | end"),
            (
                "GET /a?b=c#d HTTP/1.1\r\nHost: h\r\n\r\n",
                "begin | GET /a?b=c#d | Host: h | head 1.1 keep | end",
            ),
            ("OPTIONS * HTTP/1.1\r\n\r\n", "begin | OPTIONS * | head 1.1 keep | end"),
            ("GET http://u@h:80/p?q HTTP/1.1\r\n\r\n", "begin | GET http://u@h:80/p?q | head 1.1 keep | end"),
            ("GET http://h HTTP/1.1\r\n\r\n", "begin | GET http://h | head 1.1 keep | end"),
            ("M-SEARCH * HTTP/1.1\r\n\r\n", "begin | M-SEARCH * | head 1.1 keep | end"),
            ("GET /{}|\\^`\"<> HTTP/1.1\r\n\r\n", "begin | GET /{}|\\\\^`\\\"<> | head 1.1 keep | end"),
            ("GET / HTTP/2.0\r\n\r\n", "begin | GET / | head 2.0 close | end"),
            ("OPTIONS /m RTSP/1.0\r\n\r\n", "begin | OPTIONS /m | head 1.0 close | end"),
            ("SOURCE /m ICE/1.0\r\n\r\n", "begin | SOURCE /m | head 1.0 close | end"),
            // A request of HTTP/0.9 has no version, and its fields are ours to see.
            ("GET /\r\n\r\n", "begin | GET / | head 0.9 close | end"),
            ("GET /\n\r\n", "begin | GET / | head 0.9 close | end"),
        ],
    );
}

#[test]
fn fields() {
    check(
        Setting::REQUEST,
        &[
            ("GET / HTTP/1.1\r\na:b\r\n\r\n", "begin | GET / | a: b | head 1.1 keep | end"),
            ("GET / HTTP/1.1\r\nA: \t b \t\r\n\r\n", "begin | GET / | A: b \\t | head 1.1 keep | end"),
            ("GET / HTTP/1.1\r\nA:\r\nB: \t\r\n\r\n", "begin | GET / | A:  | B:  | head 1.1 keep | end"),
            ("GET / HTTP/1.1\r\nA: \u{e9}\r\n\r\n", "begin | GET / | A: \\xc3\\xa9 | head 1.1 keep | end"),
            (
                "GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~1: x\r\n\r\n",
                "begin | GET / | !#$%&\\'*+-.^_`|~1: x | head 1.1 keep | end",
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "begin | GET / | Host: a | Host: b | head 1.1 keep | end",
            ),
            (
                "GET / HTTP/1.1\r\nConnections: close\r\nConnection-X: close\r\n\r\n",
                "begin | GET / | Connections: close | Connection-X: close | head 1.1 keep | end",
            ),
        ],
    );
}

#[test]
fn responses() {
    check(
        Setting::RESPONSE,
        &[
            ("HTTP/1.1 204 No Content\r\n\r\n", "begin | 204 No Content | head 1.1 keep | end"),
            ("HTTP/1.1 204 \r\n\r\n", "begin | 204  | head 1.1 keep | end"),
            ("HTTP/1.1 204\r\n\r\n", "begin | head 1.1 keep | end"),
            ("HTTP/1.1 304  x \r\n\r\n", "begin | 304  x  | head 1.1 keep | end"),
            (
                "HTTP/1.1 304 \u{e9}\t\r\nA: b\r\n\r\n",
                "begin | 304 \\xc3\\xa9\\t | A: b | head 1.1 keep | end",
            ),
            ("RTSP/1.0 304 x\r\n\r\n", "begin | 304 x | head 1.0 close | end"),
        ],
    );
}

#[test]
fn connections() {
    let cases = [
        ("HTTP/1.1", "Connection: close", "close"),
        ("HTTP/1.1", "connection: CLOSE", "close"),
        ("HTTP/1.1", "Proxy-Connection: close", "close"),
        ("HTTP/1.1", "Connection: a, close ,b", "close"),
        ("HTTP/1.1", "Connection: closed", "keep"),
        ("HTTP/1.1", "Connection: not close", "keep"),
        ("HTTP/1.1", "Connection: close\t", "close"),
        ("HTTP/1.1", "Connection: keep-alive, close", "close"),
        ("HTTP/1.0", "Connection: keep-alive", "keep"),
        ("HTTP/1.0", "Connection: keep-alive\r\nConnection: x", "keep"),
        ("HTTP/1.0", "Connection: x", "close"),
    ];
    for (version, fields, expected) in cases {
        let input = format!("GET / {version}\r\n{fields}\r\n\r\n");
        let events = super::read(Setting::REQUEST, input.as_bytes());
        let head = format!("head {} {expected} | end", version.trim_start_matches("HTTP/"));
        assert!(events.ends_with(&head), "{input:?}: {events}");
    }
}

#[test]
fn pipelining() {
    check(
        Setting::REQUEST,
        &[(
            "GET /1 HTTP/1.1\r\n\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 1\r\n\r\naGET /3 HTTP/1.0\r\n\r\n\r\n\n",
            "begin | GET /1 | head 1.1 keep | end | begin | POST /2 | Content-Length: 1 | head 1.1 keep | body a | end \
             | begin | GET /3 | head 1.0 close | end",
        )],
    );
}

#[test]
fn upgrades() {
    check(
        Setting::REQUEST,
        &[
            (
                "GET / HTTP/1.1\r\nConnection: a, Upgrade\r\nUpgrade: x\r\n\r\nrest",
                "begin | GET / | Connection: a, Upgrade | Upgrade: x | head 1.1 keep upgrade | end | upgrade 54",
            ),
            // One of the two is not enough.
            ("GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n", "begin | GET / | Upgrade: x | head 1.1 keep | end"),
            (
                "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade:\r\n\r\n",
                "begin | GET / | Connection: upgrade | Upgrade:  | head 1.1 keep | end",
            ),
            // A body of HTTP comes before the other protocol.
            (
                "POST / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nabrest",
                "begin | POST / | Connection: upgrade | Upgrade: x | Content-Length: 2 | head 1.1 keep upgrade | body ab \
             | end | upgrade 73",
            ),
            (
                "CONNECT a.b:443 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab",
                "begin | CONNECT a.b:443 | Content-Length: 2 | head 1.1 keep upgrade | end | upgrade 47",
            ),
        ],
    );
    check(
        Setting::RESPONSE,
        &[
            (
                "HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nrest",
                "begin | 101 Go | Upgrade: x | Connection: upgrade | Content-Length: 2 | head 1.1 keep upgrade | end \
             | upgrade 71",
            ),
            // Here the fields only say what the server could do.
            (
                "HTTP/1.1 200 OK\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nab",
                "begin | 200 OK | Upgrade: x | Connection: upgrade | Content-Length: 2 | head 1.1 keep | body ab | end",
            ),
        ],
    );
}
