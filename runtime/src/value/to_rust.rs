//! Python objects to Rust values.

use std::cell::Cell;
use std::fmt::Display;
use std::time::Duration;

use rustpython_vm::builtins::{PyInt, PyStr};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, VirtualMachine};
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::error::Error;
use super::kind::{Pair, PyKind, display, duration};
use super::{MAX_DEPTH, MAX_SIZE, integer};

/// Larger integers are not converted to decimal, which takes longer than their size suggests.
const MAX_DECIMAL_BITS: u64 = 1 << 20;

/// Reads one Python object.
pub(super) struct ToRust<'a> {
    vm: &'a VirtualMachine,
    object: PyObjectRef,
    /// How many objects are around it.
    depth: usize,
    /// How much memory the whole value may still take.
    room: &'a Cell<usize>,
}

impl<'a> ToRust<'a> {
    pub(super) fn new(vm: &'a VirtualMachine, object: PyObjectRef, room: &'a Cell<usize>) -> Self {
        Self { vm, object, depth: 0, room }
    }

    fn kind(&self) -> Result<PyKind, Error> {
        // A time limit applies to large values too.
        self.vm.check_signals()?;
        let kind = PyKind::of(self.vm, &self.object)?;
        let room = self.room.get().checked_sub(kind.size());
        self.room.set(room.ok_or_else(|| {
            Error::of_value(format!("the whole value takes more than {} MiB", MAX_SIZE >> 20))
        })?);
        Ok(kind)
    }

    fn inside(&self, object: PyObjectRef) -> Result<Self, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::too_deep());
        }
        Ok(Self { vm: self.vm, object, depth: self.depth + 1, room: self.room })
    }

    fn mismatch(&self, expected: impl Display) -> Error {
        Error::of_type(format!("expected {expected}, got {}", display(self.vm, &self.object)))
    }

    /// The object as an integer type with these limits.
    fn integer<T>(&self, lowest: T, highest: T) -> Result<T, Error>
    where
        T: Display + TryFrom<i128> + TryFrom<u128>,
    {
        let expected = || format!("an integer from {lowest} to {highest}");
        match self.kind()? {
            PyKind::Integer(integer) => narrow(&integer).ok_or_else(|| {
                Error::of_range(format!(
                    "expected {}, got {}",
                    expected(),
                    display(self.vm, integer.as_object())
                ))
            }),
            _ => Err(self.mismatch(expected())),
        }
    }

    fn float(&self) -> Result<f64, Error> {
        match self.kind()? {
            PyKind::Float(value) => Ok(value),
            PyKind::Integer(integer) => exact_float(self.vm, &integer),
            PyKind::Timedelta(object) => seconds(self.vm, &object),
            _ => Err(self.mismatch("a number")),
        }
    }

    fn sequence<'de, V: Visitor<'de>>(&self, items: Vec<PyObjectRef>, visitor: V) -> Result<V::Value, Error> {
        let mut access = Items { around: self, left: items.into_iter(), index: 0 };
        let value = visitor.visit_seq(&mut access)?;
        match access.left.len() {
            0 => Ok(value),
            left => Err(Error::of_value(format!(
                "expected {} items, got {}",
                access.index,
                access.index.saturating_add(left)
            ))),
        }
    }

    fn mapping<'de, V: Visitor<'de>>(&self, pairs: Vec<Pair>, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Pairs { around: self, left: pairs.into_iter(), entered: None })
    }
}

/// The integer as another type, if it fits.
fn narrow<T: TryFrom<i128> + TryFrom<u128>>(integer: &PyInt) -> Option<T> {
    let signed = i128::try_from(integer.as_bigint()).ok().and_then(|value| T::try_from(value).ok());
    signed.or_else(|| u128::try_from(integer.as_bigint()).ok().and_then(|value| T::try_from(value).ok()))
}

/// An integer as a float, if that is the same number.
fn exact_float(vm: &VirtualMachine, integer: &PyInt) -> Result<f64, Error> {
    let is_exact = |value: &i128| {
        let magnitude = value.unsigned_abs();
        let ends = magnitude.leading_zeros() + magnitude.trailing_zeros();
        u128::BITS.saturating_sub(ends) <= f64::MANTISSA_DIGITS
    };
    #[expect(clippy::cast_precision_loss, reason = "none is lost")]
    let float = narrow(integer).filter(is_exact).map(|value| value as f64);
    float.ok_or_else(|| {
        let text = display(vm, vm.ctx.new_bigint(integer.as_bigint()).as_object());
        Error::of_range(format!("expected a number that a float holds exactly, got {text}"))
    })
}

