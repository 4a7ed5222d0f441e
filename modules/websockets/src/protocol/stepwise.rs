//! Operations with Python code between the steps of the state machine.

use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::{Protocol, failure, masks};
use crate::frames::{Frame, frame};

impl Protocol {
    /// The extensions, in the order in which they encode.
    fn extension_objects(&self, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        let extensions = self.lock().extensions.clone();
        extensions.map_or_else(|| Ok(Vec::new()), |extensions| extensions.try_to_value(vm))
    }

    /// Logs the notices of the state machine, and sends what it has deferred.
    ///
    /// # Errors
    /// What the logger, an extension or an overridden `send_frame` raises; the frame is lost.
    pub(super) fn flush_pending(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
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

    fn send_deferred(zelf: &Py<Self>, item: engine::protocol::Deferred, vm: &VirtualMachine) -> PyResult<()> {
        match item {
            engine::protocol::Deferred::Eof => {
                zelf.lock().machine.push_eof();
                Ok(())
            }
            engine::protocol::Deferred::Frame(frame) => {
                let frame = Frame::of(frame, vm);
                if Self::overrides(zelf, vm).send_frame() {
                    return vm.call_method(zelf.as_object(), "send_frame", (frame,)).map(drop);
                }
                Self::send_frame(zelf, frame, vm)
            }
        }
    }

    /// Sends a frame, encoded by the extensions.
    ///
    /// # Errors
    /// `ProtocolError` for a frame that breaks a rule; what the logger or an extension raises.
    pub(super) fn send_frame(zelf: &Py<Self>, frame: PyRef<Frame>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_debug() {
            zelf.log("debug", "> %s", vec![frame.clone().into()], vm)?;
        }
        frame.to_engine(vm)?.check().map_err(|error| failure::exception(vm, &error))?;
        let frame = frame::encode(frame, zelf.extension_objects(vm)?, vm)?.to_engine(vm)?;
        let key = match zelf.side() {
            engine::Side::Server => None,
            engine::Side::Client => Some(masks::new_key(vm)?),
        };
        let mut bytes = Vec::new();
        frame.write(key, &mut bytes);
        zelf.push_output(&bytes);
        Ok(())
    }

    /// Processes bytes that arrived, frame by frame.
    ///
    /// # Errors
    /// What the logger raises, and a `BaseException` that is not an `Exception`.
    pub(super) fn receive_stepwise(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        let mut rest = data;
        loop {
            let frame = {
                let mut inner = zelf.lock();
                inner.machine.set_deferring(true);
                inner.machine.next_raw_frame(&mut rest, &mut ())
            };
            let outcome = match frame {
                None => return Self::flush_pending(zelf, vm),
                Some(frame) => Self::process(zelf, frame, vm),
            };
            if let Err(exception) = outcome {
                failure::fail(zelf, exception, vm)?;
            }
        }
    }

    /// Decodes a frame, and passes it to `recv_frame`.
    fn process(zelf: &Py<Self>, frame: engine::Frame, vm: &VirtualMachine) -> PyResult<()> {
        let (limit, debug) = {
            let inner = zelf.lock();
            (inner.machine.limit(), inner.debug)
        };
        let mut frame = Frame::of(frame, vm);
        for extension in zelf.extension_objects(vm)?.into_iter().rev() {
            frame = decode(&extension, frame, limit, vm)?.try_into_value(vm)?;
        }
        frame.to_engine(vm)?.check().map_err(|error| failure::exception(vm, &error))?;
        if debug {
            zelf.log("debug", "< %s", vec![frame.clone().into()], vm)?;
        }
        if Self::overrides(zelf, vm).recv_frame() {
            return vm.call_method(zelf.as_object(), "recv_frame", (frame,)).map(drop);
        }
        Self::receive_frame(zelf, &frame, vm)
    }

    /// Processes a decoded frame.
    ///
    /// # Errors
    /// `ProtocolError` or `UnicodeDecodeError` for a frame that breaks a rule; what extensions raise for the
    /// response.
    pub(super) fn receive_frame(zelf: &Py<Self>, frame: &Py<Frame>, vm: &VirtualMachine) -> PyResult<()> {
        let frame = frame.to_engine(vm)?;
        let result = {
            let mut inner = zelf.lock();
            inner.machine.set_deferring(true);
            inner.machine.receive_frame(frame, &mut ())
        };
        Self::flush_pending(zelf, vm)?;
        result.map_err(|error| failure::exception(vm, &error))
    }
}

fn decode(extension: &PyObjectRef, frame: PyRef<Frame>, limit: Option<u64>, vm: &VirtualMachine) -> PyResult {
    use rustpython_vm::function::{FuncArgs, KwArgs, PosArgs};

    let limit: PyObjectRef = limit.map_or_else(|| vm.ctx.none(), |limit| vm.ctx.new_int(limit).into());
    let keywords = KwArgs::new([("max_size".into(), limit)].into_iter().collect());
    let args = FuncArgs::new(PosArgs::new(vec![frame.into()]), keywords);
    extension.get_attr("decode", vm)?.call(args, vm)
}
