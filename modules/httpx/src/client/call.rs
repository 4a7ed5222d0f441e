//! What the methods of a client do, for blocking and for awaiting callers.
//!
//! Methods that call other methods of the client do so by name, so that those of subclasses and of
//! test doubles count; where nothing was replaced the call stays in Rust.

use rustpython_vm::{AsObject, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

use super::args::{BuildArgs, RequestArgs, SendArgs, SendCall};
use super::base_client::BaseClient;
use super::build;
use super::overrides::{self, Method};
use crate::request::Request;
use crate::streams::content::warn_deprecated;

/// A call of a client's method.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(super) client: PyRef<BaseClient>,
    pub(super) mode: ExecutionMode,
}

/// The method that a request is made through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    /// `request`.
    Request,
    /// `get` and its like, which call `self.request`; `with_body` if they take the arguments of a body.
    Shortcut {
        /// Whether the arguments of a body are passed on.
        with_body: bool,
    },
    /// `stream`, which leaves the response's body unread.
    Stream,
}

impl Call {
    /// A call on `client` that waits as `mode` says.
    pub(crate) fn of(client: PyRef<BaseClient>, mode: ExecutionMode) -> Self {
        Self { client, mode }
    }

    fn is_native(&self, method: Method) -> bool {
        with_vm(|vm| overrides::is_native(&self.client, method, vm))
    }

    fn attribute(&self, name: &'static str, vm: &VirtualMachine) -> PyResult {
        self.client.as_object().get_attr(name, vm)
    }

    /// Builds a request and sends it. Its response has been read unless `caller` is
    /// [`Caller::Stream`].
    ///
    /// # Errors
    /// As `build_request` and `send`.
    pub(crate) async fn request(self, args: RequestArgs, caller: Caller) -> PyResult {
        if let Caller::Shortcut { with_body } = caller
            && !self.is_native(Method::Request)
        {
            let response = with_vm(|vm| {
                self.attribute("request", vm)?.call_with_args(args.into_call(vm, with_body), vm)
            })?;
            return self.mode.wait(response).await;
        }
        let stream = matches!(caller, Caller::Stream);
        if !stream && args.common.head.cookies.is_some() {
            let message = "Setting per-request cookies=<...> is being deprecated, because the expected \
                           behaviour on cookie persistence is ambiguous. Set cookies directly on the \
                           client instance instead.";
            with_vm(|vm| warn_deprecated(vm, message))?;
        }
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
        let request: PyRef<Request> = with_vm(|vm| request.try_into_value(vm))?;
        self.send(SendCall { request, stream, send }).await
    }

    /// `self.send(request)`.
    ///
    /// # Errors
    /// As `send`.
    pub(crate) async fn send_by_method(self, request: PyRef<Request>) -> PyResult {
        if self.is_native(Method::Send) {
            return self.send(SendCall { request, stream: false, send: SendArgs::default() }).await;
        }
        let response = with_vm(|vm| self.attribute("send", vm)?.call((request,), vm))?;
        self.mode.wait(response).await
    }

    /// `self.build_request(...)`.
    fn build_request(&self, args: BuildArgs, vm: &VirtualMachine) -> PyResult {
        if overrides::is_native(&self.client, Method::BuildRequest, vm) {
            return Ok(build::build_request(vm, &self.client.settings(vm)?, args)?.into());
        }
        self.attribute("build_request", vm)?.call_with_args(args.into_call(vm), vm)
    }
}
