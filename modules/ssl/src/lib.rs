//! `ssl` for Tauraro: the standard library's module, with contexts whose configuration Rust code can read.
//!
//! | part | what it does |
//! |---|---|
//! | `python/ssl.py` | records what is loaded into a context |
//! | [`Loaded`] | reads the record |

mod frozen;
mod loaded;

pub use frozen::frozen_modules;
pub use loaded::Loaded;
