//! JSON between Python objects and bytes, natively where the result is exactly Python's.
//!
//! Both directions know a fast path that covers what APIs really exchange. Whatever it does not cover
//! exactly (and every error) goes to the standard library's `json` with the same input, so that
//! values, types, exceptions and their positions are Python's own.

mod dumps;
mod loads;

pub(crate) use dumps::dumps;
pub(crate) use loads::loads;
pub use loads::parse;
