//! `tauraro_engine::http1`: pipelined heads, whole and in pieces, and bodies.
//!
//! ```console
//! $ cargo bench -p tauraro-engine --bench http1 --ignore-rust-version
//! ```

use std::convert::Infallible;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use tauraro_engine::http1::{Events, Kind, Limits, Message, Parser, read_request, read_response, url};

/// A request as a browser sends it.
const REQUEST: &str = "GET /static/img/2024/03/northern-lights-over-the-harbor.jpg HTTP/1.1\r\n\
    Host: www.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Accept-Language: ha,en-us;q=0.7,en;q=0.3\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Connection: keep-alive\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; seen=2026-01-31; theme=dark; experiment=b\r\n\r\n";

/// A response as a server of JSON sends it.
const RESPONSE: &str = "HTTP/1.1 200 OK\r\n\
    Date: Sat, 31 Jan 2026 12:00:00 GMT\r\n\
    Content-Type: application/json; charset=utf-8\r\n\
    Content-Length: 17\r\n\
    Connection: keep-alive\r\n\
    Cache-Control: private, max-age=0, must-revalidate\r\n\
    ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"\r\n\
    Vary: Accept-Encoding\r\n\
    X-Request-Id: 0b1c9a52-6a7e-4f0e-9d1f-6a58f6d3c111\r\n\r\n\
    {\"status\": \"ok\"}\n";

const URL: &str = "https://user:password@www.example.com:8080/path/to/page?query=value&other=1#fragment";

const PIPELINED: usize = 100;

/// Reads every event's data, and counts messages.
#[derive(Default)]
struct Count {
    messages: usize,
}

impl Events for Count {
    type Error = Infallible;

    fn target(&mut self, _: &mut Message, target: &[u8]) -> Result<(), Infallible> {
        black_box(target);
        Ok(())
    }

    fn field(&mut self, _: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Infallible> {
        black_box((name, value));
        Ok(())
    }

    fn body(&mut self, _: &mut Message, piece: &[u8]) -> Result<(), Infallible> {
        black_box(piece);
        Ok(())
    }

    fn message_complete(&mut self, _: &mut Message) -> Result<(), Infallible> {
        self.messages += 1;
        Ok(())
    }
}

/// Parses the data in pieces of this size; returns the number of messages.
fn feed(kind: Kind, data: &[u8], size: usize) -> usize {
    let mut parser = Parser::new(kind, Limits::DEFAULT);
    let mut count = Count::default();
    for piece in data.chunks(size) {
        parser.feed(piece, &mut count).expect("valid messages");
    }
    count.messages
}

fn measure(bencher: Bencher<'_, '_>, kind: Kind, data: &[u8], messages: usize, size: usize) {
    assert_eq!(feed(kind, data, size), messages);
    bencher.counter(BytesCount::of_slice(data)).bench(|| feed(kind, black_box(data), size));
}

/// In one piece, in Ethernet segments, in small pieces, and byte by byte.
#[divan::bench(args = [usize::MAX, 1460, 64, 1])]
fn pipelined_requests(bencher: Bencher<'_, '_>, size: usize) {
    measure(bencher, Kind::Request, REQUEST.repeat(PIPELINED).as_bytes(), PIPELINED, size);
}

#[divan::bench(args = [usize::MAX, 1460])]
fn pipelined_responses(bencher: Bencher<'_, '_>, size: usize) {
    measure(bencher, Kind::Response, RESPONSE.repeat(PIPELINED).as_bytes(), PIPELINED, size);
}

#[divan::bench]
fn counted_body_of_1_mib(bencher: Bencher<'_, '_>) {
    let mut message = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 1 << 20).into_bytes();
    message.resize(message.len() + (1 << 20), b'x');
    measure(bencher, Kind::Request, &message, 1, 65_536);
}

/// The size of a chunk.
#[divan::bench(args = [16, 8192])]
fn chunked_body_of_1_mib(bencher: Bencher<'_, '_>, size: usize) {
    let chunk = [format!("{size:x}\r\n").as_bytes(), &vec![b'x'; size], b"\r\n"].concat();
    let mut message = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    message.extend(chunk.repeat((1 << 20) / size));
    message.extend(b"0\r\n\r\n");
    measure(bencher, Kind::Request, &message, 1, 65_536);
}

#[divan::bench]
fn one_whole_request(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(REQUEST))
        .bench(|| read_request(black_box(REQUEST.as_bytes()), Limits::DEFAULT).expect("a valid request"));
}

#[divan::bench]
fn one_whole_response(bencher: Bencher<'_, '_>) {
    use tauraro_engine::http1::Method;
    bencher.counter(BytesCount::of_str(RESPONSE)).bench(|| {
        read_response(black_box(RESPONSE.as_bytes()), Method::Get, Limits::DEFAULT).expect("a valid response")
    });
}

#[divan::bench]
fn url_split(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(URL))
        .bench(|| url::split(black_box(URL.as_bytes())).expect("a valid URL"));
}

fn main() {
    divan::main();
}
