//! Iterators over the fragments of a message.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::websocket as engine;

use super::assembler::Assembler;
use super::connection::Connection;
use super::reading::{self, Failure, Source};
use super::waiting::Deadline;
use crate::payload::Utf8Decoder;

/// Iterates over the fragments of one message as they arrive.
///
/// As with a generator, nothing happens before the first is asked for.
#[pyclass(module = "websockets.sync.messages", name = "Fragments", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Fragments {
    origin: Origin,
    decode: Option<bool>,
    progress: PyMutex<Progress>,
}

// SAFETY: the one object is visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Fragments {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        match &self.origin {
            Origin::Assembler(assembler) => assembler.traverse(visit),
            Origin::Connection(connection) => connection.traverse(visit),
        }
    }
}

#[derive(Debug)]
enum Origin {
    Assembler(PyRef<Assembler>),
    Connection(PyRef<Connection>),
}

#[derive(Debug)]
enum Progress {
    Unstarted,
    /// Between fragments; with a decoder if they are text.
    Within(Option<Utf8Decoder>),
    /// A thread is in `next`.
    Stepping,
    Done,
}

impl Fragments {
    pub(super) fn of_assembler(assembler: PyRef<Assembler>, decode: Option<bool>) -> Self {
        Self { origin: Origin::Assembler(assembler), decode, progress: PyMutex::new(Progress::Unstarted) }
    }

    pub(super) fn of_connection(connection: PyRef<Connection>, decode: Option<bool>) -> Self {
        Self { origin: Origin::Connection(connection), decode, progress: PyMutex::new(Progress::Unstarted) }
    }

    fn begin(&self) -> Result<(), Failure> {
        let begun = match &self.origin {
            Origin::Assembler(assembler) => (**assembler).queue().begin(),
            Origin::Connection(connection) => (**connection).queue().begin(),
        };
        if begun { Ok(()) } else { Err(Failure::Busy) }
    }

    fn end(&self) {
        match &self.origin {
            Origin::Assembler(assembler) => (**assembler).queue().end(),
            Origin::Connection(connection) => (**connection).queue().end(),
        }
    }

    fn frame(&self, vm: &VirtualMachine) -> Result<engine::Frame, Failure> {
        match &self.origin {
            Origin::Assembler(assembler) => reading::next_frame(&**assembler, Deadline::NEVER, 0.0, vm),
            Origin::Connection(connection) => reading::next_frame(&**connection, Deadline::NEVER, 0.0, vm),
        }
    }

    /// Decodes a fragment. What is raised leaves the message unfinished, so that no other can be read.
    fn step(&self, progress: Progress, vm: &VirtualMachine) -> Result<(Progress, PyIterReturn), Failure> {
        let mut decoder = match progress {
            Progress::Unstarted => {
                self.begin()?;
                None
            }
            Progress::Within(decoder) => Some(decoder),
            Progress::Stepping | Progress::Done => {
                return Ok((Progress::Done, PyIterReturn::StopIteration(None)));
            }
        };
        let frame = self.frame(vm)?;
        let decoder = decoder.get_or_insert_with(|| {
            self.decode.unwrap_or(frame.opcode == engine::opcode::TEXT).then(Utf8Decoder::default)
        });
        let item = match decoder {
            Some(decoder) => decoder.decode(&frame.data, frame.fin, vm).map_err(Failure::Undecodable)?,
            None => vm.ctx.new_bytes(frame.data).into(),
        };
        if frame.fin {
            self.end();
            return Ok((Progress::Done, PyIterReturn::Return(item)));
        }
        Ok((Progress::Within(decoder.take()), PyIterReturn::Return(item)))
    }

    fn exception(&self, failure: Failure, vm: &VirtualMachine) -> PyBaseExceptionRef {
        match &self.origin {
            Origin::Assembler(_) => Assembler::exception(failure, vm),
            Origin::Connection(connection) => Connection::streaming_failed(connection, failure, vm),
        }
    }
}

impl SelfIter for Fragments {}

impl IterNext for Fragments {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let progress = std::mem::replace(&mut *zelf.progress.lock(), Progress::Stepping);
        match progress {
            Progress::Stepping => return Err(vm.new_value_error("generator already executing")),
            Progress::Done => {
                *zelf.progress.lock() = Progress::Done;
                return Ok(PyIterReturn::StopIteration(None));
            }
            Progress::Unstarted | Progress::Within(_) => {}
        }
        let (next, result) = match zelf.step(progress, vm) {
            Ok((next, item)) => (next, Ok(item)),
            Err(failure) => (Progress::Done, Err(failure)),
        };
        *zelf.progress.lock() = next;
        result.map_err(|failure| zelf.exception(failure, vm))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(IterNext, Iterable))]
impl Fragments {
    /// Ends the iteration. If it had begun and was not at its end, no other message can be read.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        let mut progress = zelf.progress.lock();
        if !matches!(*progress, Progress::Stepping) {
            *progress = Progress::Done;
        }
    }
}
