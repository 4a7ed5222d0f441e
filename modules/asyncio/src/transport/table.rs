//! Which transports an event loop watches.

use std::os::fd::RawFd;

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{AsObject, Py, PyRef};

use super::SocketTransport;

/// The transports that an event loop watches, by descriptor. It keeps them alive.
#[derive(Default)]
pub(crate) struct Transports(PyMutex<Vec<Option<PyRef<SocketTransport>>>>);

// SAFETY: each transport is visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Transports {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(transports) = self.0.try_lock() {
            for transport in transports.iter().flatten() {
                visit(transport.as_object());
            }
        }
    }
}

impl Transports {
    pub(crate) fn get(&self, fd: RawFd) -> Option<PyRef<SocketTransport>> {
        self.0.lock().get(usize::try_from(fd).ok()?)?.clone()
    }

    /// Returns what was there before.
    pub(super) fn set(&self, fd: RawFd, transport: &Py<SocketTransport>) -> Option<PyRef<SocketTransport>> {
        let index = usize::try_from(fd).ok()?;
        let mut transports = self.0.lock();
        if transports.len() <= index {
            transports.resize(index + 1, None);
        }
        transports.get_mut(index)?.replace(transport.to_owned())
    }

    /// Forgets `transport`, if `fd` is still its.
    pub(super) fn remove(&self, fd: RawFd, transport: &Py<SocketTransport>) {
        let removed = usize::try_from(fd).ok().and_then(|index| {
            let mut transports = self.0.lock();
            transports.get_mut(index)?.take_if(|known| known.is(transport))
        });
        // Unlocked: it may be the last reference, and destructors may run Python that comes back here.
        drop(removed);
    }

    pub(crate) fn clear(&self) {
        let transports = std::mem::take(&mut *self.0.lock());
        drop(transports);
    }
}
