//! What `verify=`, `cert=` and `trust_env=` say about TLS.
//!
//! | file | what it does |
//! |---|---|
//! | `argument` | paths and tuples of paths |
//! | `context` | what an `ssl.SSLContext` says |
//! | `python/ssl_context.py` | `httpx.create_ssl_context` |

mod argument;
mod context;

use rustpython_vm::builtins::PyStrRef;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine, warn};
use tauraro_engine::tls::{TlsConfig, Verify};
use tauraro_permissions::PermissionChecker;

pub(crate) use context::from_context;

/// That a path is deprecated as `verify=`, as httpx says it.
pub(crate) const VERIFY_DEPRECATED: &str = "`verify=<str>` is deprecated. Use `verify=ssl.create_default_context(cafile=...)` or \
     `verify=ssl.create_default_context(capath=...)` instead.";

/// That `cert=` is deprecated, as httpx says it.
pub(crate) const CERT_DEPRECATED: &str = "`cert=...` is deprecated. Use `verify=<ssl_context>` instead, with `.load_cert_chain()` to \
     configure the certificate chain.";

/// The TLS side of a transport: `verify` a bool, a path or an `ssl.SSLContext`, `cert` a path or a
/// tuple of paths.
///
/// # Errors
/// `TypeError` or `OSError` naming the argument and its value; what [`from_context`] raises; the
/// deprecation of paths, where warnings are errors.
pub(crate) fn tls_from(
    vm: &VirtualMachine,
    verify: OptionalArg,
    cert: Option<PyObjectRef>,
    trust_env: bool,
) -> PyResult<TlsConfig> {
    // The engine would look at the process's environment, which a runtime with its own one does not see.
    let shares_environment =
        tauraro_bridge::checker(vm).is_none_or(|checker| checker.environment().is_none());
    let trust_env = trust_env && shares_environment;
    let mut tls = match verify {
        OptionalArg::Missing => TlsConfig { trust_env, ..TlsConfig::default() },
        OptionalArg::Present(verify) => verified_by(vm, &verify, trust_env)?,
    };
    if let Some(cert) = cert {
        deprecated(vm, CERT_DEPRECATED)?;
        tls.client_cert = Some(argument::client_cert(vm, &cert)?);
    }
    if tls.trust_env {
        tauraro_bridge::ask(vm, PermissionChecker::tls_variables)?;
    }
    Ok(tls)
}

fn verified_by(vm: &VirtualMachine, verify: &PyObject, trust_env: bool) -> PyResult<TlsConfig> {
    let verify = if verify.is(&vm.ctx.true_value) {
        Verify::System
    } else if verify.is(&vm.ctx.false_value) {
        Verify::Off
    } else if context::is_context(vm, verify)? {
        return from_context(vm, verify);
    } else {
        let roots = argument::roots(vm, verify)?;
        deprecated(vm, VERIFY_DEPRECATED)?;
        roots
    };
    Ok(TlsConfig { verify, trust_env, ..TlsConfig::default() })
}

/// Warns as if from within httpx, whose warnings of this kind are not shown by default.
fn deprecated(vm: &VirtualMachine, message: &str) -> PyResult<()> {
    let text = |text: &str| -> PyStrRef { vm.ctx.new_str(text) };
    let category = vm.ctx.exceptions.deprecation_warning.to_owned();
    let module = Some(text("httpx").into());
    let (message, registry) = (text(message).into(), vm.ctx.none());
    warn::warn_explicit(Some(category), message, text("httpx"), 1, module, registry, None, None, vm)
}
