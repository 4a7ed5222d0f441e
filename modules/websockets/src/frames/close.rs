//! `websockets.frames.Close`.

use rustpython_vm::builtins::{PyStrRef, PyTypeRef, PyUtf8Str};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgBytesLike, PyComparisonValue, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{
    Comparable, Constructor, DefaultConstructor, Initializer, PyComparisonOp, Representable,
};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::websocket as engine;

use super::members;
use crate::protocol::failure;

/// `Close(code, reason)`
///
/// The contents of a close frame: a code, which is a number or a member of `CloseCode`, and a reason, which is a str.
#[pyclass(module = "websockets.frames", name = "Close", traverse = "manual", unhashable = true)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Close {
    inner: PyMutex<Inner>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    code: Option<PyObjectRef>,
    reason: Option<PyObjectRef>,
}

// SAFETY: each reference is visited once, unless another thread holds the lock, when they are in use.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Close {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(inner) = self.inner.try_lock() {
            inner.code.traverse(visit);
            inner.reason.traverse(visit);
        }
    }
}

/// The arguments of `Close`.
#[derive(FromArgs)]
pub(crate) struct CloseArgs {
    #[pyarg(any)]
    code: PyObjectRef,
    #[pyarg(any)]
    reason: PyObjectRef,
}

impl Close {
    /// The Python object for the contents of a close frame.
    pub(crate) fn of(close: &engine::Close, vm: &VirtualMachine) -> PyRef<Self> {
        let inner = Inner {
            code: Some(code_object(close.code, vm)),
            reason: Some(vm.ctx.new_str(close.reason.as_str()).into()),
        };
        Self { inner: PyMutex::new(inner) }.into_ref(&vm.ctx)
    }

    /// The contents for the engine.
    ///
    /// # Errors
    /// `TypeError` for a code that is not an integer or a reason that is not a str; `UnicodeEncodeError`.
    pub(crate) fn to_engine(&self, vm: &VirtualMachine) -> PyResult<engine::Close> {
        let Inner { code, reason } = self.inner.lock().clone();
        let code = members::to_close_code(vm, &members::or_none(vm, code))?;
        let reason: PyRef<PyUtf8Str> = members::or_none(vm, reason).try_into_value(vm)?;
        Ok(engine::Close::new(code, reason.as_str()))
    }
}

/// A close code as scripts see it: a number, but for the one that stands for no code.
fn code_object(code: engine::CloseCode, vm: &VirtualMachine) -> PyObjectRef {
    let number = u16::from(code);
    let member = if code == engine::CloseCode::Status { members::close_code(vm, number).ok() } else { None };
    member.unwrap_or_else(|| vm.ctx.new_int(number).into())
}

impl DefaultConstructor for Close {}

impl Initializer for Close {
    type Args = CloseArgs;

    fn init(zelf: &Py<Self>, args: CloseArgs, _vm: &VirtualMachine) -> PyResult<()> {
        let new = Inner { code: Some(args.code), reason: Some(args.reason) };
        let old = std::mem::replace(&mut *zelf.inner.lock(), new);
        drop(old);
        Ok(())
    }
}

impl Comparable for Close {
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
            let (one, two) = (zelf.inner.lock().clone(), other.inner.lock().clone());
            let same = |one, two| {
                let (one, two) = (members::or_none(vm, one), members::or_none(vm, two));
                vm.identical_or_equal(&one, &two)
            };
            Ok((same(one.code, two.code)? && same(one.reason, two.reason)?).into())
        })
    }
}

impl Representable for Close {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let Inner { code, reason } = zelf.inner.lock().clone();
        let code = members::or_none(vm, code).repr(vm)?;
        let reason = members::or_none(vm, reason).repr(vm)?;
        Ok(format!("{}(code={code}, reason={reason})", zelf.class().name()))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Comparable, Representable))]
impl Close {
    /// The close code.
    #[pygetset]
    fn code(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let code = zelf.inner.lock().code.clone();
        members::or_none(vm, code)
    }

    /// Replaces the close code.
    #[pygetset(setter)]
    fn set_code(zelf: &Py<Self>, value: PySetterValue) {
        let old = std::mem::replace(&mut zelf.inner.lock().code, value.into());
        drop(old);
    }

    /// The reason, empty if there is none.
    #[pygetset]
    fn reason(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let reason = zelf.inner.lock().reason.clone();
        members::or_none(vm, reason)
    }

    /// Replaces the reason.
    #[pygetset(setter)]
    fn set_reason(zelf: &Py<Self>, value: PySetterValue) {
        let old = std::mem::replace(&mut zelf.inner.lock().reason, value.into());
        drop(old);
    }

    /// The code, what it means, and the reason.
    #[pymethod]
    fn __str__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let Inner { code, reason } = zelf.inner.lock().clone();
        let code = members::or_none(vm, code).try_index(vm)?;
        let number = u16::try_from(code.as_bigint()).unwrap_or(0);
        let meaning = engine::close::explanation(number.into());
        let reason = members::or_none(vm, reason).str(vm)?;
        let space = if reason.is_empty() { "" } else { " " };
        Ok(format!("{} ({meaning}){space}{reason}", code.as_bigint()))
    }

    /// `Close.parse(data)`
    ///
    /// Reads the payload of a close frame. Raises `ProtocolError` for one that is malformed, and
    /// `UnicodeDecodeError` for a reason that is not UTF-8.
    #[pyclassmethod]
    fn parse(class: PyTypeRef, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult {
        let close = data.with_ref(engine::Close::parse).map_err(|error| failure::exception(vm, &error))?;
        class.as_object().to_owned().call((code_object(close.code, vm), vm.ctx.new_str(close.reason)), vm)
    }

    /// `serialize()`
    ///
    /// The payload of a close frame. Raises `ProtocolError` for a code that must not be sent.
    #[pymethod]
    fn serialize(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        zelf.to_engine(vm)?.serialize().map_err(|error| failure::exception(vm, &error))
    }

    /// `check()`
    ///
    /// Raises `ProtocolError` for a code that must not be sent.
    #[pymethod]
    fn check(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.to_engine(vm)?.check().map_err(|error| failure::exception(vm, &error))
    }

    /// Supports pickling and copying.
    #[pymethod]
    fn __reduce__(zelf: PyRef<Self>, vm: &VirtualMachine) -> (PyTypeRef, (PyObjectRef, PyObjectRef)) {
        (zelf.class().to_owned(), (Self::code(&zelf, vm), Self::reason(&zelf, vm)))
    }

    /// The attributes that a pattern matches by position.
    #[pyattr]
    fn __match_args__(ctx: &rustpython_vm::Context) -> PyObjectRef {
        let name = |name: &'static str| -> PyObjectRef { PyStrRef::from(ctx.new_str(name)).into() };
        ctx.new_tuple(vec![name("code"), name("reason")]).into()
    }
}
