//! The iterations of the event loop.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::{AsObject, Py, PyResult, VirtualMachine};
use tauraro_bridge::Running;

use super::LoopCore;
use super::epoll::{self, Event};
use super::ready_queue::ReadyEntry;
use crate::handle::Handle;
use crate::interpreter_state;
use crate::task::step;
use crate::transport::SocketTransport;

/// A busy loop polls for I/O at least once in this many iterations.
const MAX_ITERATIONS_WITHOUT_POLL: u32 = 16;
/// The longest sleep; a loop without a timer sleeps until something happens.
const MAX_SLEEP: f64 = 24.0 * 3600.0;
/// The resolution of the clock: a timer due within it is due.
const RESOLUTION: f64 = 1e-9;

impl LoopCore {
    /// Iterates until `stop()`.
    pub(crate) fn run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.as_object();
        vm.call_method(event_loop, "_run_forever_setup", ())?;
        let running = Running::enter(event_loop, &zelf.bridge);
        let result = Self::run_iterations(zelf, vm);
        drop(running);
        vm.call_method(event_loop, "_run_forever_cleanup", ())?;
        result
    }

    fn run_iterations(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let plain = zelf.plain.load(Relaxed);
        let mut unpolled = MAX_ITERATIONS_WITHOUT_POLL;
        loop {
            if plain {
                // The first iteration polls, and so does the last: scripts count on `stop()` and
                // `run_forever()` to see what is ready now.
                unpolled += 1;
                let poll = unpolled >= MAX_ITERATIONS_WITHOUT_POLL
                    || zelf.poll_soon.swap(false, Relaxed)
                    || zelf.stopping.load(Relaxed);
                if Self::run_once(zelf, poll, vm)? {
                    unpolled = 0;
                }
            } else {
                vm.call_method(zelf.as_object(), "_run_once", ())?;
            }
            if zelf.stopping.load(Relaxed) {
                return Ok(());
            }
        }
    }

    /// One iteration. Polls for I/O if `poll` or if there is nothing else to do, and returns whether it did.
    pub(crate) fn run_once(zelf: &Py<Self>, poll: bool, vm: &VirtualMachine) -> PyResult<bool> {
        let busy = zelf.ready.len() > 0;
        let poll = poll || !busy;
        if poll {
            Self::poll(zelf, busy, vm)?;
        }
        zelf.bridge.complete_finished(vm)?;
        if !zelf.timers.is_empty() {
            let end = Self::now(zelf, vm)? + RESOLUTION;
            while let Some(handle) = zelf.timers.pop_due(end) {
                zelf.ready.push(ReadyEntry::Handle(handle));
            }
        }
        // What the callbacks add runs in the next iteration, after its poll.
        for _ in 0..zelf.ready.len() {
            let Some(entry) = zelf.ready.pop() else {
                break;
            };
            if zelf.debug() {
                Self::run_timed(zelf, entry, vm)?;
            } else {
                Self::run_entry(entry, vm)?;
            }
        }
        zelf.bridge.flush_submissions();
        Ok(poll)
    }

    fn run_entry(entry: ReadyEntry, vm: &VirtualMachine) -> PyResult<()> {
        match entry {
            ReadyEntry::Handle(handle) => Handle::run(&handle, vm),
            ReadyEntry::Step(task, error) => step::step(&task, error, vm),
            ReadyEntry::Wake(task, future) => step::wake(&task, future, vm),
            ReadyEntry::Started(transport, waiter) => SocketTransport::begun(&transport, waiter, vm),
            ReadyEntry::Readable(transport) => SocketTransport::run_read(&transport, vm),
            ReadyEntry::Writable(transport) => SocketTransport::run_write(&transport, vm),
            ReadyEntry::OtherHandle(handle) => {
                if !handle.get_attr("_cancelled", vm)?.is_true(vm)? {
                    vm.call_method(&handle, "_run", ())?;
                }
                Ok(())
            }
        }
    }

    /// Debug mode: remembers what runs, and says what took long.
    fn run_timed(zelf: &Py<Self>, entry: ReadyEntry, vm: &VirtualMachine) -> PyResult<()> {
        let handle = match &entry {
            ReadyEntry::Handle(handle) if handle.is_cancelled() => return Ok(()),
            ReadyEntry::Handle(handle) => handle.clone().into(),
            ReadyEntry::OtherHandle(handle) => handle.clone(),
            // Queued before debug mode was on, or of no interest.
            ReadyEntry::Step(..)
            | ReadyEntry::Wake(..)
            | ReadyEntry::Started(..)
            | ReadyEntry::Readable(_)
            | ReadyEntry::Writable(_) => return Self::run_entry(entry, vm),
        };
        let event_loop = zelf.as_object();
        event_loop.set_attr("_current_handle", handle.clone(), vm)?;
        let start = Self::now(zelf, vm)?;
        let result = Self::run_entry(entry, vm);
        let took = Self::now(zelf, vm)? - start;
        event_loop.set_attr("_current_handle", vm.ctx.none(), vm)?;
        result?;
        let limit = event_loop.get_attr("slow_callback_duration", vm)?.try_float(vm)?.to_f64();
        if took >= limit {
            let text =
                interpreter_state::asyncio("base_events", "_format_handle", vm)?.call((handle,), vm)?;
            let logger = interpreter_state::asyncio("base_events", "logger", vm)?;
            vm.call_method(&logger, "warning", ("Executing %s took %.3f seconds", text, took))?;
        }
        Ok(())
    }

    /// Seconds the loop may sleep; nothing for as long as it takes.
    fn sleep(zelf: &Py<Self>, busy: bool, vm: &VirtualMachine) -> PyResult<Option<f64>> {
        if busy || zelf.stopping.load(Relaxed) {
            return Ok(Some(0.0));
        }
        let Some(due) = zelf.timers.next_due() else {
            return Ok(None);
        };
        Ok(Some((due - Self::now(zelf, vm)?).clamp(0.0, MAX_SLEEP)))
    }

    /// Polls the descriptors, sleeping if there is nothing else to do.
    fn poll(zelf: &Py<Self>, busy: bool, vm: &VirtualMachine) -> PyResult<()> {
        let mut sleep = Self::sleep(zelf, busy, vm)?;
        // Left over where a callback raised.
        zelf.bridge.flush_submissions();
        let completions = zelf.bridge.completions();
        if sleep != Some(0.0) && !completions.park() {
            sleep = Some(0.0);
        }
        let polled = if zelf.epoll.load(Relaxed) < 0 {
            Self::select_events(zelf, sleep, vm)
        } else {
            Self::epoll_events(zelf, sleep, vm)
        };
        completions.unpark();
        polled
    }

    fn epoll_events(zelf: &Py<Self>, sleep: Option<f64>, vm: &VirtualMachine) -> PyResult<()> {
        let epoll = zelf.epoll.load(Relaxed);
        let timeout = sleep.map(milliseconds);
        let mut events = Vec::new();
        let waited = if timeout == Some(0) {
            epoll::wait(epoll, timeout, &mut events)
        } else {
            vm.allow_threads(|| epoll::wait(epoll, timeout, &mut events))
        };
        match waited {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return vm.check_signals(),
            Err(error) => {
                return Err(vm.new_os_error(format!("the event loop cannot poll: {error}")));
            }
        }
        let mut unknown = false;
        for event in events {
            unknown |= !Self::dispatch(zelf, event, vm)?;
        }
        if unknown {
            // Somebody registered a descriptor with the selector itself.
            Self::select_events(zelf, Some(0.0), vm)?;
        }
        Ok(())
    }

    /// Queues the callbacks of a descriptor; whether it is known here.
    fn dispatch(zelf: &Py<Self>, event: Event, vm: &VirtualMachine) -> PyResult<bool> {
        let completions = zelf.bridge.completions();
        if event.fd == completions.raw_fd() {
            completions.clear_signal();
            return Ok(true);
        }
        if let Some(transport) = zelf.transports.get(event.fd) {
            SocketTransport::dispatched(&transport, event, zelf, vm)?;
            vm.check_signals()?;
            return Ok(true);
        }
        let Some(callbacks) = zelf.fd_callbacks.get(event.fd) else {
            return Ok(false);
        };
        let ready = [(event.readable, callbacks.reader), (event.writable, callbacks.writer)];
        for handle in ready.into_iter().filter_map(|(ready, handle)| handle.filter(|_| ready)) {
            if !handle.is_cancelled() {
                zelf.ready.push(ReadyEntry::Handle(handle));
            }
        }
        vm.check_signals()?;
        Ok(true)
    }

    /// Asks the selector, as asyncio does.
    fn select_events(zelf: &Py<Self>, sleep: Option<f64>, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.as_object();
        let selector = event_loop.get_attr("_selector", vm)?;
        let events = vm.call_method(&selector, "select", (sleep,))?;
        vm.call_method(event_loop, "_process_events", (events,))?;
        Ok(())
    }
}

/// Whole milliseconds that are not shorter than `seconds`.
fn milliseconds(seconds: f64) -> u32 {
    // At most a day, by `MAX_SLEEP`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between nothing and a day, which fits"
    )]
    let milliseconds = (seconds * 1e3).ceil() as u32;
    milliseconds
}
