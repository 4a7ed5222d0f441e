//! Functions that CPython has under further names, or with further kinds of arguments.

use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine, builtins::PyInt};

/// `_thread`'s old names, which packages still use.
const THREAD_NAMES: [(&str, &str); 3] =
    [("start_new", "start_new_thread"), ("allocate", "allocate_lock"), ("exit_thread", "exit")];

pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let thread = vm.import("_thread", 0)?;
    for (name, known) in THREAD_NAMES {
        if let Some(function) = vm.get_attribute_opt(&thread, &vm.ctx.new_str(known))? {
            thread.set_attr(name, function, vm)?;
        }
    }
    #[cfg(target_os = "linux")]
    for module in ["posix", "os"] {
        let modules = vm.sys_module.get_attr("modules", vm)?;
        if let Ok(module) = modules.get_item(module, vm) {
            accept_descriptors(&module, vm)?;
        }
    }
    Ok(())
}

/// `utime` takes a descriptor in place of a path.
#[cfg(target_os = "linux")]
fn accept_descriptors(module: &PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    let original = module.get_attr("utime", vm)?;
    let utime = vm.new_function("utime", move |mut args: FuncArgs, vm: &VirtualMachine| -> PyResult {
        if let Some(path) = args.args.first_mut()
            && let Some(descriptor) = path.downcast_ref::<PyInt>()
        {
            let descriptor: i32 = descriptor.try_to_primitive(vm)?;
            *path = vm.ctx.new_str(format!("/proc/self/fd/{descriptor}")).into();
        }
        original.call(args, vm)
    });
    module.set_attr("utime", utime, vm)
}
