//! Reading JSON straight into Python objects.
//!
//! `serde_json` drives a visitor that makes the objects itself: no tree stands in between. It stops
//! wherever it could differ from Python: integers beyond 64 bits and `-0` (which it hands over as
//! floats), NaN and Infinity, lone surrogates, deep nesting, byte order marks, other encodings, and
//! everything that is not JSON. The document then goes to Python's `json.loads` as a whole.

use std::fmt;

use rustpython_vm::{
    PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyBytesRef, PyDict, PyStrRef},
    function::{FuncArgs, KwArgs},
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Floats from here on may have been written as integers that do not fit 64 bits.
const INTEGERS_END: f64 = 9_223_372_036_854_775_808.0;

/// `json.loads(document, **options)`. With options it is the standard library's business.
///
/// # Errors
/// What Python raises: `json.JSONDecodeError`, `UnicodeDecodeError`, `RecursionError`..., and what
/// the hooks raise.
pub(crate) fn loads(vm: &VirtualMachine, document: PyBytesRef, options: KwArgs) -> PyResult<PyObjectRef> {
    let value = if options.is_empty() { parse(vm, document.as_bytes()) } else { None };
    value.map_or_else(|| python_loads(vm, document, options), Ok)
}

fn python_loads(vm: &VirtualMachine, document: PyBytesRef, options: KwArgs) -> PyResult<PyObjectRef> {
    let loads = vm.import("json", 0)?.get_attr("loads", vm)?;
    loads.call(FuncArgs::new(vec![document.into()], options), vm)
}

/// The value of a JSON document, or `None` where only Python's `json.loads` can tell.
pub fn parse(vm: &VirtualMachine, document: &[u8]) -> Option<PyObjectRef> {
    let mut keys = KeyCache::default();
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    let value = Value { vm, keys: &mut keys }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// The keys met so far: lists of records repeat them, and one object a key (with its hash already
/// computed) serves them all. A slot forgets its key to a newer one, so that hostile documents gain
/// nothing.
#[derive(Default)]
struct KeyCache {
    slots: Vec<Option<PyStrRef>>,
}

impl KeyCache {
    const SLOTS: usize = 256;
    /// Longer keys are seldom repeated.
    const LONGEST: usize = 64;

    fn get(&mut self, vm: &VirtualMachine, key: &str) -> PyStrRef {
        if key.len() > Self::LONGEST {
            return vm.ctx.new_str(key);
        }
        if self.slots.is_empty() {
            self.slots.resize(Self::SLOTS, None);
        }
        // FNV-1a: keys are short, and a bad spread only costs hits.
        let hash = key
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let Some(slot) = self.slots.get_mut(hash as usize % Self::SLOTS) else {
            return vm.ctx.new_str(key);
        };
        match slot {
            Some(known) if known.as_bytes() == key.as_bytes() => known.clone(),
            slot => slot.insert(vm.ctx.new_str(key)).clone(),
        }
    }
}

/// Makes the Python object of one JSON value.
struct Value<'a> {
    vm: &'a VirtualMachine,
    keys: &'a mut KeyCache,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = PyObjectRef;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = PyObjectRef;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(self.vm.ctx.none())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.vm.ctx.new_bool(value).into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(self.vm.ctx.new_int(value).into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(self.vm.ctx.new_int(value).into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        let may_be_an_integer = value.abs() >= INTEGERS_END || (value == 0.0 && value.is_sign_negative());
        if may_be_an_integer {
            return Err(E::custom("only Python can tell this number"));
        }
        Ok(self.vm.ctx.new_float(value).into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(self.vm.ctx.new_str(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let Self { vm, keys } = self;
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(Value { vm, keys })? {
            items.push(item);
        }
        Ok(vm.ctx.new_list(items).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let Self { vm, keys } = self;
        let dict = PyDict::default();
        while let Some(key) = object.next_key_seed(Key { vm, keys })? {
            let value = object.next_value_seed(Value { vm, keys })?;
            dict.inner_setitem(&*key, value, vm).map_err(|_| A::Error::custom("no place in the dict"))?;
        }
        Ok(dict.into_ref(&vm.ctx).into())
    }
}

/// Makes the key of an object's member.
struct Key<'a> {
    vm: &'a VirtualMachine,
    keys: &'a mut KeyCache,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = PyStrRef;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = PyStrRef;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.keys.get(self.vm, key))
    }
}
