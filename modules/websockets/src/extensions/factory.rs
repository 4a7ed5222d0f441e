//! What the factories of permessage-deflate have in common.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tauraro_engine::websocket::deflate::Agreement;
use tauraro_engine::websocket::negotiate::{NAME, Parameters};

use super::parameters;
use super::permessage_deflate::PerMessageDeflate;
use crate::errors;
use crate::frames::members::or_none;

/// The configuration of a factory.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    inner: PyMutex<Inner>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    parameters: Parameters,
    compress_settings: Option<PyObjectRef>,
}

// SAFETY: the reference is visited once, unless another thread holds the lock, when it is in use.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Configuration {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(inner) = self.inner.try_lock() {
            inner.compress_settings.traverse(visit);
        }
    }
}

impl Configuration {
    /// Replaces the parameters and the settings of the compressor.
    pub(super) fn set(&self, parameters: Parameters, compress_settings: Option<PyObjectRef>) {
        let old = std::mem::replace(&mut *self.inner.lock(), Inner { parameters, compress_settings });
        drop(old);
    }

    /// The parameters.
    pub(super) fn parameters(&self) -> Parameters {
        self.inner.lock().parameters
    }

    /// The extension for an agreement.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` for settings that do not exist.
    pub(super) fn extension(&self, agreement: Agreement, vm: &VirtualMachine) -> PyResult {
        let compress_settings = self.inner.lock().compress_settings.clone();
        PerMessageDeflate::agreed(agreement, compress_settings, vm)
    }
}

/// Checks that none of the extensions before is for permessage-deflate.
///
/// # Errors
/// `NegotiationError` with `message` and the name of the extension; what is raised by reading their names.
pub(super) fn check_duplicate(extensions: &PyObjectRef, message: &str, vm: &VirtualMachine) -> PyResult<()> {
    if super::has_deflate(&extensions.try_to_value::<Vec<_>>(vm)?, vm)? {
        return Err(errors::negotiation_error(vm, format!("{message} {NAME}")));
    }
    Ok(())
}

/// The attributes of a factory.
#[pyclass]
pub(crate) trait DeflateFactory: PyPayload {
    /// The configuration that the attributes show.
    fn configuration(&self) -> &Configuration;

    /// Whether the server is to begin each message with an empty window.
    #[pygetset]
    fn server_no_context_takeover(zelf: &Py<Self>) -> bool {
        zelf.configuration().parameters().server_no_context_takeover
    }

    /// Whether the client is to begin each message with an empty window.
    #[pygetset]
    fn client_no_context_takeover(zelf: &Py<Self>) -> bool {
        zelf.configuration().parameters().client_no_context_takeover
    }

    /// The limit of the server's window, in bits, or None.
    #[pygetset]
    fn server_max_window_bits(zelf: &Py<Self>) -> Option<u8> {
        zelf.configuration().parameters().server_max_window_bits
    }

    /// The limit of the client's window, in bits, or None; True, of a client, leaves it to the server.
    #[pygetset]
    fn client_max_window_bits(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        parameters::from_client_bits(zelf.configuration().parameters().client_max_window_bits, vm)
    }

    /// How messages are compressed, a dict or None.
    #[pygetset]
    fn compress_settings(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let settings = zelf.configuration().inner.lock().compress_settings.clone();
        or_none(vm, settings)
    }
}
