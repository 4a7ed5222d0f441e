//! `httpx.Timeout`.

use std::time::Duration;

use rustpython_vm::builtins::{PyDict, PyFloat, PyInt, PyTuple, PyTypeRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{OptionalArg, PyComparisonValue, PySetterValue};
use rustpython_vm::types::{
    Comparable, Constructor, DefaultConstructor, Initializer, PyComparisonOp, Representable,
};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::http::client::Timeouts;

use super::mapping;

/// The phases of an exchange, in the order of httpx's tuples.
const PHASES: [&str; 4] = ["connect", "read", "write", "pool"];

/// What a phase gets that the manual's dict does not name: httpx's default.
const DEFAULT: Seconds = Seconds::Float(5.0);

/// Anything longer is treated as no limit: 100 years.
const MAX_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// `Timeout(timeout=..., *, connect=..., read=..., write=..., pool=...)`
///
/// How long each phase of an exchange may take, in seconds; None is no limit. `connect` is the time
/// to establish a connection, `read` and `write` the time between two pieces of data, `pool` the
/// time to wait for a free connection.
///
/// Arguments: a default for the phases not given (a number, None, another Timeout, a tuple of two to
/// four of them, or a dict by phase in which a missing phase means 5 seconds), and the phases by
/// keyword; either a default or all four.
///
/// Raises `ValueError` when neither is given and for numbers that are negative, not finite or beyond
/// a hundred years, `TypeError` for what is not a number.
#[pyclass(name = "Timeout", module = "httpx", unhashable = true)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Timeout {
    phases: PyMutex<[Seconds; 4]>,
}

/// A limit as it was given, so that an int stays an int.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Seconds {
    /// No limit.
    #[default]
    None,
    /// A whole number of seconds.
    Int(u64),
    /// Any other number of seconds.
    Float(f64),
}

impl Seconds {
    /// Reads a limit; `name` says whose it is.
    pub(crate) fn read(vm: &VirtualMachine, name: &str, value: &PyObject) -> PyResult<Self> {
        if vm.is_none(value) {
            return Ok(Self::None);
        }
        let absurd = || -> PyResult<Self> {
            let value = value.repr_utf8(vm)?;
            let value = value.as_str();
            Err(vm.new_value_error(format!(
                "{name} must be a number of seconds that is not negative, not {value}"
            )))
        };
        if let Some(number) = value.downcast_ref::<PyInt>() {
            return match u64::try_from(number.as_bigint()) {
                Ok(seconds) if Duration::from_secs(seconds).as_secs_f64() <= MAX_SECONDS => {
                    Ok(Self::Int(seconds))
                }
                _ => absurd(),
            };
        }
        let number = match value.downcast_ref::<PyFloat>() {
            Some(number) => number.to_f64(),
            None => match value.try_float(vm) {
                Ok(number) if !value.class().fast_issubclass(vm.ctx.types.str_type) => number.to_f64(),
                _ => {
                    let class = value.class().name().to_string();
                    return Err(
                        vm.new_type_error(format!("{name} must be a number of seconds or None, not {class}"))
                    );
                }
            },
        };
        if (0.0..=MAX_SECONDS).contains(&number) { Ok(Self::Float(number)) } else { absurd() }
    }

    /// The limit for the engine.
    pub(crate) fn duration(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Int(seconds) => Some(Duration::from_secs(seconds)),
            Self::Float(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        }
    }

    /// The limit for Python.
    pub(crate) fn to_object(self, vm: &VirtualMachine) -> PyObjectRef {
        match self {
            Self::None => vm.ctx.none(),
            Self::Int(seconds) => vm.ctx.new_int(seconds).into(),
            Self::Float(seconds) => vm.ctx.new_float(seconds).into(),
        }
    }

    /// The limit as a reader would write it.
    pub(crate) fn repr(self, vm: &VirtualMachine) -> PyResult<String> {
        Ok(self.to_object(vm).repr_utf8(vm)?.as_str().to_owned())
    }

