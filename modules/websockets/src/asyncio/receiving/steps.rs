//! `Connection.recv` and `async for`, step by step.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_bridge::{Resume, StateMachine, Step, stop_async_iteration, with_vm};
use tauraro_engine::websocket as engine;

use super::{explain, recv};
use crate::asyncio::assembler::{Assembler, Decode, Failure, Next, to_object};
use crate::asyncio::connection::Connection;
use crate::asyncio::messages::Messages;

/// Receives a message: step by step if it arrives in one frame, else as an `async` function.
pub(crate) struct Receive {
    source: Source,
    decode: Decode,
    wait: Option<Wait>,
}

/// What the message is received for.
#[derive(Clone)]
enum Source {
    Connection(PyRef<Connection>),
    Iterator(PyRef<Messages>),
}

/// A coroutine that waits for the next frame; no other may read meanwhile.
struct Wait {
    connection: PyRef<Connection>,
    messages: PyRef<Assembler>,
    waiter: PyObjectRef,
}

impl Receive {
    /// For `connection.recv(decode)`.
    pub(crate) fn from_connection(connection: PyRef<Connection>, decode: Decode) -> Self {
        Self { source: Source::Connection(connection), decode, wait: None }
    }

    /// For an iterator of messages.
    pub(crate) fn from_iterator(iterator: PyRef<Messages>) -> Self {
        Self { source: Source::Iterator(iterator), decode: None, wait: None }
    }

    fn start(&mut self, vm: &VirtualMachine) -> PyResult<Step> {
        let connection = match &self.source {
            Source::Connection(connection) => connection.clone(),
            Source::Iterator(iterator) => {
                let Some(connection) = iterator.connection() else {
                    return Err(stop_async_iteration(vm));
                };
                if !Connection::is_plain(&connection, vm) {
                    return Ok(self.call_recv(connection));
                }
                connection
            }
        };
        let messages = connection.messages(vm).map_err(|error| self.source.failed(error))?;
        match messages.begin() {
            Ok(()) => self.read(connection, messages, vm),
            Err(failure) => self.fail(connection, failure),
        }
    }

    /// Takes the next message, or waits for it.
    fn read(
        &mut self,
        connection: PyRef<Connection>,
        messages: PyRef<Assembler>,
        vm: &VirtualMachine,
    ) -> PyResult<Step> {
        let failure = match messages.take_next(vm) {
            Ok(Next::Wait(waiter)) => {
                self.wait = Some(Wait { connection, messages, waiter: waiter.clone() });
                return Ok(Step::Yield(waiter));
            }
            Ok(Next::Message(frame)) => {
                messages.release();
                let is_text = self.decode.unwrap_or(frame.opcode == engine::opcode::TEXT);
                match to_object(frame.data, is_text, vm) {
                    Ok(message) => return Ok(Step::Return(message)),
                    Err(failure) => failure,
                }
            }
            Ok(Next::Other) => {
                messages.release();
                let (source, decode) = (self.source.clone(), self.decode);
                return Ok(Step::continue_with(move |mode| async move {
                    let message = recv(&connection, &mode, decode).await;
                    message.map_err(|error| source.failed(error))
                }));
            }
            Err(failure) => {
                messages.release();
                failure
            }
        };
        self.fail(connection, failure)
    }

    fn fail(&self, connection: PyRef<Connection>, failure: Failure) -> PyResult<Step> {
        let source = self.source.clone();
        match failure {
            Failure::Other(error) => Err(source.failed(error)),
            failure => Ok(Step::continue_with(|mode| async move {
                Err(source.failed(explain(&connection, &mode, failure, "recv").await))
            })),
        }
    }

    /// For a connection whose class overrides `recv`.
    fn call_recv(&self, connection: PyRef<Connection>) -> Step {
        let source = self.source.clone();
        Step::continue_with(|mode| async move {
            let message = match with_vm(|vm| vm.call_method(connection.as_object(), "recv", ())) {
                Ok(call) => mode.wait(call).await,
                Err(error) => Err(error),
            };
            message.map_err(|error| source.failed(error))
        })
    }
}

impl Source {
    /// The exception that is raised for `error`.
    fn failed(&self, error: PyBaseExceptionRef) -> PyBaseExceptionRef {
        match self {
            Self::Connection(_) => error,
            Self::Iterator(iterator) => with_vm(|vm| iterator.failed(error, vm)),
        }
    }
}

impl StateMachine for Receive {
    fn step(&mut self, resume: Resume, vm: &VirtualMachine) -> PyResult<Step> {
        let Some(Wait { connection, messages, waiter }) = self.wait.take() else {
            return match resume {
                Resume::Send(_) => self.start(vm),
                Resume::Throw(error) => Err(error),
            };
        };
        let woken = match resume {
            Resume::Send(_) => futures::outcome(&waiter, vm),
            Resume::Throw(error) => Err(error),
        };
        messages.stop_waiting(waiter);
        match woken {
            Ok(_) => self.read(connection, messages, vm),
            Err(error) => {
                messages.release();
                Err(self.source.failed(error))
            }
        }
    }
}

impl Drop for Receive {
    fn drop(&mut self) {
        if let Some(Wait { messages, waiter, .. }) = self.wait.take() {
            messages.stop_waiting(waiter);
            messages.release();
        }
    }
}
