//! `verify=` and `cert=`: whom to trust and who to be.

use std::path::PathBuf;

use rustpython_vm::builtins::{PyStr, PyTuple};
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::tls::{ClientCert, TlsConfig, Verify};

use crate::auth;

/// The engine's settings.
///
/// # Errors
/// `TypeError` naming the argument; `OSError` for a file that does not exist.
pub(crate) fn tls_from(
    vm: &VirtualMachine,
    verify: OptionalArg,
    cert: Option<PyObjectRef>,
    trust_env: bool,
) -> PyResult<TlsConfig> {
    let client_cert = cert.map(|cert| client_cert(vm, &cert)).transpose()?;
    Ok(TlsConfig { verify: self::verify(vm, verify)?, client_cert, trust_env, ..TlsConfig::default() })
}

/// `verify=`: whether, or by which certificates, servers are judged.
fn verify(vm: &VirtualMachine, verify: OptionalArg) -> PyResult<Verify> {
    let OptionalArg::Present(verify) = verify else { return Ok(Verify::System) };
    if verify.is(&vm.ctx.true_value) {
        return Ok(Verify::System);
    }
    if verify.is(&vm.ctx.false_value) {
        return Ok(Verify::Off);
    }
    if verify.class().name().contains("SSLContext") {
        return Err(vm.new_type_error(
            "verify= takes a bool or the path of a CA file or folder; an ssl.SSLContext is not supported yet",
        ));
    }
    let path = path(vm, &verify, "verify")?;
    if !path.exists() {
        let message =
            format!("Could not find a suitable TLS CA certificate bundle, invalid path: {}", path.display());
        return Err(vm.new_os_error(message));
    }
    Ok(Verify::Roots(path))
}

/// `cert=`: a path, `(certificate, key)` or `(certificate, key, password)`.
fn client_cert(vm: &VirtualMachine, cert: &PyObject) -> PyResult<ClientCert> {
    let path = |value: &PyObject| path(vm, value, "cert");
    let Some(tuple) = cert.downcast_ref::<PyTuple>() else {
        return Ok(ClientCert { chain: path(cert)?, key: None, password: None });
    };
    let optional = |value: &PyObjectRef| if vm.is_none(value) { Ok(None) } else { path(value).map(Some) };
    match tuple.as_slice() {
        [chain] => Ok(ClientCert { chain: path(chain)?, key: None, password: None }),
        [chain, key] => Ok(ClientCert { chain: path(chain)?, key: optional(key)?, password: None }),
        [chain, key, password] => {
            let password = password.clone().try_into_value::<Option<PyObjectRef>>(vm)?;
            let password = password.map(|password| auth::text_or_bytes(vm, &password)).transpose()?;
            let password = password.map(|password| String::from_utf8_lossy(&password).into_owned());
            Ok(ClientCert { chain: path(chain)?, key: optional(key)?, password })
        }
        other => Err(vm.new_type_error(format!(
            "cert= takes a path, (certificate, key) or (certificate, key, password), not a tuple of {}",
            other.len()
        ))),
    }
}

fn path(vm: &VirtualMachine, value: &PyObject, argument: &str) -> PyResult<PathBuf> {
    let text = if let Some(text) = value.downcast_ref::<PyStr>() {
        text.to_owned()
    } else {
        let Some(to_path) = vm.get_attribute_opt(value, "__fspath__")? else {
            let found = value.class().name().to_string();
            return Err(vm.new_type_error(format!("{argument}= takes a path, not {found}")));
        };
        to_path.call((), vm)?.try_into_value(vm)?
    };
    Ok(PathBuf::from(text.try_as_utf8(vm)?.as_str()))
}
