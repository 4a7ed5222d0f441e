//! What is to be sent.

/// Bytes to be sent in one go, that remember where each frame ends.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    items: Vec<Mark>,
}

#[derive(Clone, Copy, Debug)]
enum Mark {
    /// A write ends here, at this offset.
    End(usize),
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
        self.items.is_empty()
    }

    /// Everything before the end of the stream, together.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything before the end of the stream, to keep.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether the stream ends.
    pub fn has_eof(&self) -> bool {
        self.items.iter().any(|mark| matches!(mark, Mark::Eof))
    }

    /// One by one.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let mut start = 0;
        self.items.iter().map(move |mark| match *mark {
            Mark::Eof => Item::Eof,
            Mark::End(end) => {
                let bytes = self.bytes.get(start..end).unwrap_or_default();
                start = end;
                Item::Bytes(bytes)
            }
        })
    }

    /// Appends one write.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.items.push(Mark::End(self.bytes.len()));
    }

    /// Appends the end of the stream.
    pub fn push_eof(&mut self) {
        self.items.push(Mark::Eof);
    }
}
