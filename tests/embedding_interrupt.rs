//! Interrupting scripts that do not end by themselves.
//!
//! The table of how late each kind was stopped is printed, with `--nocapture`; only that everything is stopped
//! is asserted, because a busy machine may take its time.

#[path = "embedding_interrupt/runaways.rs"]
mod runaways;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use runaways::{RUNAWAYS, Runaway};
use tauraro::{ErrorKind, Output, Runtime};

/// How long anything here may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(2);

const LIMIT: Duration = Duration::from_millis(150);

fn start(limit: Option<Duration>) -> Runtime {
    let builder = Runtime::builder().stdout(Output::capture_up_to(4096)).stderr(Output::capture_up_to(4096));
    let builder = match limit {
        Some(limit) => builder.time_limit(limit),
        None => builder,
    };
    builder.build().expect("starts")
}

/// The port of a server that accepts and never answers.
fn silent_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    port
}

/// Tests take turns: a script that spins leaves the others little of a small machine, and they have time limits.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `work` gives, unless it hangs.
fn patiently<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = turn();
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || sender.send(work()));
    let result = receiver.recv_timeout(PATIENCE);
    if let Err(mpsc::RecvTimeoutError::Disconnected) = result {
        // It panicked, and says why.
        let _ = thread.join().map_err(std::panic::resume_unwind);
    }
    result.expect("does not hang")
}

/// How a runaway ended.
struct Ending {
    runaway: Runaway,
    late: Duration,
    complaint: Option<String>,
}

/// Runs a script that does not end, and looks at what is left.
fn run(runaway: Runaway, port: u16) -> Ending {
    let source = runaway.source.replace("PORT", &port.to_string());
    let runtime = start(Some(LIMIT));
    let begin = Instant::now();
    let result = runtime.run_string(&source, "runaway.py");
    let late = begin.elapsed().saturating_sub(LIMIT);
    let mut complaint = match result {
        Err(error) if error.kind() == ErrorKind::TimedOut => None,
        Err(error) => Some(format!("ended by {error}")),
        Ok(()) => Some("ended by itself".to_owned()),
    };
    if runaway.leaves_it_usable {
        match runtime.eval::<i64>("sum([20, 22])") {
            Ok(42) => {}
            other => complaint = complaint.or(Some(format!("afterwards: {other:?}"))),
        }
    }
    runtime.finish();
    Ending { runaway, late, complaint }
}

