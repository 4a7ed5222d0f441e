//! What an `ssl.SSLContext` says, as far as connections made without it can follow.
//!
//! Its ALPN protocols are not looked at: as in httpx, `http1=` and `http2=` decide.

use std::fs;
use std::path::Path;

use rustpython_vm::builtins::PyDict;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::tls::{self, TlsConfig, TlsVersion, Verify};
use tauraro_ssl::Loaded;

use super::argument::{path, path_to_write};
use crate::exceptions;

/// Constants of `ssl`.
const PROTOCOL_TLS_SERVER: i64 = 17;
const CERT_NONE: i64 = 0;
const TLS_1_2: i64 = 0x0303;
const TLS_1_3: i64 = 0x0304;
const MINIMUM_SUPPORTED: i64 = -2;
const MAXIMUM_SUPPORTED: i64 = -1;
const OP_NO_TLS_1_2: i64 = 0x0800_0000;
const OP_NO_TLS_1_3: i64 = 0x2000_0000;
const VERIFY_CRL_CHECK: i64 = 0x4 | 0x8;

/// Whether `value` is an `ssl.SSLContext`. It cannot be one as long as `ssl` has not been imported.
///
/// # Errors
/// What `isinstance` raises.
pub(super) fn is_context(vm: &VirtualMachine, value: &PyObject) -> PyResult<bool> {
    let modules = vm.sys_module.get_attr("modules", vm)?;
    let Some(ssl) = modules.downcast_ref::<PyDict>().map(|modules| modules.get_item_opt("ssl", vm)) else {
        return Ok(false);
    };
    match ssl? {
        Some(ssl) => value.is_instance(&*ssl.get_attr("SSLContext", vm)?, vm),
        None => Ok(false),
    }
}

/// The TLS side of a transport that is to be what `context` is now: later changes to it do not count.
///
/// # Errors
/// `TypeError` for anything but an `ssl.SSLContext`, `ValueError` for one that asks for what cannot
/// be had: a server's context, revocation lists, only TLS 1.1 and earlier, or methods of its own.
pub(crate) fn from_context(vm: &VirtualMachine, context: &PyObject) -> PyResult<TlsConfig> {
    if !is_context(vm, context)? {
        let class = context.class().name().to_string();
        return Err(vm.new_type_error(format!("an ssl.SSLContext is needed, not {class}")));
    }
    Context { vm, context }.read()
}

struct Context<'a> {
    vm: &'a VirtualMachine,
    context: &'a PyObject,
}

