//! How fast [`tauraro_engine::http1`] reads: pipelined heads, whole and in pieces, and bodies.
//!
//! ```console
//! $ cargo run --release --example http1_throughput -p tauraro-engine --ignore-rust-version
//! ```

#![expect(clippy::print_stdout, reason = "a report")]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tauraro_engine::http1::{Events, Kind, Limits, Message, Parser, read_request, url};

/// A request as a browser sends it.
const REQUEST: &str = "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n\
    Host: www.kittyhell.com\r\n\
    User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 \
    Pathtraq/0.9\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n\
    Accept-Encoding: gzip,deflate\r\n\
    Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n\
    Keep-Alive: 115\r\n\
    Connection: keep-alive\r\n\
    Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; \
    __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; \
    __utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|utmcmd=referral\r\n\r\n";

const URL: &str = "https://user:password@www.example.com:8080/path/to/page?query=value&other=1#fragment";

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(1);

/// Looks at what it is told, and counts messages.
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

/// Repeats the work, which takes in so many bytes and gives how many times it did something.
fn measure(what: &str, bytes: usize, mut work: impl FnMut() -> usize) {
    let started = Instant::now();
    let (mut rounds, mut done) = (0_u32, 0);
    while started.elapsed() < TIME {
        done += work();
        rounds += 1;
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let (gigabytes, each) = (bytes as f64 * f64::from(rounds) / 1e9, seconds * 1e9 / done as f64);
    println!("{what:<32} {:6.2} GB/s {each:9.0} ns each", gigabytes / seconds);
}

fn feed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> usize {
    let mut parser = Parser::new(Kind::Request, Limits::DEFAULT);
    let mut count = Count::default();
    for piece in pieces {
        parser.feed(piece, &mut count).expect("valid requests");
    }
    count.messages
}

fn main() {
    let heads = REQUEST.repeat(100).into_bytes();
    let long =
        [format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 1 << 20).into_bytes(), vec![b'x'; 1 << 20]];
    let long = long.concat();
    let chunk = [b"2000\r\n".as_slice(), &[b'x'; 0x2000], b"\r\n"].concat();
    let mut chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    chunked.extend(chunk.repeat(128));
    chunked.extend(b"0\r\n\r\n");
    println!("a head has {} bytes", REQUEST.len());
    measure("pipelined heads", heads.len(), || feed([heads.as_slice()]));
    measure("pipelined heads in 1460 B", heads.len(), || feed(heads.chunks(1460)));
    measure("pipelined heads in 64 B", heads.len(), || feed(heads.chunks(64)));
    measure("pipelined heads byte by byte", heads.len(), || feed(heads.chunks(1)));
    measure("read_request", REQUEST.len(), || {
        usize::from(black_box(read_request(REQUEST.as_bytes(), Limits::DEFAULT)).is_ok())
    });
    measure("1 MiB counted body", long.len(), || feed([long.as_slice()]));
    measure("1 MiB in chunks of 8 KiB", chunked.len(), || feed([chunked.as_slice()]));
    measure("url::split", URL.len(), || {
        usize::from(black_box(url::split(black_box(URL.as_bytes()))).is_ok())
    });
}
