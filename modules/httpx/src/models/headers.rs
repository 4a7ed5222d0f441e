//! `httpx.Headers`.

use std::collections::HashSet;

use bytes::Bytes;
use rustpython_vm::builtins::{PyDictRef, PyStr, PyStrRef, PyTuple, PyType, PyTypeRef, PyUtf8StrRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgIntoBool, FuncArgs, OptionalArg, PyComparisonValue, PySetterValue};
use rustpython_vm::protocol::{PyMappingMethods, PySequenceMethods};
use rustpython_vm::types::{
    AsMapping, AsSequence, Comparable, Constructor, Initializer, Iterable, PyComparisonOp, Representable,
};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, atomic_func,
    pyclass,
};
use tauraro_engine as engine;

use super::header_text::{assigned, decode, encode, to_bytes};
use super::mapping::{self, KeyDefault, Pair, PopArgs};

/// The fields whose values are not shown in a repr.
const SENSITIVE: [&[u8]; 2] = [b"authorization", b"proxy-authorization"];

/// `Headers(headers=None, encoding=None)`
///
/// HTTP header fields: an ordered mapping whose keys are compared without case and can have several
/// values, which indexing joins with commas (RFC 9110 section 5.3).
///
/// Arguments: a mapping or an iterable of pairs, of str or bytes, or other `Headers`; the encoding
/// by which str is encoded, ASCII unless given. Values read as ASCII, UTF-8 or ISO-8859-1, the first
/// that fits all fields, unless `encoding` says.
///
/// Raises `TypeError` for values that are neither str nor bytes, `UnicodeEncodeError` for what the
/// encoding does not have.
#[pyclass(name = "Headers", module = "httpx", unhashable = true)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Headers {
    inner: PyMutex<Inner>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    fields: engine::Headers,
    encoding: Option<String>,
}

/// The fields of whatever `httpx.Headers` takes: None, `Headers`, a mapping or pairs, str or bytes.
pub(crate) fn headers_from(vm: &VirtualMachine, value: &PyObject) -> PyResult<engine::Headers> {
    encoded_headers(vm, value, None)
}

fn encoded_headers(
    vm: &VirtualMachine,
    value: &PyObject,
    encoding: Option<&str>,
) -> PyResult<engine::Headers> {
    if vm.is_none(value) {
        return Ok(engine::Headers::new());
    }
    if let Some(headers) = value.downcast_ref::<Headers>() {
        return Ok(headers.fields());
    }
    let pairs: Vec<Pair> =
        if mapping::is_mapping(vm, value)? { mapping::items(vm, value)? } else { mapping::pairs(vm, value)? };
    let mut headers = engine::Headers::new();
    for (name, value) in pairs {
        headers.append(to_bytes(vm, &name, "name", encoding)?, to_bytes(vm, &value, "value", encoding)?);
    }
    Ok(headers)
}

impl Headers {
    /// Python's headers of the engine's.
    pub(crate) fn new(fields: engine::Headers) -> Self {
        Self { inner: PyMutex::new(Inner { fields, encoding: None }) }
    }

    /// A copy of the fields.
    pub(crate) fn fields(&self) -> engine::Headers {
        self.inner.lock().fields.clone()
    }

