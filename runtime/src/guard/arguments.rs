//! Reading the arguments of a call, and fixing them: the original gets what was checked, even if an object gives
//! another answer the second time.

use std::mem;
use std::path::PathBuf;

use rustpython_vm::builtins::{PyBytes, PyInt, PyStr};
use rustpython_vm::common::wtf8::Wtf8Buf;
use rustpython_vm::function::{ArgBytesLike, FsPath, FuncArgs, KwArgs, KwArgsMap};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, TryFromObject, VirtualMachine};
use tauraro_permissions::from_bytes;

/// The argument at `index`, or called `name`.
pub(super) fn get(args: &FuncArgs, index: usize, name: &str) -> Option<PyObjectRef> {
    args.args.get(index).or_else(|| args.kwargs.get(name)).cloned()
}

/// Replaces the argument at `index`, or the one called `name`.
pub(super) fn set(args: &mut FuncArgs, index: usize, name: &str, value: PyObjectRef) {
    if let Some(place) = args.args.get_mut(index) {
        *place = value;
        return;
    }
    let mut keywords: KwArgsMap<PyObjectRef> = mem::take(&mut args.kwargs).into_iter().collect();
    keywords.insert(Wtf8Buf::from(name.to_owned()), value);
    args.kwargs = KwArgs::new(keywords);
}

/// A path, or the descriptor of an open file.
pub(super) enum Target {
    Path(PathBuf),
    Descriptor,
}

/// Reads an argument as the system functions do. Also what to pass on in its place.
///
/// # Errors
/// `TypeError` for anything else; what `__fspath__` or `__index__` raise.
pub(super) fn path_or_descriptor(vm: &VirtualMachine, value: &PyObject) -> PyResult<(Target, PyObjectRef)> {
    if let Some(number) = value.downcast_ref::<PyInt>() {
        return Ok((Target::Descriptor, exact(vm, number)));
    }
    let has = |name: &'static str| {
        vm.ctx.interned_str(name).is_some_and(|name| value.class().get_attr(name).is_some())
    };
    let is_text = value.downcast_ref::<PyStr>().is_some() || value.downcast_ref::<PyBytes>().is_some();
    if !is_text && !has("__fspath__") && has("__index__") {
        return Ok((Target::Descriptor, exact(vm, &*value.try_index(vm)?)));
    }
    let path = FsPath::try_from_path_like(value.to_owned(), false, vm)?;
    let (bytes, fixed): (Vec<u8>, PyObjectRef) = match path {
        FsPath::Str(text) => {
            let bytes = vm.fsencode(&text)?.as_encoded_bytes().to_vec();
            // A subclass might give another answer when asked again.
            let exact = vm.ctx.new_str(text.as_wtf8().to_owned());
            (bytes, exact.into())
        }
        FsPath::Bytes(bytes) => {
            let bytes = bytes.as_bytes().to_vec();
            (bytes.clone(), vm.ctx.new_bytes(bytes).into())
        }
    };
    Ok((Target::Path(from_bytes(&bytes)), fixed))
}

/// The same number as an object without methods of a script: a function that takes only paths would call the
/// `__fspath__` of a subclass.
fn exact(vm: &VirtualMachine, number: &Py<PyInt>) -> PyObjectRef {
    let is_exact =
        [vm.ctx.types.int_type, vm.ctx.types.bool_type].iter().any(|class| number.class().is(*class));
    if is_exact { number.to_owned().into() } else { vm.ctx.new_bigint(number.as_bigint()).into() }
}

/// Reads an argument that must be a path, also one in a buffer. Also what to pass on in its place.
///
/// # Errors
/// `TypeError` for anything else; what `__fspath__` raises.
pub(super) fn path_or_buffer(vm: &VirtualMachine, value: &PyObject) -> PyResult<(PathBuf, PyObjectRef)> {
    // A buffer may have `__index__` as well.
    if let Ok(buffer) = ArgBytesLike::try_from_object(vm, value.to_owned())
        && value.downcast_ref::<PyBytes>().is_none()
    {
        let bytes = buffer.borrow_buf().to_vec();
        return Ok((from_bytes(&bytes), vm.ctx.new_bytes(bytes).into()));
    }
    match path_or_descriptor(vm, value)? {
        (Target::Path(path), fixed) => Ok((path, fixed)),
        (Target::Descriptor, _) => {
            Err(vm.new_type_error(format!("expected a path, not {}", value.class().name())))
        }
    }
}

/// Reads a keyword argument as a bool, and replaces it by that.
///
/// # Errors
/// What its `__bool__` raises.
pub(super) fn flag(vm: &VirtualMachine, args: &mut FuncArgs, name: &str) -> PyResult<Option<bool>> {
    let Some(value) = args.kwargs.get(name).cloned() else { return Ok(None) };
    let value = value.try_to_bool(vm)?;
    set(args, usize::MAX, name, vm.ctx.new_bool(value).into());
    Ok(Some(value))
}

/// A number.
///
/// # Errors
/// `TypeError` if it is not an integer, `OverflowError` if it does not fit.
pub(super) fn number<T>(vm: &VirtualMachine, value: &PyObject) -> PyResult<T>
where
    T: TryFrom<i64>,
{
    let number = i64::try_from_object(vm, value.try_index(vm)?.into())?;
    T::try_from(number).map_err(|_| vm.new_overflow_error(format!("{number} is out of range")))
}

/// The text of a `str` or of bytes, for messages and names.
pub(super) fn text(value: &PyObject) -> Option<String> {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return Some(text.to_string_lossy().into_owned());
    }
    let bytes = value.downcast_ref::<PyBytes>()?;
    Some(String::from_utf8_lossy(bytes.as_bytes()).into_owned())
}
