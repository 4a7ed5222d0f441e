//! Mappings and pairs: what the value types accept, and how they are mappings themselves.

use rustpython_vm::builtins::{PyDict, PyDictRef, PyList, PyTuple, PyType};
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{AsObject, FromArgs, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::pickling;

/// A key and its value.
pub(crate) type Pair = (PyObjectRef, PyObjectRef);

/// The arguments of `get` and `setdefault`.
#[derive(FromArgs)]
pub(crate) struct KeyDefault {
    #[pyarg(any)]
    pub(crate) key: PyObjectRef,
    #[pyarg(any, optional)]
    pub(crate) default: Option<PyObjectRef>,
}

/// The arguments of `pop`, of which a default that is `None` is not one that is missing.
#[derive(FromArgs)]
pub(crate) struct PopArgs {
    #[pyarg(any)]
    pub(crate) key: PyObjectRef,
    #[pyarg(any, optional, py_default = "...")]
    pub(crate) default: OptionalArg<PyObjectRef>,
}

/// The arguments of `set` and `add`.
#[derive(FromArgs)]
pub(crate) struct KeyValue {
    #[pyarg(any)]
    pub(crate) key: PyObjectRef,
    #[pyarg(any, optional)]
    pub(crate) value: Option<PyObjectRef>,
}

/// The argument of `remove`.
#[derive(FromArgs)]
pub(crate) struct Key {
    #[pyarg(any)]
    pub(crate) key: PyObjectRef,
}

/// The argument of `merge`.
#[derive(FromArgs)]
pub(crate) struct Params {
    #[pyarg(any, optional)]
    pub(crate) params: Option<PyObjectRef>,
}

/// Makes `isinstance(x, collections.abc.<name>)` hold for the instances of `class`.
///
/// The abstract classes are at hand: whatever starts an interpreter has imported them for `os`.
pub(crate) fn register(vm: &VirtualMachine, name: &'static str, class: &Py<PyType>) -> PyResult<()> {
    let base = abstract_class(vm, name)?;
    vm.call_method(&base, "register", (class.to_owned(),)).map(drop)
}

/// Whether `value` is a mapping in the sense of `collections.abc`.
pub(crate) fn is_mapping(vm: &VirtualMachine, value: &PyObject) -> PyResult<bool> {
    if value.downcast_ref::<PyDict>().is_some() {
        return Ok(true);
    }
    // The common sequences of pairs need no look at the registry.
    if value.downcast_ref::<PyList>().is_some() || value.downcast_ref::<PyTuple>().is_some() {
        return Ok(false);
    }
    let class = abstract_class(vm, "Mapping")?;
    value.is_instance(&class, vm)
}

/// The items of a mapping, as its `items()` says.
pub(crate) fn items(vm: &VirtualMachine, mapping: &PyObject) -> PyResult<Vec<Pair>> {
    if let Some(dict) = mapping.downcast_ref_if_exact::<PyDict>(vm) {
        return Ok(dict.items_vec());
    }
    let items = vm.call_method(mapping, "items", ())?;
    pairs(vm, &items)
}

/// The pairs of an iterable of pairs.
///
/// # Errors
/// `TypeError` for what cannot be iterated, `ValueError` for what is not a pair, as unpacking says.
pub(crate) fn pairs(vm: &VirtualMachine, iterable: &PyObject) -> PyResult<Vec<Pair>> {
    vm.extract_elements_with(iterable, |item| {
        let elements = vm.extract_elements_with(&item, Ok)?;
        let count = elements.len();
        let [key, value] = <[PyObjectRef; 2]>::try_from(elements).map_err(|_| {
            vm.new_value_error(if count < 2 {
                format!("not enough values to unpack (expected 2, got {count})")
            } else {
                format!("too many values to unpack (expected 2, got {count})")
            })
        })?;
        Ok((key, value))
    })
}

/// A dict of strings, for the views of a multi-map.
pub(crate) fn string_dict<K: AsRef<str>, V: AsRef<str>>(
    vm: &VirtualMachine,
    items: impl IntoIterator<Item = (K, V)>,
) -> PyResult<PyDictRef> {
    let dict = vm.ctx.new_dict();
    for (key, value) in items {
        dict.set_item(key.as_ref(), vm.ctx.new_str(value.as_ref()).into(), vm)?;
    }
    Ok(dict)
}

/// A list of pairs of strings.
pub(crate) fn string_pairs<K: AsRef<str>, V: AsRef<str>>(
    vm: &VirtualMachine,
    items: impl IntoIterator<Item = (K, V)>,
) -> PyObjectRef {
    let pairs = items.into_iter().map(|(key, value)| {
        let (key, value) = (vm.ctx.new_str(key.as_ref()), vm.ctx.new_str(value.as_ref()));
        vm.ctx.new_tuple(vec![key.into(), value.into()]).into()
    });
    vm.ctx.new_list(pairs.collect()).into()
}

/// What `__reduce__` answers for a class whose instances are made empty and then given their state:
/// the instance's `__dict__` and `state`, for [`restore`].
pub(crate) fn reduce(vm: &VirtualMachine, zelf: &PyObject, state: PyObjectRef) -> PyResult {
    let dict = zelf.dict().map_or_else(|| vm.ctx.none(), Into::into);
    let state = vm.ctx.new_tuple(vec![dict, state]);
    pickling::reduce(vm, zelf, [], state.into())
}

/// Takes apart what [`reduce`] made: restores the `__dict__` and answers the rest.
///
/// # Errors
/// `TypeError` for anything else.
pub(crate) fn restore(vm: &VirtualMachine, zelf: &PyObject, state: &PyObject) -> PyResult<PyObjectRef> {
    let parts = state.downcast_ref::<PyTuple>().map(Py::as_slice);
    let Some([dict, state]) = parts else {
        return Err(vm.new_type_error(format!("cannot restore a {} from this state", zelf.class().name())));
    };
    if let Some(dict) = dict.downcast_ref::<PyDict>() {
        for (name, value) in dict.items_vec() {
            let own = zelf.dict().ok_or_else(|| vm.new_type_error("the object has no __dict__"))?;
            own.set_item(name.as_object(), value, vm)?;
        }
    }
    Ok(state.clone())
}

fn abstract_class(vm: &VirtualMachine, name: &'static str) -> PyResult {
    vm.import("_collections_abc", 0)?.get_attr(name, vm)
}
