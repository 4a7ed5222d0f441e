//! Encoded bodies, decoded as they arrive.

use bytes::Bytes;
use tauraro_engine::http::client::ResponseBody;
use tauraro_engine::http::decode::Decoder;
use tauraro_engine::{ErrorKind, Result};

use crate::support::{SERVER, failure, get, run, transport};

/// A body on its way through its decoder.
struct Decoded {
    body: ResponseBody,
    decoder: Decoder,
    ended: bool,
}

impl Decoded {
    async fn get(path: &str, limit: Option<u64>) -> Result<Self> {
        let response = transport().send(get(&SERVER.url(path))).await?;
        let encodings = response.headers.get_all("Content-Encoding").map(AsRef::as_ref);
        let decoder = Decoder::new(encodings, limit);
        Ok(Self { body: response.body, decoder, ended: false })
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.decoder.next_chunk()? {
                return Ok(Some(chunk));
            }
            match self.body.chunk().await? {
                Some(data) => self.decoder.feed(data),
                None if self.ended => return Ok(None),
                None => {
                    self.ended = true;
                    self.decoder.finish();
                }
            }
        }
    }

    async fn read(mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }
}

async fn read(path: &str) -> Result<Vec<u8>> {
    Decoded::get(path, None).await?.read().await
}

const CODINGS: [&str; 7] = ["gzip", "deflate", "raw-deflate", "br", "zstd", "gzip,br", "zstd,deflate,gzip"];

#[test]
fn every_coding() {
    let plain = run(read("/bytes/300000")).expect("a body");
    for coding in CODINGS {
        let body = run(read(&format!("/encoded/{coding}?size=300000"))).expect(coding);
        assert!(body == plain, "{coding}");
        let text = String::from_utf8(run(read(&format!("/encoded/{coding}"))).expect(coding)).expect("text");
        assert!(text.starts_with(&format!("{{\"coding\":\"{coding}\",")), "{coding}: {text}");
    }
}

#[test]
fn bombs_come_in_bounded_pieces_and_stop_at_the_limit() {
    const SIZE: u64 = 32 << 20;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let path = format!("/bomb/{coding}?size={SIZE}");
        let size: Result<u64> = run(async {
            let mut decoded = Decoded::get(&path, Some(SIZE)).await?;
            let mut size = 0;
            while let Some(chunk) = decoded.chunk().await? {
                assert!(chunk.len() <= 64 * 1024, "{coding}: {} bytes at once", chunk.len());
                size += chunk.len() as u64;
            }
            Ok(size)
        });
        assert_eq!(size.expect(coding), SIZE);

        let stopped = run(async { Decoded::get(&path, Some(1 << 20)).await?.read().await });
        let error = failure(stopped, ErrorKind::DecodingError);
        assert_eq!(error.message(), "the body decodes to more than the limit of 1048576 bytes");
    }
}

#[test]
fn junk_is_a_decoding_error() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let error = failure(run(read(&format!("/bad-encoding?coding={coding}"))), ErrorKind::DecodingError);
        assert!(error.message().contains(&format!("does not decode as {coding}: ")), "{error}");
    }
}

#[test]
fn encoded_data_that_ends_early() {
    for coding in ["gzip", "deflate", "raw-deflate", "br", "zstd"] {
        failure(run(read(&format!("/cut-encoded/{coding}"))), ErrorKind::DecodingError);
    }
}
