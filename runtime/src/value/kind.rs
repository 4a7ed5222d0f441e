//! What kind of value a Python object is to serde: the one place that knows Python's types.

use std::time::Duration;

use rustpython_vm::builtins::{
    PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMemoryView, PySet, PyStr, PyTuple,
    PyType,
};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use super::error::{Error, cut};

/// Longer values are truncated in messages.
const MAX_DISPLAY_CHARS: usize = 40;

/// Longer ones are not shown at all.
const MAX_DISPLAY_BYTES: usize = 4096;

/// How many enumeration members may be nested in each other as values.
const MAX_ENUM_DEPTH: usize = 8;

/// The kinds of Python objects.
pub(super) enum PyKind {
    None,
    Bool(bool),
    Integer(PyRef<PyInt>),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Sequence(Vec<PyObjectRef>),
    /// A named tuple: its items, and its names with them.
    Record(Vec<PyObjectRef>, Vec<Pair>),
    Mapping(Vec<Pair>),
    /// A `datetime`, `date` or `time`, which also has a text.
    Moment(PyObjectRef, String),
    Timedelta(PyObjectRef),
    /// Anything else.
    Opaque,
}

/// A key and its value.
pub(super) type Pair = (PyObjectRef, PyObjectRef);

impl PyKind {
    /// The kind of `object`; its own code may run (`__fspath__`, properties of an enumeration).
    ///
    /// # Errors
    /// What that code raised; `ValueError` for text with lone surrogates.
    pub(super) fn of(vm: &VirtualMachine, object: &PyObject) -> Result<Self, Error> {
        if let Some(kind) = Self::of_builtin(vm, object)? {
            return Ok(kind);
        }
        let mut value = object.to_owned();
        for _ in 0..MAX_ENUM_DEPTH {
            if !is_instance(vm, &value, "enum", "Enum") {
                break;
            }
            value = value.get_attr("_value_", vm)?;
            if let Some(kind) = Self::of_builtin(vm, &value)? {
                return Ok(kind);
            }
        }
        Self::of_library(vm, &value)
    }