    /// Reads or changes the fields, which must not call into Python.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut engine::Headers) -> R) -> R {
        f(&mut self.inner.lock().fields)
    }

    /// The encoding in use; without one set, the first that fits every field, which is then kept.
    fn current_encoding(&self) -> String {
        let mut inner = self.inner.lock();
        if let Some(encoding) = &inner.encoding {
            return encoding.clone();
        }
        let texts = || inner.fields.iter().flat_map(|field| [&field.name, &field.value]);
        let encoding = if texts().all(|text| text.is_ascii()) {
            "ascii"
        } else if texts().all(|text| std::str::from_utf8(text).is_ok()) {
            "utf-8"
        } else {
            "iso-8859-1"
        };
        inner.encoding = Some(encoding.to_owned());
        encoding.to_owned()
    }

    /// A key as it is compared: encoded, in lower case.
    fn key(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<Bytes> {
        let Some(text) = key.downcast_ref::<PyStr>() else {
            let class = key.class().name().to_string();
            return Err(vm.new_type_error(format!("header names are str, not {class}")));
        };
        let encoding = self.current_encoding();
        if text.isascii() {
            return encode(vm, text, &encoding);
        }
        let lower = vm.ctx.new_str(text.try_as_utf8(vm)?.as_str().to_lowercase());
        encode(vm, &lower, &encoding)
    }

    /// Every field as text, names in lower case.
    fn texts(&self, vm: &VirtualMachine) -> PyResult<Vec<(PyStrRef, PyStrRef)>> {
        let encoding = self.current_encoding();
        let fields = self.fields();
        let texts = fields.iter().map(|field| {
            let name = decode(vm, &field.name.to_ascii_lowercase(), &encoding)?;
            Ok((name, decode(vm, &field.value, &encoding)?))
        });
        texts.collect()
    }

    /// A dict of the fields, the values of a repeated name joined.
    fn joined(&self, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let dict = vm.ctx.new_dict();
        for (name, value) in self.texts(vm)? {
            let value = match dict.get_item_opt(&*name, vm)? {
                Some(earlier) => {
                    let separator = vm.ctx.new_str(", ");
                    let earlier = vm._add(&earlier, separator.as_object())?;
                    vm._add(&earlier, value.as_object())?
                }
                None => value.into(),
            };
            dict.set_item(&*name, value, vm)?;
        }
        Ok(dict)
    }

    /// The fields as they may be shown, secrets masked: a dict, or a list where a name is repeated.
    pub(crate) fn shown(&self, vm: &VirtualMachine) -> PyResult {
        let mut texts = self.texts(vm)?;
        for (name, value) in &mut texts {
            if SENSITIVE.contains(&name.as_bytes()) {
                *value = vm.ctx.new_str("[secure]");
            }
        }
        let names: HashSet<&[u8]> = texts.iter().map(|(name, _)| name.as_bytes()).collect();
        if names.len() != texts.len() {
            return Ok(pair_list(vm, texts));
        }
        let dict = vm.ctx.new_dict();
        for (name, value) in texts {
            dict.set_item(&*name, value.into(), vm)?;
        }
        Ok(dict.into())
    }

    /// The values of a key, as text.
    fn values_of(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<Vec<PyStrRef>> {
        let key = self.key(key, vm)?;
        let encoding = self.current_encoding();
        let values: Vec<Bytes> = self.with(|fields| fields.get_all(&key).cloned().collect());
        values.iter().map(|value| decode(vm, value, &encoding)).collect()
    }

    fn lookup(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let values = self.values_of(key, vm)?;
        match values.as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value.clone().into())),
            values => {
                let texts: Vec<&str> =
                    values.iter().map(|value| value.to_str().unwrap_or_default()).collect();
                Ok(Some(vm.ctx.new_str(texts.join(", ")).into()))
            }
        }
    }

    fn assign(&self, key: &PyObject, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let encoding = self.inner.lock().encoding.clone();
        let encoding = encoding.as_deref().unwrap_or("utf-8");
        let name = assigned(vm, key, "name", encoding)?;
        let value = assigned(vm, &value, "value", encoding)?;
        self.with(|fields| fields.set(name, value));
        Ok(())
    }

    fn delete(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let name = self.key(key, vm)?;
        if self.with(|fields| fields.remove(&name)) { Ok(()) } else { Err(vm.new_key_error(key.to_owned())) }
    }

    /// The fields by lower-case name, sorted, for comparison.
    fn sorted(fields: &engine::Headers) -> Vec<(Vec<u8>, Bytes)> {
        let mut sorted: Vec<_> =
            fields.iter().map(|field| (field.name.to_ascii_lowercase(), field.value.clone())).collect();
        sorted.sort_unstable();
        sorted
    }
}

#[derive(FromArgs)]
pub(crate) struct HeadersArgs {
    #[pyarg(any, optional)]
    headers: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    encoding: Option<PyUtf8StrRef>,
}

impl Constructor for Headers {
    type Args = FuncArgs;

    fn py_new(_cls: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Headers {
    type Args = HeadersArgs;

    fn init(zelf: &Py<Self>, args: HeadersArgs, vm: &VirtualMachine) -> PyResult<()> {
        let encoding = args.encoding.map(|encoding| encoding.as_str().to_owned());
        let fields = match args.headers {
            Some(headers) => encoded_headers(vm, &headers, encoding.as_deref())?,
            None => engine::Headers::new(),
        };
        *zelf.inner.lock() = Inner { fields, encoding };
        Ok(())
    }
}

impl Comparable for Headers {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| match headers_from(vm, other) {
            Ok(other) => Ok((Self::sorted(&zelf.fields()) == Self::sorted(&other)).into()),
            // Whatever cannot be headers is not equal to any.
            Err(error)
                if error.fast_isinstance(vm.ctx.exceptions.value_error)
                    || error.fast_isinstance(vm.ctx.exceptions.type_error) =>
            {
                Ok(false.into())
            }
            Err(error) => Err(error),
        })
    }
}

