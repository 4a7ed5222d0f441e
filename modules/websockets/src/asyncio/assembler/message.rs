//! Whole messages, from the frames that wait.

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::websocket as engine;

use super::{Assembler, Decode, Failure};
use crate::{errors, payload};

impl Assembler {
    /// Waits for the next message.
    pub(crate) async fn message(&self, mode: &ExecutionMode, decode: Decode) -> Result<PyObjectRef, Failure> {
        self.begin()?;
        let mut reading = Reading { assembler: self, frames: Vec::new() };
        let first = self.next(mode).await?;
        let decode = decode.unwrap_or(first.opcode == engine::opcode::TEXT);
        if first.fin {
            drop(reading);
            return with_vm(|vm| to_object(first.data, decode, vm));
        }
        let limit = with_vm(max_fragments)?;
        reading.frames.push(first);
        loop {
            let frame = match self.next(mode).await {
                Ok(frame) => frame,
                Err(Failure::Eof) => {
                    reading.frames.clear();
                    return Err(Failure::Eof);
                }
                Err(failure) => return Err(failure),
            };
            if reading.frames.len() >= limit {
                reading.frames.clear();
                return Err(Failure::TooManyFragments(with_vm(|vm| errors::too_many_fragments(vm, limit))));
            }
            let fin = frame.fin;
            reading.frames.push(frame);
            if fin {
                break;
            }
        }
        let mut whole = Vec::with_capacity(reading.frames.iter().map(|frame| frame.data.len()).sum());
        for frame in reading.frames.drain(..) {
            whole.extend_from_slice(&frame.data);
        }
        drop(reading);
        with_vm(|vm| to_object(whole, decode, vm))
    }
}

/// Puts back what was read of a message that is not complete, however reading it ends.
struct Reading<'a> {
    assembler: &'a Assembler,
    frames: Vec<engine::Frame>,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.assembler.end(&mut self.frames);
    }
}

/// `websockets.asyncio.messages.MAX_FRAGMENTS`.
fn max_fragments(vm: &VirtualMachine) -> PyResult<usize> {
    errors::attribute(vm, "websockets.asyncio.messages", "MAX_FRAGMENTS")?.try_into_value(vm)
}

/// The payload of a message as `str` or `bytes`.
///
/// # Errors
/// [`Failure::Encoding`] for text that is not UTF-8.
pub(crate) fn to_object(data: Vec<u8>, decode: bool, vm: &VirtualMachine) -> Result<PyObjectRef, Failure> {
    payload::to_object(data, decode, vm).map_err(|error| Failure::decoding(error, vm))
}
