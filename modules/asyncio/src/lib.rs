//! `asyncio` for Tauraro: what `asyncio.run` runs on, natively.
//!
//! [`module_def`] holds the native classes; [`frozen_modules`] puts the loop made from them where
//! `asyncio` looks for its default. Both are used when a script first imports `asyncio`, not before.

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

pub use bench::module_def as bench_module_def;
pub use frozen::frozen_modules;
pub use module::module_def;
