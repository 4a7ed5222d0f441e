//! `httpx.Limits`.

use rustpython_vm::builtins::{PyInt, PyTuple, PyTypeRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{OptionalArg, PyComparisonValue, PySetterValue};
use rustpython_vm::types::{
    Comparable, Constructor, DefaultConstructor, Initializer, PyComparisonOp, Representable,
};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::http::client::PoolLimits;

use super::mapping;
use super::timeout::Seconds;

/// `Limits(*, max_connections=None, max_keepalive_connections=None, keepalive_expiry=5.0)`
///
/// Bounds of a client's connection pool; None is unbounded. `max_connections` is the number of
/// connections in use at a time, `max_keepalive_connections` the number of idle ones kept, and
/// `keepalive_expiry` the seconds for which they are kept.
///
/// Raises `ValueError` for negative or absurd numbers, `TypeError` for what is not a number.
#[pyclass(name = "Limits", module = "httpx", unhashable = true)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Limits {
    inner: PyMutex<Inner>,
}

#[derive(Clone, Copy, Debug)]
struct Inner {
    max_connections: Option<usize>,
    max_keepalive_connections: Option<usize>,
    keepalive_expiry: Seconds,
}

impl Default for Inner {
    fn default() -> Self {
        Self { max_connections: None, max_keepalive_connections: None, keepalive_expiry: Seconds::Float(5.0) }
    }
}

fn count(vm: &VirtualMachine, name: &str, value: &PyObject) -> PyResult<Option<usize>> {
    if vm.is_none(value) {
        return Ok(None);
    }
    let Some(number) = value.downcast_ref::<PyInt>() else {
        let class = value.class().name().to_string();
        return Err(vm.new_type_error(format!("{name} must be an int or None, not {class}")));
    };
    usize::try_from(number.as_bigint()).map(Some).map_err(|_| {
        vm.new_value_error(format!("{name} must be a number of connections, not {}", number.as_bigint()))
    })
}

fn assigned(vm: &VirtualMachine, name: &str, value: PySetterValue) -> PyResult<PyObjectRef> {
    match value {
        PySetterValue::Assign(value) => Ok(value),
        PySetterValue::Delete => Err(vm.new_attribute_error(format!("can't delete attribute '{name}'"))),
    }
}

impl Limits {
    /// The engine's limits.
    pub(crate) fn limits(&self) -> PoolLimits {
        let inner = *self.inner.lock();
        PoolLimits {
            max_connections: inner.max_connections,
            max_keepalive_connections: inner.max_keepalive_connections,
            keepalive_expiry: inner.keepalive_expiry.duration(),
            ..PoolLimits::default()
        }
    }
}

#[derive(FromArgs)]
pub(crate) struct LimitsArgs {
    #[pyarg(named, optional, py_default = "None")]
    max_connections: OptionalArg<PyObjectRef>,
    #[pyarg(named, optional, py_default = "None")]
    max_keepalive_connections: OptionalArg<PyObjectRef>,
    #[pyarg(named, optional, py_default = "5.0")]
    keepalive_expiry: OptionalArg<PyObjectRef>,
}

impl DefaultConstructor for Limits {}

impl Initializer for Limits {
    type Args = LimitsArgs;

    fn init(zelf: &Py<Self>, args: LimitsArgs, vm: &VirtualMachine) -> PyResult<()> {
        let mut inner = Inner::default();
        if let OptionalArg::Present(value) = args.max_connections {
            inner.max_connections = count(vm, "max_connections", &value)?;
        }
        if let OptionalArg::Present(value) = args.max_keepalive_connections {
            inner.max_keepalive_connections = count(vm, "max_keepalive_connections", &value)?;
        }
        if let OptionalArg::Present(value) = args.keepalive_expiry {
            inner.keepalive_expiry = Seconds::read(vm, "keepalive_expiry", &value)?;
        }
        *zelf.inner.lock() = inner;
        Ok(())
    }
}

impl Comparable for Limits {
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
            Ok((zelf.limits() == other.limits()).into())
        })
    }
}

impl Representable for Limits {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let inner = *zelf.inner.lock();
        let count = |count: Option<usize>| count.map_or_else(|| "None".to_owned(), |count| count.to_string());
        Ok(format!(
            "{}(max_connections={}, max_keepalive_connections={}, keepalive_expiry={})",
            zelf.class().name(),
            count(inner.max_connections),
            count(inner.max_keepalive_connections),
            inner.keepalive_expiry.repr(vm)?,
        ))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Comparable, Representable))]
impl Limits {
    /// Connections in use at a time; None is unbounded.
    #[pygetset]
    fn max_connections(zelf: &Py<Self>) -> Option<usize> {
        zelf.inner.lock().max_connections
    }

    #[pygetset(setter)]
    fn set_max_connections(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(vm, "max_connections", value)?;
        let value = count(vm, "max_connections", &value)?;
        zelf.inner.lock().max_connections = value;
        Ok(())
    }

    /// Idle connections kept for reuse; None is unbounded.
    #[pygetset]
    fn max_keepalive_connections(zelf: &Py<Self>) -> Option<usize> {
        zelf.inner.lock().max_keepalive_connections
    }

    #[pygetset(setter)]
    fn set_max_keepalive_connections(
        zelf: &Py<Self>,
        value: PySetterValue,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let value = assigned(vm, "max_keepalive_connections", value)?;
        let value = count(vm, "max_keepalive_connections", &value)?;
        zelf.inner.lock().max_keepalive_connections = value;
        Ok(())
    }

    /// Seconds for which an idle connection is kept; None is without limit.
    #[pygetset]
    fn keepalive_expiry(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let expiry = zelf.inner.lock().keepalive_expiry;
        expiry.to_object(vm)
    }

    #[pygetset(setter)]
    fn set_keepalive_expiry(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(vm, "keepalive_expiry", value)?;
        let value = Seconds::read(vm, "keepalive_expiry", &value)?;
        zelf.inner.lock().keepalive_expiry = value;
        Ok(())
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let inner = *zelf.inner.lock();
        let count =
            |count: Option<usize>| count.map_or_else(|| vm.ctx.none(), |count| vm.ctx.new_int(count).into());
        let state = vec![
            count(inner.max_connections),
            count(inner.max_keepalive_connections),
            inner.keepalive_expiry.to_object(vm),
        ];
        mapping::reduce(vm, zelf.as_object(), vm.ctx.new_tuple(state).into())
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let state = mapping::restore(vm, zelf.as_object(), &state)?;
        let Some([connections, idle, expiry]) = state.downcast_ref::<PyTuple>().map(Py::as_slice) else {
            return Err(vm.new_type_error("cannot restore Limits from this state"));
        };
        let inner = Inner {
            max_connections: count(vm, "max_connections", connections)?,
            max_keepalive_connections: count(vm, "max_keepalive_connections", idle)?,
            keepalive_expiry: Seconds::read(vm, "keepalive_expiry", expiry)?,
        };
        *zelf.inner.lock() = inner;
        Ok(())
    }
}

/// The class, ready to be exported.
pub(crate) fn class() -> PyTypeRef {
    use rustpython_vm::class::PyClassImpl as _;

    Limits::make_static_type()
}
