//! `httptools.parse_url` and what it gives.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyBytes, PyStr};
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::types::Representable;
use rustpython_vm::{Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http1::url::{Parts, Span, split};

use crate::exceptions;

/// The schemes of URLs that are taken as text.
const TEXT_SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

/// A URL in its parts, which `parse_url` gives: `bytes` for bytes, else `str`, and None for a
/// part that is missing. They are parts of the argument, not decoded.
#[pyclass(module = "httptools.parser.url_parser", name = "URL")]
#[derive(Debug, PyPayload)]
pub(crate) struct Url {
    /// The URL as a whole, from which parts are made when asked for.
    source: Source,
    parts: Parts,
}

#[derive(Debug)]
enum Source {
    Bytes(PyRef<PyBytes>),
    /// ASCII, as the parts are.
    Text(PyRef<PyStr>),
}

/// Splits a URL.
///
/// # Errors
/// `HttpParserInvalidURLError` for what is not one; `TypeError` for what is neither bytes-like nor text of
/// the web.
pub(crate) fn parse_url(vm: &VirtualMachine, url: &PyObject) -> PyResult<Url> {
    let invalid = |error: tauraro_engine::http1::url::Error| invalid(vm, url, error);
    if let Some(text) = url.downcast_ref::<PyStr>() {
        check_scheme(vm, text)?;
        let parts = split(text.as_bytes()).map_err(invalid)?;
        return Ok(Url { source: Source::Text(text.to_owned()), parts });
    }
    let bytes = if let Some(bytes) = url.downcast_ref_if_exact::<PyBytes>(vm) {
        bytes.to_owned()
    } else {
        let buffer: ArgBytesLike = url.try_to_value(vm)?;
        let copy = buffer.borrow_buf().to_vec();
        vm.ctx.new_bytes(copy)
    };
    let parts = split(bytes.as_bytes()).map_err(invalid)?;
    Ok(Url { source: Source::Bytes(bytes), parts })
}

fn invalid(
    vm: &VirtualMachine,
    url: &PyObject,
    error: tauraro_engine::http1::url::Error,
) -> PyBaseExceptionRef {
    use tauraro_engine::http1::url::Error;

    match error {
        Error::TooLong(_) => exceptions::invalid_url(vm, error.to_string()),
        Error::Invalid => match url.repr_utf8(vm) {
            Ok(repr) => exceptions::invalid_url(vm, format!("{error} {}", masked(repr.as_str()))),
            Err(error) => error,
        },
    }
}

/// A URL for display, without its user name and password.
fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..authority).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}://[secure]{}", rest.get(at..).unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// Text is an addition, for URLs of the web. Upstream takes none, and some rely on it to tell text from
/// bytes.
fn check_scheme(vm: &VirtualMachine, url: &Py<PyStr>) -> PyResult<()> {
    let text = url.to_string_lossy();
    let Some((scheme, _)) = text.split_once("://") else { return Ok(()) };
    let known = TEXT_SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    if known || !scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(());
    }
    let message = format!("a bytes-like object is required for a URL of scheme '{scheme}', not 'str'");
    Err(vm.new_type_error(message))
}

impl Url {
    fn part(&self, span: Option<Span>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let span = span?;
        Some(match &self.source {
            Source::Bytes(bytes) => vm.ctx.new_bytes(span.of(bytes.as_bytes()).to_vec()).into(),
            Source::Text(text) => {
                let part = span.of(text.as_bytes()).to_vec();
                vm.ctx.new_str(String::from_utf8(part).unwrap_or_default()).into()
            }
        })
    }
}

impl Representable for Url {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let parts = &zelf.parts;
        let repr = |span| -> PyResult<String> {
            let part = vm.unwrap_or_none(zelf.part(span, vm));
            Ok(part.repr_utf8(vm)?.as_str().to_owned())
        };
        let port = parts.port.map_or_else(|| "None".to_owned(), |port| port.to_string());
        Ok(format!(
            "<URL schema: {}, host: {}, port: {port}, path: {}, query: {}, fragment: {}, userinfo: {}>",
            repr(parts.scheme)?,
            repr(parts.host)?,
            repr(parts.path)?,
            repr(parts.query)?,
            repr(parts.fragment)?,
            // A password does not belong into a log.
            if parts.userinfo.is_some() { "'[secure]'".to_owned() } else { "None".to_owned() },
        ))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Representable))]
impl Url {
    /// The scheme: what is before `://`. The name that upstream has for it.
    #[pygetset]
    fn schema(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.part(zelf.parts.scheme, vm)
    }

    /// The scheme: what is before `://`.
    #[pygetset]
    fn scheme(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.part(zelf.parts.scheme, vm)
    }

    /// The host; of an IPv6 address what is between the brackets.
    #[pygetset]
    fn host(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.part(zelf.parts.host, vm)
    }

    /// The port as an int.
    #[pygetset]
    fn port(zelf: &Py<Self>) -> Option<u16> {
        zelf.parts.port
    }

    /// The path.
    #[pygetset]
    fn path(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.part(zelf.parts.path, vm)
    }

    /// What is after the `?`.
    #[pygetset]
    fn query(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.part(zelf.parts.query, vm)
    }

    /// What is after the `#`.
    #[pygetset]
    fn fragment(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.part(zelf.parts.fragment, vm)
    }

    /// What is before the `@`: a user name, or a user name and a password.
    #[pygetset]
    fn userinfo(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.part(zelf.parts.userinfo, vm)
    }
}
