//! Sending: authentication around redirects around single hops, as upstream layers them.

use rustpython_vm::function::OptionalArg;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::redirect;

use super::args::SendArgs;
use super::base::PyBaseClient;
use super::build::copy_unless_empty;
use super::config::Settings;
use super::dispatch::{self, Method};
use super::hop;
use super::use_client_default::given;
use super::wire::method_token;
use crate::auth::{self, AuthFlow, PyBasicAuth};
use crate::content::ContentArgs;
use crate::exceptions::{self, PyTooManyRedirects};
use crate::request::{PyRequest, RequestParts};
use crate::response::PyResponse;

/// Sends a request and, unless `stream` is set, reads its response.
///
/// # Errors
/// `RuntimeError` when the client is closed; every exception of the network, with its request.
pub(super) async fn send(
    client: &Py<PyBaseClient>,
    request: PyRef<PyRequest>,
    args: SendArgs,
    stream: bool,
    mode: ExecutionMode,
) -> PyResult<PyRef<PyResponse>> {
    let (exchange, auth) = with_vm(|vm| Exchange::begin(vm, client, &request, &args, mode))?;
    let response = exchange.with_auth(request, auth).await?;
    if !stream {
        let read = PyResponse::read(&response, &exchange.mode).await;
        exchange.or_close(&response, read).await?;
    }
    Ok(response)
}

/// The authentication of a request: its own, or the client's, or that of its URL.
fn auth_of(
    vm: &VirtualMachine,
    settings: &Settings,
    request: &PyRequest,
    argument: &OptionalArg,
) -> PyResult<Option<PyObjectRef>> {
    let auth = match given(vm, argument) {
        Some(auth) => auth::build(vm, vm.option_if_none(auth.to_owned()))?,
        None => settings.auth.clone(),
    };
    if auth.is_some() {
        return Ok(auth);
    }
    let url = request.url_ref(vm)?;
    if url.url().userinfo().is_empty() {
        return Ok(None);
    }
    let (username, password) = (url.url().username(), url.url().password());
    let empty = username.is_empty() && password.is_empty();
    let auth = || PyBasicAuth::new(username.as_bytes(), password.as_bytes()).into_ref(&vm.ctx).into();
    Ok((!empty).then(auth))
}

/// One call of `send`, over all its hops.
struct Exchange {
    mode: ExecutionMode,
    settings: Settings,
    follow: bool,
    /// The client, where its `_transport_for_url` was replaced.
    chooser: Option<PyRef<PyBaseClient>>,
}

impl Exchange {
    /// Takes down what counts for this call, and how it is authenticated.
    fn begin(
        vm: &VirtualMachine,
        client: &Py<PyBaseClient>,
        request: &PyRequest,
        args: &SendArgs,
        mode: ExecutionMode,
    ) -> PyResult<(Self, Option<PyObjectRef>)> {
        client.open(vm)?;
        let settings = client.settings(vm)?;
        let follow = match given(vm, &args.follow_redirects) {
            Some(follow) => follow.to_owned().is_true(vm)?,
            None => settings.follow_redirects,
        };
        request.default_timeouts(vm, || settings.timeout.timeouts())?;
        let auth = auth_of(vm, &settings, request, &args.auth)?;
        let replaced = !dispatch::is_native(client.as_object(), Method::TransportForUrl, vm);
        let chooser = replaced.then(|| client.to_owned());
        Ok((Self { mode, settings, follow, chooser }, auth))
    }

    /// The transport for a request.
    fn transport(&self, vm: &VirtualMachine, request: &PyRequest) -> PyResult {
        match &self.chooser {
            None => self.settings.transport_for(vm, request),
            Some(client) => vm.call_method(client.as_object(), "_transport_for_url", (request.url_ref(vm)?,)),
        }
    }

    /// Closes the response if the step that followed it failed.
    async fn or_close<T>(&self, response: &Py<PyResponse>, step: PyResult<T>) -> PyResult<T> {
        if step.is_err() {
            // The step's exception is the one to report.
            let _ = PyResponse::close(response, &self.mode).await;
        }
        step
    }

