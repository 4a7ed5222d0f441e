//! Integers of any size.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// The name of the newtype between [`Integer`] and the conversions beside it.
pub(super) const NAME: &str = "$tauraro::Integer";

/// An integer of any size, as Python has them, in decimal digits.
///
/// Every integer type of Rust converts by itself, exactly or with an error; this is for those that do not fit
/// 128 bits:
///
/// ```
/// # use tauraro::{Integer, Runtime};
/// # let runtime = Runtime::builder().build()?;
/// let large: Integer = runtime.eval("2 ** 200")?;
/// assert_eq!(large.as_str(), "1606938044258990275541962092341162602522202993782792835301376");
/// assert!(i128::try_from(&large).is_err());
/// # Ok::<(), tauraro::ScriptError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Integer(String);

/// A text that is not an integer in decimal digits, or one that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInteger(String);

impl Integer {
    /// Its digits, after a minus sign if it is negative; no leading zeros.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Integer {
    type Err = InvalidInteger;

    fn from_str(text: &str) -> Result<Self, InvalidInteger> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let text = super::error::cut(text, 60);
            return Err(InvalidInteger(format!("{text:?} is not an integer in decimal digits")));
        }
        Ok(match digits.trim_start_matches('0') {
            "" => Self("0".to_owned()),
            digits => Self(format!("{sign}{digits}")),
        })
    }
}

impl From<i128> for Integer {
    fn from(value: i128) -> Self {
        Self(value.to_string())
    }
}

impl From<u128> for Integer {
    fn from(value: u128) -> Self {
        Self(value.to_string())
    }
}

impl TryFrom<&Integer> for i128 {
    type Error = InvalidInteger;

    fn try_from(integer: &Integer) -> Result<Self, InvalidInteger> {
        integer.0.parse().map_err(|_| does_not_fit(integer))
    }
}

impl TryFrom<&Integer> for u128 {
    type Error = InvalidInteger;

    fn try_from(integer: &Integer) -> Result<Self, InvalidInteger> {
        integer.0.parse().map_err(|_| does_not_fit(integer))
    }
}

fn does_not_fit(integer: &Integer) -> InvalidInteger {
    InvalidInteger(format!("{} does not fit 128 bits", super::error::cut(&integer.0, 60)))
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidInteger {}

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &self.0)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, IntegerVisitor)
    }
}

struct IntegerVisitor;

impl<'de> Visitor<'de> for IntegerVisitor {
    type Value = Integer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Integer, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Integer, E> {
        Ok(i128::from(value).into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Integer, E> {
        Ok(u128::from(value).into())
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Integer, E> {
        Ok(value.into())
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Integer, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Integer, E> {
        text.parse().map_err(E::custom)
    }
}
