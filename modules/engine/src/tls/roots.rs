//! The root certificates that servers' certificates are verified against.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::failed;
use super::pem::{PemFile, unusable};
use crate::error::Result;

/// The roots to trust.
pub(super) struct Roots {
    pub(super) store: Arc<RootCertStore>,
    /// The certificates given by the caller, which are trusted even if they are not authorities.
    pub(super) given: Vec<CertificateDer<'static>>,
}

/// The system's roots. With a trusted environment `SSL_CERT_FILE` goes before `SSL_CERT_DIR`, and
/// either before the system.
///
/// # Errors
/// `ConnectError` for a variable that names no certificates. A system without roots is not an error: the
/// compiled-in ones of Mozilla are used.
pub(super) fn system(trust_env: bool) -> Result<Roots> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find_map(variable);
    match named {
        Some(path) if trust_env => from_path(Path::new(&path)),
        // The loader of the system's roots would use the variable, which is not to be trusted.
        Some(_) => Ok(Roots { store: Arc::new(compiled_in()), given: Vec::new() }),
        None => Ok(Roots { store: cached_system(), given: Vec::new() }),
    }
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn cached_system() -> Arc<RootCertStore> {
    static CACHE: Mutex<Option<Arc<RootCertStore>>> = Mutex::new(None);
    // Never blocks: after a fork the lock may be held by a thread that does not exist here.
    if let Ok(cache) = CACHE.try_lock()
        && let Some(roots) = &*cache
    {
        return Arc::clone(roots);
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let roots = Arc::new(if roots.is_empty() { compiled_in() } else { roots });
    if let Ok(mut cache) = CACHE.try_lock() {
        *cache = Some(Arc::clone(&roots));
    }
    roots
}

fn compiled_in() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

/// The certificates of a PEM file, or of all PEM files of a folder.
///
/// # Errors
/// `ConnectError` for a path without certificates, or a file with garbled ones.
pub(super) fn from_path(path: &Path) -> Result<Roots> {
    let mut store = RootCertStore::empty();
    let mut given = Vec::new();
    let folder = fs::metadata(path).map_err(|error| unusable(path, &error))?.is_dir();
    if folder {
        // Such folders hold other things too: revocation lists, notes, links to nowhere.
        for entry in fs::read_dir(path).map_err(|error| unusable(path, &error))?.flatten() {
            given.extend(PemFile::from(entry.path()).certificates().unwrap_or_default());
        }
        store.add_parsable_certificates(given.iter().cloned());
    } else {
        given = PemFile::from(path.to_owned()).certificates()?;
        for certificate in &given {
            store.add(certificate.clone()).map_err(|error| unusable(path, &error))?;
        }
    }
    if store.is_empty() {
        return Err(unusable(path, "it holds no certificate"));
    }
    Ok(Roots { store: Arc::new(store), given })
}

/// These certificates (DER).
///
/// # Errors
/// `ConnectError` for none at all, or a garbled one.
pub(super) fn from_der(certificates: &[Vec<u8>]) -> Result<Roots> {
    let roots = Roots { store: Arc::new(RootCertStore::empty()), given: Vec::new() }.and(certificates)?;
    if roots.store.is_empty() {
        return Err(failed("there is no certificate to trust"));
    }
    Ok(roots)
}

impl Roots {
    /// These and others (DER).
    ///
    /// # Errors
    /// `ConnectError` for a garbled one.
    pub(super) fn and(mut self, certificates: &[Vec<u8>]) -> Result<Self> {
        let store = Arc::make_mut(&mut self.store);
        for certificate in certificates {
            let certificate = CertificateDer::from(certificate.clone());
            store.add(certificate.clone()).map_err(|error| {
                failed(format!("cannot use one of the given certificates: {error}")).with_source(error)
            })?;
            self.given.push(certificate);
        }
        Ok(self)
    }
}
