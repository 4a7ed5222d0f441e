//! `websockets.datastructures.Headers`.

use std::collections::HashSet;

use rustpython_vm::builtins::{PyDict, PyStr, PyStrRef, PyType};
use rustpython_vm::class::StaticType as _;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{FuncArgs, PyComparisonValue};
use rustpython_vm::protocol::{PyMappingMethods, PySequenceMethods};
use rustpython_vm::types::{
    AsMapping, AsSequence, Comparable, Constructor, Initializer, Iterable, PyComparisonOp, Representable,
};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    atomic_func, pyclass,
};

use crate::errors;

/// Headers(headers=(), /, **kwargs)
/// --
///
/// HTTP header fields: a mapping whose keys are compared without case and may have several values.
///
/// `headers[name]` is the value; it raises `KeyError` without one and `MultipleValuesError` if there are
/// several, which `get_all(name)` lists. `headers[name] = value` adds a value and keeps those there are.
/// Iterating and `len()` are over the names in lower case, each once; `raw_items()` has everything as given.
///
/// Values hold tabs and the visible characters of ISO-8859-1; assigning others raises `InvalidHeaderValue`.
#[pyclass(name = "Headers", module = "websockets.datastructures", unhashable = true, traverse)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Headers {
    fields: PyMutex<Vec<Field>>,
}

#[derive(Clone, Debug, Traverse)]
struct Field {
    name: PyStrRef,
    /// A str, or whatever a program assigned.
    value: PyObjectRef,
}

/// The arguments of `get`.
#[derive(FromArgs)]
struct GetArgs {
    #[pyarg(any)]
    key: PyObjectRef,
    #[pyarg(any, optional)]
    default: Option<PyObjectRef>,
}

impl Field {
    fn new(vm: &VirtualMachine, name: &str, value: &str) -> Self {
        Self { name: vm.ctx.new_str(name), value: vm.ctx.new_str(value).into() }
    }
}

/// Whether two names are the same but for case.
fn same(one: &Py<PyStr>, other: &Py<PyStr>) -> bool {
    let (one_bytes, other_bytes) = (one.as_bytes(), other.as_bytes());
    if one.isascii() || other.isascii() {
        return one_bytes.eq_ignore_ascii_case(other_bytes);
    }
    lower(one) == lower(other)
}

/// A name as it is compared.
fn lower(name: &Py<PyStr>) -> Vec<u8> {
    match name.to_str() {
        Some(text) if !name.isascii() => text.to_lowercase().into_bytes(),
        _ => name.as_bytes().to_ascii_lowercase(),
    }
}

/// Whether a value may be sent: no control characters but tabs, nothing outside ISO-8859-1.
fn is_valid(value: &Py<PyStr>) -> bool {
    let legal = |character| matches!(character, '\t' | ' '..='~' | '\u{80}'..='\u{ff}');
    value.to_str().is_some_and(|text| text.chars().all(legal))
}

impl Headers {
    /// Headers of these fields, whose values are not checked.
    pub(crate) fn of<'a>(
        vm: &VirtualMachine,
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> PyRef<Self> {
        let fields = fields.into_iter().map(|(name, value)| Field::new(vm, name, value)).collect();
        Self { fields: PyMutex::new(fields) }.into_ref(&vm.ctx)
    }

    /// The values of a field, in order.
    pub(crate) fn values_of(&self, name: &str) -> Vec<PyObjectRef> {
        let fields = self.fields.lock();
        let named = fields.iter().filter(|field| field.name.as_bytes().eq_ignore_ascii_case(name.as_bytes()));
        named.map(|field| field.value.clone()).collect()
    }

