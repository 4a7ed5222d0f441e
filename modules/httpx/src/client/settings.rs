//! The arguments of `Client()`, and the settings they become.

use std::time::Duration;

use rustpython_vm::builtins::PyDictRef;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{FromArgs, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_engine as engine;
use tauraro_engine::http::client::{Timeouts, TransportConfig};
use tauraro_engine::http::cookies::CookieJar;
use tauraro_engine::http::decode;
use tauraro_engine::http::url::UrlParts;

use super::mounts::{Mounts, RouteArgs, routes_from};
use super::transport_factory::TransportFactory;
use crate::auth;
use crate::exceptions;
use crate::models::cookies::{Cookies, cookies_from};
use crate::models::headers::{Headers, headers_from};
use crate::models::limits::Limits;
use crate::models::proxy::Proxy;
use crate::models::query_params::{QueryParams, query_params_from};
use crate::models::timeout::{Timeout, timeouts_from};
use crate::models::url::{Url, url_from};
use crate::request::Request;
use crate::transports::{AsyncHTTPTransport, HTTPTransport, HTTPTransportArgs, Pool};

/// How large a compressed body may become, unless the client says otherwise: 1 GiB.
pub(crate) const DEFAULT_MAX_DECODED_SIZE: u64 = 1 << 30;

/// How many redirects are followed before `TooManyRedirects`.
const DEFAULT_MAX_REDIRECTS: usize = 20;

/// The arguments of `Client()`.
#[derive(FromArgs)]
#[expect(clippy::struct_excessive_bools, reason = "upstream's arguments")]
pub(crate) struct ClientArgs {
    #[pyarg(named, optional)]
    pub(crate) auth: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) params: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) headers: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) cookies: Option<PyObjectRef>,
    #[pyarg(named, optional, py_default = "True")]
    pub(crate) verify: OptionalArg,
    #[pyarg(named, optional)]
    pub(crate) cert: Option<PyObjectRef>,
    #[pyarg(named, default = true)]
    pub(crate) trust_env: bool,
    #[pyarg(named, default = true)]
    pub(crate) http1: bool,
    #[pyarg(named, default = false)]
    pub(crate) http2: bool,
    #[pyarg(named, optional)]
    pub(crate) proxy: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) mounts: Option<PyObjectRef>,
    #[pyarg(named, optional, py_default = "5.0")]
    pub(crate) timeout: OptionalArg,
    #[pyarg(named, default = false)]
    pub(crate) follow_redirects: bool,
    #[pyarg(named, optional)]
    pub(crate) limits: Option<PyRef<Limits>>,
    #[pyarg(named, default = DEFAULT_MAX_REDIRECTS)]
    pub(crate) max_redirects: usize,
    #[pyarg(named, optional)]
    pub(crate) event_hooks: Option<PyObjectRef>,
    #[pyarg(named, optional, py_default = "''")]
    pub(crate) base_url: OptionalArg,
    #[pyarg(named, optional)]
    pub(crate) transport: Option<PyObjectRef>,
    #[pyarg(named, optional, py_default = "'utf-8'")]
    pub(crate) default_encoding: OptionalArg,
    #[pyarg(named, optional, py_default = "1073741824")]
    pub(crate) max_decoded_size: OptionalArg<Option<u64>>,
}

impl Default for ClientArgs {
    fn default() -> Self {
        Self {
            auth: None,
            params: None,
            headers: None,
            cookies: None,
            verify: OptionalArg::Missing,
            cert: None,
            trust_env: true,
            http1: true,
            http2: false,
            proxy: None,
            mounts: None,
            timeout: OptionalArg::Missing,
            follow_redirects: false,
            limits: None,
            max_redirects: DEFAULT_MAX_REDIRECTS,
            event_hooks: None,
            base_url: OptionalArg::Missing,
            transport: None,
            default_encoding: OptionalArg::Missing,
            max_decoded_size: OptionalArg::Missing,
        }
    }
}

