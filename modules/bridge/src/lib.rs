//! Between the interpreter and tokio: the only crate that knows both.

mod wait;

pub use wait::block_on;
