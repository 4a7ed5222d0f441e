//! `httpx.get(...)` and its like: a client for one call.

use rustpython_vm::builtins::PyUtf8StrRef;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{FromArgs, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};

use crate::client::{ClientArgs, HeadArgs, PyClient, PyStreamContext, RequestArgs, SendArgs, TransportArgs};
use crate::content::ContentArgs;

/// `request` and `stream`: `(method, url, *, ...)`.
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

/// What the functions named after methods have in common, in upstream's order.
#[derive(FromArgs)]
pub(crate) struct CommonArgs {
    #[pyarg(named, optional)]
    params: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    headers: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    cookies: Option<PyObjectRef>,
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
    common: CommonArgs,
}

/// `post`, `put` and `patch`: `(url, *, ...)`.
#[derive(FromArgs)]
pub(crate) struct BodyCall {
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(flatten)]
    content: ContentArgs,
    #[pyarg(flatten)]
    common: CommonArgs,
}

impl PlainCall {
    /// The `request` call that this call stands for.
    pub(crate) fn with_method(self, vm: &VirtualMachine, method: &'static str) -> RequestCall {
        self.common.with(vm, method, self.url, ContentArgs::default())
    }
}

impl BodyCall {
    /// The `request` call that this call stands for.
    pub(crate) fn with_method(self, vm: &VirtualMachine, method: &'static str) -> RequestCall {
        self.common.with(vm, method, self.url, self.content)
    }
}

impl CommonArgs {
    fn with(
        self,
        vm: &VirtualMachine,
        method: &'static str,
        url: PyObjectRef,
        content: ContentArgs,
    ) -> RequestCall {
        RequestCall {
            method: vm.ctx.new_utf8_str(method),
            url,
            params: self.params,
            content,
            headers: self.headers,
            cookies: self.cookies,
            auth: self.auth,
            proxy: self.proxy,
            timeout: self.timeout,
            follow_redirects: self.follow_redirects,
            verify: self.verify,
            trust_env: self.trust_env,
        }
    }
}

impl RequestCall {
    /// The client for the call, and what it is asked for. As upstream, the cookies are the client's.
    fn split(self, vm: &VirtualMachine) -> PyResult<(PyRef<PyClient>, RequestArgs)> {
        let client = ClientArgs {
            cookies: self.cookies,
            proxy: self.proxy,
            verify: self.verify,
            timeout: self.timeout,
            trust_env: self.trust_env,
            ..ClientArgs::default()
        };
        // `auth=None` says no more here than leaving it out: the URL's credentials count.
        let send = SendArgs {
            auth: self.auth.map_or(OptionalArg::Missing, OptionalArg::Present),
            follow_redirects: OptionalArg::Present(vm.ctx.new_bool(self.follow_redirects).into()),
        };
        let request = RequestArgs {
            method: self.method,
            url: self.url,
            content: self.content,
            head: HeadArgs { params: self.params, headers: self.headers, cookies: None },
            send,
            transport: TransportArgs::default(),
        };
        Ok((PyClient::create(vm, client)?, request))
    }

    /// Sends the request and reads its response.
    ///
    /// # Errors
    /// As `Client.request`.
    pub(crate) fn run(self, vm: &VirtualMachine) -> PyResult {
        let (client, request) = self.split(vm)?;
        let response = PyClient::call_request(client.clone(), request, true, vm);
        let closed = client.shut(vm);
        response.and_then(|response| closed.map(|()| response))
    }

    /// The context manager that sends the request and gives its response with the body unread.
    ///
    /// # Errors
    /// As `Client()`.
    pub(crate) fn stream(self, vm: &VirtualMachine) -> PyResult<PyRef<PyStreamContext>> {
        let (client, request) = self.split(vm)?;
        Ok(PyStreamContext::new(client, request, true).into_ref(&vm.ctx))
    }
}
