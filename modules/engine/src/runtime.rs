//! The one tokio runtime of the process, shared by every module.
//!
//! It is made when first asked for, so that a script that never touches the network pays nothing.
//! A child made by `fork` has none of its parent's threads, so it gets a runtime of its own; the
//! parent's is left where it is, since dropping it would wait for threads that do not exist.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Runtime};

/// Identifies the process that a runtime, or a connection living on it, belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    /// That of the running process.
    pub fn current() -> Self {
        Self(std::process::id())
    }
}

/// The shared runtime of this process, made when first asked for.
pub fn shared() -> &'static Runtime {
    static SHARED: Mutex<Option<(Generation, &'static Runtime)>> = Mutex::new(None);
    let generation = Generation::current();
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    match *shared {
        Some((owner, runtime)) if owner == generation => runtime,
        _ => {
            let runtime = Box::leak(Box::new(build()));
            *shared = Some((generation, runtime));
            runtime
        }
    }
}

fn build() -> Runtime {
    // Two workers: connections are I/O bound, and scripts bring threads of their own.
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).thread_name("tauraro-net").enable_all();
    builder.build().expect("a process that cannot start two threads cannot use the network")
}

/// Waits for `future` on the calling thread.
///
/// # Panics
/// On a thread that is already driving asynchronous tasks; see [`is_async_context`].
pub fn block_on<F: Future>(future: F) -> F::Output {
    shared().block_on(future)
}

/// Whether the calling thread is driving asynchronous tasks and must not block.
pub fn is_async_context() -> bool {
    tokio::runtime::Handle::try_current().is_ok()
}
