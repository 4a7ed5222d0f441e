//! Waiting for locks and threads.
//!
//! The interpreter's own waits end only when what they wait for happens. These wait in slices, and check in
//! between whether the thread is to be interrupted.

use std::time::{Duration, Instant};

use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::{check_interrupts, is_interruptible};

use super::replacements::MethodCall;
use crate::interpose::Original;

/// How long to wait between two checks.
const SLICE: Duration = Duration::from_millis(10);

/// Waits for a lock: `acquire(blocking=True, timeout=-1)`, or `__enter__()`.
pub(super) fn acquire(MethodCall { call, helper }: MethodCall<'_>) -> PyResult {
    if !is_interruptible() {
        return call.proceed();
    }
    let vm = call.vm;
    let (Some(lock), Some(end)) = (call.args.args.first().cloned(), end_of_wait(vm, &call.args)?) else {
        return call.proceed();
    };
    take(vm, helper, &lock, end)
}

/// Takes a reentrant lock again, as often as it was held: `_acquire_restore((count, owner))`.
pub(super) fn acquire_restore(MethodCall { call, helper }: MethodCall<'_>) -> PyResult {
    let vm = call.vm;
    let state = match call.args.args.as_slice() {
        [lock, state] if is_interruptible() => Some((lock.clone(), state.clone())),
        _ => None,
    };
    let Some((lock, state)) = state else { return call.proceed() };
    let count: usize = state.get_item(&0, vm)?.try_into_value(vm)?;
    for _ in 0..count {
        take(vm, helper, &lock, End::Never)?;
    }
    Ok(vm.ctx.none())
}

/// Waits for a thread: `join(timeout=None)`.
pub(super) fn join(MethodCall { call, helper: is_done }: MethodCall<'_>) -> PyResult {
    let vm = call.vm;
    let handle = call.args.args.first().cloned();
    let (true, Some(handle), true) =
        (is_interruptible(), handle, call.args.args.len() <= 2 && call.args.kwargs.is_empty())
    else {
        return call.proceed();
    };
    let end = match call.args.args.get(1).filter(|timeout| !vm.is_none(timeout)) {
        None => End::Never,
        // None means forever, and so does a negative number.
        Some(timeout) => match seconds(vm, timeout)? {
            negative if negative < 0.0 => End::Never,
            seconds => End::after(seconds),
        },
    };
    loop {
        let slice = vm.ctx.new_float(end.slice().as_secs_f64()).into();
        let result = call.original.call(vm, vec![handle.clone(), slice])?;
        let done = is_done.call(vm, vec![handle.clone()])?;
        if end.is_over() || done.try_to_bool(vm)? {
            return Ok(result);
        }
        check_interrupts(vm)?;
    }
}

/// Waits for an item of a queue: `get(block=True, timeout=None)`.
pub(super) fn get(MethodCall { call, .. }: MethodCall<'_>) -> PyResult {
    if !is_interruptible() {
        return call.proceed();
    }
    let vm = call.vm;
    let (Some(queue), Some(end)) = (call.args.args.first().cloned(), end_of_get(vm, &call.args)?) else {
        return call.proceed();
    };
    let empty = vm.import("_queue", 0)?.get_attr("Empty", vm)?;
    loop {
        let slice = vm.ctx.new_float(end.slice().as_secs_f64()).into();
        match call.original.call(vm, vec![queue.clone(), vm.ctx.new_bool(true).into(), slice]) {
            Err(error) if !end.is_over() && error.as_object().is_instance(&empty, vm)? => {
                check_interrupts(vm)?;
            }
            result => return result,
        }
    }
}

/// When a wait is over.
#[derive(Clone, Copy)]
enum End {
    Never,
    At(Instant),
}

impl End {
    fn after(seconds: f64) -> Self {
        let timeout = Duration::try_from_secs_f64(seconds).ok();
        timeout.and_then(|timeout| Instant::now().checked_add(timeout)).map_or(Self::Never, Self::At)
    }

    /// How long to wait before the next check.
    fn slice(self) -> Duration {
        match self {
            Self::Never => SLICE,
            Self::At(end) => end.saturating_duration_since(Instant::now()).min(SLICE),
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Self::At(end) if end <= Instant::now())
    }
}

/// When `acquire` with these arguments times out; `None` when the original does not wait, or rejects them.
fn end_of_wait(vm: &VirtualMachine, args: &FuncArgs) -> PyResult<Option<End>> {
    let known = ["blocking", "timeout"].into_iter().filter(|name| args.kwargs.contains_key(name)).count();
    if known < args.kwargs.len() || args.args.len() + args.kwargs.len() > 3 {
        return Ok(None);
    }
    let argument = |position: usize, name: &str| args.args.get(position).or_else(|| args.kwargs.get(name));
    if let Some(blocking) = argument(1, "blocking")
        && !blocking.clone().try_to_bool(vm)?
    {
        return Ok(None);
    }
    let Some(timeout) = argument(2, "timeout") else { return Ok(Some(End::Never)) };
    let seconds = seconds(vm, timeout)?;
    #[expect(clippy::float_cmp, reason = "exactly this number means no timeout")]
    if seconds == -1.0 {
        return Ok(Some(End::Never));
    }
    if seconds < 0.0 {
        return Err(vm.new_value_error("timeout value must be a non-negative number"));
    }
    if seconds > MAX_TIMEOUT {
        return Err(vm.new_overflow_error("timeout value is too large"));
    }
    Ok(Some(End::after(seconds)))
}

/// As [`end_of_wait`], for `get` of a queue.
fn end_of_get(vm: &VirtualMachine, args: &FuncArgs) -> PyResult<Option<End>> {
    let known = ["block", "timeout"].into_iter().filter(|name| args.kwargs.contains_key(name)).count();
    if known < args.kwargs.len() || args.args.len() + args.kwargs.len() > 3 {
        return Ok(None);
    }
    let argument = |position: usize, name: &str| args.args.get(position).or_else(|| args.kwargs.get(name));
    if let Some(block) = argument(1, "block")
        && !block.clone().try_to_bool(vm)?
    {
        return Ok(None);
    }
    let Some(timeout) = argument(2, "timeout").filter(|timeout| !vm.is_none(timeout)) else {
        return Ok(Some(End::Never));
    };
    let seconds = timeout.try_float(vm).map_or(f64::NAN, |seconds| seconds.to_f64());
    Ok((0.0..=MAX_TIMEOUT).contains(&seconds).then(|| End::after(seconds)))
}

/// `threading.TIMEOUT_MAX`.
const MAX_TIMEOUT: f64 = 9_223_372_036.0;

fn seconds(vm: &VirtualMachine, object: &PyObjectRef) -> PyResult<f64> {
    let seconds = object.try_float(vm)?.to_f64();
    if seconds.is_nan() {
        return Err(vm.new_value_error("Invalid value NaN (not a number)"));
    }
    Ok(seconds)
}

/// Waits for `lock` with its class's own `acquire`. Whether it was acquired, as Python has it.
fn take(vm: &VirtualMachine, acquire: Original, lock: &PyObjectRef, end: End) -> PyResult {
    loop {
        let slice = vm.ctx.new_float(end.slice().as_secs_f64()).into();
        let taken = acquire.call(vm, vec![lock.clone(), vm.ctx.new_bool(true).into(), slice])?;
        if taken.clone().try_to_bool(vm)? || end.is_over() {
            return Ok(taken);
        }
        check_interrupts(vm)?;
    }
}
