//! Values between Rust and Python, through serde.
//!
//! | file | what it is |
//! |---|---|
//! | `to_python` | a serde `Serializer` that makes Python objects |
//! | `to_rust` | a serde `Deserializer` that reads Python objects |
//! | `kind` | what kind of value a Python object is to serde: one place that knows Python's types |
//! | `arguments` | what a function is called with |
//! | `error` | values that cannot be converted, and where they are |
//! | `integer`, `bytes`, `iso8601` | types that serde has no form for |

mod arguments;
mod bytes;
mod error;
mod integer;
mod iso8601;
mod kind;
mod to_python;
mod to_rust;

use std::cell::Cell;

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use arguments::{Arguments, Keywords};
pub use bytes::Bytes;
pub use integer::{Integer, InvalidInteger};
pub use iso8601::Iso8601;

use to_python::ToPython;
use to_rust::ToRust;

/// How deeply values may be nested: a deeper one is assumed to contain itself.
const MAX_DEPTH: usize = 128;

/// How much memory a value for Rust may take, approximately: a small Python object that refers to another one many
/// times can stand for more than any machine holds.
const MAX_SIZE: usize = 256 << 20;

/// The Python object of a Rust value, called `name` in messages.
///
/// # Errors
/// `ValueError`, `TypeError` or `OverflowError`, naming the place in the value.
pub(crate) fn to_python(vm: &VirtualMachine, value: &(impl Serialize + ?Sized), name: &str) -> PyResult {
    value.serialize(ToPython::new(vm)).map_err(|error| error.into_exception(vm, name))
}

/// The Rust value of a Python object, called `name` in messages.
///
/// # Errors
/// `ValueError`, `TypeError` or `OverflowError`, naming the place in the value; what the object's own
/// code raised.
pub(crate) fn to_rust<T: DeserializeOwned>(
    vm: &VirtualMachine,
    object: PyObjectRef,
    name: &str,
) -> PyResult<T> {
    let room = Cell::new(MAX_SIZE);
    T::deserialize(ToRust::new(vm, object, &room)).map_err(|error| error.into_exception(vm, name))
}
