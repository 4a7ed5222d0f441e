//! The certificates that servers' certificates are traced back to.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::failed;
use crate::error::Result;

/// The system's roots. With a trusted environment `SSL_CERT_FILE` goes before `SSL_CERT_DIR`, and
/// either before the system.
///
/// # Errors
/// `ConnectError` for a variable that names no certificates. A system without roots is no error:
/// the compiled-in ones of Mozilla take their place.
pub(super) fn system(trust_env: bool) -> Result<Arc<RootCertStore>> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find_map(variable);
    match named {
        Some(path) if trust_env => from_path(Path::new(&path)),
        // What loads the system's roots would follow the variable that is not to be trusted.
        Some(_) => Ok(Arc::new(compiled_in())),
        None => Ok(cached_system()),
    }
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn cached_system() -> Arc<RootCertStore> {
    static CACHE: Mutex<Option<Arc<RootCertStore>>> = Mutex::new(None);
    // Never waited for: after a fork the lock may be held by a thread that does not exist here.
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
pub(super) fn from_path(path: &Path) -> Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    let folder = fs::metadata(path).map_err(|error| unusable(path, &error))?.is_dir();
    if folder {
        // Such folders hold other things too: revocation lists, notes, links to nowhere.
        for entry in fs::read_dir(path).map_err(|error| unusable(path, &error))?.flatten() {
            roots.add_parsable_certificates(certificates(&entry.path()).unwrap_or_default());
        }
    } else {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| unusable(path, &error))?;
        }
    }
    if roots.is_empty() {
        return Err(unusable(path, "it holds no certificate"));
    }
    Ok(Arc::new(roots))
}

/// The certificates of a PEM file.
///
/// # Errors
/// `ConnectError` for a file that cannot be read or is garbled.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = fs::read(path).map_err(|error| unusable(path, &error))?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|error| unusable(path, &error))
}

pub(super) fn unusable(path: &Path, reason: impl std::fmt::Display) -> crate::Error {
    failed(format!("cannot use the certificate file '{}': {reason}", path.display()))
}
