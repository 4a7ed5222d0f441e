//! `websockets.frames.Frame`.

use rustpython_vm::builtins::{PyBytes, PyTypeRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgBytesLike, ArgIntoBool, FuncArgs, PyComparisonValue, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{
    Comparable, Constructor, DefaultConstructor, Initializer, PyComparisonOp, Representable,
};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromBorrowedObject as _,
    VirtualMachine, pyclass,
};
use tauraro_engine::websocket as engine;

use super::members;
use crate::errors;
use crate::protocol::{failure, masks};

/// `Frame(opcode, data, fin=True, rsv1=False, rsv2=False, rsv3=False)`
///
/// A frame: its opcode, its payload (any bytes-like object), whether it is the last frame of its message, and the
/// reserved bits. The length and the masking key only exist on the wire.
#[pyclass(module = "websockets.frames", name = "Frame", traverse = "manual", unhashable = true)]
#[derive(Debug, PyPayload)]
pub(crate) struct Frame {
    inner: PyMutex<engine::Frame<Option<PyObjectRef>>>,
}

impl Default for Frame {
    fn default() -> Self {
        Self { inner: PyMutex::new(engine::Frame::new(engine::opcode::CONTINUATION, true, None)) }
    }
}

// SAFETY: the reference is visited once, unless another thread holds the lock, when it is in use.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Frame {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(inner) = self.inner.try_lock() {
            inner.data.traverse(visit);
        }
    }
}

/// The arguments of `Frame`.
#[derive(FromArgs)]
pub(crate) struct FrameArgs {
    #[pyarg(any)]
    opcode: PyObjectRef,
    #[pyarg(any)]
    data: PyObjectRef,
    #[pyarg(any, default = ArgIntoBool::TRUE)]
    fin: ArgIntoBool,
    #[pyarg(any, default = ArgIntoBool::FALSE)]
    rsv1: ArgIntoBool,
    #[pyarg(any, default = ArgIntoBool::FALSE)]
    rsv2: ArgIntoBool,
    #[pyarg(any, default = ArgIntoBool::FALSE)]
    rsv3: ArgIntoBool,
}

/// The arguments of `serialize`.
#[derive(FromArgs)]
pub(crate) struct SerializeArgs {
    #[pyarg(named)]
    mask: ArgIntoBool,
    #[pyarg(named, optional)]
    extensions: Option<PyObjectRef>,
}

impl Frame {
    /// The Python object for a frame of the engine.
    pub(crate) fn of(frame: engine::Frame, vm: &VirtualMachine) -> PyRef<Self> {
        let frame = frame.map_data(|data| Some(vm.ctx.new_bytes(data).into()));
        Self { inner: PyMutex::new(frame) }.into_ref(&vm.ctx)
    }

    fn frame(&self) -> engine::Frame<Option<PyObjectRef>> {
        self.inner.lock().clone()
    }

    /// The frame for the engine, with a copy of the payload.
    ///
    /// # Errors
    /// `TypeError` for a payload that is not bytes-like.
    pub(crate) fn to_engine(&self, vm: &VirtualMachine) -> PyResult<engine::Frame> {
        let mut frame = self.frame();
        let data = frame.data.take().map_or_else(|| Ok(Vec::new()), |data| bytes(&data, vm))?;
        Ok(frame.map_data(|_| data))
    }

    /// Reads an object with the attributes of a `Frame`; `None` for a close frame, which protocols handle themselves.
    ///
    /// # Errors
    /// `AttributeError` or `TypeError` for any other object.
    pub(crate) fn read(object: &PyObject, vm: &VirtualMachine) -> PyResult<Option<engine::Frame>> {
        let opcode: i32 = object.get_attr(vm.ctx.intern_str("opcode"), vm)?.try_to_value(vm)?;
        let opcode = u8::try_from(opcode).ok().and_then(engine::opcode::from_value);
        let Some(opcode) = opcode.filter(|opcode| *opcode != engine::opcode::CLOSE) else { return Ok(None) };
        let fin = object.get_attr(vm.ctx.intern_str("fin"), vm)?.try_to_bool(vm)?;
        let data = object.get_attr(vm.ctx.intern_str("data"), vm)?;
        Ok(Some(engine::Frame::new(opcode, fin, bytes(&data, vm)?)))
    }
}

