use std::io::Write;

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::Decoder;
use crate::error::{Error, ErrorKind};

type Encode = fn(&[u8]) -> Vec<u8>;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn br(data: &[u8]) -> Vec<u8> {
    let mut encoder = CompressorWriter::new(Vec::new(), 4096, 5, 22);
    encoder.write_all(data).unwrap();
    encoder.into_inner()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

/// A gzip member with every optional part in its header.
fn gzip_with_all_fields(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 255];
    out.extend_from_slice(&[5, 0]);
    out.extend_from_slice(b"extra");
    out.extend_from_slice(b"name.txt\0a comment\0");
    out.extend_from_slice(&[0xab, 0xcd]);
    out.extend_from_slice(&raw_deflate(data));
    let mut crc = flate2::Crc::new();
    crc.update(data);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    out
}

fn sample() -> Vec<u8> {
    let words = ["tauraro", "http", "ż", "0123456789", "\n"];
    (0..900_usize).flat_map(|n| words[n * n % 7 % 5].bytes().chain([n.to_le_bytes()[0]])).collect()
}

/// Feeds `pieces`, taking all that comes after each.
fn decode<'a>(
    encodings: &[&[u8]],
    limit: Option<u64>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(encodings.iter().copied(), limit);
    let mut out = Vec::new();
    for piece in pieces {
        decoder.feed(Bytes::copy_from_slice(piece));
        while let Some(chunk) = decoder.next_chunk()? {
            assert!(!chunk.is_empty() && chunk.len() <= 64 * 1024, "a chunk of {} bytes", chunk.len());
            out.extend_from_slice(&chunk);
        }
    }
    decoder.finish();
    while let Some(chunk) = decoder.next_chunk()? {
        out.extend_from_slice(&chunk);
    }
    Ok(out)
}

fn whole(encoding: &str, data: &[u8]) -> Result<Vec<u8>, Error> {
    decode(&[encoding.as_bytes()], None, [data])
}

fn failure(result: Result<Vec<u8>, Error>) -> String {
    let error = result.expect_err("this must not decode");
    assert_eq!(error.kind(), ErrorKind::DecodingError);
    error.message().to_owned()
}

/// Every encoded form of the tests below: its `Content-Encoding`, itself, and what it stands for.
fn forms() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let sample = sample();
    let twice = [sample.as_slice(), &sample].concat();
    vec![
        ("gzip", gzip(&sample), sample.clone()),
        ("gzip", gzip(b""), vec![]),
        ("gzip", gzip_with_all_fields(&sample), sample.clone()),
        ("gzip", [gzip(&sample), gzip_with_all_fields(&sample)].concat(), twice.clone()),
        ("gzip", [gzip(&sample), b"\0\0\0\0".to_vec()].concat(), sample.clone()),
        ("gzip", [gzip(b""), gzip(b""), gzip(&sample)].concat(), sample.clone()),
        ("gzip", [gzip(&sample), b"\x1f\x8b\x07junk".to_vec()].concat(), sample.clone()),
        ("deflate", zlib(&sample), sample.clone()),
        ("deflate", raw_deflate(&sample), sample.clone()),
        ("deflate", raw_deflate(b""), vec![]),
        ("deflate", [zlib(&sample), b"junk".to_vec()].concat(), sample.clone()),
        ("br", br(&sample), sample.clone()),
        ("br", br(b""), vec![]),
        ("zstd", zstd(&sample), sample.clone()),
        ("zstd", zstd(b""), vec![]),
        ("zstd", [zstd(&sample), zstd(&sample)].concat(), twice),
        ("zstd", [b"\x50\x2a\x4d\x18\x04\0\0\0skip".to_vec(), zstd(&sample)].concat(), sample.clone()),
        ("gzip, br", br(&gzip(&sample)), sample.clone()),
        ("br, gzip", gzip(&br(&sample)), sample.clone()),
        ("zstd,deflate", raw_deflate(&zstd(&sample)), sample.clone()),
        (" GZIP ,\tnonsense, Identity,Zstd", zstd(&gzip(&sample)), sample.clone()),
        ("deflate, gzip, br, zstd", zstd(&br(&gzip(&zlib(&sample)))), sample.clone()),
        ("identity", sample.clone(), sample.clone()),
        ("nonsense", sample.clone(), sample.clone()),
        ("", sample.clone(), sample),
    ]
}

#[test]
fn codings_have_old_names_and_any_case() {
    for name in ["x-gzip", "X-GZip", "GZIP"] {
        assert_eq!(whole(name, &gzip(b"body")).unwrap(), b"body", "{name}");
    }
}

#[test]
fn whole_bodies() {
    for (encoding, encoded, expected) in forms() {
        assert_eq!(whole(encoding, &encoded).unwrap(), expected, "{encoding}");
    }
}

