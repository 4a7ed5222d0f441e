//! `asyncio.TimerHandle`: a callback that waits for its time.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustpython_vm::common::hash::PyHash;
use rustpython_vm::function::PyComparisonValue;
use rustpython_vm::types::{Comparable, Hashable, PyComparisonOp};
use rustpython_vm::{AsObject, Py, PyObject, PyResult, Traverse, VirtualMachine, pyclass};

use crate::event_loop::LoopCore;
use crate::handle::Handle;
use crate::interpreter_state;

/// A callback registered with `call_later` or `call_at`.
#[pyclass(module = "asyncio", name = "TimerHandle", base = Handle, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TimerHandle {
    base: Handle,
    #[pytraverse(skip)]
    when: f64,
    /// Whether the loop's timers hold it.
    #[pytraverse(skip)]
    scheduled: AtomicBool,
}

impl TimerHandle {
    /// `base`, due at `when` in seconds of the loop's clock.
    pub(crate) fn new(base: Handle, when: f64) -> Self {
        Self { base, when, scheduled: true.into() }
    }

    pub(crate) fn due(&self) -> f64 {
        self.when
    }

    /// Takes the callback back.
    pub(crate) fn cancel_timer(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let Some(handle) = zelf.as_object().downcast_ref::<Handle>() else {
            return Ok(());
        };
        if Handle::cancel_once(handle, vm)? && zelf.scheduled.load(Relaxed) {
            let event_loop = handle.event_loop();
            if let Some(core) = event_loop.downcast_ref::<LoopCore>() {
                core.timer_cancelled();
            }
        }
        Ok(())
    }

    /// The loop took it out of its timers.
    pub(crate) fn unschedule(&self) {
        self.scheduled.store(false, Relaxed);
    }
}

#[pyclass(flags(HAS_WEAKREF, DISALLOW_INSTANTIATION), with(Comparable, Hashable))]
impl TimerHandle {
    /// `asyncio.TimerHandle`, so that `isinstance` knows what this is.
    #[pygetset]
    fn __class__(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        interpreter_state::asyncio("events", "TimerHandle", vm)
    }

    /// When the callback is due, in seconds of the loop's `time()`.
    #[pymethod]
    fn when(zelf: &Py<Self>) -> f64 {
        zelf.when
    }

    /// Takes the callback back. Cancelling again, or after it ran, does nothing.
    #[pymethod]
    fn cancel(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::cancel_timer(zelf, vm)
    }

    #[pygetset]
    fn _when(zelf: &Py<Self>) -> f64 {
        zelf.when
    }

    #[pygetset]
    fn _scheduled(zelf: &Py<Self>) -> bool {
        zelf.scheduled.load(Relaxed)
    }

    #[pymethod]
    fn _repr_info(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let Some(handle) = zelf.as_object().downcast_ref::<Handle>() else {
            return Err(vm.new_system_error("internal error: a timer handle is not a handle"));
        };
        let info = Handle::info(handle, vm)?;
        let position = if handle.is_cancelled() { 2 } else { 1 };
        vm.call_method(&info, "insert", (position, format!("when={}", zelf.when)))?;
        Ok(info)
    }
}

impl Hashable for TimerHandle {
    fn hash(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyHash> {
        vm.ctx.new_float(zelf.when).as_object().hash(vm)
    }
}

impl Comparable for TimerHandle {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        _vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        let Some(other) = other.downcast_ref::<Self>() else {
            return Ok(PyComparisonValue::NotImplemented);
        };
        let same = zelf.as_object().is(other.as_object());
        // Two timers due at once are neither ordered nor equal, unless they are one.
        Ok(PyComparisonValue::Implemented(match op {
            PyComparisonOp::Lt => zelf.when < other.when,
            PyComparisonOp::Gt => zelf.when > other.when,
            PyComparisonOp::Le => zelf.when < other.when || same,
            PyComparisonOp::Ge => zelf.when > other.when || same,
            PyComparisonOp::Eq => same,
            PyComparisonOp::Ne => !same,
        }))
    }
}
