//! What `HttpRequestParser` and `HttpResponseParser` have in common.

use std::sync::Arc;

use rustpython_vm::builtins::PyBytes;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgBytesLike, ArgIntoBool};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http1::{Failure, Kind, Leniencies, Limits, Parser};

use crate::callbacks::{Callbacks, Delivery, Shared, State};
use crate::exceptions;
use crate::header_cache::HeaderCache;

/// Base class of the parsers.
#[pyclass(module = "httptools.parser.parser", name = "HttpParser", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct HttpParser {
    shared: Shared,
    inner: PyMutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    stage: Stage,
    callbacks: Arc<Callbacks>,
}

#[derive(Debug, Default)]
enum Stage {
    /// `__init__` has not run.
    #[default]
    New,
    Idle(Box<Reader>),
    /// A call of `feed_data` has the parser.
    Feeding,
    /// A method of this name failed.
    Failed(&'static str),
}

// SAFETY: the callbacks hold all references to objects; they are visited once, unless another thread
// holds the lock, when they are in use and to be kept.
#[expect(unsafe_code, reason = "the collector must see the references that the payload owns")]
unsafe impl Traverse for HttpParser {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(inner) = self.inner.try_lock() {
            inner.callbacks.traverse(visit);
        }
    }
}

/// What reads a connection.
#[derive(Debug)]
struct Reader {
    parser: Parser,
    header_cache: HeaderCache,
}

/// The arguments of the parsers.
#[derive(FromArgs)]
pub(crate) struct ParserArgs {
    #[pyarg(any)]
    protocol: PyObjectRef,
    #[pyarg(named, default = Limits::DEFAULT.head_size)]
    max_head_size: usize,
    #[pyarg(named, default = Limits::DEFAULT.fields)]
    max_headers: usize,
    #[pyarg(named, default = Limits::DEFAULT.chunk_extensions)]
    max_chunk_extensions: usize,
}

/// The rules that can be switched off; None leaves a rule as it is.
#[derive(FromArgs)]
#[expect(clippy::struct_field_names, reason = "upstream's arguments")]
pub(crate) struct LeniencyArgs {
    #[pyarg(any, default)]
    lenient_headers: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_chunked_length: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_keep_alive: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_transfer_encoding: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_version: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_data_after_close: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_optional_lf_after_cr: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_optional_cr_before_lf: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_optional_crlf_after_chunk: Option<ArgIntoBool>,
    #[pyarg(any, default)]
    lenient_spaces_after_chunk_size: Option<ArgIntoBool>,
}

impl HttpParser {
    /// Starts anew, for a protocol object.
    ///
    /// # Errors
    /// What the attributes of the protocol object raise, other than `AttributeError`.
    pub(crate) fn start(&self, kind: Kind, args: &ParserArgs, vm: &VirtualMachine) -> PyResult<()> {
        let limits = Limits {
            head_size: args.max_head_size,
            fields: args.max_headers,
            chunk_extensions: args.max_chunk_extensions,
        };
        let callbacks = Arc::new(Callbacks::of(vm, &args.protocol)?);
        let reader =
            Box::new(Reader { parser: Parser::new(kind, limits), header_cache: HeaderCache::default() });
        self.shared.publish(reader.parser.message());
        let inner = Inner { stage: Stage::Idle(reader), callbacks };
        let replaced = std::mem::replace(&mut *self.inner.lock(), inner);
        drop(replaced);
        Ok(())
    }

    /// What is known about the message being read.
    pub(crate) fn state(&self) -> State {
        self.shared.state()
    }

    /// Takes the parser for a call of `feed_data`.
    fn take(&self, vm: &VirtualMachine) -> PyResult<(Box<Reader>, Arc<Callbacks>)> {
        let mut inner = self.inner.lock();
        match std::mem::replace(&mut inner.stage, Stage::Feeding) {
            Stage::Idle(reader) => Ok((reader, inner.callbacks.clone())),
            Stage::Feeding => Err(vm.new_runtime_error("feed_data() is already running")),
            Stage::New => {
                inner.stage = Stage::New;
                Err(vm.new_runtime_error("__init__() of the parser has not been called"))
            }
            Stage::Failed(name) => {
                inner.stage = Stage::Failed(name);
                Err(exceptions::callback(vm, name))
            }
        }
    }

    /// Puts the parser back, unless `__init__` has put another there.
    fn put_back(&self, stage: Stage) {
        let mut inner = self.inner.lock();
        if matches!(inner.stage, Stage::Feeding) {
            inner.stage = stage;
        }
    }

