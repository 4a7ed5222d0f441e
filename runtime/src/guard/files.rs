//! Questions about files and folders.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustpython_vm::builtins::{PyGetSet, PyType, PyTypeRef};
use rustpython_vm::function::{FuncArgs, PySetterValue};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_permissions::{Access, PermissionChecker};

use super::arguments::{Target, get, number, path_or_number, set, text};
use super::install::{Initializer, Maker, initialize};
use super::{Call, denied};

/// The category of `SQLite`'s limits that says how many databases may be attached.
const LIMIT_ATTACHED: i64 = 7;

const READ_LINK: Access = Access { follow: false, ..Access::READ };
const WRITE_LINK: Access = Access { follow: false, ..Access::WRITE };

pub(super) static ORIGINAL_FILE_INIT: OnceLock<Initializer> = OnceLock::new();
pub(super) static ORIGINAL_DATABASE_INIT: OnceLock<Initializer> = OnceLock::new();
pub(super) static ORIGINAL_DATABASE_NEW: OnceLock<Maker> = OnceLock::new();

pub(super) fn read_at(call: Call<'_>) -> PyResult {
    first_path(call, Access::READ, true)
}

pub(super) fn read_link_at(call: Call<'_>) -> PyResult {
    first_path(call, READ_LINK, true)
}

pub(super) fn write_at(call: Call<'_>) -> PyResult {
    first_path(call, Access::WRITE, true)
}

pub(super) fn write_link_at(call: Call<'_>) -> PyResult {
    first_path(call, WRITE_LINK, true)
}

/// What can be done through the number of a file that was opened for reading only.
pub(super) fn change_at(call: Call<'_>) -> PyResult {
    first_path(call, Access::WRITE, false)
}

/// Whether anything is asked about files at all.
fn is_free(checker: &PermissionChecker) -> bool {
    !checker.permissions().restricts_read()
        && !checker.permissions().restricts_write()
        && !checker.is_audited()
}

/// A function whose first argument is a path, perhaps relative to the folder `dir_fd`.
fn first_path(mut call: Call<'_>, access: Access, number_is_free: bool) -> PyResult {
    if is_free(call.checker) {
        return call.proceed();
    }
    let name = if call.args.kwargs.contains_key("fd") { "fd" } else { "path" };
    let Some(value) = get(&call.args, 0, name) else { return call.proceed() };
    let no_follow =
        call.args.kwargs.get("follow_symlinks").is_some_and(|follow| follow.is(&call.vm.ctx.false_value));
    let access = if no_follow { Access { follow: false, ..access } } else { access };
    match path_or_number(call.vm, &value)? {
        (Target::Path(path), fixed) => {
            judge_path(&mut call, (0, name), "dir_fd", path, fixed, access)?;
            call.proceed()
        }
        (Target::Number, fixed) => {
            set(&mut call.args, 0, name, fixed);
            if number_is_free {
                return call.proceed();
            }
            let verdict = call.checker.every_file(call.original.name);
            call.proceed_if(verdict)
        }
    }
}

/// Judges a path and puts it back in its place. One that is relative to an open folder becomes
/// absolute, because the number of the folder may mean another one by the time it is used.
fn judge_path(
    call: &mut Call<'_>,
    (index, name): (usize, &str),
    folder_name: &str,
    path: PathBuf,
    fixed: PyObjectRef,
    access: Access,
) -> PyResult<()> {
    let vm = call.vm;
    let folder = call.args.kwargs.get(folder_name).filter(|folder| !vm.is_none(folder)).cloned();
    let (path, fixed) = match folder {
        Some(folder) if path.is_relative() => {
            let folder: i32 = number(vm, &folder)?;
            let folder = std::fs::read_link(format!("/proc/self/fd/{folder}"));
            let folder = folder.map_err(|error| vm.new_os_error(format!("{folder_name}: {error}")))?;
            let path = folder.join(path);
            let fixed = vm.fsdecode(path.as_os_str().to_owned()).into();
            (path, fixed)
        }
        _ => (path, fixed),
    };
    call.args.kwargs.pop_kwarg(folder_name);
    set(&mut call.args, index, name, fixed);
    let verdict = call.checker.file(&path, access);
    call.check(verdict)
}

/// `listdir` and `scandir`: without a path, the working folder.
pub(super) fn list(call: Call<'_>) -> PyResult {
    match get(&call.args, 0, "path") {
        Some(path) if !call.vm.is_none(&path) => first_path(call, Access::READ, true),
        _ => {
            let verdict = call.checker.file(Path::new("."), Access::READ);
            call.proceed_if(verdict)
        }
    }
}

