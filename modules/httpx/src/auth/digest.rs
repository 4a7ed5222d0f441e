//! `httpx.DigestAuth` (RFC 7616).

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http::auth::digest::{Challenge, Credentials};

use super::base::Auth;
use super::basic::BasicAuthArgs;
use super::digest_flow::DigestFlow;
use crate::request::Request;

/// HTTP Digest authentication: `DigestAuth(username, password)`, each `str` (sent as UTF-8) or
/// `bytes`.
///
/// The first request is answered with a challenge, which the second answers; later requests answer
/// it at once.
#[pyclass(module = "httpx", name = "DigestAuth", base = Auth)]
#[derive(Default)]
#[repr(C)]
pub(crate) struct DigestAuth {
    base: Auth,
    state: PyMutex<State>,
}

#[derive(Default)]
struct State {
    username: Vec<u8>,
    password: Vec<u8>,
    /// The last challenge, and how often it has been answered.
    challenge: Option<(Challenge, u32)>,
}

impl std::fmt::Debug for DigestAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestAuth([secure])")
    }
}

impl DigestAuth {
    /// Takes a new challenge.
    pub(super) fn challenge(&self, challenge: Challenge) {
        self.state.lock().challenge = Some((challenge, 0));
    }

    /// Answers the last challenge on a request, if there has been one.
    ///
    /// # Errors
    /// `AttributeError` on a request whose `__init__` did not run.
    pub(super) fn answer(&self, vm: &VirtualMachine, request: &Request) -> PyResult<()> {
        let (method, url) = (request.method_name(), request.url_ref(vm)?);
        let target = url.url().raw_path();
        let value = {
            let State { username, password, challenge } = &mut *self.state.lock();
            let Some((challenge, count)) = challenge else { return Ok(()) };
            *count = count.saturating_add(1);
            challenge.authorization(Credentials { username, password }, &method, &target, *count)
        };
        request.headers_ref(vm)?.with(|headers| headers.set("Authorization", value));
        Ok(())
    }
}

impl DefaultConstructor for DigestAuth {}

impl Initializer for DigestAuth {
    type Args = BasicAuthArgs;

    fn init(zelf: &Py<Self>, args: BasicAuthArgs, vm: &VirtualMachine) -> PyResult<()> {
        let (username, password) = args.credentials(vm)?;
        *zelf.state.lock() = State { username, password, challenge: None };
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl DigestAuth {
    /// The request, and the request again once it was challenged.
    #[pymethod]
    fn auth_flow(zelf: PyRef<Self>, request: PyRef<Request>, vm: &VirtualMachine) -> PyRef<DigestFlow> {
        DigestFlow::new(zelf, request).into_ref(&vm.ctx)
    }
}
