//! The payload that is appended to the executable of an application, and how the executable finds it.
//!
//! The copy of the executable differs from its original in one number in [`MARKER`]: the offset of the payload. So
//! starting without a payload costs nothing, and a truncated application is not mistaken for a plain interpreter. At
//! that offset follow, numbers in little-endian order:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the length of the archive |
//! | 4 | the length of the words |
//! | 4 | the CRC-32 of the words and the archive |
//! | | the built-in words of the command line, each terminated by NUL |
//! | | the archive: a zip file, from which the interpreter imports |

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Crc;
use memchr::memmem;

use crate::cli::error::UsageError;
use crate::program;

/// A pattern to find in the bytes of the executable, then the offset of the payload: 0 if there is none.
///
/// They are atomic so that the compiler cannot assume their values, and cannot copy them.
#[used]
static MARKER: [AtomicU64; 4] = [
    AtomicU64::new(u64::from_le_bytes(*b"Tauraro\0")),
    AtomicU64::new(u64::from_le_bytes(*b"payload\0")),
    AtomicU64::new(0x9d1f_62c8_07b3_5ae4),
    AtomicU64::new(0),
];

/// How many bytes come before the words.
const HEADER_SIZE: usize = 16;

/// Why the payload of this executable cannot be used. Displays as a line.
#[derive(Debug)]
pub(in crate::cli) struct InvalidPayload(String);

impl fmt::Display for InvalidPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidPayload {}

/// The executable, if it has a payload, and the built-in words. The whole payload is verified.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn find() -> Option<Result<(PathBuf, Vec<String>), InvalidPayload>> {
    offset().map(|offset| {
        let path = std::env::current_exe();
        let path = path.map_err(|error| InvalidPayload(format!("cannot find this application: {error}")))?;
        if path.to_str().is_none() {
            let message = format!("the path of the application is not valid UTF-8: {}", path.display());
            return Err(InvalidPayload(message));
        }
        let words =
            read(&path, offset).map_err(|error| InvalidPayload(format!("{}: {error}", path.display())))?;
        Ok((path, words))
    })
}

/// The offset of the payload, if there is one.
pub(super) fn offset() -> Option<u64> {
    Some(load(3)).filter(|&offset| offset != 0)
}

fn load(part: usize) -> u64 {
    MARKER.get(part).map_or(0, |number| number.load(Ordering::Relaxed))
}

/// The words of the payload at `offset`.
fn read(path: &Path, offset: u64) -> Result<Vec<String>, InvalidPayload> {
    let damaged = || InvalidPayload("the application is damaged: download or compile it again".to_owned());
    let mut payload = Vec::new();
    File::open(path)
        .and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.read_to_end(&mut payload)
        })
        .map_err(|error| {
            InvalidPayload(format!("cannot read the application: {}", program::describe(&error)))
        })?;
    let (head, rest) = payload.split_first_chunk::<HEADER_SIZE>().ok_or_else(damaged)?;
    let [archive, words, checksum] =
        [(0, 8), (8, 4), (12, 4)].map(|(start, length)| number(head, start, length));
    let (words, rest) =
        usize::try_from(words).ok().and_then(|length| rest.split_at_checked(length)).ok_or_else(damaged)?;
    if rest.len() as u64 != archive || u64::from(checksum_of(words, rest)) != checksum {
        return Err(damaged());
    }
    let words = str::from_utf8(words).map_err(|_| damaged())?;
    Ok(words.split_terminator('\0').map(str::to_owned).collect())
}

/// The number of `length` bytes that starts there.
fn number(head: &[u8], start: usize, length: usize) -> u64 {
    head.iter().skip(start).take(length).rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn checksum_of(words: &[u8], archive: &[u8]) -> u32 {
    let mut checksum = Crc::new();
    checksum.update(words);
    checksum.update(archive);
    checksum.sum()
}

/// Writes an application: this executable with a payload. An existing file is replaced once everything is written.
///
/// Returns the length of the file in bytes.
///
/// # Errors
/// What could not be read or written.
pub(super) fn write(output: &Path, words: &[String], archive: &[u8]) -> Result<u64, UsageError> {
    let executable = std::env::current_exe().and_then(fs::read);
    let mut content = executable.map_err(|error| UsageError::io("read", "this executable", &error))?;
    point_to_payload(&mut content)?;
    let words: String = words.iter().flat_map(|word| [word.as_str(), "\0"]).collect();
    let length =
        u32::try_from(words.len()).map_err(|_| UsageError::invalid_value("the options are too long"))?;
    content.extend_from_slice(&(archive.len() as u64).to_le_bytes());
    content.extend_from_slice(&length.to_le_bytes());
    content.extend_from_slice(&checksum_of(words.as_bytes(), archive).to_le_bytes());
    content.extend_from_slice(words.as_bytes());
    content.extend_from_slice(archive);
    replace(output, &content).map_err(|error| UsageError::io("write", output.display(), &error))?;
    Ok(content.len() as u64)
}

/// Sets the offset in the bytes of an executable to their end.
fn point_to_payload(executable: &mut [u8]) -> Result<(), UsageError> {
    let marker: Vec<u8> = (0..MARKER.len()).flat_map(|part| load(part).to_ne_bytes()).collect();
    let end = (executable.len() as u64).to_ne_bytes();
    let mut places = memmem::find_iter(executable, &marker);
    let (Some(place), None) = (places.next(), places.next()) else {
        let message = "this executable cannot be copied: it was modified after it was built";
        return Err(UsageError::invalid_value(message));
    };
    let number = place.saturating_add(marker.len()).saturating_sub(end.len());
    if let Some(number) = executable.get_mut(number..).and_then(|rest| rest.first_chunk_mut()) {
        *number = end;
    }
    Ok(())
}

/// Writes an executable file and moves it to its place, so that a partial one is never seen there.
fn replace(output: &Path, content: &[u8]) -> io::Result<()> {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = output.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = create(&unfinished)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&unfinished, output));
    if written.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Creates an executable file.
fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
    }
    Ok(file)
}
