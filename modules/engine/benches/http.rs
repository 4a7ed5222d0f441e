//! The work of a client besides the exchange itself: URLs, headers, cookies, decoding, events.
//!
//! ```console
//! $ cargo bench -p tauraro-engine --bench http --ignore-rust-version
//! ```

use std::fmt::Write;

use bytes::Bytes;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use tauraro_engine::http::cookies::CookieJar;
use tauraro_engine::http::decode::Decoder;
use tauraro_engine::http::sse::EventDecoder;
use tauraro_engine::{Headers, Url};

const URLS: [&str; 3] = [
    "https://api.example.com/users/7",
    "https://user:pass@www.example.co.uk:8443/a/b/../c%20d/?search=hello world&page=2&limit=50#results",
    "https://bücher.example/straße?größe=klein",
];

const FIELDS: [(&str, &str); 10] = [
    ("Date", "Sat, 31 Jan 2026 12:00:00 GMT"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Content-Length", "17"),
    ("Connection", "keep-alive"),
    ("Cache-Control", "private, max-age=0, must-revalidate"),
    ("ETag", "\"33a64df551425fcc55e4d42a148795d9f25f89d4\""),
    ("Vary", "Accept-Encoding"),
    ("Set-Cookie", "session=0123456789abcdef; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"),
    ("Set-Cookie", "theme=dark; Domain=example.com; Expires=Sun, 31 Jan 2027 12:00:00 GMT"),
    ("X-Request-Id", "0b1c9a52-6a7e-4f0e-9d1f-6a58f6d3c111"),
];

fn headers() -> Headers {
    let mut headers = Headers::new();
    for (name, value) in FIELDS {
        headers.append(name, value);
    }
    headers
}

#[divan::bench(args = URLS)]
fn url_parse(bencher: Bencher<'_, '_>, url: &str) {
    bencher.counter(BytesCount::of_str(url)).bench(|| Url::parse(black_box(url)).expect("a valid URL"));
}

#[divan::bench]
fn url_join(bencher: Bencher<'_, '_>) {
    let base = Url::parse("https://example.com/api/v1/users/").expect("a valid URL");
    bencher.bench(|| base.join(black_box("../groups/7?expand=members")).expect("a valid URL"));
}

#[divan::bench]
fn headers_build() -> Headers {
    headers()
}

#[divan::bench(args = ["date", "x-request-id", "x-absent"])]
fn headers_get(bencher: Bencher<'_, '_>, name: &str) {
    let headers = headers();
    bencher.bench(|| headers.get(black_box(name)).map(Bytes::len));
}

#[divan::bench]
fn cookies_extract(bencher: Bencher<'_, '_>) {
    let (url, headers) = (Url::parse("https://www.example.com/").expect("a valid URL"), headers());
    bencher.bench(|| {
        let mut jar = CookieJar::default();
        jar.extract(&url, black_box(&headers));
        jar
    });
}

/// The argument is roughly the number of domains in the jar.
#[divan::bench(args = [2, 100, 1000])]
fn cookies_header(bencher: Bencher<'_, '_>, count: usize) {
    let mut jar = CookieJar::default();
    for number in 2..count {
        let url = Url::parse(&format!("https://host{number}.example.net/")).expect("a valid URL");
        jar.extract(&url, &headers());
    }
    let url = Url::parse("https://www.example.com/").expect("a valid URL");
    jar.extract(&url, &headers());
    bencher.bench(|| jar.header_for(black_box(&url)).expect("two cookies"));
}

/// Decodes a body of JSON; throughput is in decoded bytes.
#[divan::bench(args = ["gzip", "deflate"])]
fn decode(bencher: Bencher<'_, '_>, coding: &str) {
    use flate2::Compression;
    use flate2::read::{GzEncoder, ZlibEncoder};
    use std::io::Read;

    let mut document = String::new();
    for id in 0..2000 {
        let _ =
            write!(document, "{{\"id\": {id}, \"name\": \"record {id:04}\", \"score\": {}}}", id * 7 % 100);
    }
    let mut encoded = Vec::new();
    let level = Compression::default();
    match coding {
        "gzip" => GzEncoder::new(document.as_bytes(), level).read_to_end(&mut encoded),
        _ => ZlibEncoder::new(document.as_bytes(), level).read_to_end(&mut encoded),
    }
    .expect("memory to read from");
    let encoded = Bytes::from(encoded);
    bencher.counter(BytesCount::of_str(&document)).bench(|| {
        let mut decoder = Decoder::new([coding.as_bytes()], None);
        decoder.feed(black_box(encoded.clone()));
        decoder.finish();
        let mut length = 0;
        while let Some(chunk) = decoder.next_chunk().expect("valid data") {
            length += chunk.len();
        }
        assert_eq!(length, document.len());
    });
}

#[divan::bench]
fn server_sent_events(bencher: Bencher<'_, '_>) {
    let event = "event: update\nid: 17\ndata: {\"price\": 118.75, \"volume\": 100}\ndata: second line\n\n";
    let stream = Bytes::from(event.repeat(100));
    bencher.counter(BytesCount::of_slice(&stream)).bench(|| {
        let mut decoder = EventDecoder::default();
        decoder.feed(black_box(stream.clone()));
        let mut events = 0;
        while let Some(event) = decoder.next_event().expect("small events") {
            black_box(event);
            events += 1;
        }
        assert_eq!(events, 100);
    });
}

fn main() {
    divan::main();
}
