//! HTTP/1 messages, without I/O: bytes go in, events come out.
//!
//! A [`Parser`] reads one direction of a connection, requests or responses. [`Parser::feed`] takes the
//! bytes as they arrive, in whatever pieces, and calls the methods of an [`Events`]:
//!
//! ```
//! use tauraro_engine::http1::{Body, Events, Kind, Limits, Message, Parser};
//!
//! #[derive(Default)]
//! struct Log(Vec<String>);
//!
//! impl Events for Log {
//!     type Error = std::convert::Infallible;
//!
//!     fn target(&mut self, message: &mut Message, target: &[u8]) -> Result<(), Self::Error> {
//!         self.0.push(format!("{} {}", message.method().name(), String::from_utf8_lossy(target)));
//!         Ok(())
//!     }
//!
//!     fn head_complete(&mut self, message: &mut Message) -> Result<Body, Self::Error> {
//!         self.0.push(format!("keep-alive: {}", message.keep_alive()));
//!         Ok(Body::AsFramed)
//!     }
//! }
//!
//! let mut parser = Parser::new(Kind::Request, Limits::DEFAULT);
//! let mut log = Log::default();
//! parser.feed(b"GET /a HTTP/1.1\r\nHost: exam", &mut log)?;
//! parser.feed(b"ple.com\r\n\r\n", &mut log)?;
//! assert_eq!(log.0, ["GET /a", "keep-alive: true"]);
//! # Ok::<(), tauraro_engine::http1::Failure<std::convert::Infallible>>(())
//! ```
//!
//! [`read_request`] and [`read_response`] read a message that is there as a whole.
//!
//! # What is accepted
//!
//! The strictness is that of [llhttp](https://llhttp.org) 9, message for message: what two readers of the
//! same bytes could understand differently is an error, unless a [`Leniencies`] says otherwise. Stricter
//! than llhttp are: control bytes in a reason, `Transfer-Encoding` with HTTP/1.0 (RFC 9112 section 6.1),
//! a body in any 1xx response, and the [`Limits`].
//!
//! # How it works
//!
//! ```text
//!            +-------------------- another message <-------------------+
//!            v                                                         |
//!   Start -> start line -> fields -> head complete -+-> counted body --+-> message complete
//!                            ^                      +-> until close    |
//!                            |                      +-> no body -------+
//!                            |                      +-> chunks --------+
//!                            +---- trailers -------------- |
//! ```
//!
//! `parser` owns the state and knows what comes after what; `start_line`, `fields` and `chunks` take
//! bytes one by one, or in runs, and keep what is incomplete, so no byte is looked at twice. `message` is
//! what the fields mean: the body's length, whether the connection stays, whether it leaves HTTP.
//! `whole_head` is a short way through start line and fields for a head that has arrived in one piece:
//! httparse reads it at once, and what it takes is held against the same rules.

mod chars;
mod chunks;
mod error;
mod events;
mod fields;
mod input;
mod leniency;
mod limits;
mod message;
mod method;
mod parser;
mod read;
mod start_line;
mod target;
pub mod url;
mod whole_head;

pub use error::{Error, ErrorKind, Failure};
pub use events::{Body, Events};
pub use leniency::Leniencies;
pub use limits::Limits;
pub use message::{Kind, Message, Version};
pub use method::Method;
pub use parser::{Fed, Parser};
pub use read::{FieldLines, Request, Response, read_request, read_response};
