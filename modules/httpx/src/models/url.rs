//! `httpx.URL`.

use std::sync::OnceLock;

use rustpython_vm::builtins::{PyBytes, PyInt, PyStr, PyStrRef, PyType, PyTypeRef};
use rustpython_vm::common::hash::PyHash;
use rustpython_vm::function::{FuncArgs, KwArgs, OptionalArg, PyComparisonValue};
use rustpython_vm::types::{Comparable, Constructor, Hashable, Initializer, PyComparisonOp, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine as engine;
use tauraro_engine::http::url::UrlParts;

use super::mapping;
use super::mapping::{Key, KeyValue};
use super::query_params::{QueryParams, key_value, query_params_from};
use crate::exceptions;

/// URL(url='', **kwargs)
/// --
///
/// A URL, or a relative reference: split, checked, percent-encoded and normalised (RFC 3986);
/// immutable, hashable, and equal to any string that means the same URL.
///
/// Arguments: a string or another URL, and by keyword components that replace its own: `scheme`,
/// `username`, `password`, `host`, `path`, `fragment` (str), `port` (int), `userinfo`, `netloc`,
/// `query`, `raw_path` (bytes), `params` (whatever `QueryParams` takes). None removes a component.
///
/// Raises `InvalidURL` for text that is not a URL, `TypeError` for arguments of other types.
#[pyclass(name = "URL", module = "httpx")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Url {
    /// Set once, by `__init__` or by unpickling.
    url: OnceLock<engine::Url>,
}

/// The URL of a string or a `URL`.
///
/// # Errors
/// `InvalidURL`, and `TypeError` for any other type.
pub(crate) fn url_from(vm: &VirtualMachine, value: &PyObject) -> PyResult<engine::Url> {
    if let Some(url) = value.downcast_ref::<Url>() {
        return Ok(url.url().clone());
    }
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return parse(vm, text);
    }
    Err(type_error(vm, value))
}

fn parse(vm: &VirtualMachine, text: &Py<PyStr>) -> PyResult<engine::Url> {
    engine::Url::parse(text.try_as_utf8(vm)?.as_str())
        .map_err(|error| exceptions::from_engine(vm, error, None))
}

fn type_error(vm: &VirtualMachine, value: &PyObject) -> rustpython_vm::builtins::PyBaseExceptionRef {
    let message = (|| -> PyResult<String> {
        let class = value.class().as_object().repr_utf8(vm)?;
        let repr = value.repr_utf8(vm)?;
        Ok(format!(
            "Invalid type for url.  Expected str or httpx.URL, got {}: {}",
            class.as_str(),
            repr.as_str()
        ))
    })();
    message.map_or_else(|error| error, |message| vm.new_type_error(message))
}

impl Url {
    /// A Python URL of an engine's.
    pub(crate) fn new(url: engine::Url) -> Self {
        Self { url: OnceLock::from(url) }
    }

    /// The engine's URL.
    pub(crate) fn url(&self) -> &engine::Url {
        self.url.get_or_init(engine::Url::default)
    }

    fn copy_with_params(
        zelf: &Py<Self>,
        params: &tauraro_engine::QueryParams,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let query = Some(params.encode()).filter(|_| !params.pairs().is_empty());
        let parts = UrlParts { query: Some(query), ..UrlParts::default() };
        let url = zelf.url().copy_with(parts).map_err(|error| exceptions::from_engine(vm, error, None))?;
        Ok(Self::new(url))
    }

    fn params_of(&self) -> tauraro_engine::QueryParams {
        tauraro_engine::QueryParams::parse(self.url().query().unwrap_or_default())
    }
}

