//! `httptools.HttpResponseParser`.

use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{Py, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http1::Kind;

use crate::http_parser::{HttpParser, ParserArgs};

/// `HttpResponseParser(protocol, *, max_head_size=262144, max_headers=1024, max_chunk_extensions=16384)`
///
/// Reads the responses that come over a connection, and calls the methods of the protocol object:
///
/// `on_message_begin()`, `on_status(reason: bytes)`, `on_header(name: bytes, value: bytes)`,
/// `on_headers_complete()`, `on_body(body: bytes)`, `on_chunk_header()`, `on_chunk_complete()` and
/// `on_message_complete()`. A method that it does not have, or that is None, is left out; they are looked
/// up once, now. The limits are bytes of a head, headers, and bytes of a chunk's extensions.
#[pyclass(module = "httptools.parser.parser", name = "HttpResponseParser", base = HttpParser, traverse)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct HttpResponseParser {
    base: HttpParser,
}

impl DefaultConstructor for HttpResponseParser {}

impl Initializer for HttpResponseParser {
    type Args = ParserArgs;

    fn init(zelf: &Py<Self>, args: ParserArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.base.start(Kind::Response, &args, vm)
    }
}

#[pyclass(flags(BASETYPE), with(Constructor, Initializer))]
impl HttpResponseParser {
    /// The status of the response: `200`. Known from `on_status` on; 0 before.
    #[pymethod]
    fn get_status_code(zelf: &Py<Self>) -> u16 {
        zelf.base.state().status
    }
}
