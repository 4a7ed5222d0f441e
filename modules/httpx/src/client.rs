//! `httpx.Client`.
//!
//! | file | what it does |
//! |---|---|
//! | `args` | the arguments of the request methods |
//! | `config` | the arguments of `Client()` and the settings they become |
//! | `build` | one call's arguments merged with the settings: a request |
//! | `route` | which transport a URL is for: mounts, proxies, the environment |
//! | `send` | authentication, redirects, and one hop after the other |
//! | `hop` | one request over the wire |
//! | `upload` | the same for a body that Python code yields |

mod args;
mod bound_stream;
mod build;
mod config;
mod dispatch;
mod foreign;
mod hop;
mod route;
mod send;
mod stream_context;
mod upload;
mod use_client_default;

use std::sync::atomic::{AtomicU8, Ordering};

use rustpython_vm::builtins::{PyDictRef, PyTypeRef};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, TryFromObject, VirtualMachine, pyclass,
};

pub(crate) use args::{HeadArgs, RequestArgs, SendArgs, TransportArgs};
pub(crate) use config::ClientArgs;
pub(crate) use stream_context::PyStreamContext;
pub(crate) use use_client_default::use_client_default;

use crate::auth;
use crate::cookies::PyCookies;
use crate::headers::PyHeaders;
use crate::query_params::PyQueryParams;
use crate::request::PyRequest;
use crate::timeout::{PyTimeout, timeouts_from};
use crate::url::PyUrl;
use args::{BodyArgs, BuildArgs, PlainArgs};
use config::Settings;
use dispatch::Method;

/// An HTTP client: a pool of connections, and what its requests have in common. It can be shared
/// between threads. `Session` is another name for it.
///
/// `max_decoded_size`, which is Tauraro's own, bounds in bytes what a compressed body may decode to
/// in memory; `None` lifts the bound.
#[pyclass(module = "httpx", name = "Client", traverse)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct PyClient {
    settings: PyMutex<Option<Settings>>,
    #[pytraverse(skip)]
    state: AtomicU8,
}

/// The classes that are not exported.
pub(crate) fn hidden_classes() -> Vec<PyTypeRef> {
    vec![
        // The base of the next, which must be there first.
        crate::sync_byte_stream::PySyncByteStream::make_static_type(),
        bound_stream::PyBoundStream::make_static_type(),
        PyStreamContext::make_static_type(),
        use_client_default::PyUseClientDefault::make_static_type(),
    ]
}

const UNOPENED: u8 = 0;
const OPENED: u8 = 1;
const CLOSED: u8 = 2;

/// The arguments of `send`.
#[derive(FromArgs)]
pub(crate) struct SendCall {
    #[pyarg(any)]
    request: PyRef<PyRequest>,
    #[pyarg(named, default = false)]
    stream: bool,
    #[pyarg(flatten)]
    send: SendArgs,
}

impl PyClient {
    /// A client made from Rust.
    ///
    /// # Errors
    /// As `Client()`.
    pub(crate) fn create(vm: &VirtualMachine, args: ClientArgs) -> PyResult<PyRef<Self>> {
        let settings = Settings::new(vm, args)?;
        let client = Self { settings: PyMutex::new(Some(settings)), state: AtomicU8::new(UNOPENED) };
        Ok(client.into_ref(&vm.ctx))
    }

    /// The settings as they are now.
    ///
    /// # Errors
    /// `RuntimeError` on an object whose `__init__` did not run.
    fn settings(&self, vm: &VirtualMachine) -> PyResult<Settings> {
        self.settings.lock().clone().ok_or_else(|| uninitialised(vm))
    }

    /// Reads one setting.
    fn setting<T>(&self, vm: &VirtualMachine, read: impl FnOnce(&Settings) -> T) -> PyResult<T> {
        self.settings.lock().as_ref().map(read).ok_or_else(|| uninitialised(vm))
    }

