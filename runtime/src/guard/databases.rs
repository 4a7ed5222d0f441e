//! The checks of `SQLite` databases.

use std::path::Path;
use std::sync::OnceLock;

use rustpython_vm::builtins::{PyType, PyTypeRef};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_permissions::{Access, PermissionChecker};

use super::arguments::{Target, get, number, path_or_number, set};
use super::files::is_free;
use super::layer::initialize;
use super::{Call, denied};
use crate::interpose::{Constructor, Initializer, Original, SlotOriginal};

/// The category of `SQLite`'s limits for the number of attached databases.
const LIMIT_ATTACHED: i64 = 7;

pub(super) static ORIGINAL_INIT: SlotOriginal<Initializer> = SlotOriginal::new();
pub(super) static ORIGINAL_NEW: SlotOriginal<Constructor> = SlotOriginal::new();

/// In place of `sqlite3.Connection.__init__`. A database is read and written, and keeps files beside it.
pub(super) fn init(zelf: &PyObject, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
    initialize(zelf, args, vm, &ORIGINAL_INIT, check_database)?;
    forbid_attaching(zelf, vm)
}

/// In place of `sqlite3.Connection.__new__`, which opens the database except in subclasses.
pub(super) fn new(class: PyTypeRef, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let Some(original) = ORIGINAL_NEW.get() else {
        return Err(vm.new_runtime_error("the class is not ready"));
    };
    if let Some(checker) = tauraro_bridge::checker(vm) {
        check_database(vm, &checker, &mut args)?;
    }
    let is_opened = CLASS.get().is_some_and(|base| class.is(*base));
    let made = original(class, args, vm)?;
    if is_opened {
        forbid_attaching(&made, vm)?;
    }
    Ok(made)
}

/// `sqlite3.connect`, which makes a connection by itself unless it is given a class for that.
pub(super) fn connect(mut call: Call<'_>) -> PyResult {
    let vm = call.vm;
    check_database(vm, call.checker, &mut call.args)?;
    let made = call.proceed()?;
    // A class of the script has gone through its base.
    if CLASS.get().is_some_and(|base| made.class().is(*base)) {
        forbid_attaching(&made, vm)?;
    }
    Ok(made)
}

/// Forbids SQL to attach databases: it names further files.
fn forbid_attaching(connection: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    let Some(checker) = tauraro_bridge::checker(vm) else { return Ok(()) };
    if !checker.permissions().restricts_read() && !checker.permissions().restricts_write() {
        return Ok(());
    }
    let Some(setter) = SET_LIMIT.get() else {
        return Err(vm.new_runtime_error("databases cannot be limited"));
    };
    let numbers = [LIMIT_ATTACHED, 0].map(|number| vm.ctx.new_int(number).into());
    let args: Vec<PyObjectRef> = [connection.to_owned()].into_iter().chain(numbers).collect();
    setter.call(vm, args).map(drop)
}

static CLASS: OnceLock<&'static Py<PyType>> = OnceLock::new();

/// The method `setlimit` of connections.
static SET_LIMIT: OnceLock<Original> = OnceLock::new();

pub(super) fn remember_class(vm: &VirtualMachine, class: &'static Py<PyType>) -> PyResult<()> {
    let Some(method) = Original::of_class(class, "setlimit") else {
        return Err(vm.new_attribute_error("Connection has no setlimit"));
    };
    let _ = (SET_LIMIT.set(method), CLASS.set(class));
    Ok(())
}

fn check_database(vm: &VirtualMachine, checker: &PermissionChecker, args: &mut FuncArgs) -> PyResult<()> {
    if is_free(checker) {
        return Ok(());
    }
    let Some(database) = get(args, 0, "database") else { return Ok(()) };
    let (Target::Path(path), fixed) = path_or_number(vm, &database)? else {
        return Err(vm.new_type_error("the database must be a path"));
    };
    set(args, 0, "database", fixed);
    if path == Path::new(":memory:") {
        return Ok(());
    }
    let is_uri = path.to_string_lossy().starts_with("file:");
    let denial = if is_uri {
        // It may name another file, another file system, and more.
        checker.every_file("a database by URI")
    } else {
        checker.file(&path, Access { read: true, write: true, open: true, follow: true })
    };
    denial.map_err(|denial| denied(vm, &denial))
}

/// `setlimit` of a connection: the limit of attached databases stays 0.
pub(super) fn limit(mut call: Call<'_>) -> PyResult {
    let Some(category) = call.args.args.get(1).cloned() else { return call.proceed() };
    let category: i64 = number(call.vm, &category)?;
    let fixed = call.vm.ctx.new_int(category).into();
    set(&mut call.args, 1, "category", fixed);
    if category != LIMIT_ATTACHED {
        return call.proceed();
    }
    let verdict = call.checker.every_file("attaching databases");
    call.proceed_if(verdict)
}
