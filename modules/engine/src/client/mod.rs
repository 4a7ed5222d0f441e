//! One HTTP exchange over a pooled connection: [`Transport::send`].
//!
//! Redirects, cookies and authentication are the caller's, hop by hop; see [`crate::redirect`] and
//! [`crate::cookies`].

mod config;
mod request;
mod response;
mod transport;

pub use config::{PoolLimits, Timeouts, TransportConfig};
pub use request::Request;
pub use response::{Response, ResponseBody};
pub use transport::Transport;
