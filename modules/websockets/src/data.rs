//! The data that a script passes to be sent.

use rustpython_vm::builtins::{PyByteArray, PyBytes, PyMemoryView, PyStr, PyStrRef};
use rustpython_vm::protocol::PyBuffer;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, TryFromBorrowedObject, VirtualMachine};
use tauraro_engine::websocket as engine;

/// A message or a fragment of one, text or bytes.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    Text(PyStrRef),
    Bytes(PyObjectRef),
}

impl Data {
    /// The object as data: a `str`, `bytes`, `bytearray` or `memoryview`; `None` for any other.
    pub(crate) fn from_object(object: &PyObject) -> Option<Self> {
        if let Some(text) = object.downcast_ref::<PyStr>() {
            return Some(Self::Text(text.to_owned()));
        }
        is_bytes_like(object).then(|| Self::Bytes(object.to_owned()))
    }

    /// The opcode for a message: according to the type of the data, unless `text` overrides that.
    pub(crate) fn opcode(&self, text: Option<bool>) -> engine::OpCode {
        if text.unwrap_or(self.is_text()) { engine::opcode::TEXT } else { engine::opcode::BINARY }
    }

    /// Whether it is text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// The object whose bytes are to be sent: text is encoded.
    ///
    /// # Errors
    /// `UnicodeEncodeError` for text that has surrogates.
    pub(crate) fn to_bytes_like(&self, vm: &VirtualMachine) -> PyResult {
        match self {
            Self::Text(text) => match text.to_str() {
                Some(utf8) => Ok(vm.ctx.new_bytes(utf8.as_bytes().to_vec()).into()),
                None => vm.call_method(text.as_ref(), "encode", ()),
            },
            Self::Bytes(object) => Ok(object.clone()),
        }
    }

    /// Calls `function` with the bytes to be sent.
    ///
    /// # Errors
    /// `UnicodeEncodeError` for text that has surrogates, `BufferError` for a `memoryview` that was released, and
    /// the errors of `function`.
    pub(crate) fn with_bytes<R>(
        &self,
        vm: &VirtualMachine,
        function: impl FnOnce(&[u8]) -> PyResult<R>,
    ) -> PyResult<R> {
        match self {
            Self::Text(text) => match text.to_str() {
                Some(utf8) => function(utf8.as_bytes()),
                // Raises.
                None => vm.call_method(text.as_ref(), "encode", ()).and_then(|_| function(b"")),
            },
            Self::Bytes(object) => {
                if let Some(bytes) = object.downcast_ref::<PyBytes>() {
                    return function(bytes.as_bytes());
                }
                // A copy: `function` may run Python code, which must not find the buffer locked.
                let buffer = PyBuffer::try_from_borrowed_object(vm, object)?;
                let mut bytes = Vec::new();
                buffer.append_to(&mut bytes);
                function(&bytes)
            }
        }
    }
}

/// Whether the object is of a type that is sent as bytes.
fn is_bytes_like(object: &PyObject) -> bool {
    object.downcast_ref::<PyBytes>().is_some()
        || object.downcast_ref::<PyByteArray>().is_some()
        || object.downcast_ref::<PyMemoryView>().is_some()
}
