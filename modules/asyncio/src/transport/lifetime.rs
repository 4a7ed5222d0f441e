//! How a transport begins, is watched, fails and ends.

use std::os::fd::RawFd;
use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};

use super::{SocketTransport, sys};
use crate::event_loop::LoopCore;
use crate::event_loop::epoll::{self, Event, Interest};
use crate::event_loop::ready_queue::ReadyEntry;
use crate::future::Future;
use crate::handle::Call;
use crate::interpreter_state::{self, InterpreterState};

impl SocketTransport {
    /// Takes the socket, and notes what scripts may ask about it later.
    pub(super) fn open(
        &self,
        event_loop: PyRef<LoopCore>,
        sock: PyObjectRef,
        extra: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let fd: RawFd = vm.call_method(&sock, "fileno", ())?.try_to_value(vm)?;
        let named = interpreter_state::asyncio("trsock", "TransportSocket", vm)?.call((sock.clone(),), vm)?;
        extra.set_item("socket", named, vm)?;
        let address = |method: &'static str| match vm.call_method(&sock, method, ()) {
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.os_error) => Ok(vm.ctx.none()),
            result => result,
        };
        extra.set_item("sockname", address("getsockname")?, vm)?;
        if !vm.call_method(&extra, "__contains__", ("peername",))?.is_true(vm)? {
            extra.set_item("peername", address("getpeername")?, vm)?;
        }
        sys::set_no_delay(fd);
        let context = InterpreterState::get(vm)?.copy_context(vm)?;
        self.fd.store(fd, Relaxed);
        let mut objects = self.objects.lock();
        objects.event_loop = Some(event_loop);
        objects.sock = Some(sock);
        objects.extra = Some(extra);
        objects.context = Some(context);
        Ok(())
    }

    /// Makes the transport known to its server and to the loop.
    pub(super) fn attach(zelf: &Py<Self>, server: Option<PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
        if let Some(server) = server {
            zelf.objects.lock().server = Some(server.clone());
            vm.call_method(&server, "_attach", (zelf.to_owned(),))?;
        }
        let transports = zelf.event_loop(vm)?.as_object().get_attr("_transports", vm)?;
        let fd: PyObjectRef = vm.ctx.new_int(zelf.fd.load(Relaxed)).into();
        transports.set_item(&*fd, zelf.to_owned().into(), vm)
    }

    /// Schedules `connection_made`, and what follows it.
    pub(super) fn begin(zelf: &Py<Self>, waiter: Option<PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.event_loop(vm)?;
        let Some(protocol) = zelf.protocol.get() else {
            return Ok(());
        };
        let function = protocol.get_attr("connection_made", vm)?;
        event_loop.check_open(vm)?;
        let call = Call { function, args: vec![zelf.to_owned().into()] };
        // The context is entered for the first time as contexts are meant to be; see `run`.
        LoopCore::queue(&event_loop, call, zelf.context(), vm)?;
        event_loop.ready.push(ReadyEntry::Started(zelf.to_owned(), waiter));
        Ok(())
    }

    /// After `connection_made`: reads, and wakes who waits for the connection.
    pub(crate) fn begun(zelf: &Py<Self>, waiter: Option<PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
        if let Err(error) = Self::start_reading(zelf, vm) {
            Self::report(zelf, "Exception when a transport began to read", error, vm)?;
        }
        let Some(waiter) = waiter else {
            return Ok(());
        };
        if let Some(future) = waiter.downcast_ref_if_exact::<Future>(vm) {
            if !future.is_done() {
                return future.finish(&waiter, vm.ctx.none(), vm);
            }
            return Ok(());
        }
        let set = interpreter_state::asyncio("futures", "_set_result_unless_cancelled", vm)?;
        set.call((waiter, vm.ctx.none()), vm).map(drop)
    }

    /// Has the loop's epoll watch for what the transport wants to know.
    pub(super) fn update_interest(
        zelf: &Py<Self>,
        event_loop: &Py<LoopCore>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let after = Interest { readable: zelf.reading.load(Relaxed), writable: zelf.writing.load(Relaxed) };
        let before = zelf.watched();
        if before == after {
            return Ok(());
        }
        let fd = zelf.fd.load(Relaxed);
        let epoll_fd = event_loop.epoll.load(Relaxed);
        if event_loop.closed.load(Relaxed) || epoll_fd < 0 {
            zelf.set_watched(Interest::NONE);
            return if after == Interest::NONE { Ok(()) } else { event_loop.check_open(vm) };
        }
        if after == Interest::NONE {
            zelf.set_watched(Interest::NONE);
            // A socket that a script has closed is not there any more, and its number may be another's.
            if zelf.descriptor(vm).is_ok() {
                let _ = epoll::watch(epoll_fd, fd, before, after);
            }
            event_loop.transports.remove(fd, zelf);
            return Ok(());
        }
        // Checks that the number is still this socket's.
        zelf.descriptor(vm)?;
        if before == Interest::NONE {
            LoopCore::remove_fd_callbacks(event_loop, fd, vm)?;
        }
        epoll::watch(epoll_fd, fd, before, after).map_err(|error| error.to_pyexception(vm))?;
        zelf.set_watched(after);
        if before == Interest::NONE
            && let Some(other) = event_loop.transports.set(fd, zelf)
            && !other.is(zelf)
        {
            other.set_watched(Interest::NONE);
        }
        Ok(())
    }

    /// The loop's selector takes the descriptor over.
    pub(crate) fn yield_descriptor(zelf: &Py<Self>, event_loop: &Py<LoopCore>) {
        let (epoll_fd, fd) = (event_loop.epoll.load(Relaxed), zelf.fd.load(Relaxed));
        let before = zelf.watched();
        zelf.set_watched(Interest::NONE);
        if epoll_fd >= 0 {
            let _ = epoll::watch(epoll_fd, fd, before, Interest::NONE);
        }
        event_loop.transports.remove(fd, zelf);
    }

    /// Queues what an event of the socket calls for.
    pub(crate) fn dispatched(
        zelf: &Py<Self>,
        event: Event,
        event_loop: &Py<LoopCore>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let reads = event.readable && zelf.reading.load(Relaxed);
        let writes = event.writable && zelf.writing.load(Relaxed);
        if !reads && !writes {
            // Paused since: the socket was left watched for nothing.
            return Self::update_interest(zelf, event_loop, vm);
        }
        if reads {
            Self::queue(zelf, event_loop, "_read_ready", ReadyEntry::Readable, vm)?;
        }
        if writes {
            Self::queue(zelf, event_loop, "_write_ready", ReadyEntry::Writable, vm)?;
        }
        Ok(())
    }

    /// Queues an entry; in debug mode a handle of the method instead, for messages to name.
    fn queue(
        zelf: &Py<Self>,
        event_loop: &Py<LoopCore>,
        method: &'static str,
        entry: fn(PyRef<Self>) -> ReadyEntry,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if event_loop.debug() {
            let function = zelf.as_object().get_attr(method, vm)?;
            let call = Call { function, args: Vec::new() };
            return LoopCore::queue(event_loop, call, zelf.context(), vm);
        }
        event_loop.ready.push(entry(zelf.to_owned()));
        Ok(())
    }

    /// Reads, in the connection's context.
    pub(crate) fn run_read(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, Self::read, vm)
    }

    /// Writes, in the connection's context.
    pub(crate) fn run_write(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, Self::flush, vm)
    }

    fn run(
        zelf: &Py<Self>,
        act: fn(&Py<Self>, &VirtualMachine) -> PyResult<()>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let (context, event_loop) = {
            let objects = zelf.objects.lock();
            (objects.context.clone(), objects.event_loop.clone())
        };
        let (Some(context), Some(event_loop)) = (context, event_loop) else {
            return Ok(());
        };
        // What `Context.run` does, less the check that nobody else has entered: nobody else has it.
        vm.context_stack.borrow_mut().push(context);
        let result = act(zelf, vm);
        let left = vm.context_stack.borrow_mut().pop();
        drop(left);
        // What `connection_lost` raises, for one, when the transport has forgotten its loop already.
        let message = "Exception in a transport's callback";
        result.or_else(|error| Self::report_to(zelf, &event_loop, message, error, vm))
    }

    /// `transport.close()`.
    pub fn close_native(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.closing.swap(true, Relaxed) {
            return Ok(());
        }
        let event_loop = zelf.event_loop(vm)?;
        zelf.reading.store(false, Relaxed);
        let empty = zelf.out.lock().is_empty();
        if empty {
            zelf.writing.store(false, Relaxed);
        }
        Self::update_interest(zelf, &event_loop, vm)?;
        if !empty {
            return Ok(());
        }
        zelf.lost.fetch_add(1, Relaxed);
        Self::schedule_lost(zelf, &event_loop, vm.ctx.none(), vm)
    }

    /// `transport.abort()`.
    pub fn abort_native(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::force_close(zelf, vm.ctx.none(), vm)
    }

    /// Ends the connection without sending what waits; `connection_lost(error)` will be called.
    pub(super) fn force_close(zelf: &Py<Self>, error: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_lost() {
            return Ok(());
        }
        let event_loop = zelf.event_loop(vm)?;
        zelf.out.lock().clear();
        zelf.writing.store(false, Relaxed);
        zelf.closing.store(true, Relaxed);
        zelf.reading.store(false, Relaxed);
        zelf.lost.fetch_add(1, Relaxed);
        Self::update_interest(zelf, &event_loop, vm)?;
        Self::schedule_lost(zelf, &event_loop, error, vm)
    }

    fn schedule_lost(
        zelf: &Py<Self>,
        event_loop: &Py<LoopCore>,
        error: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        event_loop.check_open(vm)?;
        let function = zelf.as_object().get_attr("_call_connection_lost", vm)?;
        LoopCore::queue(event_loop, Call { function, args: vec![error] }, None, vm)
    }

    /// Aborts the connection because of `error`, which is reported if it is not the network's.
    ///
    /// # Errors
    /// `error` itself when it is one that ends the loop.
    pub(super) fn fatal_error(
        zelf: &Py<Self>,
        error: PyBaseExceptionRef,
        message: &str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if interpreter_state::ends_the_loop(&error, vm) {
            return Err(error);
        }
        if !error.fast_isinstance(vm.ctx.exceptions.os_error) {
            Self::report(zelf, message, error.clone(), vm)?;
        } else if zelf.event_loop(vm)?.debug() {
            let text = vm.ctx.new_str(message).into();
            super::log_with(vm, "%r: %s", vec![zelf.to_owned().into(), text], Some(&error))?;
        }
        Self::force_close(zelf, error.into(), vm)
    }

    /// Tells the loop's exception handler.
    pub(super) fn report(
        zelf: &Py<Self>,
        message: &str,
        error: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        match zelf.event_loop(vm) {
            Ok(event_loop) => Self::report_to(zelf, &event_loop, message, error, vm),
            // Too late for anybody to hear of it.
            Err(_) => Err(error),
        }
    }

    fn report_to(
        zelf: &Py<Self>,
        event_loop: &Py<LoopCore>,
        message: &str,
        error: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if interpreter_state::ends_the_loop(&error, vm) {
            return Err(error);
        }
        let context = vm.ctx.new_dict();
        context.set_item("message", vm.ctx.new_str(message).into(), vm)?;
        context.set_item("exception", error.into(), vm)?;
        context.set_item("transport", zelf.to_owned().into(), vm)?;
        context.set_item("protocol", vm.unwrap_or_none(zelf.protocol.get()), vm)?;
        vm.call_method(event_loop.as_object(), "call_exception_handler", (context,)).map(drop)
    }

    /// Tells the protocol that the connection is lost, and closes the socket.
    pub(super) fn connection_lost(zelf: &Py<Self>, error: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let notified = match zelf.protocol.get() {
            Some(protocol) => vm.call_method(&protocol, "connection_lost", (error,)).map(drop),
            None => Ok(()),
        };
        let (sock, server, event_loop) = {
            let mut objects = zelf.objects.lock();
            let event_loop = objects.event_loop.clone();
            let kept = (objects.extra.take(), objects.empty_waiter.take());
            let mut gone = std::mem::take(&mut *objects);
            (objects.extra, objects.empty_waiter) = kept;
            let kept = (gone.sock.take(), gone.server.take(), event_loop);
            drop(objects);
            drop(gone);
            kept
        };
        drop(zelf.protocol.take());
        let closed = match sock {
            Some(sock) => vm.call_method(&sock, "close", ()).map(drop),
            None => Ok(()),
        };
        if let Some(event_loop) = event_loop {
            // The peer may be on the same loop, and code that waits for this end may look at the other one next.
            event_loop.poll_soon.store(true, Relaxed);
        }
        let detached = match server {
            Some(server) => vm.call_method(&server, "_detach", (zelf.to_owned(),)).map(drop),
            None => Ok(()),
        };
        let connection_error = vm.ctx.exceptions.connection_error.to_owned();
        let waiting = vm.new_exception_msg(connection_error, "Connection is closed by peer".into());
        let failed = Self::fail_empty_waiter(zelf, waiting.into(), vm);
        notified.and(closed).and(detached).and(failed)
    }
}

impl LoopCore {
    /// Forgets the callbacks that a script has registered for `fd`.
    fn remove_fd_callbacks(zelf: &Py<Self>, fd: RawFd, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.fd_callbacks.get(fd).is_none() {
            return Ok(());
        }
        let fd = vm.ctx.new_int(fd);
        vm.call_method(zelf.as_object(), "_remove_reader", (fd.clone(),))?;
        vm.call_method(zelf.as_object(), "_remove_writer", (fd,)).map(drop)
    }
}