/// A copy of the payload of a frame.
fn bytes(data: &PyObject, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
    match data.downcast_ref_if_exact::<PyBytes>(vm) {
        Some(bytes) => Ok(bytes.as_bytes().to_vec()),
        None => Ok(ArgBytesLike::try_from_borrowed_object(vm, data)?.borrow_buf().to_vec()),
    }
}

/// Encodes a frame with each of the extensions, which may be written in Python.
///
/// # Errors
/// What an extension raises; `TypeError` if its result is not a frame.
pub(crate) fn encode(
    frame: PyRef<Frame>,
    extensions: Vec<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<PyRef<Frame>> {
    extensions.into_iter().try_fold(frame, |frame, extension| {
        vm.call_method(&extension, "encode", (frame,))?.try_into_value(vm)
    })
}

impl DefaultConstructor for Frame {}

impl Initializer for Frame {
    type Args = FrameArgs;

    fn init(zelf: &Py<Self>, args: FrameArgs, vm: &VirtualMachine) -> PyResult<()> {
        let opcode = members::to_opcode(vm, &args.opcode)?;
        let new = engine::Frame {
            opcode,
            fin: args.fin.into_bool(),
            rsv1: args.rsv1.into_bool(),
            rsv2: args.rsv2.into_bool(),
            rsv3: args.rsv3.into_bool(),
            data: Some(args.data),
        };
        let old = std::mem::replace(&mut *zelf.inner.lock(), new);
        drop(old);
        Ok(())
    }
}

impl Comparable for Frame {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| {
            let Some(other) = other.downcast_ref::<Self>() else {
                return Ok(PyComparisonValue::NotImplemented);
            };
            let (mut one, mut two) = (zelf.frame(), other.frame());
            let data = (members::or_none(vm, one.data.take()), members::or_none(vm, two.data.take()));
            let same = one.map_data(|_| ()) == two.map_data(|_| ());
            Ok((same && vm.identical_or_equal(&data.0, &data.1)?).into())
        })
    }
}

impl Representable for Frame {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let frame = zelf.frame();
        let bool = |value| if value { "True" } else { "False" };
        Ok(format!(
            "{}(opcode={}, data={}, fin={}, rsv1={}, rsv2={}, rsv3={})",
            zelf.class().name(),
            members::opcode(vm, frame.opcode)?.repr(vm)?,
            members::or_none(vm, frame.data).repr(vm)?,
            bool(frame.fin),
            bool(frame.rsv1),
            bool(frame.rsv2),
            bool(frame.rsv3),
        ))
    }
}

fn assigned(vm: &VirtualMachine, value: PySetterValue) -> PyResult<PyObjectRef> {
    match value {
        PySetterValue::Assign(value) => Ok(value),
        PySetterValue::Delete => Err(vm.new_attribute_error("can't delete attributes of a frame")),
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Comparable, Representable))]
impl Frame {
    /// The kind of frame, a member of `Opcode`.
    #[pygetset]
    fn opcode(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let opcode = zelf.inner.lock().opcode;
        members::opcode(vm, opcode)
    }

    /// Changes the kind of frame.
    #[pygetset(setter)]
    fn set_opcode(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let opcode = members::to_opcode(vm, &*assigned(vm, value)?)?;
        zelf.inner.lock().opcode = opcode;
        Ok(())
    }

    /// The payload, bytes-like.
    #[pygetset]
    fn data(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let data = zelf.inner.lock().data.clone();
        members::or_none(vm, data)
    }

    /// Replaces the payload.
    #[pygetset(setter)]
    fn set_data(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let data = Some(assigned(vm, value)?);
        let old = std::mem::replace(&mut zelf.inner.lock().data, data);
        drop(old);
        Ok(())
    }

    /// Whether it is the last frame of its message.
    #[pygetset]
    fn fin(zelf: &Py<Self>) -> bool {
        zelf.inner.lock().fin
    }

