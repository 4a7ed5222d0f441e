//! `httpx.Client` and `httpx.AsyncClient` in common.

use std::sync::atomic::{AtomicU8, Ordering};

use rustpython_vm::builtins::PyDictRef;
use rustpython_vm::class::StaticType;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromObject, VirtualMachine, pyclass,
};
use tauraro_bridge::{ExecutionMode, OverrideCache, with_vm};

use super::args::BuildArgs;
use super::build;
use super::settings::{self, ClientArgs, Settings};
use super::transport_factory;
use crate::auth;
use crate::models::cookies::Cookies;
use crate::models::headers::Headers;
use crate::models::query_params::QueryParams;
use crate::models::timeout::{Timeout, timeouts_from};
use crate::models::url::{Url, url_from};
use crate::request::Request;

/// What the requests of a client have in common.
#[pyclass(module = "httpx", name = "BaseClient", traverse)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct BaseClient {
    settings: PyMutex<Option<Settings>>,
    #[pytraverse(skip)]
    state: AtomicU8,
    #[pytraverse(skip)]
    pub(super) overrides: OverrideCache,
}

const UNOPENED: u8 = 0;
const OPENED: u8 = 1;
const CLOSED: u8 = 2;

impl BaseClient {
    /// A client with these settings.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: PyMutex::new(Some(settings)),
            state: AtomicU8::new(UNOPENED),
            overrides: OverrideCache::default(),
        }
    }

    /// `__init__` of `client`, whose payload this is.
    ///
    /// # Errors
    /// As [`Settings::new`].
    pub(crate) fn set_up(
        &self,
        vm: &VirtualMachine,
        client: &PyObject,
        args: ClientArgs,
        is_async: bool,
    ) -> PyResult<()> {
        let settings = Settings::new(vm, args, is_async, Some(client))?;
        let replaced = self.settings.lock().replace(settings);
        drop(replaced);
        self.state.store(UNOPENED, Ordering::Release);
        Ok(())
    }

    /// The settings as they are now.
    ///
    /// # Errors
    /// `RuntimeError` on an object whose `__init__` did not run.
    pub(crate) fn settings(&self, vm: &VirtualMachine) -> PyResult<Settings> {
        self.settings.lock().clone().ok_or_else(|| uninitialized(vm))
    }

    /// Reads one setting.
    fn setting<T>(&self, vm: &VirtualMachine, read: impl FnOnce(&Settings) -> T) -> PyResult<T> {
        self.settings.lock().as_ref().map(read).ok_or_else(|| uninitialized(vm))
    }

    /// Changes one setting; what it replaces is dropped without the lock, for dropping can run
    /// Python code.
    fn change<T>(&self, vm: &VirtualMachine, replace: impl FnOnce(&mut Settings) -> T) -> PyResult<()> {
        let replaced = self.settings.lock().as_mut().map(replace);
        if replaced.is_none() { Err(uninitialized(vm)) } else { Ok(()) }
    }

    /// Marks the client as used.
    ///
    /// # Errors
    /// `RuntimeError` when it has been closed.
    pub(crate) fn open(&self, vm: &VirtualMachine) -> PyResult<()> {
        let opened = |state| (state != CLOSED).then_some(OPENED);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, opened) {
            Ok(_) => Ok(()),
            Err(_) => Err(vm.new_runtime_error("Cannot send a request, as the client has been closed.")),
        }
    }

    /// `__enter__` or `__aenter__`: opens the transports.
    ///
    /// # Errors
    /// `RuntimeError` when it was opened before; what opening a transport raises.
    pub(crate) async fn enter(&self, mode: &ExecutionMode) -> PyResult<()> {
        match self.state.compare_exchange(UNOPENED, OPENED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {}
            Err(state) => {
                let message = if state == OPENED {
                    "Cannot open a client instance more than once."
                } else {
                    "Cannot reopen a client instance, once it has been closed."
                };
                return Err(with_vm(|vm| vm.new_runtime_error(message)));
            }
        }
        let enter = if mode.is_async() { "__aenter__" } else { "__enter__" };
        for transport in self.transports()? {
            mode.wait(with_vm(|vm| vm.call_method(&transport, enter, ()))?).await?;
        }
        Ok(())
    }

    /// `__exit__` or `__aexit__`: closes the transports.
    ///
    /// # Errors
    /// What closing a transport raises.
    pub(crate) async fn exit(&self, exception: FuncArgs, mode: &ExecutionMode) -> PyResult<()> {
        self.state.store(CLOSED, Ordering::Release);
        let exit = if mode.is_async() { "__aexit__" } else { "__exit__" };
        for transport in self.transports()? {
            let exception = exception.clone();
            let left = with_vm(|vm| transport.get_attr(exit, vm)?.call_with_args(exception, vm))?;
            mode.wait(left).await?;
        }
        Ok(())
    }

    /// Closes the client: its idle connections end, requests under way elsewhere finish.
    ///
    /// # Errors
    /// What closing a transport raises.
    pub(crate) async fn shut(&self, mode: &ExecutionMode) -> PyResult<()> {
        if self.state.swap(CLOSED, Ordering::AcqRel) == CLOSED {
            return Ok(());
        }
        let close = if mode.is_async() { "aclose" } else { "close" };
        for transport in self.transports()? {
            mode.wait(with_vm(|vm| vm.call_method(&transport, close, ()))?).await?;
        }
        Ok(())
    }

    fn transports(&self) -> PyResult<Vec<PyObjectRef>> {
        with_vm(|vm| self.setting(vm, Settings::transports))
    }
}

