//! `httpx_sse.ServerSentEvent`.

use rustpython_vm::builtins::{PyIntRef, PyStr, PyStrRef, PyTupleRef, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::convert::ToPyObject;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, Initializer, Representable};
use rustpython_vm::{AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http::sse::Event;

/// `ServerSentEvent(event=None, data=None, id=None, retry=None)`
///
/// An event of a stream. Its attributes cannot be set.
#[pyclass(module = "httpx_sse", name = "ServerSentEvent")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct PyServerSentEvent {
    fields: PyMutex<Fields>,
}

/// None stands for the attribute's default.
#[derive(Clone, Debug, Default, FromArgs)]
pub(crate) struct Fields {
    #[pyarg(any, optional)]
    event: Option<PyStrRef>,
    #[pyarg(any, optional)]
    data: Option<PyStrRef>,
    #[pyarg(any, optional)]
    id: Option<PyStrRef>,
    #[pyarg(any, optional)]
    retry: Option<PyIntRef>,
}

impl Fields {
    fn event(self, vm: &VirtualMachine) -> PyStrRef {
        self.event.filter(|event| !event.is_empty()).unwrap_or_else(|| vm.ctx.new_str("message"))
    }

    fn data(self, vm: &VirtualMachine) -> PyStrRef {
        self.data.unwrap_or_else(|| vm.ctx.empty_str.to_owned())
    }

    fn id(self, vm: &VirtualMachine) -> PyStrRef {
        self.id.unwrap_or_else(|| vm.ctx.empty_str.to_owned())
    }
}

impl PyServerSentEvent {
    /// The engine's event for Python.
    pub(crate) fn new(event: Event, vm: &VirtualMachine) -> Self {
        let text = |text: String| (!text.is_empty()).then(|| vm.ctx.new_str(text));
        let fields = Fields {
            event: text(event.event),
            data: text(event.data),
            id: text(event.id),
            retry: event.retry.map(|retry| vm.ctx.new_int(retry)),
        };
        Self { fields: PyMutex::new(fields) }
    }

    fn fields(&self) -> Fields {
        self.fields.lock().clone()
    }
}

impl Constructor for PyServerSentEvent {
    /// Whatever a subclass takes: `__init__` looks at it.
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for PyServerSentEvent {
    type Args = Fields;

    fn init(zelf: &Py<Self>, fields: Fields, _vm: &VirtualMachine) -> PyResult<()> {
        *zelf.fields.lock() = fields;
        Ok(())
    }
}

impl Representable for PyServerSentEvent {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let fields = zelf.fields();
        let repr = |value: PyObjectRef| value.repr(vm);
        let mut parts = vec![format!("event={}", repr(fields.clone().event(vm).into())?)];
        for (name, value) in [("data", fields.clone().data(vm)), ("id", fields.clone().id(vm))] {
            if !value.is_empty() {
                parts.push(format!("{name}={}", repr(value.into())?));
            }
        }
        if let Some(retry) = fields.retry {
            parts.push(format!("retry={}", repr(retry.into())?));
        }
        Ok(format!("{}({})", zelf.class().name(), parts.join(", ")))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Representable))]
impl PyServerSentEvent {
    /// The event's type, a str; `"message"` unless the server named one.
    #[pygetset]
    fn event(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        zelf.fields().event(vm)
    }

    /// The data, a str; its lines are joined by line feeds.
    #[pygetset]
    fn data(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        zelf.fields().data(vm)
    }

    /// The stream's last event ID, a str: to send as `Last-Event-ID` when connecting again.
    #[pygetset]
    fn id(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        zelf.fields().id(vm)
    }

    /// How long to wait before connecting again, in milliseconds; `None` unless the server said it.
    #[pygetset]
    fn retry(zelf: &Py<Self>) -> Option<PyIntRef> {
        zelf.fields().retry
    }

    /// The data, which is JSON, as Python values.
    ///
    /// Raises `json.JSONDecodeError` for other data.
    #[pymethod]
    fn json(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let data = zelf.as_object().get_attr("data", vm)?;
        if let Some(text) = data.downcast_ref::<PyStr>()
            && let Some(value) = tauraro_httpx::parse_json(vm, text.as_bytes())
        {
            return Ok(value);
        }
        vm.import("json", 0)?.get_attr("loads", vm)?.call((data,), vm)
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyTupleRef {
        let fields = zelf.fields();
        let fields = (fields.event, fields.data, fields.id, fields.retry).to_pyobject(vm);
        vm.new_tuple((zelf.class().to_owned(), fields, zelf.as_object().dict()))
    }
}
