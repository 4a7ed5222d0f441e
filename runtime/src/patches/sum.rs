//! `sum()` that loses no precision over floats (Neumaier's compensation), as CPython's since 3.12.

use rustpython_vm::builtins::{PyFloat, PyInt};
use rustpython_vm::function::ArgIterable;
use rustpython_vm::{AsObject, FromArgs, PyObject, PyObjectRef, PyResult, VirtualMachine};

#[derive(FromArgs)]
struct SumArguments {
    #[pyarg(positional)]
    iterable: ArgIterable,
    #[pyarg(any, optional)]
    start: Option<PyObjectRef>,
}

pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    super::replace_builtin(
        vm,
        "sum",
        "sum($module, iterable, /, start=0)\n--\n\nReturn the sum of a 'start' value (default: 0) plus an iterable of numbers.",
        |_original| move |arguments: SumArguments, vm: &VirtualMachine| sum(arguments, vm),
    )
}

fn sum(SumArguments { iterable, start }: SumArguments, vm: &VirtualMachine) -> PyResult {
    let mut sum = start.unwrap_or_else(|| vm.ctx.new_int(0).into());
    for (class, advice) in [
        (vm.ctx.types.str_type, "strings [use ''.join(seq) instead]"),
        (vm.ctx.types.bytes_type, "bytes [use b''.join(seq) instead]"),
        (vm.ctx.types.bytearray_type, "bytearray [use b''.join(seq) instead]"),
    ] {
        if sum.fast_isinstance(class) {
            return Err(vm.new_type_error(format!("sum() can't sum {advice}")));
        }
    }
    let items = iterable.iter(vm)?;
    // Floats are added without making an object for each step; `sum` then lags behind.
    let mut floats: Option<Compensated> = exact_float(&sum, vm).map(Compensated::new);
    for item in items {
        let item: PyObjectRef = item?;
        if let Some(compensated) = &mut floats {
            if let Some(value) = exact_float(&item, vm) {
                compensated.add(value);
                continue;
            }
            if let Some(value) = small_int(&item, vm) {
                compensated.total += value;
                continue;
            }
            sum = vm.ctx.new_float(compensated.value()).into();
        }
        sum = vm._add(&sum, &item)?;
        floats = exact_float(&sum, vm).map(Compensated::new);
    }
    Ok(match floats {
        Some(compensated) => vm.ctx.new_float(compensated.value()).into(),
        None => sum,
    })
}

/// A sum and what was lost in rounding it.
struct Compensated {
    total: f64,
    lost: f64,
}

impl Compensated {
    fn new(total: f64) -> Self {
        Self { total, lost: 0.0 }
    }

    fn add(&mut self, value: f64) {
        let next = self.total + value;
        self.lost += if self.total.abs() >= value.abs() {
            (self.total - next) + value
        } else {
            (value - next) + self.total
        };
        self.total = next;
    }

    fn value(&self) -> f64 {
        if self.lost != 0.0 && self.lost.is_finite() { self.total + self.lost } else { self.total }
    }
}

fn exact_float(object: &PyObject, vm: &VirtualMachine) -> Option<f64> {
    object.downcast_ref_if_exact::<PyFloat>(vm).map(rustpython_vm::Py::to_f64)
}

/// An exact integer that a float holds exactly.
fn small_int(object: &PyObject, vm: &VirtualMachine) -> Option<f64> {
    let value = object.downcast_ref_if_exact::<PyInt>(vm)?.try_to_primitive::<i32>(vm).ok()?;
    Some(f64::from(value))
}
