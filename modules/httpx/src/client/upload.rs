//! Sending a body that Python code yields.
//!
//! The code runs where its caller runs, never on a thread that drives the network: each time the
//! body wants a chunk the wait ends, the chunk is asked for, and the wait continues.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rustpython_vm::{PyObjectRef, PyResult};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::body::{Body, BodySender, channel};
use tauraro_engine::http::client::{self, Transport};

use super::tracer::Tracer;
use crate::streams::chunks;

type Outcome = tauraro_engine::Result<client::Response>;

/// The response being waited for.
type Pending = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What a wait ended with.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Step {
    /// The response's head, or an error.
    Done(Outcome),
    /// The body wants a chunk.
    Wanted(Pending, BodySender),
    /// The body accepts no more.
    Refused(Pending),
}

/// Sends `message` with what iterating over `stream` yields. A response that refuses the request before
/// the body's end ends the sending.
///
/// # Errors
/// What iterating raises, after which the connection is closed; `RuntimeError` for a stream of the
/// other mode.
pub(super) async fn send(
    transport: Arc<Transport>,
    message: client::Request,
    stream: PyObjectRef,
    mode: &ExecutionMode,
    tracer: &mut Option<Tracer>,
) -> PyResult<Outcome> {
    let body = with_vm(|vm| {
        chunks::check_sendable(vm, &stream, mode.is_async())?;
        chunks::iterate(vm, &stream, mode.is_async())
    })?;
    let (sender, receiver) = channel();
    let mut sender = Some(sender);
    let message = client::Request { body: Body::Stream(receiver), ..message };
    let mut response: Pending = Box::pin(async move { transport.send(message).await });
    loop {
        let step = mode.run(wait(response, sender.take())).await?;
        if let Some(tracer) = tracer {
            tracer.tell(mode).await?;
        }
        (response, sender) = match step {
            Step::Done(outcome) => return Ok(outcome),
            Step::Refused(response) => (response, None),
            Step::Wanted(response, open) => match chunks::next_chunk(&body, mode).await {
                Ok(Some(chunk)) => {
                    let open = open.send(chunk).then_some(open);
                    (response, open)
                }
                Ok(None) => {
                    open.finish();
                    (response, None)
                }
                Err(error) => return Err(error),
            },
        }
    }
}

/// Waits for the response, or for the moment at which the body wants something.
async fn wait(mut response: Pending, sender: Option<BodySender>) -> Step {
    let Some(sender) = sender else { return Step::Done(response.await) };
    let wanted = tokio::select! {
        biased;
        done = &mut response => return Step::Done(done),
        wanted = sender.ready() => wanted,
    };
    if wanted { Step::Wanted(response, sender) } else { Step::Refused(response) }
}
