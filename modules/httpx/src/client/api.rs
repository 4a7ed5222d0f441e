//! `httpx.get(...)` and its like: a client for one call.

use rustpython_vm::builtins::PyUtf8StrRef;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{FromArgs, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};

use super::args::{CommonArgs, HeadArgs, RequestArgs, SendArgs, TransportArgs};
use super::{Client, ClientArgs, StreamContext};
use crate::streams::content::ContentArgs;

/// `request` and `stream`: `(method, url, *, ...)`, in upstream's order.
#[derive(FromArgs)]
pub(crate) struct RequestCall {
    #[pyarg(any)]
    method: PyUtf8StrRef,
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(named, optional)]
    params: Option<PyObjectRef>,
    #[pyarg(flatten)]
    content: ContentArgs,
    #[pyarg(named, optional)]
    headers: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    cookies: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    auth: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    proxy: Option<PyObjectRef>,
    #[pyarg(named, optional, py_default = "5.0")]
    timeout: OptionalArg,
    #[pyarg(named, default = false)]
    follow_redirects: bool,
    #[pyarg(named, optional, py_default = "True")]
    verify: OptionalArg,
    #[pyarg(named, default = true)]
    trust_env: bool,
}

/// What the functions named after methods say of the client and of sending, in upstream's order.
#[derive(FromArgs)]
struct OneCallArgs {
    #[pyarg(named, optional)]
    auth: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    proxy: Option<PyObjectRef>,
    #[pyarg(named, default = false)]
    follow_redirects: bool,
    #[pyarg(named, optional, py_default = "True")]
    verify: OptionalArg,
    #[pyarg(named, optional, py_default = "5.0")]
    timeout: OptionalArg,
    #[pyarg(named, default = true)]
    trust_env: bool,
}

/// `get`, `options`, `head` and `delete`: `(url, *, ...)`.
#[derive(FromArgs)]
pub(crate) struct PlainCall {
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(flatten)]
    head: HeadArgs,
    #[pyarg(flatten)]
    call: OneCallArgs,
}

/// `post`, `put` and `patch`: `(url, *, ...)`.
#[derive(FromArgs)]
pub(crate) struct BodyCall {
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(flatten)]
    content: ContentArgs,
    #[pyarg(flatten)]
    head: HeadArgs,
    #[pyarg(flatten)]
    call: OneCallArgs,
}

/// A call: what its client is made with, and what that client is asked for.
pub(crate) struct OneCall {
    client: ClientArgs,
    request: RequestArgs,
}

impl RequestCall {
    /// The call.
    pub(crate) fn into_call(self, vm: &VirtualMachine) -> OneCall {
        let Self { auth, proxy, timeout, follow_redirects, verify, trust_env, .. } = self;
        let head = HeadArgs { params: self.params, headers: self.headers, cookies: self.cookies };
        let call = OneCallArgs { auth, proxy, follow_redirects, verify, timeout, trust_env };
        OneCall::new(vm, self.method, self.url, self.content, head, call)
    }
}

impl PlainCall {
    /// The call of the function named after `method`.
    pub(crate) fn with_method(self, vm: &VirtualMachine, method: &'static str) -> OneCall {
        let Self { url, head, call } = self;
        OneCall::new(vm, vm.ctx.new_utf8_str(method), url, ContentArgs::default(), head, call)
    }
}

impl BodyCall {
    /// The call of the function named after `method`.
    pub(crate) fn with_method(self, vm: &VirtualMachine, method: &'static str) -> OneCall {
        let Self { url, content, head, call } = self;
        OneCall::new(vm, vm.ctx.new_utf8_str(method), url, content, head, call)
    }
}

impl OneCall {
    fn new(
        vm: &VirtualMachine,
        method: PyUtf8StrRef,
        url: PyObjectRef,
        content: ContentArgs,
        mut head: HeadArgs,
        call: OneCallArgs,
    ) -> Self {
        let client = ClientArgs {
            // As in upstream, the cookies are the client's.
            cookies: head.cookies.take(),
            proxy: call.proxy,
            verify: call.verify,
            timeout: call.timeout,
            trust_env: call.trust_env,
            ..ClientArgs::default()
        };
        let send = SendArgs {
            // `auth=None` is the same as leaving it out here: the URL's credentials count.
            auth: call.auth.map_or(OptionalArg::Missing, OptionalArg::Present),
            follow_redirects: OptionalArg::Present(vm.ctx.new_bool(call.follow_redirects).into()),
        };
        let common = CommonArgs { head, send, transport: TransportArgs::default() };
        Self { client, request: RequestArgs { method, url, content, common } }
    }

    /// Sends the request and reads its response.
    ///
    /// # Errors
    /// As `Client.request`.
    pub(crate) fn run(self, vm: &VirtualMachine) -> PyResult {
        let client = Client::create(vm, self.client)?;
        let response = Client::call_request(client.clone(), self.request, true, vm);
        let closed = client.shut(vm);
        response.and_then(|response| closed.map(|()| response))
    }

    /// The context manager that sends the request and gives its response with the body unread.
    ///
    /// # Errors
    /// As `Client()`.
    pub(crate) fn stream(self, vm: &VirtualMachine) -> PyResult<PyRef<StreamContext>> {
        let client = Client::create(vm, self.client)?;
        Ok(StreamContext::new(client, self.request, true).into_ref(&vm.ctx))
    }
}
