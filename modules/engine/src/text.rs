//! Text of bodies: charsets, incremental decoding, lines.

/// Splits text into lines as `str.splitlines` does, over any split of the input (httpx's
/// `LineDecoder`).
#[derive(Debug, Default)]
pub struct LineDecoder {}

impl LineDecoder {
    /// The lines completed by `text`.
    pub fn feed(&mut self, _text: &str) -> Vec<String> {
        todo!()
    }
    /// The last line, when the text did not end in a line break.
    pub fn finish(&mut self) -> Vec<String> {
        todo!()
    }
}

/// The `charset` parameter of a `Content-Type` value.
pub fn charset(_content_type: &str) -> Option<String> {
    todo!()
}

/// The media type of a `Content-Type` value and its `boundary` parameter, for a multipart body that
/// the caller framed.
pub fn multipart_boundary(_content_type: &[u8]) -> Option<Vec<u8>> {
    todo!()
}
