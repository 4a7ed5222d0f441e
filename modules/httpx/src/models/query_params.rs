//! `httpx.QueryParams`.

use std::sync::OnceLock;

use rustpython_vm::builtins::{PyBytes, PyList, PyStr, PyStrRef, PyTuple, PyTypeRef};
use rustpython_vm::common::hash::PyHash;
use rustpython_vm::function::{FuncArgs, PyComparisonValue};
use rustpython_vm::protocol::{PyMappingMethods, PyNumberMethods, PySequenceMethods};
use rustpython_vm::types::{
    AsMapping, AsNumber, AsSequence, Comparable, Constructor, DefaultConstructor, Hashable, Initializer,
    Iterable, PyComparisonOp, Representable,
};
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, atomic_func, pyclass,
};
use tauraro_engine as engine;

use super::mapping::{self, Key, KeyDefault, KeyValue, Params};

/// QueryParams(*args, **kwargs)
/// --
///
/// The parameters of a query: an immutable ordered mapping in which a key can have several values.
/// Indexing and `get` answer the first value, `get_list` all of them, `multi_items` everything.
///
/// Arguments: a query string (str, or bytes in ASCII), another `QueryParams`, a mapping whose values
/// are single values or lists of them, a list or tuple of pairs, or keywords. Keys become str;
/// values too, with True, False and None as `"true"`, `"false"` and `""`.
#[expect(clippy::doc_markdown, reason = "the first line is the signature that Python shows")]
#[pyclass(name = "QueryParams", module = "httpx")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct QueryParams {
    /// Set once, by `__init__` or by unpickling.
    params: OnceLock<engine::QueryParams>,
}

/// The query parameters of whatever `httpx.QueryParams` takes.
pub(crate) fn query_params_from(vm: &VirtualMachine, value: &PyObject) -> PyResult<engine::QueryParams> {
    if vm.is_none(value) {
        return Ok(engine::QueryParams::default());
    }
    if let Some(params) = value.downcast_ref::<QueryParams>() {
        return Ok(params.params().clone());
    }
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return Ok(engine::QueryParams::parse(text.try_as_utf8(vm)?.as_str()));
    }
    if value.downcast_ref::<PyBytes>().is_some() {
        let text = vm.state.codec_registry.decode_text(value.to_owned(), "ascii", None, vm)?;
        return Ok(engine::QueryParams::parse(text.try_as_utf8(vm)?.as_str()));
    }
    let mut pairs = Vec::new();
    if is_sequence(value) {
        for item in vm.extract_elements_with(value, Ok)? {
            let (key, value) = (item.get_item(&0, vm)?, item.get_item(&1, vm)?);
            pairs.push((key.str_utf8(vm)?.as_str().to_owned(), query_value(vm, &value)?));
        }
    } else {
        for (key, value) in mapping::items(vm, value)? {
            let key = key.str_utf8(vm)?;
            let values =
                if is_sequence(&value) { vm.extract_elements_with(&value, Ok)? } else { vec![value] };
            for value in values {
                pairs.push((key.as_str().to_owned(), query_value(vm, &value)?));
            }
        }
    }
    Ok(engine::QueryParams::from_pairs(pairs))
}

/// A value as text: JSON's words for the booleans, nothing for None, `str()` of the rest.
pub(crate) fn query_value(vm: &VirtualMachine, value: &PyObject) -> PyResult<String> {
    if value.is(&vm.ctx.true_value) {
        Ok("true".to_owned())
    } else if value.is(&vm.ctx.false_value) {
        Ok("false".to_owned())
    } else if vm.is_none(value) {
        Ok(String::new())
    } else {
        Ok(value.str_utf8(vm)?.as_str().to_owned())
    }
}

/// A key and a value as text.
pub(crate) fn key_value(vm: &VirtualMachine, args: KeyValue) -> PyResult<(String, String)> {
    let key = args.key.str_utf8(vm)?;
    Ok((key.as_str().to_owned(), query_value(vm, &vm.unwrap_or_none(args.value))?))
}

fn is_sequence(value: &PyObject) -> bool {
    value.downcast_ref::<PyList>().is_some() || value.downcast_ref::<PyTuple>().is_some()
}

impl QueryParams {
    /// Python's parameters of the engine's.
    pub(crate) fn new(params: engine::QueryParams) -> Self {
        Self { params: OnceLock::from(params) }
    }

