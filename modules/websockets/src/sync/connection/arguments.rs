//! The arguments of the methods of `Connection`.

use rustpython_vm::function::{ArgIntoBool, ArgIntoFloat, OptionalArg};
use rustpython_vm::{FromArgs, PyObjectRef};

#[derive(FromArgs)]
pub(crate) struct OpenArgs {
    #[pyarg(any)]
    pub(crate) sock: PyObjectRef,
    #[pyarg(any)]
    pub(crate) protocol: PyObjectRef,
    #[pyarg(any)]
    pub(crate) high: Option<i64>,
    #[pyarg(any)]
    pub(crate) low: Option<i64>,
}

#[derive(FromArgs)]
pub(crate) struct SendArgs {
    #[pyarg(any)]
    pub(crate) message: PyObjectRef,
    #[pyarg(named, default)]
    pub(crate) text: Option<ArgIntoBool>,
}

#[derive(FromArgs)]
pub(crate) struct CloseArgs {
    #[pyarg(any, optional, py_default = "1000")]
    pub(crate) code: OptionalArg,
    #[pyarg(any, optional, py_default = "''")]
    pub(crate) reason: OptionalArg,
}

#[derive(FromArgs)]
pub(crate) struct PingArgs {
    #[pyarg(any, default)]
    pub(crate) data: Option<PyObjectRef>,
    #[pyarg(named, default = false)]
    pub(crate) ack_on_close: bool,
}

#[derive(FromArgs)]
pub(crate) struct StateArgs {
    #[pyarg(named, default)]
    pub(crate) expected_state: Option<i32>,
}

#[derive(FromArgs)]
pub(crate) struct WaitArgs {
    #[pyarg(any, default)]
    pub(crate) timeout: Option<ArgIntoFloat>,
}

#[derive(FromArgs)]
pub(crate) struct PongArgs {
    #[pyarg(any, optional)]
    pub(crate) data: OptionalArg,
}

#[derive(FromArgs)]
pub(crate) struct TrySendArgs {
    #[pyarg(any)]
    pub(crate) message: PyObjectRef,
    #[pyarg(any)]
    pub(crate) text: bool,
}
