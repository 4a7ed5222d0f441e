//! The transport against real connections on loopback.

mod broken;
mod decoding;
mod exchange;
mod pool;
mod proxies;
mod redirects;
mod stale;
mod support;
mod timeouts;
mod tls;
mod traces;
mod unusual;
mod upload;
