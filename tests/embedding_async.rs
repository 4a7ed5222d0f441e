//! The library in an asynchronous host.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use tauraro::{ErrorKind, Runtime, RuntimeHandle};

/// How long anything here may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(1);

const SETUP: &str = "
import asyncio, time
events = []
async def double(n):
    await asyncio.sleep(0.01)
    return 2 * n
async def meet(name, other):
    # Ends only if both run at the same time.
    events.append(name)
    while other not in events:
        await asyncio.sleep(0.001)
    return name
async def for_ever(name):
    try:
        events.append('start ' + name)
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        events.append('cancelled ' + name)
        raise
async def swallow():
    while True:
        try:
            await asyncio.sleep(3600)
        except BaseException:
            events.append('swallowed')
async def spin():
    while True: pass
async def stubborn():
    while True:
        try:
            while True: pass
        except BaseException: pass
async def fails():
    raise LookupError('no such thing')
def plain(n):
    return n + 1
";

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a host");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("does not hang") })
}

async fn start(limit: Option<Duration>) -> RuntimeHandle {
    let builder = Runtime::builder();
    let builder = match limit {
        Some(limit) => builder.time_limit(limit),
        None => builder,
    };
    let handle = builder.spawn().await.expect("starts");
    let setup = handle.with(|runtime| runtime.run_string(SETUP, "<setup>")).await;
    setup.expect("runs").expect("sets up");
    handle
}

async fn events(handle: &RuntimeHandle) -> Vec<String> {
    handle.with(|runtime| runtime.get_global("events")).await.expect("runs").expect("a list")
}

/// Waits until the script has written down `event`.
async fn happens(handle: &RuntimeHandle, event: &str) {
    while !events(handle).await.iter().any(|seen| seen == event) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn calls_and_coroutines() {
    block_on(async {
        let handle = start(None).await;
        assert_eq!(handle.call::<i64>("plain", (1,)).await.expect("a value"), 2);
        assert_eq!(handle.call_async::<i64>("double", (21,)).await.expect("a value"), 42);
        assert_eq!(handle.call_async::<i64>("plain", (1,)).await.expect("needs no loop"), 2);
        assert_eq!(handle.finish().await, 0);
    });
}

#[test]
fn coroutines_take_turns() {
    block_on(async {
        let handle = start(None).await;
        let (one, other) = tokio::join!(
            handle.call_async::<String>("meet", ("one", "other")),
            handle.call_async::<String>("meet", ("other", "one")),
        );
        assert_eq!((one.expect("ends"), other.expect("ends")), ("one".to_owned(), "other".to_owned()));
        let tasks: Vec<_> = (0..200_i64)
            .map(|n| {
                let handle = handle.clone();
                tokio::spawn(async move { handle.call_async::<i64>("double", (n,)).await })
            })
            .collect();
        for (n, task) in (0..).zip(tasks) {
            assert_eq!(task.await.expect("no panic").expect("a value"), 2 * n);
        }
    });
}

#[test]
fn errors_are_typed() {
    block_on(async {
        let handle = start(None).await;
        let error = handle.call_async::<()>("fails", ()).await.expect_err("fails");
        assert_eq!((error.kind(), error.class()), (ErrorKind::Exception, "LookupError"));
        assert!(error.traceback().contains("in fails"), "{}", error.traceback());
        let error = handle.call_async::<()>("missing", ()).await.expect_err("is missing");
        assert_eq!(error.class(), "NameError");
        let error = handle.call_async::<String>("double", (1,)).await.expect_err("is not text");
        assert_eq!(error.class(), "TypeError");
        assert_eq!(handle.call::<i64>("plain", (1,)).await.expect("still works"), 2);
    });
}

#[test]
fn dropping_cancels() {
    block_on(async {
        let handle = start(None).await;
        let call = handle.call_async::<()>("for_ever", ("a",));
        assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err(), "it never ends");
        happens(&handle, "cancelled a").await;
        // Others are not concerned.
        assert_eq!(handle.call_async::<i64>("double", (1,)).await.expect("a value"), 2);
    });
}

#[test]
fn time_is_limited() {
    block_on(async {
        let handle = start(Some(Duration::from_secs(2))).await;
        for name in ["spin", "stubborn", "swallow"] {
            let error = handle.call_async::<()>(name, ()).await.expect_err("does not end");
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{name}: {error}");
            assert_eq!(
                handle.call_async::<i64>("double", (1,)).await.expect("still works"),
                2,
                "after {name}"
            );
        }
        let error = handle.call_async::<()>("for_ever", ("b",)).await.expect_err("does not end");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        happens(&handle, "cancelled b").await;
        let error = handle.call::<()>("time.sleep", (3600,)).await.expect_err("does not end");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(handle.call::<i64>("plain", (1,)).await.expect("still works"), 2);
    });
}

#[test]
fn interrupting_ends_all_calls() {
    block_on(async {
        let handle = start(None).await;
        let calls: Vec<_> = ["c", "d"]
            .into_iter()
            .map(|name| {
                let handle = handle.clone();
                tokio::spawn(async move { handle.call_async::<()>("for_ever", (name,)).await })
            })
            .collect();
        happens(&handle, "start c").await;
        happens(&handle, "start d").await;
        // Between two uses of the runtime the loop runs, which is what there is to stop.
        while !calls.iter().all(tokio::task::JoinHandle::is_finished) {
            handle.interrupt_handle().interrupt().expect("interrupts");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for call in calls {
            let error = call.await.expect("no panic").expect_err("was stopped");
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        }
        assert_eq!(handle.call_async::<i64>("double", (1,)).await.expect("still works"), 2);
    });
}

#[test]
fn the_end_answers_everybody() {
    block_on(async {
        let handle = start(Some(Duration::from_secs(5))).await;
        let other = handle.clone();
        let call = tokio::spawn(async move { other.call_async::<()>("for_ever", ("e",)).await });
        happens(&handle, "start e").await;
        let other = handle.clone();
        assert_eq!(handle.finish().await, 0);
        let error = call.await.expect("no panic").expect_err("was stopped");
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        let error = other.call::<()>("plain", (1,)).await.expect_err("has ended");
        assert_eq!((error.kind(), error.message()), (ErrorKind::Interrupted, "the runtime has ended"));
    });
}

/// An executor of its own: nothing of tokio in sight.
fn block_without_tokio<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let end = Instant::now() + PATIENCE;
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(Instant::now() < end, "hangs");
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

#[test]
fn any_executor_will_do() {
    block_without_tokio(async {
        let handle = start(Some(Duration::from_secs(20))).await;
        assert_eq!(handle.call_async::<i64>("double", (21,)).await.expect("a value"), 42);
        assert_eq!(handle.finish().await, 0);
    });
}

#[test]
fn handles_go_to_other_threads() {
    fn is_shared<T: Send + Sync + Clone + 'static>() {}
    is_shared::<RuntimeHandle>();
    is_shared::<tauraro::InterruptHandle>();
}
