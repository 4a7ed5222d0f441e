//! The transport against real connections on loopback.

mod broken;
mod decoding;
mod exchange;
mod pool;
mod redirects;
mod support;
mod timeouts;
mod tls;
mod upload;
