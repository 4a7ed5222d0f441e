//! To and from the cookies of `http.cookiejar`.

use rustpython_vm::function::KwArgs;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::http::cookies::Cookie;

use super::cookies::text;

/// A cookie of an `http.cookiejar.CookieJar`.
pub(super) fn read_cookie(vm: &VirtualMachine, cookie: &PyObject) -> PyResult<Cookie> {
    let attribute = |name: &'static str| cookie.get_attr(name, vm);
    let string = |name| attribute(name).and_then(|value| text(vm, &value));
    let flag = |name| attribute(name).and_then(|value| value.try_to_bool(vm));
    let http_only = vm.call_method(cookie, "has_nonstandard_attr", ("HttpOnly",))?.try_to_bool(vm)?;
    let expires = attribute("expires")?;
    Ok(Cookie {
        name: string("name")?,
        value: string("value")?,
        domain: string("domain")?,
        domain_specified: flag("domain_specified")?,
        path: string("path")?,
        secure: flag("secure")?,
        http_only,
        expires: expires.try_into_value(vm)?,
    })
}

/// A cookie for an `http.cookiejar.CookieJar`.
pub(super) fn write_cookie(vm: &VirtualMachine, class: &PyObject, cookie: &Cookie) -> PyResult {
    let string = |text: &str| -> PyObjectRef { vm.ctx.new_str(text).into() };
    let flag = |flag: bool| -> PyObjectRef { vm.ctx.new_bool(flag).into() };
    let rest = vm.ctx.new_dict();
    if cookie.http_only {
        rest.set_item("HttpOnly", vm.ctx.none(), vm)?;
    }
    let expires = cookie.expires.map_or_else(|| vm.ctx.none(), |expires| vm.ctx.new_int(expires).into());
    let fields = [
        ("version", vm.ctx.new_int(0).into()),
        ("name", string(&cookie.name)),
        ("value", string(&cookie.value)),
        ("port", vm.ctx.none()),
        ("port_specified", flag(false)),
        ("domain", string(&cookie.domain)),
        ("domain_specified", flag(cookie.domain_specified)),
        ("domain_initial_dot", flag(cookie.domain.starts_with('.'))),
        ("path", string(&cookie.path)),
        ("path_specified", flag(!cookie.path.is_empty())),
        ("secure", flag(cookie.secure)),
        ("expires", expires),
        ("discard", flag(cookie.expires.is_none())),
        ("comment", vm.ctx.none()),
        ("comment_url", vm.ctx.none()),
        ("rest", rest.into()),
        ("rfc2109", flag(false)),
    ];
    class.call(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<KwArgs>(), vm)
}
