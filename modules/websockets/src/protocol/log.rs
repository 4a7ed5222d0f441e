//! What a protocol tells its logger.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::{FuncArgs, KwArgs, PosArgs};
use rustpython_vm::{Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket::{Notice, Side};

use super::PyProtocol;
use crate::frames::PyFrame;

/// `logging.DEBUG`.
const DEBUG: i32 = 10;

/// The logger of a side unless another one is given: `websockets.client` or `websockets.server`.
///
/// # Errors
/// What importing `logging` raises.
pub(super) fn default_logger(side: Side, vm: &VirtualMachine) -> PyResult {
    let name = match side {
        Side::Client => "websockets.client",
        Side::Server => "websockets.server",
    };
    let logging = vm.import("logging", 0)?;
    vm.call_method(&logging, "getLogger", (name,))
}

/// Whether a logger wants to know everything.
///
/// # Errors
/// What the logger raises.
pub(super) fn is_debug(logger: &PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    vm.call_method(logger, "isEnabledFor", (DEBUG,))?.try_to_bool(vm)
}

impl PyProtocol {
    /// The logger.
    pub(crate) fn logger_object(&self, vm: &VirtualMachine) -> PyObjectRef {
        let logger = self.lock().logger.clone();
        crate::frames::members::or_none(vm, logger)
    }

    /// Whether the logger wanted to know everything when the protocol was made.
    pub(crate) fn is_debug(&self) -> bool {
        self.lock().debug
    }

    /// Calls a method of the logger with a format and what goes into it.
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

    /// Tells the logger what was noticed.
    pub(super) fn log_notice(zelf: &Py<Self>, notice: Notice, vm: &VirtualMachine) -> PyResult<()> {
        match notice {
            Notice::Received(frame) => zelf.log("debug", "< %s", vec![PyFrame::of(frame, vm).into()], vm),
            Notice::Sent(frame) => zelf.log("debug", "> %s", vec![PyFrame::of(frame, vm).into()], vm),
            Notice::ReceivedEof => zelf.log("debug", "< EOF", Vec::new(), vm),
            Notice::SentEof => zelf.log("debug", "> EOF", Vec::new(), vm),
            Notice::State(state) => {
                zelf.log("debug", "= connection is %s", vec![vm.ctx.new_str(state.name()).into()], vm)
            }
            Notice::Finished => zelf.log("info", "connection closed", Vec::new(), vm),
        }
    }
}
