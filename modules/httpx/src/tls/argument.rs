//! Certificates by path.

use std::path::PathBuf;

use rustpython_vm::builtins::{PyStr, PyTuple};
use rustpython_vm::{Py, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::tls::{ClientCert, PemFile, Verify};
use tauraro_permissions::Access;

use crate::auth;

/// `verify=`: the path of a PEM file, or of a folder of them.
///
/// # Errors
/// `TypeError` for what is not a path, `OSError` for one that does not exist.
pub(super) fn roots(vm: &VirtualMachine, verify: &PyObject) -> PyResult<Verify> {
    let path = path(vm, verify, "verify", "a bool, an ssl.SSLContext or the path of a CA file or folder")?;
    if !path.exists() {
        let message =
            format!("Could not find a suitable TLS CA certificate bundle, invalid path: {}", path.display());
        return Err(vm.new_os_error(message));
    }
    Ok(Verify::Roots(path))
}

/// `cert=`: a path, `(certificate, key)` or `(certificate, key, password)`.
///
/// # Errors
/// `TypeError` for anything else.
pub(super) fn client_cert(vm: &VirtualMachine, cert: &PyObject) -> PyResult<ClientCert> {
    let file = |value: &PyObject| path(vm, value, "cert", "a path").map(PemFile::from);
    let Some(tuple) = cert.downcast_ref::<PyTuple>() else {
        return Ok(ClientCert { chain: file(cert)?, key: None, password: None });
    };
    let optional = |value: &PyObjectRef| if vm.is_none(value) { Ok(None) } else { file(value).map(Some) };
    match tuple.as_slice() {
        [chain] => Ok(ClientCert { chain: file(chain)?, key: None, password: None }),
        [chain, key] => Ok(ClientCert { chain: file(chain)?, key: optional(key)?, password: None }),
        [chain, key, password] => {
            let password = password_from(vm, password)?;
            Ok(ClientCert { chain: file(chain)?, key: optional(key)?, password })
        }
        other => Err(vm.new_type_error(format!(
            "cert= takes a path, (certificate, key) or (certificate, key, password), not a tuple of {}",
            other.len()
        ))),
    }
}

/// A pass phrase as text: `str`, `bytes` or `None`.
///
/// # Errors
/// `TypeError` naming the type of anything else, never its value.
pub(super) fn password_from(vm: &VirtualMachine, password: &PyObject) -> PyResult<Option<String>> {
    if vm.is_none(password) {
        return Ok(None);
    }
    let password = auth::text_or_bytes(vm, password)?;
    Ok(Some(String::from_utf8_lossy(&password).into_owned()))
}

/// A path of text, or of an object that has one.
///
/// # Errors
/// `TypeError` that says what the argument takes.
pub(super) fn path(vm: &VirtualMachine, value: &PyObject, argument: &str, takes: &str) -> PyResult<PathBuf> {
    path_for(vm, value, (argument, takes), Access { open: true, ..Access::READ })
}

/// As [`path`], for a file to write.
pub(super) fn path_to_write(
    vm: &VirtualMachine,
    value: &PyObject,
    argument: &str,
    takes: &str,
) -> PyResult<PathBuf> {
    path_for(vm, value, (argument, takes), Access { open: true, ..Access::WRITE })
}

fn path_for(
    vm: &VirtualMachine,
    value: &PyObject,
    (argument, takes): (&str, &str),
    access: Access,
) -> PyResult<PathBuf> {
    let text = if let Some(text) = value.downcast_ref::<PyStr>() {
        text.to_owned()
    } else {
        let Some(to_path) = vm.get_attribute_opt(value, "__fspath__")? else {
            let found = value.class().name().to_string();
            return Err(vm.new_type_error(format!("{argument}= takes {takes}, not {found}")));
        };
        to_path.call((), vm)?.try_into_value(vm)?
    };
    let path = PathBuf::from(Py::try_as_utf8(&text, vm)?.as_str());
    tauraro_bridge::ask(vm, |checker| checker.file_or_entries(&path, access))?;
    Ok(path)
}
