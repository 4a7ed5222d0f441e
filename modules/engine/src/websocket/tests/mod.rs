//! What the machine and its parts must do.
