//! `asyncio` for Tauraro: what `asyncio.run` runs on, natively.
//!
//! | module | what it holds |
//! |---|---|
//! | `event_loop` | the loop: its ready queue, epoll, clock and iterations |
//! | `handle`, `timers` | callbacks, and those that wait for their time |
//! | `fd_callbacks` | `add_reader`, `add_writer` |
//! | `future`, `task` | `asyncio.Future` and `asyncio.Task` |
//! | [`transport`] | the transport of stream sockets |
//! | [`futures`] | futures for native code of other crates |
//!
//! [`native_modules`] holds the native classes; [`frozen_modules`] puts the loop made from them where
//! `asyncio` looks for its default. Both are used when a script first imports `asyncio`, not before.

#[cfg(feature = "test-support")]
mod bench;
mod event_loop;
mod fd;
mod fd_callbacks;
mod frozen;
mod future;
mod handle;
mod interpreter_state;
mod module;
mod task;
mod timers;
pub mod transport;

use rustpython_vm::Context;
use rustpython_vm::builtins::PyModuleDef;

pub use frozen::frozen_modules;
pub use future::native_api as futures;

/// The native modules to register with an interpreter: `_asyncio`, which replaces the standard library's, and with the
/// feature `test-support` also `_tauraro_bench`, which releases do not have.
pub fn native_modules(ctx: &Context) -> Vec<&'static PyModuleDef> {
    let modules = [
        module::module_def(ctx),
        #[cfg(feature = "test-support")]
        bench::module_def(ctx),
    ];
    modules.to_vec()
}
