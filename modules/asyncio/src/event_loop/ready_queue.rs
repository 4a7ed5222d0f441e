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
pub(crate) enum ReadyEntry {
    /// A callback.
    Handle(PyRef<Handle>),
    /// A task continues, or has an exception raised at its `await`.
    Step(PyRef<Task>, Option<PyBaseExceptionRef>),
    /// A task continues because the future it awaits is done.
    Wake(PyRef<Task>, PyObjectRef),
    /// `connection_made` of a transport's protocol was called: reading starts, and the waiter is woken.
    Started(PyRef<SocketTransport>, Option<PyObjectRef>),
    /// Something arrived for a transport.
    Readable(PyRef<SocketTransport>),
    /// A transport can send what waits.
    Writable(PyRef<SocketTransport>),
    /// Something with `_cancelled` and `_run()`: asyncio's own handles, which signals use.
    OtherHandle(PyObjectRef),
}

/// The ready queue. Any thread may add to it.
#[derive(Default)]
pub(crate) struct ReadyQueue(PyMutex<VecDeque<ReadyEntry>>);

// SAFETY: each entry's objects are visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for ReadyQueue {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(queue) = self.0.try_lock() {
            for entry in queue.iter() {
                match entry {
                    ReadyEntry::Handle(handle) => visit(handle.as_object()),
                    ReadyEntry::Step(task, error) => {
                        visit(task.as_object());
                        error.traverse(visit);
                    }
                    ReadyEntry::Wake(task, future) => {
                        visit(task.as_object());
                        visit(future);
                    }
                    ReadyEntry::Started(transport, waiter) => {
                        visit(transport.as_object());
                        waiter.traverse(visit);
                    }
                    ReadyEntry::Readable(transport) | ReadyEntry::Writable(transport) => {
                        visit(transport.as_object());
                    }
                    ReadyEntry::OtherHandle(handle) => visit(handle),
                }
            }
        }
    }
}

impl ReadyQueue {
    pub(crate) fn push(&self, entry: ReadyEntry) {
        self.0.lock().push_back(entry);
    }

    pub(crate) fn pop(&self) -> Option<ReadyEntry> {
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
