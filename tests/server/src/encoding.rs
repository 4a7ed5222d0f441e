//! Content codings, from the side of whoever applies them.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

/// An encoder that keeps what it made until it is taken.
pub(crate) enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zlib(ZlibEncoder<Vec<u8>>),
    Deflate(DeflateEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    /// The encoder of a route's `coding`; `None` for one that no route knows.
    pub(crate) fn new(coding: &str) -> Option<Self> {
        let out = Vec::new();
        Some(match coding {
            "gzip" => Self::Gzip(GzEncoder::new(out, Compression::default())),
            "deflate" => Self::Zlib(ZlibEncoder::new(out, Compression::default())),
            "raw-deflate" => Self::Deflate(DeflateEncoder::new(out, Compression::default())),
            "br" => Self::Brotli(Box::new(brotli::CompressorWriter::new(out, 4096, 5, 22))),
            "zstd" => Self::Zstd(zstd::Encoder::new(out, 0).ok()?),
            _ => return None,
        })
    }

    /// Encodes some more.
    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(data),
            Self::Zlib(encoder) => encoder.write_all(data),
            Self::Deflate(encoder) => encoder.write_all(data),
            Self::Brotli(encoder) => encoder.write_all(data),
            Self::Zstd(encoder) => encoder.write_all(data),
        }
    }

    /// What came of it since the last time.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Zlib(encoder) => encoder.get_mut(),
            Self::Deflate(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        })
    }

    /// What is left at the end.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zlib(encoder) => encoder.finish(),
            Self::Deflate(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// `data` in a coding; `None` for an unknown one.
pub(crate) fn encode(coding: &str, data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(coding)?;
    encoder.write(data).ok()?;
    encoder.finish().ok()
}

/// The coding as `Content-Encoding` names it.
pub(crate) fn wire_name(coding: &str) -> &str {
    if coding == "raw-deflate" { "deflate" } else { coding }
}