    /// Writes the fields and the empty line after them, in ISO-8859-1.
    ///
    /// # Errors
    /// `UnicodeEncodeError` for what ISO-8859-1 does not have.
    pub(crate) fn write(&self, out: &mut Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
        for Field { name, value } in self.snapshot() {
            let value = value.str(vm)?;
            for (text, end) in [(&*name, b": "), (&*value, b"\r\n")] {
                if text.isascii() {
                    out.extend_from_slice(text.as_bytes());
                } else {
                    let encoded = vm.call_method(text.as_object(), "encode", ("iso-8859-1",))?;
                    out.extend_from_slice(&encoded.try_to_value::<Vec<u8>>(vm)?);
                }
                out.extend_from_slice(end);
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn snapshot(&self) -> Vec<Field> {
        self.fields.lock().clone()
    }

    fn find(&self, name: &Py<PyStr>) -> Vec<PyObjectRef> {
        let fields = self.fields.lock();
        fields.iter().filter(|field| same(&field.name, name)).map(|field| field.value.clone()).collect()
    }

    fn lookup(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let mut values = self.find(name_of(key, vm)?);
        match values.len() {
            0 => Ok(None),
            1 => Ok(values.pop()),
            _ => {
                let class = errors::attribute(vm, "websockets.datastructures", "MultipleValuesError")?;
                Err(class.call((key.to_owned(),), vm)?.try_into_value(vm)?)
            }
        }
    }

    fn assign(&self, key: &PyObject, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let name = name_of(key, vm)?;
        if !is_valid(&*value.str(vm)?) {
            return Err(errors::new(vm, "InvalidHeaderValue", (key.to_owned(), value)));
        }
        self.fields.lock().push(Field { name: name.to_owned(), value });
        Ok(())
    }

    fn delete(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let name = name_of(key, vm)?;
        // What is removed is dropped without the lock: it may run a program's code.
        let removed: Vec<Field> =
            self.fields.lock().extract_if(.., |field| same(&field.name, name)).collect();
        if removed.is_empty() { Err(vm.new_key_error(key.to_owned())) } else { Ok(()) }
    }

    /// The names in lower case, each once, in the order of their first values.
    fn names(&self) -> Vec<PyStrRef> {
        let mut seen = HashSet::new();
        let fields = self.snapshot();
        fields.into_iter().map(|field| field.name).filter(|name| seen.insert(lower(name))).collect()
    }

    fn update_from(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        let given = args.args.len();
        let [source] = args.args.as_slice() else {
            if given > 1 {
                let message = format!("Headers takes at most 1 positional argument ({given} given)");
                return Err(vm.new_type_error(message));
            }
            return Self::put_all(zelf, keywords(args, vm), vm);
        };
        if let Some(headers) = source.downcast_ref::<Self>() {
            let pairs = headers.snapshot().into_iter().map(|field| (field.name.into(), field.value));
            Self::put_all(zelf, pairs.collect(), vm)?;
        } else if let Some(dict) = source.downcast_ref_if_exact::<PyDict>(vm) {
            Self::put_all(zelf, dict.items_vec(), vm)?;
        } else if let Some(keys) = vm.get_attribute_opt(source, "keys")? {
            let keys: Vec<PyObjectRef> = keys.call((), vm)?.try_to_value(vm)?;
            for key in keys {
                let value = source.get_item(&*key, vm)?;
                Self::put(zelf, key, value, vm)?;
            }
        } else {
            for pair in source.try_to_value::<Vec<PyObjectRef>>(vm)? {
                let (key, value) = pair_of(&pair, vm)?;
                Self::put(zelf, key, value, vm)?;
            }
        }
        Self::put_all(zelf, keywords(args, vm), vm)
    }

    fn put_all(zelf: &Py<Self>, pairs: Vec<(PyObjectRef, PyObjectRef)>, vm: &VirtualMachine) -> PyResult<()> {
        pairs.into_iter().try_for_each(|(key, value)| Self::put(zelf, key, value, vm))
    }

    /// Assigns as the class of the headers does.
    fn put(zelf: &Py<Self>, key: PyObjectRef, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.class().is(Self::static_type()) {
            return zelf.assign(&key, value, vm);
        }
        zelf.as_object().set_item(&*key, value, vm)
    }
}

fn keywords(args: FuncArgs, vm: &VirtualMachine) -> Vec<(PyObjectRef, PyObjectRef)> {
    args.kwargs.into_iter().map(|(name, value)| (vm.ctx.new_str(name).into(), value)).collect()
}

fn name_of<'a>(key: &'a PyObject, vm: &VirtualMachine) -> PyResult<&'a Py<PyStr>> {
    key.downcast_ref::<PyStr>()
        .ok_or_else(|| vm.new_type_error(format!("header names are str, not {}", key.class().name())))
}

/// The two elements of a pair.
///
/// # Errors
/// `ValueError` for another number of elements.
pub(crate) fn pair_of(pair: &PyObject, vm: &VirtualMachine) -> PyResult<(PyObjectRef, PyObjectRef)> {
    let elements: Vec<PyObjectRef> = pair.try_to_value(vm)?;
    let count = elements.len();
    <[PyObjectRef; 2]>::try_from(elements).map(|[key, value]| (key, value)).map_err(|_| {
        vm.new_value_error(if count < 2 {
            format!("not enough values to unpack (expected 2, got {count})")
        } else {
            "too many values to unpack (expected 2)".to_owned()
        })
    })
}

impl Constructor for Headers {
    type Args = FuncArgs;

