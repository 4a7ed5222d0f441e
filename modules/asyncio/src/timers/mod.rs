//! Callbacks that wait for their time.

mod timer_handle;

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{AsObject, PyRef};

use crate::handle::Handle;

pub(crate) use timer_handle::TimerHandle;

/// Below this many, cancelled timers simply wait for their time.
const COMPACT_FROM: usize = 100;

struct Entry {
    due: f64,
    /// Breaks ties, so that equal times keep their order.
    sequence: u64,
    timer: PyRef<TimerHandle>,
}

impl Entry {
    fn cancelled(&self) -> bool {
        self.handle().is_none_or(|handle| handle.is_cancelled())
    }

    fn handle(&self) -> Option<&rustpython_vm::Py<Handle>> {
        self.timer.as_object().downcast_ref()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.due.total_cmp(&other.due).then(self.sequence.cmp(&other.sequence))
    }
}

#[derive(Default)]
struct Inner {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    cancelled: usize,
}

/// The timers of an event loop. Any thread may add to them.
#[derive(Default)]
pub(crate) struct Timers(PyMutex<Inner>);

// SAFETY: each timer is visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Timers {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(inner) = self.0.try_lock() {
            for Reverse(entry) in &inner.heap {
                visit(entry.timer.as_object());
            }
        }
    }
}

impl Timers {
    pub(crate) fn push(&self, timer: PyRef<TimerHandle>) {
        let mut inner = self.0.lock();
        let sequence = inner.sequence;
        inner.sequence = sequence.wrapping_add(1);
        inner.heap.push(Reverse(Entry { due: timer.due(), sequence, timer }));
    }

    /// When the next timer that was not cancelled is due.
    pub(crate) fn next_due(&self) -> Option<f64> {
        let mut dropped = Vec::new();
        let mut inner = self.0.lock();
        while let Some(Reverse(entry)) = inner.heap.peek() {
            if !entry.cancelled() {
                break;
            }
            inner.cancelled = inner.cancelled.saturating_sub(1);
            dropped.extend(inner.heap.pop());
        }
        let due = inner.heap.peek().map(|Reverse(entry)| entry.due);
        drop(inner);
        unschedule(dropped);
        due
    }

    /// Takes a timer that is due before `end`, if any.
    pub(crate) fn pop_due(&self, end: f64) -> Option<PyRef<Handle>> {
        let mut inner = self.0.lock();
        let Reverse(first) = inner.heap.peek()?;
        if first.due >= end {
            return None;
        }
        let Reverse(entry) = inner.heap.pop()?;
        drop(inner);
        entry.timer.unschedule();
        entry.handle().map(rustpython_vm::Py::to_owned)
    }

    /// A timer in here was cancelled. Many of them are removed at once.
    pub(crate) fn cancelled(&self) {
        let mut inner = self.0.lock();
        inner.cancelled += 1;
        if inner.heap.len() <= COMPACT_FROM || inner.cancelled * 2 <= inner.heap.len() {
            return;
        }
        inner.cancelled = 0;
        let (dropped, kept) = std::mem::take(&mut inner.heap)
            .into_iter()
            .partition::<Vec<_>, _>(|Reverse(entry)| entry.cancelled());
        inner.heap = kept.into();
        drop(inner);
        unschedule(dropped);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().heap.is_empty()
    }

    pub(crate) fn clear(&self) {
        let heap = std::mem::take(&mut self.0.lock().heap);
        unschedule(heap);
    }
}

/// Drops timers, with nothing locked.
fn unschedule(entries: impl IntoIterator<Item = Reverse<Entry>>) {
    for Reverse(entry) in entries {
        entry.timer.unschedule();
    }
}