/// What a client is set up with.
#[derive(Clone, Debug, Traverse)]
pub(crate) struct Settings {
    /// A `httpx.Auth`.
    pub(crate) auth: Option<PyObjectRef>,
    pub(crate) params: PyRef<QueryParams>,
    pub(crate) headers: PyRef<Headers>,
    pub(crate) cookies: PyRef<Cookies>,
    pub(crate) timeout: PyRef<Timeout>,
    pub(crate) base_url: PyRef<Url>,
    /// Made when first asked for; without it there are no hooks.
    pub(crate) event_hooks: Option<PyDictRef>,
    pub(crate) default_encoding: PyObjectRef,
    #[pytraverse(skip)]
    pub(crate) trust_env: bool,
    #[pytraverse(skip)]
    pub(crate) follow_redirects: bool,
    #[pytraverse(skip)]
    pub(crate) max_redirects: usize,
    #[pytraverse(skip)]
    pub(crate) max_decoded_size: Option<u64>,
    /// What carries requests: an object with `handle_request` or `handle_async_request`.
    pub(crate) transport: PyObjectRef,
    /// The transports for some URLs.
    pub(crate) mounts: Mounts,
}

impl Settings {
    /// Checks and converts the arguments of `Client()`. `client` is the object, whose class may make
    /// the transports itself.
    ///
    /// # Errors
    /// `TypeError` or `ValueError` naming the argument and its value.
    pub(crate) fn new(
        vm: &VirtualMachine,
        args: ClientArgs,
        is_async: bool,
        client: Option<&PyObject>,
    ) -> PyResult<Self> {
        if !(args.http1 || args.http2) {
            return Err(vm.new_value_error("Client() needs at least one of http1 and http2"));
        }
        let factory = client.and_then(|client| TransportFactory::of(vm, client, &args));
        let none = vm.ctx.none();
        let event_hooks = args.event_hooks.map(|hooks| normalize_hooks(vm, &hooks)).transpose()?;
        let timeouts = args.timeout.present().map(|timeout| timeouts_from(vm, &timeout)).transpose()?;
        let base_url = args.base_url.unwrap_or_else(|| vm.ctx.empty_str.to_owned().into());
        let routes = RouteArgs {
            mounts: args.mounts.as_deref(),
            proxy: args.proxy.as_deref(),
            environment: args.trust_env && args.transport.is_none(),
        };
        let mut config = None;
        let own = HTTPTransportArgs {
            verify: args.verify,
            cert: args.cert,
            trust_env: args.trust_env,
            http1: args.http1,
            http2: args.http2,
            limits: args.limits,
            ..HTTPTransportArgs::default()
        };
        let mut own = Some(own);
        let mut make = |proxy: Option<PyRef<Proxy>>| -> PyResult {
            if let Some(args) = own.take() {
                config = Some(args.config(vm)?);
            }
            let proxy = proxy.map(|proxy| Proxy::to_engine(&proxy, vm)).transpose()?;
            let pool = Pool::new(TransportConfig {
                proxy,
                policy: tauraro_bridge::policy(vm),
                ..config.clone().unwrap_or_default()
            });
            Ok(if is_async {
                AsyncHTTPTransport::new(pool).into_ref(&vm.ctx).into()
            } else {
                HTTPTransport::new(pool).into_ref(&vm.ctx).into()
            })
        };
        let transport = match &factory {
            Some(factory) => factory.transport(vm, args.transport)?,
            None => args.transport.map_or_else(|| make(None), Ok)?,
        };
        let mounts = routes_from(vm, &routes, |proxy| match &factory {
            Some(factory) => factory.proxy_transport(vm, proxy.into()),
            None => make(Some(proxy)),
        })?;
        Ok(Self {
            auth: auth::build(vm, args.auth)?,
            params: params(vm, &args.params.unwrap_or_else(|| none.clone()))?,
            headers: headers(vm, &args.headers.unwrap_or_else(|| none.clone()))?,
            cookies: cookies(vm, &args.cookies.unwrap_or(none))?,
            timeout: timeout(vm, timeouts.unwrap_or_else(default_timeouts)),
            base_url: base(vm, &base_url)?,
            event_hooks,
            default_encoding: args.default_encoding.unwrap_or_else(|| vm.ctx.new_str("utf-8").into()),
            trust_env: args.trust_env,
            follow_redirects: args.follow_redirects,
            max_redirects: args.max_redirects,
            max_decoded_size: args.max_decoded_size.unwrap_or(Some(DEFAULT_MAX_DECODED_SIZE)),
            transport,
            mounts,
        })
    }

