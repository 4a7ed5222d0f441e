//! The logging of a protocol.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::{FuncArgs, KwArgs, PosArgs};
use rustpython_vm::{Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::Protocol;
use crate::frames::Frame;

/// `logging.DEBUG`.
const DEBUG: i32 = 10;

/// The default logger of a side: `websockets.client` or `websockets.server`.
///
/// # Errors
/// What importing `logging` raises.
pub(super) fn default_logger(side: engine::Side, vm: &VirtualMachine) -> PyResult {
    let name = match side {
        engine::Side::Client => "websockets.client",
        engine::Side::Server => "websockets.server",
    };
    let logging = vm.import("logging", 0)?;
    vm.call_method(&logging, "getLogger", (name,))
}

/// Whether a logger is enabled for debug messages.
///
/// # Errors
/// What the logger raises.
pub(super) fn is_debug(logger: &PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    vm.call_method(logger, "isEnabledFor", (DEBUG,))?.try_to_bool(vm)
}

impl Protocol {
    /// The logger.
    pub(crate) fn logger_object(&self, vm: &VirtualMachine) -> PyObjectRef {
        let logger = self.lock().logger.clone();
        crate::frames::members::or_none(vm, logger)
    }

    /// Whether the logger was enabled for debug messages when the protocol was created.
    pub(crate) fn is_debug(&self) -> bool {
        self.lock().debug
    }

    /// Calls a method of the logger with a format and its arguments.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn log(
        &self,
        level: &'static str,
        format: &'static str,
        args: Vec<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let mut all: Vec<PyObjectRef> = vec![vm.ctx.new_str(format).into()];
        all.extend(args);
        vm.call_method(&self.logger_object(vm), level, all).map(drop)
    }

    pub(super) fn log_failure(&self, exception: &PyBaseExceptionRef, vm: &VirtualMachine) -> PyResult<()> {
        let method = self.logger_object(vm).get_attr("error", vm)?;
        let keywords = [("exc_info".into(), exception.clone().into())].into_iter().collect();
        let args =
            FuncArgs::new(PosArgs::new(vec![vm.ctx.new_str("parser failed").into()]), KwArgs::new(keywords));
        method.call(args, vm).map(drop)
    }

    /// Logs a notice.
    pub(super) fn log_notice(zelf: &Py<Self>, notice: engine::Notice, vm: &VirtualMachine) -> PyResult<()> {
        match notice {
            engine::Notice::Received(frame) => {
                zelf.log("debug", "< %s", vec![Frame::of(frame, vm).into()], vm)
            }
            engine::Notice::Sent(frame) => zelf.log("debug", "> %s", vec![Frame::of(frame, vm).into()], vm),
            engine::Notice::ReceivedEof => zelf.log("debug", "< EOF", Vec::new(), vm),
            engine::Notice::SentEof => zelf.log("debug", "> EOF", Vec::new(), vm),
            engine::Notice::State(state) => {
                zelf.log("debug", "= connection is %s", vec![vm.ctx.new_str(state.name()).into()], vm)
            }
            engine::Notice::Finished => zelf.log("info", "connection closed", Vec::new(), vm),
        }
    }
}
