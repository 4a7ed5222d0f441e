//! Running code as `__main__`: files, modules, strings, expressions.

use std::path::{MAIN_SEPARATOR, Path};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyCode, PyDictRef};
use rustpython_vm::compiler::Mode;
use rustpython_vm::scope::Scope;
use rustpython_vm::{AsObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::{guard, patches};

/// Creates `__main__`, and removes the prompts that only an interactive session has.
pub(crate) fn prepare(vm: &VirtualMachine) -> PyResult<()> {
    for prompt in ["ps1", "ps2"] {
        vm.sys_module.as_object().del_attr(prompt, vm)?;
    }
    vm.new_scope_with_main().map(drop)
}

/// The namespace of `__main__`.
pub(crate) fn main_scope(vm: &VirtualMachine) -> PyResult<Scope> {
    Ok(Scope::with_builtins(None, vm.main_namespace()?, vm))
}

/// Puts `path` first on `sys.path`.
pub(crate) fn search_first(vm: &VirtualMachine, path: &str) -> PyResult<()> {
    guard::add_import_path(vm, path);
    vm.insert_sys_path(vm.ctx.new_str(path).into())
}

/// Runs statements in `__main__`, named `name` in tracebacks.
pub(crate) fn run_source(vm: &VirtualMachine, source: &str, name: &str) -> PyResult<()> {
    let code = compile(vm, source, Mode::Exec, name)?;
    remember_source(vm, &code, source);
    vm.run_code_obj(code, main_scope(vm)?).map(drop)
}

/// The value of an expression in `__main__`.
pub(crate) fn eval(vm: &VirtualMachine, expression: &str) -> PyResult {
    let source = expression.trim_start();
    let code = compile(vm, source, Mode::Eval, "<eval>")?;
    remember_source(vm, &code, source);
    vm.run_code_obj(code, main_scope(vm)?)
}

/// The value of a global variable of `__main__`.
pub(crate) fn global(vm: &VirtualMachine, name: &str) -> PyResult {
    vm.main_namespace()?.get_item_opt(name, vm)?.ok_or_else(|| not_defined(vm, name))
}

/// The object of a name: a global variable of `__main__`, a built-in, or a dotted path that starts at one of these or
/// at a module, which is imported.
pub(crate) fn resolve(vm: &VirtualMachine, name: &str) -> PyResult {
    if name.split('.').any(str::is_empty) {
        return Err(vm.new_value_error(format!("expected a name such as 'f' or 'module.f', got {name:?}")));
    }
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let global = match vm.main_namespace()?.get_item_opt(first, vm)? {
        Some(value) => Some(value),
        None => vm.get_attribute_opt(vm.builtins.as_object(), &vm.ctx.new_str(first))?,
    };
    let Some(rest) = rest else {
        return global.ok_or_else(|| not_defined(vm, name));
    };
    let is_global = global.is_some();
    let mut value = global.map_or_else(|| vm.import(&vm.ctx.new_str(first), 0), Ok)?;
    let mut path = first.to_owned();
    for part in rest.split('.') {
        path = format!("{path}.{part}");
        let part = vm.ctx.new_str(part);
        let found = vm.get_attribute_opt(&value, &part)?;
        if found.is_none() && !is_global && vm.get_attribute_opt(&value, "__path__")?.is_some() {
            // A package does not import its submodules by itself.
            vm.import(&vm.ctx.new_str(path.as_str()), 0)?;
        }
        value = found.map_or_else(|| value.get_attr(&part, vm), Ok)?;
    }
    Ok(value)
}

fn not_defined(vm: &VirtualMachine, name: &str) -> PyBaseExceptionRef {
    vm.new_name_error(format!("name '{name}' is not defined"), vm.ctx.new_str(name))
}

/// Runs source of any encoding, as read from a file or a pipe, in `__main__`.
pub(crate) fn run_bytes(vm: &VirtualMachine, source: Vec<u8>, name: &str) -> PyResult<()> {
    let compile = vm.builtins.get_attr("compile", vm)?;
    let arguments = (vm.ctx.new_bytes(source), vm.ctx.new_str(name), vm.ctx.new_str("exec"));
    let code = compile.call(arguments, vm)?.downcast::<PyCode>();
    let code = code.map_err(|_| vm.new_type_error("compile() did not return a code object"))?;
    vm.run_code_obj(code, main_scope(vm)?).map(drop)
}

/// Runs a module as `python -m` does.
pub(crate) fn run_module(vm: &VirtualMachine, name: &str) -> PyResult<()> {
    if vm.state.module_defs.contains_key(name) {
        // The importer of native modules does not set this for packages, but `runpy` relies on it.
        let module = vm.import(vm.ctx.intern_str(name), 0)?;
        if let Some(path) = vm.get_attribute_opt(&module, "__path__")? {
            module.get_attr("__spec__", vm)?.set_attr("submodule_search_locations", path, vm)?;
        }
    }
    run_as_main(vm, name, true)
}

/// Runs a file, or a folder or zip file with a `__main__.py`, as `python PATH` does.
pub(crate) fn run_file(vm: &VirtualMachine, path: &str) -> PyResult<()> {
    let full_path = absolute(path);
    guard::add_import_path(vm, &full_path);
    if holds_modules(vm, &full_path)? {
        search_first(vm, &full_path)?;
        return run_as_main(vm, "__main__", false);
    }
    // Read once: it may be a pipe.
    let source = std::fs::read(&full_path).map_err(|error| os_error(vm, &error, &full_path))?;
    search_script_folder(vm, path)?;
    if source.contains(&0) {
        // Bytecode, or an error.
        return vm.run_any_file(main_scope(vm)?, &full_path);
    }
    let globals: PyDictRef = vm.main_namespace()?;
    let modules = vm.sys_module.get_attr("modules", vm)?;
    let loader = modules.get_item("_frozen_importlib_external", vm)?.get_attr("SourceFileLoader", vm)?;
    globals.set_item("__loader__", loader.call(("__main__", full_path.as_str()), vm)?, vm)?;
    globals.set_item("__file__", vm.ctx.new_str(full_path.as_str()).into(), vm)?;
    globals.set_item("__cached__", vm.ctx.none(), vm)?;
    let outcome = run_bytes(vm, source, &full_path);
    for name in ["__file__", "__cached__"] {
        // A script may have deleted it.
        let _ = globals.del_item(name, vm);
    }
    outcome
}

/// Runs a file without its first line (`-x`).
pub(crate) fn run_file_after_first_line(vm: &VirtualMachine, path: &str) -> PyResult<()> {
    let full_path = absolute(path);
    let mut source = std::fs::read(&full_path).map_err(|error| os_error(vm, &error, &full_path))?;
    let first_line = source.iter().position(|&byte| byte == b'\n').unwrap_or(source.len());
    // The line break stays, so that line numbers do.
    source.drain(..first_line);
    search_script_folder(vm, path)?;
    let globals: PyDictRef = vm.main_namespace()?;
    globals.set_item("__file__", vm.ctx.new_str(full_path.as_str()).into(), vm)?;
    run_bytes(vm, source, &full_path)
}

/// Whether `path` can be opened for reading.
pub(crate) fn readable(path: &str) -> std::io::Result<()> {
    std::fs::File::open(path).map(drop)
}

/// `path` joined to the working folder, its symbolic links kept.
pub(crate) fn absolute(path: &str) -> String {
    if Path::new(path).is_absolute() {
        return path.to_owned();
    }
    match std::env::current_dir().map(|folder| folder.into_os_string().into_string()) {
        Ok(Ok(folder)) => format!("{}{MAIN_SEPARATOR}{path}", folder.trim_end_matches(MAIN_SEPARATOR)),
        _ => path.to_owned(),
    }
}

/// Whether modules can be imported from `path`: a folder, a zip file.
pub(crate) fn holds_modules(vm: &VirtualMachine, path: &str) -> PyResult<bool> {
    if Path::new(path).is_dir() {
        return Ok(true);
    }
    let hooks: Vec<PyObjectRef> = vm.sys_module.get_attr("path_hooks", vm)?.try_into_value(vm)?;
    for hook in hooks {
        match hook.call((path,), vm) {
            Ok(_) => return Ok(true),
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.import_error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn compile(vm: &VirtualMachine, source: &str, mode: Mode, name: &str) -> PyResult<PyRef<PyCode>> {
    if source.contains('\0') {
        let message = "source code string cannot contain null bytes";
        return Err(vm.new_exception_msg(vm.ctx.exceptions.syntax_error.to_owned(), message.into()));
    }
    let compiled = vm.compile(source, mode, name).or_else(|error| {
        let without = source.contains('#').then(|| patches::without_comments(source)).flatten();
        without.and_then(|source| vm.compile(&source, mode, name).ok()).ok_or(error)
    });
    compiled.map_err(|error| error.into_pyexception(vm, Some(source)))
}

/// Makes the lines of a source that is not in a file available to tracebacks.
pub(crate) fn remember_source(vm: &VirtualMachine, code: &PyRef<PyCode>, source: &str) {
    // A traceback without source lines is better than none at all.
    let _ = try_remember_source(vm, code, source);
}

fn try_remember_source(vm: &VirtualMachine, code: &PyRef<PyCode>, source: &str) -> PyResult<()> {
    let name = code.source_path().as_str();
    if name.starts_with('<') {
        return vm.register_code_in_linecache(code, source);
    }
    // For any other name a traceback looks for a file, unless its lines are cached.
    let lines = source.lines().map(|line| vm.ctx.new_str(format!("{line}\n")).into());
    let lines = vm.ctx.new_list(lines.collect());
    let entry = vm.new_tuple((source.len(), vm.ctx.none(), lines, name));
    vm.import("linecache", 0)?.get_attr("cache", vm)?.set_item(name, entry.into(), vm)
}

fn run_as_main(vm: &VirtualMachine, name: &str, alter_argv: bool) -> PyResult<()> {
    let runpy = vm.import("runpy", 0)?;
    runpy.get_attr("_run_module_as_main", vm)?.call((name, alter_argv), vm).map(drop)
}

/// Puts the folder of a script first on `sys.path`, with symbolic links resolved.
fn search_script_folder(vm: &VirtualMachine, path: &str) -> PyResult<()> {
    if vm.state.config.settings.safe_path {
        return Ok(());
    }
    let real = std::fs::canonicalize(path).ok();
    let folder = real.as_deref().unwrap_or(Path::new(path)).parent();
    let folder = folder.map(|folder| folder.as_os_str().to_owned()).unwrap_or_default();
    guard::add_import_path(vm, &folder);
    vm.insert_sys_path(vm.fsdecode(folder).into())
}

pub(crate) fn os_error(vm: &VirtualMachine, error: &std::io::Error, path: &str) -> PyBaseExceptionRef {
    let Some(number) = error.raw_os_error() else {
        return vm.new_os_error(format!("{error}: {path:?}"));
    };
    let arguments = (number, describe(error), path);
    let made = vm.ctx.exceptions.os_error.to_owned().as_object().call(arguments, vm);
    match made.map(PyObjectRef::downcast) {
        Ok(Ok(exception)) | Err(exception) => exception,
        Ok(Err(_)) => vm.new_os_error(error.to_string()),
    }
}

/// The operating system's message for an error, without Rust's `(os error 2)`.
pub(crate) fn describe(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}
