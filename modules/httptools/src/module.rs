//! The module, its submodules, and everything they export.

use rustpython_vm::builtins::{PyModule, PyModuleDef, PyTypeRef};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::{Context, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::headers::Headers;
use crate::http_parser::HttpParser;
use crate::http_request_parser::HttpRequestParser;
use crate::http_response_parser::HttpResponseParser;
use crate::request::Request;
use crate::response::Response;
use crate::url::Url;
use crate::{exceptions, protocol};

/// The definition to register with an interpreter.
pub fn module_def(ctx: &Context) -> &'static PyModuleDef {
    httptools::module_def(ctx)
}

/// The name that is in the modules only once it was asked for.
const LAZY: &str = "HTTPProtocol";

/// What the modules that have them export, in upstream's order.
const PARSERS: [&str; 2] = ["HttpRequestParser", "HttpResponseParser"];
const ERRORS: [&str; 6] = [
    "HttpParserError",
    "HttpParserCallbackError",
    "HttpParserInvalidStatusError",
    "HttpParserInvalidMethodError",
    "HttpParserInvalidURLError",
    "HttpParserUpgrade",
];

/// HTTP/1 parsing with the API of PyPI's httptools 0.9, in native code.
///
/// `HttpRequestParser` and `HttpResponseParser` read what arrives on a connection and call the methods of a
/// protocol object. `parse_request` and `parse_response` read a message that is there as a whole;
/// `parse_url` splits a URL.
#[rustpython_vm::pymodule]
mod httptools {
    use rustpython_vm::builtins::{PyBytes, PyModule, PyUtf8StrRef};
    use rustpython_vm::function::ArgBytesLike;
    use rustpython_vm::{FromArgs, Py, PyObjectRef, PyResult, VirtualMachine};

    use crate::request::Request;
    use crate::response::Response;
    use crate::url::Url;

    /// The release of PyPI's httptools that this module follows.
    #[pyattr(name = "__version__")]
    const VERSION: &str = "0.9.0";

    /// Makes what is rarely asked for when it is asked for the first time.
    #[pyfunction]
    fn __getattr__(name: PyUtf8StrRef, vm: &VirtualMachine) -> PyResult {
        super::lazy(vm, name.as_str())
    }

    #[derive(FromArgs)]
    struct UrlArgs {
        #[pyarg(any)]
        url: PyObjectRef,
    }

    #[derive(FromArgs)]
    struct RequestArgs {
        #[pyarg(any)]
        data: PyObjectRef,
    }

    #[derive(FromArgs)]
    struct ResponseArgs {
        #[pyarg(any)]
        data: PyObjectRef,
        #[pyarg(any, optional)]
        method: Option<PyUtf8StrRef>,
    }

    /// `parse_url(url)`
    ///
    /// Splits a URL, or the target of a request, into its parts: `scheme` (or `schema`), `userinfo`, `host`,
    /// `port`, `path`, `query`, `fragment`. Bytes give bytes, text gives text. Nothing is decoded.
    ///
    /// Raises `HttpParserInvalidURLError` for what is not a URL, `TypeError` for other types, and for text
    /// that is not a URL of http, https, ws or wss, or a path.
    #[pyfunction]
    fn parse_url(args: UrlArgs, vm: &VirtualMachine) -> PyResult<Url> {
        crate::url::parse_url(vm, &args.url)
    }

    /// `parse_request(data)`
    ///
    /// Reads a request from the start of bytes-like data, and returns a `Request`. What comes after it is
    /// its `rest`.
    ///
    /// Raises `HttpParserError`, or a class derived from it, for a request that is malformed or incomplete,
    /// saying what is wrong at which byte; `TypeError` for what is not bytes-like.
    #[pyfunction]
    fn parse_request(args: RequestArgs, vm: &VirtualMachine) -> PyResult<Request> {
        with_bytes(vm, args.data, |data| crate::request::parse_request(vm, data))
    }

    /// `parse_response(data, method='GET')`
    ///
    /// Reads a response from the start of bytes-like data, and returns a `Response`. What comes after it is
    /// its `rest`. The method is that of the request: the response to a `HEAD` has no body.
    ///
    /// Raises `HttpParserError`, or a class derived from it, for a response that is malformed or incomplete,
    /// saying what is wrong at which byte; `TypeError` for what is not bytes-like; `ValueError` for a method
    /// that is not known.
    #[pyfunction]
    fn parse_response(args: ResponseArgs, vm: &VirtualMachine) -> PyResult<Response> {
        let method = args.method.as_ref().map_or("GET", |method| method.as_str());
        with_bytes(vm, args.data, |data| crate::response::parse_response(vm, data, method))
    }

