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
    let document = std::str::from_utf8(document).ok()?;
    let mut cache = StringCache { keys: Texts::default(), values: Texts::default() };
    let mut deserializer = serde_json::Deserializer::from_str(document);
    let value = Value { vm, cache: &mut cache }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// The texts met so far. Lists of records repeat their keys, and many of their values; apart, so that
/// values do not displace keys.
struct StringCache {
    keys: Texts,
    values: Texts,
}

impl StringCache {
    /// Longer keys are seldom repeated.
    const MAX_KEY_LENGTH: usize = 64;
    /// Longer values are texts, not words.
    const MAX_VALUE_LENGTH: usize = 16;
}

/// Strings made before, to be used again: one object (with its hash already computed, if it was
/// needed) serves all that are equal. A slot forgets its text to a newer one, so that hostile
/// documents gain nothing.
struct Texts {
    slots: [Option<PyStrRef>; Self::SLOTS],
}

impl Default for Texts {
    fn default() -> Self {
        Self { slots: [const { None }; Self::SLOTS] }
    }
}

impl Texts {
    const SLOTS: usize = 64;

    fn get(&mut self, vm: &VirtualMachine, text: &str, longest: usize) -> PyStrRef {
        if text.len() > longest {
            return vm.ctx.new_str(text);
        }
        match self.slots.get_mut(spread(text.as_bytes()) % Self::SLOTS) {
            Some(Some(cache)) if cache.as_bytes() == text.as_bytes() => cache.clone(),
            Some(slot) => slot.insert(vm.ctx.new_str(text)).clone(),
            None => vm.ctx.new_str(text),
        }
    }
}

/// A number from the ends of a text: what it is spread by must cost less than what is saved, and a
/// bad spread only costs hits.
fn spread(text: &[u8]) -> usize {
    let ends = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
            }
            _ => text.iter().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte)),
        },
    };
    // The golden ratio as a fraction of 2^64 (Knuth), whose upper bits depend on all of the factor's.
    let mixed = (ends ^ text.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as usize
}

/// Makes the Python object of one JSON value.
struct Value<'a> {
    vm: &'a VirtualMachine,
    cache: &'a mut StringCache,
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
        Ok(self.cache.values.get(self.vm, value, StringCache::MAX_VALUE_LENGTH).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let Self { vm, cache } = self;
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(Value { vm, cache })? {
            items.push(item);
        }
        Ok(vm.ctx.new_list(items).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let Self { vm, cache } = self;
        let dict = PyDict::default();
        while let Some(key) = object.next_key_seed(Key { vm, cache })? {
            let value = object.next_value_seed(Value { vm, cache })?;
            dict.inner_setitem(&*key, value, vm).map_err(|_| A::Error::custom("no place in the dict"))?;
        }
        Ok(dict.into_ref(&vm.ctx).into())
    }
}

/// Makes the key of an object's member.
struct Key<'a> {
    vm: &'a VirtualMachine,
    cache: &'a mut StringCache,
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
        Ok(self.cache.keys.get(self.vm, key, StringCache::MAX_KEY_LENGTH))
    }
}
