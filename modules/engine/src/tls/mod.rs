//! Whom to trust and who to be (TLS 1.2 and 1.3 on rustls and aws-lc-rs).

use std::path::PathBuf;

/// How a server's certificate is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Against the system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` honoured when the environment
    /// is trusted), or the roots compiled in where the system has none.
    #[default]
    System,
    /// Against the certificates of this PEM file or folder of PEM files.
    Roots(PathBuf),
    /// Not at all.
    Off,
}

/// A client certificate: PEM files of the chain and of its key (the same file may hold both).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCert {
    /// The certificate chain.
    pub chain: PathBuf,
    /// The private key; `None` when `chain` holds it too.
    pub key: Option<PathBuf>,
    /// The pass phrase of an encrypted key.
    pub password: Option<String>,
}

/// The TLS side of a [`TransportConfig`](crate::client::TransportConfig).
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// How a server's certificate is judged.
    pub verify: Verify,
    /// The certificate to show to servers that ask.
    pub client_cert: Option<ClientCert>,
    /// Whether `SSL_CERT_FILE`, `SSL_CERT_DIR` and `SSLKEYLOGFILE` are honoured.
    pub trust_env: bool,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self { verify: Verify::System, client_cert: None, trust_env: true }
    }
}
