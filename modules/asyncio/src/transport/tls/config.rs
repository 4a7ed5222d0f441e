//! rustls configurations from an `ssl.SSLContext`.
//!
//! Servers are judged by the same verifiers as with the standard library's `ssl`, which RustPython's host crate has:
//! a certificate is accepted or refused here exactly as there. A configuration is kept with its context for as long as
//! nothing about the context changes.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use rustpython_host_env::ssl::config::{
    ClientConfigOptions, MultiCertResolver, ProtocolSettings, create_client_config,
};
use rustpython_host_env::ssl::verify::build_verified_chain;
use rustpython_host_env::ssl::{CryptoExt, decode_certificate, rustls_versions};
use rustpython_vm::builtins::{PyBytesRef, PyStr, PyType, PyTypeRef};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tauraro_engine::tls::{self, ChooseConfig, Session};
use tauraro_ssl::Loaded;

/// Constants of `ssl`.
const PROTOCOL_TLS_CLIENT: i32 = 16;
const PROTOCOL_TLS_SERVER: i32 = 17;
const CERT_NONE: i32 = 0;
const CERT_OPTIONAL: i32 = 1;
const VERIFY_CRL_CHECK: i32 = 0x4 | 0x8;
const HOSTFLAG_NEVER_CHECK_SUBJECT: i32 = 0x20;
const OP_NO_TICKET: i32 = 0x4000;

/// The attribute of a context that keeps its configurations.
const ATTRIBUTE: &str = "_tauraro_config";
/// How many TLS 1.2 sessions a server remembers, as rustls does by default.
const SERVER_SESSIONS: usize = 256;

/// What a context says, apart from what was loaded into it: what a configuration is made from and depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Settings {
    protocol: i32,
    verify_mode: i32,
    check_hostname: bool,
    verify_flags: i32,
    host_flags: i32,
    options: i32,
    minimum_version: i32,
    maximum_version: i32,
    num_tickets: i32,
    post_handshake_auth: bool,
    has_callbacks: bool,
    key_log: Option<String>,
    /// Of what was loaded.
    revision: u64,
}

impl Settings {
    /// `native` is the class that `ssl.SSLContext` is made from, whose attributes are numbers; those of
    /// `ssl.SSLContext` make enumerations of them, which takes longer than the rest of a connection's set-up.
    fn read(
        context: &PyObject,
        native: &Py<PyType>,
        loaded: Option<&Loaded>,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let get = |name: &'static str| {
            let name = vm.ctx.intern_str(name);
            match native.get_attr(name) {
                Some(attribute) => vm.call_if_get_descriptor(&attribute, context.to_owned()),
                None => context.get_attr(name, vm),
            }
        };
        let number = |name: &'static str| -> PyResult<i32> {
            let value: i64 = get(name)?.try_to_value(vm)?;
            // Wider only as what OpenSSL gives its options.
            #[expect(clippy::cast_possible_truncation, reason = "as the standard library's own do")]
            let value = value as i32;
            Ok(value)
        };
        let flag = |name: &'static str| get(name)?.try_to_bool(vm);
        let is_set = |name: &'static str| -> PyResult<bool> { get(name).map(|value| !vm.is_none(&value)) };
        let key_log = get("keylog_filename")?;
        Ok(Self {
            protocol: number("protocol")?,
            verify_mode: number("verify_mode")?,
            check_hostname: flag("check_hostname")?,
            verify_flags: number("verify_flags")?,
            host_flags: number("_host_flags")?,
            options: number("options")?,
            minimum_version: number("minimum_version")?,
            maximum_version: number("maximum_version")?,
            num_tickets: number("num_tickets")?,
            post_handshake_auth: flag("post_handshake_auth")?,
            has_callbacks: is_set("sni_callback")? || is_set("_msg_callback")?,
            key_log: if vm.is_none(&key_log) {
                None
            } else {
                Some(key_log.str(vm)?.to_string_lossy().into_owned())
            },
            revision: loaded.map_or(Ok(0), |loaded| loaded.revision(vm))?,
        })
    }

    fn is_verifying(&self) -> bool {
        self.verify_mode != CERT_NONE
    }

    fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        rustls_versions(self.minimum_version, self.maximum_version, self.options)
    }
}

