//! Authentication: the `Basic` scheme (RFC 7617) and the `Digest` scheme (RFC 7616).

pub mod basic;
pub mod digest;
