//! Sending a body that Python code yields.
//!
//! The code runs where its caller runs, never on a thread that drives the network: each time the
//! body wants a chunk the wait ends, the chunk is asked for, and the wait goes on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rustpython_vm::{PyObjectRef, PyResult};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::body::{Body, BodySender, channel};
use tauraro_engine::http::client::{Request, Response, Transport};

use crate::content;
use crate::tracer::Tracer;

type Outcome = tauraro_engine::Result<Response>;

/// The response on its way.
type Pending = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What a wait ended with.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on its way")]
enum Step {
    /// The response's head, or a failure.
    Done(Outcome),
    /// The body wants a chunk.
    Wanted(Pending, BodySender),
    /// The body wants no more.
    Refused(Pending),
}

/// Sends `hop` with what iterating over `stream` yields. A response that refuses the request before
/// the body's end ends the sending.
///
/// # Errors
/// What iterating raises, the connection having been given up; `RuntimeError` for a stream of the
/// other mode.
pub(super) async fn send(
    transport: Arc<Transport>,
    hop: Request,
    stream: PyObjectRef,
    mode: &ExecutionMode,
    tracer: &mut Option<Tracer>,
) -> PyResult<Outcome> {
    let chunks = with_vm(|vm| {
        content::chunks::check_sendable(vm, &stream, mode.is_async())?;
        content::chunks::iterate(vm, &stream, mode.is_async())
    })?;
    let (sender, receiver) = channel();
    let mut sender = Some(sender);
    let hop = Request { body: Body::Stream(receiver), ..hop };
    let mut response: Pending = Box::pin(async move { transport.send(hop).await });
    loop {
        let step = mode.run(wait(response, sender.take())).await?;
        if let Some(tracer) = tracer {
            tracer.tell(mode).await?;
        }
        (response, sender) = match step {
            Step::Done(outcome) => return Ok(outcome),
            Step::Refused(response) => (response, None),
            Step::Wanted(response, open) => match content::chunks::next_chunk(&chunks, mode).await {
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
