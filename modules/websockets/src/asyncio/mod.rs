//! `websockets.asyncio`: connections for coroutines.
//!
//! Everything that runs for each message is here; what runs once per connection is in `python/websockets/asyncio`.
//! There `websockets.asyncio.connection.Connection` derives from [`Connection`](connection) and
//! `asyncio.Protocol`.
//!
//! A message that arrives goes from the transport to [`receiving`], through the protocol object (see
//! [`ProtocolRef`](crate::protocol::ProtocolRef)) and into the [`assembler`], which wakes the task that waits in
//! `recv`. One that is sent goes through [`sending`] to the protocol object and on to the transport, without
//! suspending unless the transport's buffer is full.

mod assembler;
mod broadcast;
mod closing;
mod connection;
mod fragments;
mod frames_view;
mod messages;
mod pings;
mod receiving;
mod sending;
mod timer_callbacks;

pub(crate) use module::module_def;

/// The native parts of `websockets.asyncio`.
#[rustpython_vm::pymodule(name = "_websockets_asyncio")]
mod module {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::{PyClassImpl, StaticType};
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use super::assembler::Assembler;
    use super::broadcast::{self, BroadcastArgs};
    use super::connection::{self, Connection};
    use super::fragments::Fragments;
    use super::frames_view::FramesView;
    use super::messages::Messages;
    use super::timer_callbacks::{ExpireConnection, ResolveFuture};

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let _hidden = [
            ExpireConnection::make_static_type(),
            Fragments::make_static_type(),
            FramesView::make_static_type(),
            Messages::make_static_type(),
            ResolveFuture::make_static_type(),
        ];
        module.set_attr("Assembler", Assembler::make_static_type(), vm)?;
        let connection = Connection::make_static_type();
        connection::register_coroutine_functions(vm);
        connection::register_with_transports(Connection::static_type(), vm);
        module.set_attr("Connection", connection, vm)
    }

    /// Sends a message to many connections, without waiting for any.
    #[pyfunction]
    fn broadcast(args: BroadcastArgs, vm: &VirtualMachine) -> PyResult<()> {
        broadcast::broadcast(args, vm)
    }
}
