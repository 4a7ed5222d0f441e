//! The transport against real connections on loopback.

mod broken;
mod exchange;
mod pool;
mod support;
mod timeouts;
mod tls;
mod upload;
