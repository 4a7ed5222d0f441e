//! Text of bodies: charsets, incremental decoding, lines.

mod content_type;
mod lines;
mod utf8;

pub use content_type::{charset, multipart_boundary};
pub use lines::LineDecoder;
pub use utf8::Utf8Decoder;
