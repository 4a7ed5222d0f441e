//! What is to be sent.

/// Bytes to be sent together, with a record of where each frame ends.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    boundaries: Vec<Boundary>,
}

#[derive(Clone, Copy, Debug)]
enum Boundary {
    /// A write ends at this offset.
    Write(usize),
    Eof,
}

/// One thing to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A frame, or a message of the opening handshake.
    Bytes(&'a [u8]),
    /// The end of the stream: half-close the connection.
    Eof,
}

impl Output {
    /// Whether there is nothing to be sent.
    pub fn is_empty(&self) -> bool {
        self.boundaries.is_empty()
    }

    /// Everything before the end of the stream.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything before the end of the stream, as an owned buffer.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether the stream ends.
    pub fn has_eof(&self) -> bool {
        self.boundaries.iter().any(|boundary| matches!(boundary, Boundary::Eof))
    }

    /// The writes and the end of the stream, in order.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let mut start = 0;
        self.boundaries.iter().map(move |boundary| match *boundary {
            Boundary::Eof => Item::Eof,
            Boundary::Write(end) => {
                let bytes = self.bytes.get(start..end).unwrap_or_default();
                start = end;
                Item::Bytes(bytes)
            }
        })
    }

    /// Appends one write.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.boundaries.push(Boundary::Write(self.bytes.len()));
    }

    /// Appends the end of the stream.
    pub fn push_eof(&mut self) {
        self.boundaries.push(Boundary::Eof);
    }
}