/// Reads the components given by keyword, with httpx's checks of their names and types.
fn parts_from(vm: &VirtualMachine, components: KwArgs) -> PyResult<UrlParts> {
    let mut parts = UrlParts::default();
    let mut params = None;
    for (name, value) in components {
        let name = name.to_string_lossy();
        let name = name.as_ref();
        let part = match name {
            "scheme" => &mut parts.scheme,
            "username" => &mut parts.username,
            "password" => &mut parts.password,
            "userinfo" => &mut parts.userinfo,
            "host" => &mut parts.host,
            "port" => &mut parts.port,
            "netloc" => &mut parts.netloc,
            "path" => &mut parts.path,
            "query" => &mut parts.query,
            "raw_path" => &mut parts.raw_path,
            "fragment" => &mut parts.fragment,
            "params" => {
                params = Some(value);
                continue;
            }
            _ => return Err(vm.new_type_error(format!("'{name}' is an invalid keyword argument for URL()"))),
        };
        *part = Some(component(vm, name, &value)?);
    }
    if let Some(params) = params {
        let query = if params.clone().try_to_bool(vm)? {
            Some(query_params_from(vm, &params)?.encode())
        } else {
            None
        };
        parts.query = Some(query);
    }
    Ok(parts)
}

fn component(vm: &VirtualMachine, name: &str, value: &PyObject) -> PyResult<Option<String>> {
    if vm.is_none(value) {
        return Ok(None);
    }
    let (expected, text) = match name {
        "port" => ("int", value.downcast_ref::<PyInt>().map(|_| value.str(vm)).transpose()?),
        "userinfo" | "netloc" | "query" | "raw_path" => {
            let bytes = value.downcast_ref::<PyBytes>();
            let decode = |_| vm.state.codec_registry.decode_text(value.to_owned(), "ascii", None, vm);
            ("bytes", bytes.map(decode).transpose()?)
        }
        _ => ("str", value.downcast_ref::<PyStr>().map(ToOwned::to_owned)),
    };
    if let Some(text) = text {
        return Ok(Some(text.try_as_utf8(vm)?.as_str().to_owned()));
    }
    let seen = value.class().name().to_string();
    Err(vm.new_type_error(format!("Argument '{name}' must be {expected} but got {seen}")))
}

impl Constructor for Url {
    type Args = FuncArgs;

    fn py_new(_cls: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Url {
    type Args = (OptionalArg<PyObjectRef>, KwArgs);

    fn init(zelf: &Py<Self>, (url, mut components): Self::Args, vm: &VirtualMachine) -> PyResult<()> {
        let url = match url {
            OptionalArg::Present(url) => Some(url),
            OptionalArg::Missing => components.pop_kwarg("url"),
        };
        let parts = parts_from(vm, components)?;
        let url = match url {
            Some(url) => match url.downcast_ref::<Self>() {
                Some(url) => url.url().copy_with(parts),
                None => match url.downcast_ref::<PyStr>() {
                    Some(text) => engine::Url::with_parts(text.try_as_utf8(vm)?.as_str(), parts),
                    None => return Err(type_error(vm, &url)),
                },
            },
            None => engine::Url::with_parts("", parts),
        };
        let url = url.map_err(|error| exceptions::from_engine(vm, error, None))?;
        // A second `__init__` finds the URL immutable.
        let _ = zelf.url.set(url);
        Ok(())
    }
}

impl Comparable for Url {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| {
            if let Some(other) = other.downcast_ref::<Self>() {
                return Ok((zelf.url() == other.url()).into());
            }
            match other.downcast_ref::<PyStr>() {
                Some(text) => Ok((*zelf.url() == parse(vm, text)?).into()),
                None => Ok(PyComparisonValue::NotImplemented),
            }
        })
    }
}

impl Hashable for Url {
    fn hash(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyHash> {
        vm.ctx.new_str(zelf.url().as_str()).as_object().hash(vm)
    }
}

impl Representable for Url {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let url = vm.ctx.new_str(zelf.url().redacted()).as_object().repr_utf8(vm)?;
        Ok(format!("{}({})", zelf.class().name(), url.as_str()))
    }
}

#[derive(FromArgs)]
struct MergeArgs {
    #[pyarg(any)]
    params: PyObjectRef,
}

#[derive(FromArgs)]
struct JoinArgs {
    #[pyarg(any)]
    url: PyObjectRef,
}

fn bytes(vm: &VirtualMachine, text: &str) -> PyRef<PyBytes> {
    vm.ctx.new_bytes(text.as_bytes().to_vec())
}

