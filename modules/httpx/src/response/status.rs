//! What the status code means.

use rustpython_vm::{
    AsObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    function::{FuncArgs, KwArgs},
};

use super::Response;
use crate::exceptions::HTTPStatusError;
use crate::models::url::Url;

impl Response {
    /// The hundreds of a code from 100 to 599.
    pub(super) fn status_class(&self) -> Option<u16> {
        let code = self.status();
        (100..600).contains(&code).then_some(code / 100)
    }

    /// The status code as it is written.
    pub(super) fn status_text(&self) -> String {
        self.head.lock().status.as_ref().map(|code| code.as_bigint().to_string()).unwrap_or_default()
    }

    /// Whether this is a redirect with a target (RFC 9110 section 15.4).
    pub(super) fn redirects(&self) -> bool {
        matches!(self.status(), 301 | 302 | 303 | 307 | 308)
            && self.headers().with(|headers| headers.contains("location"))
    }

    pub(super) fn check_status(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let request = zelf.request_if_set().ok_or_else(|| {
            vm.new_runtime_error(
                "Cannot call `raise_for_status` as the request instance has not been set on this response.",
            )
        })?;
        if zelf.status_class() == Some(2) {
            return Ok(zelf);
        }
        let message = zelf.status_message(&request, vm)?;
        let arguments: KwArgs =
            [("request".to_owned(), request), ("response".to_owned(), zelf.into())].into_iter().collect();
        let arguments = FuncArgs::new(vec![vm.ctx.new_str(message).into()], arguments);
        let error = HTTPStatusError::class(&vm.ctx).as_object().call(arguments, vm)?;
        Err(error.try_into_value(vm)?)
    }

    fn status_message(&self, request: &PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
        let kind = match self.status() / 100 {
            1 => "Informational response",
            3 => "Redirect response",
            4 => "Client error",
            5 => "Server error",
            _ => "Invalid status code",
        };
        let (code, reason) = (self.status_text(), self.reason(vm)?);
        let url = request.get_attr("url", vm)?;
        let url = match url.downcast_ref::<Url>() {
            // A password in the URL is not for error messages.
            Some(url) => url.url().redacted(),
            None => url.str(vm)?.to_string_lossy().into_owned(),
        };
        let location = match self.header("location") {
            Some(location) if self.redirects() => format!("\nRedirect location: '{location}'"),
            _ => String::new(),
        };
        Ok(format!(
            "{kind} '{code} {reason}' for url '{url}'{location}\n\
             For more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/{code}"
        ))
    }
}
