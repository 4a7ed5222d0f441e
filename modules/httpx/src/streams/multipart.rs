//! `files=`: the fields of a multipart form.

use bytes::Bytes;
use rustpython_vm::builtins::{PyBytes, PyFloat, PyInt, PyStr, PyTuple, PyUtf8Str};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::http::multipart::{self, Part};

use super::content::utf8;
use super::urlencoded;
use crate::models::mapping;
use crate::models::query_params::query_value;

/// A field of the form: the part's frame, and what goes into it.
pub(super) struct Field {
    pub(super) part: Part,
    pub(super) content: Content,
}

/// What goes into a part.
pub(super) enum Content {
    Bytes(Bytes),
    File(PyObjectRef),
}

/// The fields of `data` and `files`, in this order.
///
/// # Errors
/// `TypeError` for names and values that cannot be sent, and for files opened in text mode.
pub(super) fn fields(vm: &VirtualMachine, data: Option<&PyObject>, files: &PyObject) -> PyResult<Vec<Field>> {
    let mut fields = Vec::new();
    if let Some(data) = data {
        for (name, value) in mapping::items(vm, data)? {
            for value in urlencoded::values(&value) {
                fields.push(data_field(vm, &name, &value)?);
            }
        }
    }
    let files =
        if mapping::is_mapping(vm, files)? { mapping::items(vm, files)? } else { mapping::pairs(vm, files)? };
    for (name, file) in files {
        fields.push(file_field(vm, &name, file)?);
    }
    Ok(fields)
}

fn data_field(vm: &VirtualMachine, name: &PyObject, value: &PyObject) -> PyResult<Field> {
    let name = field_name(vm, name)?;
    let part = Part { name, filename: None, headers: Vec::new() };
    if let Some(value) = value.downcast_ref::<PyBytes>() {
        return Ok(Field { part, content: Content::Bytes(Bytes::copy_from_slice(value.as_bytes())) });
    }
    let primitive = vm.is_none(value)
        || value.downcastable::<PyStr>()
        || value.downcastable::<PyInt>()
        || value.downcastable::<PyFloat>();
    if !primitive {
        return Err(wrong_type(vm, "Invalid type for value. Expected primitive type", value)?);
    }
    Ok(Field { part, content: Content::Bytes(query_value(vm, value)?.into()) })
}

fn file_field(vm: &VirtualMachine, name: &PyObject, value: PyObjectRef) -> PyResult<Field> {
    let name = field_name(vm, name)?;
    let FileTuple { filename, file, content_type, mut headers } = FileTuple::read(vm, value)?;
    let content_type = content_type.or_else(|| {
        let filename = filename.as_deref().filter(|filename| !filename.is_empty())?;
        Some(multipart::guess_content_type(filename).to_owned())
    });
    let has_content_type = headers.iter().any(|(name, _)| name.to_lowercase().contains("content-type"));
    if let Some(content_type) = content_type
        && !has_content_type
    {
        headers.push(("Content-Type".to_owned(), content_type));
    }
    let filename = filename.filter(|filename| !filename.is_empty());
    let content = file_content(vm, file)?;
    Ok(Field { part: Part { name, filename, headers }, content })
}

fn file_content(vm: &VirtualMachine, file: PyObjectRef) -> PyResult<Content> {
    if let Some(bytes) = file.downcast_ref::<PyBytes>() {
        return Ok(Content::Bytes(Bytes::copy_from_slice(bytes.as_bytes())));
    }
    if let Some(text) = file.downcast_ref::<PyStr>() {
        return Ok(Content::Bytes(utf8(vm, text)?));
    }
    let io = vm.import("io", 0)?;
    if file.is_instance(&*io.get_attr("StringIO", vm)?, vm)? {
        return Err(vm.new_type_error("Multipart file uploads require 'io.BytesIO', not 'io.StringIO'."));
    }
    if file.is_instance(&*io.get_attr("TextIOBase", vm)?, vm)? {
        return Err(vm.new_type_error("Multipart file uploads must be opened in binary mode, not text mode."));
    }
    Ok(Content::File(file))
}

/// What `files=` gives for one file: the content alone, or a tuple of up to four.
struct FileTuple {
    filename: Option<String>,
    file: PyObjectRef,
    content_type: Option<String>,
    headers: Vec<(String, String)>,
}

impl FileTuple {
    fn read(vm: &VirtualMachine, value: PyObjectRef) -> PyResult<Self> {
        let Some(tuple) = value.downcast_ref::<PyTuple>() else {
            let filename = Some(name_of_file(vm, &value)?);
            return Ok(Self { filename, file: value, content_type: None, headers: Vec::new() });
        };
        let text = |value: &PyObjectRef| optional_text(vm, value);
        let (filename, file, content_type, headers) = match tuple.as_slice() {
            [filename, file] => (text(filename)?, file, None, Vec::new()),
            [filename, file, content_type] => (text(filename)?, file, text(content_type)?, Vec::new()),
            [filename, file, content_type, headers] => {
                (text(filename)?, file, text(content_type)?, part_headers(vm, headers)?)
            }
            other => {
                return Err(vm.new_value_error(format!(
                    "a file must be given as (name, content[, type[, headers]]), not as {} values",
                    other.len()
                )));
            }
        };
        Ok(Self { filename, file: file.clone(), content_type, headers })
    }
}

/// The last component of the file object's `name`, or `upload`.
fn name_of_file(vm: &VirtualMachine, file: &PyObject) -> PyResult<String> {
    let Some(name) = vm.get_attribute_opt(file, "name")? else {
        return Ok("upload".to_owned());
    };
    let name = name.str(vm)?;
    let name = name.try_as_utf8(vm)?.as_str();
    Ok(std::path::Path::new(name).file_name().map_or_else(String::new, |name| name.to_string_lossy().into()))
}

fn part_headers(vm: &VirtualMachine, headers: &PyObject) -> PyResult<Vec<(String, String)>> {
    let header = |(name, value): (PyObjectRef, PyObjectRef)| Ok((text(vm, &name)?, text(vm, &value)?));
    mapping::items(vm, headers)?.into_iter().map(header).collect()
}

fn field_name(vm: &VirtualMachine, name: &PyObject) -> PyResult<String> {
    match name.downcast_ref::<PyStr>() {
        Some(name) => Ok(name.try_as_utf8(vm)?.as_str().to_owned()),
        None => Err(wrong_type(vm, "Invalid type for name. Expected str", name)?),
    }
}

fn wrong_type(
    vm: &VirtualMachine,
    expected: &str,
    value: &PyObject,
) -> PyResult<rustpython_vm::builtins::PyBaseExceptionRef> {
    let (class, value) = (value.class().as_object().repr(vm)?, value.repr(vm)?);
    Ok(vm.new_type_error(format!("{expected}, got {class}: {value}")))
}

fn optional_text(vm: &VirtualMachine, value: &PyObject) -> PyResult<Option<String>> {
    if vm.is_none(value) { Ok(None) } else { text(vm, value).map(Some) }
}

fn text(vm: &VirtualMachine, value: &PyObject) -> PyResult<String> {
    if let Some(value) = value.downcast_ref::<PyUtf8Str>() {
        return Ok(value.as_str().to_owned());
    }
    match value.downcast_ref::<PyStr>() {
        Some(value) => Ok(value.try_as_utf8(vm)?.as_str().to_owned()),
        None => Err(wrong_type(vm, "Invalid value in a file tuple. Expected str", value)?),
    }
}
