//! The line that httpx logs for each request: logger `httpx`, level `INFO`.
//!
//! Without a handler it costs a few look-ups, and one where `logging` was never imported.

use rustpython_vm::builtins::PyDict;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};

use crate::request::Request;
use crate::response::Response;

const NAME: &str = "httpx";
const INFO: usize = 20;
const LINE: &str = "HTTP Request: %s %s \"%s %d %s\"";

/// Logs that `response` answers the request `sent`. A password in the URL is masked.
///
/// # Errors
/// What a handler of the program raises.
pub(super) fn request(vm: &VirtualMachine, sent: &Request, response: &Py<Response>) -> PyResult<()> {
    let Some(logger) = logger(vm)? else { return Ok(()) };
    let url = sent.url_ref(vm)?;
    let url: PyObjectRef = if url.url().userinfo().is_empty() {
        url.into()
    } else {
        vm.ctx.new_str(url.url().redacted()).into()
    };
    let version = response.as_object().get_attr("http_version", vm)?;
    let reason = response.as_object().get_attr("reason_phrase", vm)?;
    let method = sent.method_name();
    vm.call_method(&logger, "info", (LINE, method, url, version, response.status(), reason)).map(drop)
}

/// The logger, if it wants the line.
fn logger(vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
    let modules = vm.sys_module.get_attr("modules", vm)?;
    let item = |dict: &PyObjectRef, key: &'static str| match dict.downcast_ref::<PyDict>() {
        Some(dict) => dict.get_item_opt(vm.ctx.intern_str(key), vm),
        None => Ok(None),
    };
    let Some(logging) = item(&modules, "logging")? else { return Ok(None) };
    let Some(manager) = vm.get_attribute_opt(&*logging.get_attr("root", vm)?, "manager")? else {
        return Ok(None);
    };
    let logger = match item(&manager.get_attr("loggerDict", vm)?, NAME)? {
        // A placeholder, for a logger below it, has no levels.
        Some(logger) if vm.get_attribute_opt(&logger, "_cache")?.is_some() => logger,
        _ => vm.call_method(&logging, "getLogger", (NAME,))?,
    };
    let known = match vm.get_attribute_opt(&logger, "_cache")? {
        Some(cache) => cache.downcast_ref::<PyDict>().map(|cache| cache.get_item_opt(&INFO, vm)),
        None => None,
    };
    let enabled = match known.transpose()?.flatten() {
        // Emptied whenever a level changes. It does not cover `logger.disabled`.
        Some(enabled) if !enabled.clone().try_to_bool(vm)? => enabled,
        _ => vm.call_method(&logger, "isEnabledFor", (INFO,))?,
    };
    Ok(enabled.try_to_bool(vm)?.then_some(logger))
}
