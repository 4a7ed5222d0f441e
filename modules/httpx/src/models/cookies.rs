//! `httpx.Cookies`.

use rustpython_vm::builtins::{PyDict, PyList, PyStr, PyTuple, PyType, PyTypeRef, PyUtf8StrRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{FuncArgs, OptionalArg, PyComparisonValue, PySetterValue};
use rustpython_vm::protocol::{PyMappingMethods, PyNumberMethods, PySequenceMethods};
use rustpython_vm::types::{
    AsMapping, AsNumber, AsSequence, Comparable, Constructor, Initializer, Iterable, PyComparisonOp,
    Representable,
};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, atomic_func,
    pyclass,
};
use tauraro_engine::http::cookies::{Cookie, CookieJar};

use super::cookiejar::{read_cookie, write_cookie};
use super::headers::headers_from;
use super::mapping;
use super::mapping::{KeyDefault, PopArgs};
use super::url::url_from;
use crate::exceptions;

/// `Cookies(cookies=None)`
///
/// A jar of cookies that is also a mapping from names to values (RFC 6265, with public suffixes).
/// A cookie set by hand without a domain is sent everywhere.
///
/// Arguments: a mapping or pairs of names and values, other `Cookies`, or an
/// `http.cookiejar.CookieJar`, whose cookies are copied.
///
/// Looking up a name that several domains or paths have raises `CookieConflict`; `get` takes a domain
/// and a path to tell them apart.
#[pyclass(name = "Cookies", module = "httpx", unhashable = true)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Cookies {
    jar: PyMutex<CookieJar>,
}

/// The cookies of whatever `httpx.Cookies` takes.
pub(crate) fn cookies_from(vm: &VirtualMachine, value: &PyObject) -> PyResult<CookieJar> {
    if let Some(cookies) = value.downcast_ref::<Cookies>() {
        return Ok(cookies.with(|jar| jar.clone()));
    }
    let mut jar = CookieJar::default();
    if vm.is_none(value) {
        return Ok(jar);
    }
    let is_sequence = value.downcast_ref::<PyList>().is_some() || value.downcast_ref::<PyTuple>().is_some();
    if is_sequence || mapping::is_mapping(vm, value)? {
        let items = if is_sequence { mapping::pairs(vm, value)? } else { mapping::items(vm, value)? };
        for (name, value) in items {
            jar.set(by_hand(text(vm, &name)?, text(vm, &value)?, String::new(), "/".to_owned()));
        }
    } else {
        for cookie in vm.extract_elements_with(value, |cookie| read_cookie(vm, &cookie))? {
            jar.set(cookie);
        }
    }
    Ok(jar)
}

fn by_hand(name: String, value: String, domain: String, path: String) -> Cookie {
    let domain_specified = !domain.is_empty();
    Cookie { name, value, domain, domain_specified, path, secure: false, http_only: false, expires: None }
}

/// A name or value; numbers are written out, None is nothing.
pub(super) fn text(vm: &VirtualMachine, value: &PyObject) -> PyResult<String> {
    if vm.is_none(value) { Ok(String::new()) } else { Ok(value.str_utf8(vm)?.as_str().to_owned()) }
}

impl Cookies {
    /// Python's cookies of the engine's.
    pub(crate) fn new(jar: CookieJar) -> Self {
        Self { jar: PyMutex::new(jar) }
    }

