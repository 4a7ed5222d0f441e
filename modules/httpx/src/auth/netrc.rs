//! `httpx.NetRCAuth`.

use rustpython_vm::builtins::PyTuple;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::base::Auth;
use super::basic::BasicAuth;
use super::single_request::SingleRequest;
use super::text_or_bytes;
use crate::request::Request;

/// HTTP Basic authentication with the credentials that a netrc file has for the host:
/// `NetRCAuth(file=None)`, by default the user's `.netrc`.
#[pyclass(module = "httpx", name = "NetRCAuth", base = Auth, traverse)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct NetRCAuth {
    #[pytraverse(skip)]
    base: Auth,
    /// A `netrc.netrc`.
    netrc: PyMutex<Option<PyObjectRef>>,
}

/// The arguments of `NetRCAuth(file=None)`.
#[derive(FromArgs)]
pub(crate) struct NetRCAuthArgs {
    #[pyarg(any, optional)]
    file: Option<PyObjectRef>,
}

impl DefaultConstructor for NetRCAuth {}

impl Initializer for NetRCAuth {
    type Args = NetRCAuthArgs;

    fn init(zelf: &Py<Self>, args: NetRCAuthArgs, vm: &VirtualMachine) -> PyResult<()> {
        let netrc = vm.import("netrc", 0)?;
        let netrc = vm.call_method(&netrc, "netrc", (vm.unwrap_or_none(args.file),))?;
        let replaced = zelf.netrc.lock().replace(netrc);
        drop(replaced);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl NetRCAuth {
    /// The request, with the credentials for its host if the file has any.
    #[pymethod]
    fn auth_flow(
        zelf: &Py<Self>,
        request: PyRef<Request>,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<SingleRequest>> {
        let netrc = zelf.netrc.lock().clone();
        if let Some(netrc) = netrc {
            let host = request.url_ref(vm)?.url().host().into_owned();
            let found = vm.call_method(&netrc, "authenticators", (host,))?;
            if let Some(found) = found.downcast_ref::<PyTuple>()
                && let [username, _account, password] = found.as_slice()
                && password.clone().is_true(vm)?
            {
                let (username, password) = (text_or_bytes(vm, username)?, text_or_bytes(vm, password)?);
                BasicAuth::new(&username, &password).apply(vm, &request)?;
            }
        }
        Ok(SingleRequest::new(request.into()).into_ref(&vm.ctx))
    }
}
