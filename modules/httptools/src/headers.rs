//! The headers of a whole message.

use rustpython_vm::builtins::{PyBytes, PyDict, PyDictRef, PyStr, PyStrRef};
use rustpython_vm::function::PyComparisonValue;
use rustpython_vm::protocol::{PyMappingMethods, PySequenceMethods};
use rustpython_vm::types::{AsMapping, AsSequence, Comparable, Iterable, PyComparisonOp, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, atomic_func,
    pyclass,
};
use tauraro_engine::http1::FieldLines;

/// The headers whose values are not shown in a repr.
const SENSITIVE: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// The headers of a message: a mapping whose keys are compared without case and keep their spelling. A
/// header that came several times has its values joined with commas (RFC 9110 section 5.3); `get_list` has
/// them one by one. Values are read as ISO-8859-1.
#[pyclass(module = "httptools", name = "Headers", unhashable = true)]
#[derive(Debug, PyPayload)]
pub(crate) struct Headers {
    lines: FieldLines,
}

/// The arguments of `get`.
#[derive(FromArgs)]
struct GetArgs {
    #[pyarg(any)]
    key: PyObjectRef,
    #[pyarg(any, optional)]
    default: Option<PyObjectRef>,
}

/// Text that has one character a byte.
pub(crate) fn latin1(vm: &VirtualMachine, bytes: &[u8]) -> PyStrRef {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => vm.ctx.new_str(text),
        _ => vm.ctx.new_str(bytes.iter().copied().map(char::from).collect::<String>()),
    }
}

/// The values of one name, joined.
fn join<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    values.map(<[u8]>::to_vec).reduce(|mut all, value| {
        all.extend_from_slice(b", ");
        all.extend(value);
        all
    })
}

impl Headers {
    pub(crate) fn new(lines: FieldLines) -> Self {
        Self { lines }
    }

    /// The bytes of a key, which is a str or bytes.
    fn key(key: &PyObject, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        if let Some(text) = key.downcast_ref::<PyStr>() {
            return Ok(text.as_bytes().to_vec());
        }
        if let Some(bytes) = key.downcast_ref::<PyBytes>() {
            return Ok(bytes.as_bytes().to_vec());
        }
        Err(vm.new_type_error(format!("header names are str or bytes, not {}", key.class().name())))
    }

    fn lookup(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let key = Self::key(key, vm)?;
        Ok(join(self.lines.get_all(&key)).map(|value| latin1(vm, &value).into()))
    }

    /// The first spelling of each name, with its values joined.
    fn joined(&self) -> Vec<(&[u8], Vec<u8>)> {
        let mut joined: Vec<(&[u8], Vec<u8>)> = Vec::with_capacity(self.lines.len());
        for (name, value) in self.lines.iter() {
            match joined.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
                Some((_, values)) => {
                    values.extend_from_slice(b", ");
                    values.extend_from_slice(value);
                }
                None => joined.push((name, value.to_vec())),
            }
        }
        joined
    }

    fn dict(&self, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let dict = vm.ctx.new_dict();
        for (name, value) in self.joined() {
            dict.set_item(&*latin1(vm, name), latin1(vm, &value).into(), vm)?;
        }
        Ok(dict)
    }
}

impl Comparable for Headers {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        let other = match other.downcast_ref::<Self>() {
            Some(other) => other.dict(vm)?,
            None => match other.downcast_ref::<PyDict>() {
                Some(dict) => dict.to_owned(),
                None => return Ok(PyComparisonValue::NotImplemented),
            },
        };
        op.eq_only(|| {
            let mut equal = zelf.joined().len() == other.__len__();
            for (key, value) in other {
                let known =
                    key.downcast_ref::<PyStr>().or(None).map(|_| zelf.lookup(&key, vm)).transpose()?;
                equal = equal && matches!(known, Some(Some(known)) if vm.bool_eq(&known, &value)?);
            }
            Ok(equal.into())
        })
    }
}

impl Representable for Headers {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let dict = zelf.dict(vm)?;
        for (name, _) in zelf.joined() {
            if SENSITIVE.iter().any(|sensitive| sensitive.as_bytes().eq_ignore_ascii_case(name)) {
                dict.set_item(&*latin1(vm, name), vm.ctx.new_str("[secure]").into(), vm)?;
            }
        }
        Ok(dict.as_object().repr_utf8(vm)?.as_str().to_owned())
    }
}

impl AsMapping for Headers {
    fn as_mapping() -> &'static PyMappingMethods {
        static METHODS: PyMappingMethods = PyMappingMethods {
            length: atomic_func!(|mapping, _vm| Ok(Headers::mapping_downcast(mapping).joined().len())),
            subscript: atomic_func!(|mapping, key, vm| {
                let value = Headers::mapping_downcast(mapping).lookup(key, vm)?;
                value.ok_or_else(|| vm.new_key_error(key.to_owned()))
            }),
            ..PyMappingMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl AsSequence for Headers {
    fn as_sequence() -> &'static PySequenceMethods {
        static METHODS: PySequenceMethods = PySequenceMethods {
            contains: atomic_func!(|sequence, key, vm| {
                let headers = Headers::sequence_downcast(sequence);
                Ok(headers.lookup(key, vm)?.is_some())
            }),
            ..PySequenceMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl Iterable for Headers {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(zelf.dict(vm)?.as_object().get_iter(vm)?.into())
    }
}

#[pyclass(
    flags(DISALLOW_INSTANTIATION, HAS_WEAKREF, MAPPING),
    with(Comparable, Representable, AsMapping, AsSequence, Iterable)
)]
impl Headers {
    /// `get(key, default=None)`
    ///
    /// The value of a header, several joined with commas, or the default.
    #[pymethod]
    fn get(zelf: &Py<Self>, args: GetArgs, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        Ok(zelf.lookup(&args.key, vm)?.unwrap_or_else(|| vm.unwrap_or_none(args.default)))
    }

    /// The values of a header, one by one, in a list that is empty where there is none.
    #[pymethod]
    fn get_list(zelf: &Py<Self>, key: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        let key = Self::key(&key, vm)?;
        let values = zelf.lines.get_all(&key).map(|value| latin1(vm, value).into());
        Ok(vm.ctx.new_list(values.collect()).into())
    }

    /// The names, each once, as they were spelled first.
    #[pymethod]
    fn keys(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(zelf.dict(vm)?.as_object(), "keys", ())
    }

    /// The values, those of a repeated name joined with commas.
    #[pymethod]
    fn values(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(zelf.dict(vm)?.as_object(), "values", ())
    }

    /// Names and values, those of a repeated name joined with commas.
    #[pymethod]
    fn items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(zelf.dict(vm)?.as_object(), "items", ())
    }

    /// A list of every name and value in the order of the message.
    #[pymethod]
    fn multi_items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let pairs = zelf.lines.iter().map(|(name, value)| {
            vm.ctx.new_tuple(vec![latin1(vm, name).into(), latin1(vm, value).into()]).into()
        });
        vm.ctx.new_list(pairs.collect()).into()
    }

    /// The same as bytes, as they were sent.
    #[pygetset]
    fn raw(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let bytes = |bytes: &[u8]| vm.ctx.new_bytes(bytes.to_vec()).into();
        let pairs =
            zelf.lines.iter().map(|(name, value)| vm.ctx.new_tuple(vec![bytes(name), bytes(value)]).into());
        vm.ctx.new_list(pairs.collect()).into()
    }
}
