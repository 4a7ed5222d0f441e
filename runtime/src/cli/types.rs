//! `tauraro types DIR`: the type stubs of Tauraro's modules, for editors and type checkers.

use std::fmt::Write;
use std::path::Path;

/// The stubs by file name.
const STUBS: &[(&str, &str)] = &[
    ("httptools.pyi", include_str!("../../../stdlib-docs/stubs/httptools.pyi")),
    ("httpx.pyi", include_str!("../../../stdlib-docs/stubs/httpx.pyi")),
    ("httpx_sse.pyi", include_str!("../../../stdlib-docs/stubs/httpx_sse.pyi")),
];

/// Writes the stubs into `folder`, which is made if there is none; what to tell of it.
///
/// # Errors
/// What could not be written, and why.
pub(super) fn write(folder: &str) -> Result<String, String> {
    let path = Path::new(folder);
    let failure = |path: &Path, error: std::io::Error| {
        format!("cannot write {}: {}", path.display(), crate::program::describe(&error))
    };
    std::fs::create_dir_all(path).map_err(|error| failure(path, error))?;
    let mut told = String::new();
    for (name, stub) in STUBS {
        let file = path.join(name);
        std::fs::write(&file, stub).map_err(|error| failure(&file, error))?;
        // Writing into a String cannot fail.
        let _ = writeln!(told, "{}", file.display());
    }
    Ok(told)
}
