//! Reading the socket, and receiving messages.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::stdlib::_thread::get_ident;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::closing::os_error;
use super::sending::Flush;
use super::{Connection, Core, text_attribute};
use crate::errors;
use crate::frames::Frame;
use crate::protocol::Event;
use crate::sync::frame_queue::{FrameQueue, Put, Taken};
use crate::sync::reading::{self, Failure, Source};
use crate::sync::socket_handle::{self, Direction, Readiness};
use crate::sync::waiting::Deadline;

/// How much is read at once at first, and at most. In bytes.
const BUFFER: usize = 64 * 1024;
const LARGE_BUFFER: usize = 512 * 1024;

/// How many responses may wait for a peer that does not read them, before nothing more is read from it.
const MAX_ANSWERS: usize = 4096;

/// Whether to continue after something was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Yes; and whether a thread waited for what it was.
    Read { awaited: bool },
    /// It was the end.
    Stop,
}

/// Reads until the end of the connection, whenever the background thread may, and closes it then.
/// `connection` returns it as long as it is alive.
pub(crate) fn run(core: &Core, connection: impl Fn() -> Option<PyRef<Connection>>, vm: &VirtualMachine) {
    loop {
        let ready = vm.allow_threads(|| {
            if !core.reader_token.acquire_for_background() {
                return None;
            }
            core.queue.wait_for_room(None);
            let socket = core.socket_handle.socket()?;
            let direction = direction(core);
            match core.socket_handle.wait(&socket, direction, None) {
                Readiness::Ready => Some(Some((socket, direction))),
                // A signal, which the main thread handles.
                Readiness::NotReady => Some(None),
                Readiness::Closed => None,
            }
        });
        let Some(ready) = ready else { break };
        let Some((socket, direction)) = ready else { continue };
        let Some(connection) = connection() else { break };
        if Connection::answer(&connection, direction, vm) == Next::Stop {
            break;
        }
        match Connection::read(&connection, &socket, vm) {
            Next::Stop => break,
            // Threads that wait only read plain sockets.
            Next::Read { awaited } if awaited && connection.plain.load(Relaxed) => {
                core.reader_token.yield_to_application();
            }
            Next::Read { .. } => {}
        }
    }
    core.reader_token.close();
    match connection() {
        Some(connection) => Connection::finish(&connection, vm),
        None => core.socket_handle.close(),
    }
}

/// What the reading thread waits for.
fn direction(core: &Core) -> Direction {
    // The thread that writes does not stop before everything is written.
    if core.outgoing.writing.is_taken() {
        return Direction::Read;
    }
    match core.outgoing.pieces.lock().len() {
        0 => Direction::Read,
        1..=MAX_ANSWERS => Direction::Both,
        _ => Direction::Write,
    }
}

impl Connection {
    /// Writes answers that could not be written before.
    fn answer(zelf: &Py<Self>, direction: Direction, vm: &VirtualMachine) -> Next {
        if direction == Direction::Read {
            return Next::Read { awaited: false };
        }
        match Self::flush(zelf, Flush::Now, vm) {
            Ok(()) => Next::Read { awaited: false },
            Err(error) => {
                Self::debug(zelf, "! error while sending data", &error, vm);
                zelf.set_exception(error);
                Next::Stop
            }
        }
    }

    /// Reads what is there, in the background thread.
    fn read(zelf: &Py<Self>, socket: &OwnedFd, vm: &VirtualMachine) -> Next {
        if zelf.plain.load(Relaxed) {
            let mut buffer = vec![0; BUFFER];
            let received = socket_handle::receive(socket, &mut buffer);
            return Self::received(zelf, received, &buffer, vm);
        }
        zelf.core.in_socket.store(true, Relaxed);
        let data = Self::read_foreign(zelf, vm);
        zelf.core.in_socket.store(false, Relaxed);
        match data {
            Ok(data) if data.is_empty() => Next::Stop,
            Ok(data) => Self::feed(zelf, &data.borrow_buf(), vm),
            Err(error) => Self::lost(zelf, error, vm),
        }
    }

