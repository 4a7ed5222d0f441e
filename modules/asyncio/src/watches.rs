//! Who waits for which descriptor.

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

/// One watched descriptor.
#[derive(Clone)]
pub(crate) struct Watch {
    /// What the script gave: a number, or an object with `fileno()`.
    pub(crate) file: PyObjectRef,
    pub(crate) reader: Option<PyRef<Handle>>,
    pub(crate) writer: Option<PyRef<Handle>>,
}

impl Watch {
    pub(crate) fn handle(&mut self, direction: Direction) -> &mut Option<PyRef<Handle>> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }
}

/// The descriptors an event loop watches.
#[derive(Default)]
pub(crate) struct Watches(PyMutex<HashMap<RawFd, Watch>>);

// SAFETY: each object is visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Watches {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(watches) = self.0.try_lock() {
            for watch in watches.values() {
                visit(&watch.file);
                for handle in watch.reader.iter().chain(&watch.writer) {
                    visit(handle.as_object());
                }
            }
        }
    }
}

impl Watches {
    pub(crate) fn get(&self, fd: RawFd) -> Option<Watch> {
        self.0.lock().get(&fd).cloned()
    }

    /// The descriptor that `file` was registered with, for a file that has been closed since.
    pub(crate) fn find(&self, file: &PyObjectRef) -> Option<RawFd> {
        self.0.lock().iter().find(|(_, watch)| watch.file.is(file)).map(|(fd, _)| *fd)
    }

    pub(crate) fn set(&self, fd: RawFd, watch: Watch) {
        let replaced = self.0.lock().insert(fd, watch);
        drop(replaced);
    }

    pub(crate) fn remove(&self, fd: RawFd) {
        let removed = self.0.lock().remove(&fd);
        drop(removed);
    }

    pub(crate) fn clear(&self) {
        let watches = std::mem::take(&mut *self.0.lock());
        drop(watches);
    }
}