    /// Changes one setting; what it replaces is dropped without the lock, for dropping can run
    /// Python code.
    fn change<T>(&self, vm: &VirtualMachine, replace: impl FnOnce(&mut Settings) -> T) -> PyResult<()> {
        let replaced = self.settings.lock().as_mut().map(replace);
        if replaced.is_none() { Err(uninitialised(vm)) } else { Ok(()) }
    }

    /// Marks the client as used.
    ///
    /// # Errors
    /// `RuntimeError` when it has been closed.
    fn open(&self, vm: &VirtualMachine) -> PyResult<()> {
        let opened = |state| (state != CLOSED).then_some(OPENED);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, opened) {
            Ok(_) => Ok(()),
            Err(_) => Err(vm.new_runtime_error("Cannot send a request, as the client has been closed.")),
        }
    }

    /// Closes the client: its idle connections end, requests under way in other threads finish.
    ///
    /// # Errors
    /// What closing a transport written in Python raises.
    pub(crate) fn shut(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.state.swap(CLOSED, Ordering::AcqRel) == CLOSED {
            return Ok(());
        }
        match self.end_transport() {
            Some(foreign) => vm.call_method(&foreign, "close", ()).map(drop),
            None => Ok(()),
        }
    }

    /// Drops the connections; the transport that is not the engine's is returned.
    fn end_transport(&self) -> Option<PyObjectRef> {
        let (transport, foreign) = {
            let mut settings = self.settings.lock();
            let settings = settings.as_mut()?;
            (settings.transport.take(), settings.foreign.clone())
        };
        drop(transport);
        foreign
    }

    /// `self.request(...)`, by whatever name resolution finds.
    ///
    /// # Errors
    /// As `request`.
    pub(crate) fn call_request(
        zelf: &PyRef<Self>,
        args: RequestArgs,
        with_body: bool,
        vm: &VirtualMachine,
    ) -> PyResult {
        if dispatch::is_native(zelf, Method::Request, vm) {
            return Self::run_request(zelf, args, vm);
        }
        zelf.as_object().get_attr("request", vm)?.call_with_args(args.into_call(vm, with_body), vm)
    }

    /// What `request` does.
    fn run_request(zelf: &PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyResult {
        if args.head.cookies.is_some() {
            crate::content::warn_deprecated(
                vm,
                "Setting per-request cookies=<...> is being deprecated, because the expected behaviour \
                 on cookie persistence is ambiguous. Set cookies directly on the client instance instead.",
            )?;
        }
        let (build, send) = args.split();
        let request = Self::call_build_request(zelf, build, vm)?;
        if dispatch::is_native(zelf, Method::Send, vm)
            && let Some(request) = request.downcast_ref::<PyRequest>()
        {
            return Ok(send::send(zelf, request, &send, false, vm)?.into());
        }
        zelf.as_object().get_attr("send", vm)?.call_with_args(send.into_call(vm, request), vm)
    }

    /// `self.build_request(...)`, by whatever name resolution finds.
    fn call_build_request(zelf: &PyRef<Self>, args: BuildArgs, vm: &VirtualMachine) -> PyResult {
        if dispatch::is_native(zelf, Method::BuildRequest, vm) {
            return Ok(build::build_request(vm, &zelf.settings(vm)?, args)?.into());
        }
        zelf.as_object().get_attr("build_request", vm)?.call_with_args(args.into_call(vm), vm)
    }

    /// Builds a request and sends it, leaving the response's body unread.
    ///
    /// # Errors
    /// As `build_request` and `send`.
    fn open_stream(zelf: &PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyResult {
        let (build, send) = args.split();
        let request = Self::call_build_request(zelf, build, vm)?;
        if dispatch::is_native(zelf, Method::Send, vm)
            && let Some(request) = request.downcast_ref::<PyRequest>()
        {
            return Ok(send::send(zelf, request, &send, true, vm)?.into());
        }
        zelf.as_object().get_attr("send", vm)?.call_with_args(send.into_stream_call(vm, request), vm)
    }
}

fn uninitialised(vm: &VirtualMachine) -> rustpython_vm::builtins::PyBaseExceptionRef {
    vm.new_runtime_error("Client.__init__() has not been called")
}

impl DefaultConstructor for PyClient {}

impl Initializer for PyClient {
    type Args = ClientArgs;

    fn init(zelf: &Py<Self>, args: ClientArgs, vm: &VirtualMachine) -> PyResult<()> {
        let settings = Settings::new(vm, args)?;
        let replaced = zelf.settings.lock().replace(settings);
        drop(replaced);
        zelf.state.store(UNOPENED, Ordering::Release);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyClient {
    /// Builds and sends a request, and reads the response.
    #[pymethod]
    fn request(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyResult {
        Self::run_request(&zelf, args, vm)
    }

    /// Sends a `GET` request.
    #[pymethod]
    fn get(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(&zelf, args.with_method(vm, "GET"), false, vm)
    }

    /// Sends an `OPTIONS` request.
    #[pymethod]
    fn options(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(&zelf, args.with_method(vm, "OPTIONS"), false, vm)
    }

    /// Sends a `HEAD` request.
    #[pymethod]
    fn head(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(&zelf, args.with_method(vm, "HEAD"), false, vm)
    }

    /// Sends a `POST` request.
    #[pymethod]
    fn post(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(&zelf, args.with_method(vm, "POST"), true, vm)
    }

    /// Sends a `PUT` request.
    #[pymethod]
    fn put(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(&zelf, args.with_method(vm, "PUT"), true, vm)
    }

    /// Sends a `PATCH` request.
    #[pymethod]
    fn patch(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(&zelf, args.with_method(vm, "PATCH"), true, vm)
    }

    /// Sends a `DELETE` request.
    #[pymethod]
    fn delete(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(&zelf, args.with_method(vm, "DELETE"), false, vm)
    }

    /// Sends a request and gives its response with the body still to be read, for the time of a
    /// `with` block.
    #[pymethod]
    fn stream(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyRef<PyStreamContext> {
        PyStreamContext::new(zelf, args, false).into_ref(&vm.ctx)
    }

    /// Builds a request without sending it: the client's headers, cookies, parameters and base URL
    /// are merged in.
    #[pymethod]
    fn build_request(zelf: PyRef<Self>, args: BuildArgs, vm: &VirtualMachine) -> PyResult<PyRef<PyRequest>> {
        build::build_request(vm, &zelf.settings(vm)?, args)
    }

    /// Sends a request as it is. With `stream=True` the response's body is left to be read, and the
    /// response to be closed.
    #[pymethod]
    fn send(
        zelf: PyRef<Self>,
        args: SendCall,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<crate::response::PyResponse>> {
        send::send(&zelf, &args.request, &args.send, args.stream, vm)
    }

    /// Ends the connections. The client cannot be used afterwards.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.shut(vm)
    }

    #[pymethod]
    fn __enter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        match zelf.state.compare_exchange(UNOPENED, OPENED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                if let Some(foreign) = zelf.setting(vm, |settings| settings.foreign.clone())? {
                    vm.call_method(&foreign, "__enter__", ())?;
                }
                Ok(zelf)
            }
            Err(OPENED) => Err(vm.new_runtime_error("Cannot open a client instance more than once.")),
            Err(_) => Err(vm.new_runtime_error("Cannot reopen a client instance, once it has been closed.")),
        }
    }

    #[pymethod]
    fn __exit__(zelf: &Py<Self>, exception: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.state.store(CLOSED, Ordering::Release);
        match zelf.end_transport() {
            Some(foreign) => foreign.get_attr("__exit__", vm)?.call_with_args(exception, vm).map(drop),
            None => Ok(()),
        }
    }

    /// Whether the client has been closed.
    #[pygetset]
    fn is_closed(zelf: &Py<Self>) -> bool {
        zelf.state.load(Ordering::Acquire) == CLOSED
    }

    /// Whether the environment is consulted for certificates.
    #[pygetset]
    fn trust_env(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.setting(vm, |settings| settings.trust_env)
    }

    /// The headers of every request, a `Headers`.
    #[pygetset]
    fn headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<PyHeaders>> {
        zelf.setting(vm, |settings| settings.headers.clone())
    }

    #[pygetset(setter)]
    fn set_headers(zelf: &Py<Self>, headers: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let headers = config::headers(vm, &headers)?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.headers, headers))
    }

    /// The cookie jar, a `Cookies`: responses add to it.
    #[pygetset]
    fn cookies(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<PyCookies>> {
        zelf.setting(vm, |settings| settings.cookies.clone())
    }

    #[pygetset(setter)]
    fn set_cookies(zelf: &Py<Self>, cookies: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let cookies = config::cookies(vm, &cookies)?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.cookies, cookies))
    }

    /// The query parameters of every request, a `QueryParams`.
    #[pygetset]
    fn params(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<PyQueryParams>> {
        zelf.setting(vm, |settings| settings.params.clone())
    }

    #[pygetset(setter)]
    fn set_params(zelf: &Py<Self>, params: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let params = config::params(vm, &params)?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.params, params))
    }

    /// How requests are authenticated unless they say otherwise: an `Auth` or `None`.
    #[pygetset]
    fn auth(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        zelf.setting(vm, |settings| settings.auth.clone())
    }

    #[pygetset(setter)]
    fn set_auth(zelf: &Py<Self>, auth: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let auth = auth::build(vm, vm.option_if_none(auth))?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.auth, auth))
    }

    /// What relative URLs are appended to, a `URL` whose path ends in a slash.
    #[pygetset]
    fn base_url(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<PyUrl>> {
        zelf.setting(vm, |settings| settings.base_url.clone())
    }

    #[pygetset(setter)]
    fn set_base_url(zelf: &Py<Self>, url: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let url = config::base(vm, &url)?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.base_url, url))
    }

    /// How long the phases of a request may take, a `Timeout`.
    #[pygetset]
    fn timeout(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<PyTimeout>> {
        zelf.setting(vm, |settings| settings.timeout.clone())
    }

    #[pygetset(setter)]
    fn set_timeout(zelf: &Py<Self>, timeout: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let timeout = config::timeout(vm, timeouts_from(vm, &timeout)?);
        zelf.change(vm, |settings| std::mem::replace(&mut settings.timeout, timeout))
    }

    /// The functions called with each request before it is sent and with each response before its
    /// body is read: `{"request": [...], "response": [...]}`.
    #[pygetset]
    fn event_hooks(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        if let Some(hooks) = zelf.setting(vm, |settings| settings.event_hooks.clone())? {
            return Ok(hooks);
        }
        let hooks = config::normalise_hooks(vm, vm.ctx.new_dict().as_object())?;
        zelf.change(vm, |settings| settings.event_hooks.replace(hooks.clone()))?;
        Ok(hooks)
    }

    #[pygetset(setter)]
    fn set_event_hooks(zelf: &Py<Self>, hooks: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let hooks = config::normalise_hooks(vm, &hooks)?;
        zelf.change(vm, |settings| settings.event_hooks.replace(hooks))
    }

    /// Whether redirects are followed unless a request says otherwise.
    #[pygetset]
    fn follow_redirects(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.setting(vm, |settings| settings.follow_redirects)
    }

    #[pygetset(setter)]
    fn set_follow_redirects(zelf: &Py<Self>, follow: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let follow = bool::try_from_object(vm, follow)?;
        zelf.change(vm, |settings| settings.follow_redirects = follow)
    }

    /// How many redirects are followed before `TooManyRedirects`.
    #[pygetset]
    fn max_redirects(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<usize> {
        zelf.setting(vm, |settings| settings.max_redirects)
    }

    #[pygetset(setter)]
    fn set_max_redirects(zelf: &Py<Self>, max: usize, vm: &VirtualMachine) -> PyResult<()> {
        zelf.change(vm, |settings| settings.max_redirects = max)
    }
}
