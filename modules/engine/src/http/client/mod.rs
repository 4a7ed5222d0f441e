//! One HTTP exchange over a pooled connection: [`Transport::send`].
//!
//! Redirects, cookies and authentication are the caller's, hop by hop; see [`crate::http::redirect`] and
//! [`crate::http::cookies`].
//!
//! There are two ways to the wire. Ordinary HTTP/1.1 requests to origins are carried by reqwest, which
//! connects and speaks for them. It has no means for the rest: streams of HTTP/2 that are counted, sent
//! again when a server has not processed them and known to be complete; proxies that are judged and
//! heard apart from servers; Unix sockets, socket options, repeated attempts, targets that are no URL,
//! other names in TLS, upgrades, traces. Those go over connections of our own making ([`connect`]), with
//! hyper's HTTP/1 and the h2 crate on them. One pool holds the connections of both, and one set of
//! settings sees to it that both send the same bytes.
//!
//! | file | what it is |
//! |---|---|
//! | `transport`, `exchange`, `route` | one exchange, from checked request to response |
//! | `request`, `extras`, `head`, `target`, `upload` | what goes out |
//! | `response`, `body`, `incoming`, `upgraded`, `tunnel` | what comes back |
//! | `pool` | connections: bounded, kept, shared, waited for |
//! | `http1`, `http2`, `reqwest_client`, `settings` | what is spoken over them |
//! | [`connect`], `proxy`, `socket_option` | how connections are made |
//! | `progress` | the phases of an exchange and their timeouts |
//! | `trace`, `exchange_trace` | what is told of each step |
//! | `failure` | what went wrong below, in our terms |

mod body;
mod config;
pub mod connect;
mod exchange;
mod exchange_trace;
mod extras;
mod failure;
mod head;
mod http1;
mod http2;
mod incoming;
mod pool;
mod progress;
mod proxy;
mod request;
mod reqwest_client;
mod response;
mod route;
mod settings;
mod socket_option;
mod target;
pub mod trace;
mod transport;
mod tunnel;
mod upgraded;
mod upload;

pub use body::ResponseBody;
pub use config::{PoolLimits, Timeouts, TransportConfig};
pub use extras::Extras;
pub use proxy::Proxy;
pub use request::Request;
pub use response::Response;
pub use socket_option::{SocketOption, SocketValue};
pub use trace::Trace;
pub use transport::Transport;
pub use tunnel::Tunnel;
pub use upgraded::Upgraded;
