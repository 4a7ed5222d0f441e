//! `tauraro types DIR`: the type stubs of Tauraro's modules, for editors and type checkers.

use std::fmt::Write;
use std::path::Path;

use super::error::UsageError;

/// The name of a stub, relative to the folder of all, and its text.
macro_rules! stub {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../stdlib-docs/stubs/", $name)))
    };
}

/// The stubs by file name.
const STUBS: &[(&str, &str)] = &[
    stub!("httptools.pyi"),
    stub!("httpx.pyi"),
    stub!("httpx2/__init__.pyi"),
    stub!("httpx2/websockets.pyi"),
    stub!("httpx_sse.pyi"),
    stub!("tauraro.pyi"),
    stub!("websockets/__init__.pyi"),
    stub!("websockets/asyncio/__init__.pyi"),
    stub!("websockets/asyncio/client.pyi"),
    stub!("websockets/asyncio/connection.pyi"),
    stub!("websockets/asyncio/messages.pyi"),
    stub!("websockets/asyncio/router.pyi"),
    stub!("websockets/asyncio/server.pyi"),
    stub!("websockets/cli.pyi"),
    stub!("websockets/client.pyi"),
    stub!("websockets/datastructures.pyi"),
    stub!("websockets/exceptions.pyi"),
    stub!("websockets/extensions/__init__.pyi"),
    stub!("websockets/extensions/base.pyi"),
    stub!("websockets/extensions/permessage_deflate.pyi"),
    stub!("websockets/frames.pyi"),
    stub!("websockets/headers.pyi"),
    stub!("websockets/http11.pyi"),
    stub!("websockets/legacy/__init__.pyi"),
    stub!("websockets/legacy/auth.pyi"),
    stub!("websockets/legacy/client.pyi"),
    stub!("websockets/legacy/exceptions.pyi"),
    stub!("websockets/legacy/framing.pyi"),
    stub!("websockets/legacy/handshake.pyi"),
    stub!("websockets/legacy/http.pyi"),
    stub!("websockets/legacy/protocol.pyi"),
    stub!("websockets/legacy/server.pyi"),
    stub!("websockets/protocol.pyi"),
    stub!("websockets/proxy.pyi"),
    stub!("websockets/server.pyi"),
    stub!("websockets/streams.pyi"),
    stub!("websockets/sync/__init__.pyi"),
    stub!("websockets/sync/client.pyi"),
    stub!("websockets/sync/connection.pyi"),
    stub!("websockets/sync/messages.pyi"),
    stub!("websockets/sync/router.pyi"),
    stub!("websockets/sync/server.pyi"),
    stub!("websockets/sync/utils.pyi"),
    stub!("websockets/typing.pyi"),
    stub!("websockets/uri.pyi"),
    stub!("websockets/utils.pyi"),
    stub!("websockets/version.pyi"),
];

/// Writes the stubs into `folder`, which is created if it does not exist. Returns the files, one per line.
///
/// # Errors
/// What could not be written, and why.
pub(super) fn write(folder: &str) -> Result<String, UsageError> {
    let path = Path::new(folder);
    let failure = |path: &Path, error: std::io::Error| UsageError::io("write", path.display(), &error);
    let mut files = String::new();
    for (name, stub) in STUBS {
        let file = path.join(name);
        if let Some(package) = file.parent() {
            std::fs::create_dir_all(package).map_err(|error| failure(package, error))?;
        }
        std::fs::write(&file, stub).map_err(|error| failure(&file, error))?;
        // Writing into a String cannot fail.
        let _ = writeln!(files, "{}", file.display());
    }
    Ok(files)
}