    fn with_bytes<T>(
        vm: &VirtualMachine,
        data: PyObjectRef,
        read: impl FnOnce(&[u8]) -> PyResult<T>,
    ) -> PyResult<T> {
        if let Some(bytes) = data.downcast_ref_if_exact::<PyBytes>(vm) {
            return read(bytes.as_bytes());
        }
        let buffer: ArgBytesLike = data.try_into_value(vm)?;
        let data = buffer.borrow_buf();
        read(&data)
    }

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        super::fill(vm, module)
    }
}

/// Puts the classes into the module, and registers its submodules.
fn fill(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
    // A class is made after its base.
    drop(HttpParser::make_static_type());
    let parsers = [HttpRequestParser::make_static_type(), HttpResponseParser::make_static_type()];
    let mut classes: Vec<(&str, PyTypeRef)> = PARSERS.into_iter().zip(parsers).collect();
    classes.extend(exceptions::classes());
    for (name, class) in &classes {
        module.set_attr(*name, class.clone(), vm)?;
    }
    let additions = [
        ("Headers", Headers::make_static_type()),
        ("Request", Request::make_static_type()),
        ("Response", Response::make_static_type()),
        ("URL", Url::make_static_type()),
    ];
    for (name, class) in additions {
        module.set_attr(name, class, vm)?;
    }

    let package = submodule(vm, "httptools.parser", module, &[&PARSERS, &ERRORS, &["parse_url"]], &[LAZY])?;
    package.set_attr("__path__", vm.ctx.new_list(Vec::new()), vm)?;
    for (name, exports) in [
        ("httptools.parser.parser", PARSERS.as_slice()),
        ("httptools.parser.errors", &ERRORS),
        ("httptools.parser.url_parser", &["parse_url"]),
    ] {
        let inner = submodule(vm, name, module, &[exports], &[])?;
        package.set_attr(last(name), inner, vm)?;
    }
    package.get_attr("url_parser", vm)?.set_attr("URL", module.get_attr("URL", vm)?, vm)?;
    let protocol = submodule(vm, "httptools.parser.protocol", module, &[], &[LAZY])?;
    package.set_attr("protocol", protocol, vm)?;
    module.set_attr("parser", package, vm)?;
    module.set_attr("__path__", vm.ctx.new_list(Vec::new()), vm)?;

    let functions = ["parse_url", "parse_request", "parse_response", "__version__"];
    let types = ["Headers", "Request", "Response", "URL"];
    let all = [["parser", LAZY].as_slice(), &PARSERS, &ERRORS, &functions, &types].concat();
    module.set_attr("__all__", names(vm, &all), vm)
}

/// The part of a dotted name after its last dot.
fn last(name: &'static str) -> &'static str {
    name.rsplit('.').next().unwrap_or(name)
}

fn names(vm: &VirtualMachine, names: &[&str]) -> PyObjectRef {
    vm.ctx.new_tuple(names.iter().map(|name| vm.ctx.new_str(*name).into()).collect()).into()
}

/// Makes a submodule that has some names of the module, and others on demand.
fn submodule(
    vm: &VirtualMachine,
    name: &str,
    module: &Py<PyModule>,
    exports: &[&[&'static str]],
    on_demand: &[&'static str],
) -> PyResult<PyRef<PyModule>> {
    let made = vm.new_module(name, vm.ctx.new_dict(), None);
    let exports = exports.concat();
    for export in &exports {
        made.set_attr(*export, module.get_attr(*export, vm)?, vm)?;
    }
    if !on_demand.is_empty() {
        made.set_attr("__getattr__", module.get_attr("__getattr__", vm)?, vm)?;
    }
    made.set_attr("__all__", names(vm, &[&exports, on_demand].concat()), vm)?;
    vm.sys_module.get_attr("modules", vm)?.set_item(name, made.clone().into(), vm)?;
    Ok(made)
}

/// Makes a name that is not there yet, for every module that has it.
fn lazy(vm: &VirtualMachine, name: &str) -> PyResult {
    if name != LAZY {
        return Err(vm.new_attribute_error(format!("module 'httptools' has no attribute '{name}'")));
    }
    let class = protocol::class(vm)?;
    let modules = vm.sys_module.get_attr("modules", vm)?;
    for module in ["httptools", "httptools.parser", "httptools.parser.protocol"] {
        modules.get_item(module, vm)?.set_attr(LAZY, class.clone(), vm)?;
    }
    Ok(class)
}