/// A configuration for connections of one side.
#[derive(Clone)]
enum Config {
    Client(Arc<ClientConfig>),
    Server(Arc<ServerConfigs>),
}

/// The configuration of a server, for clients that offer a protocol it knows, and for others.
struct ServerConfigs {
    with_alpn: Arc<ServerConfig>,
    /// OpenSSL serves clients that offer only other protocols as if they had offered none.
    without_alpn: Arc<ServerConfig>,
}

impl ChooseConfig for ServerConfigs {
    fn choose(&self, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        let known = hello.alpn().is_none_or(|mut offered| {
            offered.any(|protocol| {
                self.with_alpn.alpn_protocols.iter().any(|known| known.as_slice() == protocol)
            })
        });
        Some(Arc::clone(if known { &self.with_alpn } else { &self.without_alpn }))
    }
}

/// A configuration, or why there is none.
type Outcome = Result<Config, String>;

struct Entry {
    server_side: bool,
    settings: Settings,
    outcome: Outcome,
}

/// The configurations made from a context, as an attribute of it.
#[pyclass(module = "_asyncio", name = "TlsConfig")]
#[derive(PyPayload)]
pub(crate) struct CachedConfig {
    /// At most one for each side.
    entries: PyMutex<Vec<Entry>>,
}

impl std::fmt::Debug for CachedConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedConfig").finish_non_exhaustive()
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl CachedConfig {}