    fn feed(&self, data: &[u8], source: Option<&Py<PyBytes>>, vm: &VirtualMachine) -> PyResult<()> {
        let (mut reader, callbacks) = self.take(vm)?;
        let Reader { parser, header_cache } = &mut *reader;
        *parser.leniencies_mut() = self.shared.leniencies();
        let source = source.map(ToOwned::to_owned);
        let mut delivery = Delivery { vm, callbacks: &callbacks, shared: &self.shared, header_cache, source };
        let outcome = parser.feed(data, &mut delivery);
        self.shared.publish(parser.message());
        let (stage, result) = match outcome {
            Ok(fed) if fed.upgraded => (Stage::Idle(reader), Err(exceptions::upgrade(vm, fed.consumed))),
            Ok(_) => (Stage::Idle(reader), Ok(())),
            Err(Failure::Protocol(error)) => (Stage::Idle(reader), Err(exceptions::of_stream(vm, error))),
            Err(Failure::Events(failed)) => {
                let exception = exceptions::callback(vm, failed.name);
                exception.set_context(Some(failed.exception));
                (Stage::Failed(failed.name), Err(exception))
            }
        };
        self.put_back(stage);
        result
    }
}

#[pyclass(flags(BASETYPE, DISALLOW_INSTANTIATION))]
impl HttpParser {
    /// Reads data, the next of the connection, and calls the methods of the protocol object for what is in
    /// it. Data can be cut anywhere; what is incomplete waits for more.
    ///
    /// Raises `HttpParserError` for what breaks the protocol, and then again on every call;
    /// `HttpParserCallbackError` when a method raises; `HttpParserUpgrade` when the connection leaves HTTP,
    /// with the place in the data where something else starts; `TypeError` for what is not bytes-like.
    #[pymethod]
    fn feed_data(zelf: &Py<Self>, data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if let Some(bytes) = data.downcast_ref_if_exact::<PyBytes>(vm) {
            return zelf.feed(bytes.as_bytes(), Some(bytes), vm);
        }
        let buffer: ArgBytesLike = data.try_to_value(vm)?;
        // The methods may do what they like to the buffer's owner.
        let unlocked = buffer.borrow_buf_unlocked(vm)?;
        zelf.feed(&unlocked, None, vm)
    }

    /// The version of the protocol: `'1.1'`. `'0.0'` before it was read.
    #[pymethod]
    fn get_http_version(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let state = zelf.state();
        match (state.major, state.minor) {
            (1, 1) => vm.ctx.intern_str("1.1").to_owned().into(),
            (major, minor) => vm.ctx.new_str(format!("{major}.{minor}")).into(),
        }
    }

    /// Whether another message can follow on the connection. Ask it from a method of the protocol object:
    /// what the headers said is forgotten when the message has ended.
    #[pymethod]
    fn should_keep_alive(zelf: &Py<Self>) -> bool {
        zelf.state().keep_alive
    }

    /// Whether the connection leaves HTTP after this message. Known from `on_headers_complete` on.
    #[pymethod]
    fn should_upgrade(zelf: &Py<Self>) -> bool {
        zelf.state().upgrade
    }

    /// Switches rules off (True) or on (False). Each that is off lets requests be smuggled past something
    /// that reads the same bytes strictly: do so only for known peers that cannot be fixed.
    ///
    /// `lenient_headers`: any byte in a value, folded lines. `lenient_chunked_length`: `Content-Length`
    /// beside `Transfer-Encoding`. `lenient_keep_alive`: a message after `Connection: close`.
    /// `lenient_transfer_encoding`: codings after `chunked`, or with HTTP/1.0. `lenient_version`: any
    /// version. `lenient_data_after_close`: ignore what follows the last message.
    /// `lenient_optional_lf_after_cr`, `lenient_optional_cr_before_lf`: lines that end in CR or LF alone.
    /// `lenient_optional_crlf_after_chunk`: no line end after a chunk's data.
    /// `lenient_spaces_after_chunk_size`: spaces after a chunk's size.
    #[pymethod]
    fn set_dangerous_leniencies(zelf: &Py<Self>, args: LeniencyArgs) {
        let rules = [
            (Leniencies::HEADERS, args.lenient_headers),
            (Leniencies::CHUNKED_LENGTH, args.lenient_chunked_length),
            (Leniencies::KEEP_ALIVE, args.lenient_keep_alive),
            (Leniencies::TRANSFER_ENCODING, args.lenient_transfer_encoding),
            (Leniencies::VERSION, args.lenient_version),
            (Leniencies::DATA_AFTER_CLOSE, args.lenient_data_after_close),
            (Leniencies::OPTIONAL_LF_AFTER_CR, args.lenient_optional_lf_after_cr),
            (Leniencies::OPTIONAL_CR_BEFORE_LF, args.lenient_optional_cr_before_lf),
            (Leniencies::OPTIONAL_CRLF_AFTER_CHUNK, args.lenient_optional_crlf_after_chunk),
            (Leniencies::SPACES_AFTER_CHUNK_SIZE, args.lenient_spaces_after_chunk_size),
        ];
        for (rule, on) in rules {
            if let Some(on) = on {
                zelf.shared.set_leniency(rule, on.into());
            }
        }
    }
}