#[test]
fn every_split_gives_the_same() {
    for (encoding, encoded, expected) in forms() {
        let encodings = [encoding.as_bytes()];
        for at in 0..=encoded.len() {
            let (head, tail) = encoded.split_at(at);
            let decoded = decode(&encodings, None, [head, tail]).unwrap();
            assert!(decoded == expected, "{encoding} split at {at}");
        }
        for size in [1, 2, 3, 7, 64] {
            let decoded = decode(&encodings, None, encoded.chunks(size)).unwrap();
            assert!(decoded == expected, "{encoding} in chunks of {size}");
        }
    }
}

#[test]
fn data_comes_out_as_it_comes_in() {
    // Flushed by the encoder, a piece can be decoded before the next is there.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut decoder = Decoder::new([b"gzip".as_slice()], None);
    for piece in [b"first".as_slice(), b"second"] {
        encoder.write_all(piece).unwrap();
        encoder.flush().unwrap();
        decoder.feed(std::mem::take(encoder.get_mut()).into());
        assert_eq!(decoder.next_chunk().unwrap().as_deref(), Some(piece));
        assert_eq!(decoder.next_chunk().unwrap(), None);
    }
}

#[test]
fn several_fields_are_one_list() {
    let body = br(&gzip(b"text"));
    assert_eq!(decode(&[b"gzip", b"br"], None, [body.as_slice()]).unwrap(), b"text");
}

#[test]
fn identity_passes_the_same_memory() {
    let mut decoder = Decoder::new([b"identity".as_slice()], Some(1));
    assert!(decoder.is_identity());
    let data = Bytes::from_static(b"more than the limit, which is for encoded bodies");
    decoder.feed(data.clone());
    let chunk = decoder.next_chunk().unwrap().unwrap();
    assert_eq!(chunk.as_ptr(), data.as_ptr());
    assert!(!Decoder::new([b"gzip".as_slice()], None).is_identity());
}

#[test]
fn a_body_without_bytes_is_fine_in_every_coding() {
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, br, zstd", "identity"] {
        assert_eq!(decode(&[encoding.as_bytes()], None, [b"".as_slice(), b""]).unwrap(), b"", "{encoding}");
    }
}

#[test]
fn bodies_that_end_too_early() {
    let sample = sample();
    for (encoding, encoded) in [
        ("gzip", gzip(&sample)),
        ("gzip", [gzip(&sample), gzip(&sample)].concat()),
        ("deflate", zlib(&sample)),
        ("deflate", raw_deflate(&sample)),
        ("br", br(&sample)),
        ("zstd", zstd(&sample)),
    ] {
        // Without the checksum, or a part of it, the data may be whole, and is not known to be.
        for end in [1, encoded.len() / 4, encoded.len() * 3 / 4, encoded.len() - 8, encoded.len() - 1] {
            let message = failure(whole(encoding, &encoded[..end]));
            assert_eq!(message, format!("the body ends in the middle of its {encoding} data"));
        }
    }
    let encoded = gzip(&br(&sample));
    let message = failure(whole("br, gzip", &encoded[..encoded.len() / 2]));
    assert_eq!(message, "the body ends in the middle of its gzip data");
    // What follows a gzip member need not be another one.
    let junk = [gzip(&sample).as_slice(), b"\x1f\x8b"].concat();
    assert_eq!(whole("gzip", &junk).unwrap(), sample);
}

#[test]
fn junk_does_not_decode() {
    let junk = b"this was never compressed, whatever the header says";
    let sample = gzip(&sample());
    let mut wrong_check = sample.clone();
    let last = wrong_check.len() - 1;
    wrong_check[last] ^= 1;
    let mut wrong_crc = sample.clone();
    wrong_crc[last - 4] ^= 1;
    let mut wrong_adler = zlib(b"text");
    *wrong_adler.last_mut().unwrap() ^= 1;
    let mut reserved = sample.clone();
    reserved[3] = 0x80;
    let cases: &[(&str, &[u8], &str)] = &[
        ("gzip", junk, "gzip: incorrect header"),
        ("gzip", b"\x1e", "gzip: incorrect header"),
        ("gzip", b"\x1f\x8c", "gzip: incorrect header"),
        ("gzip", b"\x1f\x8b\x07", "gzip: incorrect header"),
        ("gzip", &reserved, "gzip: unknown header flags"),
        ("gzip", &wrong_check, "gzip: incorrect length check"),
        ("gzip", &wrong_crc, "gzip: incorrect data check"),
        ("deflate", junk, "deflate: "),
        ("deflate", &wrong_adler, "deflate: "),
        ("br", junk, "br: "),
        ("br", &[br(b"text"), b"more".to_vec()].concat(), "br: "),
        ("zstd", junk, "zstd: Unknown frame descriptor"),
        ("zstd", &[zstd(b"text"), b"junk".to_vec()].concat(), "zstd: Unknown frame descriptor"),
        ("br, gzip", &gzip(junk), "br: "),
    ];
    for (encoding, data, expected) in cases {
        let prefix = format!("the body does not decode as {expected}");
        let message = failure(whole(encoding, data));
        assert!(message.starts_with(&prefix), "{encoding}: {message}");
        let message = failure(decode(&[encoding.as_bytes()], None, data.chunks(1)));
        assert!(message.starts_with(&prefix), "{encoding} by bytes: {message}");
    }
}

