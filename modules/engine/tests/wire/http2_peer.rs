//! A server that speaks HTTP/2 frame by frame, as the test says, with prior knowledge.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use tauraro_engine::http::client::{PoolLimits, Transport, TransportConfig};

use crate::support::{LONG, RawServer};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame as it came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

/// The server's end of one connection.
pub(crate) struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// Reads the preface and sends SETTINGS.
    pub(crate) fn accept(mut stream: TcpStream, settings: &[(u16, u32)]) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LONG))?;
        let mut preface = [0; 24];
        stream.read_exact(&mut preface)?;
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut peer = Self { stream };
        peer.settings(settings)?;
        Ok(peer)
    }

    pub(crate) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).expect("a frame's length").to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.stream.write_all(&frame)
    }

    pub(crate) fn settings(&mut self, settings: &[(u16, u32)]) -> io::Result<()> {
        let payload: Vec<u8> = settings
            .iter()
            .flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()[..]].concat())
            .collect();
        self.send(SETTINGS, 0, 0, &payload)
    }

    /// A response head; its fields are literals that are not indexed (RFC 7541 section 6.2.2).
    pub(crate) fn head(
        &mut self,
        stream: u32,
        status: u16,
        fields: &[(&str, &str)],
        end: bool,
    ) -> io::Result<()> {
        let block = block(status, fields);
        self.send(HEADERS, END_HEADERS | if end { END_STREAM } else { 0 }, stream, &block)
    }

    pub(crate) fn data(&mut self, stream: u32, data: &[u8], end: bool) -> io::Result<()> {
        self.send(DATA, if end { END_STREAM } else { 0 }, stream, data)
    }

    /// A whole response.
    pub(crate) fn answer(&mut self, stream: u32, body: &str) -> io::Result<()> {
        self.head(stream, 200, &[], false)?;
        self.data(stream, body.as_bytes(), true)
    }

    pub(crate) fn reset(&mut self, stream: u32, reason: u32) -> io::Result<()> {
        self.send(RST_STREAM, 0, stream, &reason.to_be_bytes())
    }

    pub(crate) fn go_away(&mut self, last_stream: u32, reason: u32) -> io::Result<()> {
        self.send(GOAWAY, 0, 0, &[last_stream.to_be_bytes(), reason.to_be_bytes()].concat())
    }

    pub(crate) fn window_update(&mut self, stream: u32, increment: u32) -> io::Result<()> {
        self.send(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
    }

    /// The next frame; SETTINGS and PINGs are acknowledged on the way and not handed out.
    pub(crate) fn frame(&mut self) -> io::Result<Frame> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head)?;
            let [l0, l1, l2, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, l0, l1, l2]) as usize];
            self.stream.read_exact(&mut payload)?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.send(SETTINGS, ACK, 0, &[])?,
                PING if flags & ACK == 0 => self.send(PING, ACK, 0, &payload)?,
                SETTINGS | PING => {}
                _ => {
                    let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
                    return Ok(Frame { kind, flags, stream, payload });
                }
            }
        }
    }

    /// The next frame of a kind; others are passed over.
    pub(crate) fn next(&mut self, kind: u8) -> io::Result<Frame> {
        loop {
            let frame = self.frame()?;
            if frame.kind == kind {
                return Ok(frame);
            }
        }
    }

    /// The stream of the next request whose end has arrived.
    pub(crate) fn request(&mut self) -> io::Result<u32> {
        loop {
            let frame = self.frame()?;
            if frame.ends_stream() {
                return Ok(frame.stream);
            }
        }
    }

    /// Reads on until the client hangs up.
    pub(crate) fn linger(&mut self) {
        while self.frame().is_ok() {}
    }

    pub(crate) fn shutdown(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }
}

/// The header block of a response.
pub(crate) fn block(status: u16, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x08, 3];
    block.extend(status.to_string().bytes());
    for (name, value) in fields {
        block.push(0);
        push_text(&mut block, name);
        push_text(&mut block, value);
    }
    block
}

fn push_text(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).expect("a short text"));
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128).expect("seven bits") | 128);
            length /= 128;
        }
        block.push(u8::try_from(length).expect("seven bits"));
    }
    block.extend(text.bytes());
}

/// A server that has `talk` do the talking on each connection, which is counted from one. It allows
/// a hundred streams.
pub(crate) fn server(talk: impl Fn(&mut Peer, usize) -> io::Result<()> + Send + Sync + 'static) -> RawServer {
    server_allowing(100, talk)
}

pub(crate) fn server_allowing(
    streams: u32,
    talk: impl Fn(&mut Peer, usize) -> io::Result<()> + Send + Sync + 'static,
) -> RawServer {
    let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    RawServer::start(move |stream| {
        let number = connections.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        if let Ok(mut peer) = Peer::accept(stream, &[(MAX_CONCURRENT_STREAMS, streams)]) {
            // The client may have hung up.
            let _ = talk(&mut peer, number);
        }
    })
}

pub(crate) fn transport() -> Transport {
    limited(PoolLimits::default())
}

pub(crate) fn limited(limits: PoolLimits) -> Transport {
    let config = TransportConfig { http1: false, http2: true, limits, ..TransportConfig::default() };
    Transport::new(config).expect("a transport")
}

pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}