#[pyclass(
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF),
    with(Constructor, Initializer, Comparable, Hashable, Representable)
)]
impl Url {
    /// The scheme in lower case, like `"https"`; empty for a relative reference.
    #[pygetset]
    fn scheme(zelf: &Py<Self>) -> String {
        zelf.url().scheme().to_owned()
    }

    /// Where it leads: an `Origin`, of scheme, host and port. Raises `ValueError` for a relative URL.
    #[pygetset]
    fn origin(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        crate::module::lazy::of_httpx2(vm, "Origin")?.call((zelf,), vm)
    }

    /// The scheme as bytes.
    #[pygetset]
    fn raw_scheme(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        bytes(vm, zelf.url().scheme())
    }

    /// User name and password as they stand in the URL, percent-encoded, as bytes.
    #[pygetset]
    fn userinfo(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        bytes(vm, zelf.url().userinfo())
    }

    /// The user name, decoded; empty where there is none.
    #[pygetset]
    fn username(zelf: &Py<Self>) -> String {
        zelf.url().username().into_owned()
    }

    /// The password, decoded; empty where there is none.
    #[pygetset]
    fn password(zelf: &Py<Self>) -> String {
        zelf.url().password().into_owned()
    }

    /// The host in lower case; a name that begins with an IDNA label is decoded.
    #[pygetset]
    fn host(zelf: &Py<Self>) -> String {
        zelf.url().host().into_owned()
    }

    /// The host as it is looked up and sent: lower case, IDNA-encoded, as bytes.
    #[pygetset]
    fn raw_host(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        bytes(vm, zelf.url().raw_host())
    }

    /// The port as an int; None where none is given or where it is the scheme's default.
    #[pygetset]
    fn port(zelf: &Py<Self>) -> Option<u64> {
        zelf.url().written_port()
    }

