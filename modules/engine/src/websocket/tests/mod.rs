//! Tests of the state machine and its parts.

mod close;
mod deflate;
mod frame;
mod fuzz;
mod negotiate;
mod oracle;
mod protocol;
mod utf8;