    /// The transport for a request.
    ///
    /// # Errors
    /// `AttributeError` for a request whose `__init__` did not run.
    pub(super) fn transport_for(&self, vm: &VirtualMachine, request: &Request) -> PyResult {
        if self.mounts.is_empty() {
            return Ok(self.transport.clone());
        }
        let url = request.url_ref(vm)?;
        Ok(self.transport_for_url(url.url()))
    }

    /// The transport for a URL.
    pub(super) fn transport_for_url(&self, url: &engine::Url) -> PyObjectRef {
        self.mounts.select(url).unwrap_or(&self.transport).clone()
    }

    /// Every transport.
    pub(super) fn transports(&self) -> Vec<PyObjectRef> {
        [&self.transport].into_iter().chain(self.mounts.transports()).cloned().collect()
    }
}

/// The client's headers: the defaults, with `given` in place of those it names.
///
/// # Errors
/// What converting the headers raises.
pub(super) fn headers(vm: &VirtualMachine, given: &PyObject) -> PyResult<PyRef<Headers>> {
    let mut headers: engine::Headers = [
        ("Accept", "*/*"),
        ("Accept-Encoding", decode::ACCEPT_ENCODING),
        ("Connection", "keep-alive"),
        ("User-Agent", "python-httpx/0.28.1"),
    ]
    .into_iter()
    .collect();
    update(&mut headers, headers_from(vm, given)?);
    Ok(Headers::new(headers).into_ref(&vm.ctx))
}

/// Adds `fields`, in place of those of the same name.
pub(super) fn update(headers: &mut engine::Headers, fields: engine::Headers) {
    for field in &fields {
        headers.remove(&field.name);
    }
    for field in &fields {
        headers.append(field.name.clone(), field.value.clone());
    }
}

/// The client's query parameters.
///
/// # Errors
/// What converting them raises.
pub(super) fn params(vm: &VirtualMachine, given: &PyObject) -> PyResult<PyRef<QueryParams>> {
    let params: engine::QueryParams = query_params_from(vm, given)?;
    Ok(QueryParams::new(params).into_ref(&vm.ctx))
}

/// The client's cookies, a jar of its own.
///
/// # Errors
/// What converting them raises.
pub(super) fn cookies(vm: &VirtualMachine, given: &PyObject) -> PyResult<PyRef<Cookies>> {
    let jar: CookieJar = cookies_from(vm, given)?;
    Ok(Cookies::new(jar).into_ref(&vm.ctx))
}

/// The client's timeouts.
pub(super) fn timeout(vm: &VirtualMachine, timeouts: Timeouts) -> PyRef<Timeout> {
    Timeout::new(timeouts).into_ref(&vm.ctx)
}

fn default_timeouts() -> Timeouts {
    let limit = Some(Duration::from_secs(5));
    Timeouts { connect: limit, read: limit, write: limit, pool: limit }
}

/// The client's base URL, whose path ends in a slash.
///
/// # Errors
/// `InvalidURL`.
pub(super) fn base(vm: &VirtualMachine, given: &PyObject) -> PyResult<PyRef<Url>> {
    let mut url: engine::Url = url_from(vm, given)?;
    let mut raw_path = url.raw_path();
    if !raw_path.ends_with('/') {
        raw_path.push('/');
        let parts = UrlParts { raw_path: Some(Some(raw_path)), ..UrlParts::default() };
        url = url.copy_with(parts).map_err(|error| exceptions::from_engine(vm, error, None))?;
    }
    Ok(Url::new(url).into_ref(&vm.ctx))
}

/// `{"request": [...], "response": [...]}`, each list a copy.
///
/// # Errors
/// What looking the lists up raises.
pub(super) fn normalize_hooks(vm: &VirtualMachine, hooks: &PyObject) -> PyResult<PyDictRef> {
    let dict = vm.ctx.new_dict();
    for kind in ["request", "response"] {
        let given = vm.call_method(hooks, "get", (kind, vm.ctx.new_list(Vec::new())))?;
        let list: Vec<PyObjectRef> = given.try_to_value(vm)?;
        dict.set_item(kind, vm.ctx.new_list(list).into(), vm)?;
    }
    Ok(dict)
}
