//! The clock of an event loop: `time.monotonic()`, read without calling Python.

use std::time::Instant;

use rustpython_vm::{PyResult, VirtualMachine};

/// Seconds of the interpreter's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    /// What `time.monotonic()` showed at `origin`.
    offset: f64,
}

impl Clock {
    pub(crate) fn new(vm: &VirtualMachine) -> PyResult<Self> {
        let offset = vm.import("time", 0)?.get_attr("monotonic", vm)?.call((), vm)?;
        Ok(Self { origin: Instant::now(), offset: offset.try_float(vm)?.to_f64() })
    }

    pub(crate) fn now(&self) -> f64 {
        self.offset + self.origin.elapsed().as_secs_f64()
    }
}
