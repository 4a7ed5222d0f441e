//! `httpx.Response`, and the iterators over it.
//!
//! | file | what it does |
//! |---|---|
//! | `response` | the class, thin; what it does is in the files beside it |
//! | `build` | making responses: by hand, and of what the engine received |
//! | `head` | status, headers, and what the response answers |
//! | `status` | what the status code means |
//! | `body` | where the content comes from, and its state |
//! | `network` | content that arrives over a connection |
//! | `text` | content as text |
//! | `content_iter`, `chunker` | how iterating over content works |
//! | `iterators`, `async_iterator` | the iterators of `iter_bytes`, `aiter_bytes` and so on |
//! | `stream`, `async_stream` | `Response.stream` |
//! | `network_stream` | the extension `network_stream` |
//! | `pickling` | pickling |

mod async_iterator;
mod async_stream;
mod body;
mod build;
mod chunker;
mod content_iter;
mod head;
pub(crate) mod iterators;
mod network;
pub(crate) mod network_stream;
mod pickling;
mod response;
mod status;
mod stream;
mod text;

pub(crate) use response::{Response, classes};
