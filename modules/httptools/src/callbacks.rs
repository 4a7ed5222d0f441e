//! The methods of a protocol object, called with the engine's events.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyBoundMethod, PyBytes, PyCode, PyFunction};
use rustpython_vm::bytecode::CodeFlags;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyRef, PyResult, Traverse, VirtualMachine};
use tauraro_engine::http1::{Body, Events, Leniencies, Message};

use crate::header_cache::HeaderCache;

/// What Python can ask about the message being read, at any time and from any thread.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: AtomicU64,
    leniencies: AtomicU16,
}

/// A copy of what [`Shared`] holds.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// The place of the method in `Method::ALL`.
    pub(crate) method: u8,
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
    pub(crate) status: u16,
}

impl Shared {
    /// Shows the message.
    pub(crate) fn publish(&self, message: &Message) {
        let version = message.version();
        let flags = u8::from(message.keep_alive()) | u8::from(message.upgrade()) << 1;
        let [low, high] = message.status().to_le_bytes();
        let state = [message.method() as u8, version.major, version.minor, flags, low, high, 0, 0];
        self.state.store(u64::from_le_bytes(state), Ordering::Release);
    }

    pub(crate) fn state(&self) -> State {
        let [method, major, minor, flags, low, high, ..] = self.state.load(Ordering::Acquire).to_le_bytes();
        let (keep_alive, upgrade) = (flags & 1 != 0, flags & 2 != 0);
        State { method, major, minor, keep_alive, upgrade, status: u16::from_le_bytes([low, high]) }
    }

    pub(crate) fn leniencies(&self) -> Leniencies {
        Leniencies::from_bits(self.leniencies.load(Ordering::Acquire))
    }

    /// Switches a rule off or on.
    pub(crate) fn set_leniency(&self, leniency: Leniencies, on: bool) {
        let bits = leniency.bits();
        if on {
            self.leniencies.fetch_or(bits, Ordering::AcqRel);
        } else {
            self.leniencies.fetch_and(!bits, Ordering::AcqRel);
        }
    }
}

/// A method of the protocol object; a bound one in its two parts, which saves a call.
#[derive(Debug, Traverse)]
struct Callback {
    function: PyObjectRef,
    receiver: Option<PyObjectRef>,
    /// Whether the function is one of Python's that takes just what it is called with, so that
    /// nothing is left to be matched.
    #[pytraverse(skip)]
    exact: bool,
}

impl Callback {
    /// The method of this name, if there is one that is not None; it will be called with `count`
    /// arguments.
    fn of(
        vm: &VirtualMachine,
        protocol: &PyObject,
        name: &'static str,
        count: usize,
    ) -> PyResult<Option<Self>> {
        let Some(method) = vm.get_attribute_opt(protocol, name)? else { return Ok(None) };
        if vm.is_none(&method) {
            return Ok(None);
        }
        let (function, receiver) = if method.downcast_ref_if_exact::<PyBoundMethod>(vm).is_some() {
            (method.get_attr("__func__", vm)?, Some(method.get_attr("__self__", vm)?))
        } else {
            (method, None)
        };
        let count = count + usize::from(receiver.is_some());
        let exact = takes_exactly(vm, &function, count)?;
        Ok(Some(Self { function, receiver, exact }))
    }

    fn call<const N: usize>(&self, arguments: [PyObjectRef; N], vm: &VirtualMachine) -> PyResult<()> {
        let mut all = Vec::with_capacity(N + 1);
        if let Some(receiver) = &self.receiver {
            all.push(receiver.clone());
        }
        all.extend(arguments);
        if self.exact
            && let Some(function) = self.function.downcast_ref_if_exact::<PyFunction>(vm)
        {
            return function.invoke_exact_args(all, vm).map(drop);
        }
        let count = all.len();
        self.function.vectorcall(all, count, None, vm).map(drop)
    }
}

/// Whether `function` is a plain function of Python with `count` positional parameters and no others.
fn takes_exactly(vm: &VirtualMachine, function: &PyObject, count: usize) -> PyResult<bool> {
    if function.downcast_ref_if_exact::<PyFunction>(vm).is_none() {
        return Ok(false);
    }
    let code: PyRef<PyCode> = function.get_attr("__code__", vm)?.try_into_value(vm)?;
    let code = &code.code;
    let others = CodeFlags::VARARGS | CodeFlags::VARKEYWORDS;
    Ok(code.flags.contains(CodeFlags::OPTIMIZED)
        && !code.flags.intersects(others)
        && code.kwonlyarg_count == 0
        && usize::try_from(code.arg_count) == Ok(count))
}

