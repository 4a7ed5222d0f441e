//! Runs every `tests/python/test_*.py` with the built binary and the standard library's `unittest`,
//! each in a process of its own, against a server started here. `TAURARO_TEST_FILES=test_url,test_cookies`
//! leaves it at those.

#![expect(clippy::print_stdout, reason = "a report of each file, which libtest shows on failure")]

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tauraro_test_server::TestServer;

/// A file that takes longer hangs.
const LIMIT: Duration = Duration::from_mins(2);

/// How often to look whether a file has finished.
const POLL: Duration = Duration::from_millis(20);

#[test]
fn python_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python");
    let mut files = discover(&folder);
    if let Ok(wanted) = std::env::var("TAURARO_TEST_FILES") {
        files.retain(|file| wanted.split(',').any(|name| name == file));
    }
    assert!(!files.is_empty(), "no such test files in {}", folder.display());

    let server = TestServer::start();
    let mut failures = Vec::new();
    for file in &files {
        let started = Instant::now();
        let (verdict, output) = run(&folder, file, &server);
        println!("{verdict:>9}  {file}  ({:.1} s)", started.elapsed().as_secs_f32());
        if verdict != "ok" {
            println!("{output}");
            failures.push(file.as_str());
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} files failed: {}",
        failures.len(),
        files.len(),
        failures.join(", ")
    );
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

/// Runs one file; `ok`, `FAILED`, or `TIMED OUT`, and all it printed.
fn run(folder: &Path, module: &str, server: &TestServer) -> (&'static str, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tauraro"));
    command
        .args(["-B", "-m", "unittest", "-v", module])
        .current_dir(folder)
        .envs(server.environment())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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
    let mut child = command.spawn().expect("the binary starts");
    let outputs = [collect(child.stdout.take()), collect(child.stderr.take())];
    let status = wait(&mut child);
    let verdict = match status {
        Some(status) if status.success() => "ok",
        Some(_) => "FAILED",
        None => "TIMED OUT",
    };
    let mut text = outputs.map(|output| output.join().expect("a collecting thread")).concat();
    if let Some(status) = status {
        let _ = write!(text, "({status})");
    }
    (verdict, text)
}

/// Waits for the end of a child; kills it and gives `None` if that takes too long.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            return Some(status);
        }
        thread::sleep(POLL);
    }
    child.kill().expect("a child to kill");
    child.wait().expect("a child to wait for");
    None
}

/// Reads a stream to its end on a thread of its own, so that the child never waits for us.
fn collect(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is still worth showing.
        let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
