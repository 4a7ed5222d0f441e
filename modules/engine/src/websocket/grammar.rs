//! The header fields of the opening handshake: parsing and writing their values (RFC 6455 section 9.1, RFC 9110).
//!
//! ```
//! use tauraro_engine::websocket::grammar;
//!
//! assert_eq!(grammar::connection("keep-alive, Upgrade"), Ok(vec!["keep-alive", "Upgrade"]));
//! ```

use std::net::Ipv6Addr;

/// Why a value does not follow the grammar of its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid {field} header: {reason} at {position}")]
pub struct FormatError {
    /// The name of the field.
    pub field: &'static str,
    /// What is wrong, such as `expected token`.
    pub reason: &'static str,
    /// Where it is wrong, in characters.
    pub position: usize,
}

/// An extension and its parameters, some of which have values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The name, such as `permessage-deflate`.
    pub name: String,
    /// Names of parameters with their values.
    pub parameters: Vec<(String, Option<String>)>,
}

/// Whether a token may contain this byte.
pub const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether this is a token: at least one character, none of them special.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token_byte(byte))
}

/// The options in a `Connection` field.
///
/// # Errors
/// [`FormatError`] for what is not a list of tokens.
pub fn connection(value: &str) -> Result<Vec<&str>, FormatError> {
    Scanner::new("Connection", value).list(Scanner::token)
}

/// The protocols, `name` or `name/version`, in an `Upgrade` field.
///
/// # Errors
/// [`FormatError`] for what is not a list of protocols.
pub fn upgrade(value: &str) -> Result<Vec<&str>, FormatError> {
    Scanner::new("Upgrade", value).list(Scanner::protocol)
}

/// The extensions in a `Sec-WebSocket-Extensions` field.
///
/// # Errors
/// [`FormatError`] for what is not a list of extensions.
pub fn extensions(value: &str) -> Result<Vec<Extension>, FormatError> {
    Scanner::new("Sec-WebSocket-Extensions", value).list(Scanner::extension)
}

/// The subprotocols in a `Sec-WebSocket-Protocol` field.
///
/// # Errors
/// [`FormatError`] for what is not a list of tokens.
pub fn subprotocols(value: &str) -> Result<Vec<&str>, FormatError> {
    Scanner::new("Sec-WebSocket-Protocol", value).list(Scanner::token)
}

/// The scheme of an `Authorization` field and, for the scheme `Basic`, the credentials after it, still encoded.
///
/// # Errors
/// [`FormatError`] for what is not a scheme, or not followed by one space and a `token68`.
pub fn authorization(value: &str) -> Result<(&str, Option<&str>), FormatError> {
    let mut scanner = Scanner::new("Authorization", value);
    let scheme = scanner.token()?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok((scheme, None));
    }
    if !scanner.skip(b' ') {
        return Err(scanner.error("expected space after scheme"));
    }
    let credentials = scanner.token68()?;
    if scanner.peek().is_some() {
        return Err(scanner.error("trailing data"));
    }
    Ok((scheme, Some(credentials)))
}

/// A `Sec-WebSocket-Extensions` field. Values have to be tokens.
pub fn build_extensions<'a, P, N, V>(extensions: impl IntoIterator<Item = (&'a str, P)>) -> String
where
    P: IntoIterator<Item = (N, Option<V>)>,
    N: AsRef<str>,
    V: AsRef<str>,
{
    let mut text = String::new();
    for (name, parameters) in extensions {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(name);
        for (name, value) in parameters {
            text.push_str("; ");
            text.push_str(name.as_ref());
            if let Some(value) = value {
                text.push('=');
                text.push_str(value.as_ref());
            }
        }
    }
    text
}

/// A `Host` field: the port is left out if it is the scheme's own, unless `always_port`.
pub fn build_host(host: &str, port: u16, secure: bool, always_port: bool) -> String {
    let (address, zone) = host.split_once('%').map_or((host, None), |(address, zone)| (address, Some(zone)));
    let is_ipv6 = address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(|zone| !zone.is_empty());
    let host = if is_ipv6 { format!("[{host}]") } else { host.to_owned() };
    let usual = if secure { 443 } else { 80 };
    if port == usual && !always_port { host } else { format!("{host}:{port}") }
}

/// A quoted string; `None` if the text has characters that no quoted string can have.
pub fn quote(text: &str) -> Option<String> {
    if !text.chars().all(is_quotable) {
        return None;
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    Some(quoted)
}

/// A `WWW-Authenticate` field that asks for Basic credentials (RFC 7617); `None` for a realm that cannot be sent.
pub fn build_www_authenticate_basic(realm: &str) -> Option<String> {
    Some(format!("Basic realm={}, charset=\"UTF-8\"", quote(realm)?))
}

fn is_quotable(character: char) -> bool {
    matches!(character, '\t' | ' '..='~' | '\u{80}'..='\u{ff}')
}

/// Reads a value from left to right.
struct Scanner<'a> {
    field: &'static str,
    text: &'a str,
    position: usize,
}

