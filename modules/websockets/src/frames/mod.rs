//! `websockets.frames`: what frames and close frames are to Python.
//!
//! The enumerations are `python/websockets/frames.py`; so is what is called once a frame is logged, or read by
//! a generator.

pub(crate) mod close;
pub(crate) mod frame;
pub(crate) mod members;

pub(crate) use close::PyClose;
pub(crate) use frame::PyFrame;
pub(crate) use module::module_def;

use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::PyClassImpl as _;

/// The native part of `websockets.frames`.
#[rustpython_vm::pymodule(name = "_websockets_frames")]
mod module {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::function::ArgBytesLike;
    use rustpython_vm::{Py, PyObjectRef, PyResult, VirtualMachine};
    use tauraro_engine::websocket::{Error, Frame, FrameReader};

    use super::PyFrame;
    use crate::protocol::failure;

    /// `_mask(data, key)`: bytes with a mask put on or taken off.
    #[pyfunction]
    fn _mask(data: ArgBytesLike, key: ArgBytesLike, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let key = key.with_ref(|key| <[u8; 4]>::try_from(key));
        let key = key.map_err(|_| vm.new_value_error("mask must contain 4 bytes"))?;
        let mut data = data.borrow_buf().to_vec();
        tauraro_engine::websocket::mask::apply(&mut data, key, 0);
        Ok(data)
    }

    /// What the header of a frame has at most, in bytes.
    const MAX_HEADER_SIZE: usize = 14;

    /// `take_frame(buffer, masked, max_size)`
    ///
    /// The frame at the beginning of bytes that have arrived, and how many of them it takes; or, if they are too few,
    /// an int: how many there have to be at least. `masked` tells whether the frame must be masked, `max_size` is the
    /// limit of its payload, in bytes, or None. Nothing is copied before all of it is there. Raises `PayloadTooBig`
    /// and `ProtocolError`.
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
                let frame: PyObjectRef = PyFrame::of(frame, vm).into();
                Ok(vm.ctx.new_tuple(vec![frame, vm.ctx.new_int(size).into()]).into())
            }
            Read::Needs(size) => Ok(vm.ctx.new_int(size).into()),
        }
    }

    /// What there is at the beginning of bytes.
    enum Read {
        /// A frame, and its size with the header.
        Frame(Frame, usize),
        /// Too few bytes: how many there have to be at least.
        Needs(u64),
    }

    fn read_frame(held: &[u8], masked: bool, limit: Option<u64>) -> Result<Read, Error> {
        let mut reader = FrameReader::new(masked);
        // The header first. It says whether there is any use in reading the payload.
        let (head, rest) = held.split_at(held.len().min(MAX_HEADER_SIZE));
        let mut input = head;
        let mut frame = reader.read(&mut input, limit)?;
        let mut left = input.len().saturating_add(rest.len());
        if frame.is_none() {
            let size = reader.missing_bytes().saturating_add(head.len() as u64);
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

/// Makes the classes, unless they are made: whatever gives out their objects needs them.
pub(crate) fn make_classes() -> [(&'static str, PyTypeRef); 2] {
    let classes = [("Close", PyClose::make_static_type()), ("Frame", PyFrame::make_static_type())];
    for (_, class) in &classes {
        crate::module::make_mutable(class);
    }
    classes
}