    async fn with_auth(
        &self,
        request: PyRef<PyRequest>,
        auth: Option<PyObjectRef>,
    ) -> PyResult<PyRef<PyResponse>> {
        let Some(auth) = auth else { return self.with_redirects(request, Vec::new()).await };
        if let Some(basic) = with_vm(|vm| auth.downcast_ref_if_exact::<PyBasicAuth>(vm)) {
            with_vm(|vm| basic.apply(vm, &request))?;
            return self.with_redirects(request, Vec::new()).await;
        }
        let flow = AuthFlow::start(&auth, request, &self.mode)?;
        let response = self.run_flow(&flow).await;
        let closed = flow.close().await;
        let response = response?;
        self.or_close(&response, closed).await?;
        Ok(response)
    }

    /// Sends what an authentication flow yields, handing it each response, until it ends.
    async fn run_flow(&self, flow: &AuthFlow<'_>) -> PyResult<PyRef<PyResponse>> {
        let Some(mut request) = flow.first().await? else {
            return Err(with_vm(|vm| vm.new_runtime_error("the authentication flow yielded no request")));
        };
        let mut history: Vec<PyObjectRef> = Vec::new();
        loop {
            let response = self.with_redirects(request, history.clone()).await?;
            let next = flow.send(&response).await;
            let Some(next) = self.or_close(&response, next).await? else { return Ok(response) };
            response.set_history(history.clone());
            let read = PyResponse::read(&response, &self.mode).await;
            self.or_close(&response, read).await?;
            request = next;
            history.push(response.into());
        }
    }

    async fn with_redirects(
        &self,
        mut request: PyRef<PyRequest>,
        mut history: Vec<PyObjectRef>,
    ) -> PyResult<PyRef<PyResponse>> {
        loop {
            if history.len() > self.settings.max_redirects {
                let message = "Exceeded maximum allowed redirects.";
                return Err(with_vm(|vm| {
                    exceptions::new(vm, PyTooManyRedirects::class(&vm.ctx), message, Some(request.into()))
                }));
            }
            self.call_hooks("request", request.as_object()).await?;
            let transport = with_vm(|vm| self.transport(vm, &request))?;
            let response = hop::send(&self.settings, &transport, &request, &self.mode).await?;
            let hooked = self.call_hooks("response", response.as_object()).await;
            self.or_close(&response, hooked).await?;
            response.set_history(history.clone());
            let next = with_vm(|vm| self.redirect(vm, &request, &response));
            let Some(next) = self.or_close(&response, next).await? else { return Ok(response) };
            if !self.follow {
                response.set_next_request(Some(next.into()));
                return Ok(response);
            }
            let read = PyResponse::read(&response, &self.mode).await;
            self.or_close(&response, read).await?;
            history.push(response.into());
            request = next;
        }
    }

    /// Calls the event hooks of one kind.
    async fn call_hooks(&self, kind: &'static str, argument: &PyObject) -> PyResult<()> {
        let Some(hooks) = &self.settings.event_hooks else { return Ok(()) };
        let hooks: Vec<PyObjectRef> = with_vm(|vm| hooks.get_item(kind, vm)?.try_to_value(vm))?;
        for hook in hooks {
            let called = with_vm(|vm| hook.call((argument.to_owned(),), vm))?;
            self.mode.wait(called).await?;
        }
        Ok(())
    }

    /// The request that a response redirects to.
    fn redirect(
        &self,
        vm: &VirtualMachine,
        request: &PyRef<PyRequest>,
        response: &Py<PyResponse>,
    ) -> PyResult<Option<PyRef<PyRequest>>> {
        let status = response.status();
        if !(300..400).contains(&status) {
            return Ok(None);
        }
        let (url, headers) = (request.url_ref(vm)?, request.headers_ref(vm)?.fields());
        let method = method_token(vm, request)?;
        let answer = response.headers().fields();
        let next = match redirect::follow(&method, url.url(), &headers, status, &answer) {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(None),
            Err(error) => return Err(exceptions::from_engine(vm, error, Some(request.clone().into()))),
        };
        let parts = RequestParts {
            method: next.method.as_str().to_owned(),
            url: next.url,
            headers: next.headers,
            extensions: request.extensions_shared(),
        };
        let jar = copy_unless_empty(&self.settings.cookies);
        let next = if next.keep_body {
            PyRequest::with_body(vm, parts, jar.as_ref(), request.body())
        } else {
            PyRequest::prepare(vm, parts, jar.as_ref(), ContentArgs::default())?
        };
        Ok(Some(next.into_ref(&vm.ctx)))
    }
}
