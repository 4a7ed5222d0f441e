//! `Connection.send`, step by step.

use rustpython_vm::{PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{Resume, StateMachine, Step, with_vm};

use super::{SendOutcome, finish_send, send, send_whole};
use crate::asyncio::connection::Connection;

/// Sends a message: in one step if nothing has to be waited for, else as an `async` function.
pub(crate) struct Send {
    connection: PyRef<Connection>,
    message: PyObjectRef,
    text: Option<bool>,
}

impl Send {
    pub(crate) fn new(connection: PyRef<Connection>, message: PyObjectRef, text: Option<bool>) -> Self {
        Self { connection, message, text }
    }
}

impl StateMachine for Send {
    fn step(&mut self, resume: Resume, vm: &VirtualMachine) -> PyResult<Step> {
        if let Resume::Throw(error) = resume {
            return Err(error);
        }
        let whole = if self.connection.is_sending() {
            None
        } else {
            send_whole(&self.connection, &self.message, self.text, vm).transpose()?
        };
        let connection = self.connection.clone();
        Ok(match whole {
            Some(SendOutcome::Done) => Step::Return(vm.ctx.none()),
            Some(outcome) => Step::continue_with(|mode| async move {
                finish_send(&connection, &mode, outcome).await?;
                Ok(with_vm(|vm| vm.ctx.none()))
            }),
            None => {
                let (message, text) = (self.message.clone(), self.text);
                Step::continue_with(move |mode| async move {
                    send(&connection, &mode, message, text).await?;
                    Ok(with_vm(|vm| vm.ctx.none()))
                })
            }
        })
    }
}