    /// `host` or `host:port` as bytes, as in a `Host` header.
    #[pygetset]
    fn netloc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        bytes(vm, &zelf.url().netloc())
    }

    /// The parts as they stand in the URL, which upstream keeps here and test doubles read.
    #[pygetset]
    fn _uri_reference(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let url = zelf.url();
        let text = |text: &str| PyObjectRef::from(vm.ctx.new_str(text));
        let optional = |part: Option<&str>| vm.unwrap_or_none(part.map(text));
        let port = url.written_port().map(|port| vm.ctx.new_int(port).into());
        let parts = [
            ("scheme", text(url.scheme())),
            ("userinfo", text(url.userinfo())),
            ("host", text(url.raw_host())),
            ("port", vm.unwrap_or_none(port)),
            ("path", text(url.raw_path_only())),
            ("query", optional(url.query())),
            ("fragment", optional(url.raw_fragment())),
            ("netloc", text(&url.netloc())),
        ];
        let mut named = KwArgs::default();
        for (name, part) in parts {
            named.insert(name.into(), part);
        }
        vm.import("types", 0)?.get_attr("SimpleNamespace", vm)?.call_with_args(FuncArgs::from(named), vm)
    }

    /// The path, decoded; `"/"` where there is none.
    #[pygetset]
    fn path(zelf: &Py<Self>) -> String {
        zelf.url().path().into_owned()
    }

    /// The query as bytes, encoded, without the question mark.
    #[pygetset]
    fn query(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        bytes(vm, zelf.url().query().unwrap_or_default())
    }

    /// The query as `QueryParams`.
    #[pygetset]
    fn params(zelf: &Py<Self>) -> QueryParams {
        QueryParams::new(zelf.params_of())
    }

    /// Path and query as bytes, encoded: what a request line asks for.
    #[pygetset]
    fn raw_path(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        bytes(vm, &zelf.url().raw_path())
    }

    /// The fragment, decoded, without the number sign; empty where there is none.
    #[pygetset]
    fn fragment(zelf: &Py<Self>) -> String {
        zelf.url().fragment().into_owned()
    }

    /// Whether both scheme and host are given.
    #[pygetset]
    fn is_absolute_url(zelf: &Py<Self>) -> bool {
        zelf.url().is_absolute()
    }

    /// Whether the scheme or the host is missing.
    #[pygetset]
    fn is_relative_url(zelf: &Py<Self>) -> bool {
        !zelf.url().is_absolute()
    }

    /// The named tuple `(raw_scheme, raw_host, port, raw_path)`; deprecated in httpx.
    #[pygetset]
    fn raw(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let warnings = vm.import("warnings", 0)?;
        vm.call_method(&warnings, "warn", ("URL.raw is deprecated.",))?;
        let fields = ["raw_scheme", "raw_host", "port", "raw_path"].map(|name| vm.ctx.new_str(name).into());
        let fields = vm.ctx.new_list(fields.into());
        let collections = vm.import("collections", 0)?;
        let class = vm.call_method(&collections, "namedtuple", ("RawURL", fields))?;
        let url = zelf.url();
        let (scheme, host, path) =
            (bytes(vm, url.scheme()), bytes(vm, url.raw_host()), bytes(vm, &url.raw_path()));
        class.call((scheme, host, url.written_port(), path), vm)
    }

    /// `copy_with(**components)`
    ///
    /// A copy with some components replaced, by the names that `URL()` takes.
    ///
    /// Raises `InvalidURL` and `TypeError` as `URL()` does.
    #[pymethod]
    fn copy_with(zelf: &Py<Self>, components: KwArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let parts = parts_from(vm, components)?;
        let url = zelf.url().copy_with(parts).map_err(|error| exceptions::from_engine(vm, error, None))?;
        Ok(Self::new(url))
    }

    /// `copy_set_param(key, value=None)`
    ///
    /// A copy in whose query `key` has this one value.
    #[pymethod]
    fn copy_set_param(zelf: &Py<Self>, args: KeyValue, vm: &VirtualMachine) -> PyResult<Self> {
        let (key, value) = key_value(vm, args)?;
        Self::copy_with_params(zelf, &zelf.params_of().set(&key, &value), vm)
    }

    /// `copy_add_param(key, value=None)`
    ///
    /// A copy in whose query `key` has this value besides those it has.
    #[pymethod]
    fn copy_add_param(zelf: &Py<Self>, args: KeyValue, vm: &VirtualMachine) -> PyResult<Self> {
        let (key, value) = key_value(vm, args)?;
        Self::copy_with_params(zelf, &zelf.params_of().add(&key, &value), vm)
    }

    /// `copy_remove_param(key)`
    ///
    /// A copy without `key` in its query.
    #[pymethod]
    fn copy_remove_param(zelf: &Py<Self>, args: Key, vm: &VirtualMachine) -> PyResult<Self> {
        Self::copy_with_params(zelf, &zelf.params_of().remove(args.key.str_utf8(vm)?.as_str()), vm)
    }

    /// `copy_merge_params(params)`
    ///
    /// A copy in whose query the keys of `params` have the values they have there.
    #[pymethod]
    fn copy_merge_params(zelf: &Py<Self>, args: MergeArgs, vm: &VirtualMachine) -> PyResult<Self> {
        Self::copy_with_params(zelf, &zelf.params_of().merge(&query_params_from(vm, &args.params)?), vm)
    }

    /// `join(url)`
    ///
    /// The URL that a reference means on a page at this URL (RFC 3986 section 5).
    ///
    /// Raises `InvalidURL` and `TypeError` as `URL()` does.
    #[pymethod]
    fn join(zelf: &Py<Self>, args: JoinArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let reference = url_from(vm, &args.url)?;
        let joined = zelf.url().join(reference.as_str());
        joined.map(Self::new).map_err(|error| exceptions::from_engine(vm, error, None))
    }

    #[pymethod]
    fn __str__(zelf: &Py<Self>) -> String {
        zelf.url().as_str().to_owned()
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        mapping::reduce(vm, zelf.as_object(), vm.ctx.new_str(zelf.url().as_str()).into())
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let text: PyStrRef = mapping::restore(vm, zelf.as_object(), &state)?.try_into_value(vm)?;
        let _ = zelf.url.set(parse(vm, &text)?);
        Ok(())
    }
}

/// The class, ready to be exported.
pub(crate) fn class() -> PyTypeRef {
    use rustpython_vm::class::PyClassImpl as _;

    Url::make_static_type()
}
