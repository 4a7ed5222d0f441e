//! The module and everything it exports.

pub(crate) mod bases;
mod coroutine_functions;
mod frozen;
pub(crate) mod lazy;

use rustpython_vm::builtins::{PyModuleDef, PyTypeRef};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::{Context, PyResult, VirtualMachine};

use crate::auth::{self, Auth, BasicAuth, DigestAuth, FunctionAuth, NetRCAuth};
use crate::client::{self, AsyncClient, BaseClient, Client};
use crate::models::proxy::Proxy;
use crate::models::{cookies, headers, limits, query_params, timeout, url};
use crate::request::Request;
use crate::response::{self, network_stream};
use crate::streams::async_byte_stream::AsyncByteStream;
use crate::streams::byte_stream::ByteStream;
use crate::streams::sync_byte_stream::SyncByteStream;
use crate::transports::{
    AsyncBaseTransport, AsyncHTTPTransport, BaseTransport, HTTPTransport, MockTransport,
};
use crate::{exceptions, streams};
use bases::add_base;
pub use frozen::frozen_modules;

/// The definition to register with an interpreter.
pub fn module_def(ctx: &Context) -> &'static PyModuleDef {
    httpx::module_def(ctx)
}

/// An HTTP client with the API of PyPI's httpx 0.28, in native code.
///
/// `get`, `post` and their like make one request each. `Client` (or `Session`, the same class) keeps
/// connections, cookies, headers and authentication between requests. A request gives a `Response`, or
/// raises an exception derived from `HTTPError`.
#[rustpython_vm::pymodule]
mod httpx {
    use rustpython_vm::builtins::{PyDictRef, PyModule, PyStrRef, PyUtf8StrRef};
    use rustpython_vm::class::PyClassImpl;
    use rustpython_vm::types::PyTypeFlags;
    use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};

    use super::frozen::is_private;
    use super::lazy;
    use crate::client::api::{BodyCall, PlainCall, RequestCall};
    use crate::client::{BaseClient, StreamContext, UrlPattern, use_client_default, variables};

    #[pyattr(name = "__title__")]
    const TITLE: &str = "httpx";

    #[pyattr(name = "__description__")]
    const DESCRIPTION: &str = "An HTTP client with the API of PyPI's httpx, in native code.";

    /// The release of PyPI's httpx that this module follows.
    #[pyattr(name = "__version__")]
    const VERSION: &str = "0.28.1";

    /// Makes what is rarely asked for when it is asked for the first time.
    #[pyfunction]
    fn __getattr__(name: PyUtf8StrRef, vm: &VirtualMachine) -> PyResult {
        let name = name.as_str();
        if is_private(name) {
            // The import sets the attribute.
            vm.import(vm.ctx.intern_str(format!("httpx.{name}")), 0)?;
            let namespace = vm.import("httpx", 0)?.get_attr("__dict__", vm)?;
            return namespace.get_item(name, vm);
        }
        let made = match lazy::make(vm, name)? {
            None if lazy::NEWER.contains(&name) => Some(lazy::of_httpx2(vm, name)?),
            made => made,
        };
        let Some(made) = made else {
            return Err(vm.new_attribute_error(format!("module 'httpx' has no attribute '{name}'")));
        };
        vm.import("httpx", 0)?.set_attr(vm.ctx.intern_str(name), made.clone(), vm)?;
        Ok(made)
    }

    /// The names of the module, those included that are made when first asked for.
    #[pyfunction]
    fn __dir__(vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        let namespace = vm.import("httpx", 0)?.get_attr("__dict__", vm)?;
        let mut names: Vec<PyStrRef> = namespace.try_to_value(vm)?;
        for name in lazy::names() {
            if !names.iter().any(|known| known.as_bytes() == name.as_bytes()) {
                names.push(vm.ctx.new_str(name));
            }
        }
        Ok(names.into_iter().map(Into::into).collect())
    }

    /// `httpx.__all__`. Makes every lazy name, so that all names in it are attributes.
    #[pyfunction]
    fn _all(module: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        for name in lazy::names() {
            module.get_attr(name, vm)?;
        }
        module.get_attr("__dict__", vm)?.get_item("__all__", vm)
    }

    /// The proxies that the environment asks for, by URL pattern; `None` stands for no proxy.
    #[pyfunction]
    fn _environment_proxies(vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let proxies = vm.ctx.new_dict();
        for (pattern, proxy) in tauraro_engine::http::route::environment_proxies(variables(vm)) {
            proxies.set_item(&*pattern, vm.new_pyobj(proxy), vm)?;
        }
        Ok(proxies)
    }

    /// Sends one request, reads its response and returns it. The connection is closed afterwards; a
    /// `Client` keeps it, for programs that make several requests.
    ///
    /// Arguments: `method` any token (`"GET"`); `url` a str or `URL`; `params` a dict, list of pairs or
    /// str for the query; `content` bytes, str or an iterable of bytes; `data` a dict for a form;
    /// `files` a dict of file objects or `(name, content, type)` tuples for a multipart form; `json`
    /// what to send as JSON; `headers`, `cookies` dicts or lists of pairs; `auth` a `(user, password)`
    /// tuple, an `Auth` or a function; `proxy` a URL or `Proxy`; `timeout` seconds for each phase, a
    /// `Timeout`, a dict such as `{"connect": 3, "read": 10}`, or None for no limit; `follow_redirects`
    /// a bool; `verify` True, False for no verification, or an `ssl.SSLContext`; `trust_env` whether
    /// `HTTP_PROXY`, `SSL_CERT_FILE` and their kin count.
    ///
    /// Returns a `Response`. Raises `InvalidURL`, `UnsupportedProtocol` or `LocalProtocolError` for a
    /// request that cannot be sent, `TimeoutException`, `NetworkError`, `ProxyError` or
    /// `RemoteProtocolError` when it fails, `DecodingError` for a body whose compression is broken, and
    /// `TooManyRedirects`: all but the first are a `RequestError`. A status of 400 or above raises
    /// nothing: see `Response.raise_for_status`.
    #[pyfunction]
    fn request(call: RequestCall, vm: &VirtualMachine) -> PyResult {
        call.into_call(vm).run(vm)
    }

    /// Sends one request and gives its response with the body still to be read, for the time of a
    /// `with` block: `with httpx.stream("GET", url) as response: ...`. Use it for bodies that are large or
    /// arrive slowly, with `Response.iter_bytes`, `iter_text`, `iter_lines` or `iter_raw`.
    ///
    /// Arguments and exceptions: see `request`.
    #[pyfunction]
    fn stream(call: RequestCall, vm: &VirtualMachine) -> PyResult<PyRef<StreamContext>> {
        call.into_call(vm).stream(vm)
    }

    /// Sends a `GET` request, which asks for a resource, and returns its `Response`, read.
    ///
    /// Arguments: `url` a str or `URL`; `params` for the query, `headers`, `cookies` dicts or lists of
    /// pairs; `auth` a `(user, password)` tuple or an `Auth`; `proxy` a URL or `Proxy`;
    /// `follow_redirects` a bool; `verify` True, False or an `ssl.SSLContext`; `timeout` seconds for
    /// each phase, a `Timeout` or None for no limit; `trust_env` whether the environment's proxies and
    /// certificates count. There is no body: use `request` to send one.
    ///
    /// Raises `InvalidURL`, and `RequestError` in its kinds (`TimeoutException`, `ConnectError`,
    /// `RemoteProtocolError`...) when there is no response. For a status of 400 or above see
    /// `Response.raise_for_status`; for all details see `request`.
    #[pyfunction]
    fn get(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "GET").run(vm)
    }

    /// Sends an `OPTIONS` request, which asks what a resource can do, and returns its `Response`, read.
    ///
    /// Arguments and exceptions: those of `get`. There is no body: use `request` to send one.
    #[pyfunction]
    fn options(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "OPTIONS").run(vm)
    }

    /// Sends a `HEAD` request, which asks for the headers of a resource, and returns its `Response`,
    /// read.
    ///
    /// Arguments and exceptions: those of `get`. There is no body: use `request` to send one.
    #[pyfunction]
    fn head(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "HEAD").run(vm)
    }

    /// Sends a `POST` request, which hands data to a resource, and returns its `Response`, read.
    ///
    /// The body is one of: `json` a value to send as JSON; `data` a dict for a form; `files` a dict of
    /// file objects, bytes or `(name, content, type)` tuples for a multipart form, to which `data` adds
    /// fields; `content` bytes, str or an iterable of bytes. The other arguments and the exceptions are
    /// those of `get`.
    #[pyfunction]
    fn post(call: BodyCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "POST").run(vm)
    }

    /// Sends a `PUT` request, which replaces a resource, and returns its `Response`, read.
    ///
    /// Arguments and exceptions: those of `post`.
    #[pyfunction]
    fn put(call: BodyCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "PUT").run(vm)
    }

    /// Sends a `PATCH` request, which changes a resource, and returns its `Response`, read.
    ///
    /// Arguments and exceptions: those of `post`.
    #[pyfunction]
    fn patch(call: BodyCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "PATCH").run(vm)
    }

    /// Sends a `DELETE` request, which removes a resource, and returns its `Response`, read.
    ///
    /// Arguments and exceptions: those of `get`. There is no body: use `request` to send one.
    #[pyfunction]
    fn delete(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "DELETE").run(vm)
    }

    /// `__all__`: what a star import takes.
    fn public_names(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult {
        let names: Vec<PyStrRef> = module.get_attr("__dict__", vm)?.try_to_value(vm)?;
        let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let dunders = ["__title__", "__description__", "__version__"];
        names.retain(|name| !name.starts_with('_') || dunders.contains(&name.as_str()));
        names.extend(lazy::names().map(ToOwned::to_owned));
        names.sort_by_key(|name| name.to_lowercase());
        let names = names.into_iter().map(|name| vm.ctx.new_str(name).into()).collect();
        Ok(vm.ctx.new_list(names).into())
    }

    /// Gives the module a class whose property `__all__` makes every name.
    fn set_class(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        let getter = module.get_attr("_all", vm)?;
        module.as_object().del_attr("_all", vm)?;
        let namespace = vm.ctx.new_dict();
        let property = vm.ctx.types.property_type.as_object().call((getter,), vm)?;
        namespace.set_item("__all__", property, vm)?;
        let bases = vm.ctx.new_tuple(vec![vm.ctx.types.module_type.to_owned().into()]);
        let class = vm.ctx.types.type_type.as_object().call(("module", bases, namespace), vm)?;
        module.as_object().set_attr("__class__", class, vm)
    }

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for (name, class) in super::classes(vm)? {
            // As if written in Python: programs patch these classes, test doubles above all.
            class.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
            module.set_attr(vm.ctx.intern_str(name), class, vm)?;
        }
        BaseClient::alias_settings(vm);
        super::coroutine_functions::mark(vm);
        // A package: some of it is written in Python.
        module.set_attr("__path__", vm.ctx.new_list(Vec::new()), vm)?;
        module.set_attr("USE_CLIENT_DEFAULT", use_client_default(), vm)?;
        module.set_attr("_URLPattern", UrlPattern::make_static_type(), vm)?;
        module.set_attr("__all__", public_names(vm, module)?, vm)?;
        set_class(vm, module)
    }
}

