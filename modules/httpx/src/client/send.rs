//! Sending: authentication around redirects around single hops, as upstream layers them.

use rustpython_vm::function::OptionalArg;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{Surface, complete};
use tauraro_engine::redirect;

use super::PyClient;
use super::args::SendArgs;
use super::build::copy_unless_empty;
use super::config::Settings;
use super::hop::{self, method_token};
use super::use_client_default::given;
use crate::auth::{self, PyBasicAuth};
use crate::content::ContentArgs;
use crate::exceptions::{self, PyTooManyRedirects};
use crate::request::{PyRequest, RequestParts};
use crate::response::PyResponse;

/// Sends a request and, unless `stream` is set, reads its response.
///
/// # Errors
/// `RuntimeError` when the client is closed; every exception of the network, with its request.
pub(super) fn send(
    client: &Py<PyClient>,
    request: &Py<PyRequest>,
    args: &SendArgs,
    stream: bool,
    vm: &VirtualMachine,
) -> PyResult<PyRef<PyResponse>> {
    client.open(vm)?;
    let settings = client.settings(vm)?;
    let follow = match given(vm, &args.follow_redirects) {
        Some(follow) => follow.to_owned().is_true(vm)?,
        None => settings.follow_redirects,
    };
    request.default_timeouts(vm, || settings.timeout.timeouts())?;
    let auth = auth_of(vm, &settings, request, &args.auth)?;
    let exchange = Exchange { vm, settings, follow };
    let response = exchange.with_auth(request.to_owned(), auth)?;
    if !stream {
        exchange.or_close(&response, complete(vm, PyResponse::read(&response, &Surface::Blocking)))?;
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
struct Exchange<'vm> {
    vm: &'vm VirtualMachine,
    settings: Settings,
    follow: bool,
}

impl Exchange<'_> {
    /// Closes the response if the step that followed it failed.
    fn or_close<T>(&self, response: &Py<PyResponse>, step: PyResult<T>) -> PyResult<T> {
        step.inspect_err(|_| {
            // The step's exception is the one to report.
            let _ = complete(self.vm, PyResponse::close(response, &Surface::Blocking));
        })
    }

    fn with_auth(&self, request: PyRef<PyRequest>, auth: Option<PyObjectRef>) -> PyResult<PyRef<PyResponse>> {
        let Some(auth) = auth else { return self.with_redirects(request, Vec::new()) };
        if let Some(basic) = auth.downcast_ref_if_exact::<PyBasicAuth>(self.vm) {
            basic.apply(self.vm, &request)?;
            return self.with_redirects(request, Vec::new());
        }
        let flow = self.vm.call_method(&auth, "sync_auth_flow", (request,))?;
        let response = self.run_flow(&flow);
        let closed = self.vm.call_method(&flow, "close", ());
        let response = response?;
        self.or_close(&response, closed)?;
        Ok(response)
    }

    /// Sends what an authentication flow yields, handing it each response, until it ends.
    fn run_flow(&self, flow: &PyObjectRef) -> PyResult<PyRef<PyResponse>> {
        let vm = self.vm;
        let PyIterReturn::Return(first) = PyIter::new(flow.clone()).next(vm)? else {
            return Err(vm.new_runtime_error("the authentication flow yielded no request"));
        };
        let mut request: PyRef<PyRequest> = first.try_into_value(vm)?;
        let mut history: Vec<PyObjectRef> = Vec::new();
        loop {
            let response = self.with_redirects(request, history.clone())?;
            let next = vm.call_method(flow, "send", (response.clone(),));
            let next = self.or_close(&response, PyIterReturn::from_pyresult(next, vm))?;
            let PyIterReturn::Return(next) = next else { return Ok(response) };
            response.set_history(history.clone());
            self.or_close(&response, complete(vm, PyResponse::read(&response, &Surface::Blocking)))?;
            request = self.or_close(&response, next.try_into_value(vm))?;
            history.push(response.into());
        }
    }

    fn with_redirects(
        &self,
        mut request: PyRef<PyRequest>,
        mut history: Vec<PyObjectRef>,
    ) -> PyResult<PyRef<PyResponse>> {
        let vm = self.vm;
        loop {
            if history.len() > self.settings.max_redirects {
                let message = "Exceeded maximum allowed redirects.";
                return Err(exceptions::new(
                    vm,
                    PyTooManyRedirects::class(&vm.ctx),
                    message,
                    Some(request.into()),
                ));
            }
            self.call_hooks("request", request.as_object())?;
            let response = hop::send(vm, &self.settings, &request)?;
            self.or_close(&response, self.call_hooks("response", response.as_object()))?;
            response.set_history(history.clone());
            let Some(next) = self.or_close(&response, self.redirect(&request, &response))? else {
                return Ok(response);
            };
            if !self.follow {
                response.set_next_request(Some(next.into()));
                return Ok(response);
            }
            self.or_close(&response, complete(vm, PyResponse::read(&response, &Surface::Blocking)))?;
            history.push(response.into());
            request = next;
        }
    }

    /// Calls the event hooks of one kind.
    fn call_hooks(&self, kind: &'static str, argument: &rustpython_vm::PyObject) -> PyResult<()> {
        let Some(hooks) = &self.settings.event_hooks else { return Ok(()) };
        let hooks: Vec<PyObjectRef> = hooks.get_item(kind, self.vm)?.try_to_value(self.vm)?;
        hooks.iter().try_for_each(|hook| hook.call((argument.to_owned(),), self.vm).map(drop))
    }

    /// The request that a response redirects to.
    fn redirect(
        &self,
        request: &PyRef<PyRequest>,
        response: &Py<PyResponse>,
    ) -> PyResult<Option<PyRef<PyRequest>>> {
        let status = response.status();
        if !(300..400).contains(&status) {
            return Ok(None);
        }
        let vm = self.vm;
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
