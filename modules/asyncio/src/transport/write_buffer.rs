//! What waits to be sent.

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;

use rustpython_vm::builtins::{PyBytes, PyBytesRef};

use super::sys;

/// Smaller writes are put together in chunks of up to this size, in bytes.
const MAX_COALESCED: usize = 64 * 1024;

/// A piece of what waits.
enum Data {
    /// An object of the script, kept instead of copied.
    Bytes(PyBytesRef),
    Copied(Vec<u8>),
}

struct Chunk {
    data: Data,
    /// How much of it was sent.
    sent: usize,
}

impl Chunk {
    fn rest(&self) -> &[u8] {
        let all = match &self.data {
            Data::Bytes(bytes) => bytes.as_bytes(),
            Data::Copied(bytes) => bytes,
        };
        all.get(self.sent..).unwrap_or_default()
    }
}

/// Where a slice that is written came from, when it is a `bytes` object.
pub(super) type Owner<'a> = Option<&'a rustpython_vm::Py<PyBytes>>;

/// The bytes that wait to be sent, in order.
#[derive(Default)]
pub(super) struct WriteBuffer {
    chunks: VecDeque<Chunk>,
    length: usize,
}

impl WriteBuffer {
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Adds what is left of `data` after the first `sent` bytes.
    pub(super) fn push(&mut self, data: &[u8], sent: usize, owner: Owner<'_>) {
        let Some(rest) = data.get(sent..).filter(|rest| !rest.is_empty()) else {
            return;
        };
        self.length += rest.len();
        if let Some(Chunk { data: Data::Copied(last), .. }) = self.chunks.back_mut()
            && last.len() + rest.len() <= MAX_COALESCED
        {
            last.extend_from_slice(rest);
            return;
        }
        let chunk = match owner {
            Some(owner) if rest.len() >= 1024 => Chunk { data: Data::Bytes(owner.to_owned()), sent },
            _ => Chunk { data: Data::Copied(rest.to_vec()), sent: 0 },
        };
        self.chunks.push_back(chunk);
    }

    /// Hands as much as possible to the system.
    pub(super) fn send(&mut self, fd: RawFd) -> io::Result<()> {
        let parts: Vec<&[u8]> = self.chunks.iter().take(sys::MAX_PARTS).map(Chunk::rest).collect();
        let mut sent = sys::send(fd, &parts)?;
        self.length = self.length.saturating_sub(sent);
        while let Some(chunk) = self.chunks.front_mut() {
            let rest = chunk.rest().len();
            if sent < rest {
                chunk.sent += sent;
                break;
            }
            sent -= rest;
            self.chunks.pop_front();
        }
        Ok(())
    }

    /// Takes up to `max` bytes out.
    pub(super) fn take(&mut self, max: usize) -> Vec<u8> {
        let mut taken = Vec::with_capacity(max.min(self.length));
        while let Some(chunk) = self.chunks.front_mut() {
            let rest = chunk.rest();
            let count = rest.len().min(max - taken.len());
            taken.extend_from_slice(rest.get(..count).unwrap_or_default());
            if count < rest.len() {
                chunk.sent += count;
                break;
            }
            self.chunks.pop_front();
        }
        self.length = self.length.saturating_sub(taken.len());
        taken
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.chunks.clear();
        self.length = 0;
    }
}
