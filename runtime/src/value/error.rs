//! What cannot be converted, and where in the value it is.

use std::fmt::{self, Write};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, VirtualMachine};
use serde::{de, ser};

/// Longer keys are cut in messages.
const MAX_KEY_CHARS: usize = 60;

/// A value that cannot be converted.
#[derive(Debug)]
pub(super) struct Error {
    kind: Kind,
    /// From the place to the whole value.
    path: Vec<Step>,
}

#[derive(Debug)]
enum Kind {
    Type(String),
    Value(String),
    Overflow(String),
    /// The object's own code raised it.
    Raised(PyBaseExceptionRef),
}

#[derive(Debug)]
enum Step {
    Index(usize),
    /// A field, or a key that could be one.
    Field(String),
    Key(String),
}

impl Error {
    pub(super) fn of_type(message: impl Into<String>) -> Self {
        Kind::Type(message.into()).into()
    }

    pub(super) fn of_value(message: impl Into<String>) -> Self {
        Kind::Value(message.into()).into()
    }

    pub(super) fn of_range(message: impl Into<String>) -> Self {
        Kind::Overflow(message.into()).into()
    }

    pub(super) fn too_deep() -> Self {
        Self::of_value(format!("nested more than {} levels deep", super::MAX_DEPTH))
    }

    /// The error of an item.
    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.path.push(Step::Index(index));
        self
    }

    /// The error of a field, or of what a mapping holds for a key.
    pub(super) fn at_field(mut self, name: &str) -> Self {
        let is_name = !name.is_empty()
            && name.len() <= MAX_KEY_CHARS
            && name.chars().all(|char| char.is_alphanumeric() || char == '_')
            && !name.starts_with(|first: char| first.is_numeric());
        self.path.push(if is_name {
            Step::Field(name.to_owned())
        } else {
            Step::Key(format!("{:?}", cut(name, MAX_KEY_CHARS)))
        });
        self
    }

    /// The error of what a mapping holds for a key that is not text.
    pub(super) fn at_key(mut self, key: String) -> Self {
        self.path.push(Step::Key(key));
        self
    }

    /// The exception, with `name` for the whole value.
    pub(super) fn into_exception(self, vm: &VirtualMachine, name: &str) -> PyBaseExceptionRef {
        let place = self.place(name);
        match self.kind {
            Kind::Type(message) => vm.new_type_error(format!("{place}: {message}")),
            Kind::Value(message) => vm.new_value_error(format!("{place}: {message}")),
            Kind::Overflow(message) => vm.new_overflow_error(format!("{place}: {message}")),
            Kind::Raised(exception) => exception,
        }
    }

    fn place(&self, name: &str) -> String {
        let mut place = name.to_owned();
        for step in self.path.iter().rev() {
            // Writing into a String cannot fail.
            let _ = match step {
                Step::Index(index) => write!(place, "[{index}]"),
                Step::Field(field) => write!(place, ".{field}"),
                Step::Key(key) => write!(place, "[{key}]"),
            };
        }
        place
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, path: Vec::new() }
    }
}

impl From<PyBaseExceptionRef> for Error {
    fn from(exception: PyBaseExceptionRef) -> Self {
        Kind::Raised(exception).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Type(message) | Kind::Value(message) | Kind::Overflow(message) => f.write_str(message),
            Kind::Raised(exception) => f.write_str(&exception.class().name()),
        }
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of_value(message.to_string())
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of_value(message.to_string())
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::of_type(format!("expected {expected}, got {found}"))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let message = format!("expected {expected}, got {found}");
        match found {
            de::Unexpected::Signed(_) | de::Unexpected::Unsigned(_) => Self::of_range(message),
            _ => Self::of_value(message),
        }
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::of_value(format!("expected {expected}, got {length} items"))
    }
}

/// `text`, or its beginning and an ellipsis.
pub(super) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
