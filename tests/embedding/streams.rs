//! Standard streams of a runtime's own.

use std::io::{self, Read, Write};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use tauraro::{Input, Output, Runtime};

use crate::failure;

fn captured() -> Runtime {
    let builder = Runtime::builder().stdin(Input::empty());
    builder.stdout(Output::capture()).stderr(Output::capture()).build().expect("a runtime")
}

fn stdout(runtime: &Runtime) -> String {
    String::from_utf8(runtime.take_stdout()).expect("UTF-8")
}

fn stderr(runtime: &Runtime) -> String {
    String::from_utf8(runtime.take_stderr()).expect("UTF-8")
}

#[test]
fn output_is_captured() {
    let runtime = captured();
    runtime
        .run_string("print('one', 'Grüße')\nimport sys\nprint('two', file=sys.stderr)", "<print>")
        .expect("runs");
    assert_eq!(stdout(&runtime), "one Grüße\n");
    assert_eq!(stderr(&runtime), "two\n");
    assert_eq!(stdout(&runtime), "", "it was taken");
    let source = "
sys.stdout.buffer.write(b'\\xff\\x00'); sys.stdout.flush()
print('part', end='', flush=True)
sys.__stdout__.write('dunder'); sys.stdout.writelines(['a', 'b'])
sys.stdout.buffer.raw.write(b'')
assert not sys.stdout.isatty() and not sys.stdout.seekable() and sys.stdout.writable()
assert (sys.stdout.name, sys.stdout.mode, sys.stdout.encoding) == ('<stdout>', 'w', 'utf-8'), sys.stdout
try: sys.stdout.fileno()
except OSError as error: assert type(error).__name__ == 'UnsupportedOperation'
try: sys.stdout.read()
except OSError: pass
";
    runtime.run_string(source, "<bytes>").expect("runs");
    assert_eq!(runtime.take_stdout(), b"\xff\x00partdunderab");
    runtime.run_string("print('\\udcff')", "<surrogate>").expect("runs");
    assert_eq!(runtime.take_stdout(), b"\xff\n");
}

#[test]
fn reports_are_captured() {
    let runtime = captured();
    let source = "
import sys, threading, warnings
warnings.warn('careful')
class Bad:
    def __del__(self): raise ValueError('unraisable')
bad = Bad(); del bad
import gc; gc.collect()
thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()
threads = [threading.Thread(target=print, args=('thread', n)) for n in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
try: 1 / 0
except ZeroDivisionError: sys.excepthook(*sys.exc_info())
import traceback, logging
logging.error('logged')
def after():
    print('the end')
    1 / 0
import atexit; atexit.register(after)
";
    runtime.run_string(source, "<reports>").expect("runs");
    let reports = stderr(&runtime);
    for part in ["UserWarning: careful", "ValueError: unraisable", "Exception in thread", "ERROR:root:logged"]
    {
        assert!(reports.contains(part), "{part:?} is not in {reports}");
    }
    assert_eq!(reports.matches("ZeroDivisionError").count(), 2, "{reports}");
    let mut lines: Vec<String> = stdout(&runtime).lines().map(str::to_owned).collect();
    lines.sort();
    let mut expected: Vec<String> = (0..20).map(|n| format!("thread {n}")).collect();
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn captured_output_is_limited() {
    let runtime = Runtime::builder().stdout(Output::capture_up_to(1000)).build().expect("a runtime");
    let flood = "done = 0\nwhile True:\n    print('x' * 99)\n    done += 1";
    let error = failure(runtime.run_string(flood, "<flood>"));
    assert_eq!(error.class(), "OSError");
    assert!(error.message().contains("has reached its limit of 1000 bytes"), "{error}");
    assert_eq!(runtime.get_global::<u8>("done").expect("a number"), 10);
    assert_eq!(runtime.take_stdout().len(), 1000);
    // A script that prints on regardless adds nothing.
    let stubborn = "
import sys
refused = 0
for _ in range(5000):
    try: print('y' * 9999)
    except OSError: refused += 1
    try: sys.stdout.buffer.write(b'z' * 9999)
    except OSError: refused += 1
";
    runtime.run_string(stubborn, "<stubborn>").expect("runs");
    assert_eq!(runtime.get_global::<u16>("refused").expect("a number"), 10_000);
    assert_eq!(runtime.take_stdout().len(), 1000);
    runtime.run_string("print('short')", "<rest>").expect("there is room again");
    let rest = stdout(&runtime);
    assert!(rest.ends_with("short\n") && rest.len() < 10, "{rest:?}");
}

/// A writer that a test can look into.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that is broken.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _data: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Broken {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the reader broke"))
    }
}

