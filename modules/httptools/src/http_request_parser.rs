//! `httptools.HttpRequestParser`.

use rustpython_vm::builtins::PyBytesRef;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{Py, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http1::{Kind, Method};

use crate::http_parser::{HttpParser, ParserArgs};

/// `HttpRequestParser(protocol, *, max_head_size=262144, max_headers=1024, max_chunk_extensions=16384)`
///
/// Reads the requests that come over a connection, and calls the methods of the protocol object:
///
/// `on_message_begin()`, `on_url(url: bytes)`, `on_header(name: bytes, value: bytes)`,
/// `on_headers_complete()`, `on_body(body: bytes)`, `on_chunk_header()`, `on_chunk_complete()` and
/// `on_message_complete()`. A method that it does not have, or that is None, is left out; they are looked
/// up once, now. The limits are bytes of a head, headers, and bytes of a chunk's extensions.
#[pyclass(module = "httptools.parser.parser", name = "HttpRequestParser", base = HttpParser, traverse)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct HttpRequestParser {
    base: HttpParser,
}

impl DefaultConstructor for HttpRequestParser {}

impl Initializer for HttpRequestParser {
    type Args = ParserArgs;

    fn init(zelf: &Py<Self>, args: ParserArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.base.start(Kind::Request, &args, vm)
    }
}

#[pyclass(flags(BASETYPE), with(Constructor, Initializer))]
impl HttpRequestParser {
    /// The method of the request: `b'GET'`. Known from `on_url` on.
    #[pymethod]
    fn get_method(zelf: &Py<Self>, vm: &VirtualMachine) -> PyBytesRef {
        let method = Method::ALL.get(usize::from(zelf.base.state().method)).copied();
        vm.ctx.new_bytes(method.map_or("", Method::name).as_bytes().to_vec())
    }
}
