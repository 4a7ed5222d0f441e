//! `httpx.Proxy`.

use std::fmt::Write;

use rustpython_vm::builtins::{PyBytes, PyStr, PyTuple};
use rustpython_vm::class::StaticType;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::http::client;
use tauraro_engine::http::url::UrlParts;

use super::headers::{Headers, headers_from};
use super::url::{Url, url_from};
use crate::auth::text_or_bytes;
use crate::exceptions;
use crate::tls;

const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// `Proxy(url, *, ssl_context=None, auth=None, headers=None)`
///
/// A proxy for `Client(proxy=...)` and `HTTPTransport(proxy=...)`, where a string or a `URL` stands
/// for `Proxy(url)`.
///
/// Arguments, which are attributes afterwards: `url`, of the scheme `http`, `https`, `socks5` or
/// `socks5h`, whose user name and password become `auth`; `auth`, a pair of `str`; `headers`, what an
/// HTTP proxy is sent beside its credentials, a `Headers` afterwards; `ssl_context`, an
/// `ssl.SSLContext` for the connection to an `https` proxy.
///
/// Raises `ValueError` for another scheme, `InvalidURL` and `TypeError` for what is not a URL, pair or
/// headers.
#[pyclass(module = "httpx", name = "Proxy")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Proxy;

/// The arguments of `Proxy()`.
#[derive(FromArgs)]
pub(crate) struct ProxyArgs {
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(named, optional)]
    ssl_context: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    auth: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    headers: Option<PyObjectRef>,
}

/// The proxy that a `proxy=` argument stands for: itself, or the one at a URL.
///
/// # Errors
/// What `Proxy(url)` raises.
pub(crate) fn proxy_from(vm: &VirtualMachine, value: &PyObject) -> PyResult<PyRef<Proxy>> {
    if let Some(proxy) = value.downcast_ref::<Proxy>() {
        return Ok(proxy.to_owned());
    }
    if value.downcast_ref::<PyStr>().is_none() && value.downcast_ref::<Url>().is_none() {
        let class = value.class().name().to_string();
        return Err(
            vm.new_type_error(format!("a proxy is a str, an httpx.URL or an httpx.Proxy, not {class}"))
        );
    }
    let class = Proxy::static_type().to_owned();
    PyObjectRef::from(class).call((value.to_owned(),), vm)?.try_into_value(vm)
}

/// The user name and password of an `auth` attribute.
fn credentials(vm: &VirtualMachine, auth: &PyObject) -> PyResult<Option<(Vec<u8>, Vec<u8>)>> {
    if vm.is_none(auth) {
        return Ok(None);
    }
    let pair = auth.downcast_ref::<PyTuple>().map(Py::as_slice);
    let Some([username, password]) = pair else {
        let class = auth.class().name().to_string();
        return Err(vm.new_type_error(format!(
            "a proxy's auth is a pair of user name and password, not {}",
            pair.map_or(class, |values| format!("a tuple of {}", values.len()))
        )));
    };
    Ok(Some((text_or_bytes(vm, username)?, text_or_bytes(vm, password)?)))
}

impl Proxy {
    /// The engine's proxy.
    ///
    /// # Errors
    /// What `Proxy()` raises, for attributes assigned since; what [`tls::from_context`] raises.
    pub(crate) fn to_engine(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<client::Proxy> {
        let attribute = |name: &'static str| zelf.as_object().get_attr(name, vm);
        let context = attribute("ssl_context")?;
        let context = (!vm.is_none(&context)).then_some(context);
        Ok(client::Proxy {
            url: url_from(vm, &*attribute("url")?)?,
            auth: credentials(vm, &*attribute("auth")?)?,
            headers: headers_from(vm, &*attribute("headers")?)?,
            tls: context.map(|context| tls::from_context(vm, &context)).transpose()?,
        })
    }
}

impl DefaultConstructor for Proxy {}

impl Initializer for Proxy {
    type Args = ProxyArgs;

    fn init(zelf: &Py<Self>, args: ProxyArgs, vm: &VirtualMachine) -> PyResult<()> {
        let mut url = url_from(vm, &args.url)?;
        if !SCHEMES.contains(&url.scheme()) {
            let url = Url::new(url).into_ref(&vm.ctx);
            let message = format!("Unknown scheme for proxy URL {}", url.as_object().repr(vm)?);
            return Err(vm.new_value_error(message));
        }
        let mut auth = vm.unwrap_or_none(args.auth);
        let (username, password) = (url.username(), url.password());
        if !(username.is_empty() && password.is_empty()) {
            let pair = [username, password].map(|text| vm.ctx.new_str(&*text).into());
            auth = vm.ctx.new_tuple(pair.into()).into();
            let without = UrlParts { username: Some(None), password: Some(None), ..UrlParts::default() };
            url = url.copy_with(without).map_err(|error| exceptions::from_engine(vm, error, None))?;
        }
        credentials(vm, &auth)?;
        let headers = headers_from(vm, &vm.unwrap_or_none(args.headers))?;
        let zelf = zelf.as_object();
        zelf.set_attr("url", Url::new(url).into_ref(&vm.ctx), vm)?;
        zelf.set_attr("auth", auth, vm)?;
        zelf.set_attr("headers", Headers::new(headers).into_ref(&vm.ctx), vm)?;
        zelf.set_attr("ssl_context", vm.unwrap_or_none(args.ssl_context), vm)
    }
}

impl Representable for Proxy {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let attribute = |name: &'static str| zelf.as_object().get_attr(name, vm);
        let url = url_from(vm, &*attribute("url")?)?;
        let mut repr =
            format!("{}({}", zelf.class().name(), vm.ctx.new_str(url.redacted()).as_object().repr(vm)?);
        if let Some(pair) = attribute("auth")?.downcast_ref::<PyTuple>()
            && let Some(username) = pair.as_slice().first()
        {
            let username = username.repr(vm)?;
            // Writing to a String cannot fail.
            let _ = write!(repr, ", auth=({username}, '********')");
        }
        let headers = attribute("headers")?;
        if headers.clone().try_to_bool(vm)?
            && let Some(headers) = headers.downcast_ref::<Headers>()
        {
            let _ = write!(repr, ", headers={}", headers.shown(vm)?.repr(vm)?);
        }
        repr.push(')');
        Ok(repr)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Representable))]
impl Proxy {
    /// User name and password as a pair of `bytes`, or None.
    #[pygetset]
    fn raw_auth(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let auth = zelf.as_object().get_attr("auth", vm)?;
        let pair = credentials(vm, &auth)?.map(|(username, password)| -> PyObjectRef {
            let pair: [PyRef<PyBytes>; 2] = [username, password].map(|text| vm.ctx.new_bytes(text));
            vm.ctx.new_tuple(pair.map(Into::into).into()).into()
        });
        Ok(vm.unwrap_or_none(pair))
    }
}
