//! Trust in servers, and client certificates (TLS 1.2 and 1.3 on rustls and aws-lc-rs).

mod any_name;
mod delegate;
mod identity;
mod key_log;
mod pem;
mod roots;
mod session;
mod unverified;
mod verified;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use crate::error::{Error, ErrorKind, Result};

pub use pem::{PemFile, certificates};
pub use session::{ChooseConfig, Session};

/// How a server's certificate is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Against the system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` honoured when the environment
    /// is trusted), or the roots compiled in where the system has none.
    #[default]
    System,
    /// Against the certificates of this PEM file or folder of PEM files.
    Roots(PathBuf),
    /// Against these certificates (DER).
    Certificates(Vec<Vec<u8>>),
    /// Against the system's roots, as `System`, and these certificates (DER).
    SystemAnd(Vec<Vec<u8>>),
    /// Not at all.
    Off,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// A client certificate: PEM files of the chain and of its key (the same file may hold both).
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCert {
    /// The certificate chain.
    pub chain: PemFile,
    /// The private key; `None` when `chain` holds it too.
    pub key: Option<PemFile>,
    /// The pass phrase of an encrypted key.
    pub password: Option<String>,
}

impl std::fmt::Debug for ClientCert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let password = self.password.as_ref().map(|_| "[secure]");
        let mut debug = f.debug_struct("ClientCert");
        debug.field("chain", &self.chain).field("key", &self.key).field("password", &password).finish()
    }
}

/// The TLS side of a [`TransportConfig`](crate::http::client::TransportConfig).
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// How a server's certificate is verified.
    pub verify: Verify,
    /// Whether its certificate must also name the server that was asked for.
    pub check_hostname: bool,
    /// The lowest version to speak; `None` is 1.2, the lowest there is here.
    pub min_version: Option<TlsVersion>,
    /// The highest version to speak; `None` is 1.3, the highest there is.
    pub max_version: Option<TlsVersion>,
    /// The cipher suites to offer, by their numbers in the registry of IANA; `None` is rustls'
    /// choice, and suites that it does not have are ignored.
    pub cipher_suites: Option<Vec<u16>>,
    /// The certificate for servers that request one.
    pub client_cert: Option<ClientCert>,
    /// Whether `SSL_CERT_FILE`, `SSL_CERT_DIR` and `SSLKEYLOGFILE` are honoured.
    pub trust_env: bool,
    /// A file to append each connection's secrets to, whether or not `SSLKEYLOGFILE` names one.
    pub key_log: Option<PathBuf>,
}

impl TlsConfig {
    /// Loads the certificates now instead of at the first `https` request, to report errors early.
    ///
    /// # Errors
    /// `ConnectError`, naming the file that is missing, empty or garbled.
    pub fn check(&self) -> Result<()> {
        client_config(self).map(drop)
    }
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            verify: Verify::System,
            check_hostname: true,
            min_version: None,
            max_version: None,
            cipher_suites: None,
            client_cert: None,
            trust_env: true,
            key_log: None,
        }
    }
}

/// The configuration for rustls. ALPN is left to the caller.
///
/// # Errors
/// `ConnectError`, naming the file that is missing, empty or garbled.
pub(crate) fn client_config(config: &TlsConfig) -> Result<ClientConfig> {
    let provider = provider(config);
    let builder = builder(&provider, config)?;
    let algorithms = provider.signature_verification_algorithms;
    let by_roots = |roots| verified::verifier(roots, provider);
    let mut verifier: Arc<dyn ServerCertVerifier> = match &config.verify {
        Verify::System => by_roots(roots::system(config.trust_env)?)?,
        Verify::Roots(path) => by_roots(roots::from_path(path)?)?,
        Verify::Certificates(certificates) => by_roots(roots::from_der(certificates)?)?,
        Verify::SystemAnd(certificates) => by_roots(roots::system(config.trust_env)?.and(certificates)?)?,
        Verify::Off => Arc::new(unverified::AnyCertificate::new(algorithms)),
    };
    if !config.check_hostname {
        verifier = Arc::new(any_name::AnyName::new(verifier));
    }
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut built = match &config.client_cert {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = identity::load(identity)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let path = identity.chain.path.display();
                failed(format!("the client certificate '{path}' cannot be used: {error}")).with_source(error)
            })?
        }
    };
    if let Some(path) = &config.key_log {
        built.key_log = key_log::open(path)?;
    } else if config.trust_env && std::env::var_os("SSLKEYLOGFILE").is_some_and(|path| !path.is_empty()) {
        built.key_log = Arc::new(rustls::KeyLogFile::new());
    }
    Ok(built)
}

