//! Sending a body that Python code yields.
//!
//! The code runs on the calling thread, never on one that drives the network: each time the body
//! wants a chunk the wait ends, the chunk is asked for, and the wait goes on.

use std::pin::pin;

use rustpython_vm::{PyObject, PyResult, VirtualMachine};
use tauraro_bridge::{Surface, block_on, complete};
use tauraro_engine::body::{Body, BodySender, channel};
use tauraro_engine::client::{Request, Response, Transport};

use crate::content::chunks;

/// What a wait ended with.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on the stack")]
enum Step {
    /// The response's head, or a failure.
    Done(tauraro_engine::Result<Response>),
    /// The body wants a chunk.
    Wanted,
    /// The body wants no more.
    Refused,
}

/// Sends `hop` with what iterating over `stream` yields. A response that refuses the request before
/// the body's end ends the sending.
///
/// # Errors
/// What iterating raises, the connection having been given up; `RuntimeError` for a stream that is
/// only asynchronous.
pub(super) fn send(
    vm: &VirtualMachine,
    transport: &Transport,
    hop: Request,
    stream: &PyObject,
) -> PyResult<tauraro_engine::Result<Response>> {
    chunks::check_sendable(vm, stream, false)?;
    let chunks = chunks::iterate(vm, stream, false)?;
    let (sender, receiver) = channel();
    let mut sender = Some(sender);
    // Dropped before the sender, whose end would otherwise look like the body's.
    let mut response = pin!(transport.send(Request { body: Body::Stream(receiver), ..hop }));
    loop {
        let step = block_on(vm, async {
            let Some(sender) = &sender else { return Step::Done((&mut response).await) };
            tokio::select! {
                biased;
                done = &mut response => Step::Done(done),
                wanted = sender.ready() => if wanted { Step::Wanted } else { Step::Refused },
            }
        })?;
        match (step, sender.take()) {
            (Step::Done(response), unfinished) => {
                unfinished.into_iter().for_each(BodySender::abort);
                return Ok(response);
            }
            (Step::Wanted, Some(open)) => match complete(vm, chunks::next_chunk(&chunks, &Surface::Blocking))
            {
                Ok(Some(chunk)) => sender = open.send(chunk).then_some(open),
                Ok(None) => {}
                Err(error) => {
                    open.abort();
                    return Err(error);
                }
            },
            (Step::Wanted | Step::Refused, _) => {}
        }
    }
}
