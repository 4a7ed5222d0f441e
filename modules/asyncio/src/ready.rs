//! What an event loop runs next, in order.

use std::collections::VecDeque;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{AsObject, PyObjectRef, PyRef};

use crate::handle::Handle;
use crate::task::Task;
use crate::transport::SocketTransport;

/// One entry of the ready queue.
pub(crate) enum Ready {
    /// A callback.
    Handle(PyRef<Handle>),
    /// A task goes on, or has an exception raised at its `await`.
    Step(PyRef<Task>, Option<PyBaseExceptionRef>),
    /// A task goes on because the future it awaits is done.
    Wake(PyRef<Task>, PyObjectRef),
    /// A transport's protocol has been told of its connection, which somebody may wait for.
    Begin(PyRef<SocketTransport>, Option<PyObjectRef>),
    /// Something arrived for a transport.
    Readable(PyRef<SocketTransport>),
    /// A transport can send what waits.
    Writable(PyRef<SocketTransport>),
    /// Something with `_cancelled` and `_run()`: asyncio's own handles, which signals use.
    Foreign(PyObjectRef),
}

/// The ready queue. Any thread may add to it.
#[derive(Default)]
pub(crate) struct ReadyQueue(PyMutex<VecDeque<Ready>>);

// SAFETY: each entry's objects are visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for ReadyQueue {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(queue) = self.0.try_lock() {
            for entry in queue.iter() {
                match entry {
                    Ready::Handle(handle) => visit(handle.as_object()),
                    Ready::Step(task, error) => {
                        visit(task.as_object());
                        error.traverse(visit);
                    }
                    Ready::Wake(task, future) => {
                        visit(task.as_object());
                        visit(future);
                    }
                    Ready::Begin(transport, waiter) => {
                        visit(transport.as_object());
                        waiter.traverse(visit);
                    }
                    Ready::Readable(transport) | Ready::Writable(transport) => visit(transport.as_object()),
                    Ready::Foreign(handle) => visit(handle),
                }
            }
        }
    }
}

impl ReadyQueue {
    pub(crate) fn push(&self, entry: Ready) {
        self.0.lock().push_back(entry);
    }

    pub(crate) fn pop(&self) -> Option<Ready> {
        self.0.lock().pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }

    pub(crate) fn clear(&self) {
        let entries = std::mem::take(&mut *self.0.lock());
        // Dropped unlocked: destructors may run Python that comes back here.
        drop(entries);
    }
}
