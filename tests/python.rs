//! Runs every `tests/python/test_*.py` with the built binary and the standard library's `unittest`. Each file is one
//! test, named after it, with its own process and its own server. The tests run in parallel and take the arguments of
//! libtest, such as a filter; cargo-nextest runs them too:
//!
//! ```console
//! $ cargo test -p tauraro --test python test_url --ignore-rust-version
//! ```

use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use tauraro_test_server::TestServer;

/// A file that takes longer hangs. The slowest takes about 20 seconds.
const LIMIT: Duration = Duration::from_mins(5);

/// How often to look whether a file has finished.
const POLL: Duration = Duration::from_millis(20);

/// How long to wait for more output after a file has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most tests wait more than they use the processor.
    arguments.test_threads.get_or_insert(2 * thread::available_parallelism().map_or(1, NonZero::get));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python");
    let files = discover(&folder);
    assert!(!files.is_empty(), "no test files in {}", folder.display());
    let shows_output = arguments.nocapture;
    let trials = files
        .into_iter()
        .map(|file| {
            let folder = folder.clone();
            Trial::test(file.clone(), move || run(&folder, &file, shows_output))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The names of the test modules, sorted.
fn discover(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| PathBuf::from(entry.expect("a readable folder").file_name()))
        .filter(|name| name.extension().is_some_and(|extension| extension == "py"))
        .filter_map(|name| name.file_stem()?.to_str().map(str::to_owned))
        .filter(|name| name.starts_with("test_"))
        .collect();
    names.sort();
    names
}

/// Runs one file. A failure contains its output, unless that was inherited.
fn run(folder: &Path, module: &str, shows_output: bool) -> Result<(), Failed> {
    // Not shared: some tests count the server's connections, or read the log of its proxies.
    let server = TestServer::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tauraro"));
    command
        .args(["-B", "-m", "unittest", "-v", module])
        .current_dir(folder)
        .envs(server.environment())
        .stdin(Stdio::null());
    if !shows_output {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy().to_ascii_uppercase();
        // What surrounds the tests must not decide them: interpreter settings, proxies, roots.
        if name_text.starts_with("PYTHON")
            || name_text.ends_with("_PROXY")
            || name_text.starts_with("SSL_CERT_")
        {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().map_err(|error| format!("the binary does not start: {error}"))?;
    let outputs = [Output::collect(child.stdout.take()), Output::collect(child.stderr.take())];
    let status = wait(&mut child)?;
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    let end = match status {
        Some(status) => format!("{module} failed: {status}"),
        None => format!("{module} was killed after {} s", LIMIT.as_secs()),
    };
    Err((outputs.map(Output::into_text).concat() + &end).into())
}

/// Waits for the end of a child; kills it and gives `None` if that takes too long.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// The output of a child on one stream, read on its own thread so that the child never blocks on a full pipe.
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Output {
    fn collect(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let collected = bytes.clone();
        let reader = thread::spawn(move || {
            let Some(mut stream) = stream else { return };
            let mut piece = [0; 4096];
            // What came before an error is still worth showing.
            while let Ok(length @ 1..) = stream.read(&mut piece) {
                collected.lock().expect("the only writer").extend_from_slice(&piece[..length]);
            }
        });
        Self { bytes, reader }
    }

    /// The output so far. Does not wait for a process that the child left behind with the stream open.
    fn into_text(self) -> String {
        let deadline = Instant::now() + LAST_WORDS;
        while !self.reader.is_finished() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        String::from_utf8_lossy(&self.bytes.lock().expect("no reader panics")).into_owned()
    }
}
