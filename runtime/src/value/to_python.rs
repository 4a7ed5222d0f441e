//! Rust values to Python objects.

use rustpython_vm::builtins::{PyDictRef, PyStr};
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use serde::Serialize;
use serde::ser::{self, Serializer};

use super::error::Error;
use super::kind::display;
use super::{MAX_DEPTH, integer, iso8601};

/// Makes one Python object.
#[derive(Clone, Copy)]
pub(super) struct ToPython<'a> {
    vm: &'a VirtualMachine,
    /// How many objects are around it.
    depth: usize,
}

impl<'a> ToPython<'a> {
    pub(super) fn new(vm: &'a VirtualMachine) -> Self {
        Self { vm, depth: 0 }
    }

    fn inside(self) -> Result<Self, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::too_deep());
        }
        Ok(Self { vm: self.vm, depth: self.depth + 1 })
    }

    fn text(self, text: &str) -> PyObjectRef {
        self.vm.ctx.new_str(text).into()
    }

    fn items(self, kind: Kind, length: Option<usize>) -> Result<Items<'a>, Error> {
        // The length is only what the value says of itself.
        let made = Vec::with_capacity(length.unwrap_or(0).min(4096));
        Ok(Items { inside: self.inside()?, made, kind })
    }

    fn mapping(self, kind: MappingKind) -> Result<Mapping<'a>, Error> {
        Ok(Mapping { inside: self.inside()?, dict: self.vm.ctx.new_dict(), key: None, kind })
    }
}

/// What the items become.
#[derive(Clone, Copy)]
enum Kind {
    List,
    Tuple,
    /// A tuple, in a dict from the variant's name to it.
    Variant(&'static str),
}

pub(super) struct Items<'a> {
    inside: ToPython<'a>,
    made: Vec<PyObjectRef>,
    kind: Kind,
}

impl Items<'_> {
    fn push(&mut self, item: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let index = self.made.len();
        self.made.push(item.serialize(self.inside).map_err(|error| error.at_index(index))?);
        Ok(())
    }

    fn finish(self) -> Result<PyObjectRef, Error> {
        let vm = self.inside.vm;
        match self.kind {
            Kind::List => Ok(vm.ctx.new_list(self.made).into()),
            Kind::Tuple => Ok(vm.ctx.new_tuple(self.made).into()),
            Kind::Variant(name) => of_variant(vm, name, vm.ctx.new_tuple(self.made).into()),
        }
    }
}

pub(super) struct Mapping<'a> {
    inside: ToPython<'a>,
    dict: PyDictRef,
    /// A key that waits for its value.
    key: Option<PyObjectRef>,
    kind: MappingKind,
}

enum MappingKind {
    Dict,
    /// A dict, in another one from the variant's name to it.
    Variant(&'static str),
    /// A struct of this name, which may be one of the standard library.
    Struct(&'static str),
}

impl Mapping<'_> {
    fn put(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let value = value.serialize(self.inside).map_err(|error| error.at_field(name))?;
        Ok(self.dict.set_item(name, value, self.inside.vm)?)
    }

    fn finish(self) -> Result<PyObjectRef, Error> {
        let vm = self.inside.vm;
        match self.kind {
            MappingKind::Dict => Ok(self.dict.into()),
            MappingKind::Variant(name) => of_variant(vm, name, self.dict.into()),
            MappingKind::Struct(name) => Ok(standard(vm, name, &self.dict)?.unwrap_or(self.dict.into())),
        }
    }
}

fn of_variant(vm: &VirtualMachine, name: &str, content: PyObjectRef) -> Result<PyObjectRef, Error> {
    let dict = vm.ctx.new_dict();
    dict.set_item(name, content, vm)?;
    Ok(dict.into())
}

/// The object for the serde form of a `std::time::Duration` or `SystemTime`.
fn standard(vm: &VirtualMachine, name: &str, fields: &PyDictRef) -> PyResult<Option<PyObjectRef>> {
    let (seconds, nanos) = match name {
        "Duration" => ("secs", "nanos"),
        "SystemTime" => ("secs_since_epoch", "nanos_since_epoch"),
        _ => return Ok(None),
    };
    let parts = fields.get_item_opt(seconds, vm)?.zip(fields.get_item_opt(nanos, vm)?);
    let Some((seconds, nanos)) = parts.filter(|_| fields.__len__() == 2) else { return Ok(None) };
    // Python has no nanoseconds.
    let micros = vm._floordiv(&nanos, vm.ctx.new_int(1000).as_object())?;
    let timedelta = vm.import("datetime", 0)?.get_attr("timedelta", vm)?.call((0, seconds, micros), vm)?;
    if name == "Duration" {
        return Ok(Some(timedelta));
    }
    let epoch = epoch(vm)?;
    vm._add(&epoch, &timedelta).map(Some)
}

/// The beginning of 1970 in UTC.
pub(super) fn epoch(vm: &VirtualMachine) -> PyResult {
    let datetime = vm.import("datetime", 0)?;
    let utc = datetime.get_attr("timezone", vm)?.get_attr("utc", vm)?;
    let class = datetime.get_attr("datetime", vm)?;
    vm.call_method(&class, "fromtimestamp", (0, utc))
}

/// What [`Iso8601`](super::Iso8601) holds, made a `date`, `time` or `datetime`.
fn moment(vm: &VirtualMachine, text: PyObjectRef) -> Result<PyObjectRef, Error> {
    let Some(string) = text.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()) else {
        let found = display(vm, &text);
        return Err(Error::of_type(format!("expected a date or time of ISO 8601 in a text, got {found}")));
    };
    let class = if string.find(['T', ' ']).is_some_and(|at| at > 0) {
        "datetime"
    } else if string.contains(':') {
        "time"
    } else {
        "date"
    };
    let class = vm.import("datetime", 0)?.get_attr(class, vm)?;
    vm.call_method(&class, "fromisoformat", (text,))
        .map_err(|_| Error::of_value(format!("expected a date or time of ISO 8601, got {string:?}")))
}

