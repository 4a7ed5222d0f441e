//! Trust in the owner of a certificate, by its authority or by itself.

use std::sync::Arc;

use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};
use x509_parser::parse_x509_certificate;

use super::delegate::delegate_signatures;
use super::failed;
use super::roots::Roots;
use crate::error::Result;

/// The verifier of servers by `roots`.
///
/// # Errors
/// `ConnectError` when there are no roots.
pub(super) fn verifier(roots: Roots, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
    let authorities = WebPkiServerVerifier::builder_with_provider(roots.store, provider).build();
    let authorities = authorities.map_err(|error| failed(error.to_string()).with_source(error))?;
    if roots.given.is_empty() {
        return Ok(authorities);
    }
    Ok(Arc::new(Given { certificates: roots.given, authorities }))
}

/// Accepts the given certificates themselves, and those that they have signed.
///
/// A certificate made with `openssl req -x509` says that it is an authority, and a server may present it as its
/// own. OpenSSL accepts that if the certificate is trusted; rustls alone would not.
#[derive(Debug)]
struct Given {
    certificates: Vec<CertificateDer<'static>>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Given {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.certificates.contains(end_entity) {
            check_dates(end_entity, now)?;
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    delegate_signatures!(authorities);
}

fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, parsed) = parse_x509_certificate(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.validity();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < validity.not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::RootCertStore;
    use rustls::pki_types::pem::PemObject;

    use super::*;
    use crate::tls::SELF_SIGNED;

    fn judge(given: bool, name: &'static str, at: u64) -> Result<ServerCertVerified, Error> {
        let certificate = CertificateDer::from_pem_slice(SELF_SIGNED.as_bytes()).expect("a certificate");
        let mut store = RootCertStore::empty();
        store.add(certificate.clone()).expect("a root");
        let given = if given { vec![certificate.clone()] } else { vec![] };
        let roots = Roots { store: Arc::new(store), given };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = verifier(roots, provider).expect("a verifier");
        let name = ServerName::try_from(name).expect("a name");
        verifier.verify_server_cert(
            &certificate,
            &[],
            &name,
            &[],
            UnixTime::since_unix_epoch(Duration::from_secs(at)),
        )
    }

    #[test]
    fn a_given_certificate_is_trusted_within_its_names_and_dates() {
        const YEAR: u64 = 365 * 24 * 3600;
        const MADE: u64 = 1_795_239_732;
        judge(true, "localhost", MADE + YEAR).expect("trusted");
        judge(true, "127.0.0.1", MADE + YEAR).expect("trusted");
        let early = judge(true, "localhost", MADE - YEAR).expect_err("not yet");
        assert_eq!(early, CertificateError::NotValidYet.into());
        let late = judge(true, "localhost", MADE + 11 * YEAR).expect_err("no longer");
        assert_eq!(late, CertificateError::Expired.into());
        let other = judge(true, "example.org", MADE + YEAR).expect_err("another name");
        assert!(matches!(other, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })));
        judge(false, "localhost", MADE + YEAR).expect_err("an authority is not a server");
    }
}