impl BaseClient {
    /// Calls a function of `httpx2._client` with the client.
    fn call_httpx2(zelf: PyRef<Self>, function: &str, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        vm.import("httpx2._client", 0)?;
        let module = vm.sys_module.get_attr("modules", vm)?.get_item("httpx2._client", vm)?;
        args.prepend_arg(zelf.into());
        module.get_attr(vm.ctx.intern_str(function), vm)?.call(args, vm)
    }

    /// Gives the settings a second name with an underscore, which is where upstream keeps them.
    pub(crate) fn alias_settings(vm: &VirtualMachine) {
        let class = Self::static_type();
        for name in
            ["auth", "base_url", "cookies", "event_hooks", "headers", "params", "timeout", "trust_env"]
        {
            if let Some(property) = class.get_direct_attr(vm.ctx.intern_str(name)) {
                class.set_attr(vm.ctx.intern_str(format!("_{name}")), property);
            }
        }
    }
}

fn uninitialized(vm: &VirtualMachine) -> rustpython_vm::builtins::PyBaseExceptionRef {
    vm.new_runtime_error("the client's __init__() has not been called")
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF))]
impl BaseClient {
    /// Builds a `Request` without sending it: the client's headers, cookies, parameters and base URL are
    /// merged in. Arguments: those of `request` that say what is sent. Raises `InvalidURL`, and
    /// `TypeError` for a body or headers of the wrong type.
    #[pymethod]
    fn build_request(zelf: &Py<Self>, args: BuildArgs, vm: &VirtualMachine) -> PyResult<PyRef<Request>> {
        build::build_request(vm, &zelf.settings(vm)?, args)
    }

    /// Requests an event stream, and gives its `httpx2.EventSource` for the time of a `with` block, or of an
    /// `async with` block: `with client.sse(url) as events`. `method` is by default GET; `max_event_size`
    /// is how large one event may become, in bytes, 1 MiB by default. The other arguments and the
    /// exceptions are those of `stream`.
    #[pymethod]
    fn sse(zelf: PyRef<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_httpx2(zelf, "_sse_of", args, vm)
    }

    /// Opens a WebSocket, and gives its session for the time of a `with` block, or of an `async with` block:
    /// `with client.websocket(url) as session`. Arguments and exceptions: those of `httpx2.Client.websocket`.
    #[pymethod]
    fn websocket(zelf: PyRef<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_httpx2(zelf, "_websocket_of", args, vm)
    }

    /// Whether the client has been closed.
    #[pygetset]
    fn is_closed(zelf: &Py<Self>) -> bool {
        zelf.state.load(Ordering::Acquire) == CLOSED
    }

    /// Whether the environment is consulted, for proxies and certificates.
    #[pygetset]
    fn trust_env(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.setting(vm, |settings| settings.trust_env)
    }

    /// The headers of every request, a `Headers`.
    #[pygetset]
    fn headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Headers>> {
        zelf.setting(vm, |settings| settings.headers.clone())
    }