/// For connections that never use TLS: no certificate is loaded, and none would be trusted.
///
/// # Errors
/// `ConnectError` if the provider supports none of the protocol versions.
pub(crate) fn unused_config() -> Result<ClientConfig> {
    let config = TlsConfig::default();
    let builder = builder(&provider(&config), &config)?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// The system's roots, or the compiled-in ones of Mozilla where the system has none.
///
/// # Errors
/// None that is known: the environment is not asked.
pub fn system_roots() -> Result<Arc<RootCertStore>> {
    roots::system(false).map(|roots| roots.store)
}

/// Reads a certificate chain and its key.
///
/// # Errors
/// `ConnectError`, naming the file that is missing, empty, garbled or locked.
pub fn load_identity(
    identity: &ClientCert,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    identity::load(identity)
}

/// What appends the secrets of connections to a file, in the format of `SSLKEYLOGFILE`.
///
/// # Errors
/// `ConnectError`, naming the file that cannot be opened.
pub fn key_log(path: &Path) -> Result<Arc<dyn rustls::KeyLog>> {
    key_log::open(path)
}

/// A configuration that is made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct LazyConfig(OnceLock<Arc<ClientConfig>>);

impl LazyConfig {
    /// The configuration, or what `make` makes if it is the first to be asked.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn get(&self, make: impl FnOnce() -> Result<ClientConfig>) -> Result<Arc<ClientConfig>> {
        if let Some(config) = self.0.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(make()?);
        Ok(Arc::clone(self.0.get_or_init(|| config)))
    }
}

fn provider(config: &TlsConfig) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(wanted) = &config.cipher_suites {
        provider.cipher_suites.retain(|suite| wanted.contains(&suite.suite().into()));
    }
    Arc::new(provider)
}

fn builder(
    provider: &Arc<CryptoProvider>,
    config: &TlsConfig,
) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let (lowest, highest) = (config.min_version, config.max_version);
    let versions =
        [(TlsVersion::Tls13, &rustls::version::TLS13), (TlsVersion::Tls12, &rustls::version::TLS12)];
    let versions = versions.into_iter().filter(|(version, _)| {
        lowest.is_none_or(|lowest| *version >= lowest) && highest.is_none_or(|highest| *version <= highest)
    });
    let versions: Vec<_> = versions.map(|(_, version)| version).collect();
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider));
    builder.with_protocol_versions(&versions).map_err(|e| failed(e.to_string()).with_source(e))
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ConnectError, message)
}

/// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj
/// /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`
#[cfg(test)]
const SELF_SIGNED: &str = "\
-----BEGIN CERTIFICATE-----
MIIBmjCCAT+gAwIBAgIUeGoaCbIJvYptdKT1e/SyIhjoeqkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyMTA1NDIxMloXDTM2MTExODA1
NDIxMlowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEwrFhrQJgS/N3HVjg/80gSvfkV10RNs7n5RbBG7EkkCeM5+IzF/L7HOog
SKUWLh8AdgP8wqUV883rZjwAYWPqcaNvMG0wHQYDVR0OBBYEFH554vUESye6+TMU
fzA0dRrNcUz8MB8GA1UdIwQYMBaAFH554vUESye6+TMUfzA0dRrNcUz8MA8GA1Ud
EwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49
BAMCA0kAMEYCIQDOGJHbhc8daNaOZ+sOHccUWVWY32a1xmA6rtguVbztdAIhAOuO
881gmFQmxu/Unq6WmvuHixp7Vhyw3oOOkqaxibza
-----END CERTIFICATE-----
";