    /// Reads or changes the jar, which must not call into Python.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut CookieJar) -> R) -> R {
        f(&mut self.jar.lock())
    }

    fn find(
        &self,
        vm: &VirtualMachine,
        name: &str,
        domain: Option<&str>,
        path: Option<&str>,
    ) -> PyResult<Option<String>> {
        let found = self.with(|jar| jar.get(name, domain, path).map(|value| value.map(ToOwned::to_owned)));
        found.map_err(|error| exceptions::from_engine(vm, error, None))
    }

    /// The value of a key; keys that are not strings are not there.
    fn lookup(&self, key: &PyObject, vm: &VirtualMachine) -> PyResult<Option<String>> {
        match key.downcast_ref::<PyStr>() {
            Some(name) => self.find(vm, name.try_as_utf8(vm)?.as_str(), None, None),
            None => Ok(None),
        }
    }

    fn names(&self) -> Vec<String> {
        self.with(|jar| jar.iter().map(|cookie| cookie.name.clone()).collect())
    }

    /// One of the views of `collections.abc`.
    fn view(zelf: &Py<Self>, name: &'static str, vm: &VirtualMachine) -> PyResult {
        vm.import("_collections_abc", 0)?.get_attr(name, vm)?.call((zelf.to_owned(),), vm)
    }

    fn to_dict(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<PyDict>> {
        let dict = vm.ctx.new_dict();
        for name in zelf.names() {
            if let Some(value) = zelf.find(vm, &name, None, None)? {
                dict.set_item(name.as_str(), vm.ctx.new_str(value).into(), vm)?;
            }
        }
        Ok(dict)
    }
}

impl Constructor for Cookies {
    type Args = FuncArgs;

    fn py_new(_cls: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

#[derive(FromArgs)]
pub(crate) struct CookiesArgs {
    #[pyarg(any, optional)]
    cookies: Option<PyObjectRef>,
}

impl Initializer for Cookies {
    type Args = CookiesArgs;

    fn init(zelf: &Py<Self>, args: CookiesArgs, vm: &VirtualMachine) -> PyResult<()> {
        let cookies = vm.unwrap_or_none(args.cookies);
        *zelf.jar.lock() = cookies_from(vm, &cookies)?;
        Ok(())
    }
}

impl Comparable for Cookies {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| {
            if !mapping::is_mapping(vm, other)? {
                return Ok(PyComparisonValue::NotImplemented);
            }
            let theirs = vm.ctx.new_dict();
            for (key, value) in mapping::items(vm, other)? {
                theirs.set_item(&*key, value, vm)?;
            }
            let ours = Self::to_dict(zelf, vm)?;
            Ok(vm.bool_eq(ours.as_object(), theirs.as_object())?.into())
        })
    }
}

impl Representable for Cookies {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        let cookies = zelf.with(|jar| {
            let show = |cookie: &Cookie| {
                format!("<Cookie {}={} for {} />", cookie.name, cookie.value, cookie.domain)
            };
            jar.iter().map(show).collect::<Vec<_>>().join(", ")
        });
        Ok(format!("<Cookies[{cookies}]>"))
    }
}

impl AsMapping for Cookies {
    fn as_mapping() -> &'static PyMappingMethods {
        static METHODS: PyMappingMethods = PyMappingMethods {
            length: atomic_func!(|mapping, _vm| Ok(Cookies::mapping_downcast(mapping).names().len())),
            subscript: atomic_func!(|mapping, key, vm| {
                match Cookies::mapping_downcast(mapping).lookup(key, vm)? {
                    Some(value) => Ok(vm.ctx.new_str(value).into()),
                    None => Err(vm.new_key_error(key.to_owned())),
                }
            }),
            ass_subscript: atomic_func!(|mapping, key, value, vm| {
                let cookies = Cookies::mapping_downcast(mapping);
                let name = text(vm, key)?;
                match value {
                    Some(value) => {
                        let value = text(vm, &value)?;
                        cookies.with(|jar| jar.set(by_hand(name, value, String::new(), "/".to_owned())));
                    }
                    None => {
                        cookies.with(|jar| jar.remove(&name, None, None));
                    }
                }
                Ok(())
            }),
        };
        &METHODS
    }
}