    /// Reads from a socket by its methods.
    fn read_foreign(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<ArgBytesLike> {
        let size = zelf.as_object().get_attr(vm.ctx.intern_str("recv_bufsize"), vm)?;
        vm.call_method(&*zelf.socket_object(vm)?, "recv", (size,))?.try_into_value(vm)
    }

    fn lost(zelf: &Py<Self>, error: PyBaseExceptionRef, vm: &VirtualMachine) -> Next {
        Self::debug(zelf, "! error while receiving data", &error, vm);
        zelf.set_exception(error);
        Next::Stop
    }

    fn received(
        zelf: &Py<Self>,
        received: std::io::Result<usize>,
        buffer: &[u8],
        vm: &VirtualMachine,
    ) -> Next {
        match received {
            Ok(0) => Next::Stop,
            Ok(count) => Self::feed(zelf, buffer.get(..count).unwrap_or_default(), vm),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                Next::Read { awaited: false }
            }
            Err(error) => Self::lost(zelf, os_error(&error, vm), vm),
        }
    }

    /// Feeds the protocol with what arrived, answers, and handles what it says has happened.
    fn feed(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> Next {
        let fed = Self::with_events(zelf, vm, |connection| {
            let handle = connection.handle(vm)?;
            let protocol = handle.protocol(vm);
            protocol.receive_data(data, vm)?;
            let events = protocol.events(vm)?;
            Self::collect(connection, protocol, vm)?;
            if protocol.close_expected(vm)? {
                Self::closing_deadline(connection, vm)?;
            }
            Ok(events)
        });
        fed.unwrap_or_else(|error| {
            zelf.core.crashed.store(true, Relaxed);
            Self::log(zelf, "error", "unexpected internal error", &error, vm);
            zelf.set_exception(error);
            Next::Stop
        })
    }

    fn with_events(
        zelf: &Py<Self>,
        vm: &VirtualMachine,
        feed: impl FnOnce(&Py<Self>) -> PyResult<Vec<Event>>,
    ) -> PyResult<Next> {
        zelf.core.handler.store(get_ident(), Relaxed);
        zelf.mutex.acquire_uninterrupted(vm);
        let events = feed(zelf);
        zelf.mutex.release();
        let handled = events.and_then(|events| {
            let written = Self::flush(zelf, Flush::Now, vm);
            // Events that arrived before the connection was lost are processed.
            let awaited = Self::handle_events(zelf, events, vm)?;
            Ok(match written {
                Ok(()) => Next::Read { awaited },
                Err(error) => {
                    Self::debug(zelf, "! error while sending data", &error, vm);
                    zelf.set_exception(error);
                    Next::Stop
                }
            })
        });
        zelf.core.handler.store(0, Relaxed);
        handled
    }

    /// The end of the stream, for whatever reason.
    fn finish(zelf: &Py<Self>, vm: &VirtualMachine) {
        let finished = || -> PyResult<()> {
            if !zelf.core.crashed.load(Relaxed) {
                Self::with_events(zelf, vm, |connection| {
                    let handle = connection.handle(vm)?;
                    let protocol = handle.protocol(vm);
                    protocol.receive_eof(vm)?;
                    let events = protocol.events(vm)?;
                    Self::collect(connection, protocol, vm)?;
                    Ok(events)
                })?;
            }
            Ok(())
        };
        for result in [finished(), Self::shut(zelf, vm)] {
            if let Err(error) = result {
                Self::log(zelf, "error", "unexpected internal error", &error, vm);
                zelf.set_exception(error);
            }
        }
        zelf.core.queue.close();
    }

    fn handle_events(zelf: &Py<Self>, events: Vec<Event>, vm: &VirtualMachine) -> PyResult<bool> {
        if events.is_empty() {
            return Ok(false);
        }
        let overridden = Self::overrides(zelf, "process_event", vm);
        let mut awaited = false;
        for event in events {
            awaited |= match event {
                Event::Frame(frame) if overridden => {
                    let frame = Frame::of(frame, vm);
                    vm.call_method(zelf.as_object(), "process_event", (frame,))?;
                    false
                }
                Event::Frame(frame) => Self::deliver(zelf, frame, vm),
                Event::Object(event) if overridden => {
                    vm.call_method(zelf.as_object(), "process_event", (event,))?;
                    false
                }
                Event::Object(event) => Self::handle_object(zelf, event, vm)?,
            };
        }
        Ok(awaited)
    }

    /// Handles an event that is an object; returns whether a thread waited for it.
    pub(super) fn handle_object(zelf: &Py<Self>, event: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        if !event.is_instance(&*errors::attribute(vm, "websockets.frames", "Frame")?, vm)? {
            vm.call_method(zelf.as_object(), "_handle_handshake", (event,))?;
            return Ok(false);
        }
        Ok(Frame::read(&event, vm)?.is_some_and(|frame| Self::deliver(zelf, frame, vm)))
    }

    /// Delivers a frame; returns whether a thread waited for it.
    fn deliver(zelf: &Py<Self>, frame: engine::Frame, vm: &VirtualMachine) -> bool {
        match frame.opcode {
            engine::OpCode::Data(_) => {
                matches!(zelf.core.queue.put(frame), Put::Done { awaited: true, .. })
            }
            engine::opcode::PONG => {
                Self::acknowledge(zelf, &frame.data, vm);
                false
            }
            engine::OpCode::Control(_) => false,
        }
    }

    /// Reads the socket in the thread that waits for a message.
    fn read_directly(
        zelf: &Py<Self>,
        mut buffer: Vec<u8>,
        deadline: Deadline,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if buffer.is_empty() {
            buffer.resize(BUFFER, 0);
        }
        let slice = deadline.slice(vm);
        let direction = direction(&zelf.core);
        let received = vm.allow_threads(|| {
            let socket = zelf.core.socket_handle.socket()?;
            match zelf.core.socket_handle.wait(&socket, direction, slice) {
                Readiness::Ready => Some(socket_handle::receive(&socket, &mut buffer)),
                Readiness::NotReady | Readiness::Closed => None,
            }
        });
        let mut next = Self::answer(zelf, direction, vm);
        if next != Next::Stop
            && let Some(received) = received
        {
            let full = received.as_ref().is_ok_and(|count| *count == buffer.len());
            next = Self::received(zelf, received, &buffer, vm);
            if full && buffer.len() < LARGE_BUFFER {
                buffer = vec![0; LARGE_BUFFER];
            }
        }
        zelf.core.reader_token.release(buffer);
        if next == Next::Stop {
            // The background thread closes the connection.
            zelf.core.reader_token.close();
        }
        vm.check_signals()
    }

    pub(super) fn receive(
        zelf: &Py<Self>,
        timeout: Option<f64>,
        decode: Option<bool>,
        vm: &VirtualMachine,
    ) -> PyResult {
        match reading::message(zelf, timeout, decode, vm) {
            Ok(message) => Ok(message),
            Err(failure) => Err(Self::receiving_failed(zelf, failure, "recv", vm)),
        }
    }

    /// What `recv()` does.
    pub(crate) fn receive_next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.warn_if_legacy(vm)?;
        Self::receive(zelf, None, None, vm)
    }

