//! Text, and headers that speak of it.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LINK};

use super::{Call, Outcome, Problem, Reply, header_value, plain, typed};
use crate::body::Body;

const UTF_8: &str = "Zażółć gęślą jaźń – naïve café, 日本語 😀";

/// Charsets beside UTF-8, each with a text it can write.
const CHARSETS: &[(&str, &[u8])] = &[
    // Zażółć gęślą jaźń
    (
        "utf-8-sig",
        b"\xef\xbb\xbfZa\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 g\xc4\x99\xc5\x9bl\xc4\x85 ja\xc5\xba\xc5\x84",
    ),
    // Grüße, naïve café ½
    ("iso-8859-1", b"Gr\xfc\xdfe, na\xefve caf\xe9 \xbd"),
    // Zażółć gęślą jaźń
    ("iso-8859-2", b"Za\xbf\xf3\xb3\xe6 g\xea\xb6l\xb1 ja\xbc\xf1"),
    // “Grüße” – 5 €
    ("windows-1252", b"\x93Gr\xfc\xdfe\x94 \x96 5 \x80"),
    // Привет, мир
    ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4, \xcd\xc9\xd2"),
    // こんにちは、世界
    ("shift_jis", b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\x81A\x90\xa2\x8aE"),
    // 你好，世界
    ("gbk", b"\xc4\xe3\xba\xc3\xa3\xac\xca\xc0\xbd\xe7"),
    // Zażółć 😀
    ("utf-16", b"\xff\xfeZ\x00a\x00|\x01\xf3\x00B\x01\x07\x01 \x00=\xd8\x00\xde"),
];

pub(super) fn text(call: &Call) -> Outcome {
    let Some(charset) = call.query.get("charset") else {
        return Ok(typed("text/plain", UTF_8));
    };
    let bytes = match CHARSETS.iter().find(|(name, _)| name.eq_ignore_ascii_case(charset)) {
        Some(&(_, bytes)) => bytes,
        None if charset.eq_ignore_ascii_case("utf-8") => UTF_8.as_bytes(),
        None => return Err(Problem(format!("no text in {charset}"))),
    };
    let mut answer = typed("text/plain", bytes);
    answer.headers_mut().insert(CONTENT_TYPE, header_value(&format!("text/plain; charset={charset}"))?);
    Ok(answer)
}

pub(super) fn lines() -> Reply {
    let chunks =
        ["first\nsecond\r", "\nthird\rfourth\n\nfif", "th\u{2028}sixth\u{85}", "seventh\u{b}eighth\u{c}last"];
    typed("text/plain; charset=utf-8", in_chunks(&chunks))
}

pub(super) fn link() -> Reply {
    let mut answer = plain(StatusCode::OK, "see the header");
    let value = "</link?page=2>; rel=\"next\", </link?page=9>; rel=\"last\"; title=\"the end\"";
    answer.headers_mut().insert(LINK, HeaderValue::from_static(value));
    answer
}

pub(super) fn events() -> Reply {
    let chunks = ["id: 1\ndata: first\n\nevent: note\ndata: sec", "ond\ndata: line\n\ndata: third\n\n"];
    let mut answer = typed("text/event-stream", in_chunks(&chunks));
    let name = HeaderName::from_static("cache-control");
    answer.headers_mut().insert(name, HeaderValue::from_static("no-store"));
    answer
}

/// A body that reaches the client in these pieces, unless the network joins them.
fn in_chunks<const N: usize>(chunks: &[&'static str; N]) -> Body {
    let chunks = *chunks;
    Body::stream(move |sender| async move {
        for chunk in chunks {
            sender.send(chunk).await?;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok(())
    })
}
