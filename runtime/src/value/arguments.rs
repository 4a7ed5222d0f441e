//! What a function is called with.

use rustpython_vm::builtins::{PyDict, PyList, PyStr, PyTuple};
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use serde::Serialize;

/// The arguments of a call: a tuple, array or `Vec` of values that serde can serialize, `()` for none,
/// or [`Keywords`].
pub trait Arguments: sealed::Sealed {
    #[doc(hidden)]
    fn to_python(&self, vm: &VirtualMachine) -> PyResult<FuncArgs>;
}

/// Positional arguments, and keyword arguments from a struct or a map:
///
/// ```
/// # use tauraro::{Keywords, Runtime};
/// # let runtime = Runtime::builder().build()?;
/// runtime.run_string("def scale(value, *, by=1): return value * by", "<scale>")?;
/// let keywords = std::collections::HashMap::from([("by", 2)]);
/// let scaled: i64 = runtime.call("scale", Keywords((21,), keywords))?;
/// assert_eq!(scaled, 42);
/// # Ok::<(), tauraro::ScriptError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Keywords<A, K>(pub A, pub K);

impl<A: Serialize + ?Sized> Arguments for A {
    fn to_python(&self, vm: &VirtualMachine) -> PyResult<FuncArgs> {
        Ok(positional(vm, self)?.into())
    }
}

impl<A: Serialize, K: Serialize> Arguments for Keywords<A, K> {
    fn to_python(&self, vm: &VirtualMachine) -> PyResult<FuncArgs> {
        Ok(FuncArgs::new(positional(vm, &self.0)?, keywords(vm, &self.1)?))
    }
}

mod sealed {
    pub trait Sealed {}
    impl<A: serde::Serialize + ?Sized> Sealed for A {}
    impl<A, K> Sealed for super::Keywords<A, K> {}
}

fn positional(vm: &VirtualMachine, arguments: &(impl Serialize + ?Sized)) -> PyResult<Vec<PyObjectRef>> {
    let object = super::to_python(vm, arguments, "arguments")?;
    if vm.is_none(&object) {
        return Ok(Vec::new());
    }
    if let Some(tuple) = object.downcast_ref::<PyTuple>() {
        return Ok(tuple.as_slice().to_vec());
    }
    if let Some(list) = object.downcast_ref::<PyList>() {
        return Ok(list.borrow_vec().to_vec());
    }
    let class = object.class();
    Err(vm.new_type_error(format!(
        "arguments: expected a tuple, an array or a Vec, got {}; one argument is a tuple as well: (value,)",
        class.name()
    )))
}

fn keywords(vm: &VirtualMachine, arguments: &impl Serialize) -> PyResult<KwArgs> {
    let object = super::to_python(vm, arguments, "keywords")?;
    if vm.is_none(&object) {
        return Ok(KwArgs::default());
    }
    let Some(names) = object.downcast_ref::<PyDict>() else {
        let class = object.class();
        return Err(vm.new_type_error(format!("keywords: expected a struct or a map, got {}", class.name())));
    };
    let pairs = names.items_vec().into_iter().map(|(name, value)| {
        let text = name.downcast_ref::<PyStr>().and_then(|name| name.to_str().map(str::to_owned));
        let text = text.ok_or_else(|| {
            let class = name.class();
            vm.new_type_error(format!("keywords: expected names of type str, got {}", class.name()))
        })?;
        Ok((text, value))
    });
    pairs.collect::<PyResult<KwArgs>>()
}