#[test]
fn output_goes_to_writers() {
    let both = Shared::default();
    let builder =
        Runtime::builder().stdout(Output::writer(both.clone())).stderr(Output::writer(both.clone()));
    let runtime = builder.build().expect("a runtime");
    runtime.run_string("import sys\nprint(1)\nprint(2, file=sys.stderr)\nprint(3)", "<both>").expect("runs");
    assert_eq!(*both.0.lock().expect("no panic"), b"1\n2\n3\n");
    runtime.run_string("print('x' * 1_000_000)", "<large>").expect("runs");
    assert_eq!(both.0.lock().expect("no panic").len(), 1_000_007);
    assert_eq!(runtime.take_stdout(), b"", "nothing is kept");

    let broken = Runtime::builder().stdout(Output::writer(Broken)).stdin(Input::reader(Broken)).build();
    let broken = broken.expect("a runtime");
    let error = failure(broken.run_string("print('x')", "<broken>"));
    assert!(["OSError", "BrokenPipeError"].contains(&error.class()), "{error}");
    let error = failure(broken.run_string("input()", "<broken>"));
    assert!(error.message().contains("the reader broke"), "{error}");
}

#[test]
fn input_is_given() {
    let runtime = Runtime::builder()
        .stdin(Input::bytes("first\nzweite Zeile ä\nthird\nrest 1\nrest 2"))
        .stdout(Output::capture())
        .build()
        .expect("a runtime");
    runtime
        .run_string("name = input('name? '); import sys; line = sys.stdin.readline()", "<input>")
        .expect("runs");
    assert_eq!(runtime.get_global::<String>("name").expect("a text"), "first");
    assert_eq!(runtime.get_global::<String>("line").expect("a text"), "zweite Zeile ä\n");
    assert_eq!(stdout(&runtime), "name? ");
    assert_eq!(
        runtime.eval::<Vec<String>>("list(sys.stdin)").expect("lines"),
        ["third\n", "rest 1\n", "rest 2"]
    );
    assert_eq!(failure(runtime.run_string("input()", "<end>")).class(), "EOFError");

    let runtime = Runtime::builder().stdin(Input::bytes([0, 255, 10])).build().expect("a runtime");
    let bytes: Vec<u8> = runtime.eval("__import__('sys').stdin.buffer.read()").expect("bytes");
    assert_eq!(bytes, [0, 255, 10]);
    assert_eq!(failure(captured().run_string("input()", "<none>")).class(), "EOFError");
}

#[test]
fn closed_streams_stay_closed() {
    let runtime = captured();
    runtime.run_string("import sys\nprint('last')\nsys.stdout.close()", "<close>").expect("runs");
    assert_eq!(stdout(&runtime), "last\n");
    assert_eq!(failure(runtime.run_string("print('more')", "<closed>")).class(), "ValueError");
    assert_eq!(runtime.finish(), 0);
}

#[test]
fn null_takes_everything() {
    let runtime = Runtime::builder().stdout(Output::null()).build().expect("a runtime");
    runtime.run_string("for _ in range(1000): print('x' * 1000)", "<null>").expect("runs");
    assert_eq!(runtime.take_stdout(), b"");
}

/// The name by which this file starts itself, to look at what a whole process prints.
const CHILD: &str = "TAURARO_TEST_STREAMS_CHILD";

#[test]
fn nothing_reaches_the_process() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = captured();
        let source = "
import sys, threading, warnings, gc
print('LEAK'); print('LEAK', file=sys.stderr); sys.__stdout__.write('LEAK\\n')
warnings.warn('LEAK')
class Bad:
    def __del__(self): raise ValueError('LEAK')
bad = Bad(); del bad; gc.collect()
thread = threading.Thread(target=lambda: {}['LEAK']); thread.start(); thread.join()
sys.stdout = None; print('LEAK')
import atexit; atexit.register(lambda: {}['LEAK'])
keep = Bad()
del sys.excepthook
raise ValueError('LEAK')
";
        failure(runtime.run_string(source, "<leak>"));
        runtime.finish();
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let name = "streams::nothing_reaches_the_process";
    let output = Command::new(program).args([name, "--exact", "--nocapture"]).env(CHILD, "1").output();
    let output = output.expect("the program runs");
    assert!(output.status.success());
    for stream in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(stream);
        assert!(!text.contains("LEAK"), "{text}");
    }
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