impl AsSequence for Cookies {
    fn as_sequence() -> &'static PySequenceMethods {
        static METHODS: PySequenceMethods = PySequenceMethods {
            contains: atomic_func!(|sequence, key, vm| {
                Ok(Cookies::sequence_downcast(sequence).lookup(key, vm)?.is_some())
            }),
            ..PySequenceMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl AsNumber for Cookies {
    fn as_number() -> &'static PyNumberMethods {
        static METHODS: PyNumberMethods = PyNumberMethods {
            boolean: Some(|number, _vm| {
                Ok(Cookies::number_downcast(number).with(|jar| jar.iter().next().is_some()))
            }),
            ..PyNumberMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}

impl Iterable for Cookies {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        let names = zelf.names().into_iter().map(|name| vm.ctx.new_str(name).into());
        Ok(vm.ctx.new_list(names.collect()).as_object().get_iter(vm)?.into())
    }
}

#[derive(FromArgs)]
struct ExtractArgs {
    #[pyarg(any)]
    response: PyObjectRef,
}

#[derive(FromArgs)]
struct SendArgs {
    #[pyarg(any)]
    request: PyObjectRef,
}

#[derive(FromArgs)]
struct SetArgs {
    #[pyarg(any)]
    name: PyUtf8StrRef,
    #[pyarg(any)]
    value: PyObjectRef,
    #[pyarg(any, optional, py_default = "''")]
    domain: OptionalArg<PyUtf8StrRef>,
    #[pyarg(any, optional, py_default = "'/'")]
    path: OptionalArg<PyUtf8StrRef>,
}

#[derive(FromArgs)]
struct GetArgs {
    #[pyarg(any)]
    name: PyUtf8StrRef,
    #[pyarg(any, optional)]
    default: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    domain: Option<PyUtf8StrRef>,
    #[pyarg(any, optional)]
    path: Option<PyUtf8StrRef>,
}

#[derive(FromArgs)]
struct DeleteArgs {
    #[pyarg(any)]
    name: PyUtf8StrRef,
    #[pyarg(any, optional)]
    domain: Option<PyUtf8StrRef>,
    #[pyarg(any, optional)]
    path: Option<PyUtf8StrRef>,
}

#[derive(FromArgs)]
struct ClearArgs {
    #[pyarg(any, optional)]
    domain: Option<PyUtf8StrRef>,
    #[pyarg(any, optional)]
    path: Option<PyUtf8StrRef>,
}

fn as_str(text: Option<&PyUtf8StrRef>) -> Option<&str> {
    text.map(|text| text.as_str())
}

#[pyclass(
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF, MAPPING),
    with(Constructor, Initializer, Comparable, Representable, AsMapping, AsSequence, AsNumber, Iterable)
)]
impl Cookies {
    /// The cookies as an `http.cookiejar.CookieJar`.
    ///
    /// A copy made on each access: changing it changes nothing here, unlike in httpx, whose cookies
    /// live in such a jar. Assigning a jar replaces the cookies by its own.
    #[pygetset]
    fn jar(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let module = vm.import("http.cookiejar", 0)?.get_attr("cookiejar", vm)?;
        let (jar, class) = (module.get_attr("CookieJar", vm)?.call((), vm)?, module.get_attr("Cookie", vm)?);
        let cookies: Vec<Cookie> = zelf.with(|jar| jar.iter().cloned().collect());
        for cookie in &cookies {
            vm.call_method(&jar, "set_cookie", (write_cookie(vm, &class, cookie)?,))?;
        }
        Ok(jar)
    }

    #[pygetset(setter)]
    fn set_jar(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let PySetterValue::Assign(value) = value else {
            return Err(vm.new_attribute_error("can't delete attribute 'jar'"));
        };
        *zelf.jar.lock() = cookies_from(vm, &value)?;
        Ok(())
    }