    fn py_new(_cls: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Headers {
    type Args = FuncArgs;

    fn init(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        drop(std::mem::take(&mut *zelf.fields.lock()));
        Self::update_from(zelf, args, vm)
    }
}

impl Comparable for Headers {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| {
            let Some(other) = other.downcast_ref::<Self>() else {
                return Ok(PyComparisonValue::NotImplemented);
            };
            let names = zelf.names();
            if names.len() != other.names().len() {
                return Ok(false.into());
            }
            for name in names {
                let (ours, theirs) = (zelf.find(&name), other.find(&name));
                if ours.len() != theirs.len() {
                    return Ok(false.into());
                }
                for (one, another) in ours.iter().zip(&theirs) {
                    if !vm.bool_eq(one, another)? {
                        return Ok(false.into());
                    }
                }
            }
            Ok(true.into())
        })
    }
}

impl Representable for Headers {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let pairs = Self::pairs(zelf, vm);
        Ok(format!("{}({})", zelf.class().name(), pairs.repr_utf8(vm)?.as_str()))
    }
}

impl AsMapping for Headers {
    fn as_mapping() -> &'static PyMappingMethods {
        static METHODS: PyMappingMethods = PyMappingMethods {
            length: atomic_func!(|mapping, _vm| Ok(Headers::mapping_downcast(mapping).names().len())),
            subscript: atomic_func!(|mapping, key, vm| {
                let value = Headers::mapping_downcast(mapping).lookup(key, vm)?;
                value.ok_or_else(|| vm.new_key_error(key.to_owned()))
            }),
            ass_subscript: atomic_func!(|mapping, key, value, vm| {
                let headers = Headers::mapping_downcast(mapping);
                match value {
                    Some(value) => headers.assign(key, value, vm),
                    None => headers.delete(key, vm),
                }
            }),
        };
        &METHODS
    }
}

