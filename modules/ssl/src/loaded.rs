//! What was loaded into an `ssl.SSLContext`.

use std::path::PathBuf;

use rustpython_vm::builtins::{PyBytes, PyBytesRef, PyStr};
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{Py, PyObject, PyObjectRef, PyResult, TryFromBorrowedObject, VirtualMachine};
use tauraro_engine::tls::{ClientCert, PemFile};

/// The attribute of a context that holds its record.
const ATTRIBUTE: &str = "_tauraro_loaded";

/// The record of what was loaded into an `ssl.SSLContext`: what the context itself does not tell.
#[derive(Debug, Clone)]
pub struct Loaded {
    record: PyObjectRef,
}

impl Loaded {
    /// The record of `context`; `None` as long as nothing was loaded.
    ///
    /// # Errors
    /// What looking up the attribute raises.
    pub fn of(context: &PyObject, vm: &VirtualMachine) -> PyResult<Option<Self>> {
        let record = vm.get_attribute_opt(context, vm.ctx.intern_str(ATTRIBUTE))?;
        Ok(record.map(|record| Self { record }))
    }

    /// A number that each change of the record increases.
    ///
    /// # Errors
    /// When a script has replaced the record. The same holds for the other methods.
    pub fn revision(&self, vm: &VirtualMachine) -> PyResult<u64> {
        self.get("revision", vm)?.try_to_value(vm)
    }

    /// Whether the system's certificates were loaded.
    pub fn defaults(&self, vm: &VirtualMachine) -> PyResult<bool> {
        self.get("defaults", vm)?.try_to_bool(vm)
    }

    /// The contents of files of trusted certificates, PEM or DER.
    pub fn trusted(&self, vm: &VirtualMachine) -> PyResult<Vec<PyBytesRef>> {
        self.get("trusted", vm)?.try_to_value(vm)
    }

    /// The paths of folders of trusted certificates.
    pub fn folders(&self, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        self.get("folders", vm)?.try_to_value(vm)
    }

    /// The certificate chains with their keys, in the order they were loaded.
    pub fn chains(&self, vm: &VirtualMachine) -> PyResult<Vec<ClientCert>> {
        let chains: Vec<PyObjectRef> = self.get("chains", vm)?.try_to_value(vm)?;
        chains.into_iter().map(|chain| certificate(chain, vm)).collect()
    }

    /// Whether cipher suites were chosen by name, and the names.
    pub fn ciphers(&self, vm: &VirtualMachine) -> PyResult<Option<String>> {
        self.text("ciphers", vm)
    }

    /// The protocols for ALPN, preferred ones first.
    pub fn alpn(&self, vm: &VirtualMachine) -> PyResult<Vec<Vec<u8>>> {
        let protocols: Vec<PyBytesRef> = self.get("alpn", vm)?.try_to_value(vm)?;
        Ok(protocols.into_iter().map(|protocol| protocol.as_bytes().to_vec()).collect())
    }

    /// The name of a method by which something was set that is not recorded.
    pub fn unreadable(&self, vm: &VirtualMachine) -> PyResult<Option<String>> {
        self.text("unreadable", vm)
    }

    fn get(&self, name: &'static str, vm: &VirtualMachine) -> PyResult {
        self.record.get_attr(vm.ctx.intern_str(name), vm)
    }

    fn text(&self, name: &'static str, vm: &VirtualMachine) -> PyResult<Option<String>> {
        let value = self.get(name, vm)?;
        if vm.is_none(&value) {
            return Ok(None);
        }
        Ok(Some(value.str(vm)?.to_string_lossy().into_owned()))
    }
}

/// A chain as `python/ssl.py` records it: the file of certificates, that of the key or `None`, and the password.
fn certificate(chain: PyObjectRef, vm: &VirtualMachine) -> PyResult<ClientCert> {
    let malformed = || vm.new_type_error("the ssl.SSLContext's record of certificate chains was changed");
    let file = |file: &PyObject| -> PyResult<PemFile> {
        let parts: Vec<PyObjectRef> = file.try_to_value(vm)?;
        let [name, content] = parts.as_slice() else { return Err(malformed()) };
        let Some(content) = content.downcast_ref::<PyBytes>() else { return Err(malformed()) };
        let path = PathBuf::from(name.str(vm)?.to_string_lossy().into_owned());
        Ok(PemFile { path, content: Some(content.as_bytes().to_vec()) })
    };
    let parts: Vec<PyObjectRef> = chain.try_to_value(vm)?;
    let [chain, key, password] = parts.as_slice() else { return Err(malformed()) };
    Ok(ClientCert {
        chain: file(chain)?,
        key: if vm.is_none(key) { None } else { Some(file(key)?) },
        password: password_text(password, vm)?,
    })
}

/// A password as text: `str`, bytes or `None`.
fn password_text(password: &PyObject, vm: &VirtualMachine) -> PyResult<Option<String>> {
    if vm.is_none(password) {
        return Ok(None);
    }
    if let Some(text) = password.downcast_ref::<PyStr>() {
        return Ok(Some(Py::try_as_utf8(text, vm)?.as_str().to_owned()));
    }
    let bytes = ArgBytesLike::try_from_borrowed_object(vm, password)?;
    Ok(Some(String::from_utf8_lossy(&bytes.borrow_buf()).into_owned()))
}
