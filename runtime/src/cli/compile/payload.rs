//! What a compiled application carries behind the executable, and how the executable knows of it.
//!
//! The copy of the executable differs from its original in one number, [`MARK`]: where the payload begins.
//! So a start without a payload costs nothing, and an application that was cut short is not mistaken for a
//! plain interpreter. At that place follow, numbers in little-endian order:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the length of the archive |
//! | 4 | the length of the words |
//! | 4 | the CRC-32 of the words and the archive |
//! | | the words of the command line that are built in, separated by NUL |
//! | | the archive: a zip file, from which the interpreter imports |

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Crc;
use memchr::memmem;

use crate::program;

/// What finds the mark in the bytes of the executable, then the place of the payload: 0 if there is none.
///
/// Numbers that could change keep the compiler from knowing them, and so from making copies.
#[used]
static MARK: [AtomicU64; 4] = [
    AtomicU64::new(u64::from_le_bytes(*b"Tauraro\0")),
    AtomicU64::new(u64::from_le_bytes(*b"payload\0")),
    AtomicU64::new(0x9d1f_62c8_07b3_5ae4),
    AtomicU64::new(0),
];

/// How many bytes stand before the words.
const HEAD: usize = 16;

/// The executable, if it has a payload, and the words that are built in. All of the payload is checked.
///
/// # Errors
/// What is wrong with it, in a line.
pub(super) fn find() -> Option<Result<(PathBuf, Vec<String>), String>> {
    place().map(|place| {
        let path = std::env::current_exe();
        let path = path.map_err(|error| format!("cannot tell where this application is: {error}"))?;
        if path.to_str().is_none() {
            return Err(format!("the path of the application is not valid UTF-8: {}", path.display()));
        }
        let words = read(&path, place).map_err(|mistake| format!("{}: {mistake}", path.display()))?;
        Ok((path, words))
    })
}

/// Where the payload begins, if there is one.
pub(super) fn place() -> Option<u64> {
    Some(load(3)).filter(|&place| place != 0)
}

fn load(part: usize) -> u64 {
    MARK.get(part).map_or(0, |number| number.load(Ordering::Relaxed))
}

/// The words of the payload at `place`.
fn read(path: &Path, place: u64) -> Result<Vec<String>, String> {
    let damaged = "the application is damaged, please get it anew";
    let mut payload = Vec::new();
    File::open(path)
        .and_then(|mut file| {
            file.seek(SeekFrom::Start(place))?;
            file.read_to_end(&mut payload)
        })
        .map_err(|error| format!("cannot read the application: {}", program::describe(&error)))?;
    let (head, rest) = payload.split_first_chunk::<HEAD>().ok_or(damaged)?;
    let [archive, words, checksum] =
        [(0, 8), (8, 4), (12, 4)].map(|(start, length)| number(head, start, length));
    let (words, rest) =
        usize::try_from(words).ok().and_then(|length| rest.split_at_checked(length)).ok_or(damaged)?;
    if rest.len() as u64 != archive || u64::from(checksum_of(words, rest)) != checksum {
        return Err(damaged.to_owned());
    }
    let words = str::from_utf8(words).map_err(|_| damaged)?;
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

/// Writes an application: this executable with a payload. A file of the name is replaced once all is written.
///
/// Returns the length of the file in bytes.
///
/// # Errors
/// What could not be read or written, in a line.
pub(super) fn write(output: &Path, words: &[String], archive: &[u8]) -> Result<u64, String> {
    let executable = std::env::current_exe().and_then(fs::read);
    let mut content =
        executable.map_err(|error| format!("cannot read this executable: {}", program::describe(&error)))?;
    point_to_payload(&mut content)?;
    let words: String = words.iter().flat_map(|word| [word.as_str(), "\0"]).collect();
    let length = u32::try_from(words.len()).map_err(|_| "the options are too long")?;
    content.extend_from_slice(&(archive.len() as u64).to_le_bytes());
    content.extend_from_slice(&length.to_le_bytes());
    content.extend_from_slice(&checksum_of(words.as_bytes(), archive).to_le_bytes());
    content.extend_from_slice(words.as_bytes());
    content.extend_from_slice(archive);
    replace(output, &content)
        .map_err(|error| format!("cannot write {}: {}", output.display(), program::describe(&error)))?;
    Ok(content.len() as u64)
}

/// Sets the mark in the bytes of an executable to their end.
fn point_to_payload(executable: &mut [u8]) -> Result<(), String> {
    let mark: Vec<u8> = (0..MARK.len()).flat_map(|part| load(part).to_ne_bytes()).collect();
    let end = (executable.len() as u64).to_ne_bytes();
    let mut places = memmem::find_iter(executable, &mark);
    let (Some(place), None) = (places.next(), places.next()) else {
        return Err("this executable cannot be copied: it was changed since it was built".to_owned());
    };
    let number = place.saturating_add(mark.len()).saturating_sub(end.len());
    if let Some(number) = executable.get_mut(number..).and_then(|rest| rest.first_chunk_mut()) {
        *number = end;
    }
    Ok(())
}

/// Puts an executable file in its place at once, so that nobody sees half of it.
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

/// Opens a new file that may be executed.
fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
    }
    Ok(file)
}