    /// How much memory it takes in Rust, approximately.
    pub(super) fn size(&self) -> usize {
        let inside = match self {
            Self::Text(text) | Self::Moment(_, text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        inside.saturating_add(usize::BITS as usize)
    }

    fn of_builtin(vm: &VirtualMachine, object: &PyObject) -> Result<Option<Self>, Error> {
        let kind = if vm.is_none(object) {
            Self::None
        } else if object.class().is(vm.ctx.types.bool_type) {
            Self::Bool(object.is(&vm.ctx.true_value))
        } else if let Some(integer) = object.downcast_ref::<PyInt>() {
            Self::Integer(integer.to_owned())
        } else if let Some(float) = object.downcast_ref::<PyFloat>() {
            Self::Float(float.to_f64())
        } else if let Some(text) = object.downcast_ref::<PyStr>() {
            Self::Text(text_of(text)?)
        } else if let Some(list) = object.downcast_ref::<PyList>() {
            Self::Sequence(list.borrow_vec().to_vec())
        } else if let Some(tuple) = object.downcast_ref::<PyTuple>() {
            let items = tuple.as_slice().to_vec();
            match field_names(vm, object) {
                Some(names) => {
                    let pairs = names.into_iter().zip(items.iter().cloned()).collect();
                    Self::Record(items, pairs)
                }
                None => Self::Sequence(items),
            }
        } else if let Some(dict) = object.downcast_ref::<PyDict>() {
            Self::Mapping(dict.items_vec())
        } else if let Some(set) = object.downcast_ref::<PySet>() {
            Self::Sequence(set.elements())
        } else if let Some(set) = object.downcast_ref::<PyFrozenSet>() {
            Self::Sequence(set.elements())
        } else if let Some(bytes) = object.downcast_ref::<PyBytes>() {
            Self::Bytes(bytes.as_bytes().to_vec())
        } else if let Some(bytes) = object.downcast_ref::<PyByteArray>() {
            Self::Bytes(bytes.borrow_buf().to_vec())
        } else if object.downcast_ref::<PyMemoryView>().is_some() {
            Self::Bytes(object.try_bytes_like(vm, <[u8]>::to_vec)?)
        } else {
            return Ok(None);
        };
        Ok(Some(kind))
    }

    /// Classes of the standard library that are written in Python, and what follows their protocols.
    fn of_library(vm: &VirtualMachine, object: &PyObject) -> Result<Self, Error> {
        if ["date", "time"].iter().any(|name| is_instance(vm, object, "datetime", name)) {
            let text = vm.call_method(object, "isoformat", ())?;
            let text = text.downcast_ref::<PyStr>().map(|text| text_of(text)).transpose()?;
            return Ok(text.map_or(Self::Opaque, |text| Self::Moment(object.to_owned(), text)));
        }
        if is_instance(vm, object, "datetime", "timedelta") {
            return Ok(Self::Timedelta(object.to_owned()));
        }
        if has_class_attribute(vm, object, "__dataclass_fields__") {
            return fields(vm, object).map(Self::Mapping).map_err(Error::from);
        }
        if has_class_attribute(vm, object, "__fspath__") {
            let path = vm.call_method(object, "__fspath__", ())?;
            return Ok(Self::of_builtin(vm, &path)?.unwrap_or(Self::Opaque));
        }
        Ok(Self::Opaque)
    }
}

/// The text of a `str`.
fn text_of(text: &PyStr) -> Result<String, Error> {
    let message = || format!("expected text of valid Unicode, got {:?}", text.to_string_lossy());
    text.to_str().map(str::to_owned).ok_or_else(|| Error::of_value(cut(&message(), 120)))
}

/// The names of a named tuple.
fn field_names(vm: &VirtualMachine, tuple: &PyObject) -> Option<Vec<PyObjectRef>> {
    if tuple.class().is(vm.ctx.types.tuple_type) {
        return None;
    }
    let names = tuple.class().get_attr(vm.ctx.intern_str("_fields"))?;
    Some(names.downcast_ref::<PyTuple>()?.as_slice().to_vec())
}

/// The fields of a dataclass instance, in order.
fn fields(vm: &VirtualMachine, object: &PyObject) -> PyResult<Vec<Pair>> {
    let fields = vm.import("dataclasses", 0)?.get_attr("fields", vm)?.call((object.to_owned(),), vm)?;
    let fields: Vec<PyObjectRef> = fields.try_into_value(vm)?;
    let pairs = fields.into_iter().map(|field| {
        let name = field.get_attr("name", vm)?;
        let attribute = name.downcast_ref::<PyStr>().map(ToOwned::to_owned);
        let attribute = attribute.ok_or_else(|| vm.new_type_error("the name of a field is not a str"))?;
        Ok((name, object.get_attr(&attribute, vm)?))
    });
    pairs.collect()
}

fn has_class_attribute(vm: &VirtualMachine, object: &PyObject, name: &'static str) -> bool {
    object.class().get_attr(vm.ctx.intern_str(name)).is_some()
}

/// Whether `object` is an instance of a class of a module. It is not if the module was never imported.
fn is_instance(vm: &VirtualMachine, object: &PyObject, module: &str, class: &'static str) -> bool {
    let modules = vm.sys_module.get_attr("modules", vm);
    let class = modules.and_then(|modules| modules.get_item(module, vm)?.get_attr(class, vm));
    class.is_ok_and(|class| class.downcast_ref::<PyType>().is_some_and(|class| object.fast_isinstance(class)))
}

/// `object` for a message: its value if that is short and of a built-in type, and its type.
pub(super) fn display(vm: &VirtualMachine, object: &PyObject) -> String {
    let class = object.class();
    let types = &vm.ctx.types;
    if vm.is_none(object) || class.is(types.bool_type) {
        return object.repr(vm).map_or_else(|_| class.name().to_string(), |text| text.to_string());
    }
    let integer = object.downcast_ref::<PyInt>().filter(|_| class.is(types.int_type));
    if integer.is_some_and(|integer| integer.as_bigint().bits() > 256) {
        return "an int of more than 256 bits".to_owned();
    }
    let size = object.downcast_ref::<PyStr>().map(|text| text.as_bytes().len());
    let size = size.or_else(|| object.downcast_ref::<PyBytes>().map(|bytes| bytes.as_bytes().len()));
    if size.is_some_and(|size| size > MAX_DISPLAY_BYTES) {
        return format!("{} of more than {MAX_DISPLAY_BYTES} bytes", class.name());
    }
    let is_plain = [types.int_type, types.float_type, types.str_type, types.bytes_type]
        .iter()
        .any(|plain| class.is(*plain));
    match object.repr(vm).ok().filter(|_| is_plain) {
        Some(text) => format!("{} ({})", cut(&text.to_string_lossy(), MAX_DISPLAY_CHARS), class.name()),
        None => class.name().to_string(),
    }
}

/// A `timedelta` as a duration.
///
/// # Errors
/// `OverflowError` for a negative one.
pub(super) fn duration(vm: &VirtualMachine, timedelta: &PyObject) -> Result<Duration, Error> {
    let part = |name: &'static str| -> PyResult<i64> { timedelta.get_attr(name, vm)?.try_into_value(vm) };
    let (days, seconds, micros) = (part("days")?, part("seconds")?, part("microseconds")?);
    let whole = days.checked_mul(86_400).and_then(|days| days.checked_add(seconds));
    let duration = whole.and_then(|whole| u64::try_from(whole).ok()).zip(u32::try_from(micros).ok());
    let duration = duration.map(|(seconds, micros)| {
        Duration::from_secs(seconds).checked_add(Duration::from_micros(micros.into()))
    });
    duration.flatten().ok_or_else(|| {
        let text = timedelta.str(vm).map_or_else(|_| String::new(), |text| text.to_string());
        Error::of_range(format!("expected a duration that is not negative, got {text}"))
    })
}
