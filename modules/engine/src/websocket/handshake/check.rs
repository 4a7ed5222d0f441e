//! Checks of the header fields of a handshake. Values are those of all fields with a name, in order.

use super::accept_key;
use crate::websocket::grammar::{self, FormatError};

/// Why a field is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It does not follow its grammar; the error and the value.
    #[error("{0} in {1}")]
    Format(FormatError, String),
    /// It does not ask for a WebSocket, or grant one: its name, and what it says instead.
    #[error("{}", upgrade_problem(.0, .1.as_deref()))]
    Upgrade(&'static str, Option<String>),
    /// It is missing.
    #[error("missing {0} header")]
    Missing(&'static str),
    /// There are several.
    #[error("invalid {0} header: multiple values")]
    Several(&'static str),
    /// It has a value that is not allowed: its name and the value.
    #[error("invalid {0} header: {1}")]
    Value(&'static str, String),
}

fn upgrade_problem(name: &str, value: Option<&str>) -> String {
    value.map_or_else(|| format!("missing {name} header"), |value| format!("invalid {name} header: {value}"))
}

/// Checks that `Connection` and `Upgrade` are about WebSocket, in whatever case.
///
/// # Errors
/// [`Problem::Format`], [`Problem::Upgrade`].
pub fn upgrade<V: AsRef<str>>(connection: &[V], upgrade: &[V]) -> Result<(), Problem> {
    let options = all(connection, grammar::connection)?;
    if !options.iter().any(|option| option.eq_ignore_ascii_case("upgrade")) {
        return Err(Problem::Upgrade("Connection", joined(&options)));
    }
    let protocols = all(upgrade, grammar::upgrade)?;
    match protocols.as_slice() {
        [protocol] if protocol.eq_ignore_ascii_case("websocket") => Ok(()),
        _ => Err(Problem::Upgrade("Upgrade", joined(&protocols))),
    }
}

/// Checks `Sec-WebSocket-Key`, which has to be 16 bytes in base64, and returns it.
///
/// # Errors
/// [`Problem::Missing`], [`Problem::Several`], [`Problem::Value`].
pub fn key<V: AsRef<str>>(values: &[V]) -> Result<&str, Problem> {
    let key = single("Sec-WebSocket-Key", values)?;
    let digits = key.as_bytes().strip_suffix(b"==").unwrap_or_default();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if digits.len() == 22 && digits.iter().all(is_digit) {
        return Ok(key);
    }
    Err(Problem::Value("Sec-WebSocket-Key", key.to_owned()))
}

/// Checks `Sec-WebSocket-Version`, which has to be 13.
///
/// # Errors
/// [`Problem::Missing`], [`Problem::Several`], [`Problem::Value`].
pub fn version<V: AsRef<str>>(values: &[V]) -> Result<(), Problem> {
    match single("Sec-WebSocket-Version", values)? {
        "13" => Ok(()),
        other => Err(Problem::Value("Sec-WebSocket-Version", other.to_owned())),
    }
}

/// Checks that `Sec-WebSocket-Accept` answers the key that was sent.
///
/// # Errors
/// [`Problem::Missing`], [`Problem::Several`], [`Problem::Value`].
pub fn accept<V: AsRef<str>>(values: &[V], key: &str) -> Result<(), Problem> {
    let accept = single("Sec-WebSocket-Accept", values)?;
    if accept == accept_key(key.as_bytes()) {
        return Ok(());
    }
    Err(Problem::Value("Sec-WebSocket-Accept", accept.to_owned()))
}

/// The only value of a field.
///
/// # Errors
/// [`Problem::Missing`], [`Problem::Several`].
pub fn single<'a, V: AsRef<str>>(name: &'static str, values: &'a [V]) -> Result<&'a str, Problem> {
    match values {
        [] => Err(Problem::Missing(name)),
        [value] => Ok(value.as_ref()),
        _ => Err(Problem::Several(name)),
    }
}

/// The items of all fields of a name.
///
/// # Errors
/// [`Problem::Format`].
pub fn all<'a, V: AsRef<str>, T>(
    values: &'a [V],
    parse: impl Fn(&'a str) -> Result<Vec<T>, FormatError>,
) -> Result<Vec<T>, Problem> {
    let mut items = Vec::new();
    for value in values {
        let value = value.as_ref();
        items.extend(parse(value).map_err(|error| Problem::Format(error, value.to_owned()))?);
    }
    Ok(items)
}

fn joined(items: &[&str]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(", "))
}
