//! Sending messages, and writing to the socket.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::Connection;
use super::closing::os_error;
use crate::data::Data;
use crate::errors;
use crate::protocol::{OutputPiece, ProtocolRef};
use crate::sync::socket_handle::{self, Direction, Readiness};
use crate::sync::waiting::{Deadline, lock};

/// How much of what waits to be sent is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flush {
    /// All, also if another thread must finish before.
    All,
    /// All, unless another thread is writing, which then does so.
    Unless,
    /// What the system takes at once, unless another thread is writing. The thread that reads must not wait:
    /// the peer's may wait for it to read.
    Now,
    /// What the system takes in time, unless another thread is writing.
    Until(Deadline),
}

/// How writing a piece ended.
enum Written {
    All,
    /// From this byte on it could not be written at once.
    UpTo(usize),
}

impl Connection {
    pub(super) fn send_message(
        zelf: &Py<Self>,
        message: &PyObjectRef,
        text: Option<bool>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if let Some(data) = Data::from_object(message) {
            return Self::operate(zelf, Flush::All, vm, |protocol| {
                zelf.check_not_sending(vm)?;
                protocol.send(data.opcode(text), &data, true, vm)
            });
        }
        if message.is_instance(&*errors::attribute(vm, "collections.abc", "Mapping")?, vm)? {
            return Err(vm.new_type_error("data is a dict-like object"));
        }
        let Ok(fragments) = message.get_iter(vm) else {
            return Err(vm.new_type_error("data must be str, bytes, or iterable"));
        };
        let first = match fragments.next(vm)? {
            PyIterReturn::Return(first) => first,
            PyIterReturn::StopIteration(_) => return Ok(()),
        };
        let sent = Self::send_fragments(zelf, first, text, vm, || {
            Ok(match fragments.next(vm)? {
                PyIterReturn::Return(next) => Some(next),
                PyIterReturn::StopIteration(_) => None,
            })
        });
        match sent {
            Err(error) if error.fast_isinstance(&*errors::class(vm, "ConcurrencyError")?) => Err(error),
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.exception_type) => {
                // The message cannot be completed, so nothing else can be sent.
                Self::operate(zelf, Flush::Unless, vm, |protocol| {
                    protocol.fail(engine::CloseCode::Error, "error in fragmented message", vm)
                })?;
                Err(error)
            }
            other => other,
        }
    }

    fn send_fragments(
        zelf: &Py<Self>,
        first: PyObjectRef,
        text: Option<bool>,
        vm: &VirtualMachine,
        mut next: impl FnMut() -> PyResult<Option<PyObjectRef>>,
    ) -> PyResult<()> {
        let Some(first) = Data::from_object(&first) else {
            return Err(vm.new_type_error("iterable must contain bytes or str"));
        };
        Self::operate(zelf, Flush::All, vm, |protocol| {
            zelf.check_not_sending(vm)?;
            zelf.sending.store(true, Relaxed);
            protocol.send(first.opcode(text), &first, false, vm)
        })?;
        while let Some(fragment) = next()? {
            let Some(data) = Data::from_object(&fragment).filter(|data| data.is_text() == first.is_text())
            else {
                return Err(vm.new_type_error("iterable must contain uniform types"));
            };
            Self::operate(zelf, Flush::All, vm, |protocol| {
                protocol.send(engine::opcode::CONTINUATION, &data, false, vm)
            })?;
        }
        let last = Data::Bytes(vm.ctx.empty_bytes.clone().into());
        Self::operate(zelf, Flush::All, vm, |protocol| {
            protocol.send(engine::opcode::CONTINUATION, &last, true, vm)?;
            zelf.sending.store(false, Relaxed);
            Ok(())
        })
    }

    /// # Errors
    /// `ConcurrencyError` while a fragmented message is being sent.
    fn check_not_sending(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.sending.load(Relaxed) {
            let message = "cannot call send while another thread is already running send";
            return Err(errors::concurrency_error(vm, message));
        }
        Ok(())
    }

    /// Takes what the protocol has to send. The caller holds the lock.
    pub(super) fn collect(zelf: &Py<Self>, protocol: ProtocolRef<'_>, vm: &VirtualMachine) -> PyResult<()> {
        let pieces = protocol.output(vm)?;
        if !pieces.is_empty() {
            zelf.core.outgoing.pieces.lock().extend(pieces);
        }
        Ok(())
    }

    fn has_outgoing(&self) -> bool {
        !self.core.outgoing.pieces.lock().is_empty()
    }

    /// Writes what waits to be sent.
    ///
    /// # Errors
    /// `OSError`, `TimeoutError` when the time for the closing handshake is over; what a foreign socket raises.
    pub(super) fn flush(zelf: &Py<Self>, flush: Flush, vm: &VirtualMachine) -> PyResult<()> {
        while zelf.has_outgoing() {
            if matches!(flush, Flush::All) {
                zelf.core.outgoing.writing.acquire(Deadline::NEVER, vm)?;
            } else if !zelf.core.outgoing.writing.try_acquire() {
                // The thread that writes checks again when it is done.
                return Ok(());
            }
            let drained = Self::drain(zelf, flush, vm);
            zelf.core.outgoing.writing.release();
            if !drained? {
                break;
            }
        }
        Ok(())
    }

    /// Writes piece by piece; returns whether all could be written. The caller is the one that writes.
    fn drain(zelf: &Py<Self>, flush: Flush, vm: &VirtualMachine) -> PyResult<bool> {
        loop {
            let Some(piece) = zelf.core.outgoing.pieces.lock().pop_front() else { return Ok(true) };
            let deadline = lock(&zelf.close_deadline).unwrap_or(Deadline::NEVER);
            let written = if zelf.plain.load(Relaxed) {
                match zelf.core.socket_handle.socket() {
                    Some(socket) => Self::write_plain(zelf, &socket, piece, deadline, flush, vm),
                    // That is the end as well.
                    None if matches!(piece, OutputPiece::Eof) => Ok(true),
                    None => Err(gone(vm)),
                }
            } else {
                Self::write_foreign(zelf, piece, deadline, vm).map(|()| true)
            };
            match written {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => {
                    if error.fast_isinstance(vm.ctx.exceptions.exception_type) {
                        let lost = std::mem::take(&mut *zelf.core.outgoing.pieces.lock());
                        drop(lost);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Writes to a plain socket. A piece that is not written to its end, because of a signal or because that
    /// would take time, is kept: frames must not be torn.
    fn write_plain(
        zelf: &Py<Self>,
        socket: &OwnedFd,
        piece: OutputPiece,
        deadline: Deadline,
        flush: Flush,
        vm: &VirtualMachine,
    ) -> PyResult<bool> {
        let mut bytes = match piece {
            OutputPiece::Bytes(bytes) => bytes,
            OutputPiece::Object(object) => {
                let mut copy = Vec::new();
                Data::Bytes(object).with_bytes(vm, |bytes| {
                    copy.extend_from_slice(bytes);
                    Ok(())
                })?;
                copy
            }
            OutputPiece::Eof => {
                socket_handle::shutdown(socket, libc::SHUT_WR);
                return Ok(true);
            }
        };
        let (start, result) = match Self::write_bytes(zelf, socket, &bytes, deadline, flush, vm) {
            Ok(Written::All) => return Ok(true),
            Ok(Written::UpTo(start)) => (start, Ok(false)),
            Err((start, error)) => (start, Err(error)),
        };
        zelf.core
            .outgoing
            .pieces
            .lock()
            .push_front(OutputPiece::Bytes(bytes.split_off(start.min(bytes.len()))));
        result
    }

    fn write_bytes(
        zelf: &Py<Self>,
        socket: &OwnedFd,
        bytes: &[u8],
        deadline: Deadline,
        flush: Flush,
        vm: &VirtualMachine,
    ) -> Result<Written, (usize, PyBaseExceptionRef)> {
        let mut start = 0;
        while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
            match socket_handle::send(socket, rest) {
                Ok(count) => {
                    start += count;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let deadline = match flush {
                        Flush::Now => return Ok(Written::UpTo(start)),
                        Flush::Until(limit) if limit.has_passed() => return Ok(Written::UpTo(start)),
                        Flush::Until(limit) => deadline.min(limit),
                        Flush::All | Flush::Unless => deadline,
                    };
                    if deadline.has_passed() {
                        let error = vm.ctx.exceptions.timeout_error.to_owned();
                        return Err((start, vm.new_exception_msg(error, "timed out".into())));
                    }
                    let slice = deadline.slice(vm);
                    let waited =
                        vm.allow_threads(|| zelf.core.socket_handle.wait(socket, Direction::Write, slice));
                    if waited == Readiness::Closed {
                        return Err((start, gone(vm)));
                    }
                }
                Err(error) => return Err((start, os_error(&error, vm))),
            }
            if !matches!(flush, Flush::Now) {
                vm.check_signals().map_err(|error| (start, error))?;
            }
        }
        Ok(Written::All)
    }

    /// Writes to a socket by its methods.
    fn write_foreign(
        zelf: &Py<Self>,
        piece: OutputPiece,
        deadline: Deadline,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let socket = zelf.socket_object(vm)?;
        let data = match piece {
            OutputPiece::Bytes(bytes) => vm.ctx.new_bytes(bytes).into(),
            OutputPiece::Object(object) => object,
            OutputPiece::Eof => {
                return match vm.call_method(&socket, "shutdown", (libc::SHUT_WR,)) {
                    Err(error) if !error.fast_isinstance(vm.ctx.exceptions.os_error) => Err(error),
                    _ => Ok(()),
                };
            }
        };
        if let Some(left) = deadline.left() {
            if left.is_zero() {
                let error = vm.ctx.exceptions.timeout_error.to_owned();
                return Err(vm.new_exception_msg(error, "timed out".into()));
            }
            vm.call_method(&socket, "settimeout", (left.as_secs_f64(),))?;
        }
        vm.call_method(&socket, "sendall", FuncArgs::from(vec![data])).map(drop)
    }

    /// Sends a message of a broadcast as far as possible without waiting.
    pub(super) fn try_send(
        zelf: &Py<Self>,
        message: &PyObjectRef,
        text: bool,
        vm: &VirtualMachine,
    ) -> PyResult {
        let Some(data) = Data::from_object(message) else {
            return Err(vm.new_type_error("data must be str or bytes"));
        };
        zelf.mutex.acquire(Deadline::NEVER, vm)?;
        let done = (|| {
            let handle = zelf.handle(vm)?;
            let protocol = handle.protocol(vm);
            if protocol.state(vm)? != engine::State::Open {
                return Ok(None);
            }
            if zelf.sending.load(Relaxed) {
                return Ok(Some("sending a fragmented message"));
            }
            protocol.send(data.opcode(Some(text)), &data, true, vm)?;
            Self::collect(zelf, protocol, vm)?;
            Ok(None)
        })();
        zelf.mutex.release();
        if let Some(obstacle) = done? {
            return Ok(vm.ctx.new_str(obstacle).into());
        }
        if zelf.plain.load(Relaxed) {
            Self::flush(zelf, Flush::Now, vm)?;
        }
        Ok(if zelf.has_outgoing() { vm.ctx.true_value.clone().into() } else { vm.ctx.none() })
    }
}

/// The error for a socket that was closed.
fn gone(vm: &VirtualMachine) -> PyBaseExceptionRef {
    os_error(&std::io::Error::from_raw_os_error(libc::EBADF), vm)
}