/// Why connections with `context` need asyncio's own implementation; `None` if they do not.
///
/// # Errors
/// What reading the context raises.
pub(super) fn unsupported(
    context: &PyObject,
    server_side: bool,
    hostname: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<Option<String>> {
    if let Err(reason) = config(context, server_side, vm)? {
        return Ok(Some(reason));
    }
    if server_side {
        return Ok(None);
    }
    let hostname = hostname.downcast_ref::<PyStr>().and_then(|name| name.to_str()).unwrap_or_default();
    if hostname.is_empty() {
        let checks = context.get_attr("check_hostname", vm)?.try_to_bool(vm)?;
        return Ok(checks.then(|| "there is no host name to check".to_owned()));
    }
    Ok(ServerName::try_from(hostname).err().map(|_| format!("{hostname:?} is not a host name")))
}

/// A connection with `context`, to `hostname` or of a client.
///
/// # Errors
/// `ValueError` for a context or host that is [`unsupported`].
pub(super) fn session(
    context: &PyObject,
    server_side: bool,
    hostname: Option<&str>,
    vm: &VirtualMachine,
) -> PyResult<Session> {
    let refused =
        |reason: &dyn Display| vm.new_value_error(format!("the TLS connection is not supported: {reason}"));
    match config(context, server_side, vm)? {
        Ok(Config::Server(configs)) => Ok(Session::server(configs)),
        Ok(Config::Client(config)) => {
            // Without a name none is sent, as for addresses (RFC 6066, section 3).
            let name = hostname.unwrap_or("127.0.0.1").to_owned();
            let name = ServerName::try_from(name).map_err(|error| refused(&error))?;
            Session::client(config, name).map_err(|error| refused(&error))
        }
        Err(reason) => Err(refused(&reason)),
    }
}

/// Whether peers are asked for a certificate that is verified.
pub(super) fn is_verifying(context: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    let mode: i64 = context.get_attr("verify_mode", vm)?.try_to_value(vm)?;
    Ok(mode != i64::from(CERT_NONE))
}

/// The certificates (DER) that the context trusts, as far as it tells.
pub(super) fn authorities(context: &PyObject, vm: &VirtualMachine) -> PyResult<Vec<Vec<u8>>> {
    let known: Vec<PyBytesRef> = vm.call_method(context, "get_ca_certs", (true,))?.try_to_value(vm)?;
    let mut authorities: Vec<Vec<u8>> = known.iter().map(|der| der.as_bytes().to_vec()).collect();
    if let Some(loaded) = Loaded::of(context, vm)? {
        authorities.extend(trusted(&loaded, vm)?.unwrap_or_default());
    }
    Ok(authorities)
}

/// The configuration for `context`, kept or made.
fn config(context: &PyObject, server_side: bool, vm: &VirtualMachine) -> PyResult<Outcome> {
    let native = match native_class(context, vm)? {
        Ok(native) => native,
        Err(reason) => return Ok(Err(reason)),
    };
    let loaded = Loaded::of(context, vm)?;
    let settings = Settings::read(context, &native, loaded.as_ref(), vm)?;
    let name = vm.ctx.intern_str(ATTRIBUTE);
    let kept = vm.get_attribute_opt(context, name)?;
    let kept = if let Some(kept) = kept.and_then(|kept| kept.downcast::<CachedConfig>().ok()) {
        kept
    } else {
        let _class = CachedConfig::make_static_type();
        let kept = CachedConfig { entries: PyMutex::default() }.into_ref(&vm.ctx);
        context.set_attr(name, kept.clone(), vm)?;
        kept
    };
    let known = kept
        .entries
        .lock()
        .iter()
        .find(|entry| entry.server_side == server_side && entry.settings == settings)
        .map(|entry| entry.outcome.clone());
    if let Some(outcome) = known {
        return Ok(outcome);
    }
    let outcome = make(context, server_side, &settings, loaded.as_ref(), vm)?;
    let entry = Entry { server_side, settings, outcome: outcome.clone() };
    let mut entries = kept.entries.lock();
    entries.retain(|entry| entry.server_side != server_side);
    entries.push(entry);
    Ok(outcome)
}

/// The native class of a context, or why its connections cannot be made here.
fn native_class(context: &PyObject, vm: &VirtualMachine) -> PyResult<Result<PyTypeRef, String>> {
    let ssl = vm.import("ssl", 0)?;
    let expected = ssl.get_attr(vm.ctx.intern_str("SSLContext"), vm)?;
    if !context.is_instance(&expected, vm)? {
        return Ok(Err("the context is not an ssl.SSLContext".to_owned()));
    }
    let native = expected
        .downcast_ref::<PyType>()
        .and_then(|class| class.iter_base_chain().nth(1).map(ToOwned::to_owned));
    let Some(native) = native else { return Ok(Err("ssl.SSLContext was replaced".to_owned())) };
    let class = context.class();
    if class.is(&expected) {
        return Ok(Ok(native));
    }
    for method in ["wrap_bio", "_wrap_bio", "sslobject_class"] {
        let name = vm.ctx.intern_str(method);
        if !class.as_object().get_attr(name, vm)?.is(&expected.get_attr(name, vm)?) {
            return Ok(Err(format!("the context's class has a {method} of its own")));
        }
    }
    Ok(Ok(native))
}

fn make(
    context: &PyObject,
    server_side: bool,
    settings: &Settings,
    loaded: Option<&Loaded>,
    vm: &VirtualMachine,
) -> PyResult<Outcome> {
    let side = if server_side { PROTOCOL_TLS_CLIENT } else { PROTOCOL_TLS_SERVER };
    let reason = if settings.protocol == side {
        Some("the context is one for the other side")
    } else if settings.has_callbacks {
        Some("the context has a callback")
    } else if settings.is_verifying() && settings.verify_flags & VERIFY_CRL_CHECK != 0 {
        Some("the context asks for revocation lists to be checked")
    } else if settings.post_handshake_auth {
        Some("the context asks for certificates after the handshake")
    } else if settings.versions().is_empty() {
        Some("the context allows neither TLS 1.2 nor TLS 1.3")
    } else {
        None
    };
    if let Some(reason) = reason {
        return Ok(Err(reason.to_owned()));
    }
    let mut builder = ConfigBuilder {
        settings,
        ciphers: None,
        alpn: Vec::new(),
        trusted: Vec::new(),
        roots: RootCertStore::empty(),
        keys: Vec::new(),
    };
    if let Some(loaded) = loaded
        && let Err(reason) = builder.load(context, loaded, vm)?
    {
        return Ok(Err(reason));
    }
    Ok(if server_side { builder.server() } else { builder.client() })
}

/// The certificates (DER) that were loaded to be trusted, or why they cannot be read.
fn trusted(loaded: &Loaded, vm: &VirtualMachine) -> PyResult<Result<Vec<Vec<u8>>, String>> {
    let mut certificates = Vec::new();
    for content in loaded.trusted(vm)? {
        match tls::certificates(content.as_bytes()) {
            Ok(found) => certificates.extend(found),
            Err(error) => return Ok(Err(error.to_string())),
        }
    }
    Ok(Ok(certificates))
}

struct ConfigBuilder<'a> {
    settings: &'a Settings,
    ciphers: Option<Vec<SupportedCipherSuite>>,
    alpn: Vec<Vec<u8>>,
    trusted: Vec<Vec<u8>>,
    roots: RootCertStore,
    keys: Vec<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl ConfigBuilder<'_> {
    /// Reads what was loaded into the context.
    fn load(
        &mut self,
        context: &PyObject,
        loaded: &Loaded,
        vm: &VirtualMachine,
    ) -> PyResult<Result<(), String>> {
        if let Some(method) = loaded.unreadable(vm)? {
            return Ok(Err(format!("the context was changed by {method}()")));
        }
        if !loaded.folders(vm)?.is_empty() {
            return Ok(Err("the context trusts a folder of certificates".to_owned()));
        }
        if let Some(names) = loaded.ciphers(vm)? {
            if names.contains("SUITEB") {
                return Ok(Err("the context asks for Suite B".to_owned()));
            }
            self.ciphers = Some(chosen_ciphers(context, vm)?);
        }
        self.alpn = loaded.alpn(vm)?;
        self.trusted = match trusted(loaded, vm)? {
            Ok(trusted) => trusted,
            Err(reason) => return Ok(Err(reason)),
        };
        if loaded.defaults(vm)? {
            self.roots = match tls::system_roots() {
                Ok(roots) => RootCertStore::clone(&roots),
                Err(error) => return Ok(Err(error.to_string())),
            };
        }
        self.roots.add_parsable_certificates(self.trusted.iter().cloned().map(CertificateDer::from));
        for chain in loaded.chains(vm)? {
            match tls::load_identity(&chain) {
                Ok((mut chain, key)) => {
                    if chain.len() == 1 {
                        self.add_intermediates(&mut chain);
                    }
                    self.keys.retain(|(known, _)| known.first() != chain.first());
                    self.keys.push((chain, key));
                }
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
        Ok(Ok(()))
    }

    /// Adds the certificates between that of this side and a root, which peers have, to a chain.
    fn add_intermediates(&self, chain: &mut Vec<CertificateDer<'static>>) {
        let longer = build_verified_chain(chain, &self.trusted).into_iter().skip(1);
        chain.extend(longer.filter(|der| !is_root(der)).map(CertificateDer::from));
    }

    fn key_log(&self) -> Result<Option<Arc<dyn rustls::KeyLog>>, String> {
        match &self.settings.key_log {
            Some(path) => tls::key_log(Path::new(path)).map(Some).map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    fn client(mut self) -> Outcome {
        let settings = self.settings;
        let key_log = self.key_log()?;
        let (cert_chain, private_key) = if self.keys.is_empty() {
            (None, None)
        } else {
            let (chain, key) = self.keys.swap_remove(0);
            (Some(chain), Some(key))
        };
        let (mut config, _) = create_client_config(ClientConfigOptions {
            protocol_settings: ProtocolSettings {
                versions: settings.versions(),
                kx_groups: None,
                cipher_suites: self.ciphers,
                alpn_protocols: Vec::new(),
            },
            root_store: Some(self.roots),
            ca_certs_der: self.trusted,
            cert_chain,
            private_key,
            verify_server_cert: settings.is_verifying(),
            check_hostname: settings.check_hostname,
            check_common_name: settings.host_flags & HOSTFLAG_NEVER_CHECK_SUBJECT == 0,
            verify_flags: settings.verify_flags,
            session_store: None,
            crls: Vec::new(),
        })?;
        let made = Arc::make_mut(&mut config);
        made.alpn_protocols = self.alpn;
        if let Some(key_log) = key_log {
            made.key_log = key_log;
        }
        Ok(Config::Client(config))
    }

    fn server(self) -> Outcome {
        let settings = self.settings;
        let provider = Arc::new(CryptoProvider {
            cipher_suites: self
                .ciphers
                .clone()
                .unwrap_or_else(|| CryptoExt::get_provider().cipher_suites.clone()),
            ..CryptoExt::get_provider().clone()
        });
        let mut keys = Vec::with_capacity(self.keys.len());
        for (chain, key) in &self.keys {
            let key = provider.key_provider.load_private_key(key.clone_key());
            keys.push(Arc::new(CertifiedKey::new(chain.clone(), key.map_err(|error| error.to_string())?)));
        }
        if keys.is_empty() {
            return Err("the context has no certificate".to_owned());
        }
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(settings.versions())
            .map_err(|error| error.to_string())?;
        let builder = if settings.is_verifying() {
            builder.with_client_cert_verifier(self.client_verifier(provider)?)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(Arc::new(MultiCertResolver::new(keys)));
        config.session_storage = ServerSessionMemoryCache::new(SERVER_SESSIONS);
        config.send_tls13_tickets = usize::try_from(settings.num_tickets).unwrap_or_default();
        if settings.options & OP_NO_TICKET == 0 {
            config.ticketer = (CryptoExt::get_ext().ticketer)().map_err(|error| error.to_string())?;
        }
        if let Some(key_log) = self.key_log()? {
            config.key_log = key_log;
        }
        let without_alpn = Arc::new(config.clone());
        config.alpn_protocols = self.alpn;
        Ok(Config::Server(Arc::new(ServerConfigs { with_alpn: Arc::new(config), without_alpn })))
    }

    fn client_verifier(&self, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots.clone()), provider);
        let builder = if self.settings.verify_mode == CERT_OPTIONAL {
            builder.allow_unauthenticated()
        } else {
            builder
        };
        builder.build().map_err(|error| error.to_string())
    }
}

/// Whether a certificate (DER) was issued by itself.
fn is_root(der: &[u8]) -> bool {
    decode_certificate(der).is_ok_and(|certificate| certificate.issuer == certificate.subject)
}

/// The cipher suites that the context has chosen, in its order.
fn chosen_ciphers(context: &PyObject, vm: &VirtualMachine) -> PyResult<Vec<SupportedCipherSuite>> {
    let known = CryptoExt::get_ext().all_ciphers_or_default();
    let ciphers: Vec<PyObjectRef> = vm.call_method(context, "get_ciphers", ())?.try_to_value(vm)?;
    let mut chosen = Vec::with_capacity(ciphers.len());
    for cipher in ciphers {
        let id: i64 = cipher.get_item("id", vm)?.try_to_value(vm)?;
        // The upper half says which protocol's cipher it is, in OpenSSL's way.
        let number = u16::try_from(id & 0xffff).unwrap_or_default();
        chosen.extend(known.iter().find(|suite| u16::from(suite.suite()) == number).copied());
    }
    Ok(chosen)
}
