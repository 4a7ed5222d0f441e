//! What the machine and its parts must do.

mod close;
mod deflate;
mod frame;
mod fuzz;
mod negotiate;
mod protocol;
mod utf8;