/// The methods that a protocol object has, looked up once.
#[derive(Debug, Default, Traverse)]
pub(crate) struct Callbacks {
    message_begin: Option<Callback>,
    url: Option<Callback>,
    status: Option<Callback>,
    header: Option<Callback>,
    headers_complete: Option<Callback>,
    body: Option<Callback>,
    message_complete: Option<Callback>,
    chunk_header: Option<Callback>,
    chunk_complete: Option<Callback>,
}

impl Callbacks {
    /// The methods of the protocol object.
    ///
    /// # Errors
    /// What its attributes raise, other than `AttributeError`.
    pub(crate) fn of(vm: &VirtualMachine, protocol: &PyObject) -> PyResult<Self> {
        let callback = |name, count| Callback::of(vm, protocol, name, count);
        Ok(Self {
            message_begin: callback("on_message_begin", 0)?,
            url: callback("on_url", 1)?,
            status: callback("on_status", 1)?,
            header: callback("on_header", 2)?,
            headers_complete: callback("on_headers_complete", 0)?,
            body: callback("on_body", 1)?,
            message_complete: callback("on_message_complete", 0)?,
            chunk_header: callback("on_chunk_header", 0)?,
            chunk_complete: callback("on_chunk_complete", 0)?,
        })
    }
}

/// A method of the protocol object failed.
pub(crate) struct Failed {
    pub(crate) name: &'static str,
    pub(crate) exception: PyBaseExceptionRef,
}

/// Hands events to the protocol object, for the time of one `feed_data`.
pub(crate) struct Delivery<'a> {
    pub(crate) vm: &'a VirtualMachine,
    pub(crate) callbacks: &'a Callbacks,
    pub(crate) shared: &'a Shared,
    pub(crate) header_cache: &'a mut HeaderCache,
    /// The data being fed, if it is a `bytes` that can be handed on as it is.
    pub(crate) source: Option<PyRef<PyBytes>>,
}

impl Delivery<'_> {
    fn bytes(&self, data: &[u8]) -> PyObjectRef {
        self.vm.ctx.new_bytes(data.to_vec()).into()
    }

    /// Calls a method, if the protocol object has it.
    fn call<const N: usize>(
        &self,
        message: &mut Message,
        name: &'static str,
        callback: Option<&Callback>,
        arguments: impl FnOnce() -> [PyObjectRef; N],
    ) -> Result<(), Failed> {
        let Some(callback) = callback else { return Ok(()) };
        self.shared.publish(message);
        callback.call(arguments(), self.vm).map_err(|exception| Failed { name, exception })?;
        message.leniencies = self.shared.leniencies();
        Ok(())
    }
}

impl Events for Delivery<'_> {
    type Error = Failed;

    fn message_begin(&mut self, message: &mut Message) -> Result<(), Failed> {
        self.call(message, "on_message_begin", self.callbacks.message_begin.as_ref(), || [])
    }

    fn target(&mut self, message: &mut Message, target: &[u8]) -> Result<(), Failed> {
        self.call(message, "on_url", self.callbacks.url.as_ref(), || [self.bytes(target)])
    }

    fn reason(&mut self, message: &mut Message, reason: &[u8]) -> Result<(), Failed> {
        self.call(message, "on_status", self.callbacks.status.as_ref(), || [self.bytes(reason)])
    }

    fn field(&mut self, message: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Failed> {
        let callbacks = self.callbacks;
        if callbacks.header.is_none() {
            return Ok(());
        }
        let (name, value) = self.header_cache.objects(self.vm, name, value);
        self.call(message, "on_header", callbacks.header.as_ref(), || [name.into(), value.into()])
    }

    fn head_complete(&mut self, message: &mut Message) -> Result<Body, Failed> {
        self.call(message, "on_headers_complete", self.callbacks.headers_complete.as_ref(), || [])?;
        // What follows an upgrade is for the receiver to read, a body included: upstream's way.
        Ok(if message.upgrade() { Body::Absent } else { Body::AsFramed })
    }

    fn chunk_begin(&mut self, message: &mut Message, _: u64) -> Result<(), Failed> {
        self.call(message, "on_chunk_header", self.callbacks.chunk_header.as_ref(), || [])
    }

    fn body(&mut self, message: &mut Message, piece: &[u8]) -> Result<(), Failed> {
        let source = self.source.as_ref().filter(|source| std::ptr::eq(source.as_bytes(), piece));
        let arguments = || [source.map_or_else(|| self.bytes(piece), |source| source.as_object().to_owned())];
        self.call(message, "on_body", self.callbacks.body.as_ref(), arguments)
    }

    fn chunk_complete(&mut self, message: &mut Message) -> Result<(), Failed> {
        self.call(message, "on_chunk_complete", self.callbacks.chunk_complete.as_ref(), || [])
    }

    fn message_complete(&mut self, message: &mut Message) -> Result<(), Failed> {
        self.call(message, "on_message_complete", self.callbacks.message_complete.as_ref(), || [])
    }
}
