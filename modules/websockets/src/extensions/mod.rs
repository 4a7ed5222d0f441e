//! `websockets.extensions`: base classes for extensions, and permessage-deflate.

pub(crate) mod base;
pub(crate) mod client_factory;
pub(crate) mod factory;
pub(crate) mod parameters;
pub(crate) mod permessage_deflate;
pub(crate) mod server_factory;

pub(crate) use module::module_def;
pub(crate) use permessage_deflate::PerMessageDeflate;

use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine};
use tauraro_engine::websocket::negotiate::{NAME, Parameters, WindowBits};

use base::{ClientExtensionFactory, Extension, ServerExtensionFactory};
use client_factory::ClientPerMessageDeflateFactory;
use server_factory::ServerPerMessageDeflateFactory;

/// The native part of `websockets.extensions`.
#[rustpython_vm::pymodule(name = "_websockets_extensions")]
mod module {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::{Py, PyObjectRef, PyResult, VirtualMachine};

    /// `enable_client_permessage_deflate(extensions)`
    ///
    /// A list of a client's extension factories, or None, with one for compression unless there is one.
    #[pyfunction]
    fn enable_client_permessage_deflate(extensions: Option<PyObjectRef>, vm: &VirtualMachine) -> PyResult {
        super::enable(extensions, super::default_client, vm)
    }

    /// `enable_server_permessage_deflate(extensions)`
    ///
    /// A list of a server's extension factories, or None, with one for compression unless there is one.
    #[pyfunction]
    fn enable_server_permessage_deflate(extensions: Option<PyObjectRef>, vm: &VirtualMachine) -> PyResult {
        super::enable(extensions, super::default_server, vm)
    }

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        crate::frames::make_classes();
        for (name, class) in super::make_classes(vm) {
            module.set_attr(name, class, vm)?;
        }
        Ok(())
    }
}

/// Creates the classes, unless they exist: they are needed before the class of an object can be read.
pub(crate) fn make_classes(vm: &VirtualMachine) -> [(&'static str, PyTypeRef); 6] {
    // A class is created after its base.
    let classes = [
        ("Extension", Extension::make_static_type()),
        ("ClientExtensionFactory", ClientExtensionFactory::make_static_type()),
        ("ServerExtensionFactory", ServerExtensionFactory::make_static_type()),
        ("PerMessageDeflate", PerMessageDeflate::make_static_type()),
        ("ClientPerMessageDeflateFactory", ClientPerMessageDeflateFactory::make_static_type()),
        ("ServerPerMessageDeflateFactory", ServerPerMessageDeflateFactory::make_static_type()),
    ];
    permessage_deflate::record_builtin(PerMessageDeflate::class(&vm.ctx), &vm.ctx);
    for (_, class) in &classes {
        crate::module::make_mutable(class);
    }
    classes
}

/// The default settings of compressors: less memory for each connection.
fn default_settings(vm: &VirtualMachine) -> PyResult {
    let settings = vm.ctx.new_dict();
    settings.set_item("memLevel", vm.ctx.new_int(5).into(), vm)?;
    Ok(settings.into())
}

fn default_client(vm: &VirtualMachine) -> PyResult {
    let parameters =
        Parameters { client_max_window_bits: Some(WindowBits::Supported), ..Parameters::default() };
    let factory = ClientPerMessageDeflateFactory::default();
    factory.configure(parameters, Some(default_settings(vm)?));
    Ok(factory.into_pyobject(vm))
}

fn default_server(vm: &VirtualMachine) -> PyResult {
    let parameters = Parameters {
        server_max_window_bits: Some(12),
        client_max_window_bits: Some(WindowBits::Limit(12)),
        ..Parameters::default()
    };
    let factory = ServerPerMessageDeflateFactory::default();
    factory.configure(parameters, Some(default_settings(vm)?), false);
    Ok(factory.into_pyobject(vm))
}

/// Whether one of several extensions, or factories, is for permessage-deflate.
///
/// # Errors
/// What is raised by their names.
fn has_deflate(extensions: &[PyObjectRef], vm: &VirtualMachine) -> PyResult<bool> {
    let name: PyObjectRef = vm.ctx.new_str(NAME).into();
    for extension in extensions {
        if vm.identical_or_equal(&*extension.get_attr("name", vm)?, &name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn enable(
    extensions: Option<PyObjectRef>,
    make: fn(&VirtualMachine) -> PyResult,
    vm: &VirtualMachine,
) -> PyResult {
    let mut factories: Vec<PyObjectRef> = match &extensions {
        Some(extensions) => extensions.try_to_value(vm)?,
        None => Vec::new(),
    };
    if has_deflate(&factories, vm)? {
        return Ok(extensions.unwrap_or_else(|| vm.ctx.none()));
    }
    factories.push(make(vm)?);
    Ok(vm.ctx.new_list(factories).into())
}
