//! `websockets.frames`: frames and close frames as Python objects.
//!
//! The enumerations are in `python/websockets/frames.py`, and so are the description of a frame for logs and the
//! generator that reads one.

pub(crate) mod close;
pub(crate) mod frame;
pub(crate) mod members;

pub(crate) use close::Close;
pub(crate) use frame::Frame;
pub(crate) use module::module_def;

use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::PyClassImpl as _;

/// The native part of `websockets.frames`.
#[rustpython_vm::pymodule(name = "_websockets_frames")]
mod module {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::function::ArgBytesLike;
    use rustpython_vm::{Py, PyObjectRef, PyResult, VirtualMachine};
    use tauraro_engine::websocket as engine;

    use crate::protocol::failure;

    /// `_mask(data, key)`: bytes with a mask put on or taken off.
    #[pyfunction]
    fn _mask(data: ArgBytesLike, key: ArgBytesLike, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let key = key.with_ref(|key| <[u8; 4]>::try_from(key));
        let key = key.map_err(|_| vm.new_value_error("mask must contain 4 bytes"))?;
        let mut data = data.borrow_buf().to_vec();
        engine::mask::apply(&mut data, key, 0);
        Ok(data)
    }

    /// The maximum size of a frame's header, in bytes.
    const MAX_HEADER_SIZE: usize = 14;

    /// `take_frame(buffer, masked, max_size)`
    ///
    /// The first frame of the bytes that have arrived, and its size; or, if it is not complete, an int: how many bytes
    /// it needs at least. `masked` says whether the frame must be masked; `max_size` is the maximum size of its
    /// payload, in bytes, or None. The payload is only copied once it is complete. Raises `PayloadTooBig` and
    /// `ProtocolError`.
    #[pyfunction]
    fn take_frame(
        buffer: ArgBytesLike,
        masked: bool,
        max_size: Option<u64>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let read = {
            let held = buffer.borrow_buf();
            read_frame(&held, masked, max_size)
        };
        match read.map_err(|error| failure::exception(vm, &error))? {
            Read::Frame(frame, size) => {
                let frame: PyObjectRef = super::Frame::of(frame, vm).into();
                Ok(vm.ctx.new_tuple(vec![frame, vm.ctx.new_int(size).into()]).into())
            }
            Read::Needs(size) => Ok(vm.ctx.new_int(size).into()),
        }
    }

    /// The result of reading a frame from a buffer.
    enum Read {
        /// A frame, and its size with the header.
        Frame(engine::Frame, usize),
        /// The frame is not complete: how many bytes it needs at least.
        Needs(u64),
    }

    fn read_frame(held: &[u8], masked: bool, limit: Option<u64>) -> Result<Read, engine::Error> {
        let mut reader = engine::FrameReader::new(masked);
        // The header first, which says whether the payload is complete.
        let (header, rest) = held.split_at(held.len().min(MAX_HEADER_SIZE));
        let mut input = header;
        let mut frame = reader.read(&mut input, limit)?;
        let mut left = input.len().saturating_add(rest.len());
        if frame.is_none() {
            let size = reader.missing_bytes().saturating_add(header.len() as u64);
            if size > held.len() as u64 {
                return Ok(Read::Needs(size));
            }
            input = rest;
            frame = reader.read(&mut input, limit)?;
            left = input.len();
        }
        Ok(match frame {
            Some(frame) => Read::Frame(frame, held.len().saturating_sub(left)),
            None => Read::Needs(reader.missing_bytes().saturating_add(held.len() as u64)),
        })
    }

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for (name, class) in super::make_classes() {
            module.set_attr(name, class, vm)?;
        }
        Ok(())
    }
}

/// Creates the classes, unless they exist: they are needed before objects of theirs can be created.
pub(crate) fn make_classes() -> [(&'static str, PyTypeRef); 2] {
    let classes = [("Close", Close::make_static_type()), ("Frame", Frame::make_static_type())];
    for (_, class) in &classes {
        crate::module::make_mutable(class);
    }
    classes
}