impl AsSequence for Headers {
    fn as_sequence() -> &'static PySequenceMethods {
        static METHODS: PySequenceMethods = PySequenceMethods {
            contains: atomic_func!(|sequence, key, _vm| {
                let headers = Headers::sequence_downcast(sequence);
                Ok(key.downcast_ref::<PyStr>().is_some_and(|name| !headers.find(name).is_empty()))
            }),
            ..PySequenceMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl Iterable for Headers {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        let lower = |name: PyStrRef| match name.to_str() {
            Some(text) => vm.ctx.new_str(text.to_lowercase()).into(),
            None => name.into(),
        };
        let names = zelf.names().into_iter().map(lower).collect();
        Ok(vm.ctx.new_list(names).as_object().get_iter(vm)?.into())
    }
}

#[pyclass(
    flags(BASETYPE, MAPPING),
    with(Constructor, Initializer, Comparable, Representable, AsMapping, AsSequence, Iterable)
)]
impl Headers {
    /// The fields as they are sent, the empty line after them included.
    #[pymethod]
    fn __str__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyStrRef> {
        let mut text = rustpython_vm::common::wtf8::Wtf8Buf::new();
        for Field { name, value } in zelf.snapshot() {
            text.push_wtf8(name.as_wtf8());
            text.push_str(": ");
            text.push_wtf8(value.str(vm)?.as_wtf8());
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        Ok(vm.ctx.new_str(text))
    }

    /// The fields as they are sent, in ISO-8859-1, the empty line after them included.
    ///
    /// Raises `UnicodeEncodeError` for what ISO-8859-1 does not have.
    #[pymethod]
    fn serialize(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        zelf.write(&mut out, vm)?;
        Ok(out)
    }

    /// Other headers of the same class with the same fields.
    #[pymethod]
    fn copy(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let copy = zelf.class().as_object().call((), vm)?;
        if let Some(headers) = copy.downcast_ref::<Self>() {
            let replaced = std::mem::replace(&mut *headers.fields.lock(), zelf.snapshot());
            drop(replaced);
        }
        Ok(copy)
    }

    /// `get(key, default=None)`
    ///
    /// The value of the header `key`, or `default`. Raises `MultipleValuesError` if it has several.
    #[pymethod]
    fn get(zelf: &Py<Self>, args: GetArgs, vm: &VirtualMachine) -> PyResult {
        let found = if zelf.class().is(Self::static_type()) {
            zelf.lookup(&args.key, vm)?
        } else {
            match zelf.as_object().get_item(&*args.key, vm) {
                Err(error) if error.fast_isinstance(vm.ctx.exceptions.key_error) => None,
                result => Some(result?),
            }
        };
        Ok(found.unwrap_or_else(|| vm.unwrap_or_none(args.default)))
    }

    /// Removes every field.
    #[pymethod]
    fn clear(zelf: &Py<Self>) {
        drop(std::mem::take(&mut *zelf.fields.lock()));
    }

    /// `update(headers=(), /, **kwargs)`
    ///
    /// Adds the fields of other headers, of a mapping or of pairs, and those given by keyword.
    #[pymethod]
    fn update(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::update_from(zelf, args, vm)
    }

    /// `get_all(name)`
    ///
    /// A list of the values of `name`, empty if it has none.
    #[pymethod]
    fn get_all(zelf: &Py<Self>, name: PyStrRef, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx.new_list(zelf.find(&name)).into()
    }

    /// An iterator over all names and values, as they were given.
    #[pymethod]
    fn raw_items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(Self::pairs(zelf, vm).get_iter(vm)?.into())
    }

    /// `set_insecure(name, value)`
    ///
    /// Adds a value without checking it.
    #[pymethod]
    fn set_insecure(zelf: &Py<Self>, name: PyStrRef, value: PyObjectRef) {
        zelf.fields.lock().push(Field { name, value });
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let make = vm.import("copyreg", 0)?.get_attr("__newobj__", vm)?;
        let class = vm.ctx.new_tuple(vec![zelf.class().to_owned().into()]);
        let dict = zelf.as_object().dict().map_or_else(|| vm.ctx.none(), Into::into);
        let state = vm.ctx.new_tuple(vec![dict, Self::pairs(zelf, vm)]);
        Ok(vm.ctx.new_tuple(vec![make, class.into(), state.into()]).into())
    }

    #[pymethod]
    fn __reduce_ex__(zelf: &Py<Self>, _protocol: usize, vm: &VirtualMachine) -> PyResult {
        Self::__reduce__(zelf, vm)
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let (dict, pairs) = pair_of(&state, vm)?;
        if let (Some(dict), Some(own)) = (dict.downcast_ref::<PyDict>(), zelf.as_object().dict()) {
            for (name, value) in dict.items_vec() {
                own.set_item(&*name, value, vm)?;
            }
        }
        let mut fields = Vec::new();
        for pair in pairs.try_to_value::<Vec<PyObjectRef>>(vm)? {
            let (name, value) = pair_of(&pair, vm)?;
            fields.push(Field { name: name.try_into_value(vm)?, value });
        }
        let replaced = std::mem::replace(&mut *zelf.fields.lock(), fields);
        drop(replaced);
        Ok(())
    }

    fn pairs(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let pair = |field: Field| vm.ctx.new_tuple(vec![field.name.into(), field.value]).into();
        vm.ctx.new_list(zelf.snapshot().into_iter().map(pair).collect()).into()
    }
}
