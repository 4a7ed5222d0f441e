//! `add_reader`, `add_writer` and their opposites.
//!
//! Registrations go to the loop's selector as asyncio makes them; the native table beside it lets
//! events reach their handles without calling the selector.

mod table;

use std::os::fd::RawFd;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};

use crate::event_loop::LoopCore;
use crate::handle::{Call, Handle};
use crate::transport::SocketTransport;

use self::table::FdCallbacks;
pub(crate) use self::table::{Direction, FdTable};

/// `selectors.EVENT_READ` and `selectors.EVENT_WRITE`.
const EVENT_READ: i32 = 1;
const EVENT_WRITE: i32 = 2;

impl LoopCore {
    /// Calls a function each time `fd` is ready: `fd, callback, *args`.
    pub(crate) fn add_fd_callback(
        zelf: &Py<Self>,
        direction: Direction,
        mut args: FuncArgs,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Handle>> {
        vm.call_method(zelf.as_object(), "_check_closed", ())?;
        let (Some(file), Some(callback)) = (args.take_positional(), args.take_positional()) else {
            return Err(vm.new_type_error("a file descriptor and a callback are required"));
        };
        let call = Call { function: callback, args: args.args };
        let handle = Handle::new(zelf, call, None, vm)?.into_ref(&vm.ctx);
        let fd = file_number(&file, vm)?;
        if let Some(transport) = zelf.transports.get(fd) {
            SocketTransport::yield_descriptor(&transport, zelf);
        }
        let (mut callbacks, method) = match zelf.fd_callbacks.get(fd) {
            Some(callbacks) => (callbacks, "modify"),
            None => (FdCallbacks { file: file.clone(), reader: None, writer: None }, "register"),
        };
        let replaced = callbacks.handle(direction).replace(handle.clone());
        Self::select(zelf, method, &file, &callbacks, vm)?;
        zelf.fd_callbacks.set(fd, callbacks);
        if let Some(replaced) = replaced {
            Handle::cancel_once(&replaced, vm)?;
        }
        Ok(handle)
    }

    /// Removes a callback; returns whether there was one.
    pub(crate) fn remove_fd_callback(
        zelf: &Py<Self>,
        direction: Direction,
        file: &PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<bool> {
        if zelf.closed.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(false);
        }
        let fd = match file_number(file, vm) {
            Ok(fd) => Some(fd),
            // Closed since; the table knows it as the object it was.
            Err(_) => zelf.fd_callbacks.find(file),
        };
        let Some((fd, mut callbacks)) = fd.and_then(|fd| Some((fd, zelf.fd_callbacks.get(fd)?))) else {
            return Ok(false);
        };
        let removed = callbacks.handle(direction).take();
        if callbacks.reader.is_none() && callbacks.writer.is_none() {
            zelf.fd_callbacks.remove(fd);
            let selector = zelf.as_object().get_attr("_selector", vm)?;
            vm.call_method(&selector, "unregister", (file.clone(),))?;
        } else if removed.is_some() {
            Self::select(zelf, "modify", file, &callbacks, vm)?;
            zelf.fd_callbacks.set(fd, callbacks);
        }
        match removed {
            Some(handle) => Handle::cancel_once(&handle, vm).map(|_| true),
            None => Ok(false),
        }
    }

    /// `selector.register` or `.modify`, with the data asyncio keeps there.
    fn select(
        zelf: &Py<Self>,
        method: &'static str,
        file: &PyObjectRef,
        callbacks: &FdCallbacks,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let mut events = 0;
        let mut data = Vec::with_capacity(2);
        for (handle, event) in [(&callbacks.reader, EVENT_READ), (&callbacks.writer, EVENT_WRITE)] {
            if handle.is_some() {
                events |= event;
            }
            data.push(handle.clone().map_or_else(|| vm.ctx.none(), Into::into));
        }
        let selector = zelf.as_object().get_attr("_selector", vm)?;
        vm.call_method(&selector, method, (file.clone(), events, vm.ctx.new_tuple(data)))?;
        Ok(())
    }
}

/// The descriptor of a number or of an object with `fileno()`, as `selectors` takes them.
fn file_number(file: &PyObjectRef, vm: &VirtualMachine) -> PyResult<RawFd> {
    let number = file.clone().try_to_value::<RawFd>(vm).or_else(|_| {
        let fileno = vm.call_method(file, "fileno", ());
        fileno.and_then(|number| number.try_to_value(vm)).map_err(|_| invalid_file(file, vm))
    })?;
    if number < 0 {
        return Err(vm.new_value_error(format!("Invalid file descriptor: {number}")));
    }
    Ok(number)
}

fn invalid_file(file: &PyObjectRef, vm: &VirtualMachine) -> PyBaseExceptionRef {
    match file.repr(vm) {
        Ok(repr) => vm.new_value_error(format!("Invalid file object: {repr}")),
        Err(error) => error,
    }
}
