//! `websockets.sync`: connections for threads.

mod assembler;
mod connection;
mod flow;
mod fragments;
mod frame_queue;
mod messages;
mod port;
mod protocol_mutex;
mod reader;
mod reading;
mod send_context;
mod turn;
mod waiting;

pub(crate) use native::module_def;

/// The native parts of `websockets.sync`.
#[rustpython_vm::pymodule(name = "_websockets_sync")]
mod native {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::PyClassImpl;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use super::assembler::PyAssembler;
    use super::connection::PyConnection;
    use super::flow::{PyFlowControl, PyFrames};
    use super::fragments::PyFragments;
    use super::messages::PyMessages;
    use super::protocol_mutex::PyProtocolMutex;
    use super::reader::PyReader;
    use super::send_context::PySendContext;

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let _hidden = [
            PyFlowControl::make_static_type(),
            PyFragments::make_static_type(),
            PyFrames::make_static_type(),
            PyMessages::make_static_type(),
            PyProtocolMutex::make_static_type(),
            PyReader::make_static_type(),
            PySendContext::make_static_type(),
        ];
        let assembler = PyAssembler::make_static_type();
        crate::module::make_mutable(&assembler);
        module.set_attr("Assembler", assembler, vm)?;
        module.set_attr("Connection", PyConnection::make_static_type(), vm)
    }
}