    #[pygetset(setter)]
    fn set_headers(zelf: &Py<Self>, headers: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let headers = settings::headers(vm, &headers)?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.headers, headers))
    }

    /// The cookie jar, a `Cookies`: responses add to it.
    #[pygetset]
    fn cookies(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Cookies>> {
        zelf.setting(vm, |settings| settings.cookies.clone())
    }

    #[pygetset(setter)]
    fn set_cookies(zelf: &Py<Self>, cookies: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let cookies = settings::cookies(vm, &cookies)?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.cookies, cookies))
    }

    /// The query parameters of every request, a `QueryParams`.
    #[pygetset]
    fn params(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<QueryParams>> {
        zelf.setting(vm, |settings| settings.params.clone())
    }

    #[pygetset(setter)]
    fn set_params(zelf: &Py<Self>, params: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let params = settings::params(vm, &params)?;
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
    fn base_url(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Url>> {
        zelf.setting(vm, |settings| settings.base_url.clone())
    }

    #[pygetset(setter)]
    fn set_base_url(zelf: &Py<Self>, url: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let url = settings::base(vm, &url)?;
        zelf.change(vm, |settings| std::mem::replace(&mut settings.base_url, url))
    }

    /// How long the phases of a request may take, a `Timeout`.
    #[pygetset]
    fn timeout(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Timeout>> {
        zelf.setting(vm, |settings| settings.timeout.clone())
    }

    #[pygetset(setter)]
    fn set_timeout(zelf: &Py<Self>, timeout: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let timeout = settings::timeout(vm, timeouts_from(vm, &timeout)?);
        zelf.change(vm, |settings| std::mem::replace(&mut settings.timeout, timeout))
    }

    /// The functions called with each request before it is sent and with each response before its
    /// body is read: `{"request": [...], "response": [...]}`.
    #[pygetset]
    fn event_hooks(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        if let Some(hooks) = zelf.setting(vm, |settings| settings.event_hooks.clone())? {
            return Ok(hooks);
        }
        let hooks = settings::normalize_hooks(vm, vm.ctx.new_dict().as_object())?;
        zelf.change(vm, |settings| settings.event_hooks.replace(hooks.clone()))?;
        Ok(hooks)
    }

    #[pygetset(setter)]
    fn set_event_hooks(zelf: &Py<Self>, hooks: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let hooks = settings::normalize_hooks(vm, &hooks)?;
        zelf.change(vm, |settings| settings.event_hooks.replace(hooks))
    }

    // What follows is private in upstream, but test doubles and subclasses use it.

    /// Makes the client's own transport: `transport`, or a new one from the other arguments. A subclass
    /// that overrides it is called when it is initialized.
    #[pymethod]
    fn _init_transport(zelf: PyObjectRef, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        match args.kwargs.swap_remove("transport").filter(|given| !vm.is_none(given)) {
            Some(given) => Ok(given),
            None => transport_factory::native(vm, &zelf, args),
        }
    }

    /// Makes the transport for a proxy, likewise.
    #[pymethod]
    fn _init_proxy_transport(
        zelf: PyObjectRef,
        proxy: PyObjectRef,
        mut args: FuncArgs,
        vm: &VirtualMachine,
    ) -> PyResult {
        args.kwargs.insert("proxy".into(), proxy);
        transport_factory::native(vm, &zelf, args)
    }

    /// What carries the requests that no other transport is mounted for.
    #[pygetset]
    fn _transport(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.setting(vm, |settings| settings.transport.clone())
    }

    #[pygetset(setter)]
    fn set__transport(zelf: &Py<Self>, transport: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.change(vm, |settings| std::mem::replace(&mut settings.transport, transport))
    }

    /// The mounted transports by URL pattern, a copy.
    #[pygetset]
    fn _mounts(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let settings = zelf.settings(vm)?;
        let mounts = vm.ctx.new_dict();
        for (pattern, transport) in settings.mounts.entries() {
            mounts.set_item(pattern, vm.unwrap_or_none(transport.cloned()), vm)?;
        }
        Ok(mounts)
    }

    /// The URL that a request to `url` goes to: a relative one is appended to the base URL.
    #[pymethod]
    fn _merge_url(zelf: &Py<Self>, url: PyObjectRef, vm: &VirtualMachine) -> PyResult<Url> {
        let url = build::merge_url(vm, &zelf.settings(vm)?, url_from(vm, &url)?)?;
        Ok(Url::new(url))
    }

    /// The transport that carries requests to `url`. One that replaces this method is asked for
    /// every request.
    #[pymethod]
    fn _transport_for_url(zelf: &Py<Self>, url: PyRef<Url>, vm: &VirtualMachine) -> PyResult {
        Ok(zelf.settings(vm)?.transport_for_url(url.url()))
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
