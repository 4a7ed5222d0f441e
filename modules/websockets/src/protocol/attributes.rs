//! The attributes of `Protocol`.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::PySetterValue;
use rustpython_vm::{Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::websocket as engine;

use super::Protocol;
use crate::frames::Close;
use crate::frames::members::{self, or_none};

/// A limit in bytes; `None` for none.
///
/// # Errors
/// `TypeError` for an object that is not an integer.
pub(super) fn limit(vm: &VirtualMachine, value: &PyObject) -> PyResult<Option<u64>> {
    if vm.is_none(value) {
        return Ok(None);
    }
    let number = value.try_index(vm)?;
    // A negative limit lets nothing through.
    Ok(Some(
        u64::try_from(number.as_bigint())
            .unwrap_or_else(|_| if number.as_bigint() < &0.into() { 0 } else { u64::MAX }),
    ))
}

/// What is assigned to an attribute; `None` for Python's None, and for `del`.
pub(super) fn assigned(value: PySetterValue, vm: &VirtualMachine) -> Option<PyObjectRef> {
    match value {
        PySetterValue::Assign(value) if !vm.is_none(&value) => Some(value),
        _ => None,
    }
}

fn number(value: Option<u64>, vm: &VirtualMachine) -> PyObjectRef {
    or_none(vm, value.map(|value| vm.ctx.new_int(value)))
}

fn close_object(close: Option<engine::Close>, vm: &VirtualMachine) -> PyObjectRef {
    or_none(vm, close.map(|close| Close::of(&close, vm)))
}

fn assigned_close(value: PySetterValue, vm: &VirtualMachine) -> PyResult<Option<engine::Close>> {
    let Some(value) = assigned(value, vm) else { return Ok(None) };
    let close: PyRef<Close> = value.try_into_value(vm)?;
    close.to_engine(vm).map(Some)
}

/// The attributes that need nothing but the locked state.
#[pyclass]
pub(crate) trait Attributes: PyPayload {
    /// The protocol that has the attributes.
    fn protocol(&self) -> &Protocol;

    /// Whether everything is logged; determined when the protocol is created.
    #[pygetset]
    fn debug(zelf: &Py<Self>) -> bool {
        zelf.protocol().is_debug()
    }

    /// Changes whether everything is logged.
    #[pygetset(setter)]
    fn set_debug(zelf: &Py<Self>, value: bool) {
        let mut inner = zelf.protocol().lock();
        inner.debug = value;
        inner.machine.set_verbose(value);
    }

    /// The maximum size of a message, in bytes, or None.
    #[pygetset]
    fn max_message_size(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        number(zelf.protocol().lock().machine.limits().message, vm)
    }

    /// Changes the maximum size of a message.
    #[pygetset(setter)]
    fn set_max_message_size(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let message = limit(vm, &value)?;
        let machine = &mut zelf.protocol().lock().machine;
        machine.set_limits(engine::Limits { message, ..machine.limits() });
        Ok(())
    }

    /// The maximum size of a frame, in bytes, or None.
    #[pygetset]
    fn max_fragment_size(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        number(zelf.protocol().lock().machine.limits().fragment, vm)
    }

    /// Changes the maximum size of a frame.
    #[pygetset(setter)]
    fn set_max_fragment_size(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let fragment = limit(vm, &value)?;
        let machine = &mut zelf.protocol().lock().machine;
        machine.set_limits(engine::Limits { fragment, ..machine.limits() });
        Ok(())
    }

    /// The size so far of the message that arrives in fragments, in bytes, or None.
    #[pygetset]
    fn current_size(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        number(zelf.protocol().lock().machine.received_size(), vm)
    }

    /// Whether a message is being sent in fragments.
    #[pygetset]
    fn expect_continuation_frame(zelf: &Py<Self>) -> bool {
        zelf.protocol().lock().machine.sends_fragments()
    }

    /// The value of the `Origin` header, or None.
    #[pygetset]
    fn origin(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let origin = zelf.protocol().lock().origin.clone();
        or_none(vm, origin)
    }

    /// Replaces the origin.
    #[pygetset(setter)]
    fn set_origin(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.protocol().exchange(|inner| std::mem::replace(&mut inner.origin, assigned(value, vm)));
    }

    /// The subprotocol that was negotiated, or None.
    #[pygetset]
    fn subprotocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let subprotocol = zelf.protocol().lock().subprotocol.clone();
        or_none(vm, subprotocol)
    }

    /// Replaces the subprotocol.
    #[pygetset(setter)]
    fn set_subprotocol(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.protocol().exchange(|inner| std::mem::replace(&mut inner.subprotocol, assigned(value, vm)));
    }

    /// The extensions that were negotiated, in the order in which they encode.
    #[pygetset]
    fn extensions(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let mut inner = zelf.protocol().lock();
        inner.extensions.get_or_insert_with(|| vm.ctx.new_list(Vec::new()).into()).clone()
    }

    /// Replaces the extensions.
    #[pygetset(setter)]
    fn set_extensions(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.protocol().exchange(|inner| inner.extensions.replace(value));
    }

    /// Why the opening handshake failed, or None.
    #[pygetset]
    fn handshake_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let exception = zelf.protocol().lock().handshake_exc.clone();
        or_none(vm, exception)
    }

    /// Replaces the exception of the opening handshake.
    #[pygetset(setter)]
    fn set_handshake_exc(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.protocol().exchange(|inner| std::mem::replace(&mut inner.handshake_exc, assigned(value, vm)));
    }

    /// The exception that the connection failed with, or None.
    #[pygetset]
    fn parser_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        or_none(vm, zelf.protocol().parser_exception(vm))
    }

    /// The contents of the peer's close frame, or None.
    #[pygetset]
    fn close_rcvd(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let close = zelf.protocol().lock().machine.close_received().cloned();
        close_object(close, vm)
    }

    /// Replaces the contents of the peer's close frame.
    #[pygetset(setter)]
    fn set_close_rcvd(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let received = assigned_close(value, vm)?;
        let machine = &mut zelf.protocol().lock().machine;
        machine.set_close(received, machine.close_sent().cloned(), machine.received_then_sent());
        Ok(())
    }

    /// The contents of our close frame, or None.
    #[pygetset]
    fn close_sent(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let close = zelf.protocol().lock().machine.close_sent().cloned();
        close_object(close, vm)
    }

    /// Replaces the contents of our close frame.
    #[pygetset(setter)]
    fn set_close_sent(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let sent = assigned_close(value, vm)?;
        let machine = &mut zelf.protocol().lock().machine;
        machine.set_close(machine.close_received().cloned(), sent, machine.received_then_sent());
        Ok(())
    }

    /// Whether the peer's close frame came before ours was sent; None unless there are both.
    #[pygetset]
    fn close_rcvd_then_sent(zelf: &Py<Self>) -> Option<bool> {
        zelf.protocol().lock().machine.received_then_sent()
    }

    /// Replaces the order of the close frames.
    #[pygetset(setter)]
    fn set_close_rcvd_then_sent(zelf: &Py<Self>, value: Option<bool>) {
        let machine = &mut zelf.protocol().lock().machine;
        machine.set_close(machine.close_received().cloned(), machine.close_sent().cloned(), value);
    }

    /// Whether the end of our stream was, or is to be, sent.
    #[pygetset]
    fn eof_sent(zelf: &Py<Self>) -> bool {
        zelf.protocol().lock().machine.eof_sent()
    }

    /// The code of the peer's close frame, 1006 if there was none; None until the connection is closed.
    #[pygetset]
    fn close_code(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let code = {
            let inner = zelf.protocol().lock();
            if inner.machine.state() != engine::State::Closed {
                return Ok(vm.ctx.none());
            }
            inner.machine.close_received().map_or(engine::CloseCode::Abnormal, |close| close.code)
        };
        let number = u16::from(code);
        if matches!(code, engine::CloseCode::Status | engine::CloseCode::Abnormal) {
            return members::close_code(vm, number);
        }
        Ok(vm.ctx.new_int(number).into())
    }

    /// The reason of the peer's close frame, empty if there was none; None until the connection is closed.
    #[pygetset]
    fn close_reason(zelf: &Py<Self>) -> Option<String> {
        let inner = zelf.protocol().lock();
        let is_closed = inner.machine.state() == engine::State::Closed;
        is_closed
            .then(|| inner.machine.close_received().map(|close| close.reason.clone()).unwrap_or_default())
    }

    /// A new exception that says how the connection was closed. Raises `AssertionError` until it is.
    #[pygetset]
    fn close_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        zelf.protocol().closed_exception(vm)
    }
}

impl Attributes for Protocol {
    fn protocol(&self) -> &Protocol {
        self
    }
}
