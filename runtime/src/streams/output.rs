//! Where the output of a script goes.

use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// How much is captured unless the host says otherwise: 16 MiB.
const DEFAULT_LIMIT: usize = 16 << 20;

/// Where `sys.stdout` or `sys.stderr` of a runtime writes.
///
/// Processes that a script starts inherit the streams of the host's process, not these.
#[derive(Default)]
pub struct Output(Target);

#[derive(Default)]
enum Target {
    #[default]
    Inherited,
    Null,
    Captured(Captured),
    Writer(Box<dyn Write + Send>),
}

impl Output {
    /// The stream of the host's process: the default.
    pub fn inherit() -> Self {
        Self(Target::Inherited)
    }

    /// Nowhere.
    pub fn null() -> Self {
        Self(Target::Null)
    }

    /// Memory, for [`Runtime::take_stdout`](crate::Runtime::take_stdout) and
    /// [`take_stderr`](crate::Runtime::take_stderr), up to 16 MiB.
    pub fn capture() -> Self {
        Self::capture_up_to(DEFAULT_LIMIT)
    }

    /// As [`capture`](Self::capture), with at most `limit` bytes at a time. Printing more raises `OSError` until the
    /// host has taken what is there.
    pub fn capture_up_to(limit: usize) -> Self {
        Self(Target::Captured(Captured { limit, bytes: Arc::default() }))
    }

    /// A writer of the host, which gets every line immediately. Its errors are `OSError` in the script; it is called
    /// by the thread that prints, one at a time. While it waits, the script cannot be interrupted.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self(Target::Writer(Box::new(writer)))
    }

    pub(super) fn captured(&self) -> Option<Captured> {
        match &self.0 {
            Target::Captured(captured) => Some(captured.clone()),
            _ => None,
        }
    }

    /// The writer, unless that is the process itself.
    pub(super) fn into_sink(self) -> Option<Box<dyn Write + Send>> {
        match self.0 {
            Target::Inherited => None,
            Target::Null => Some(Box::new(io::sink())),
            Target::Captured(captured) => Some(Box::new(captured)),
            Target::Writer(writer) => Some(writer),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Target::Inherited => "Output::inherit()",
            Target::Null => "Output::null()",
            Target::Captured(_) => "Output::capture()",
            Target::Writer(_) => "Output::writer(..)",
        })
    }
}

/// Output that is kept for the host.
#[derive(Clone)]
pub(crate) struct Captured {
    limit: usize,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Captured {
    /// Takes what is there.
    pub(crate) fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Captured {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit.saturating_sub(bytes.len());
        let taken = data.get(..room).unwrap_or(data);
        if taken.is_empty() && !data.is_empty() {
            return Err(io::Error::other(format!(
                "the captured output has reached its limit of {} bytes",
                self.limit
            )));
        }
        bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
