//! Where the input of a script comes from.

use std::fmt;
use std::io::{self, Cursor, Read};

/// What `sys.stdin` of a runtime reads.
#[derive(Default)]
pub struct Input(Source);

#[derive(Default)]
enum Source {
    #[default]
    Inherited,
    Reader(Box<dyn Read + Send>),
}

impl Input {
    /// The stream of the host's process: the default.
    pub fn inherit() -> Self {
        Self(Source::Inherited)
    }

    /// Empty: `input()` raises `EOFError`.
    pub fn empty() -> Self {
        Self::reader(io::empty())
    }

    /// These bytes, or this text.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::reader(Cursor::new(bytes.into()))
    }

    /// A reader of the host. Its errors are `OSError` in the script. While it waits, the script cannot be
    /// interrupted.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self(Source::Reader(Box::new(reader)))
    }

    /// The reader, unless that is the process itself.
    pub(super) fn into_source(self) -> Option<Box<dyn Read + Send>> {
        match self.0 {
            Source::Inherited => None,
            Source::Reader(reader) => Some(reader),
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Inherited => "Input::inherit()",
            Source::Reader(_) => "Input::reader(..)",
        })
    }
}