fn seconds(vm: &VirtualMachine, timedelta: &PyObject) -> Result<f64, Error> {
    Ok(vm.call_method(timedelta, "total_seconds", ())?.try_into_value(vm)?)
}

/// The items of a sequence.
struct Items<'a, 'v> {
    around: &'a ToRust<'v>,
    left: std::vec::IntoIter<PyObjectRef>,
    index: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(item) = self.left.next() else { return Ok(None) };
        let index = self.index;
        self.index = index.saturating_add(1);
        let value = self.around.inside(item).and_then(|item| seed.deserialize(item));
        value.map(Some).map_err(|error| error.at_index(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// The keys and values of a mapping.
struct Pairs<'a, 'v> {
    around: &'a ToRust<'v>,
    left: std::vec::IntoIter<Pair>,
    /// The pair whose key was read.
    entered: Option<Pair>,
}

impl Pairs<'_, '_> {
    fn at(&self, error: Error, key: &PyObject) -> Error {
        match key.downcast_ref::<PyStr>().and_then(|key| key.to_str()) {
            Some(name) => error.at_field(name),
            None => error.at_key(display(self.around.vm, key)),
        }
    }
}

impl<'de> de::MapAccess<'de> for Pairs<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(pair) = self.left.next() else { return Ok(None) };
        let key = self.around.inside(pair.0.clone()).and_then(|key| seed.deserialize(key));
        let key = key.map_err(|error| self.at(error, &pair.0))?;
        self.entered = Some(pair);
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, value)) = self.entered.take() else {
            return Err(Error::of_value("a value was asked for before its key"));
        };
        let value = self.around.inside(value).and_then(|value| seed.deserialize(value));
        value.map_err(|error| self.at(error, &key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// A variant of a Rust enumeration: its name, and what it holds.
struct Variant<'a> {
    name: String,
    content: Option<ToRust<'a>>,
}

impl<'de, 'a> de::EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = VariantContent<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, VariantContent<'a>), Error> {
        let name = seed.deserialize(StrDeserializer::<Error>::new(&self.name))?;
        Ok((name, VariantContent { name: self.name, content: self.content }))
    }
}

struct VariantContent<'a> {
    name: String,
    content: Option<ToRust<'a>>,
}

impl<'a> VariantContent<'a> {
    fn read<T>(self, read: impl FnOnce(ToRust<'a>) -> Result<T, Error>) -> Result<T, Error> {
        match self.content {
            Some(content) => read(content).map_err(|error| error.at_field(&self.name)),
            None => Err(Error::of_type(format!(
                "expected a dict of {:?} and what it holds, got the name alone",
                self.name
            ))),
        }
    }
}

impl<'de> de::VariantAccess<'de> for VariantContent<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.content {
            None => Ok(()),
            Some(content) if content.vm.is_none(&content.object) => Ok(()),
            Some(content) => Err(content.mismatch("None").at_field(&self.name)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.read(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.read(|content| content.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(|content| content.deserialize_struct("", fields, visitor))
    }
}

/// Reads integers, each with the limits of its type.
macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),* $(,)?) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                visitor.$visit(self.integer(<$type>::MIN, <$type>::MAX)?)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for ToRust<'_> {
    type Error = Error;