/// Moving takes a file from one place, where it might be unreadable, and makes it in another.
pub(super) fn rename(mut call: Call<'_>) -> PyResult {
    if is_free(call.checker) {
        return call.proceed();
    }
    let taken = Access { read: true, ..WRITE_LINK };
    for (index, name, folder, access) in
        [(0, "src", "src_dir_fd", taken), (1, "dst", "dst_dir_fd", WRITE_LINK)]
    {
        let Some(value) = get(&call.args, index, name) else { return call.proceed() };
        let (Target::Path(path), fixed) = path_or_number(call.vm, &value)? else {
            let message = format!("{} takes paths, not numbers", call.original.name);
            return Err(call.vm.new_type_error(message));
        };
        // A relative link leads elsewhere from another folder.
        if index == 0 && path.is_symlink() {
            let verdict = call.checker.every_file("moving a symbolic link");
            call.check(verdict)?;
        }
        judge_path(&mut call, (index, name), folder, path, fixed, access)?;
    }
    call.proceed()
}

pub(super) fn every(call: Call<'_>) -> PyResult {
    let verdict = call.checker.every_file(call.original.name);
    call.proceed_if(verdict)
}

pub(super) fn open(mut call: Call<'_>) -> PyResult {
    if is_free(call.checker) {
        return call.proceed();
    }
    let vm = call.vm;
    let (Some(path), Some(flags)) = (get(&call.args, 0, "path"), get(&call.args, 1, "flags")) else {
        return call.proceed();
    };
    let flags: i32 = number(vm, &flags)?;
    let fixed = vm.ctx.new_int(flags).into();
    set(&mut call.args, 1, "flags", fixed);
    let mode = flags & libc::O_ACCMODE;
    let changes = libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;
    let access = Access {
        // Anything but writing alone may read.
        read: mode != libc::O_WRONLY,
        write: mode != libc::O_RDONLY || flags & changes != 0,
        open: true,
        follow: flags & libc::O_NOFOLLOW == 0,
    };
    let (Target::Path(path), fixed) = path_or_number(vm, &path)? else {
        return Err(vm.new_type_error("open() takes a path, not a number"));
    };
    judge_path(&mut call, (0, "path"), "dir_fd", path, fixed, access)?;
    call.proceed()
}

/// In place of `FileIO.__init__`, and so of everything that opens files by name.
pub(super) fn init(zelf: &PyObject, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
    initialize(zelf, args, vm, &ORIGINAL_FILE_INIT, judge_opening)
}

fn judge_opening(vm: &VirtualMachine, checker: &PermissionChecker, args: &mut FuncArgs) -> PyResult<()> {
    if is_free(checker) {
        return Ok(());
    }
    let Some(file) = get(args, 0, "file") else { return Ok(()) };
    let opener = get(args, 3, "opener").filter(|opener| !vm.is_none(opener));
    // An opener opens with what it can reach, and is judged there.
    let (Target::Path(path), fixed) = path_or_number(vm, &file)? else { return Ok(()) };
    if opener.is_some() {
        return Ok(());
    }
    let mode = get(args, 1, "mode");
    let mode = mode.as_deref().and_then(text).unwrap_or_else(|| "r".to_owned());
    let access = Access {
        read: mode.contains(['r', '+']),
        write: mode.contains(['w', 'a', 'x', '+']),
        open: true,
        follow: true,
    };
    set(args, 0, "file", fixed);
    checker.file(&path, access).map_err(|denial| denied(vm, &denial))
}

/// In place of `sqlite3.Connection.__init__`. The database is read and written, and keeps files beside it.
pub(super) fn database_init(zelf: &PyObject, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
    initialize(zelf, args, vm, &ORIGINAL_DATABASE_INIT, judge_database)?;
    forbid_attaching(zelf, vm)
}

/// In place of `sqlite3.Connection.__new__`, which opens the database if it is not one of a subclass.
pub(super) fn database_new(class: PyTypeRef, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let Some(original) = ORIGINAL_DATABASE_NEW.get() else {
        return Err(vm.new_runtime_error("the class is not ready"));
    };
    if let Some(checker) = tauraro_bridge::checker(vm) {
        judge_database(vm, &checker, &mut args)?;
    }
    let is_opened = DATABASE_CLASS.get().is_some_and(|base| class.is(*base));
    let made = original(class, args, vm)?;
    if is_opened {
        forbid_attaching(&made, vm)?;
    }
    Ok(made)
}

/// `sqlite3.connect`, which makes a connection by itself unless it is given a class for it.
pub(super) fn database_connect(mut call: Call<'_>) -> PyResult {
    let vm = call.vm;
    judge_database(vm, call.checker, &mut call.args)?;
    let made = call.proceed()?;
    // What a class of the script's makes has gone through its base.
    if DATABASE_CLASS.get().is_some_and(|base| made.class().is(*base)) {
        forbid_attaching(&made, vm)?;
    }
    Ok(made)
}