impl<'a> Scanner<'a> {
    fn new(field: &'static str, text: &'a str) -> Self {
        Self { field, text, position: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().bytes().next()
    }

    fn error_at(&self, position: usize, reason: &'static str) -> FormatError {
        let before = self.text.get(..position).unwrap_or_default();
        FormatError { field: self.field, reason, position: before.chars().count() }
    }

    fn error(&self, reason: &'static str) -> FormatError {
        self.error_at(self.position, reason)
    }

    /// Goes over one byte if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.position += 1;
        }
        is_next
    }

    /// Takes the ASCII characters of a kind that come next.
    fn take(&mut self, is_wanted: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().position(|byte| !is_wanted(byte)).unwrap_or(rest.len());
        self.position += length;
        rest.get(..length).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        self.take(|byte| matches!(byte, b' ' | b'\t'));
    }

    fn token(&mut self) -> Result<&'a str, FormatError> {
        match self.take(is_token_byte) {
            "" => Err(self.error("expected token")),
            token => Ok(token),
        }
    }

    fn protocol(&mut self) -> Result<&'a str, FormatError> {
        let start = self.position;
        if self.take(is_token_byte).is_empty() {
            return Err(self.error("expected protocol"));
        }
        let name_end = self.position;
        if self.skip(b'/') && self.take(is_token_byte).is_empty() {
            // No version after all: the slash is not part of the name.
            self.position = name_end;
        }
        Ok(self.text.get(start..self.position).unwrap_or_default())
    }

    fn token68(&mut self) -> Result<&'a str, FormatError> {
        let start = self.position;
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if self.take(is_digit).is_empty() {
            return Err(self.error("expected token68"));
        }
        self.take(|byte| byte == b'=');
        Ok(self.text.get(start..self.position).unwrap_or_default())
    }

    /// The text that a quoted string stands for.
    fn quoted_string(&mut self) -> Result<String, FormatError> {
        let start = self.position;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = characters.next() {
            match character {
                '"' => {
                    self.position += offset + 1;
                    return Ok(text);
                }
                '\\' => match characters.next() {
                    Some((_, escaped)) if is_quotable(escaped) => text.push(escaped),
                    _ => break,
                },
                '\t' | ' '..='~' => text.push(character),
                _ => break,
            }
        }
        Err(self.error_at(start, "expected quoted string"))
    }

    fn extension(&mut self) -> Result<Extension, FormatError> {
        let name = self.token()?.to_owned();
        self.skip_space();
        let mut parameters = Vec::new();
        while self.skip(b';') {
            self.skip_space();
            parameters.push(self.parameter()?);
        }
        Ok(Extension { name, parameters })
    }

    fn parameter(&mut self) -> Result<(String, Option<String>), FormatError> {
        let name = self.token()?.to_owned();
        self.skip_space();
        if !self.skip(b'=') {
            return Ok((name, None));
        }
        self.skip_space();
        let start = self.position;
        let value = if self.peek() == Some(b'"') {
            let value = self.quoted_string()?;
            // A value has to be a token even between quotes (RFC 6455 section 9.1).
            if !is_token(value.as_bytes()) {
                return Err(self.error_at(start, "invalid quoted header content"));
            }
            value
        } else {
            self.token()?.to_owned()
        };
        self.skip_space();
        Ok((name, Some(value)))
    }

    /// Goes over commas and the space around them, however many: empty items are allowed (RFC 9110 section 5.6.1).
    fn skip_commas(&mut self) -> bool {
        let mut any = false;
        while self.skip(b',') {
            any = true;
            self.skip_space();
        }
        any
    }

    /// Items with commas between them, at least one, up to the end.
    fn list<T>(
        mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, FormatError>,
    ) -> Result<Vec<T>, FormatError> {
        self.skip_commas();
        let mut items = Vec::new();
        loop {
            items.push(item(&mut self)?);
            self.skip_space();
            let has_comma = self.skip_commas();
            if self.peek().is_none() {
                return Ok(items);
            }
            if !has_comma {
                return Err(self.error("expected comma"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        authorization, build_extensions, build_host, build_www_authenticate_basic, connection, extensions,
        quote, subprotocols, upgrade,
    };

    fn reason<T: std::fmt::Debug>(result: Result<T, super::FormatError>) -> (&'static str, usize) {
        let error = result.expect_err("the value is wrong");
        (error.reason, error.position)
    }

    #[test]
    fn lists_have_items_and_empty_ones_are_ignored() {
        assert_eq!(connection("Upgrade"), Ok(vec!["Upgrade"]));
        assert_eq!(connection(",,\t,  , ,Upgrade  ,,"), Ok(vec!["Upgrade"]));
        assert_eq!(connection("keep-alive,\tUpgrade"), Ok(vec!["keep-alive", "Upgrade"]));
        assert_eq!(reason(connection("")), ("expected token", 0));
        assert_eq!(reason(connection(",")), ("expected token", 1));
        assert_eq!(reason(connection("keep-alive; Upgrade")), ("expected comma", 10));
        assert_eq!(reason(connection("a b")), ("expected comma", 2));
        assert_eq!(reason(connection("é")), ("expected token", 0));
    }

    #[test]
    fn protocols_may_have_a_version() {
        assert_eq!(upgrade("http/3.0, websocket"), Ok(vec!["http/3.0", "websocket"]));
        assert_eq!(reason(upgrade("http/3.0/")), ("expected comma", 8));
        assert_eq!(reason(upgrade("http/")), ("expected comma", 4));
        assert_eq!(reason(upgrade("???")), ("expected protocol", 0));
    }

    #[test]
    fn extensions_have_parameters_that_are_tokens() {
        let parsed = extensions(r#"foo; a ; b= 1; c="\2" , bar"#).expect("the value is right");
        let pairs = |index: usize| parsed.get(index).map(|it| (it.name.as_str(), it.parameters.clone()));
        let parameter = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let expected = vec![parameter("a", None), parameter("b", Some("1")), parameter("c", Some("2"))];
        assert_eq!(pairs(0), Some(("foo", expected)));
        assert_eq!(pairs(1), Some(("bar", Vec::new())));
        assert_eq!(reason(extensions("foo; bar; baz=\"a b\"")), ("invalid quoted header content", 14));
        assert_eq!(reason(extensions("foo; a=\"b")), ("expected quoted string", 7));
        assert_eq!(reason(extensions("foo; a=\"\\")), ("expected quoted string", 7));
        assert_eq!(reason(extensions("foo; a=\"é\"")), ("expected quoted string", 7));
        assert_eq!(reason(extensions("foo;")), ("expected token", 4));
        assert_eq!(reason(extensions("foo; a=")), ("expected token", 7));
    }

    #[test]
    fn what_is_built_can_be_read() {
        let built = build_extensions([("a", vec![("x", None), ("y", Some("1"))]), ("b", vec![])]);
        assert_eq!(built, "a; x; y=1, b");
        let read = extensions(&built).expect("it was built");
        let again =
            read.iter().map(|it| (it.name.as_str(), it.parameters.iter().map(|(n, v)| (n, v.as_ref()))));
        assert_eq!(build_extensions(again), built);
        assert_eq!(subprotocols("chat, superchat"), Ok(vec!["chat", "superchat"]));
    }

    #[test]
    fn credentials_follow_their_scheme() {
        assert_eq!(authorization("Basic QTpC=="), Ok(("Basic", Some("QTpC=="))));
        assert_eq!(authorization("Digest whatever"), Ok(("Digest", None)));
        assert_eq!(reason(authorization("Basic\tabc")), ("expected space after scheme", 5));
        assert_eq!(reason(authorization("Basic ****")), ("expected token68", 6));
        assert_eq!(reason(authorization("Basic abc d")), ("trailing data", 9));
        assert_eq!(reason(authorization("")), ("expected token", 0));
    }

    #[test]
    fn hosts_show_unusual_ports_and_bracket_ipv6() {
        assert_eq!(build_host("localhost", 80, false, false), "localhost");
        assert_eq!(build_host("localhost", 80, false, true), "localhost:80");
        assert_eq!(build_host("localhost", 80, true, false), "localhost:80");
        assert_eq!(build_host("::1", 8443, true, false), "[::1]:8443");
        assert_eq!(build_host("fe80::1%eth0", 443, true, false), "[fe80::1%eth0]");
        assert_eq!(build_host("127.0.0.1", 443, true, false), "127.0.0.1");
    }

    #[test]
    fn quoting_escapes_or_refuses() {
        assert_eq!(quote(r#"a "b" \"#).as_deref(), Some(r#""a \"b\" \\""#));
        assert_eq!(quote("→"), None);
        assert_eq!(quote("a\nb"), None);
        let field = build_www_authenticate_basic("me").expect("the realm can be sent");
        assert_eq!(field, "Basic realm=\"me\", charset=\"UTF-8\"");
    }
}