    /// `extract_cookies(response)`
    ///
    /// Takes the cookies that a response sets; those it may not set are refused.
    #[pymethod]
    fn extract_cookies(zelf: &Py<Self>, args: ExtractArgs, vm: &VirtualMachine) -> PyResult<()> {
        let response = args.response;
        let url = response.get_attr("request", vm)?.get_attr("url", vm)?;
        let (url, headers) = (url_from(vm, &url)?, response.get_attr("headers", vm)?);
        let headers = headers_from(vm, &headers)?;
        zelf.with(|jar| jar.extract(&url, &headers));
        Ok(())
    }

    /// `set_cookie_header(request)`
    ///
    /// Gives a request the `Cookie` header for its URL, unless it has one.
    #[pymethod]
    fn set_cookie_header(zelf: &Py<Self>, args: SendArgs, vm: &VirtualMachine) -> PyResult<()> {
        let request = args.request;
        let (url, headers) = (request.get_attr("url", vm)?, request.get_attr("headers", vm)?);
        let url = url_from(vm, &url)?;
        if headers_from(vm, &headers)?.contains("cookie") {
            return Ok(());
        }
        match zelf.with(|jar| jar.header_for(&url)) {
            Some(header) => headers.set_item("Cookie", vm.ctx.new_str(header).into(), vm),
            None => Ok(()),
        }
    }

