//! Which callbacks each descriptor has.

use std::collections::HashMap;
use std::os::fd::RawFd;

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{AsObject, PyObjectRef, PyRef};

use crate::handle::Handle;

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// The callbacks of one descriptor.
#[derive(Clone)]
pub(crate) struct FdCallbacks {
    /// What the script gave: a number, or an object with `fileno()`.
    pub(crate) file: PyObjectRef,
    pub(crate) reader: Option<PyRef<Handle>>,
    pub(crate) writer: Option<PyRef<Handle>>,
}

impl FdCallbacks {
    pub(crate) fn handle(&mut self, direction: Direction) -> &mut Option<PyRef<Handle>> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }
}

/// The descriptors an event loop watches.
#[derive(Default)]
pub(crate) struct FdTable(PyMutex<HashMap<RawFd, FdCallbacks>>);

// SAFETY: each object is visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for FdTable {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(table) = self.0.try_lock() {
            for callbacks in table.values() {
                visit(&callbacks.file);
                for handle in callbacks.reader.iter().chain(&callbacks.writer) {
                    visit(handle.as_object());
                }
            }
        }
    }
}

impl FdTable {
    pub(crate) fn get(&self, fd: RawFd) -> Option<FdCallbacks> {
        self.0.lock().get(&fd).cloned()
    }

    /// The descriptor that `file` was registered with, for a file that has been closed since.
    pub(crate) fn find(&self, file: &PyObjectRef) -> Option<RawFd> {
        self.0.lock().iter().find(|(_, callbacks)| callbacks.file.is(file)).map(|(fd, _)| *fd)
    }

    pub(crate) fn set(&self, fd: RawFd, callbacks: FdCallbacks) {
        let replaced = self.0.lock().insert(fd, callbacks);
        drop(replaced);
    }

    pub(crate) fn remove(&self, fd: RawFd) {
        let removed = self.0.lock().remove(&fd);
        drop(removed);
    }

    pub(crate) fn clear(&self) {
        let callbacks = std::mem::take(&mut *self.0.lock());
        drop(callbacks);
    }
}
