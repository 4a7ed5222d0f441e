//! Python file objects: how much can be read from them, and reading them again.

use rustpython_vm::builtins::PyBytes;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};

/// How much is read from a file at a time.
pub(super) const CHUNK_SIZE: usize = 64 * 1024;

/// The next piece of a file object; `None` at its end.
///
/// # Errors
/// What `read` raises.
pub(super) fn read_chunk(vm: &VirtualMachine, file: &PyObject) -> PyResult<Option<PyObjectRef>> {
    let chunk = vm.call_method(file, "read", (CHUNK_SIZE,))?;
    Ok(chunk.clone().is_true(vm)?.then_some(chunk))
}

/// Where a file object stands; `None` if it cannot say so, as a pipe.
///
/// # Errors
/// What `tell` raises, other than `AttributeError` and `OSError`.
pub(super) fn position(vm: &VirtualMachine, file: &PyObject) -> PyResult<Option<u64>> {
    ignore_unsupported(vm, vm.call_method(file, "tell", ()).and_then(|position| position.try_into_value(vm)))
}

/// Moves a file object to a position; whether it can.
///
/// # Errors
/// What `seek` raises, other than `AttributeError` and `OSError`.
pub(super) fn seek(vm: &VirtualMachine, file: &PyObject, position: u64) -> PyResult<bool> {
    Ok(ignore_unsupported(vm, vm.call_method(file, "seek", (position,)))?.is_some())
}

/// The position of a file object and that of its end, in bytes and without reading them. `None` if that
/// cannot be known: for pipes, devices, and files that the kernel makes up when they are read.
///
/// # Errors
/// What the object's methods raise, other than `AttributeError` and `OSError`.
pub(super) fn extent(vm: &VirtualMachine, file: &PyObject) -> PyResult<Option<(u64, u64)>> {
    let Some(position) = position(vm, file)? else { return Ok(None) };
    let end = match kind(vm, file)? {
        Kind::Regular { size, has_blocks: true } => Some(size),
        // Either small, or made up by the kernel (`/proc`, `/sys`), whatever size it then has.
        Kind::Regular { size, .. } => read_to_check(vm, file, position, size)?,
        Kind::Unbounded => None,
        Kind::Other => ignore_unsupported(vm, end_by_seeking(vm, file, position))?,
    };
    Ok(end.map(|end| (position, end)))
}

/// What a file object reads from.
enum Kind {
    Regular {
        size: u64,
        has_blocks: bool,
    },
    /// A pipe, a socket or a device without a size.
    Unbounded,
    /// Not a file of the operating system, or not directly: what is read from a `GzipFile` is not what is
    /// in the file that its descriptor stands for.
    Other,
}

fn kind(vm: &VirtualMachine, file: &PyObject) -> PyResult<Kind> {
    const FORMAT: u32 = 0o170_000;
    const REGULAR: u32 = 0o100_000;
    const BLOCK_DEVICE: u32 = 0o060_000;

    if !is_direct(vm, file)? {
        return Ok(Kind::Other);
    }
    let status = vm.call_method(file, "fileno", ()).and_then(|descriptor| {
        let status = vm.call_method(&*vm.import("os", 0)?, "fstat", (descriptor,))?;
        let mode: u32 = status.get_attr("st_mode", vm)?.try_into_value(vm)?;
        let size: u64 = status.get_attr("st_size", vm)?.try_into_value(vm)?;
        let blocks = vm.get_attribute_opt(&status, "st_blocks")?;
        let has_blocks = match blocks {
            Some(blocks) => blocks.try_into_value::<u64>(vm)? > 0,
            // Files in `/sys` say that they have a page.
            None => size > 4096,
        };
        Ok((mode & FORMAT, size, has_blocks))
    });
    Ok(match ignore_unsupported(vm, status)? {
        Some((REGULAR, size, has_blocks)) => Kind::Regular { size, has_blocks },
        Some((BLOCK_DEVICE, ..)) | None => Kind::Other,
        Some(_) => Kind::Unbounded,
    })
}

/// Whether what is read from a file object is what its descriptor gives: that of a `FileIO`, buffered or not.
fn is_direct(vm: &VirtualMachine, file: &PyObject) -> PyResult<bool> {
    let io = vm.import("io", 0)?;
    let is_a = |object: &PyObject, class: &'static str| object.is_instance(&*io.get_attr(class, vm)?, vm);
    if is_a(file, "BufferedReader")? || is_a(file, "BufferedRandom")? {
        return match vm.get_attribute_opt(file, "raw")? {
            Some(raw) => is_a(&raw, "FileIO"),
            None => Ok(false),
        };
    }
    is_a(file, "FileIO")
}

/// The size of a regular file if that is how much can be read from it. The file is read from its
/// beginning, once and no further than that size, and returned to its position.
fn read_to_check(vm: &VirtualMachine, file: &PyObject, position: u64, size: u64) -> PyResult<Option<u64>> {
    if size > CHUNK_SIZE as u64 {
        return Ok(Some(size));
    }
    let read = seek(vm, file, 0).and_then(|_| {
        let data = vm.call_method(file, "read", (size + 1,))?;
        Ok(data.downcast_ref::<PyBytes>().map(|data| data.as_bytes().len() as u64))
    });
    let returned = seek(vm, file, position);
    let read = ignore_unsupported(vm, read)?.flatten();
    returned?;
    Ok(read.filter(|&read| read == size))
}

fn end_by_seeking(vm: &VirtualMachine, file: &PyObject, position: u64) -> PyResult<u64> {
    const SEEK_END: i32 = 2;
    let end = vm.call_method(file, "seek", (0, SEEK_END))?;
    // Not every `seek` returns the position.
    let end = if vm.is_none(&end) { vm.call_method(file, "tell", ())? } else { end };
    vm.call_method(file, "seek", (position,))?;
    end.try_into_value(vm)
}

fn ignore_unsupported<T>(vm: &VirtualMachine, outcome: PyResult<T>) -> PyResult<Option<T>> {
    let exceptions = &vm.ctx.exceptions;
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if error.fast_isinstance(exceptions.attribute_error)
                || error.fast_isinstance(exceptions.os_error) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
