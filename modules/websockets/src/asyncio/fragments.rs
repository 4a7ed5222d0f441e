//! A message, fragment by fragment: what `recv_streaming` and `Assembler.get_iter` return.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass};
use tauraro_bridge::{ExecutionMode, coroutine, stop_async_iteration, with_vm};
use tauraro_engine::websocket as engine;

use super::assembler::{Assembler, Decode, Failure};
use super::connection::Connection;
use super::receiving;
use crate::payload::Utf8Decoder;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No fragment was requested yet.
    Created,
    /// Within the message.
    Reading,
    /// After the last fragment, or an exception.
    Complete,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    /// Whether fragments are text, once that is known.
    decode: Decode,
    decoder: Utf8Decoder,
    /// A fragment is being waited for.
    running: bool,
}

/// An asynchronous iterator of the fragments of one message.
#[pyclass(module = "websockets.asyncio.messages", name = "Fragments", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct Fragments {
    assembler: PyRef<Assembler>,
    /// The connection whose exceptions are raised.
    connection: Option<PyRef<Connection>>,
    #[pytraverse(skip)]
    state: PyMutex<State>,
}

impl Fragments {
    pub(crate) fn new(
        assembler: PyRef<Assembler>,
        connection: Option<PyRef<Connection>>,
        decode: Decode,
    ) -> Self {
        let state = State { stage: Stage::Created, decode, decoder: Utf8Decoder::default(), running: false };
        Self { assembler, connection, state: PyMutex::new(state) }
    }

    fn stage(&self) -> Stage {
        self.state.lock().stage
    }

    fn enter(&self, stage: Stage) {
        self.state.lock().stage = stage;
    }

    /// The next fragment; `None` at the end of the message.
    async fn read(&self, mode: &ExecutionMode) -> Result<Option<PyObjectRef>, Failure> {
        let first = match self.stage() {
            Stage::Complete => return Ok(None),
            Stage::Reading => false,
            Stage::Created => {
                if let Err(failure) = self.assembler.begin() {
                    self.enter(Stage::Complete);
                    return Err(failure);
                }
                self.enter(Stage::Reading);
                true
            }
        };
        // From here on a failure leaves the assembler busy: it is unknown where the next message begins.
        let frame = match self.assembler.next(mode).await {
            Ok(frame) => frame,
            Err(failure) => {
                self.enter(Stage::Complete);
                if first && matches!(failure, Failure::Other(_)) {
                    self.assembler.end(&mut Vec::new());
                }
                return Err(failure);
            }
        };
        let converted = with_vm(|vm| self.convert(&frame, vm));
        if converted.is_err() {
            self.enter(Stage::Complete);
        } else if frame.fin {
            self.enter(Stage::Complete);
            self.assembler.end(&mut Vec::new());
        }
        converted.map(Some)
    }

    /// The fragment's payload as `str` or `bytes`.
    fn convert(&self, frame: &engine::Frame, vm: &VirtualMachine) -> Result<PyObjectRef, Failure> {
        let mut state = self.state.lock();
        if !*state.decode.get_or_insert(frame.opcode == engine::opcode::TEXT) {
            return Ok(vm.ctx.new_bytes(frame.data.clone()).into());
        }
        let mut decoder = std::mem::take(&mut state.decoder);
        drop(state);
        let outcome = decoder.decode(&frame.data, frame.fin, vm);
        self.state.lock().decoder = decoder;
        outcome.map_err(|error| Failure::decoding(error, vm))
    }

    async fn step(&self, mode: &ExecutionMode) -> PyResult {
        match self.read(mode).await {
            Ok(Some(fragment)) => Ok(fragment),
            Ok(None) => Err(with_vm(stop_async_iteration)),
            Err(failure) => match &self.connection {
                None => Err(with_vm(|vm| failure.into_exception(vm))),
                Some(connection) => {
                    Err(receiving::explain(connection, mode, failure, "recv_streaming").await)
                }
            },
        }
    }

    /// Ends the iteration early.
    fn abandon(&self) {
        self.enter(Stage::Complete);
    }
}

/// Held while an iterator waits for a fragment.
struct Running(PyRef<Fragments>);

impl Running {
    fn start(fragments: PyRef<Fragments>, vm: &VirtualMachine) -> PyResult<Self> {
        if std::mem::replace(&mut fragments.state.lock().running, true) {
            return Err(vm.new_runtime_error("anext(): asynchronous generator is already running"));
        }
        Ok(Self(fragments))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state.lock().running = false;
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF))]
impl Fragments {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Fragments.__anext__", move |mode| async move {
            let running = with_vm(|vm| Running::start(zelf, vm))?;
            running.0.step(&mode).await
        })
    }

    /// The same as `__anext__`: the value is ignored.
    #[pymethod]
    fn asend(zelf: PyRef<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        Self::__anext__(zelf, vm)
    }

    /// Ends the iteration with an exception: a coroutine.
    #[pymethod]
    fn athrow(zelf: PyRef<Self>, error: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Fragments.athrow", move |_| async move {
            zelf.abandon();
            with_vm(|vm| {
                let error: PyBaseExceptionRef =
                    vm.normalize_exception(error, vm.ctx.none(), vm.ctx.none())?;
                Err(error)
            })
        })
    }

    /// Ends the iteration: a coroutine. Neither the rest of the message nor another one can be read then.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Fragments.aclose", move |_| async move {
            zelf.abandon();
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
