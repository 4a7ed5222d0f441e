//! Sending: authentication around redirects around single requests, as upstream layers them.

use rustpython_vm::function::OptionalArg;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::redirect;

use super::args::{SendArgs, SendCall};
use super::base_client::BaseClient;
use super::build::copy_unless_empty;
use super::call::Call;
use super::overrides::{self, Method};
use super::send_native::method_token;
use super::send_single_request::send_single_request;
use super::settings::Settings;
use super::use_client_default::explicit;
use crate::auth::{self, BasicAuth, FlowDriver};
use crate::exceptions::{self, TooManyRedirects};
use crate::request::{Request, RequestParts};
use crate::response::Response;
use crate::streams::content::ContentArgs;

impl Call {
    /// Sends a request and, unless it is to be streamed, reads its response.
    ///
    /// # Errors
    /// `RuntimeError` when the client is closed; every exception of the network, with its request.
    pub(crate) async fn send(self, call: SendCall) -> PyResult {
        let Self { client, mode } = self;
        let SendCall { request, stream, send } = call;
        let (exchange, auth) = with_vm(|vm| Exchange::begin(vm, &client, &request, &send, mode))?;
        let response = exchange.with_auth(request, auth).await?;
        if !stream {
            let read = Response::read(&response, &exchange.mode).await;
            exchange.or_close(&response, read).await?;
        }
        Ok(response.into())
    }
}

/// The authentication of a request: its own, or the client's, or that of its URL.
fn auth_of(
    vm: &VirtualMachine,
    settings: &Settings,
    request: &Request,
    argument: &OptionalArg,
) -> PyResult<Option<PyObjectRef>> {
    let auth = match explicit(vm, argument) {
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
    let auth = || BasicAuth::new(username.as_bytes(), password.as_bytes()).into_ref(&vm.ctx).into();
    Ok((!empty).then(auth))
}

/// One call of `send`, over all the requests that it takes.
struct Exchange {
    mode: ExecutionMode,
    settings: Settings,
    follow: bool,
    /// The client, where its `_transport_for_url` was replaced.
    chooser: Option<PyRef<BaseClient>>,
}

impl Exchange {
    /// The settings of this call, and how it is authenticated.
    fn begin(
        vm: &VirtualMachine,
        client: &PyRef<BaseClient>,
        request: &Request,
        args: &SendArgs,
        mode: ExecutionMode,
    ) -> PyResult<(Self, Option<PyObjectRef>)> {
        client.open(vm)?;
        let settings = client.settings(vm)?;
        let follow = match explicit(vm, &args.follow_redirects) {
            Some(follow) => follow.to_owned().is_true(vm)?,
            None => settings.follow_redirects,
        };
        request.default_timeouts(vm, || settings.timeout.timeouts())?;
        let auth = auth_of(vm, &settings, request, &args.auth)?;
        let replaced = !overrides::is_native(client, Method::TransportForUrl, vm);
        let chooser = replaced.then(|| client.clone());
        Ok((Self { mode, settings, follow, chooser }, auth))
    }

    /// The transport for a request.
    fn transport(&self, vm: &VirtualMachine, request: &Request) -> PyResult {
        match &self.chooser {
            None => self.settings.transport_for(vm, request),
            Some(client) => vm.call_method(client.as_object(), "_transport_for_url", (request.url_ref(vm)?,)),
        }
    }

    /// Closes the response if the step that followed it failed.
    async fn or_close<T>(&self, response: &Py<Response>, step: PyResult<T>) -> PyResult<T> {
        if step.is_err() {
            // The step's exception is the one to report.
            let _ = Response::close(response, &self.mode).await;
        }
        step
    }

    async fn with_auth(
        &self,
        request: PyRef<Request>,
        auth: Option<PyObjectRef>,
    ) -> PyResult<PyRef<Response>> {
        let Some(auth) = auth else { return self.with_redirects(request, Vec::new()).await };
        if let Some(basic) = with_vm(|vm| auth.downcast_ref_if_exact::<BasicAuth>(vm)) {
            with_vm(|vm| basic.apply(vm, &request))?;
            return self.with_redirects(request, Vec::new()).await;
        }
        let flow = FlowDriver::start(&auth, request, &self.mode)?;
        let response = self.run_flow(&flow).await;
        let closed = flow.close().await;
        let response = response?;
        self.or_close(&response, closed).await?;
        Ok(response)
    }

    /// Sends what an authentication flow yields, handing it each response, until it ends.
    async fn run_flow(&self, flow: &FlowDriver<'_>) -> PyResult<PyRef<Response>> {
        let Some(mut request) = flow.first().await? else {
            return Err(with_vm(|vm| vm.new_runtime_error("the authentication flow yielded no request")));
        };
        let mut history: Vec<PyObjectRef> = Vec::new();
        loop {
            let response = self.with_redirects(request, history.clone()).await?;
            let next = flow.send(&response).await;
            let Some(next) = self.or_close(&response, next).await? else { return Ok(response) };
            response.set_history(history.clone());
            let read = Response::read(&response, &self.mode).await;
            self.or_close(&response, read).await?;
            request = next;
            history.push(response.into());
        }
    }

    async fn with_redirects(
        &self,
        mut request: PyRef<Request>,
        mut history: Vec<PyObjectRef>,
    ) -> PyResult<PyRef<Response>> {
        loop {
            if history.len() > self.settings.max_redirects {
                let message = "Exceeded maximum allowed redirects.";
                return Err(with_vm(|vm| {
                    exceptions::new(vm, TooManyRedirects::class(&vm.ctx), message, Some(request.into()))
                }));
            }
            self.call_hooks("request", request.as_object()).await?;
            let transport = with_vm(|vm| self.transport(vm, &request))?;
            let response = send_single_request(&self.settings, &transport, &request, &self.mode).await?;
            let hooked = self.call_hooks("response", response.as_object()).await;
            self.or_close(&response, hooked).await?;
            response.set_history(history.clone());
            let next = with_vm(|vm| self.redirect(vm, &request, &response));
            let Some(next) = self.or_close(&response, next).await? else { return Ok(response) };
            if !self.follow {
                response.set_next_request(Some(next.into()));
                return Ok(response);
            }
            let read = Response::read(&response, &self.mode).await;
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
        request: &PyRef<Request>,
        response: &Py<Response>,
    ) -> PyResult<Option<PyRef<Request>>> {
        let status = response.status();
        if !(300..400).contains(&status) {
            return Ok(None);
        }
        let (url, headers) = (request.url_ref(vm)?, request.headers_ref(vm)?.fields());
        let method = method_token(vm, request)?;
        let received = response.headers().fields();
        let next = match redirect::follow(&method, url.url(), &headers, status, &received) {
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
            Request::with_body(vm, parts, jar.as_ref(), request.body())
        } else {
            Request::prepare(vm, parts, jar.as_ref(), ContentArgs::default())?
        };
        Ok(Some(next.into_ref(&vm.ctx)))
    }
}
