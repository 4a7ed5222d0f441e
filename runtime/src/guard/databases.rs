//! The checks of `SQLite` databases.
//!
//! SQL can attach databases, and so name further files. That is forbidden by a limit of the connection, which must be
//! in place before another thread can use the connection: `SQLite` itself sets it while it opens the database.

use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::path::Path;
use std::sync::LazyLock;

use libsqlite3_sys::{
    SQLITE_LIMIT_ATTACHED, SQLITE_OK, sqlite3, sqlite3_api_routines, sqlite3_auto_extension, sqlite3_limit,
};
use rustpython_vm::builtins::{PyType, PyTypeRef};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{Py, PyObject, PyResult, VirtualMachine};
use tauraro_permissions::{Access, PermissionChecker};

use super::arguments::{Target, get, number, path_or_descriptor, set};
use super::files::is_free;
use super::layer::initialize;
use super::{Call, denied};
use crate::interpose::{Constructor, Initializer, SlotOriginal};

pub(super) static ORIGINAL_INIT: SlotOriginal<Initializer> = SlotOriginal::new();
pub(super) static ORIGINAL_NEW: SlotOriginal<Constructor> = SlotOriginal::new();

thread_local! {
    /// Whether databases that this thread opens cannot attach others.
    static FORBIDS_ATTACHING: Cell<bool> = const { Cell::new(false) };
}

/// Called by `SQLite` for every database that it opens.
extern "C" fn limit_database(
    database: *mut sqlite3,
    _message: *mut *mut c_char,
    _routines: *const sqlite3_api_routines,
) -> c_int {
    if FORBIDS_ATTACHING.get() {
        #[expect(unsafe_code, reason = "a call of a C library")]
        // SAFETY: SQLite passes a valid connection, which no other code has yet.
        unsafe {
            sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
        }
    }
    SQLITE_OK
}

/// Registers [`limit_database`], once in a process.
pub(super) fn prepare(vm: &VirtualMachine, _class: &'static Py<PyType>) -> PyResult<()> {
    #[expect(unsafe_code, reason = "a call of a C library")]
    // SAFETY: the function has the signature that SQLite expects, and lives as long as the process.
    static IS_REGISTERED: LazyLock<bool> =
        LazyLock::new(|| unsafe { sqlite3_auto_extension(Some(limit_database)) } == SQLITE_OK);
    if *IS_REGISTERED { Ok(()) } else { Err(vm.new_runtime_error("databases cannot be limited")) }
}

/// Opens a database, which cannot attach others if files are restricted.
fn open<R>(vm: &VirtualMachine, open: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    let is_restricted = tauraro_bridge::checker(vm).is_some_and(|checker| {
        checker.permissions().restricts_read() || checker.permissions().restricts_write()
    });
    let before = FORBIDS_ATTACHING.replace(is_restricted);
    let opened = open();
    FORBIDS_ATTACHING.set(before);
    opened
}

/// In place of `sqlite3.Connection.__init__`. A database is read and written, and keeps files beside it.
pub(super) fn init(zelf: &PyObject, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
    open(vm, || initialize(zelf, args, vm, &ORIGINAL_INIT, check_database))
}

/// In place of `sqlite3.Connection.__new__`, which opens the database except in subclasses.
pub(super) fn new(class: PyTypeRef, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let Some(original) = ORIGINAL_NEW.get() else {
        return Err(vm.new_runtime_error("the class is not ready"));
    };
    if let Some(checker) = tauraro_bridge::checker(vm) {
        check_database(vm, &checker, &mut args)?;
    }
    open(vm, || original(class, args, vm))
}

/// `sqlite3.connect`, which makes a connection by itself unless it is given a class for that.
pub(super) fn connect(mut call: Call<'_>) -> PyResult {
    check_database(call.vm, call.checker, &mut call.args)?;
    open(call.vm, || call.proceed())
}

fn check_database(vm: &VirtualMachine, checker: &PermissionChecker, args: &mut FuncArgs) -> PyResult<()> {
    if is_free(checker) {
        return Ok(());
    }
    let Some(database) = get(args, 0, "database") else { return Ok(()) };
    let (Target::Path(path), fixed) = path_or_descriptor(vm, &database)? else {
        return Err(vm.new_type_error("the database must be a path"));
    };
    set(args, 0, "database", fixed);
    if path == Path::new(":memory:") {
        return Ok(());
    }
    let is_uri = path.to_string_lossy().starts_with("file:");
    let verdict = if is_uri {
        // It may name another file, another file system, and more.
        checker.every_file("a database by URI")
    } else {
        checker.file(&path, Access { read: true, write: true, open: true, follow: true })
    };
    verdict.map_err(|denial| denied(vm, &denial))
}

/// `setlimit` of a connection: the limit of attached databases stays 0.
pub(super) fn limit(mut call: Call<'_>) -> PyResult {
    let Some(category) = call.args.args.get(1).cloned() else { return call.proceed() };
    let category: i64 = number(call.vm, &category)?;
    let fixed = call.vm.ctx.new_int(category).into();
    set(&mut call.args, 1, "category", fixed);
    if category != i64::from(SQLITE_LIMIT_ATTACHED) {
        return call.proceed();
    }
    let verdict = call.checker.every_file("attaching databases");
    call.proceed_if(verdict)
}
