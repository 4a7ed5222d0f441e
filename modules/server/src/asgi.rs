//! `Cycle`: `receive` and `send` of an ASGI application, for one request.

use std::fmt;

use rustpython_vm::builtins::{PyBytes, PyDict, PyStr, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::types::Constructor;
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromObject, VirtualMachine,
    pyclass,
};
use tauraro_bridge::ready;

use crate::connection::Connection;
use crate::request::Request;
use crate::response::{self, Fields};

#[derive(Default)]
struct State {
    /// Status and fields, once the application has sent them.
    start: Option<(u16, Fields)>,
    begun: bool,
    done: bool,
    /// The whole body was received.
    taken: bool,
}

#[derive(FromArgs)]
pub(crate) struct CycleArgs {
    #[pyarg(positional)]
    request: PyRef<Request>,
}

/// One request and its response. A subclass has the coroutine `_wait`, for what cannot be received at once.
#[pyclass(module = "_tauraro", name = "Cycle")]
#[derive(PyPayload)]
pub(crate) struct Cycle {
    request: PyRef<Request>,
    state: PyMutex<State>,
}

impl fmt::Debug for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cycle").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Constructor for Cycle {
    type Args = CycleArgs;

    fn py_new(_class: &Py<PyType>, args: CycleArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self { request: args.request, state: PyMutex::default() })
    }
}

fn get(message: &PyObject, key: &'static str, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
    let key = vm.ctx.intern_str(key);
    let value = match message.downcast_ref::<PyDict>() {
        Some(dict) => dict.get_item_opt(key, vm)?,
        None => Some(vm.call_method(message, "get", (key.to_owned(),))?),
    };
    Ok(value.filter(|value| !vm.is_none(value)))
}

impl Cycle {
    /// Acts on a message; what to wait for before the next.
    fn act(zelf: &Py<Self>, message: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let Some(kind) = get(message, "type", vm)? else {
            return Err(vm.new_value_error("an ASGI message has no 'type'"));
        };
        let name = kind.downcast_ref::<PyStr>().and_then(|name| name.to_str()).unwrap_or_default();
        match name {
            "http.response.body" => Self::body(zelf, message, vm),
            "http.response.start" => Self::start(zelf, message, vm),
            "http.response.early_hint" => {
                let links: Vec<PyObjectRef> = match get(message, "links", vm)? {
                    Some(links) => links.try_to_value(vm)?,
                    None => Vec::new(),
                };
                let mut fields = Fields::new();
                for link in links {
                    fields.push((b"link".to_vec(), response::encode(&link, vm)?));
                }
                zelf.request.connection().inform(&zelf.request, 103, &fields, vm)?;
                Ok(None)
            }
            _ => Err(vm.new_value_error(format!("unexpected ASGI message: {}", kind.repr(vm)?))),
        }
    }

    fn start(zelf: &Py<Self>, message: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        if zelf.state.lock().start.is_some() {
            return Err(
                vm.new_runtime_error("unexpected 'http.response.start': the response has already started")
            );
        }
        let Some(status) = get(message, "status", vm)? else {
            return Err(vm.new_value_error("'http.response.start' has no 'status'"));
        };
        let fields = match get(message, "headers", vm)? {
            Some(headers) => response::fields(&headers, vm)?,
            None => Fields::new(),
        };
        let status = status.try_to_value(vm)?;
        zelf.state.lock().start = Some((status, fields));
        Ok(None)
    }

    fn body(zelf: &Py<Self>, message: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let body = get(message, "body", vm)?;
        let more = get(message, "more_body", vm)?.map_or(Ok(false), |more| more.try_to_bool(vm))?;
        match body {
            None => Self::send_body(zelf, &[], more, vm),
            Some(body) => {
                if let Some(bytes) = body.downcast_ref::<PyBytes>() {
                    return Self::send_body(zelf, bytes.as_bytes(), more, vm);
                }
                let bytes = ArgBytesLike::try_from_object(vm, body)?.borrow_buf().to_vec();
                Self::send_body(zelf, &bytes, more, vm)
            }
        }
    }

    fn send_body(
        zelf: &Py<Self>,
        body: &[u8],
        more: bool,
        vm: &VirtualMachine,
    ) -> PyResult<Option<PyObjectRef>> {
        let start = {
            let mut state = zelf.state.lock();
            if state.done {
                return Err(vm.new_runtime_error("unexpected 'http.response.body': the response is complete"));
            }
            let Some(start) = &mut state.start else {
                return Err(
                    vm.new_runtime_error("expected 'http.response.start' before 'http.response.body'")
                );
            };
            let start = (start.0, std::mem::take(&mut start.1));
            if state.begun { None } else { Some(start) }
        };
        let (request, connection) = (&zelf.request, zelf.request.connection());
        if let Some((status, fields)) = start {
            let length = if more { None } else { Some(body.len() as u64) };
            connection.start_response(request, status, &fields, length, vm)?;
            zelf.state.lock().begun = true;
        }
        zelf.state.lock().done = !more;
        Connection::send_body(connection, request, body, !more, vm)?;
        if more { connection.drain(vm) } else { Ok(None) }
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT), with(Constructor))]
impl Cycle {
    /// Sends a message: an awaitable.
    #[pymethod]
    fn send(zelf: &Py<Self>, message: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        match Self::act(zelf, &message, vm) {
            Ok(Some(future)) => future,
            Ok(None) => ready(vm, Ok(vm.ctx.none())),
            Err(error) => ready(vm, Err(error)),
        }
    }

    /// Receives a message: an awaitable.
    #[pymethod]
    fn receive(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        if !zelf.state.lock().taken
            && let Ok(Some(data)) = zelf.request.take(vm)
        {
            Connection::pace_reading(zelf.request.connection(), vm)?;
            let taken = zelf.request.is_taken();
            zelf.state.lock().taken = taken;
            let message = vm.ctx.new_dict();
            message.set_item("type", vm.ctx.intern_str("http.request").to_owned().into(), vm)?;
            message.set_item("body", data.into(), vm)?;
            message.set_item("more_body", vm.ctx.new_bool(!taken).into(), vm)?;
            return Ok(ready(vm, Ok(message.into())));
        }
        vm.call_method(zelf.as_object(), "_wait", ())
    }

    /// Whether the whole body was received.
    #[pygetset]
    fn taken(zelf: &Py<Self>) -> bool {
        zelf.state.lock().taken
    }

    /// Whether the response is complete.
    #[pygetset]
    fn done(zelf: &Py<Self>) -> bool {
        zelf.state.lock().done
    }

    /// The request.
    #[pygetset]
    fn request(zelf: &Py<Self>) -> PyObjectRef {
        zelf.request.clone().into()
    }
}
