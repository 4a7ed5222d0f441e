//! Reading messages off the queue of frames.

use bytes::Bytes;
use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};

use super::frame_queue::{FrameQueue, Taken};
use super::waiting::Deadline;
use crate::errors;
use crate::handle::{Opcode, Part};

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

/// Why there is no message.
pub(super) enum Failure {
    /// The stream of frames ended.
    Ended,
    /// Another thread is reading one.
    Busy,
    /// None came within this time, in seconds.
    TimedOut(f64),
    /// It comes in too many frames; the limit.
    TooManyFragments(usize),
    /// It is no UTF-8: a `UnicodeDecodeError`.
    Undecodable(PyBaseExceptionRef),
    /// Something else was raised.
    Raised(PyBaseExceptionRef),
}

impl From<PyBaseExceptionRef> for Failure {
    fn from(error: PyBaseExceptionRef) -> Self {
        Self::Raised(error)
    }
}

/// The next frame; `timeout` is only for the message.
pub(super) fn next_part(
    source: &impl Source,
    deadline: Deadline,
    timeout: f64,
    vm: &VirtualMachine,
) -> Result<Part, Failure> {
    let mut looked = false;
    loop {
        match source.take(vm)? {
            Taken::Part(part, _) => return Ok(part),
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
    convert(data, decode.unwrap_or(opcode == Opcode::Text), vm).map_err(Failure::Undecodable)
}

/// All frames of the next message. When they do not come in time, those that did are kept.
fn collect(
    source: &impl Source,
    timeout: Option<f64>,
    vm: &VirtualMachine,
) -> Result<(Opcode, Bytes), Failure> {
    let deadline = Deadline::after(timeout);
    let shown = timeout.unwrap_or_default().max(0.0);
    let first = next_part(source, deadline, shown, vm)?;
    if first.fin {
        return Ok((first.opcode, first.data));
    }
    let limit = max_fragments(vm)?;
    let mut parts = vec![first];
    loop {
        match next_part(source, deadline, shown, vm) {
            Ok(_) if parts.len() >= limit => return Err(Failure::TooManyFragments(limit)),
            Ok(part) => {
                let fin = part.fin;
                parts.push(part);
                if fin {
                    break;
                }
            }
            Err(Failure::Ended) => return Err(Failure::Ended),
            Err(failure) => {
                source.queue().put_back(parts);
                return Err(failure);
            }
        }
    }
    let opcode = parts.first().map_or(Opcode::Binary, |part| part.opcode);
    let size = parts.iter().map(|part| part.data.len()).sum();
    let mut data = Vec::with_capacity(size);
    for part in &parts {
        data.extend_from_slice(&part.data);
    }
    Ok((opcode, data.into()))
}

/// In how many frames a message may come.
fn max_fragments(vm: &VirtualMachine) -> PyResult<usize> {
    errors::attribute(vm, "websockets.sync.messages", "MAX_FRAGMENTS")?.try_to_value(vm)
}

/// The data as an application gets it.
///
/// # Errors
/// `UnicodeDecodeError`.
pub(super) fn convert(data: Bytes, text: bool, vm: &VirtualMachine) -> PyResult {
    if !text {
        return Ok(vm.ctx.new_bytes(Vec::from(data)).into());
    }
    match std::str::from_utf8(&data) {
        Ok(text) => Ok(vm.ctx.new_str(text).into()),
        // Raises, and says what is wrong where.
        Err(_) => vm.call_method(vm.ctx.new_bytes(Vec::from(data)).as_object(), "decode", ()),
    }
}

/// Decodes UTF-8 that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a character whose end is in the next piece.
    held: Vec<u8>,
}

impl Decoder {
    /// The characters that are complete.
    ///
    /// # Errors
    /// `UnicodeDecodeError`.
    pub(super) fn decode(&mut self, data: &[u8], last: bool, vm: &VirtualMachine) -> PyResult {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(data);
        let valid = match std::str::from_utf8(&all) {
            Ok(_) => all.len(),
            Err(error) if error.error_len().is_none() && !last => error.valid_up_to(),
            Err(_) => return vm.call_method(vm.ctx.new_bytes(all).as_object(), "decode", ()),
        };
        self.held = all.split_off(valid);
        match String::from_utf8(all) {
            Ok(text) => Ok(vm.ctx.new_str(text).into()),
            Err(error) => vm.call_method(vm.ctx.new_bytes(error.into_bytes()).as_object(), "decode", ()),
        }
    }
}

/// `TimeoutError` for a message that did not come.
pub(super) fn timed_out(vm: &VirtualMachine, seconds: f64) -> PyBaseExceptionRef {
    vm.new_exception_msg(
        vm.ctx.exceptions.timeout_error.to_owned(),
        format!("timed out in {seconds:.1}s").into(),
    )
}