    /// The engine's parameters.
    pub(crate) fn params(&self) -> &engine::QueryParams {
        self.params.get_or_init(engine::QueryParams::default)
    }

    /// Each key with its first value.
    fn firsts(&self) -> impl Iterator<Item = (&str, &str)> {
        let params = self.params();
        params
            .pairs()
            .chunk_by(|(a, _), (b, _)| a == b)
            .filter_map(<[_]>::first)
            .map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// The first value of a key; keys that are not strings are not there.
    fn first(&self, key: &PyObject) -> Option<&str> {
        self.params().get(key.downcast_ref::<PyStr>()?.to_str()?)
    }
}

impl DefaultConstructor for QueryParams {}

impl Initializer for QueryParams {
    type Args = FuncArgs;

    fn init(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        let FuncArgs { args, kwargs } = args;
        let params = match args.as_slice() {
            [] => {
                let dict = vm.ctx.new_dict();
                for (key, value) in kwargs {
                    dict.set_item(&*vm.ctx.new_str(key), value, vm)?;
                }
                query_params_from(vm, dict.as_object())?
            }
            [_, _, ..] => return Err(vm.new_assertion_error("Too many arguments.")),
            [_] if !kwargs.is_empty() => {
                return Err(vm.new_assertion_error("Cannot mix named and unnamed arguments."));
            }
            [params] => query_params_from(vm, params)?,
        };
        // A second `__init__` finds the parameters immutable.
        let _ = zelf.params.set(params);
        Ok(())
    }
}

impl Comparable for QueryParams {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        _vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| {
            let Some(other) = other.downcast_ref::<Self>() else {
                return Ok(PyComparisonValue::NotImplemented);
            };
            let (mut left, mut right) = (zelf.params().pairs().to_vec(), other.params().pairs().to_vec());
            left.sort_unstable();
            right.sort_unstable();
            Ok((left == right).into())
        })
    }
}

impl Hashable for QueryParams {
    fn hash(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyHash> {
        // By the sorted pairs: equal parameters may be in different orders.
        let mut pairs = zelf.params().pairs().to_vec();
        pairs.sort_unstable();
        vm.ctx.new_str(engine::QueryParams::from_pairs(pairs).encode()).as_object().hash(vm)
    }
}

impl Representable for QueryParams {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let text = vm.ctx.new_str(zelf.params().encode()).as_object().repr_utf8(vm)?;
        Ok(format!("{}({})", zelf.class().name(), text.as_str()))
    }
}

impl AsMapping for QueryParams {
    fn as_mapping() -> &'static PyMappingMethods {
        static METHODS: PyMappingMethods = PyMappingMethods {
            length: atomic_func!(|mapping, _vm| Ok(QueryParams::mapping_downcast(mapping)
                .params()
                .keys()
                .count())),
            subscript: atomic_func!(|mapping, key, vm| {
                match QueryParams::mapping_downcast(mapping).first(key) {
                    Some(value) => Ok(vm.ctx.new_str(value).into()),
                    None => Err(vm.new_key_error(key.to_owned())),
                }
            }),
            ass_subscript: atomic_func!(|_mapping, _key, value, vm| {
                Err(match value {
                Some(_) => vm.new_runtime_error(
                    "QueryParams are immutable since 0.18.0. Use `q = q.set(key, value)` to create an updated copy.",
                ),
                None => vm.new_type_error("'QueryParams' object does not support item deletion"),
            })
            }),
        };
        &METHODS
    }
}

impl AsSequence for QueryParams {
    fn as_sequence() -> &'static PySequenceMethods {
        static METHODS: PySequenceMethods = PySequenceMethods {
            contains: atomic_func!(|sequence, key, _vm| {
                Ok(QueryParams::sequence_downcast(sequence).first(key).is_some())
            }),
            ..PySequenceMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl AsNumber for QueryParams {
    fn as_number() -> &'static PyNumberMethods {
        static METHODS: PyNumberMethods = PyNumberMethods {
            boolean: Some(|number, _vm| {
                Ok(!QueryParams::number_downcast(number).params().pairs().is_empty())
            }),
            ..PyNumberMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl Iterable for QueryParams {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(Self::keys(&zelf, vm)?.get_iter(vm)?.into())
    }
}

#[pyclass(
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF, MAPPING),
    with(
        Constructor,
        Initializer,
        Comparable,
        Hashable,
        Representable,
        AsMapping,
        AsSequence,
        AsNumber,
        Iterable
    )
)]
impl QueryParams {
    /// The keys, each once, in order.
    #[pymethod]
    fn keys(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(mapping::string_dict(vm, zelf.firsts())?.as_object(), "keys", ())
    }

