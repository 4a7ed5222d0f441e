//! Sending a body that Python code yields.
//!
//! The code runs on the calling thread, never on one that drives the network: each time the body
//! wants a chunk the wait ends, the chunk is asked for, and the wait goes on.

use std::pin::pin;

use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::{AsObject, Py, PyObject, PyResult, VirtualMachine};
use tauraro_bridge::block_on;
use tauraro_engine::body::{Body, BodySender, channel};
use tauraro_engine::client::{Request, Response, Transport};

use super::hop::{check_length, content_length};
use crate::byte_stream::chunk_bytes;
use crate::request::PyRequest;

/// What a wait ended with.
enum Step {
    /// The response's head, or a failure.
    Done(tauraro_engine::Result<Response>),
    /// The body wants a chunk.
    Wanted,
    /// The body wants no more.
    Refused,
}

/// Sends `hop` with what iterating over `stream` yields. A response that comes before the body's end
/// ends the sending.
///
/// # Errors
/// What iterating raises, the connection having been given up; `LocalProtocolError` when the body is
/// not as long as its `Content-Length`; `RuntimeError` for a stream that is only asynchronous.
pub(super) fn send(
    vm: &VirtualMachine,
    transport: &Transport,
    hop: Request,
    stream: &PyObject,
    request: &Py<PyRequest>,
) -> PyResult<tauraro_engine::Result<Response>> {
    if stream.class().slots().iter.load().is_none() {
        return Err(vm.new_runtime_error(
            "Attempted to send an async request with a sync Client instance.",
        ));
    }
    let chunks = stream.get_iter(vm)?;
    let (sender, receiver) = channel();
    let mut source = Source { vm, chunks, request, declared: content_length(&hop.headers), sent: 0 };
    let mut sender = Some(sender);
    let mut response = pin!(transport.send(Request { body: Body::Stream(receiver), ..hop }));
    loop {
        let step = block_on(vm, async {
            let Some(sender) = &sender else { return Step::Done((&mut response).await) };
            tokio::select! {
                biased;
                done = &mut response => Step::Done(done),
                wanted = sender.ready() => if wanted { Step::Wanted } else { Step::Refused },
            }
        });
        match step {
            Ok(Step::Done(response)) => {
                sender.into_iter().for_each(BodySender::abort);
                return Ok(response);
            }
            Ok(Step::Refused) => sender = None,
            Ok(Step::Wanted) => match source.feed(sender.as_ref()) {
                Ok(true) => {}
                Ok(false) => sender = None,
                Err(error) => {
                    sender.into_iter().for_each(BodySender::abort);
                    return Err(error);
                }
            },
            Err(error) => {
                sender.into_iter().for_each(BodySender::abort);
                return Err(error);
            }
        }
    }
}

/// The Python side of the body.
struct Source<'a> {
    vm: &'a VirtualMachine,
    chunks: PyIter,
    request: &'a Py<PyRequest>,
    declared: Option<u64>,
    sent: u64,
}

impl Source<'_> {
    /// Hands over the next chunk that is not empty; false at the body's end.
    fn feed(&mut self, sender: Option<&BodySender>) -> PyResult<bool> {
        loop {
            let PyIterReturn::Return(chunk) = self.chunks.next(self.vm)? else {
                if let Some(declared) = self.declared {
                    check_length(self.vm, self.request, declared, self.sent)?;
                }
                return Ok(false);
            };
            let chunk = chunk_bytes(self.vm, &chunk)?;
            if chunk.is_empty() {
                continue;
            }
            self.sent = self.sent.saturating_add(chunk.len() as u64);
            if let Some(declared) = self.declared
                && self.sent > declared
            {
                check_length(self.vm, self.request, declared, self.sent)?;
            }
            return Ok(sender.is_some_and(|sender| sender.send(chunk)));
        }
    }
}
