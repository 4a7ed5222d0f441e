//! HTTP Digest authentication (RFC 7616, and RFC 2069 where a server offers no `qop`).

use std::fmt::Write as _;

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest as _;
use sha2::{Sha256, Sha512};

use crate::error::{Error, ErrorKind, Result};

/// How hashes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    /// The hash of the parts with colons between them, in lower-case hexadecimal.
    fn of(self, parts: &[&[u8]]) -> String {
        let data = parts.join(b":".as_slice());
        match self {
            Self::Md5 => hex(&Md5::digest(&data)),
            Self::Sha1 => hex(&Sha1::digest(&data)),
            Self::Sha256 => hex(&Sha256::digest(&data)),
            Self::Sha512 => hex(&Sha512::digest(&data)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Who asks to be authenticated.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The user's name.
    pub username: &'a [u8],
    /// The user's password.
    pub password: &'a [u8],
}

/// A server's challenge: the value of a `WWW-Authenticate` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    /// As the server spelled it.
    algorithm: String,
    hash: Hash,
    /// Whether the algorithm ends in `-sess`.
    session: bool,
    opaque: Option<String>,
    /// Whether the server takes `qop=auth`; it named no `qop` otherwise.
    qop: bool,
}

impl Challenge {
    /// Reads a challenge; `None` when it is of another scheme.
    ///
    /// # Errors
    /// `RemoteProtocolError` when `realm` or `nonce` is missing, for an unknown algorithm, and when
    /// `auth` is not among the qualities of protection.
    pub fn parse(value: &str) -> Result<Option<Self>> {
        let Some((scheme, fields)) = value.split_once(' ') else { return Ok(None) };
        if !scheme.eq_ignore_ascii_case("digest") {
            return Ok(None);
        }
        let mut challenge = Fields::default();
        for field in split_list(fields) {
            let Some((name, value)) = field.split_once('=') else { return Err(malformed()) };
            challenge.set(name.trim(), unquote(value.trim()));
        }
        challenge.check().map(Some)
    }

    /// The value of the `Authorization` field for a request of `method` to `target`, the
    /// `nonce_count`th with this challenge.
    pub fn authorization(
        &self,
        credentials: Credentials<'_>,
        method: &str,
        target: &str,
        nonce_count: u32,
    ) -> String {
        let client_nonce = format!("{:016x}", fastrand::u64(..));
        self.answer(credentials, method, target, nonce_count, &client_nonce)
    }

    fn answer(
        &self,
        Credentials { username, password }: Credentials<'_>,
        method: &str,
        target: &str,
        nonce_count: u32,
        client_nonce: &str,
    ) -> String {
        let (hash, nonce) = (self.hash, self.nonce.as_bytes());
        let count = format!("{nonce_count:08x}");
        let mut first = hash.of(&[username, self.realm.as_bytes(), password]);
        if self.session {
            first = hash.of(&[first.as_bytes(), nonce, client_nonce.as_bytes()]);
        }
        let second = hash.of(&[method.as_bytes(), target.as_bytes()]);
        let (first, second) = (first.as_bytes(), second.as_bytes());
        let response = if self.qop {
            hash.of(&[first, nonce, count.as_bytes(), client_nonce.as_bytes(), b"auth", second])
        } else {
            hash.of(&[first, nonce, second])
        };
        let mut value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{target}\", response=\"{response}\", algorithm={}",
            String::from_utf8_lossy(username),
            self.realm,
            self.nonce,
            self.algorithm,
        );
        if let Some(opaque) = self.opaque.as_deref().filter(|opaque| !opaque.is_empty()) {
            // Writing to a string cannot fail.
            let _ = write!(value, ", opaque=\"{opaque}\"");
        }
        if self.qop {
            let _ = write!(value, ", qop=auth, nc={count}, cnonce=\"{client_nonce}\"");
        }
        value
    }
}

/// A challenge's fields as they were read.
#[derive(Default)]
struct Fields {
    realm: Option<String>,
    nonce: Option<String>,
    algorithm: Option<String>,
    opaque: Option<String>,
    qop: Option<String>,
}

impl Fields {
    fn set(&mut self, name: &str, value: &str) {
        let field = match name.to_ascii_lowercase().as_str() {
            "realm" => &mut self.realm,
            "nonce" => &mut self.nonce,
            "algorithm" => &mut self.algorithm,
            "opaque" => &mut self.opaque,
            "qop" => &mut self.qop,
            _ => return,
        };
        *field = Some(value.to_owned());
    }

