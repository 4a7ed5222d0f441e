//! The audit log: one line of JSON for each request.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use time::OffsetDateTime;

/// What was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A connection, or a datagram to a host.
    Connect,
    /// The addresses of a name.
    Resolve,
    /// A socket that others can reach.
    Listen,
    /// A process, or a signal to one.
    Run,
    /// A file, opened.
    Open,
    /// Another operation on a file or folder: listed, removed, renamed.
    File,
    /// An environment variable, set or removed.
    Env,
    /// A foreign library, or memory.
    Ffi,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Resolve => "resolve",
            Self::Listen => "listen",
            Self::Run => "run",
            Self::Open => "open",
            Self::File => "file",
            Self::Env => "env",
            Self::Ffi => "ffi",
        }
    }
}

/// A file to which lines are appended.
///
/// It is opened for each line: scripts could truncate or close an open file by its descriptor.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    /// Appends to the file at `path`, which is created if it does not exist.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn to_file(path: &Path) -> io::Result<Self> {
        open(path)?;
        Ok(Self { path: path.canonicalize()? })
    }

    /// Where it is, with symbolic links resolved.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one line: the time (UTC), the kind, what was requested, and whether it was allowed.
    ///
    /// # Errors
    /// Why it could not be written.
    pub(super) fn write(&self, kind: Kind, what: &str, allowed: bool) -> io::Result<()> {
        let line = json!({ "time": now(), "kind": kind.name(), "what": what, "allowed": allowed });
        // One call per line, so that the lines of several threads and processes are not mixed.
        let line = format!("{line}\n");
        open(&self.path)?.write_all(line.as_bytes())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The time in UTC in the format of RFC 3339, to the microsecond.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let (year, month, day) = now.to_calendar_date();
    let (hour, minute, second, micro) = now.to_hms_micro();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z", u8::from(month))
}