/// Every class of the module, by its name.
fn classes(vm: &VirtualMachine) -> PyResult<Vec<(&'static str, PyTypeRef)>> {
    // A class is made after its base, and before the first object of it.
    let stream = SyncByteStream::make_static_type();
    let async_stream = AsyncByteStream::make_static_type();
    let byte_stream = ByteStream::make_static_type();
    add_base(&byte_stream, &async_stream, vm)?;
    let async_transport = AsyncBaseTransport::make_static_type();
    drop(BaseTransport::make_static_type());
    let mock_transport = MockTransport::make_static_type();
    add_base(&mock_transport, &async_transport, vm)?;
    drop(BaseClient::make_static_type());
    let client = Client::make_static_type();
    let mut classes = vec![
        ("AsyncBaseTransport", async_transport),
        ("AsyncByteStream", async_stream),
        ("AsyncClient", AsyncClient::make_static_type()),
        ("AsyncHTTPTransport", AsyncHTTPTransport::make_static_type()),
        ("Auth", Auth::make_static_type()),
        ("BaseTransport", BaseTransport::make_static_type()),
        ("BasicAuth", BasicAuth::make_static_type()),
        ("ByteStream", byte_stream),
        ("Client", client.clone()),
        ("Cookies", cookies::class(vm)?),
        ("DigestAuth", DigestAuth::make_static_type()),
        ("FunctionAuth", FunctionAuth::make_static_type()),
        ("HTTPTransport", HTTPTransport::make_static_type()),
        ("Headers", headers::class(vm)?),
        ("Limits", limits::class()),
        ("MockTransport", mock_transport),
        ("NetRCAuth", NetRCAuth::make_static_type()),
        ("Proxy", Proxy::make_static_type()),
        ("QueryParams", query_params::class(vm)?),
        ("Request", Request::make_static_type()),
        ("Session", client),
        ("SyncByteStream", stream),
        ("Timeout", timeout::class()),
        ("URL", url::class()),
    ];
    classes.extend(response::classes());
    classes.extend(exceptions::classes(vm));
    drop([auth::hidden_classes(), client::hidden_classes(), streams::hidden_classes(vm)?]);
    drop(network_stream::hidden_classes());
    Ok(classes)
}