    /// For types that take what there is: `serde_json::Value`, untagged enumerations, flattened structs.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::None => visitor.visit_unit(),
            PyKind::Bool(value) => visitor.visit_bool(value),
            PyKind::Integer(integer) => {
                if let Some(value) = narrow::<i64>(&integer) {
                    visitor.visit_i64(value)
                } else if let Some(value) = narrow::<u64>(&integer) {
                    visitor.visit_u64(value)
                } else if let Some(value) = narrow::<i128>(&integer) {
                    visitor.visit_i128(value)
                } else if let Some(value) = narrow::<u128>(&integer) {
                    visitor.visit_u128(value)
                } else {
                    Err(Error::of_range(format!(
                        "expected an integer of at most 128 bits, got {}",
                        display(self.vm, &self.object)
                    )))
                }
            }
            PyKind::Float(value) => visitor.visit_f64(value),
            PyKind::Text(text) | PyKind::Moment(_, text) => visitor.visit_string(text),
            PyKind::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            PyKind::Sequence(items) | PyKind::Record(items, _) => self.sequence(items, visitor),
            PyKind::Mapping(pairs) => self.mapping(pairs, visitor),
            PyKind::Timedelta(object) => visitor.visit_f64(seconds(self.vm, &object)?),
            PyKind::Opaque => Err(self.mismatch("a value that serde has a form for")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.mismatch("True or False")),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = self.float()?;
        #[expect(clippy::cast_possible_truncation, reason = "rounding is what asking for f32 means")]
        let narrow = value as f32;
        if narrow.is_infinite() && value.is_finite() {
            return Err(Error::of_range(format!("expected a float of 32 bits, got {value:?}")));
        }
        visitor.visit_f32(narrow)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Text(text) => {
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(char), None) => visitor.visit_char(char),
                    _ => Err(Error::of_value(format!(
                        "expected one character, got {}",
                        display(self.vm, &self.object)
                    ))),
                }
            }
            _ => Err(self.mismatch("one character")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Text(text) | PyKind::Moment(_, text) => visitor.visit_string(text),
            _ => Err(self.mismatch("text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            PyKind::Sequence(items) => self.sequence(items, visitor),
            _ => Err(self.mismatch("bytes")),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.vm.is_none(&self.object) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.vm.is_none(&self.object) { visitor.visit_unit() } else { Err(self.mismatch("None")) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name != integer::NAME {
            return visitor.visit_newtype_struct(self);
        }
        match self.kind()? {
            PyKind::Integer(integer) if integer.as_bigint().bits() > MAX_DECIMAL_BITS => {
                Err(Error::of_range(format!(
                    "expected an integer of at most {MAX_DECIMAL_BITS} bits, got one of {}",
                    integer.as_bigint().bits()
                )))
            }
            PyKind::Integer(integer) => visitor
                .visit_newtype_struct(StringDeserializer::<Error>::new(integer.as_bigint().to_string())),
            _ => Err(self.mismatch("an integer")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Sequence(items) | PyKind::Record(items, _) => self.sequence(items, visitor),
            PyKind::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::<_, Error>::new(bytes.into_iter())),
            _ => Err(self.mismatch("a list, tuple or set")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Sequence(items) | PyKind::Record(items, _) if items.len() != length => {
                Err(Error::of_value(format!("expected {length} items, got {}", items.len())))
            }
            _ => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Mapping(pairs) | PyKind::Record(_, pairs) => self.mapping(pairs, visitor),
            _ => Err(self.mismatch("a dict, dataclass or named tuple")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // How serde spells `std::time::Duration` and `SystemTime`.
        let duration = match (name, fields, self.kind()?) {
            ("Duration", ["secs", "nanos"], PyKind::Timedelta(object)) => duration(self.vm, &object)?,
            ("SystemTime", ["secs_since_epoch", "nanos_since_epoch"], PyKind::Moment(object, text)) => {
                since_epoch(self.vm, &object, &text)?
            }
            _ => return self.deserialize_map(visitor),
        };
        let parts = [(fields.first(), duration.as_secs()), (fields.get(1), duration.subsec_nanos().into())];
        let parts = parts.into_iter().filter_map(|(name, value)| Some((*name?, value)));
        visitor.visit_map(MapDeserializer::<_, Error>::new(parts))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let expected = "a str that names a variant, or a dict of it and what it holds";
        match self.kind()? {
            PyKind::Text(name) => visitor.visit_enum(Variant { name, content: None }),
            PyKind::Mapping(pairs) => match pairs.as_slice() {
                [(name, content)] => {
                    let PyKind::Text(name) = PyKind::of(self.vm, name)? else {
                        return Err(self.mismatch(expected));
                    };
                    visitor.visit_enum(Variant { name, content: Some(self.inside(content.clone())?) })
                }
                _ => Err(Error::of_value(format!("expected {expected}, got a dict of {} keys", pairs.len()))),
            },
            _ => Err(self.mismatch(expected)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind()? {
            PyKind::Text(name) => visitor.visit_string(name),
            _ => Err(self.mismatch("a name of type str")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// A `datetime` with a time zone as the time since 1970.
fn since_epoch(vm: &VirtualMachine, moment: &PyObject, text: &str) -> Result<Duration, Error> {
    let mismatch = || Error::of_value(format!("expected a datetime with a time zone, got {text}"));
    // A date has none.
    let offset = match vm.get_attribute_opt(moment, "utcoffset")? {
        Some(offset) => offset.call((), vm)?,
        None => vm.ctx.none(),
    };
    if vm.is_none(&offset) {
        return Err(mismatch());
    }
    let epoch = super::to_python::epoch(vm)?;
    // Fails for a time of day, which has an offset but no date.
    let difference = vm._sub(moment, &epoch).map_err(|_| mismatch())?;
    duration(vm, &difference)
}
