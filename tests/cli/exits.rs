//! How processes end: joining threads, interrupts, broken pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use super::{Folder, run, tauraro, text};

#[test]
fn the_end_is_orderly() {
    let folder = Folder::new("end");
    let written = folder.0.join("written.txt");
    let source = format!(
        "import atexit, threading, time\n\
         atexit.register(print, 'atexit')\n\
         threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\n\
         file = open({:?}, 'w')\n\
         file.write('data')\n\
         class Closing:\n    def __del__(self): print('del')\n\
         closing = Closing()\n\
         print('main', end='|')\n",
        written.display()
    );
    let output = run(tauraro(), &["-c", &source], "");
    assert_eq!(text(&output.stdout), "main|thread\natexit\ndel\n", "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(&written).expect("a file"), "data");
}

#[test]
fn daemon_threads_do_not_keep_the_process() {
    let source = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\nprint('end')";
    let output = run(tauraro(), &["-c", source], "");
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("end\n", Some(0)));
}

#[cfg(unix)]
#[test]
fn interrupts() {
    use std::os::unix::process::ExitStatusExt;

    const SIGINT: i32 = 2;
    for (waiting, message) in [
        ("while True: pass", "KeyboardInterrupt\n"),
        ("import time; time.sleep(1000)", "KeyboardInterrupt\n"),
        ("input()", "KeyboardInterrupt\n"),
    ] {
        let source =
            format!("import atexit; atexit.register(print, 'atexit')\nprint('ready', flush=True)\n{waiting}");
        let mut command = tauraro();
        command.args(["-c", &source]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        // Let it reach its wait: a signal right before one goes unnoticed there, in CPython too.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("the rest");
        let mut errors = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("the errors");
        let status = child.wait().expect("an end");
        assert_eq!(status.signal(), Some(SIGINT), "{waiting}: {status}");
        assert!(errors.ends_with(message), "{waiting}: {errors}");
        assert_eq!(rest, "atexit\n", "{waiting}");
    }
    // One that is caught does not end the process.
    let caught = "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt:\n    print('caught')";
    let output = run(tauraro(), &["-c", caught], "");
    assert_eq!((text(&output.stdout).as_str(), output.status.code()), ("caught\n", Some(0)));
}

/// A reader that closes its pipe early is not an error of the script: no message, and the exit statuses of `CPython`.
#[test]
fn broken_pipes() {
    for (source, status) in [("print('x' * 10**6)", 1), ("for i in range(10**6): print(i)", 1)] {
        let mut command = tauraro();
        command.args(["-c", source]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut first = [0];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("a byte");
        let output = child.wait_with_output().expect("an end");
        assert_eq!((text(&output.stderr).as_str(), output.status.code()), ("", Some(status)), "{source}");
    }
    // What could not be flushed at the end.
    let mut command = tauraro();
    command
        .args(["-c", "input(); print('x')"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    drop(child.stdout.take());
    child.stdin.take().expect("a pipe").write_all(b"\n").expect("written");
    let output = child.wait_with_output().expect("an end");
    assert_eq!((text(&output.stderr).as_str(), output.status.code()), ("", Some(120)));
    // Another broken pipe is an error like any other.
    let other = "import os; r, w = os.pipe(); os.close(r); os.write(w, b'x')";
    let output = run(tauraro(), &["-c", other], "");
    assert!(
        text(&output.stderr).ends_with("BrokenPipeError: [Errno 32] Broken pipe\n"),
        "{}",
        text(&output.stderr)
    );
}
