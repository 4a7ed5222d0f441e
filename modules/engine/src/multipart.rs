//! `multipart/form-data` (RFC 7578): the framing around each part. Contents are streamed by the
//! caller between [`Part::head`] and `\r\n`.

use bytes::Bytes;

/// A part to be framed.
#[derive(Clone, Debug)]
pub struct Part {
    /// The form field's name.
    pub name: String,
    /// The file's name; `None` for a plain field.
    pub filename: Option<String>,
    /// Further headers of the part, `Content-Type` among them.
    pub headers: Vec<(String, String)>,
}

impl Part {
    /// `--boundary`, the part's headers and the empty line.
    pub fn head(&self, _boundary: &[u8]) -> Bytes {
        todo!()
    }
}

/// The line that ends the body.
pub fn tail(_boundary: &[u8]) -> Bytes {
    todo!()
}

/// A fresh boundary: 32 hexadecimal digits.
pub fn random_boundary() -> Vec<u8> {
    todo!()
}

/// The content type that a file's name suggests.
pub fn guess_content_type(_filename: &str) -> &'static str {
    todo!()
}
