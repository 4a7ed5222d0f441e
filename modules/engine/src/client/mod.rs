//! One HTTP exchange over a pooled connection: [`Transport::send`].
//!
//! Redirects, cookies and authentication are the caller's, hop by hop; see [`crate::redirect`] and
//! [`crate::cookies`].
//!
//! | file | what it is |
//! |---|---|
//! | `transport`, `request`, `response` | one exchange, from checked request to response body |
//! | `head`, `target`, `upload` | what goes out: header fields, URL, body |
//! | `pool`, `connect`, `reuse` | connections: bounded, kept, watched while made, allowed by the policy |
//! | `progress` | the phases of an exchange and their timeouts |
//! | `failure` | what went wrong below, in our terms |

mod config;
mod connect;
mod failure;
mod head;
mod pool;
mod progress;
mod request;
mod response;
mod reuse;
mod target;
mod transport;
mod upload;

pub use config::{PoolLimits, Timeouts, TransportConfig};
pub use request::Request;
pub use response::{Response, ResponseBody};
pub use transport::Transport;
