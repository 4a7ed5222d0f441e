//! The checks of files and folders.

use std::path::{Path, PathBuf};

use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_permissions::{Access, PermissionChecker};

use super::arguments::{Target, flag, get, number, path_or_descriptor, set, text};
use super::layer::initialize;
use super::{Call, denied};
use crate::interpose::{Initializer, SlotOriginal};

/// How many files a folder that is moved may have; a larger one counts as having symbolic links.
const MAX_MOVED: usize = 100_000;

const READ_LINK: Access = Access { follow: false, ..Access::READ };
const WRITE_LINK: Access = Access { follow: false, ..Access::WRITE };

pub(super) static ORIGINAL_INIT: SlotOriginal<Initializer> = SlotOriginal::new();

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

/// What can be done through a descriptor that was opened for reading only.
pub(super) fn change_at(call: Call<'_>) -> PyResult {
    first_path(call, Access::WRITE, false)
}

/// Whether files need no check at all.
pub(super) fn is_free(checker: &PermissionChecker) -> bool {
    !checker.permissions().restricts_read()
        && !checker.permissions().restricts_write()
        && !checker.is_audited()
}

/// A function whose first argument is a path, possibly relative to the folder `dir_fd`.
fn first_path(mut call: Call<'_>, access: Access, descriptor_is_free: bool) -> PyResult {
    if is_free(call.checker) {
        return call.proceed();
    }
    let name = if call.args.kwargs.contains_key("fd") { "fd" } else { "path" };
    let Some(value) = get(&call.args, 0, name) else { return call.proceed() };
    let follow = flag(call.vm, &mut call.args, "follow_symlinks")?.unwrap_or(true);
    let access = Access { follow: access.follow && follow, ..access };
    match path_or_descriptor(call.vm, &value)? {
        (Target::Path(path), fixed) => {
            check_path(&mut call, (0, name), "dir_fd", path, fixed, access)?;
            call.proceed()
        }
        (Target::Descriptor, fixed) => {
            set(&mut call.args, 0, name, fixed);
            if descriptor_is_free {
                return call.proceed();
            }
            let verdict = call.checker.every_file(call.original.name());
            call.proceed_if(verdict)
        }
    }
}

/// Checks a path and puts it back in its place. One that is relative to an open folder becomes absolute,
/// because the descriptor may mean another folder by the time it is used. Returns the path.
fn check_path(
    call: &mut Call<'_>,
    (index, name): (usize, &str),
    folder_name: &str,
    path: PathBuf,
    fixed: PyObjectRef,
    access: Access,
) -> PyResult<PathBuf> {
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
    call.check(verdict)?;
    Ok(path)
}

/// `listdir` and `scandir`: without a path, of the working folder.
pub(super) fn list(call: Call<'_>) -> PyResult {
    match get(&call.args, 0, "path") {
        Some(path) if !call.vm.is_none(&path) => first_path(call, Access::READ, true),
        _ => {
            let verdict = call.checker.file(Path::new("."), Access::READ);
            call.proceed_if(verdict)
        }
    }
}

/// Whether a path is a symbolic link, or a folder with one in it: links must not move. A relative one leads elsewhere
/// from another folder, and any could take the place of a folder between the check of a path and its use.
fn has_links(path: &Path) -> bool {
    let mut paths = vec![path.to_owned()];
    let mut rest = MAX_MOVED;
    while let Some(path) = paths.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_symlink() {
            return true;
        }
        if metadata.is_dir() {
            let Ok(entries) = path.read_dir() else { return true };
            for entry in entries {
                let (Ok(entry), Some(left)) = (entry, rest.checked_sub(1)) else { return true };
                rest = left;
                paths.push(entry.path());
            }
        }
    }
    false
}

/// Moving removes a file from one place, where it might not be readable, and creates it in another.
pub(super) fn rename(mut call: Call<'_>) -> PyResult {
    if is_free(call.checker) {
        return call.proceed();
    }
    let taken = Access { read: true, ..WRITE_LINK };
    for (index, name, folder, access) in
        [(0, "src", "src_dir_fd", taken), (1, "dst", "dst_dir_fd", WRITE_LINK)]
    {
        let Some(value) = get(&call.args, index, name) else { return call.proceed() };
        let (Target::Path(path), fixed) = path_or_descriptor(call.vm, &value)? else {
            let message = format!("{} takes paths, not descriptors", call.original.name());
            return Err(call.vm.new_type_error(message));
        };
        let path = check_path(&mut call, (index, name), folder, path, fixed, access)?;
        if index == 0 && has_links(&path) {
            let verdict = call.checker.every_file("moving a symbolic link");
            call.check(verdict)?;
        }
    }
    call.proceed()
}

pub(super) fn every(call: Call<'_>) -> PyResult {
    let verdict = call.checker.every_file(call.original.name());
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
    let (Target::Path(path), fixed) = path_or_descriptor(vm, &path)? else {
        return Err(vm.new_type_error("open() takes a path, not a descriptor"));
    };
    check_path(&mut call, (0, "path"), "dir_fd", path, fixed, access)?;
    call.proceed()
}

/// In place of `FileIO.__init__`, and so of everything that opens files by name.
pub(super) fn init(zelf: &PyObject, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
    initialize(zelf, args, vm, &ORIGINAL_INIT, check_opening)
}

fn check_opening(vm: &VirtualMachine, checker: &PermissionChecker, args: &mut FuncArgs) -> PyResult<()> {
    if is_free(checker) {
        return Ok(());
    }
    let Some(file) = get(args, 0, "file") else { return Ok(()) };
    let opener = get(args, 3, "opener").filter(|opener| !vm.is_none(opener));
    let (target, fixed) = path_or_descriptor(vm, &file)?;
    set(args, 0, "file", fixed);
    // An opener opens with functions that are checked themselves.
    let (Target::Path(path), None) = (target, opener) else { return Ok(()) };
    let mode = get(args, 1, "mode");
    let mode = mode.as_deref().and_then(text).unwrap_or_else(|| "r".to_owned());
    let access = Access {
        read: mode.contains(['r', '+']),
        write: mode.contains(['w', 'a', 'x', '+']),
        open: true,
        follow: true,
    };
    checker.file(&path, access).map_err(|denial| denied(vm, &denial))
}

/// Users and groups are not found if their files may not be read.
pub(super) fn read_passwd(call: Call<'_>) -> PyResult {
    find_in(call, "/etc/passwd")
}

pub(super) fn read_group(call: Call<'_>) -> PyResult {
    find_in(call, "/etc/group")
}

fn find_in(call: Call<'_>, file: &str) -> PyResult {
    match call.checker.file(Path::new(file), Access::READ) {
        Ok(()) => call.proceed(),
        // Code that looks for a home folder continues without one.
        Err(denial) => Err(call.vm.new_key_error(call.vm.ctx.new_str(denial.to_string()).into())),
    }
}
