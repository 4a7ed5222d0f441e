//! `websockets.protocol`: the machine of [`tauraro_engine::websocket`] as a Python class.
//!
//! [`PyProtocol`] is the class. A connection that has one and knows that it [is
//! native](PyProtocol::is_native) calls it without Python in between: [`receive_data`](PyProtocol::receive_data),
//! [`send_data`](PyProtocol::send_data)..., then [`take_output`](PyProtocol::take_output) and
//! [`take_events`](PyProtocol::take_events).
//!
//! Each operation decides how it runs. Where the extensions are permessage-deflate or none and nothing is
//! overridden, the machine runs in one go, locked. Otherwise ([`step`]) it gives out each frame that arrives, and
//! each that is to be sent, and Python code has its turn between, while nothing is locked.
//!
//! A class that adds an opening handshake is `#[pyclass(base = PyProtocol)] #[repr(C)]` over a struct whose first
//! field is a [`PyProtocol`]. Its `__init__` calls [`PyProtocol::start`], and, if the state is
//! [`State::Connecting`](tauraro_engine::websocket::State::Connecting),
//! [`set_handshake`](PyProtocol::set_handshake) with what reads the handshake: a [`Handshake`], to which all that
//! arrives goes until it says that the rest is frames. It uses [`push_output`](PyProtocol::push_output),
//! [`push_event`](PyProtocol::push_event), [`set_state`](PyProtocol::set_state),
//! [`set_extensions`](PyProtocol::set_extensions), [`set_handshake_exc`](PyProtocol::set_handshake_exc), and to
//! give up [`send_eof`](PyProtocol::send_eof) and [`discard`](PyProtocol::discard).

pub(crate) mod calls;
pub(crate) mod failure;
pub(crate) mod log;
pub(crate) mod masks;
pub(crate) mod native;
#[expect(clippy::module_inception, reason = "the file is named as the class is")]
pub(crate) mod protocol;
pub(crate) mod step;

pub(crate) use module::module_def;
pub(crate) use protocol::Handshake;
pub(crate) use protocol::{Event, PyProtocol};

/// The native part of `websockets.protocol`.
#[rustpython_vm::pymodule(name = "_websockets_protocol")]
mod module {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::PyClassImpl as _;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use super::PyProtocol;

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        crate::frames::make_classes();
        crate::extensions::make_classes(vm);
        let class = PyProtocol::make_static_type();
        super::native::remember(&class, &vm.ctx);
        crate::module::make_mutable(&class);
        module.set_attr("Protocol", class, vm)
    }
}