    /// `set(name, value, domain="", path="/")`
    ///
    /// Sets a cookie, for a domain and those below it, or for everywhere.
    #[pymethod]
    fn set(zelf: &Py<Self>, args: SetArgs, vm: &VirtualMachine) -> PyResult<()> {
        let value = text(vm, &args.value)?;
        let domain = args.domain.map_or_else(String::new, |domain| domain.as_str().to_owned());
        let path = args.path.map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned());
        let cookie = by_hand(args.name.as_str().to_owned(), value, domain, path);
        zelf.with(|jar| jar.set(cookie));
        Ok(())
    }

    /// `get(name, default=None, domain=None, path=None)`
    ///
    /// The value of a cookie, or `default`.
    ///
    /// Raises `CookieConflict` when several match.
    #[pymethod]
    fn get(zelf: &Py<Self>, args: GetArgs, vm: &VirtualMachine) -> PyResult {
        let (domain, path) = (as_str(args.domain.as_ref()), as_str(args.path.as_ref()));
        Ok(match zelf.find(vm, args.name.as_str(), domain, path)? {
            Some(value) => vm.ctx.new_str(value).into(),
            None => vm.unwrap_or_none(args.default),
        })
    }

    /// `delete(name, domain=None, path=None)`
    ///
    /// Removes the cookies of a name; domain and path narrow that.
    ///
    /// Raises `KeyError` when both are given and there is no such cookie.
    #[pymethod]
    fn delete(zelf: &Py<Self>, args: DeleteArgs, vm: &VirtualMachine) -> PyResult<()> {
        let (domain, path) = (as_str(args.domain.as_ref()), as_str(args.path.as_ref()));
        let removed = zelf.with(|jar| jar.remove(args.name.as_str(), domain, path));
        if removed == 0 && domain.is_some() && path.is_some() {
            return Err(vm.new_key_error(args.name.into_wtf8().into()));
        }
        Ok(())
    }

    /// `clear(domain=None, path=None)`
    ///
    /// Removes every cookie, or those of a domain, or those of a path of a domain.
    ///
    /// Raises `KeyError` when there is no cookie of the domain and path, `AssertionError` for a path
    /// without a domain.
    #[pymethod]
    fn clear(zelf: &Py<Self>, args: ClearArgs, vm: &VirtualMachine) -> PyResult<()> {
        let (domain, path) = (as_str(args.domain.as_ref()), as_str(args.path.as_ref()));
        if path.is_some() && domain.is_none() {
            return Err(vm.new_assertion_error("clearing a path needs its domain"));
        }
        let removed = zelf.with(|jar| jar.clear(domain, path));
        match args.path.or(args.domain) {
            Some(missing) if removed == 0 => Err(vm.new_key_error(missing.into_wtf8().into())),
            _ => Ok(()),
        }
    }

    /// `update(cookies=None)`
    ///
    /// Adds the cookies of whatever `Cookies()` takes, in place of those of the same name, domain and
    /// path.
    #[pymethod]
    fn update(zelf: &Py<Self>, args: CookiesArgs, vm: &VirtualMachine) -> PyResult<()> {
        let cookies = cookies_from(vm, &vm.unwrap_or_none(args.cookies))?;
        zelf.with(|jar| {
            for cookie in cookies.iter() {
                jar.set(cookie.clone());
            }
        });
        Ok(())
    }

    /// The names.
    #[pymethod]
    fn keys(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Self::view(zelf, "KeysView", vm)
    }

    /// The values.
    #[pymethod]
    fn values(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Self::view(zelf, "ValuesView", vm)
    }

    /// Names and values.
    #[pymethod]
    fn items(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Self::view(zelf, "ItemsView", vm)
    }

    /// `setdefault(key, default=None)`
    ///
    /// The value of a cookie, which is set to `default` first where it is not there.
    #[pymethod]
    fn setdefault(zelf: &Py<Self>, args: KeyDefault, vm: &VirtualMachine) -> PyResult {
        let name = text(vm, &args.key)?;
        if let Some(value) = zelf.find(vm, &name, None, None)? {
            return Ok(vm.ctx.new_str(value).into());
        }
        let default = vm.unwrap_or_none(args.default);
        let cookie = by_hand(name, text(vm, &default)?, String::new(), "/".to_owned());
        zelf.with(|jar| jar.set(cookie));
        Ok(default)
    }

    /// `pop(key[, default])`
    ///
    /// Removes the cookies of a name and answers the value, or `default` where there is none.
    ///
    /// Raises `KeyError` where neither is, `CookieConflict` when several match.
    #[pymethod]
    fn pop(zelf: &Py<Self>, args: PopArgs, vm: &VirtualMachine) -> PyResult {
        let name = text(vm, &args.key)?;
        match (zelf.find(vm, &name, None, None)?, args.default) {
            (Some(value), _) => {
                zelf.with(|jar| jar.remove(&name, None, None));
                Ok(vm.ctx.new_str(value).into())
            }
            (None, OptionalArg::Present(default)) => Ok(default),
            (None, OptionalArg::Missing) => Err(vm.new_key_error(args.key)),
        }
    }

    /// Removes the first cookie's name and answers it with its value.
    ///
    /// Raises `KeyError` where there is no cookie.
    #[pymethod]
    fn popitem(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let Some(name) = zelf.names().into_iter().next() else {
            return Err(vm.new_key_error(vm.ctx.new_str("popitem(): there are no cookies").into()));
        };
        let value = zelf.find(vm, &name, None, None)?.unwrap_or_default();
        zelf.with(|jar| jar.remove(&name, None, None));
        Ok(vm.ctx.new_tuple(vec![vm.ctx.new_str(name).into(), vm.ctx.new_str(value).into()]).into())
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let jar = Self::jar(zelf, vm)?;
        let cookies = vm.extract_elements_with(&jar, Ok)?;
        mapping::reduce(vm, zelf.as_object(), vm.ctx.new_list(cookies).into())
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let cookies = mapping::restore(vm, zelf.as_object(), &state)?;
        let mut jar = CookieJar::default();
        for cookie in vm.extract_elements_with(&cookies, |cookie| read_cookie(vm, &cookie))? {
            jar.set(cookie);
        }
        *zelf.jar.lock() = jar;
        Ok(())
    }
}

/// The class, ready to be exported.
pub(crate) fn class(vm: &VirtualMachine) -> PyResult<PyTypeRef> {
    use rustpython_vm::class::PyClassImpl as _;

    let class = Cookies::make_static_type();
    mapping::register(vm, "MutableMapping", &class)?;
    Ok(class)
}