    /// Changes whether it is the last frame.
    #[pygetset(setter)]
    fn set_fin(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(vm, value)?.try_to_bool(vm)?;
        zelf.inner.lock().fin = value;
        Ok(())
    }

    /// The first reserved bit, which permessage-deflate uses.
    #[pygetset]
    fn rsv1(zelf: &Py<Self>) -> bool {
        zelf.inner.lock().rsv1
    }

    /// Changes the first reserved bit.
    #[pygetset(setter)]
    fn set_rsv1(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(vm, value)?.try_to_bool(vm)?;
        zelf.inner.lock().rsv1 = value;
        Ok(())
    }

    /// The second reserved bit.
    #[pygetset]
    fn rsv2(zelf: &Py<Self>) -> bool {
        zelf.inner.lock().rsv2
    }

    /// Changes the second reserved bit.
    #[pygetset(setter)]
    fn set_rsv2(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(vm, value)?.try_to_bool(vm)?;
        zelf.inner.lock().rsv2 = value;
        Ok(())
    }

    /// The third reserved bit.
    #[pygetset]
    fn rsv3(zelf: &Py<Self>) -> bool {
        zelf.inner.lock().rsv3
    }

    /// Changes the third reserved bit.
    #[pygetset(setter)]
    fn set_rsv3(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(vm, value)?.try_to_bool(vm)?;
        zelf.inner.lock().rsv3 = value;
        Ok(())
    }

    /// The frame in a line for a log: the ends of a long payload, as text if it is text.
    #[pymethod]
    fn __str__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        errors::attribute(vm, "websockets.frames", "_describe")?.call((zelf,), vm)
    }

    /// `Frame.parse(read_exact, *, mask, max_size=None, extensions=None)`
    ///
    /// A generator that reads a frame: `read_exact(n)` is a generator that returns n bytes, `mask` whether the
    /// frame must be masked, `max_size` what its payload may have in bytes. Raises `EOFError`, `PayloadTooBig`
    /// and `ProtocolError`.
    #[pyclassmethod]
    fn parse(class: PyTypeRef, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        args.prepend_arg(class.into());
        errors::attribute(vm, "websockets.frames", "_parse")?.call(args, vm)
    }

    /// `serialize(*, mask, extensions=None)`
    ///
    /// The frame as it is sent, with a random mask if `mask`, after the extensions have encoded it. Raises
    /// `ProtocolError` for a frame that breaks a rule.
    #[pymethod]
    fn serialize(zelf: PyRef<Self>, args: SerializeArgs, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        Self::check(&zelf, vm)?;
        let frame = match args.extensions {
            None => zelf,
            Some(extensions) => encode(zelf, extensions.try_to_value(vm)?, vm)?,
        };
        let key = if args.mask.into_bool() { Some(masks::new_key(vm)?) } else { None };
        let mut out = Vec::new();
        frame.to_engine(vm)?.write(key, &mut out);
        Ok(out)
    }

    /// `check()`
    ///
    /// Raises `ProtocolError` if a reserved bit is set, or if a control frame is too long or fragmented.
    #[pymethod]
    fn check(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.to_engine(vm)?.check().map_err(|error| failure::exception(vm, &error))
    }

    /// Supports pickling and copying.
    #[pymethod]
    fn __reduce__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<(PyTypeRef, PyObjectRef)> {
        let frame = zelf.frame();
        let bool = |value| vm.ctx.new_bool(value).into();
        let args = vec![
            members::opcode(vm, frame.opcode)?,
            members::or_none(vm, frame.data),
            bool(frame.fin),
            bool(frame.rsv1),
            bool(frame.rsv2),
            bool(frame.rsv3),
        ];
        Ok((zelf.class().to_owned(), vm.ctx.new_tuple(args).into()))
    }

    /// The attributes that a pattern matches by position.
    #[pyattr]
    fn __match_args__(ctx: &rustpython_vm::Context) -> PyObjectRef {
        let names = ["opcode", "data", "fin", "rsv1", "rsv2", "rsv3"];
        ctx.new_tuple(names.into_iter().map(|name| ctx.new_str(name).into()).collect()).into()
    }
}
