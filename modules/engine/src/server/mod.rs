//! The server's side of HTTP/1.1, without I/O: bytes go in, requests come out, responses become bytes.
//!
//! | file | what it holds |
//! |---|---|
//! | `connection` | [`Connection`]: one connection from its first byte to its end |
//! | `receiving` | what arrives: heads are collected and checked, bodies passed on |
//! | `head` | [`RequestHead`]: a request line with its fields |
//! | `authority` | what a `Host` field may hold |
//! | `response` | status lines, fields and framing of responses |
//! | `limits` | [`Limits`] and [`Timeouts`], with their defaults |
//! | `deadlines` | how long a peer may take |
//! | `refusal` | [`Refusal`]: a request that is answered without a handler |
//! | `router` | [`Router`]: paths with parameters |
//! | `date` | the `Date` field |
//!
//! A driver owns the socket. It gives what it reads to [`Connection::receive`], takes [`Event`]s until there are
//! none, and writes what [`Connection::start_response`] and its relatives append:
//!
//! ```
//! use tauraro_engine::server::{Connection, Event, Limits, Next, Timeouts};
//!
//! let mut connection = Connection::new(Limits::DEFAULT, Timeouts::DEFAULT, 0);
//! connection.receive(b"GET /hello HTTP/1.1\r\nHost: example.com\r\n\r\n", 0);
//! let Some(Event::Request(head)) = connection.next_event() else { panic!("a request") };
//! assert_eq!(head.path(), b"/hello");
//! assert!(matches!(connection.next_event(), Some(Event::End)));
//!
//! let mut out = Vec::new();
//! connection.start_response(200, [(&b"X-A"[..], &b"b"[..])], Some(2), None, &mut out)?;
//! connection.frame_body(2, &mut out)?;
//! out.extend_from_slice(b"hi");
//! assert_eq!(connection.finish_response(0, &mut out)?, Next::KeepAlive);
//! assert_eq!(out, b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi");
//! # Ok::<(), tauraro_engine::server::ResponseError>(())
//! ```
//!
//! Requests of a connection are answered one after the other: bytes that arrive behind a request wait, unread, until
//! its response is complete.

mod authority;
mod connection;
mod date;
mod deadlines;
mod head;
mod limits;
mod receiving;
mod refusal;
mod response;
mod router;

#[cfg(test)]
mod tests;

pub use connection::{Connection, Event, Next};
pub use date::imf_fixdate;
pub use deadlines::Overdue;
pub use head::RequestHead;
pub use limits::{Limits, Timeouts};
pub use refusal::Refusal;
pub use response::{Framed, ResponseError, reason};
pub use router::{Match, Parameter, PatternError, Router};
