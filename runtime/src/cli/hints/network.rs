//! Servers and proxies that cannot be reached or trusted.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, VirtualMachine};
use tauraro_engine::Url;
use tauraro_engine::http::route::{Pattern, Routes, environment_proxies};

use crate::cli::report;

/// For a connection that failed while the environment sends it through a proxy.
pub(super) fn unreachable_proxy(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<String> {
    let url = url_of_failed_connection(vm, exception)?;
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut routes = Routes::default();
    for (pattern, proxy) in environment_proxies(variables) {
        routes.insert(Pattern::parse(&pattern).ok()?, proxy);
    }
    let proxy = without_password(routes.select(&url)?.as_deref()?);
    let host = url.host();
    Some(format!(
        "the environment sends this request through the proxy {proxy}: is it running? NO_PROXY={host} bypasses it, \
         trust_env=False all proxy variables"
    ))
}

/// For a certificate of an unknown issuer.
pub(super) fn untrusted_certificate(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<String> {
    let message = exception.as_object().str(vm).ok()?.to_string();
    let untrusted =
        ["unable to get local issuer certificate", "self-signed", "self signed", "CaUsedAsEndEntity"];
    let fits =
        message.contains("CERTIFICATE_VERIFY_FAILED") && untrusted.iter().any(|text| message.contains(text));
    fits.then(|| {
        "no trusted authority has signed the server's certificate. If you trust its issuer, name their certificate in \
         SSL_CERT_FILE, or pass verify=ssl.create_default_context(cafile=...)"
            .to_owned()
    })
}

/// For a server that is not running.
pub(super) fn refused(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<String> {
    let url = url_of_failed_connection(vm, exception)?;
    let message = exception.as_object().str(vm).ok()?.to_string();
    let host = url.host();
    let host = if host.contains(':') { format!("[{host}]") } else { host.into_owned() };
    let address = match url.port().or_else(|| default_port(url.scheme())) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    message.contains("Connection refused").then(|| {
        format!("nothing accepts connections at {address}: is the server running, and is the port right?")
    })
}

/// The URL of the request, if the exception says that no connection was made.
fn url_of_failed_connection(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<Url> {
    let class = exception.class().name().to_string();
    let fits = ["ConnectError", "ConnectTimeout", "ProxyError"].contains(&class.as_str());
    if !fits || !report::is_of_httpx(vm, exception) {
        return None;
    }
    let request = exception.as_object().get_attr("_request", vm).ok()?;
    let url = request.get_attr("url", vm).and_then(|url| url.str(vm)).ok()?;
    Url::parse(url.to_str()?).ok()
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A URL for display.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            let (start, end) = (url.get(..scheme + 3).unwrap_or(""), url.get(at + 1..).unwrap_or(""));
            format!("{start}{end}")
        }
        _ => url.to_owned(),
    }
}
