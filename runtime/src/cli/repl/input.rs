//! Whether an input is complete, and running it.

use rustpython_vm::builtins::PyCode;
use rustpython_vm::{PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::program;

const NAME: &str = "<stdin>";

/// The standard library's `codeop.CommandCompiler`, which knows when a statement goes on and
/// remembers `from __future__` imports.
pub(super) struct InputCompiler {
    compile: PyObjectRef,
}

impl InputCompiler {
    pub(super) fn new(vm: &VirtualMachine) -> PyResult<Self> {
        let compile = vm.import("codeop", 0)?.get_attr("CommandCompiler", vm)?.call((), vm)?;
        Ok(Self { compile })
    }

    /// Whether more lines are needed to make sense of `source`. What is wrong is complete.
    pub(super) fn is_incomplete(&self, vm: &VirtualMachine, source: &str) -> bool {
        self.compile(vm, source).is_ok_and(|code| vm.is_none(&code))
    }

    /// Runs an input in `__main__`; the values of expressions go to `sys.displayhook`.
    pub(super) fn run(&self, vm: &VirtualMachine, source: &str) -> PyResult<()> {
        // At the end of all input nothing can complete it: a line break brings the error out.
        let mut code = self.compile(vm, source)?;
        if vm.is_none(&code) {
            code = vm.builtins.get_attr("compile", vm)?.call((format!("{source}\n"), NAME, "single"), vm)?;
        }
        let code: PyRef<PyCode> =
            code.downcast().map_err(|_| vm.new_type_error("compile() did not return a code object"))?;
        program::remember_source(vm, &code, source);
        vm.run_code_obj(code, program::main_scope(vm)?).map(drop)
    }

    fn compile(&self, vm: &VirtualMachine, source: &str) -> PyResult {
        self.compile.call((source, NAME, "single"), vm)
    }
}