    /// The first value of each key.
    #[pymethod]
    fn values(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(mapping::string_dict(vm, zelf.firsts())?.as_object(), "values", ())
    }

    /// Each key with its first value.
    #[pymethod]
    fn items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(mapping::string_dict(vm, zelf.firsts())?.as_object(), "items", ())
    }

    /// A list of every key and value; a key comes as often as it has values.
    #[pymethod]
    fn multi_items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        mapping::string_pairs(vm, zelf.params().pairs().iter().map(|(key, value)| (key, value)))
    }

    /// `get(key, default=None)`
    ///
    /// The first value of `key`, or `default`.
    #[pymethod]
    fn get(zelf: &Py<Self>, args: KeyDefault, vm: &VirtualMachine) -> PyObjectRef {
        match zelf.first(&args.key) {
            Some(value) => vm.ctx.new_str(value).into(),
            None => vm.unwrap_or_none(args.default),
        }
    }

    /// `get_list(key)`
    ///
    /// Every value of `key`; an empty list where it is not there.
    #[pymethod]
    fn get_list(zelf: &Py<Self>, args: Key, vm: &VirtualMachine) -> PyResult {
        let key = args.key.str_utf8(vm)?;
        let values = zelf.params().get_all(key.as_str()).map(|value| vm.ctx.new_str(value).into());
        Ok(vm.ctx.new_list(values.collect()).into())
    }

    /// `set(key, value=None)`
    ///
    /// A copy in which `key` has this one value.
    #[pymethod]
    fn set(zelf: &Py<Self>, args: KeyValue, vm: &VirtualMachine) -> PyResult<Self> {
        let (key, value) = key_value(vm, args)?;
        Ok(Self::new(zelf.params().set(&key, &value)))
    }

    /// `add(key, value=None)`
    ///
    /// A copy in which `key` has this value besides those it has.
    #[pymethod]
    fn add(zelf: &Py<Self>, args: KeyValue, vm: &VirtualMachine) -> PyResult<Self> {
        let (key, value) = key_value(vm, args)?;
        Ok(Self::new(zelf.params().add(&key, &value)))
    }

    /// `remove(key)`
    ///
    /// A copy without `key`.
    #[pymethod]
    fn remove(zelf: &Py<Self>, args: Key, vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::new(zelf.params().remove(args.key.str_utf8(vm)?.as_str())))
    }

    /// `merge(params=None)`
    ///
    /// A copy in which the keys of `params` have the values they have there.
    #[pymethod]
    fn merge(zelf: &Py<Self>, args: Params, vm: &VirtualMachine) -> PyResult<Self> {
        let params = query_params_from(vm, &vm.unwrap_or_none(args.params))?;
        Ok(Self::new(zelf.params().merge(&params)))
    }

    /// Raises `RuntimeError`: query parameters are immutable; `merge` makes an updated copy.
    #[pymethod]
    fn update(_zelf: &Py<Self>, _args: Params, vm: &VirtualMachine) -> PyResult<()> {
        Err(vm.new_runtime_error(
            "QueryParams are immutable since 0.18.0. Use `q = q.merge(...)` to create an updated copy.",
        ))
    }

    #[pymethod]
    fn __str__(zelf: &Py<Self>) -> String {
        zelf.params().encode()
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        mapping::reduce(vm, zelf.as_object(), vm.ctx.new_str(zelf.params().encode()).into())
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let text: PyStrRef = mapping::restore(vm, zelf.as_object(), &state)?.try_into_value(vm)?;
        let _ = zelf.params.set(engine::QueryParams::parse(text.try_as_utf8(vm)?.as_str()));
        Ok(())
    }
}

/// The class, ready to be exported.
pub(crate) fn class(vm: &VirtualMachine) -> PyResult<PyTypeRef> {
    use rustpython_vm::class::PyClassImpl as _;

    let class = QueryParams::make_static_type();
    mapping::register(vm, "Mapping", &class)?;
    Ok(class)
}