    /// The exception for the failure of an iteration over fragments.
    pub(crate) fn streaming_failed(
        zelf: &Py<Self>,
        failure: Failure,
        vm: &VirtualMachine,
    ) -> PyBaseExceptionRef {
        Self::receiving_failed(zelf, failure, "recv_streaming", vm)
    }

    fn receiving_failed(
        zelf: &Py<Self>,
        failure: Failure,
        method: &str,
        vm: &VirtualMachine,
    ) -> PyBaseExceptionRef {
        let failed = match failure {
            Failure::Ended => Ok(()),
            Failure::Busy => {
                return errors::concurrency_error(
                    vm,
                    format!(
                        "cannot call {method} while another thread is already running recv or recv_streaming"
                    ),
                );
            }
            Failure::TimedOut(seconds) => return reading::timed_out(vm, seconds),
            Failure::Raised(error) => return error,
            Failure::TooManyFragments(limit) => Self::fail(
                zelf,
                errors::too_many_fragments(vm, limit),
                engine::CloseCode::Size,
                "too many fragments",
                vm,
            ),
            Failure::Undecodable(error) => {
                let reason = text_attribute(error.as_object(), "reason", vm);
                let start = text_attribute(error.as_object(), "start", vm);
                Self::fail(
                    zelf,
                    error,
                    engine::CloseCode::Invalid,
                    &format!("{reason} at position {start}"),
                    vm,
                )
            }
        };
        match failed.and_then(|()| Self::closed(zelf, vm)) {
            Ok(error) | Err(error) => error,
        }
    }
}

impl Source for Py<Connection> {
    fn queue(&self) -> &FrameQueue {
        &self.core.queue
    }

    fn take(&self, _vm: &VirtualMachine) -> PyResult<Taken> {
        Ok(self.core.queue.take())
    }

    fn wait(&self, deadline: Deadline, vm: &VirtualMachine) -> PyResult<()> {
        if self.plain.load(Relaxed)
            && let Some(buffer) = self.core.reader_token.try_acquire()
        {
            return Connection::read_directly(self, buffer, deadline, vm);
        }
        let slice = deadline.slice(vm);
        vm.allow_threads(|| self.core.queue.wait_for_frame(slice));
        vm.check_signals()
    }
}
