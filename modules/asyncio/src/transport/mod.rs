//! The transport of stream sockets (TCP and Unix), natively.
//!
//! [`SocketTransport`] has the interface and the behaviour of the transport that asyncio's selector
//! loop gives a protocol. The loop class chooses it where nothing of the loop is overridden (see
//! `python/unix_events.py`).
//!
//! # Native protocols
//!
//! A protocol whose class is native can take what arrives, and send, without a Python call in
//! between:
//!
//! - [`register_receiver`] names the functions that take data and its end for instances of a class.
//!   The transport calls them with a slice of its own buffer instead of calling `data_received` with a
//!   `bytes` object, as long as the attribute `data_received` of the instance is the one its class was
//!   registered with: what a subclass, a patched class or a patched instance defines instead is called
//!   as ever. The same holds for `eof_received`, by itself.
//! - [`SocketTransport::of`] finds the native transport behind the object that `connection_made` was
//!   given, unless its `write` was replaced; [`SocketTransport::write_native`] and its relatives do then
//!   what the Python methods do.
//!
//! ```ignore
//! // Once, when the class has been made:
//! register_receiver(Connection::static_type(), Receiver {
//!     data_received: |protocol, data, vm| Connection::of(protocol, vm)?.feed(data, vm),
//!     eof_received: |protocol, vm| Connection::of(protocol, vm)?.feed_eof(vm),
//! }, vm);
//! // In `connection_made(transport)`, which is called through Python, and wherever it sends:
//! match SocketTransport::of(&transport, vm) {
//!     Some(native) => SocketTransport::write_native(native, &frame, vm)?,
//!     None => drop(vm.call_method(&transport, "write", (vm.ctx.new_bytes(frame),))?),
//! }
//! ```
//!
//! Receivers run on the loop's thread, in a copy of the `contextvars` context that the connection was
//! made in, as Python methods of a protocol do.

mod attribute_cache;
mod lifetime;
mod limits;
mod methods;
mod native_protocol;
mod native_transport;
mod protocol_slot;
mod reading;
mod state;
mod sys;
mod table;
pub(crate) mod tls;
mod write_buffer;
mod writing;

use std::io;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::interpreter_state;

pub use native_protocol::{Receiver, register_receiver};
pub use native_transport::NativeTransport;
pub use state::SocketTransport;
pub(crate) use table::Transports;
pub use tls::TlsTransport;

/// Whether a system call would have blocked.
fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// `asyncio`'s logger: a message of debug mode about a transport.
fn log(vm: &VirtualMachine, message: &'static str, transport: &PyObject) -> PyResult<()> {
    log_with(vm, message, vec![transport.to_owned()], None)
}

/// The same with other arguments, and the traceback of an exception.
fn log_with(
    vm: &VirtualMachine,
    message: &'static str,
    arguments: Vec<PyObjectRef>,
    error: Option<&PyBaseExceptionRef>,
) -> PyResult<()> {
    let logger = interpreter_state::asyncio("log", "logger", vm)?;
    let mut all = vec![vm.ctx.new_str(message).into()];
    all.extend(arguments);
    let mut all = FuncArgs::from(all);
    if let Some(error) = error {
        all.kwargs.insert("exc_info".into(), error.clone().into());
    }
    vm.call_method(&logger, "debug", all).map(drop)
}
