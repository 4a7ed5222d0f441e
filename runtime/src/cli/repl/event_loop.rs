//! The event loop of a session: tasks started at one prompt continue at the next.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyCode};
use rustpython_vm::{AsObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

/// Runs a statement without `await` where `asyncio.get_running_loop()` finds the loop.
const INSIDE: &str = "async def inside(code, names): exec(code, names)";

/// An `asyncio.Runner`, made by the first input that needs one. Its own handling of Ctrl-C cancels
/// what is awaited.
#[derive(Default)]
pub(super) struct EventLoop {
    runner: RefCell<Option<PyObjectRef>>,
}

impl EventLoop {
    /// Runs code that was compiled with `await` in it.
    pub(super) fn run(&self, vm: &VirtualMachine, code: &PyRef<PyCode>) -> PyResult<()> {
        let globals = vm.main_namespace()?;
        let function = vm.ctx.types.function_type.to_owned().as_object().call((code.clone(), globals), vm)?;
        self.finish(vm, code, function.call((), vm)?)
    }

    /// Runs code without `await` as a callback of the loop runs.
    pub(super) fn run_inside(&self, vm: &VirtualMachine, code: &PyRef<PyCode>) -> PyResult<()> {
        let scope = vm.new_scope_with_builtins();
        let helper = vm
            .compile(INSIDE, rustpython_vm::compiler::Mode::Exec, "<prompt>")
            .map_err(|error| error.into_pyexception(vm, Some(INSIDE)))?;
        vm.run_code_obj(helper, scope.clone())?;
        let inside = scope.globals.get_item("inside", vm)?;
        self.finish(vm, code, inside.call((code.clone(), vm.main_namespace()?), vm)?)
    }

    /// Runs a coroutine to its end. The traceback of an exception keeps only the part in `code`.
    fn finish(&self, vm: &VirtualMachine, code: &PyRef<PyCode>, coroutine: PyObjectRef) -> PyResult<()> {
        let result = self.runner(vm).and_then(|runner| vm.call_method(&runner, "run", (coroutine,)));
        result.map(drop).inspect_err(|exception| begin_traceback_at(exception, code))
    }

    fn runner(&self, vm: &VirtualMachine) -> PyResult {
        if let Some(runner) = self.runner.borrow().as_ref() {
            return Ok(runner.clone());
        }
        let runner = vm.import("asyncio", 0)?.get_attr("Runner", vm)?.call((), vm)?;
        *self.runner.borrow_mut() = Some(runner.clone());
        Ok(runner)
    }

    /// Runs tasks while the user types: runs the loop until `wake` was called and `is_over` returns true. Without a
    /// loop it does nothing.
    ///
    /// # Errors
    /// What ended the loop before that, such as `KeyboardInterrupt`.
    pub(super) fn run_while(
        &self,
        vm: &VirtualMachine,
        wake: &Wake,
        mut is_over: impl FnMut() -> bool,
    ) -> PyResult<()> {
        let Some(event_loop) = self.current(vm) else {
            return Ok(());
        };
        wake.wanted.store(true, Ordering::Release);
        let mut result = Ok(());
        while result.is_ok() && !is_over() {
            result = vm.call_method(&event_loop, "run_forever", ()).map(drop);
        }
        wake.wanted.store(false, Ordering::Release);
        result
    }

    /// What stops [`Self::run_while`] from another thread; `None` while there is no loop.
    pub(super) fn wake(&self, vm: &VirtualMachine) -> Option<Wake> {
        self.current(vm).map(|event_loop| Wake { event_loop, wanted: Arc::new(AtomicBool::new(false)) })
    }

    fn current(&self, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let runner = self.runner.borrow().clone()?;
        let event_loop = vm.call_method(&runner, "get_loop", ()).ok()?;
        let closed = vm.call_method(&event_loop, "is_closed", ()).and_then(|closed| closed.try_to_bool(vm));
        (!closed.unwrap_or(true)).then_some(event_loop)
    }

    /// Cancels the tasks that are left, and closes the loop.
    pub(super) fn close(&self, vm: &VirtualMachine) -> PyResult<()> {
        let runner = self.runner.borrow_mut().take();
        runner.map_or(Ok(()), |runner| vm.call_method(&runner, "close", ()).map(drop))
    }
}

/// Stops a loop that runs while the user types.
#[derive(Clone)]
pub(super) struct Wake {
    event_loop: PyObjectRef,
    wanted: Arc<AtomicBool>,
}

impl Wake {
    /// Stops the loop from any thread that is attached to the interpreter. A loop that is not running, or runs for
    /// another reason by now, is not affected.
    pub(super) fn call(&self, vm: &VirtualMachine) {
        let (event_loop, wanted) = (self.event_loop.clone(), self.wanted.clone());
        let stop = vm.new_function("stop", move |vm: &VirtualMachine| -> PyResult<()> {
            if wanted.load(Ordering::Acquire) {
                vm.call_method(&event_loop, "stop", ())?;
            }
            Ok(())
        });
        // It fails for a closed loop, which does not need it.
        let _ = vm.call_method(&self.event_loop, "call_soon_threadsafe", (stop,));
    }
}

/// Drops the frames above those of `code`, which are internals of the prompt. If there are none of `code`, as in the
/// `KeyboardInterrupt` of a pending `await`, the traceback is removed.
fn begin_traceback_at(exception: &PyBaseExceptionRef, code: &PyRef<PyCode>) {
    let mut traceback = exception.__traceback__();
    while let Some(entry) = traceback.take() {
        if entry.frame.f_code().is(code) {
            traceback = Some(entry);
            break;
        }
        traceback.clone_from(&entry.next.lock());
    }
    if traceback.is_none() {
        // The `CancelledError` by which Ctrl-C came.
        exception.set_context(None);
    }
    exception.set_traceback(traceback);
}
