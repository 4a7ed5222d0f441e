//! From a request to its handler, and from the handler's result to a response.

use rustpython_vm::builtins::{PyBytes, PyDict, PyList, PyStr};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_asyncio::futures::{self, Started};

use crate::connection::Connection;
use crate::pool::Pool;
use crate::request::Request;
use crate::response::{Body, Response};
use crate::service::{Kind, Target};

/// The head has arrived: calls a handler that reads the body itself.
pub(crate) fn begin(
    connection: &Py<Connection>,
    request: &PyRef<Request>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if !request.head().has_body() {
        return Ok(());
    }
    match request.target() {
        Some(Target { kind: Kind::Async, handler }) => run_async(request, handler, vm),
        Some(Target { kind: Kind::Inline | Kind::Pooled, .. }) => {
            let limit = connection.service.max_body;
            if request.head().content_length().is_some_and(|length| length > limit) {
                return too_large(connection, request, vm);
            }
            request.set_being_read();
            Connection::read_body(connection, request, vm)
        }
        // Nobody reads it.
        _ => answer(request, vm),
    }
}

/// A piece of a body has arrived that is collected before the handler is called.
pub(crate) fn check_size(
    connection: &Py<Connection>,
    request: &PyRef<Request>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if request.is_dispatched() || request.body_size() as u64 <= connection.service.max_body {
        return Ok(());
    }
    too_large(connection, request, vm)
}

fn too_large(connection: &Py<Connection>, request: &PyRef<Request>, vm: &VirtualMachine) -> PyResult<()> {
    request.dispatch();
    vm.call_method(&connection.service.helper, "too_large", (request.clone(),)).map(drop)
}

/// The request is complete: calls its handler, unless that was done.
pub(crate) fn complete(request: &PyRef<Request>, vm: &VirtualMachine) -> PyResult<()> {
    if request.is_dispatched() { Ok(()) } else { answer(request, vm) }
}

fn answer(request: &PyRef<Request>, vm: &VirtualMachine) -> PyResult<()> {
    let service = &request.connection().service;
    match request.target() {
        Some(Target { kind: Kind::Async, handler }) => run_async(request, handler, vm),
        Some(Target { kind: Kind::Inline, handler }) => {
            request.dispatch();
            let result = handler.call((request.clone(),), vm);
            finish(request, result, vm)
        }
        Some(Target { kind: Kind::Pooled, handler }) => {
            request.dispatch();
            let Some(pool) = &service.pool else {
                return finish(request, Err(vm.new_runtime_error("the server has no threads")), vm);
            };
            match Pool::submit(pool, handler, request, vm) {
                Ok(()) => Ok(()),
                Err(error) => finish(request, Err(error), vm),
            }
        }
        Some(Target { kind: Kind::Constant, handler }) => {
            request.dispatch();
            finish(request, Ok(handler), vm)
        }
        None => {
            request.dispatch();
            let result = vm.call_method(&service.helper, "no_route", (request.clone(),));
            finish(request, result, vm)
        }
    }
}

/// Runs a coroutine function, at once to its first suspension.
fn run_async(request: &PyRef<Request>, handler: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    request.dispatch();
    let coroutine = match handler.call((request.clone(),), vm) {
        Ok(coroutine) => coroutine,
        Err(error) => return finish(request, Err(error), vm),
    };
    match futures::start(&request.connection().service.event_loop, coroutine, vm)? {
        Started::Done(result) => finish(request, result, vm),
        Started::Pending(task) => follow(request, task, vm),
    }
}

/// Takes the result of a task or future when it has one.
fn follow(request: &PyRef<Request>, future: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    let callback = request.as_object().get_attr("_done", vm)?;
    vm.call_method(&future, "add_done_callback", (callback,)).map(drop)
}

/// Sends what a handler has returned or raised.
pub(crate) fn finish(request: &Py<Request>, result: PyResult, vm: &VirtualMachine) -> PyResult<()> {
    let sent = match result {
        Ok(value) => send(request, value, vm),
        Err(error) => Err(error),
    };
    let Err(error) = sent else { return Ok(()) };
    if error.fast_isinstance(vm.ctx.exceptions.system_exit)
        || error.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt)
    {
        return Err(error);
    }
    let helper = request.connection().service.helper.clone();
    vm.call_method(&helper, "fail", (request.to_owned(), error)).map(drop)
}

fn send(request: &Py<Request>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    let connection = request.connection();
    if !connection.is_current(request) || vm.is_none(&value) && connection.has_started() {
        // The handler has sent its response by itself, or nobody is left to have one.
        return Ok(());
    }
    let response = if let Some(response) = value.downcast_ref::<Response>() {
        response.to_owned()
    } else if value.downcast_ref::<PyStr>().is_some()
        || value.downcast_ref::<PyBytes>().is_some()
        || value.downcast_ref::<PyDict>().is_some()
        || value.downcast_ref::<PyList>().is_some()
    {
        Response::build(value, 200, Vec::new(), None, vm)?.into_ref(&vm.ctx)
    } else {
        let converted = vm.call_method(&connection.service.helper, "convert", (value,))?;
        match converted.downcast::<Response>() {
            Ok(response) => response,
            Err(other) => {
                let class = other.class().name().to_string();
                return Err(vm.new_type_error(format!("a handler returned {class}")));
            }
        }
    };
    send_response(request, &response, vm)
}

fn send_response(request: &Py<Request>, response: &PyRef<Response>, vm: &VirtualMachine) -> PyResult<()> {
    let connection = request.connection();
    match response.content() {
        Body::Bytes(body) => {
            let body = body
                .downcast_ref::<PyBytes>()
                .map(rustpython_vm::Py::<PyBytes>::as_bytes)
                .unwrap_or_default();
            let fields = response.raw(vm)?;
            let status = response.status_code();
            connection.start_response(request, status, &fields, Some(body.len() as u64), vm)?;
            Connection::send_body(connection, request, body, true, vm)
        }
        Body::Stream(_) => {
            let arguments = (request.to_owned(), response.clone());
            let coroutine = vm.call_method(&connection.service.helper, "stream", arguments)?;
            match futures::start(&connection.service.event_loop, coroutine, vm)? {
                Started::Done(result) => result.map(drop),
                Started::Pending(task) => {
                    request.set_stream(task.clone());
                    let callback = request.as_object().get_attr("_done", vm)?;
                    vm.call_method(&task, "add_done_callback", (callback,)).map(drop)
                }
            }
        }
    }
}

/// Has the access log take note of a response.
pub(crate) fn log(connection: &Py<Connection>, request: &Py<Request>, vm: &VirtualMachine) -> PyResult<()> {
    vm.call_method(&connection.service.helper, "log", (request.to_owned(),)).map(drop)
}
