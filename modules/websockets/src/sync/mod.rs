//! `websockets.sync`: connections for threads.
//!
//! Everything that runs for each message is here; what runs once per connection is in `python/websockets/sync`.
//! Each connection has a thread that reads its socket ([`reader`]), and lets threads that wait for a message read it
//! themselves ([`reader_token`]). Waiting is by `poll` and condition variables ([`waiting`]), in slices on the main
//! thread, so that signals are handled.

mod assembler;
mod connection;
mod flow_control;
mod fragments;
mod frame_queue;
mod frames_view;
mod message_iterator;
mod protocol_mutex;
mod reader;
mod reader_token;
mod reading;
mod send_context;
mod socket_handle;
mod waiting;

pub(crate) use native::module_def;

/// The native parts of `websockets.sync`.
#[rustpython_vm::pymodule(name = "_websockets_sync")]
mod native {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::PyClassImpl;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use super::assembler::Assembler;
    use super::connection::Connection;
    use super::flow_control::FlowControl;
    use super::fragments::Fragments;
    use super::frames_view::FramesView;
    use super::message_iterator::MessageIterator;
    use super::protocol_mutex::ProtocolMutex;
    use super::reader::Reader;
    use super::send_context::SendContext;

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let _hidden = [
            FlowControl::make_static_type(),
            Fragments::make_static_type(),
            FramesView::make_static_type(),
            MessageIterator::make_static_type(),
            ProtocolMutex::make_static_type(),
            Reader::make_static_type(),
            SendContext::make_static_type(),
        ];
        let assembler = Assembler::make_static_type();
        crate::module::make_mutable(&assembler);
        module.set_attr("Assembler", assembler, vm)?;
        module.set_attr("Connection", Connection::make_static_type(), vm)
    }
}
