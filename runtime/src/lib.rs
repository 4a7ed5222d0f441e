//! Tauraro: Python with the web built in, as a library.
//!
//! A [`Runtime`] is one interpreter with the frozen standard library and Tauraro's own modules
//! (`import httpx`...), none of which is read from disk:
//!
//! ```
//! let runtime = tauraro::Runtime::builder().build()?;
//! runtime.run_string("def double(n): return 2 * n", "<setup>")?;
//! assert_eq!(runtime.eval::<i64>("double(21)")?, 42);
//! # Ok::<(), tauraro::ScriptError>(())
//! ```
//!
//! What a script raises is returned as a [`ScriptError`]. The command line is [`cli`], and all that the binary
//! `tauraro` calls.

mod builder;
pub mod cli;
mod error;
mod guard;
mod handle;
mod interpose;
mod interrupt;
mod modules;
mod patches;
mod program;
mod runtime;
mod shutdown;
mod site;
mod stdlib;
mod streams;
mod value;
mod version;

pub use builder::{Builder, NativeModule};
pub use error::{ErrorKind, Frame, ScriptError};
pub use handle::RuntimeHandle;
pub use interrupt::InterruptHandle;
pub use modules::Module;
pub use runtime::Runtime;
pub use rustpython_vm as vm;
pub use streams::{Input, Output};
pub use tauraro_permissions::{InvalidRule, Permissions};
pub use value::{Arguments, Bytes, Integer, InvalidInteger, Iso8601, Keywords};
pub use version::{VERSION, banner};

/// The examples of the guide, which are tested like those here.
#[cfg(doctest)]
#[doc = include_str!("../../stdlib-docs/embedding.md")]
mod guide {}
