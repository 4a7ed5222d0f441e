//! `websockets.protocol`: the state machine of [`tauraro_engine::websocket`] as a Python class.
//!
//! | file | what it holds |
//! |---|---|
//! | [`object`] | the class [`Protocol`] |
//! | `attributes` | its attributes |
//! | `calls` | the operations that connections and handshakes call |
//! | `stepwise` | the same operations where Python code runs between their steps |
//! | `overrides` | which methods a subclass, or a test, has replaced |
//! | [`dispatch`] | [`ProtocolRef`]: calls a native protocol directly, any other through its Python methods |
//! | `failure`, `log`, `masks` | exceptions, logging, masking keys |
//!
//! Each operation chooses how it runs. If the extensions are permessage-deflate or none, and nothing is
//! overridden, the state machine runs in one step, locked. Otherwise it gives out each frame that arrives, and each
//! that is to be sent, and Python code runs in between, while nothing is locked.
//!
//! A class that adds an opening handshake derives from `Protocol`. Its `__init__` sets what reads the handshake: a
//! [`Handshake`], which gets everything that arrives until it says that the rest is frames.

mod attributes;
mod calls;
pub(crate) mod dispatch;
pub(crate) mod failure;
mod log;
pub(crate) mod masks;
pub(crate) mod object;
mod overrides;
mod stepwise;

pub(crate) use dispatch::{OutputPiece, ProtocolObject, ProtocolRef};
pub(crate) use module::module_def;
pub(crate) use object::{Event, Handshake, Protocol};

/// The native part of `websockets.protocol`.
#[rustpython_vm::pymodule(name = "_websockets_protocol")]
mod module {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::PyClassImpl as _;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use super::Protocol;

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        crate::frames::make_classes();
        crate::extensions::make_classes(vm);
        let class = Protocol::make_static_type();
        super::overrides::record_builtin(&class, &vm.ctx);
        crate::module::make_mutable(&class);
        module.set_attr("Protocol", class, vm)
    }
}