    /// Equal limits may be an int and a float.
    pub(crate) fn equals(self, other: Self) -> bool {
        self.duration() == other.duration()
    }

    fn from_duration(duration: Option<Duration>) -> Self {
        match duration {
            None => Self::None,
            Some(duration) if duration.subsec_nanos() == 0 => Self::Int(duration.as_secs()),
            Some(duration) => Self::Float(duration.as_secs_f64()),
        }
    }
}

/// The timeouts of whatever a `timeout` argument takes: a number, None, a tuple, a `Timeout`, or a
/// dict by phase in which a missing phase means 5 seconds.
pub(crate) fn timeouts_from(vm: &VirtualMachine, value: &PyObject) -> PyResult<Timeouts> {
    Ok(to_timeouts(phases_from(vm, value)?))
}

fn to_timeouts([connect, read, write, pool]: [Seconds; 4]) -> Timeouts {
    Timeouts {
        connect: connect.duration(),
        read: read.duration(),
        write: write.duration(),
        pool: pool.duration(),
    }
}

fn phases_from(vm: &VirtualMachine, value: &PyObject) -> PyResult<[Seconds; 4]> {
    if let Some(timeout) = value.downcast_ref::<Timeout>() {
        return Ok(*timeout.phases.lock());
    }
    if let Some(tuple) = value.downcast_ref::<PyTuple>() {
        let given = tuple.as_slice();
        if !(2..=4).contains(&given.len()) {
            return Err(vm.new_value_error(format!(
                "a timeout tuple is (connect, read[, write[, pool]]), not {} values",
                given.len()
            )));
        }
        let mut phases = [Seconds::None; 4];
        for ((phase, name), value) in phases.iter_mut().zip(PHASES).zip(given) {
            *phase = Seconds::read(vm, name, value)?;
        }
        return Ok(phases);
    }
    if let Some(dict) = value.downcast_ref::<PyDict>() {
        let mut phases = [DEFAULT; 4];
        for (key, value) in dict.items_vec() {
            let name = key.str_utf8(vm)?;
            let Some((phase, name)) =
                phases.iter_mut().zip(PHASES).find(|(_, phase)| *phase == name.as_str())
            else {
                let key = key.repr_utf8(vm)?;
                let phases = "'connect', 'read', 'write' and 'pool'";
                return Err(
                    vm.new_value_error(format!("a timeout dict has the keys {phases}, not {}", key.as_str()))
                );
            };
            *phase = Seconds::read(vm, name, &value)?;
        }
        return Ok(phases);
    }
    Ok([Seconds::read(vm, "timeout", value)?; 4])
}

impl Timeout {
    /// Python's timeout of the engine's.
    pub(crate) fn new(timeouts: Timeouts) -> Self {
        let Timeouts { connect, read, write, pool } = timeouts;
        Self { phases: PyMutex::new([connect, read, write, pool].map(Seconds::from_duration)) }
    }

    /// The engine's timeouts.
    pub(crate) fn timeouts(&self) -> Timeouts {
        to_timeouts(*self.phases.lock())
    }

    fn phase(&self, at: usize) -> Seconds {
        self.phases.lock().get(at).copied().unwrap_or_default()
    }

    fn set_phase(&self, at: usize, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let name = PHASES.get(at).copied().unwrap_or_default();
        let PySetterValue::Assign(value) = value else {
            return Err(vm.new_attribute_error(format!("can't delete attribute '{name}'")));
        };
        let seconds = Seconds::read(vm, name, &value)?;
        if let Some(phase) = self.phases.lock().get_mut(at) {
            *phase = seconds;
        }
        Ok(())
    }
}

#[derive(FromArgs)]
pub(crate) struct TimeoutArgs {
    #[pyarg(any, optional, py_default = "...")]
    timeout: OptionalArg<PyObjectRef>,
    #[pyarg(named, optional, py_default = "...")]
    connect: OptionalArg<PyObjectRef>,
    #[pyarg(named, optional, py_default = "...")]
    read: OptionalArg<PyObjectRef>,
    #[pyarg(named, optional, py_default = "...")]
    write: OptionalArg<PyObjectRef>,
    #[pyarg(named, optional, py_default = "...")]
    pool: OptionalArg<PyObjectRef>,
}

