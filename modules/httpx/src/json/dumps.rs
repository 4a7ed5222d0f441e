//! Writing Python objects as JSON, as `json.dumps(value, ensure_ascii=False, separators=(",", ":"),
//! allow_nan=False).encode("utf-8")` does.

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyFloat, PyInt, PyList, PyStr, PyTuple},
    function::{FuncArgs, KwArgs},
    literal,
};

/// Nesting the native writer follows; what goes deeper (a circular value does) is for Python.
const MAX_DEPTH: usize = 128;

/// The value as JSON in UTF-8.
///
/// # Errors
/// What Python raises: `TypeError` for what JSON cannot carry, `ValueError` for NaN, infinities and
/// circular values, `UnicodeEncodeError` for lone surrogates, `RecursionError`.
pub(crate) fn dumps(vm: &VirtualMachine, value: &PyObject) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(128);
    match write(vm, value, MAX_DEPTH, &mut out) {
        Ok(()) => Ok(out),
        Err(OnlyPython) => python_dumps(vm, value),
    }
}

fn python_dumps(vm: &VirtualMachine, value: &PyObject) -> PyResult<Vec<u8>> {
    let separators = vm.ctx.new_tuple(vec![vm.ctx.new_str(",").into(), vm.ctx.new_str(":").into()]);
    let no: PyObjectRef = vm.ctx.new_bool(false).into();
    let options: KwArgs = [
        ("ensure_ascii".to_owned(), no.clone()),
        ("separators".to_owned(), separators.into()),
        ("allow_nan".to_owned(), no),
    ]
    .into_iter()
    .collect();
    let dumps = vm.import("json", 0)?.get_attr("dumps", vm)?;
    let text = dumps
        .call(FuncArgs::new(vec![value.to_owned()], options), vm)?
        .try_into_value::<rustpython_vm::builtins::PyStrRef>(vm)?;
    // Raises for lone surrogates.
    Ok(text.try_as_utf8(vm)?.as_bytes().to_vec())
}

/// The value holds something whose form, or whose error, only Python can tell.
struct OnlyPython;

/// Writes exact instances of the built-in types: a subclass may look different to Python's encoder.
fn write(vm: &VirtualMachine, value: &PyObject, depth: usize, out: &mut Vec<u8>) -> Result<(), OnlyPython> {
    let depth = depth.checked_sub(1).ok_or(OnlyPython)?;
    if let Some(text) = value.downcast_ref_if_exact::<PyStr>(vm) {
        return write_str(text.to_str().ok_or(OnlyPython)?, out);
    }
    if let Some(int) = value.downcast_ref_if_exact::<PyInt>(vm) {
        let int = i64::try_from(int.as_bigint()).map_err(|_| OnlyPython)?;
        out.extend_from_slice(int.to_string().as_bytes());
        return Ok(());
    }
    if vm.is_none(value) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    if value.class().is(vm.ctx.types.bool_type) {
        let text: &[u8] = if value.is(&vm.ctx.true_value) { b"true" } else { b"false" };
        out.extend_from_slice(text);
        return Ok(());
    }
    if let Some(dict) = value.downcast_ref_if_exact::<PyDict>(vm) {
        // A copy of the items: other threads may change the dict.
        return write_object(vm, dict.items_vec(), depth, out);
    }
    if let Some(list) = value.downcast_ref_if_exact::<PyList>(vm) {
        let items = list.borrow_vec().to_vec();
        return write_array(vm, &items, depth, out);
    }
    if let Some(tuple) = value.downcast_ref_if_exact::<PyTuple>(vm) {
        return write_array(vm, tuple.as_slice(), depth, out);
    }
    if let Some(float) = value.downcast_ref_if_exact::<PyFloat>(vm) {
        let float = float.to_f64();
        if !float.is_finite() {
            return Err(OnlyPython);
        }
        out.extend_from_slice(literal::float::to_string(float).as_bytes());
        return Ok(());
    }
    Err(OnlyPython)
}

fn write_array(
    vm: &VirtualMachine,
    items: &[PyObjectRef],
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), OnlyPython> {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(vm, item, depth, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_object(
    vm: &VirtualMachine,
    items: Vec<(PyObjectRef, PyObjectRef)>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), OnlyPython> {
    out.push(b'{');
    for (index, (key, value)) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let key = key.downcast_ref_if_exact::<PyStr>(vm).and_then(|key| key.to_str()).ok_or(OnlyPython)?;
        write_str(key, out)?;
        out.push(b':');
        write(vm, value, depth, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_str(text: &str, out: &mut Vec<u8>) -> Result<(), OnlyPython> {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (plain, special) = rest.split_at_checked(at).ok_or(OnlyPython)?;
        let (&byte, after) = special.split_first().ok_or(OnlyPython)?;
        out.extend_from_slice(plain);
        write_escape(byte, out);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
    Ok(())
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
