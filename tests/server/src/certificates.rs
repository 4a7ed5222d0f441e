//! Certificates made for one run: an authority, a server and a client.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// The certificates of a server, in a folder of their own that goes when they go.
pub struct Certificates {
    folder: PathBuf,
    ca_path: PathBuf,
    client_cert_path: PathBuf,
    client_key_path: PathBuf,
    server_cert_path: PathBuf,
    server_key_path: PathBuf,
    ca: CertificateDer<'static>,
    server: CertificateDer<'static>,
    server_key: PrivatePkcs8KeyDer<'static>,
}

impl Certificates {
    /// Makes an authority and two certificates, and writes them as PEM files.
    ///
    /// # Errors
    /// When the folder for temporary files cannot be used.
    pub fn make() -> io::Result<Self> {
        let ca = authority("Test authority").map_err(io::Error::other)?;
        let names = ["localhost", "origin.test", "127.0.0.1", "::1"].map(String::from);
        let (server, server_key) =
            leaf(&ca, "Test server", names.to_vec(), ExtendedKeyUsagePurpose::ServerAuth)
                .map_err(io::Error::other)?;
        let (client, client_key) = leaf(&ca, "Test client", vec![], ExtendedKeyUsagePurpose::ClientAuth)
            .map_err(io::Error::other)?;

        let folder = make_folder()?;
        let write = |name: &str, pem: String| {
            let path = folder.join(name);
            fs::write(&path, pem)?;
            io::Result::Ok(path)
        };
        for (name, pem) in unacceptable(&ca).map_err(io::Error::other)? {
            write(name, pem)?;
        }
        Ok(Self {
            ca_path: write("ca.pem", ca.pem())?,
            client_cert_path: write("client.pem", client.pem())?,
            client_key_path: write("client.key", client_key.serialize_pem())?,
            server_cert_path: write("server.pem", server.pem())?,
            server_key_path: write("server.key", server_key.serialize_pem())?,
            folder,
            ca: ca.der().clone(),
            server: server.der().clone(),
            server_key: server_key.serialize_der().into(),
        })
    }

    /// What a TLS listener speaks; with `require_client_cert`, only to clients of this authority.
    pub(crate) fn server_config(&self, require_client_cert: bool) -> io::Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = if require_client_cert {
            let mut roots = RootCertStore::empty();
            roots.add(self.ca.clone()).map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(self.server_key.clone_key());
        let mut config =
            builder.with_single_cert(vec![self.server.clone()], key).map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// What a TLS listener speaks that knows only HTTP/1.1.
    pub(crate) fn http1_config(&self) -> io::Result<Arc<ServerConfig>> {
        let mut config = Arc::unwrap_or_clone(self.server_config(false)?);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The folder of all certificates, where also those are that a client must refuse.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The authority's certificate.
    pub fn ca_path(&self) -> &Path {
        &self.ca_path
    }

    /// The certificate and key of the server, which is `localhost`, `origin.test`, `127.0.0.1` and `::1`.
    pub fn server_paths(&self) -> (&Path, &Path) {
        (&self.server_cert_path, &self.server_key_path)
    }

    /// The client's certificate and key.
    pub(crate) fn client_paths(&self) -> (&Path, &Path) {
        (&self.client_cert_path, &self.client_key_path)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        // What stays behind lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn authority(common_name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn leaf(
    authority: &CertifiedIssuer<'static, KeyPair>,
    common_name: &str,
    names: Vec<String>,
    usage: ExtendedKeyUsagePurpose,
) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let key = KeyPair::generate()?;
    Ok((leaf_params(common_name, names, usage)?.signed_by(&key, authority)?, key))
}

fn leaf_params(
    common_name: &str,
    names: Vec<String>,
    usage: ExtendedKeyUsagePurpose,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Certificates of servers that a client must refuse, by the name of their file, which holds the key as well.
fn unacceptable(
    authority: &CertifiedIssuer<'static, KeyPair>,
) -> Result<Vec<(&'static str, String)>, rcgen::Error> {
    let params = |names: &[&str], usage| {
        leaf_params("Test server", names.iter().copied().map(String::from).collect(), usage)
    };
    let here: &[&str] = &["localhost", "127.0.0.1"];
    let mut expired = params(here, ExtendedKeyUsagePurpose::ServerAuth)?;
    expired.not_before = date_time_ymd(2001, 1, 1);
    expired.not_after = date_time_ymd(2002, 1, 1);
    let mut future = params(here, ExtendedKeyUsagePurpose::ServerAuth)?;
    future.not_before = date_time_ymd(2100, 1, 1);
    future.not_after = date_time_ymd(2101, 1, 1);
    let other = params(&["other.test"], ExtendedKeyUsagePurpose::ServerAuth)?;
    let client = params(here, ExtendedKeyUsagePurpose::ClientAuth)?;
    let stranger = self::authority("Another authority")?;
    let mut made = Vec::new();
    for (name, params, issuer) in [
        ("expired.pem", &expired, authority),
        ("future.pem", &future, authority),
        ("other.pem", &other, authority),
        ("not_a_server.pem", &client, authority),
        ("unknown.pem", &params(here, ExtendedKeyUsagePurpose::ServerAuth)?, &stranger),
    ] {
        let key = KeyPair::generate()?;
        made.push((name, params.signed_by(&key, issuer)?.pem() + &key.serialize_pem()));
    }
    let mut own = params(here, ExtendedKeyUsagePurpose::ServerAuth)?;
    for (name, is_ca) in
        [("self_signed.pem", IsCa::NoCa), ("own_authority.pem", IsCa::Ca(BasicConstraints::Unconstrained))]
    {
        let key = KeyPair::generate()?;
        own.is_ca = is_ca;
        made.push((name, own.self_signed(&key)?.pem() + &key.serialize_pem()));
    }
    Ok(made)
}

fn make_folder() -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("tauraro-test-server-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
