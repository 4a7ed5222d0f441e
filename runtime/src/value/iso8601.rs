//! Dates and times that arrive in Python as objects of `datetime`.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// The name of the newtype between [`Iso8601`] and the conversions beside it.
pub(super) const NAME: &str = "$tauraro::Iso8601";

/// A date, a time or both, whose serde form is a text in ISO 8601: a `datetime.datetime`, `date` or `time` in
/// Python, depending on the text.
///
/// `T` is a type of your date library (those of chrono and jiff have this form), or a text:
///
/// ```
/// # use tauraro::{Iso8601, Runtime};
/// # let runtime = Runtime::builder().build()?;
/// runtime.set_global("due", &Iso8601("2024-02-28T12:30:00+01:00"))?;
/// runtime.run_string("import datetime; due += datetime.timedelta(days=1)", "<due>")?;
/// assert_eq!(runtime.get_global::<String>("due")?, "2024-02-29T12:30:00+01:00");
/// # Ok::<(), tauraro::ScriptError>(())
/// ```
///
/// It is only needed on the way to Python: objects of `datetime` become texts of ISO 8601, from which such
/// types read themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iso8601<T>(pub T);

impl<T: Serialize> Serialize for Iso8601<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Iso8601<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}
