//! One HTTP exchange over a pooled connection: [`Transport::send`].
//!
//! Redirects, cookies and authentication are the caller's, hop by hop; see [`crate::http::redirect`] and
//! [`crate::http::cookies`].
//!
//! | file | what it is |
//! |---|---|
//! | `transport`, `request`, `response` | one exchange, from checked request to response body |
//! | `extras`, `trace`, `upgraded`, `tunnel` | what only few exchanges need |
//! | `head`, `target`, `upload` | what goes out: header fields, URL, body |
//! | `pool`, `connect`, `reuse`, `sharing` | connections: bounded, kept, shared, watched while made, allowed by the policy |
//! | `progress` | the phases of an exchange and their timeouts |
//! | `direct`, `proxy`, `socket_option` | how connections are made, where that is not the usual way |
//! | `failure` | what went wrong below, in our terms |

mod config;
mod connect;
mod direct;
mod extras;
mod failure;
mod head;
mod pool;
mod progress;
mod proxy;
mod request;
mod response;
mod reuse;
mod sharing;
mod socket_option;
mod target;
pub mod trace;
mod transport;
mod tunnel;
mod upgraded;
mod upload;

pub use config::{PoolLimits, Timeouts, TransportConfig};
pub use extras::Extras;
pub use proxy::Proxy;
pub use request::Request;
pub use response::{Response, ResponseBody};
pub use socket_option::{SocketOption, SocketValue};
pub use trace::Trace;
pub use transport::Transport;
pub use tunnel::Tunnel;
pub use upgraded::Upgraded;
