//! Environment variables of one runtime, separate from the process's.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The environment of a runtime that does not share the process's.
#[derive(Debug, Default)]
pub struct Environment {
    variables: Mutex<BTreeMap<OsString, OsString>>,
}

/// An invalid variable: an empty name, a name with `=`, or a NUL anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVariable {
    name: OsString,
}

impl std::fmt::Display for InvalidVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "illegal environment variable {:?}", self.name.to_string_lossy())
    }
}

impl std::error::Error for InvalidVariable {}

impl Environment {
    /// Adds or replaces a variable.
    ///
    /// # Errors
    /// The variable is invalid.
    pub fn set(&self, name: &OsStr, value: &OsStr) -> Result<(), InvalidVariable> {
        check_name(name)?;
        if value.as_encoded_bytes().contains(&0) {
            return Err(InvalidVariable { name: name.to_owned() });
        }
        self.lock().insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// Removes a variable, if it exists.
    ///
    /// # Errors
    /// The name is invalid.
    pub fn remove(&self, name: &OsStr) -> Result<(), InvalidVariable> {
        check_name(name)?;
        self.lock().remove(name);
        Ok(())
    }

    /// All variables, by name.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        self.lock().iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<OsString, OsString>> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_name(name: &OsStr) -> Result<(), InvalidVariable> {
    let bytes = name.as_encoded_bytes();
    if bytes.is_empty() || bytes.contains(&b'=') || bytes.contains(&0) {
        return Err(InvalidVariable { name: name.to_owned() });
    }
    Ok(())
}
