//! What the methods of a client do, for blocking and for awaiting callers.
//!
//! Methods that call other methods of the client do so by name, so that those of subclasses and of
//! test doubles count; where nothing was replaced the call stays in Rust.

use rustpython_vm::{AsObject, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

use super::args::{BuildArgs, RequestArgs, SendArgs, SendCall};
use super::base::PyBaseClient;
use super::dispatch::{self, Method};
use super::{build, send};
use crate::request::PyRequest;

/// A call of a client's method.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    client: PyRef<PyBaseClient>,
    mode: ExecutionMode,
}

impl Call {
    /// A call on `client` that waits on `mode`.
    pub(crate) fn of(client: PyRef<PyBaseClient>, mode: ExecutionMode) -> Self {
        Self { client, mode }
    }

    fn is_native(&self, method: Method) -> bool {
        with_vm(|vm| dispatch::is_native(self.client.as_object(), method, vm))
    }

    fn attribute(&self, name: &'static str, vm: &VirtualMachine) -> PyResult {
        self.client.as_object().get_attr(name, vm)
    }

    /// `self.request(...)`. `with_body` says whether the calling method's signature has the arguments
    /// of a body.
    ///
    /// # Errors
    /// As `request`.
    pub(crate) async fn request(self, args: RequestArgs, with_body: bool) -> PyResult {
        if self.is_native(Method::Request) {
            return self.run_request(args).await;
        }
        let response =
            with_vm(|vm| self.attribute("request", vm)?.call_with_args(args.into_call(vm, with_body), vm))?;
        self.mode.wait(response).await
    }

    /// What `request` does.
    ///
    /// # Errors
    /// As `build_request` and `send`.
    pub(crate) async fn run_request(self, args: RequestArgs) -> PyResult {
        if args.head.cookies.is_some() {
            with_vm(|vm| {
                crate::content::warn_deprecated(
                    vm,
                    "Setting per-request cookies=<...> is being deprecated, because the expected \
                     behaviour on cookie persistence is ambiguous. Set cookies directly on the client \
                     instance instead.",
                )
            })?;
        }
        self.build_and_send(args, false).await
    }

    /// Builds a request and sends it, leaving the response's body unread.
    ///
    /// # Errors
    /// As `build_request` and `send`.
    pub(crate) async fn open_stream(self, args: RequestArgs) -> PyResult {
        self.build_and_send(args, true).await
    }

    async fn build_and_send(self, args: RequestArgs, stream: bool) -> PyResult {
        let (build, send) = args.split();
        let request = with_vm(|vm| self.build_request(build, vm))?;
        if !self.is_native(Method::Send) {
            let response = with_vm(|vm| {
                let call =
                    if stream { send.into_stream_call(vm, request) } else { send.into_call(vm, request) };
                self.attribute("send", vm)?.call_with_args(call, vm)
            })?;
            return self.mode.wait(response).await;
        }
        let request: PyRef<PyRequest> = with_vm(|vm| request.try_into_value(vm))?;
        self.send(request, send, stream).await
    }

    /// `self.build_request(...)`.
    fn build_request(&self, args: BuildArgs, vm: &VirtualMachine) -> PyResult {
        if dispatch::is_native(self.client.as_object(), Method::BuildRequest, vm) {
            return Ok(build::build_request(vm, &self.client.settings(vm)?, args)?.into());
        }
        self.attribute("build_request", vm)?.call_with_args(args.into_call(vm), vm)
    }

    /// What `send` does.
    ///
    /// # Errors
    /// `RuntimeError` when the client is closed; every exception of the network, with its request.
    pub(crate) async fn run_send(self, args: SendCall) -> PyResult {
        let SendCall { request, stream, send } = args;
        self.send(request, send, stream).await
    }

    async fn send(self, request: PyRef<PyRequest>, args: SendArgs, stream: bool) -> PyResult {
        let response = send::send(&self.client, request, args, stream, self.mode).await?;
        Ok::<PyObjectRef, _>(response.into())
    }
}
