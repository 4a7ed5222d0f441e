//! The module and everything it exports.

use rustpython_vm::builtins::{PyModuleDef, PyTypeRef};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::{Context, PyResult, VirtualMachine};

use crate::auth::{self, PyAuth, PyBasicAuth, PyDigestAuth, PyFunctionAuth, PyNetRCAuth};
use crate::byte_stream::PyByteStream;
use crate::client::{self, PyClient};
use crate::request::PyRequest;
use crate::sync_byte_stream::PySyncByteStream;
use crate::transports::{PyBaseTransport, PyMockTransport};
use crate::{content, cookies, exceptions, headers, limits, query_params, response, timeout, url};

/// The definition to register with an interpreter.
pub fn module_def(ctx: &Context) -> &'static PyModuleDef {
    httpx::module_def(ctx)
}

/// A fully featured HTTP client, natively.
#[rustpython_vm::pymodule]
mod httpx {
    use rustpython_vm::builtins::{PyModule, PyUtf8StrRef};
    use rustpython_vm::types::PyTypeFlags;
    use rustpython_vm::{Py, PyRef, PyResult, VirtualMachine};

    use crate::api::{BodyCall, PlainCall, RequestCall};
    use crate::client::{PyStreamContext, use_client_default};

    #[pyattr(name = "__version__")]
    const VERSION: &str = "0.28.1";

    /// Makes what is rarely asked for when it is asked for the first time.
    #[pyfunction]
    fn __getattr__(name: PyUtf8StrRef, vm: &VirtualMachine) -> PyResult {
        if name.as_str() != "codes" {
            return Err(
                vm.new_attribute_error(format!("module 'httpx' has no attribute '{}'", name.as_str()))
            );
        }
        let codes = crate::status_codes::codes(vm)?;
        vm.import("httpx", 0)?.set_attr("codes", codes.clone(), vm)?;
        Ok(codes)
    }

    /// Sends a request and returns its response, read.
    #[pyfunction]
    fn request(call: RequestCall, vm: &VirtualMachine) -> PyResult {
        call.run(vm)
    }

    /// Sends a request and gives its response with the body still to be read, for the time of a
    /// `with` block.
    #[pyfunction]
    fn stream(call: RequestCall, vm: &VirtualMachine) -> PyResult<PyRef<PyStreamContext>> {
        call.stream(vm)
    }

    /// Sends a `GET` request.
    #[pyfunction]
    fn get(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "GET").run(vm)
    }

    /// Sends an `OPTIONS` request.
    #[pyfunction]
    fn options(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "OPTIONS").run(vm)
    }

    /// Sends a `HEAD` request.
    #[pyfunction]
    fn head(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "HEAD").run(vm)
    }

    /// Sends a `POST` request.
    #[pyfunction]
    fn post(call: BodyCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "POST").run(vm)
    }

    /// Sends a `PUT` request.
    #[pyfunction]
    fn put(call: BodyCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "PUT").run(vm)
    }

    /// Sends a `PATCH` request.
    #[pyfunction]
    fn patch(call: BodyCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "PATCH").run(vm)
    }

    /// Sends a `DELETE` request.
    #[pyfunction]
    fn delete(call: PlainCall, vm: &VirtualMachine) -> PyResult {
        call.with_method(vm, "DELETE").run(vm)
    }

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for (name, class) in super::classes(vm)? {
            // As if written in Python: programs patch these classes, test doubles above all.
            class.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
            module.set_attr(vm.ctx.intern_str(name), class, vm)?;
        }
        module.set_attr("USE_CLIENT_DEFAULT", use_client_default(), vm)
    }
}

/// Every class of the module, by its name.
fn classes(vm: &VirtualMachine) -> PyResult<Vec<(&'static str, PyTypeRef)>> {
    // A class is made after its base, and before the first object of it.
    let stream = PySyncByteStream::make_static_type();
    let client = PyClient::make_static_type();
    let mut classes = vec![
        ("Auth", PyAuth::make_static_type()),
        ("BaseTransport", PyBaseTransport::make_static_type()),
        ("BasicAuth", PyBasicAuth::make_static_type()),
        ("ByteStream", PyByteStream::make_static_type()),
        ("Client", client.clone()),
        ("Cookies", cookies::class(vm)?),
        ("DigestAuth", PyDigestAuth::make_static_type()),
        ("FunctionAuth", PyFunctionAuth::make_static_type()),
        ("Headers", headers::class(vm)?),
        ("Limits", limits::class()),
        ("MockTransport", PyMockTransport::make_static_type()),
        ("NetRCAuth", PyNetRCAuth::make_static_type()),
        ("QueryParams", query_params::class(vm)?),
        ("Request", PyRequest::make_static_type()),
        ("Session", client),
        ("SyncByteStream", stream),
        ("Timeout", timeout::class()),
        ("URL", url::class()),
    ];
    classes.extend(response::classes());
    classes.extend(exceptions::classes(vm));
    drop([auth::hidden_classes(), client::hidden_classes(), content::hidden_classes()]);
    Ok(classes)
}
