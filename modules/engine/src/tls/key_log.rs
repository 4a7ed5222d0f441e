//! A file of connections' secrets, to decrypt captured traffic, in the format of `SSLKEYLOGFILE`.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use rustls::KeyLog;

use super::failed;
use crate::error::Result;

#[derive(Debug)]
struct FileKeyLog {
    file: File,
}

/// Opens the file for appending; what it holds stays.
///
/// # Errors
/// `ConnectError`, naming the file.
pub(super) fn open(path: &Path) -> Result<Arc<dyn KeyLog>> {
    let file = OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
        failed(format!("cannot log keys to '{}': {error}", path.display())).with_source(error)
    })?;
    Ok(Arc::new(FileKeyLog { file }))
}

impl KeyLog for FileKeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        // One call writes one line, so lines of several threads do not mix. A full disk does not fail the connection.
        let _ = (&self.file).write_all(line.as_bytes());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn secrets_are_appended_line_by_line() {
        let path = std::env::temp_dir().join(format!("tauraro-key-log-{}", std::process::id()));
        fs::write(&path, "# kept\n").expect("a file");
        let log = open(&path).expect("a log");
        log.log("CLIENT_RANDOM", &[0, 0xab], &[0xff]);
        log.log("EXPORTER_SECRET", &[1], &[]);
        let written = fs::read_to_string(&path).expect("the file");
        assert_eq!(written, "# kept\nCLIENT_RANDOM 00ab ff\nEXPORTER_SECRET 01 \n");
        fs::remove_file(&path).expect("the file");
        let error = open(Path::new("/nonexistent/folder/keys")).expect_err("no folder");
        assert!(error.message().contains("/nonexistent/folder/keys"), "{error}");
    }
}
