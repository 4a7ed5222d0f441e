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
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    /// `_mask(data, key)`: bytes with a mask put on or taken off.
    #[pyfunction]
    fn _mask(data: ArgBytesLike, key: ArgBytesLike, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let key = key.with_ref(|key| <[u8; 4]>::try_from(key));
        let key = key.map_err(|_| vm.new_value_error("mask must contain 4 bytes"))?;
        let mut data = data.borrow_buf().to_vec();
        tauraro_engine::websocket::mask::apply(&mut data, key, 0);
        Ok(data)
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
