//! `_asyncio`: what the standard library's `asyncio` imports its fast parts from.

use rustpython_vm::Context;
use rustpython_vm::builtins::PyModuleDef;

/// The definition to register with an interpreter, in place of the standard library's.
pub(crate) fn module_def(ctx: &Context) -> &'static PyModuleDef {
    _asyncio::module_def(ctx)
}

/// Accelerated parts of asyncio.
#[rustpython_vm::pymodule]
mod _asyncio {
    use rustpython_vm::builtins::{PyModule, PySet};
    use rustpython_vm::class::PyClassImpl;
    use rustpython_vm::{AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};

    use crate::event_loop::{LoopCore, schedule};
    use crate::future::Future;
    use crate::future::iter::FutureIter;
    use crate::handle::Handle;
    use crate::task::callbacks::{TaskRunner, TaskStep, TaskWakeup};
    use crate::task::{Task, current, registry};
    use crate::timers::TimerHandle;
    use crate::transport::SocketTransport;
    use crate::transport::tls::{CachedConfig, TlsCertificate, TlsProtocol, TlsSession, TlsTransport};

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let classes = [
            Future::make_static_type(),
            FutureIter::make_static_type(),
            Task::make_static_type(),
            TaskStep::make_static_type(),
            TaskWakeup::make_static_type(),
            TaskRunner::make_static_type(),
            Handle::make_static_type(),
            TimerHandle::make_static_type(),
            LoopCore::make_static_type(),
            SocketTransport::make_static_type(),
            TlsTransport::make_static_type(),
            TlsProtocol::make_static_type(),
            TlsSession::make_static_type(),
            TlsCertificate::make_static_type(),
            CachedConfig::make_static_type(),
        ];
        TlsProtocol::register(vm);
        for class in classes {
            let name = vm.ctx.intern_str(class.name().to_string());
            module.set_attr(name, class, vm)?;
        }
        let weak_set = vm.import("weakref", 0)?.get_attr("WeakSet", vm)?;
        module.set_attr("_scheduled_tasks", weak_set.call((), vm)?, vm)?;
        module.set_attr("_eager_tasks", PySet::default().into_ref(&vm.ctx), vm)?;
        module.set_attr("_current_tasks", vm.ctx.new_dict(), vm)?;
        #[cfg(unix)]
        vm.state.after_forkers_child.lock().push(module.get_attr("_after_fork", vm)?);
        Ok(())
    }

    #[derive(FromArgs)]
    struct LoopArgs {
        #[pyarg(any, name = "loop", optional)]
        event_loop: Option<PyObjectRef>,
    }

    impl LoopArgs {
        fn get(self, vm: &VirtualMachine) -> PyResult {
            match self.event_loop.filter(|event_loop| !vm.is_none(event_loop)) {
                Some(event_loop) => Ok(event_loop),
                None => schedule::running_loop(vm),
            }
        }
    }

    #[derive(FromArgs)]
    struct TaskArgs {
        #[pyarg(any)]
        task: PyObjectRef,
    }

    #[derive(FromArgs)]
    struct LoopTaskArgs {
        #[pyarg(any, name = "loop")]
        event_loop: PyObjectRef,
        #[pyarg(any)]
        task: PyObjectRef,
    }

    /// The event loop that runs on this thread, or `None`.
    #[pyfunction]
    fn _get_running_loop(vm: &VirtualMachine) -> Option<PyObjectRef> {
        vm.asyncio_running_loop.borrow().clone()
    }

    /// Says which event loop runs on this thread; `None` for none. For event loops.
    #[pyfunction]
    fn _set_running_loop(event_loop: PyObjectRef, vm: &VirtualMachine) {
        let event_loop = Some(event_loop).filter(|event_loop| !vm.is_none(event_loop));
        let replaced = vm.asyncio_running_loop.replace(event_loop);
        drop(replaced);
    }

    /// The event loop that runs on this thread. Raises `RuntimeError` when there is none.
    #[pyfunction]
    fn get_running_loop(vm: &VirtualMachine) -> PyResult {
        schedule::running_loop(vm)
    }

    /// The event loop that runs on this thread, else the one the policy has for it.
    #[pyfunction]
    fn get_event_loop(vm: &VirtualMachine) -> PyResult {
        schedule::current_loop(vm)
    }

    /// The task that `loop`, by default the running loop, runs; `None` when it runs a plain callback.
    #[pyfunction]
    fn current_task(args: LoopArgs, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let event_loop = args.get(vm)?;
        current::get(&event_loop, vm)
    }

    /// The tasks of `loop`, by default the running loop, that are not done, as a set.
    #[pyfunction]
    fn all_tasks(args: LoopArgs, vm: &VirtualMachine) -> PyResult<PyRef<PySet>> {
        let event_loop = args.get(vm)?;
        registry::all(&event_loop, vm)
    }

    /// Says that `task` is scheduled on its event loop. For implementations of tasks.
    #[pyfunction]
    fn _register_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        registry::register_generic(&args.task, vm)
    }

    /// Says that `task` is done. For implementations of tasks.
    #[pyfunction]
    fn _unregister_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        registry::unregister_generic(&args.task, vm)
    }

    /// Says that `task` is in its first, eager step. For implementations of tasks.
    #[pyfunction]
    fn _register_eager_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        registry::register_eager_object(&args.task, vm)
    }

    /// Says that the first, eager step of `task` is over. For implementations of tasks.
    #[pyfunction]
    fn _unregister_eager_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        registry::unregister_eager_object(&args.task, vm)
    }

    /// Says that `loop` runs `task` from now on. For implementations of tasks.
    #[pyfunction]
    fn _enter_task(args: LoopTaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        current::enter(&args.event_loop, &args.task, vm)
    }

    /// Says that `loop` does not run `task` any more. For implementations of tasks.
    #[pyfunction]
    fn _leave_task(args: LoopTaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        current::leave(&args.event_loop, &args.task, vm)
    }

    /// Says that `loop` runs `task`, or with `None` no task; returns the one it ran before. For
    /// implementations of tasks.
    #[pyfunction]
    fn _swap_current_task(args: LoopTaskArgs, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let task = Some(args.task).filter(|task| !vm.is_none(task));
        current::swap(&args.event_loop, task, vm)
    }

    /// Remembers that `waiter` awaits `fut`, for call graphs.
    #[pyfunction]
    fn future_add_to_awaited_by(fut: PyObjectRef, waiter: PyObjectRef) {
        if let Some(future) = fut.downcast_ref::<Future>()
            && waiter.downcast_ref::<Future>().is_some()
        {
            future.add_awaited_by(waiter);
        }
    }

    /// Forgets that `waiter` awaits `fut`.
    #[pyfunction]
    fn future_discard_from_awaited_by(fut: PyObjectRef, waiter: PyObjectRef) {
        if let Some(future) = fut.downcast_ref::<Future>() {
            future.discard_awaited_by(waiter.as_object());
        }
    }

    /// In a forked child: no loop and no task of the parent runs here.
    #[pyfunction]
    fn _after_fork(vm: &VirtualMachine) -> PyResult<()> {
        vm.asyncio_running_loop.replace(None);
        vm.asyncio_running_task.replace(None);
        let tasks = vm.import("_asyncio", 0)?.get_attr("_current_tasks", vm)?;
        vm.call_method(&tasks, "clear", ())?;
        Ok(())
    }
}
