//! Certificates in their encodings (RFC 7468; DER is what PEM wraps).

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::parse_x509_certificate;

use super::failed;
use crate::error::{Error, Result};

/// A PEM file, read when it is needed, unless its content is given.
#[derive(Clone, PartialEq, Eq)]
pub struct PemFile {
    /// Where it is, or was.
    pub path: PathBuf,
    /// Its content, if it was read already: such files are sometimes deleted before the first connection.
    pub content: Option<Vec<u8>>,
}

impl PemFile {
    pub(super) fn read(&self) -> Result<Cow<'_, [u8]>> {
        match &self.content {
            Some(content) => Ok(Cow::Borrowed(content)),
            None => fs::read(&self.path).map(Cow::Owned).map_err(|error| unusable(&self.path, &error)),
        }
    }

    /// Its certificates.
    ///
    /// # Errors
    /// `ConnectError` for a file that cannot be read or is garbled.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let certificates = CertificateDer::pem_slice_iter(&self.read()?).collect::<Result<_, _>>();
        certificates.map_err(|error| unusable(&self.path, &error))
    }
}

impl From<PathBuf> for PemFile {
    fn from(path: PathBuf) -> Self {
        Self { path, content: None }
    }
}

impl fmt::Debug for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PemFile").field(&self.path).finish()
    }
}

/// The certificates (DER) in PEM text, or in DER one after the other.
///
/// # Errors
/// `ConnectError` for garbled ones.
pub fn certificates(data: &[u8]) -> Result<Vec<Vec<u8>>> {
    let garbled = |reason: &dyn fmt::Display| failed(format!("cannot use the given certificates: {reason}"));
    if data.windows(11).any(|window| window == b"-----BEGIN ") {
        let found = CertificateDer::pem_slice_iter(data).map(|found| found.map(|der| der.to_vec()));
        return found.collect::<Result<_, _>>().map_err(|error| garbled(&error));
    }
    let mut found = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (after, _) = parse_x509_certificate(rest).map_err(|error| garbled(&error))?;
        let length = rest.len().saturating_sub(after.len());
        found.extend(rest.get(..length).map(<[u8]>::to_vec));
        rest = after;
    }
    Ok(found)
}

pub(super) fn unusable(path: &Path, reason: impl fmt::Display) -> Error {
    failed(format!("cannot use the certificate file '{}': {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::SELF_SIGNED;

    #[test]
    fn certificates_are_found_in_either_encoding() {
        let pem = SELF_SIGNED;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate").to_vec();
        let twice = vec![der.clone(), der.clone()];
        assert_eq!(certificates(format!("a note\n{pem}{pem}").as_bytes()).expect("PEM"), twice);
        assert_eq!(certificates(&twice.concat()).expect("DER"), twice);
        assert!(certificates(b"").expect("nothing").is_empty());
        for garbled in [&b"nonsense"[..], b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
            let error = certificates(garbled).expect_err("garbled");
            assert!(error.message().contains("cannot use the given certificates"), "{error}");
        }
        certificates(der.get(..der.len() - 1).expect("a part")).expect_err("cut off");
    }
}