impl Context<'_> {
    fn read(&self) -> PyResult<TlsConfig> {
        let vm = self.vm;
        if self.number("protocol")? == PROTOCOL_TLS_SERVER {
            return Err(self.refused("is one for servers"));
        }
        let verified = self.number("verify_mode")? != CERT_NONE;
        if verified && self.number("verify_flags")? & VERIFY_CRL_CHECK != 0 {
            return Err(self.refused("asks for revocation lists to be checked, which is not supported"));
        }
        let (loaded, system) = self.loaded()?;
        let (min_version, max_version) = self.versions()?;
        let mut config = TlsConfig {
            verify: Verify::Off,
            check_hostname: self.context.get_attr("check_hostname", vm)?.try_to_bool(vm)?,
            min_version,
            max_version,
            // What the environment said counted when the context was made.
            trust_env: false,
            ..TlsConfig::default()
        };
        let key_log = self.context.get_attr("keylog_filename", vm)?;
        if !vm.is_none(&key_log) {
            config.key_log = Some(path_to_write(vm, &key_log, "keylog_filename", "a path")?);
        }
        let certificates = match &loaded {
            Some(loaded) => trusted(vm, loaded)?,
            None => Vec::new(),
        };
        if verified {
            let defaults = match &loaded {
                Some(loaded) => loaded.defaults(vm)?,
                None => false,
            };
            config.verify = match (system || defaults, certificates.is_empty()) {
                (true, true) => Verify::System,
                (true, false) => Verify::SystemAnd(certificates),
                (false, _) => Verify::Certificates(certificates),
            };
        }
        if let Some(loaded) = &loaded {
            config.client_cert = loaded.chains(vm)?.pop();
            if loaded.ciphers(vm)?.is_some() {
                config.cipher_suites = Some(self.cipher_suites()?);
            }
        }
        Ok(config)
    }

    /// What was loaded, and whether the system's certificates count anyway.
    fn loaded(&self) -> PyResult<(Option<Loaded>, bool)> {
        let vm = self.vm;
        let class = self.context.class();
        let module = class.as_object().get_attr("__module__", vm)?;
        let is_truststore = module.str_utf8(vm)?.as_str().starts_with("truststore");
        if is_truststore {
            // The system's certificates are its purpose; an ordinary context within has the rest.
            let inner = self.context.get_attr("_ctx", vm)?;
            return Ok((Loaded::of(&inner, vm)?, true));
        }
        let ssl = vm.import("ssl", 0)?.get_attr("SSLContext", vm)?;
        for method in ["wrap_bio", "wrap_socket"] {
            let own = class.as_object().get_attr(method, vm)?;
            if !own.is(&ssl.get_attr(method, vm)?) {
                let class = class.name().to_string();
                return Err(self.refused(&format!("is a {class}, which has a {method}() of its own")));
            }
        }
        Ok((Loaded::of(self.context, vm)?, false))
    }

    /// The lowest and the highest version.
    fn versions(&self) -> PyResult<(Option<TlsVersion>, Option<TlsVersion>)> {
        let options = self.number("options")?;
        let (lowest, highest) = (self.number("minimum_version")?, self.number("maximum_version")?);
        let tls_1_3 = lowest == MAXIMUM_SUPPORTED || lowest >= TLS_1_3 || options & OP_NO_TLS_1_2 != 0;
        let tls_1_2 = highest == MINIMUM_SUPPORTED || highest == TLS_1_2 || options & OP_NO_TLS_1_3 != 0;
        let older = (0..TLS_1_2).contains(&highest);
        if older || (tls_1_2 && tls_1_3) {
            return Err(self.refused("allows neither TLS 1.2 nor TLS 1.3"));
        }
        Ok((tls_1_3.then_some(TlsVersion::Tls13), tls_1_2.then_some(TlsVersion::Tls12)))
    }

    /// The numbers of the cipher suites, as IANA registers them.
    fn cipher_suites(&self) -> PyResult<Vec<u16>> {
        let vm = self.vm;
        let ciphers: Vec<PyObjectRef> = vm.call_method(self.context, "get_ciphers", ())?.try_to_value(vm)?;
        let numbers = ciphers.iter().map(|cipher| {
            let id: i64 = cipher.get_item("id", vm)?.try_to_value(vm)?;
            // The upper half says which protocol's cipher it is, in OpenSSL's way.
            Ok(u16::try_from(id & 0xffff).unwrap_or_default())
        });
        numbers.collect()
    }

    fn number(&self, name: &'static str) -> PyResult<i64> {
        self.context.get_attr(name, self.vm)?.try_to_value(self.vm)
    }

    fn refused(&self, reason: &str) -> rustpython_vm::builtins::PyBaseExceptionRef {
        self.vm.new_value_error(format!("the ssl.SSLContext cannot be used: it {reason}"))
    }
}

/// The certificates that were loaded (DER).
fn trusted(vm: &VirtualMachine, loaded: &Loaded) -> PyResult<Vec<Vec<u8>>> {
    let mut certificates = Vec::new();
    for content in loaded.trusted(vm)? {
        let found = tls::certificates(content.as_bytes());
        certificates.extend(found.map_err(|error| exceptions::from_engine(vm, error, None))?);
    }
    for folder in loaded.folders(vm)? {
        certificates.extend(in_folder(&path(vm, &folder, "capath", "a path")?));
    }
    Ok(certificates)
}

/// The certificates of a folder, which holds other things too.
fn in_folder(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let contents = entries.filter_map(|entry| fs::read(entry.path()).ok());
    contents.filter_map(|content| tls::certificates(&content).ok()).flatten().collect()
}