#[test]
fn everything_is_stopped() {
    let _turn = turn();
    let port = silent_server();
    let waiting = Arc::new(Mutex::new(RUNAWAYS.to_vec()));
    let total = RUNAWAYS.len();
    assert!(total >= 100, "{total} runaways");
    let (sender, endings) = mpsc::channel();
    // Beside each there is the one that is not concerned.
    let several = thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
    for _ in 0..several {
        let (waiting, sender) = (Arc::clone(&waiting), sender.clone());
        thread::spawn(move || {
            loop {
                let next = waiting.lock().expect("no panic").pop();
                let Some(runaway) = next else { break };
                if sender.send(run(runaway, port)).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    let (quit, quitting) = mpsc::channel::<()>();
    let bystander = thread::spawn(move || honest_work(&quitting));
    report(&endings, total);
    drop(quit);
    let rounds = bystander.join().expect("no panic");
    assert!(rounds > 0, "a runtime that is not interrupted keeps running");
}

/// Computes in its own runtime until asked to end. Returns how often it was right.
fn honest_work(quitting: &Receiver<()>) -> u32 {
    let runtime = start(None);
    runtime
        .run_string(
            "def work(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total",
            "honest.py",
        )
        .expect("runs");
    let mut rounds = 0;
    while quitting.try_recv() == Err(mpsc::TryRecvError::Empty) {
        assert_eq!(runtime.call::<i64>("work", (20_000,)).expect("is not interrupted"), 199_990_000);
        rounds += 1;
    }
    rounds
}

#[expect(clippy::print_stdout, reason = "the table is what is to be seen")]
fn report(endings: &Receiver<Ending>, total: usize) {
    let mut worst: BTreeMap<&str, (u32, Duration)> = BTreeMap::new();
    let mut complaints = Vec::new();
    let end = Instant::now() + PATIENCE;
    for _ in 0..total {
        let Ok(ending) = endings.recv_timeout(end.saturating_duration_since(Instant::now())) else {
            complaints.push("something hangs".to_owned());
            break;
        };
        let (count, late) = worst.entry(ending.runaway.kind).or_default();
        *count += 1;
        *late = ending.late.max(*late);
        if let Some(complaint) = ending.complaint {
            complaints.push(format!("{}: {complaint}\n{}", ending.runaway.kind, ending.runaway.source));
        }
    }
    println!("{:<36} {:>5}  worst lateness", "kind", "count");
    for (kind, (count, late)) in &worst {
        println!("{kind:<36} {count:>5}  {:>6.1} ms", late.as_secs_f64() * 1000.0);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn a_handle_interrupts_what_runs() {
    patiently(|| {
        let runtime = start(None);
        let handle = runtime.interrupt_handle();
        let (quit, quitting) = mpsc::channel::<()>();
        let stopping = thread::spawn(move || {
            while quitting.recv_timeout(Duration::from_millis(20)) == Err(mpsc::RecvTimeoutError::Timeout) {
                handle.interrupt().expect("interrupts");
            }
        });
        for source in [
            "while True: pass",
            "import time\ntime.sleep(3600)",
            "import threading\nthreading.Event().wait()",
        ] {
            let error = runtime.run_string(source, "x").expect_err("is stopped");
            assert_eq!((error.kind(), error.class()), (ErrorKind::Interrupted, "Interrupted"), "{source}");
            assert!(error.traceback().contains("File \"x\""), "{}", error.traceback());
        }
        drop(quit);
        stopping.join().expect("no panic");
        assert_eq!(runtime.eval::<i64>("1 + 1").expect("usable"), 2);
        // Before a call there is nothing to stop.
        runtime.interrupt_handle().interrupt().expect("interrupts");
        assert_eq!(runtime.eval::<i64>("1 + 1").expect("usable"), 2);
        assert_eq!(runtime.finish(), 0);
    });
}

#[test]
fn threads_end_with_the_call_that_is_stopped() {
    patiently(|| {
        let runtime = start(Some(Duration::from_secs(1)));
        let source = "
import threading, time
def spin():
    while True:
        try:
            while True: pass
        except BaseException: pass
def wait(): threading.Event().wait()
threads = [threading.Thread(target=f, daemon=d) for f in (spin, wait, lambda: time.sleep(3600)) for d in (True, False)]
for thread in threads: thread.start()
spin()";
        let error = runtime.run_string(source, "x").expect_err("is stopped");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        while runtime.eval::<bool>("any(t.is_alive() for t in threads)").expect("a value") {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(runtime.finish(), 0);
    });
}

#[test]
fn threads_end_with_the_runtime() {
    patiently(|| {
        let source = "
import threading
def spin():
    while True:
        try:
            while True: pass
        except BaseException: pass
for _ in range(3): threading.Thread(target=spin, daemon=True).start()";
        let finished = start(Some(Duration::from_secs(2)));
        finished.run_string(source, "x").expect("starts threads");
        assert_eq!(finished.finish(), 0);
        // Threads that are to be joined, and never end, cost what a call may take.
        let joining = start(Some(Duration::from_secs(2)));
        joining.run_string(&source.replace(", daemon=True", ""), "x").expect("starts threads");
        joining.finish();
        let stopped = start(None);
        stopped.run_string(source, "x").expect("starts threads");
        drop(stopped);
    });
}

#[test]
fn who_ends_in_order_may_do_so() {
    patiently(|| {
        let runtime = start(Some(LIMIT));
        let source = "
order = []
try:
    with open('/dev/null') as file:
        try:
            while True: pass
        finally:
            order.append('finally')
except BaseException as error:
    order.append(type(error).__name__)
    order.append(isinstance(error, Exception))
    raise";
        let error = runtime.run_string(source, "x").expect_err("is stopped");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(runtime.eval::<String>("repr(order)").expect("a list"), "['finally', 'TimedOut', False]");
        assert!(runtime.eval::<bool>("file.closed").expect("a value"));
    });
}

#[test]
fn signals_are_the_hosts() {
    let hosts = Runtime::builder().build().expect("starts");
    let source = "import signal\nsignal.signal(signal.SIGUSR1, print)";
    let error = hosts.run_string(source, "x").expect_err("is refused");
    assert_eq!(error.class(), "ValueError");
    assert!(error.message().contains("signals belong to the host"), "{error}");
}

#[test]
fn locks_wait_for_their_timeout() {
    patiently(|| {
        let runtime = start(Some(Duration::from_mins(1)));
        let source = "
import threading, time
lock = threading.Lock()
assert lock.acquire() and not lock.acquire(False) and not lock.acquire(blocking=False)
start = time.monotonic()
assert not lock.acquire(timeout=0.05) and not lock.acquire(True, 0.05)
assert time.monotonic() - start >= 0.1
for bad, error in [((True, -2), ValueError), ((False, 1), ValueError), ((True, 1e300), OverflowError),
                   ((True, float('nan')), ValueError), ((True, 'x'), TypeError), ((1, 2, 3), TypeError)]:
    try:
        lock.acquire(*bad)
    except error:
        pass
    else:
        raise AssertionError(bad)
threading.Timer(0.05, lock.release).start()
with lock: pass
again = threading.RLock()
with again, again:
    assert again.acquire(timeout=1)
    again.release()
condition = threading.Condition(again)
with condition, condition:
    assert not condition.wait(0.02)
    assert again._recursion_count() == 2
import queue
items = queue.SimpleQueue()
for wait in [lambda: items.get(False), lambda: items.get(timeout=0.03), lambda: items.get(True, 0), items.get_nowait]:
    try:
        wait()
    except queue.Empty:
        pass
    else:
        raise AssertionError
for bad, error in [((True, -1), ValueError), ((True, 'x'), TypeError), ((1, 2, 3), TypeError)]:
    try:
        items.get(*bad)
    except error:
        pass
    else:
        raise AssertionError(bad)
threading.Timer(0.05, items.put, ('late',)).start()
assert items.get() == 'late'
thread = threading.Thread(target=time.sleep, args=(0.05,))
thread.start()
thread.join(0.001)
assert thread.is_alive()
thread.join()
assert not thread.is_alive()
thread.join(-1)";
        runtime.run_string(source, "x").expect("runs");
        assert_eq!(runtime.finish(), 0);
    });
}
