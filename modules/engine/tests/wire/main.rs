//! The transport against real connections on loopback.

mod both_ways;
mod broken;
mod decoding;
mod exchange;
mod http2_fields;
mod http2_peer;
mod http2_pool;
mod http2_streams;
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
