//! `URLPattern`, which PyPI's httpx keeps in its private module `_utils`.

use rustpython_vm::builtins::{PyType, PyUtf8StrRef};
use rustpython_vm::common::hash::PyHash;
use rustpython_vm::function::PyComparisonValue;
use rustpython_vm::types::{Comparable, Constructor, Hashable, PyComparisonOp, Representable};
use rustpython_vm::{AsObject, FromArgs, Py, PyObject, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http::route::Pattern;

use super::mounts::pattern_from;
use crate::models::url::Url;

/// A pattern of `mounts=`: `all://`, `https://`, `all://*.example.com`, `http://example.com:8080`.
///
/// Sorted, the more specific pattern comes first.
#[pyclass(module = "httpx", name = "URLPattern")]
#[derive(Debug, PyPayload)]
pub(crate) struct UrlPattern {
    pattern: Pattern,
}

/// The arguments of `URLPattern(pattern)`.
#[derive(FromArgs)]
pub(crate) struct UrlPatternArgs {
    #[pyarg(any)]
    pattern: PyUtf8StrRef,
}

impl Constructor for UrlPattern {
    type Args = UrlPatternArgs;

    fn py_new(_class: &Py<PyType>, args: UrlPatternArgs, vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self { pattern: pattern_from(vm, args.pattern.as_str())? })
    }
}

impl Comparable for UrlPattern {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        _vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        let Some(other) = other.downcast_ref::<Self>() else { return Ok(PyComparisonValue::NotImplemented) };
        Ok(match op {
            PyComparisonOp::Eq => PyComparisonValue::Implemented(zelf.pattern == other.pattern),
            PyComparisonOp::Ne => PyComparisonValue::Implemented(zelf.pattern != other.pattern),
            PyComparisonOp::Lt => PyComparisonValue::Implemented(zelf.pattern.goes_before(&other.pattern)),
            _ => PyComparisonValue::NotImplemented,
        })
    }
}

impl Hashable for UrlPattern {
    fn hash(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyHash> {
        vm.ctx.new_str(zelf.pattern.as_str()).as_object().hash(vm)
    }
}

impl Representable for UrlPattern {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let pattern = vm.ctx.new_str(zelf.pattern.as_str()).as_object().repr(vm)?;
        Ok(format!("URLPattern({pattern})"))
    }
}

#[pyclass(with(Constructor, Comparable, Hashable, Representable))]
impl UrlPattern {
    /// The text of the pattern.
    #[pygetset]
    fn pattern(zelf: &Py<Self>) -> String {
        zelf.pattern.as_str().to_owned()
    }

    /// Whether the pattern goes with `other`, a `URL`.
    #[pymethod]
    fn matches(zelf: &Py<Self>, other: PyRef<Url>) -> bool {
        zelf.pattern.matches(other.url())
    }
}
