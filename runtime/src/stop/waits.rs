//! Waiting for locks and threads.
//!
//! The interpreter's own waits end when what they wait for comes, and for nothing else. These wait in slices,
//! and look in between whether the thread is to stop.

use std::time::{Duration, Instant};

use rustpython_vm::function::{Callee, FuncArgs};
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::{check_interrupts, is_interruptible};

use super::replace::Call;

/// How long a wait goes on without a look around.
const SLICE: Duration = Duration::from_millis(10);

/// Waits for a lock: `acquire(blocking=True, timeout=-1)`, or `__enter__()`.
pub(super) fn acquire(call: Call<'_>) -> PyResult {
    if !is_interruptible() {
        return call.proceed();
    }
    let vm = call.vm;
    let (Some(lock), Some(end)) = (call.args.args.first().cloned(), end_of_wait(vm, &call.args)?) else {
        return call.proceed();
    };
    take(&call, &lock, end)
}

/// Takes a reentrant lock again, as often as it was held: `_acquire_restore((count, owner))`.
pub(super) fn acquire_restore(call: Call<'_>) -> PyResult {
    let vm = call.vm;
    let state = match call.args.args.as_slice() {
        [lock, state] if is_interruptible() => Some((lock.clone(), state.clone())),
        _ => None,
    };
    let Some((lock, state)) = state else { return call.proceed() };
    let count: usize = state.get_item(&0, vm)?.try_into_value(vm)?;
    for _ in 0..count {
        take(&call, &lock, End::Never)?;
    }
    Ok(vm.ctx.none())
}

/// Waits for a thread: `join(timeout=None)`.
pub(super) fn join(call: Call<'_>) -> PyResult {
    let vm = call.vm;
    let handle = call.args.args.first().cloned();
    let (true, Some(handle), true) =
        (is_interruptible(), handle, call.args.args.len() <= 2 && call.args.kwargs.is_empty())
    else {
        return call.proceed();
    };
    let end = match call.args.args.get(1).filter(|timeout| !vm.is_none(timeout)) {
        None => End::Never,
        // None means for ever, and so does what is negative.
        Some(timeout) => match seconds(vm, timeout)? {
            negative if negative < 0.0 => End::Never,
            seconds => End::after(seconds),
        },
    };
    loop {
        let slice = vm.ctx.new_float(end.slice().as_secs_f64()).into();
        let args = FuncArgs::from(vec![handle.clone(), slice]);
        let result = call.original.call(vm, args, Callee::named("join"))?;
        let done = call.helper.call(vm, FuncArgs::from(vec![handle.clone()]), Callee::named("is_done"))?;
        if end.is_over() || done.try_to_bool(vm)? {
            return Ok(result);
        }
        check_interrupts(vm)?;
    }
}

/// Waits for an item of a queue: `get(block=True, timeout=None)`.
pub(super) fn get(call: Call<'_>) -> PyResult {
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
        let args = FuncArgs::from(vec![queue.clone(), vm.ctx.new_bool(true).into(), slice]);
        match call.original.call(vm, args, Callee::named("get")) {
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

    /// How long to wait before looking around.
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

/// When `acquire` with these arguments is to give up; `None` when the original does not wait, or refuses them.
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
    if seconds > LONGEST {
        return Err(vm.new_overflow_error("timeout value is too large"));
    }
    Ok(Some(End::after(seconds)))
}

/// The same for `get` of a queue.
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
    Ok((0.0..=LONGEST).contains(&seconds).then(|| End::after(seconds)))
}

/// `threading.TIMEOUT_MAX`.
const LONGEST: f64 = 9_223_372_036.0;

fn seconds(vm: &VirtualMachine, object: &PyObjectRef) -> PyResult<f64> {
    let seconds = object.try_float(vm)?.to_f64();
    if seconds.is_nan() {
        return Err(vm.new_value_error("Invalid value NaN (not a number)"));
    }
    Ok(seconds)
}

/// Waits for `lock` with the class's own `acquire`, the helper of `call`. Whether it came, as Python has it.
fn take(call: &Call<'_>, lock: &PyObjectRef, end: End) -> PyResult {
    let vm = call.vm;
    loop {
        let slice = vm.ctx.new_float(end.slice().as_secs_f64()).into();
        let args = FuncArgs::from(vec![lock.clone(), vm.ctx.new_bool(true).into(), slice]);
        let taken = call.helper.call(vm, args, Callee::named("acquire"))?;
        if taken.clone().try_to_bool(vm)? || end.is_over() {
            return Ok(taken);
        }
        check_interrupts(vm)?;
    }
}