impl DefaultConstructor for Timeout {}

impl Initializer for Timeout {
    type Args = TimeoutArgs;

    fn init(zelf: &Py<Self>, args: TimeoutArgs, vm: &VirtualMachine) -> PyResult<()> {
        let given = [args.connect, args.read, args.write, args.pool].map(OptionalArg::into_option);
        let default = args.timeout.into_option();
        if let Some(timeout) = &default
            && timeout.downcast_ref::<Self>().is_some()
            && given.iter().any(Option::is_some)
        {
            return Err(vm.new_assertion_error("a Timeout is complete: the phases cannot be given beside it"));
        }
        let complete = given.iter().all(Option::is_some);
        let mut phases = match &default {
            Some(default) => phases_from(vm, default)?,
            None if complete => [Seconds::None; 4],
            None => {
                return Err(vm.new_value_error(
                    "httpx.Timeout must either include a default, or set all four parameters explicitly.",
                ));
            }
        };
        for ((phase, name), value) in phases.iter_mut().zip(PHASES).zip(given) {
            if let Some(value) = value {
                *phase = Seconds::read(vm, name, &value)?;
            }
        }
        *zelf.phases.lock() = phases;
        Ok(())
    }
}

impl Comparable for Timeout {
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
            Ok((zelf.timeouts() == other.timeouts()).into())
        })
    }
}

impl Representable for Timeout {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let class = zelf.class().name().to_string();
        let phases = *zelf.phases.lock();
        let [connect, read, write, pool] = phases;
        if phases.iter().all(|phase| phase.equals(connect)) {
            return Ok(format!("{class}(timeout={})", connect.repr(vm)?));
        }
        let (connect, read) = (connect.repr(vm)?, read.repr(vm)?);
        let (write, pool) = (write.repr(vm)?, pool.repr(vm)?);
        Ok(format!("{class}(connect={connect}, read={read}, write={write}, pool={pool})"))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Comparable, Representable))]
impl Timeout {
    /// Seconds to establish a connection; None is no limit.
    #[pygetset]
    fn connect(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.phase(0).to_object(vm)
    }

    #[pygetset(setter)]
    fn set_connect(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_phase(0, value, vm)
    }

    /// Seconds between two arrivals of data; None is no limit.
    #[pygetset]
    fn read(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.phase(1).to_object(vm)
    }

    #[pygetset(setter)]
    fn set_read(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_phase(1, value, vm)
    }

    /// Seconds between two moments at which the server takes data; None is no limit.
    #[pygetset]
    fn write(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.phase(2).to_object(vm)
    }

    #[pygetset(setter)]
    fn set_write(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_phase(2, value, vm)
    }

    /// Seconds to wait for a connection of the pool; None is no limit.
    #[pygetset]
    fn pool(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.phase(3).to_object(vm)
    }

    #[pygetset(setter)]
    fn set_pool(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_phase(3, value, vm)
    }

    /// The limits as a dict by phase.
    #[pymethod]
    fn as_dict(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let dict = vm.ctx.new_dict();
        let phases = *zelf.phases.lock();
        for (name, phase) in PHASES.into_iter().zip(phases) {
            dict.set_item(name, phase.to_object(vm), vm)?;
        }
        Ok(dict.into())
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let phases = *zelf.phases.lock();
        let state = vm.ctx.new_tuple(phases.iter().map(|phase| phase.to_object(vm)).collect());
        mapping::reduce(vm, zelf.as_object(), state.into())
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let state = mapping::restore(vm, zelf.as_object(), &state)?;
        let phases = phases_from(vm, &state)?;
        *zelf.phases.lock() = phases;
        Ok(())
    }
}

/// The class, ready to be exported.
pub(crate) fn class() -> PyTypeRef {
    use rustpython_vm::class::PyClassImpl as _;

    Timeout::make_static_type()
}