/// SQL that attaches a database names a file of its own.
fn forbid_attaching(connection: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    let Some(checker) = tauraro_bridge::checker(vm) else { return Ok(()) };
    if !checker.permissions().restricts_read() && !checker.permissions().restricts_write() {
        return Ok(());
    }
    let Some(setter) = LIMIT_SETTER.get() else {
        return Err(vm.new_runtime_error("databases cannot be limited"));
    };
    let numbers = [LIMIT_ATTACHED, 0].map(|number| vm.ctx.new_int(number).into());
    let args: Vec<PyObjectRef> = [connection.to_owned()].into_iter().chain(numbers).collect();
    (setter.func)(vm, FuncArgs::from(args), setter.name.into()).map(drop)
}

static DATABASE_CLASS: OnceLock<&'static Py<PyType>> = OnceLock::new();

/// The method `setlimit` of connections.
static LIMIT_SETTER: OnceLock<&'static rustpython_vm::function::PyMethodDef> = OnceLock::new();

pub(super) fn remember_database(vm: &VirtualMachine, class: &'static Py<PyType>) -> PyResult<()> {
    let Some(method) = class.slots.methods.iter().find(|method| method.name == "setlimit") else {
        return Err(vm.new_attribute_error("Connection has no setlimit"));
    };
    let _ = (LIMIT_SETTER.set(method), DATABASE_CLASS.set(class));
    Ok(())
}

fn judge_database(vm: &VirtualMachine, checker: &PermissionChecker, args: &mut FuncArgs) -> PyResult<()> {
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

/// `setlimit` of a connection, whose limit of attached databases stays at none.
pub(super) fn database_limit(mut call: Call<'_>) -> PyResult {
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

/// Methods of `SSLContext` that read the files they are given.
pub(super) fn certificates(mut call: Call<'_>) -> PyResult {
    if is_free(call.checker) {
        return call.proceed();
    }
    let vm = call.vm;
    // The first argument is the context.
    let names: [&[&str]; 2] = [&["certfile", "cafile", "path", "filepath"], &["keyfile", "capath"]];
    for (index, names) in (1_usize..).zip(names) {
        for name in names {
            let place = if index < call.args.args.len() { "" } else { *name };
            let Some(value) = get(&call.args, index, place).filter(|value| !vm.is_none(value)) else {
                continue;
            };
            let (Target::Path(path), fixed) = path_or_number(vm, &value)? else { continue };
            set(&mut call.args, index, place, fixed);
            let verdict = call.checker.file(&path, Access { open: true, ..Access::READ });
            call.check(verdict)?;
        }
    }
    call.proceed()
}

/// Replaces `SSLContext.keylog_filename`, which makes and writes a file.
pub(super) fn guard_key_log(vm: &VirtualMachine, class: &'static Py<PyType>) {
    let name = vm.ctx.intern_str("keylog_filename");
    let Some(original) = class.get_attr(name) else { return };
    let reader = original.clone();
    let get = move |zelf: PyObjectRef, vm: &VirtualMachine| -> PyResult {
        let Some(read) = reader.class().slots.descr_get.load() else { return Ok(vm.ctx.none()) };
        read(&reader, Some(&zelf), None, vm)
    };
    let change = move |zelf: PyObjectRef, value: PySetterValue, vm: &VirtualMachine| -> PyResult<()> {
        let value = match value {
            PySetterValue::Assign(path) if !vm.is_none(&path) => {
                let (target, fixed) = path_or_number(vm, &path)?;
                if let Target::Path(path) = target {
                    let access = Access { open: true, ..Access::WRITE };
                    tauraro_bridge::ask(vm, |checker| checker.file(&path, access))?;
                }
                PySetterValue::Assign(fixed)
            }
            other => other,
        };
        let Some(write) = original.class().slots.descr_set.load() else { return Ok(()) };
        write(&original, zelf, value, vm)
    };
    let guarded = PyGetSet::new("keylog_filename", class, &vm.ctx).with_get(get).with_set(change);
    let guarded = rustpython_vm::PyRef::new_ref(guarded, vm.ctx.types.getset_type.to_owned(), None);
    class.set_attr(name, guarded.into());
}

/// Users and groups are not found where their files may not be read.
pub(super) fn read_passwd(call: Call<'_>) -> PyResult {
    find_in(call, "/etc/passwd")
}

pub(super) fn read_group(call: Call<'_>) -> PyResult {
    find_in(call, "/etc/group")
}

fn find_in(call: Call<'_>, file: &str) -> PyResult {
    match call.checker.file(Path::new(file), Access::READ) {
        Ok(()) => call.proceed(),
        // What looks for a home folder goes on without one.
        Err(denial) => Err(call.vm.new_key_error(call.vm.ctx.new_str(denial.to_string()).into())),
    }
}
