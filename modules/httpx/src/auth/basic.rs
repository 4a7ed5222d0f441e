//! `httpx.BasicAuth` (RFC 7617).

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http::auth::basic::credentials;

use super::base::Auth;
use super::single_request::SingleRequest;
use super::text_or_bytes;
use crate::request::Request;

/// HTTP Basic authentication: `BasicAuth(username, password)`, each `str` (sent as UTF-8) or `bytes`.
#[pyclass(module = "httpx", name = "BasicAuth", base = Auth)]
#[derive(Default)]
#[repr(C)]
pub(crate) struct BasicAuth {
    base: Auth,
    /// The value of `Authorization`.
    header: PyMutex<String>,
}

impl std::fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BasicAuth([secure])")
    }
}

/// The arguments of `BasicAuth(username, password)`.
#[derive(FromArgs)]
pub(crate) struct BasicAuthArgs {
    #[pyarg(any)]
    username: PyObjectRef,
    #[pyarg(any)]
    password: PyObjectRef,
}

impl BasicAuthArgs {
    /// User name and password.
    ///
    /// # Errors
    /// `TypeError` when one is neither text nor bytes.
    pub(super) fn credentials(&self, vm: &VirtualMachine) -> PyResult<(Vec<u8>, Vec<u8>)> {
        Ok((text_or_bytes(vm, &self.username)?, text_or_bytes(vm, &self.password)?))
    }
}

impl BasicAuth {
    /// Authentication as `username`.
    pub(crate) fn new(username: &[u8], password: &[u8]) -> Self {
        Self { base: Auth, header: PyMutex::new(credentials(username, password)) }
    }

    /// Puts the credentials on a request.
    ///
    /// # Errors
    /// `AttributeError` on a request whose `__init__` did not run.
    pub(crate) fn apply(&self, vm: &VirtualMachine, request: &Request) -> PyResult<()> {
        let header = self.header.lock().clone();
        request.headers_ref(vm)?.with(|headers| headers.set("Authorization", header));
        Ok(())
    }
}

impl DefaultConstructor for BasicAuth {}

impl Initializer for BasicAuth {
    type Args = BasicAuthArgs;

    fn init(zelf: &Py<Self>, args: BasicAuthArgs, vm: &VirtualMachine) -> PyResult<()> {
        let (username, password) = args.credentials(vm)?;
        *zelf.header.lock() = credentials(&username, &password);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl BasicAuth {
    /// The request with its `Authorization` header.
    #[pymethod]
    fn auth_flow(
        zelf: &Py<Self>,
        request: PyRef<Request>,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<SingleRequest>> {
        zelf.apply(vm, &request)?;
        Ok(SingleRequest::new(request.into()).into_ref(&vm.ctx))
    }
}