impl Representable for Headers {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let encoding = zelf.current_encoding();
        let fields = zelf.shown(vm)?;
        let fields = fields.repr_utf8(vm)?;
        let class = zelf.class().name().to_string();
        if encoding == "ascii" {
            return Ok(format!("{class}({})", fields.as_str()));
        }
        let encoding = vm.ctx.new_str(encoding).as_object().repr_utf8(vm)?;
        Ok(format!("{class}({}, encoding={})", fields.as_str(), encoding.as_str()))
    }
}

fn pair_list(vm: &VirtualMachine, texts: Vec<(PyStrRef, PyStrRef)>) -> PyObjectRef {
    let pairs =
        texts.into_iter().map(|(name, value)| vm.ctx.new_tuple(vec![name.into(), value.into()]).into());
    vm.ctx.new_list(pairs.collect()).into()
}

impl AsMapping for Headers {
    fn as_mapping() -> &'static PyMappingMethods {
        static METHODS: PyMappingMethods = PyMappingMethods {
            length: atomic_func!(|mapping, _vm| Ok(
                Headers::mapping_downcast(mapping).with(|fields| fields.len())
            )),
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
            contains: atomic_func!(|sequence, key, vm| {
                let headers = Headers::sequence_downcast(sequence);
                let name = headers.key(key, vm)?;
                Ok(headers.with(|fields| fields.contains(&name)))
            }),
            ..PySequenceMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl Iterable for Headers {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(zelf.joined(vm)?.as_object().get_iter(vm)?.into())
    }
}

#[pyclass(
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF, MAPPING),
    with(Constructor, Initializer, Comparable, Representable, AsMapping, AsSequence, Iterable)
)]
impl Headers {
    /// The name of the encoding by which fields are read, and by which assigned text is written.
    #[pygetset]
    fn encoding(zelf: &Py<Self>) -> String {
        zelf.current_encoding()
    }

    #[pygetset(setter)]
    fn set_encoding(
        zelf: &Py<Self>,
        value: PySetterValue<Option<PyUtf8StrRef>>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        match value {
            PySetterValue::Assign(value) => {
                zelf.inner.lock().encoding = value.map(|value| value.as_str().to_owned());
                Ok(())
            }
            PySetterValue::Delete => Err(vm.new_attribute_error("can't delete attribute 'encoding'")),
        }
    }

    /// The fields as a list of pairs of bytes, spelled as given.
    #[pygetset]
    fn raw(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let bytes = |bytes: &Bytes| vm.ctx.new_bytes(bytes.to_vec()).into();
        let fields = zelf.fields();
        let pairs =
            fields.iter().map(|field| vm.ctx.new_tuple(vec![bytes(&field.name), bytes(&field.value)]).into());
        vm.ctx.new_list(pairs.collect()).into()
    }

    /// The fields as triples of bytes: the name spelled as given, the name in lower case, the value.
    /// Private in upstream; test doubles print it.
    #[pygetset]
    fn _list(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let bytes = |bytes: &[u8]| vm.ctx.new_bytes(bytes.to_vec()).into();
        let fields = zelf.fields();
        let triples = fields.iter().map(|field| {
            let lower = field.name.to_ascii_lowercase();
            vm.ctx.new_tuple(vec![bytes(&field.name), bytes(&lower), bytes(&field.value)]).into()
        });
        vm.ctx.new_list(triples.collect()).into()
    }

    /// The names in lower case, each once.
    #[pymethod]
    fn keys(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(zelf.joined(vm)?.as_object(), "keys", ())
    }

    /// The values, those of a repeated name joined with commas.
    #[pymethod]
    fn values(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(zelf.joined(vm)?.as_object(), "values", ())
    }

