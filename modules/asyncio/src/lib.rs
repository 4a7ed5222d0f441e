//! `asyncio` for Tauraro: what `asyncio.run` runs on, natively.
//!
//! [`native_modules`] holds the native classes; [`frozen_modules`] puts the loop made from them where
//! `asyncio` looks for its default. Both are used when a script first imports `asyncio`, not before.

#[cfg(feature = "test-support")]
mod bench;
mod clock;
mod current;
mod frozen;
mod future;
mod future_iter;
pub mod futures;
mod handle;
mod loop_core;
mod module;
mod poll;
mod ready;
mod registry;
mod run;
mod schedule;
mod state;
mod step;
mod task;
mod timer_handle;
mod timers;
pub mod transport;
mod watches;
mod watching;

use rustpython_vm::Context;
use rustpython_vm::builtins::PyModuleDef;

pub use frozen::frozen_modules;

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