/// Methods for numbers that Python takes as they are.
macro_rules! integers {
    ($($method:ident $type:ty),* $(,)?) => {
        $(
            fn $method(self, value: $type) -> Result<PyObjectRef, Error> {
                Ok(self.vm.ctx.new_int(value).into())
            }
        )*
    };
}

impl<'a> Serializer for ToPython<'a> {
    type Ok = PyObjectRef;
    type Error = Error;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Mapping<'a>;
    type SerializeStruct = Mapping<'a>;
    type SerializeStructVariant = Mapping<'a>;

    integers! {
        serialize_i8 i8,
        serialize_i16 i16,
        serialize_i32 i32,
        serialize_i64 i64,
        serialize_i128 i128,
        serialize_u8 u8,
        serialize_u16 u16,
        serialize_u32 u32,
        serialize_u64 u64,
        serialize_u128 u128,
    }

    fn serialize_bool(self, value: bool) -> Result<PyObjectRef, Error> {
        Ok(self.vm.ctx.new_bool(value).into())
    }

    fn serialize_f32(self, value: f32) -> Result<PyObjectRef, Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<PyObjectRef, Error> {
        Ok(self.vm.ctx.new_float(value).into())
    }

    fn serialize_char(self, value: char) -> Result<PyObjectRef, Error> {
        Ok(self.text(value.encode_utf8(&mut [0; 4])))
    }

    fn serialize_str(self, value: &str) -> Result<PyObjectRef, Error> {
        Ok(self.text(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<PyObjectRef, Error> {
        Ok(self.vm.ctx.new_bytes(value.to_vec()).into())
    }

    fn serialize_none(self) -> Result<PyObjectRef, Error> {
        Ok(self.vm.ctx.none())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<PyObjectRef, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<PyObjectRef, Error> {
        Ok(self.vm.ctx.none())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<PyObjectRef, Error> {
        Ok(self.vm.ctx.none())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<PyObjectRef, Error> {
        Ok(self.text(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<PyObjectRef, Error> {
        let made = value.serialize(self)?;
        match name {
            integer::NAME => {
                let text = made.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned());
                let digits = text.and_then(|text| text.parse().ok());
                let digits = digits.ok_or_else(|| Error::of_value("expected decimal digits"))?;
                Ok(self.vm.ctx.new_bigint(&digits).into())
            }
            iso8601::NAME => moment(self.vm, made),
            _ => Ok(made),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<PyObjectRef, Error> {
        let value = value.serialize(self.inside()?).map_err(|error| error.at_field(variant))?;
        of_variant(self.vm, variant, value)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items<'a>, Error> {
        self.items(Kind::List, length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Items<'a>, Error> {
        self.items(Kind::Tuple, Some(length))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Items<'a>, Error> {
        self.items(Kind::Tuple, Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Items<'a>, Error> {
        self.items(Kind::Variant(variant), Some(length))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Mapping<'a>, Error> {
        self.mapping(MappingKind::Dict)
    }

    fn serialize_struct(self, name: &'static str, _length: usize) -> Result<Mapping<'a>, Error> {
        self.mapping(MappingKind::Struct(name))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Mapping<'a>, Error> {
        self.mapping(MappingKind::Variant(variant))
    }
}

impl ser::SerializeSeq for Items<'_> {
    type Ok = PyObjectRef;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.push(item)
    }

    fn end(self) -> Result<PyObjectRef, Error> {
        self.finish()
    }
}

impl ser::SerializeTuple for Items<'_> {
    type Ok = PyObjectRef;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.push(item)
    }

    fn end(self) -> Result<PyObjectRef, Error> {
        self.finish()
    }
}

impl ser::SerializeTupleStruct for Items<'_> {
    type Ok = PyObjectRef;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.push(item)
    }

    fn end(self) -> Result<PyObjectRef, Error> {
        self.finish()
    }
}

impl ser::SerializeTupleVariant for Items<'_> {
    type Ok = PyObjectRef;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.push(item)
    }

    fn end(self) -> Result<PyObjectRef, Error> {
        self.finish()
    }
}

impl ser::SerializeMap for Mapping<'_> {
    type Ok = PyObjectRef;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(key.serialize(self.inside)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().ok_or_else(|| Error::of_value("a value came before its key"))?;
        let vm = self.inside.vm;
        let value = value.serialize(self.inside).map_err(|error| match key.downcast_ref::<PyStr>() {
            Some(name) => error.at_field(&name.to_string_lossy()),
            None => error.at_key(display(vm, &key)),
        })?;
        Ok(self.dict.set_item(&*key, value, vm)?)
    }

    fn end(self) -> Result<PyObjectRef, Error> {
        self.finish()
    }
}

impl ser::SerializeStruct for Mapping<'_> {
    type Ok = PyObjectRef;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.put(name, value)
    }

    fn end(self) -> Result<PyObjectRef, Error> {
        self.finish()
    }
}

impl ser::SerializeStructVariant for Mapping<'_> {
    type Ok = PyObjectRef;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.put(name, value)
    }

    fn end(self) -> Result<PyObjectRef, Error> {
        self.finish()
    }
}
