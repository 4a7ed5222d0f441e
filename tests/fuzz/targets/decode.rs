//! Content codings: the same body, decoded whole and in pieces, gives the same data, never more than the limit.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tauraro_engine::Result;
use tauraro_engine::http::decode::Decoder;
use tauraro_fuzz::{Input, pieces};

fn decode<'a>(
    codings: &str,
    limit: u64,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, Result<()>) {
    let mut decoder = Decoder::new([codings.as_bytes()], Some(limit));
    let mut decoded = Vec::new();
    let mut take = |decoder: &mut Decoder| {
        while let Some(chunk) = decoder.next_chunk()? {
            assert!(!chunk.is_empty() && chunk.len() <= 1 << 20);
            decoded.extend_from_slice(&chunk);
        }
        Ok(())
    };
    let run = || {
        for piece in pieces {
            decoder.feed(Bytes::copy_from_slice(piece));
            take(&mut decoder)?;
        }
        decoder.finish();
        take(&mut decoder)
    };
    let outcome = run();
    (decoded, outcome)
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let codings = input.choose([
        "gzip",
        "deflate",
        "br",
        "zstd",
        "gzip, deflate",
        "zstd, br",
        "br, gzip",
        "identity, gzip",
    ]);
    let limit = u64::from(input.byte()) * 256;
    let seed = input.byte();
    let (whole, outcome) = decode(codings, limit, [input.rest()]);
    let (in_pieces, pieces_outcome) = decode(codings, limit, pieces(seed, input.rest()));
    assert!(whole.len() as u64 <= limit && in_pieces.len() as u64 <= limit);
    assert_eq!(pieces_outcome.is_ok(), outcome.is_ok(), "{codings}: {pieces_outcome:?} {outcome:?}");
    if outcome.is_ok() {
        assert_eq!(in_pieces, whole, "{codings}");
    }
});
