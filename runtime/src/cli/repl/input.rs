//! Whether an input is complete, and running it.

use rustpython_vm::builtins::{PyCode, PyListRef};
use rustpython_vm::bytecode::CodeFlags;
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::{AsObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use super::event_loop::EventLoop;
use crate::program;

const NAME: &str = "<stdin>";

/// `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`.
const TOP_LEVEL_AWAIT: i32 = 0x2000;
/// `ast.PyCF_ONLY_AST`.
const ONLY_AST: i32 = 0x400;
/// `ast.PyCF_ALLOW_INCOMPLETE_INPUT` and `codeop.PyCF_DONT_IMPLY_DEDENT`: only for checking whether more is to come.
const CHECK_COMPLETENESS: i32 = 0x4000 | 0x200;

/// Names that need the running loop. A statement that uses one runs inside the session's loop, so that
/// `task = asyncio.create_task(...)` works at the prompt.
const NEEDS_LOOP: &[&str] =
    &["all_tasks", "create_task", "current_task", "ensure_future", "gather", "get_running_loop", "shield"];

/// Names that start a loop, which cannot run inside another.
const STARTS_LOOP: &[&str] = &["Runner", "run", "run_forever", "run_until_complete"];

/// The standard library's `codeop.CommandCompiler`, which recognizes incomplete statements and remembers
/// `from __future__` imports.
#[derive(Clone)]
pub(super) struct InputCompiler {
    compile: PyObjectRef,
}

impl InputCompiler {
    /// A compiler that allows `await` outside of functions.
    pub(super) fn new(vm: &VirtualMachine) -> PyResult<Self> {
        let compile = vm.import("codeop", 0)?.get_attr("CommandCompiler", vm)?.call((), vm)?;
        let compiler = Self { compile };
        let flags = compiler.flags(vm)? | TOP_LEVEL_AWAIT;
        compiler.compile.get_attr("compiler", vm)?.set_attr("flags", vm.ctx.new_int(flags), vm)?;
        Ok(compiler)
    }

    /// Whether `source` needs more lines. Invalid source is complete.
    pub(super) fn is_incomplete(&self, vm: &VirtualMachine, source: &str) -> bool {
        // A line of blanks before the cursor counts as an empty one.
        let (before, last_line) = source.rsplit_once('\n').unwrap_or(("", source));
        let shortened = format!("{before}\n");
        let is_blank = !before.is_empty() && last_line.trim().is_empty();
        let source = if is_blank { &shortened } else { source };
        match self.compile(vm, source) {
            Ok(code) => vm.is_none(&code),
            // The function of a decorator is on the lines that follow it.
            Err(_) => !is_blank && last_line.starts_with('@'),
        }
    }

    /// Runs an input in `__main__`; the values of expressions go to `sys.displayhook`.
    ///
    /// # Errors
    /// What the input raised. Its traceback begins with the input.
    pub(super) fn run(&self, vm: &VirtualMachine, event_loop: &EventLoop, source: &str) -> PyResult<()> {
        for code in self.compile_whole(vm, source)? {
            program::remember_source(vm, &code, source);
            let uses = |names: &[&str]| code.names.iter().any(|name| names.contains(&name.as_str()));
            if code.flags.contains(CodeFlags::COROUTINE) {
                event_loop.run(vm, &code)?;
            } else if uses(NEEDS_LOOP) && !uses(STARTS_LOOP) {
                event_loop.run_inside(vm, &code)?;
            } else {
                vm.run_code_obj(code, program::main_scope(vm)?)?;
            }
        }
        Ok(())
    }

    /// The statements of an input: one, as typed, or many, as pasted.
    fn compile_whole(&self, vm: &VirtualMachine, source: &str) -> PyResult<Vec<PyRef<PyCode>>> {
        let code = match self.compile(vm, source) {
            // At the end of the input it cannot be completed: a line break makes the error appear.
            Ok(code) if vm.is_none(&code) => {
                self.compile_as(vm, vm.ctx.new_str(format!("{source}\n")).into(), "single", 0)?
            }
            Ok(code) => code,
            Err(error) => {
                return match self.compile_each(vm, source) {
                    Ok(codes) if codes.len() > 1 => Ok(codes),
                    _ => Err(error),
                };
            }
        };
        Ok(vec![code_of(vm, code)?])
    }

    /// Each statement separately. As in `CPython`, only the last one displays its value.
    fn compile_each(&self, vm: &VirtualMachine, source: &str) -> PyResult<Vec<PyRef<PyCode>>> {
        let ast = vm.import("ast", 0)?;
        let source = vm.ctx.new_str(format!("{source}\n"));
        let tree = self.compile_as(vm, source.into(), "exec", ONLY_AST)?;
        let statements: PyListRef = tree.get_attr("body", vm)?.try_into_value(vm)?;
        let statements = statements.borrow_vec().to_vec();
        let count = statements.len();
        let mut codes = Vec::with_capacity(count);
        for (index, statement) in statements.into_iter().enumerate() {
            let body = vm.ctx.new_list(vec![statement]);
            let code = if index + 1 == count {
                let tree = ast.get_attr("Interactive", vm)?.call((body,), vm)?;
                self.compile_as(vm, tree, "single", 0)?
            } else {
                let tree = ast.get_attr("Module", vm)?.call((body, vm.ctx.new_list(Vec::new())), vm)?;
                self.compile_as(vm, tree, "exec", 0)?
            };
            codes.push(code_of(vm, code)?);
        }
        Ok(codes)
    }

    fn compile(&self, vm: &VirtualMachine, source: &str) -> PyResult {
        self.compile.call((source, NAME, "single"), vm)
    }

    /// Compiles complete source, with the features that earlier inputs enabled.
    fn compile_as(&self, vm: &VirtualMachine, source: PyObjectRef, mode: &str, flags: i32) -> PyResult {
        let flags = vm.ctx.new_int(self.flags(vm)? & !CHECK_COMPLETENESS | flags);
        let keywords: KwArgs = [("flags".to_owned(), flags.into())].into_iter().collect();
        let positional = vec![source, vm.ctx.new_str(NAME).into(), vm.ctx.new_str(mode).into()];
        vm.builtins.get_attr("compile", vm)?.call(FuncArgs::new(positional, keywords), vm)
    }

    fn flags(&self, vm: &VirtualMachine) -> PyResult<i32> {
        self.compile.get_attr("compiler", vm)?.get_attr("flags", vm)?.try_into_value(vm)
    }
}

fn code_of(vm: &VirtualMachine, code: PyObjectRef) -> PyResult<PyRef<PyCode>> {
    code.downcast().map_err(|code| {
        let class = code.class().name().to_string();
        vm.new_type_error(format!("compile() returned {class} instead of a code object"))
    })
}
