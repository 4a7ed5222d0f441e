//! Building requests: the client's settings merged with those of one call.

use rustpython_vm::{PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_engine as engine;
use tauraro_engine::http::cookies::CookieJar;
use tauraro_engine::http::url::UrlParts;

use super::args::BuildArgs;
use super::settings::{Settings, update};
use super::use_client_default::explicit;
use crate::exceptions;
use crate::models::cookies::{Cookies, cookies_from};
use crate::models::headers::headers_from;
use crate::models::query_params::query_params_from;
use crate::models::timeout::timeouts_from;
use crate::models::url::url_from;
use crate::request::{Extensions, Request, RequestParts, with_params};

/// Builds the request of one call.
///
/// # Errors
/// What converting an argument raises.
pub(super) fn build_request(
    vm: &VirtualMachine,
    settings: &Settings,
    args: BuildArgs,
) -> PyResult<PyRef<Request>> {
    let BuildArgs { method, url, content, head, transport } = args;
    let mut url = merge_url(vm, settings, url_from(vm, &url)?)?;
    if let Some(params) = merge_params(vm, settings, head.params.as_deref())? {
        url = with_params(vm, &url, &params)?;
    }
    let mut extensions = match transport.extensions {
        Some(extensions) => Extensions::from_object(vm, Some(extensions))?,
        None => Extensions::default(),
    };
    if !extensions.has_timeouts(vm)? {
        let timeouts = match explicit(vm, &transport.timeout) {
            Some(timeout) => timeouts_from(vm, timeout)?,
            None => settings.timeout.timeouts(),
        };
        extensions.set_timeouts(vm, timeouts)?;
    }
    let parts = RequestParts {
        method: upper_case(method.as_str()),
        url,
        headers: merge_headers(vm, settings, head.headers.as_deref())?,
        extensions,
    };
    let jar = merge_cookies(vm, settings, head.cookies.as_deref())?;
    Ok(Request::prepare(vm, parts, jar.as_ref(), content)?.into_ref(&vm.ctx))
}

fn upper_case(method: &str) -> String {
    if method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        method.to_owned()
    } else {
        method.to_uppercase()
    }
}

/// A relative URL is appended to the base URL, whichever way it starts.
///
/// # Errors
/// `InvalidURL`.
pub(super) fn merge_url(vm: &VirtualMachine, settings: &Settings, url: engine::Url) -> PyResult<engine::Url> {
    if url.is_absolute() {
        return Ok(url);
    }
    let base = settings.base_url.url();
    let raw_path = base.raw_path() + url.raw_path().trim_start_matches('/');
    let parts = UrlParts { raw_path: Some(Some(raw_path)), ..UrlParts::default() };
    base.copy_with(parts).map_err(|error| exceptions::from_engine(vm, error, None))
}

fn merge_headers(
    vm: &VirtualMachine,
    settings: &Settings,
    headers: Option<&rustpython_vm::PyObject>,
) -> PyResult<engine::Headers> {
    let mut merged = settings.headers.fields();
    if let Some(headers) = headers {
        update(&mut merged, headers_from(vm, headers)?);
    }
    Ok(merged)
}

/// `None` leaves the URL's query alone; parameters of the call replace the client's of the same name.
fn merge_params(
    vm: &VirtualMachine,
    settings: &Settings,
    params: Option<&rustpython_vm::PyObject>,
) -> PyResult<Option<engine::QueryParams>> {
    let params = params.map(|params| query_params_from(vm, params)).transpose()?;
    let defaults = settings.params.params();
    if defaults.pairs().is_empty() {
        return Ok(params);
    }
    let Some(params) = params else { return Ok(Some(defaults.clone())) };
    Ok(Some(defaults.merge(&params)))
}

/// `None` when there is no cookie at all, which is the common case.
pub(super) fn merge_cookies(
    vm: &VirtualMachine,
    settings: &Settings,
    cookies: Option<&rustpython_vm::PyObject>,
) -> PyResult<Option<CookieJar>> {
    let mut merged = copy_unless_empty(&settings.cookies);
    if let Some(cookies) = cookies {
        let jar = merged.get_or_insert_default();
        for cookie in cookies_from(vm, cookies)?.iter() {
            jar.set(cookie.clone());
        }
    }
    Ok(merged)
}

/// A copy of the jar, so that no lock is held while it is used.
pub(super) fn copy_unless_empty(cookies: &Cookies) -> Option<CookieJar> {
    cookies.with(|jar| jar.iter().next().is_some().then(|| jar.clone()))
}
