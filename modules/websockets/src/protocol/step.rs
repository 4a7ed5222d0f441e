//! Operations with Python code between the steps of the machine.

use std::borrow::Cow;

use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine::websocket::protocol::Deferred;
use tauraro_engine::websocket::{Frame, Side, mask};

use super::{PyProtocol, failure, masks};
use crate::frames::{PyFrame, frame};

impl PyProtocol {
    /// The extensions, to be called one after the other.
    fn extension_objects(&self, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        let extensions = self.lock().extensions.clone();
        extensions.map_or_else(|| Ok(Vec::new()), |extensions| extensions.try_to_value(vm))
    }

    /// Tells the logger what was noticed, and sends what was put aside.
    ///
    /// # Errors
    /// What the logger, an extension or an overridden `send_frame` raises; the frame is lost.
    pub(super) fn settle(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let mut failed = Ok(());
        loop {
            let (notices, deferred) = {
                let mut inner = zelf.lock();
                (inner.machine.take_notices(), inner.machine.take_deferred())
            };
            if notices.is_empty() && deferred.is_empty() {
                return failed;
            }
            for notice in notices {
                failed = failed.and(Self::log_notice(zelf, notice, vm));
            }
            for item in deferred {
                failed = failed.and(Self::send_deferred(zelf, item, vm));
            }
        }
    }

    fn send_deferred(zelf: &Py<Self>, item: Deferred, vm: &VirtualMachine) -> PyResult<()> {
        match item {
            Deferred::Eof => {
                zelf.lock().machine.push_eof();
                Ok(())
            }
            Deferred::Frame(frame) => {
                let frame = PyFrame::of(frame, vm);
                if Self::methods(zelf, vm).overrides_send_frame() {
                    return vm.call_method(zelf.as_object(), "send_frame", (frame,)).map(drop);
                }
                Self::send_frame(zelf, frame, vm)
            }
        }
    }

    /// Sends a frame as it is, but for the extensions.
    ///
    /// # Errors
    /// `ProtocolError` for a frame that breaks a rule; what the logger or an extension raises.
    pub(super) fn send_frame(zelf: &Py<Self>, frame: PyRef<PyFrame>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_debug() {
            zelf.log("debug", "> %s", vec![frame.clone().into()], vm)?;
        }
        frame.to_engine(vm)?.check().map_err(|error| failure::exception(vm, &error))?;
        let frame = frame::encode(frame, zelf.extension_objects(vm)?, vm)?.to_engine(vm)?;
        let mask = match zelf.side() {
            Side::Server => None,
            Side::Client => Some(masks::new(vm)?.unwrap_or_else(mask::random)),
        };
        let mut bytes = Vec::new();
        frame.with_data(Cow::<[u8]>::Owned).write(mask, &mut bytes);
        zelf.push_output(&bytes);
        Ok(())
    }

    /// Processes bytes that arrived, frame by frame.
    ///
    /// # Errors
    /// What the logger raises, and what is no `Exception`.
    pub(super) fn receive_in_steps(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        let mut rest = data;
        loop {
            let frame = {
                let mut inner = zelf.lock();
                inner.machine.set_deferring(true);
                inner.machine.next_raw_frame(&mut rest, &mut ())
            };
            let outcome = match frame {
                None => return Self::settle(zelf, vm),
                Some(frame) => Self::process(zelf, frame, vm),
            };
            if let Err(exception) = outcome {
                failure::fail(zelf, exception, vm)?;
            }
        }
    }

    /// Decodes a frame, and has it processed by `recv_frame`.
    fn process(zelf: &Py<Self>, frame: Frame, vm: &VirtualMachine) -> PyResult<()> {
        let (limit, debug) = {
            let inner = zelf.lock();
            (inner.machine.limit(), inner.debug)
        };
        let mut frame = PyFrame::of(frame, vm);
        for extension in zelf.extension_objects(vm)?.into_iter().rev() {
            frame = decode(&extension, frame, limit, vm)?.try_into_value(vm)?;
        }
        frame.to_engine(vm)?.check().map_err(|error| failure::exception(vm, &error))?;
        if debug {
            zelf.log("debug", "< %s", vec![frame.clone().into()], vm)?;
        }
        if Self::methods(zelf, vm).overrides_recv_frame() {
            return vm.call_method(zelf.as_object(), "recv_frame", (frame,)).map(drop);
        }
        Self::receive_frame(zelf, &frame, vm)
    }

    /// Processes a frame that is decoded.
    ///
    /// # Errors
    /// `ProtocolError` or `UnicodeDecodeError` for a frame that breaks a rule; what extensions raise about the
    /// answer.
    pub(super) fn receive_frame(zelf: &Py<Self>, frame: &Py<PyFrame>, vm: &VirtualMachine) -> PyResult<()> {
        let frame = frame.to_engine(vm)?;
        let result = {
            let mut inner = zelf.lock();
            inner.machine.set_deferring(true);
            inner.machine.receive_frame(frame, &mut ())
        };
        Self::settle(zelf, vm)?;
        result.map_err(|error| failure::exception(vm, &error))
    }
}

fn decode(
    extension: &PyObjectRef,
    frame: PyRef<PyFrame>,
    limit: Option<u64>,
    vm: &VirtualMachine,
) -> PyResult {
    use rustpython_vm::function::{FuncArgs, KwArgs, PosArgs};

    let limit: PyObjectRef = limit.map_or_else(|| vm.ctx.none(), |limit| vm.ctx.new_int(limit).into());
    let keywords = KwArgs::new([("max_size".into(), limit)].into_iter().collect());
    let args = FuncArgs::new(PosArgs::new(vec![frame.into()]), keywords);
    extension.get_attr("decode", vm)?.call(args, vm)
}
