//! Reading messages from the queue of frames.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::frame_queue::{FrameQueue, Taken};
use super::waiting::Deadline;
use crate::{errors, payload};

/// Where frames come from.
pub(super) trait Source {
    /// The frames that are there.
    fn queue(&self) -> &FrameQueue;

    /// Takes the oldest frame.
    ///
    /// # Errors
    /// What a callback raises.
    fn take(&self, vm: &VirtualMachine) -> PyResult<Taken>;

    /// Waits for another frame, or for some time. With a deadline that has passed it only looks.
    ///
    /// # Errors
    /// What a signal handler raises.
    fn wait(&self, deadline: Deadline, vm: &VirtualMachine) -> PyResult<()>;
}

/// Why no message can be returned.
pub(super) enum Failure {
    /// The stream of frames ended.
    Ended,
    /// Another thread is reading one.
    Busy,
    /// No message arrived within this time, in seconds.
    TimedOut(f64),
    /// It arrives in too many frames; the limit.
    TooManyFragments(usize),
    /// It is not UTF-8: a `UnicodeDecodeError`.
    Undecodable(PyBaseExceptionRef),
    /// Something else was raised.
    Raised(PyBaseExceptionRef),
}

impl From<PyBaseExceptionRef> for Failure {
    fn from(error: PyBaseExceptionRef) -> Self {
        Self::Raised(error)
    }
}

/// The next frame; `timeout` is only for the error message.
pub(super) fn next_frame(
    source: &impl Source,
    deadline: Deadline,
    timeout: f64,
    vm: &VirtualMachine,
) -> Result<engine::Frame, Failure> {
    let mut looked = false;
    loop {
        match source.take(vm)? {
            Taken::Frame(frame, _) => return Ok(frame),
            Taken::Ended => return Err(Failure::Ended),
            Taken::Nothing if looked && deadline.has_passed() => return Err(Failure::TimedOut(timeout)),
            Taken::Nothing => source.wait(deadline, vm)?,
        }
        looked = true;
    }
}

/// The next message, a `str` or `bytes` as it was sent or as `decode` wants it.
pub(super) fn message(
    source: &impl Source,
    timeout: Option<f64>,
    decode: Option<bool>,
    vm: &VirtualMachine,
) -> Result<PyObjectRef, Failure> {
    if !source.queue().begin() {
        return Err(Failure::Busy);
    }
    let whole = collect(source, timeout, vm);
    source.queue().end();
    let (opcode, data) = whole?;
    let is_text = decode.unwrap_or(opcode == engine::opcode::TEXT);
    payload::to_object(data, is_text, vm).map_err(Failure::Undecodable)
}

/// All frames of the next message. If they do not arrive in time, those that did are kept.
fn collect(
    source: &impl Source,
    timeout: Option<f64>,
    vm: &VirtualMachine,
) -> Result<(engine::OpCode, Vec<u8>), Failure> {
    let deadline = Deadline::after(timeout);
    let seconds = timeout.unwrap_or_default().max(0.0);
    let first = next_frame(source, deadline, seconds, vm)?;
    if first.fin {
        return Ok((first.opcode, first.data));
    }
    let limit = max_fragments(vm)?;
    let mut frames = vec![first];
    loop {
        match next_frame(source, deadline, seconds, vm) {
            Ok(_) if frames.len() >= limit => return Err(Failure::TooManyFragments(limit)),
            Ok(frame) => {
                let fin = frame.fin;
                frames.push(frame);
                if fin {
                    break;
                }
            }
            Err(Failure::Ended) => return Err(Failure::Ended),
            Err(failure) => {
                source.queue().put_back(frames);
                return Err(failure);
            }
        }
    }
    let opcode = frames.first().map_or(engine::opcode::BINARY, |frame| frame.opcode);
    let size = frames.iter().map(|frame| frame.data.len()).sum();
    let mut data = Vec::with_capacity(size);
    for frame in &frames {
        data.extend_from_slice(&frame.data);
    }
    Ok((opcode, data))
}

/// `websockets.sync.messages.MAX_FRAGMENTS`.
fn max_fragments(vm: &VirtualMachine) -> PyResult<usize> {
    errors::attribute(vm, "websockets.sync.messages", "MAX_FRAGMENTS")?.try_to_value(vm)
}

/// `TimeoutError` for a message that did not arrive.
pub(super) fn timed_out(vm: &VirtualMachine, seconds: f64) -> PyBaseExceptionRef {
    vm.new_exception_msg(
        vm.ctx.exceptions.timeout_error.to_owned(),
        format!("timed out in {seconds:.1}s").into(),
    )
}