#[test]
fn a_failure_is_for_good() {
    let mut decoder = Decoder::new([b"gzip".as_slice()], None);
    decoder.feed(Bytes::from_static(b"junk"));
    let first = decoder.next_chunk().unwrap_err();
    decoder.finish();
    assert_eq!(decoder.next_chunk().unwrap_err().message(), first.message());
}

#[test]
fn junk_after_good_data_fails_after_it() {
    let mut data = gzip(&sample());
    data.truncate(data.len() / 2);
    data.extend_from_slice(&[0xff; 64]);
    let mut decoder = Decoder::new([b"gzip".as_slice()], None);
    decoder.feed(data.into());
    decoder.finish();
    let mut results = std::iter::from_fn(|| decoder.next_chunk().transpose());
    assert!(results.any(|result| result.is_err()));
}

#[test]
fn the_limit_holds() {
    let zeros = vec![0; 1 << 20];
    let encodings: [(&str, Encode); 6] = [
        ("gzip", gzip),
        ("deflate", zlib),
        ("deflate", raw_deflate),
        ("br", br),
        ("zstd", zstd),
        ("gzip, br", |data| br(&gzip(data))),
    ];
    for (encoding, encode) in encodings {
        let encoded = encode(&zeros);
        assert!(encoded.len() < 4096, "{encoding}: not much of a bomb");
        let decode = |limit| decode(&[encoding.as_bytes()], Some(limit), [encoded.as_slice()]);
        assert_eq!(decode(1 << 20).unwrap().len(), 1 << 20, "{encoding}");
        let message = failure(decode((1 << 20) - 1));
        assert_eq!(message, "the body decodes to more than the limit of 1048575 bytes", "{encoding}");
    }
    assert_eq!(decode(&[b"gzip"], Some(0), [gzip(b"").as_slice()]).unwrap(), b"");
}

#[test]
fn the_limit_holds_within_a_chain() {
    // The inner layer is a bomb of empty members: nothing ever comes out at the end.
    let empty = gzip(b"").repeat(100_000);
    let body = zstd(&empty);
    let message = failure(decode(&[b"gzip, zstd"], Some(1000), [body.as_slice()]));
    assert!(message.contains("more than the limit"), "{message}");
}

#[test]
fn data_that_does_not_compress_passes_a_tight_limit() {
    let mut seed = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    })
    .take(10_000)
    .collect();
    let body = zstd(&br(&gzip(&noise)));
    assert!(body.len() > noise.len());
    assert_eq!(decode(&[b"gzip, br, zstd"], Some(10_000), [body.as_slice()]).unwrap(), noise);
}

#[test]
fn too_many_codings_are_refused() {
    let list = ["gzip"; 11].join(",");
    let decoder = Decoder::new([list.as_bytes()], None);
    assert!(!decoder.is_identity());
    assert_eq!(failure(whole(&list, b"x")), "the body has more than 10 content codings");
    let list = ["nonsense"; 1000].join(",");
    assert_eq!(whole(&list, b"x").unwrap(), b"x");
}

/// Pseudo-random numbers, the same in each run.
fn noise() -> impl FnMut(usize) -> usize {
    let mut seed = 7_u64;
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    }
}

#[test]
fn damaged_data_never_decodes_in_two_ways() {
    const ROUNDS: usize = 500;
    let mut random = noise();
    for (encoding, encoded, _) in forms().into_iter().filter(|(_, encoded, _)| !encoded.is_empty()) {
        for _ in 0..ROUNDS {
            let mut damaged = encoded.clone();
            for _ in 0..=random(3) {
                let at = random(damaged.len());
                damaged[at] ^= 1 << random(8);
            }
            let size = 1 + random(damaged.len());
            let limit = Some(1 << 20);
            let whole = decode(&[encoding.as_bytes()], limit, [damaged.as_slice()]).ok();
            let split = decode(&[encoding.as_bytes()], limit, damaged.chunks(size)).ok();
            // libzstd checks an empty frame's declared size only when it sees the frame whole.
            let same = whole == split || encoding.contains("zstd") && (whole.is_none() || split.is_none());
            assert!(same, "{encoding} in chunks of {size}: {damaged:x?}");
        }
    }
}