    fn check(self) -> Result<Challenge> {
        let (Some(realm), Some(nonce)) = (self.realm, self.nonce) else { return Err(malformed()) };
        let algorithm = self.algorithm.unwrap_or_else(|| "MD5".to_owned());
        let upper = algorithm.to_ascii_uppercase();
        let (name, session) =
            upper.strip_suffix("-SESS").map_or((upper.as_str(), false), |name| (name, true));
        let hash = match name {
            "MD5" => Hash::Md5,
            "SHA" => Hash::Sha1,
            "SHA-256" => Hash::Sha256,
            "SHA-512" => Hash::Sha512,
            _ => return Err(refused(format!("Unknown algorithm {algorithm:?} in digest auth"))),
        };
        let qop = match self.qop {
            None => false,
            Some(offered) if offered.split(',').any(|qop| qop.trim() == "auth") => true,
            Some(offered) if offered.trim() == "auth-int" => {
                let message = "Digest auth-int support is not implemented";
                return Err(Error::new(ErrorKind::NotImplemented, message));
            }
            Some(offered) => return Err(refused(format!("Unexpected qop value {offered:?} in digest auth"))),
        };
        Ok(Challenge { realm, nonce, algorithm, hash, session, opaque: self.opaque, qop })
    }
}

fn malformed() -> Error {
    refused("Malformed Digest WWW-Authenticate header")
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::RemoteProtocolError, message)
}

/// The elements of a comma-separated list, whose quoted strings may hold commas (RFC 9110 section
/// 5.6.1).
fn split_list(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => return true,
            _ => {}
        }
        false
    })
    .map(str::trim)
    .filter(|element| !element.is_empty())
}

fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::{Challenge, Credentials};
    use crate::error::ErrorKind;

    const MUFASA: Credentials<'_> = Credentials { username: b"Mufasa", password: b"Circle of Life" };

    fn challenge(value: &str) -> Challenge {
        Challenge::parse(value).unwrap().unwrap()
    }

    fn response(value: &str) -> &str {
        value.split_once("response=\"").unwrap().1.split_once('"').unwrap().0
    }

    #[test]
    fn answers_the_examples_of_the_rfcs() {
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = challenge(&format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            ));
            let answer = challenge.answer(MUFASA, "GET", "/dir/index.html", 1, cnonce);
            assert_eq!(response(&answer), expected);
            assert!(answer.ends_with(&format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\"")), "{answer}");
            assert!(answer.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""), "{answer}");
        }
        // RFC 2617 section 3.5.
        let challenge = challenge(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        );
        let credentials = Credentials { username: b"Mufasa", password: b"Circle Of Life" };
        let answer = challenge.answer(credentials, "GET", "/dir/index.html", 1, "0a4f113b");
        assert_eq!(response(&answer), "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn leaves_out_what_the_challenge_leaves_out() {
        let challenge = challenge("digest realm=\"a, b\", nonce=n");
        let answer = challenge.answer(MUFASA, "GET", "/", 1, "c");
        assert!(
            answer.starts_with("Digest username=\"Mufasa\", realm=\"a, b\", nonce=\"n\", uri=\"/\""),
            "{answer}"
        );
        assert!(answer.ends_with(", algorithm=MD5"), "{answer}");
    }

    #[test]
    fn hashes_the_client_nonce_into_a_session() {
        let plain = challenge("Digest realm=r, nonce=n, qop=auth");
        let session = challenge("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess");
        let answer = |challenge: &Challenge| challenge.answer(MUFASA, "GET", "/", 1, "c");
        assert_ne!(response(&answer(&plain)), response(&answer(&session)));
    }

    #[test]
    fn refuses_what_it_cannot_answer() {
        assert_eq!(Challenge::parse("Basic realm=\"x\"").unwrap(), None);
        assert_eq!(Challenge::parse("Negotiate").unwrap(), None);
        for value in [
            "Digest realm=\"x\"",
            "Digest nonce=\"x\"",
            "Digest nonsense",
            "Digest realm=x, nonce=y, algorithm=MD4",
            "Digest realm=x, nonce=y, qop=other",
        ] {
            let error = Challenge::parse(value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RemoteProtocolError, "{value}");
        }
        let error = Challenge::parse("Digest realm=x, nonce=y, qop=auth-int").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotImplemented);
    }
}