    /// Names and values, those of a repeated name joined with commas.
    #[pymethod]
    fn items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(zelf.joined(vm)?.as_object(), "items", ())
    }

    /// A list of every name and value; a name comes as often as it has values.
    #[pymethod]
    fn multi_items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(pair_list(vm, zelf.texts(vm)?))
    }

    /// `get(key, default=None)`
    ///
    /// The value of `key`, several joined with commas, or `default`.
    #[pymethod]
    fn get(zelf: &Py<Self>, args: KeyDefault, vm: &VirtualMachine) -> PyResult {
        Ok(zelf.lookup(&args.key, vm)?.unwrap_or_else(|| vm.unwrap_or_none(args.default)))
    }

    /// `get_list(key, split_commas=False)`
    ///
    /// The values of `key`; with `split_commas`, split at their commas.
    #[pymethod]
    fn get_list(zelf: &Py<Self>, args: GetListArgs, vm: &VirtualMachine) -> PyResult {
        let values = zelf.values_of(&args.key, vm)?;
        if !bool::from(args.split_commas) {
            return Ok(vm.ctx.new_list(values.into_iter().map(Into::into).collect()).into());
        }
        let values = values.iter().flat_map(|value| value.to_str().unwrap_or_default().split(','));
        Ok(vm.ctx.new_list(values.map(|value| vm.ctx.new_str(value.trim()).into()).collect()).into())
    }

    /// `update(headers=None)`
    ///
    /// Takes over the fields of `headers`; those of the same names are replaced.
    #[pymethod]
    fn update(zelf: &Py<Self>, args: UpdateArgs, vm: &VirtualMachine) -> PyResult<()> {
        let headers = headers_from(vm, &vm.unwrap_or_none(args.headers))?;
        zelf.with(|fields| {
            for field in &headers {
                fields.remove(&field.name);
            }
            for field in &headers {
                fields.append(field.name.clone(), field.value.clone());
            }
        });
        Ok(())
    }

    /// A copy with the same fields and encoding.
    #[pymethod]
    fn copy(zelf: &Py<Self>) -> Self {
        zelf.current_encoding();
        Self { inner: PyMutex::new(zelf.inner.lock().clone()) }
    }

    /// `setdefault(key, default=None)`
    ///
    /// The value of `key`, which is set to `default` first where it is not there.
    #[pymethod]
    fn setdefault(zelf: &Py<Self>, args: KeyDefault, vm: &VirtualMachine) -> PyResult {
        if let Some(value) = zelf.lookup(&args.key, vm)? {
            return Ok(value);
        }
        let default = vm.unwrap_or_none(args.default);
        zelf.assign(&args.key, default.clone(), vm)?;
        Ok(default)
    }

    /// `pop(key[, default])`
    ///
    /// Removes `key` and answers its value, or `default` where it is not there.
    ///
    /// Raises `KeyError` where neither is.
    #[pymethod]
    fn pop(zelf: &Py<Self>, args: PopArgs, vm: &VirtualMachine) -> PyResult {
        match (zelf.lookup(&args.key, vm)?, args.default) {
            (Some(value), _) => {
                zelf.delete(&args.key, vm)?;
                Ok(value)
            }
            (None, OptionalArg::Present(default)) => Ok(default),
            (None, OptionalArg::Missing) => Err(vm.new_key_error(args.key)),
        }
    }

    /// Removes the first field's name and answers it with its value.
    ///
    /// Raises `KeyError` where there is no field.
    #[pymethod]
    fn popitem(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let Some((name, _)) = zelf.texts(vm)?.into_iter().next() else {
            return Err(vm.new_key_error(vm.ctx.new_str("popitem(): headers are empty").into()));
        };
        let value = vm.unwrap_or_none(zelf.lookup(name.as_object(), vm)?);
        zelf.delete(name.as_object(), vm)?;
        Ok(vm.ctx.new_tuple(vec![name.into(), value]).into())
    }

    /// Removes every field.
    #[pymethod]
    fn clear(zelf: &Py<Self>) {
        zelf.with(|fields| *fields = engine::Headers::new());
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let encoding = zelf.inner.lock().encoding.clone();
        let encoding = encoding.map_or_else(|| vm.ctx.none(), |encoding| vm.ctx.new_str(encoding).into());
        let state = vm.ctx.new_tuple(vec![Self::raw(zelf, vm), encoding]);
        mapping::reduce(vm, zelf.as_object(), state.into())
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let state = mapping::restore(vm, zelf.as_object(), &state)?;
        match state.downcast_ref::<PyTuple>().map(Py::as_slice) {
            Some([fields, encoding]) => {
                let encoding: Option<PyUtf8StrRef> = encoding.clone().try_into_value(vm)?;
                let fields = headers_from(vm, fields)?;
                let encoding = encoding.map(|encoding| encoding.as_str().to_owned());
                *zelf.inner.lock() = Inner { fields, encoding };
                Ok(())
            }
            _ => Err(vm.new_type_error("cannot restore Headers from this state")),
        }
    }
}

#[derive(FromArgs)]
struct UpdateArgs {
    #[pyarg(any, optional)]
    headers: Option<PyObjectRef>,
}

#[derive(FromArgs)]
struct GetListArgs {
    #[pyarg(any)]
    key: PyObjectRef,
    #[pyarg(any, default = ArgIntoBool::FALSE)]
    split_commas: ArgIntoBool,
}

/// The class, ready to be exported.
pub(crate) fn class(vm: &VirtualMachine) -> PyResult<PyTypeRef> {
    use rustpython_vm::class::PyClassImpl as _;

    let class = Headers::make_static_type();
    mapping::register(vm, "MutableMapping", &class)?;
    Ok(class)
}
