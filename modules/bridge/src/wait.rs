//! Waiting for the network from Python.

use std::future::Future;
use std::pin::pin;

use rustpython_vm::convert::ToPyException;
use rustpython_vm::{PyResult, VirtualMachine};
use tauraro_engine::runtime;

use crate::interrupts::check_interrupts;

/// Waits for `future` while other Python threads, the garbage collector and signal handlers run.
///
/// A signal handler that raises, Ctrl-C's above all, ends the wait: `future` is dropped, which
/// cancels the operation, and the handler's exception is returned.
///
/// # Errors
/// What a signal handler raised; `OSError` when there are no descriptors or threads left; `RuntimeError` on a thread
/// that drives asynchronous tasks.
pub fn block_on<F: Future>(vm: &VirtualMachine, future: F) -> PyResult<F::Output> {
    if runtime::is_async_context() {
        return Err(
            vm.new_runtime_error("a blocking call was made on a thread that drives asynchronous tasks")
        );
    }
    let mut future = pin!(future);
    loop {
        check_interrupts(vm)?;
        match vm.allow_threads(|| runtime::block_on_until_tick(future.as_mut())) {
            Ok(Some(output)) => return Ok(output),
            Ok(None) => {}
            Err(error) => return Err(error.to_pyexception(vm)),
        }
    }
}
