//! The proxies that the environment asks for: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
//! `NO_PROXY`, in either case, read as Python's `urllib` and httpx read them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::Pattern;

/// A URL pattern and the proxy for it; without a proxy, URLs of the pattern are asked for directly.
pub type EnvironmentRoute = (String, Option<String>);

const SCHEMES: [&str; 3] = ["http", "https", "all"];

/// The routes that `variables`, the whole environment, ask for.
///
/// A name in lower case goes before the same in upper case, and an empty one takes it back. Where
/// `REQUEST_METHOD` says that the process answers a CGI request, `HTTP_PROXY` is ignored: there it is
/// a header of the request. What `NO_PROXY` lists and is not a host, address or prefix is ignored.
pub fn environment_proxies(variables: impl IntoIterator<Item = (String, String)>) -> Vec<EnvironmentRoute> {
    let found = named(variables);
    let proxy = |scheme: &str| found.get(scheme).filter(|value| !value.is_empty());
    let mut routes: Vec<EnvironmentRoute> = SCHEMES
        .iter()
        .filter_map(|scheme| {
            let value = proxy(scheme)?;
            let url = if value.contains("://") { value.clone() } else { format!("http://{value}") };
            Some((format!("{scheme}://"), Some(url)))
        })
        .collect();
    for host in found.get("no").map_or("", String::as_str).split(',').map(str::trim) {
        match host {
            "" => {}
            "*" => return Vec::new(),
            host => {
                let pattern = exception(host).filter(|pattern| Pattern::parse(pattern).is_ok());
                routes.extend(pattern.map(|pattern| (pattern, None)));
            }
        }
    }
    routes
}

/// The values of `<name>_proxy` by the name in lower case.
fn named(variables: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let (mut upper, mut lower) = (BTreeMap::new(), BTreeMap::new());
    let mut is_cgi = false;
    for (name, value) in variables {
        is_cgi |= name == "REQUEST_METHOD";
        let Some((scheme, suffix)) = name.len().checked_sub(6).and_then(|at| name.split_at_checked(at))
        else {
            continue;
        };
        if suffix == "_proxy" {
            lower.insert(scheme.to_lowercase(), value);
        } else if suffix.eq_ignore_ascii_case("_proxy") && !value.is_empty() {
            upper.insert(scheme.to_lowercase(), value);
        }
    }
    if is_cgi {
        upper.remove("http");
    }
    upper.extend(lower);
    upper
}

/// The pattern of what an item of `NO_PROXY` excepts: a URL pattern as it is, an address, a prefix or
/// `localhost` only itself, a name also its subdomains.
fn exception(item: &str) -> Option<String> {
    if item.contains("://") {
        return Some(item.to_owned());
    }
    let (host, port) = split_port(item);
    if host.is_empty() {
        return None;
    }
    let address = host.split('/').next().unwrap_or(host);
    let host = if is_ipv6(address) {
        format!("[{host}]")
    } else if address.parse::<Ipv4Addr>().is_ok() || host.eq_ignore_ascii_case("localhost") {
        host.to_owned()
    } else {
        // `*.example.com` is the same as `.example.com`.
        format!("*{}", host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host))
    };
    Some(if port.is_empty() { format!("all://{host}") } else { format!("all://{host}:{port}") })
}

/// `host:port` and `[address]:port` as host, without brackets, and port.
fn split_port(item: &str) -> (&str, &str) {
    if let Some((address, rest)) = item.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').unwrap_or(rest));
    }
    match item.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, port),
        _ => (item, ""),
    }
}

/// An address, with or without the name of an interface.
fn is_ipv6(text: &str) -> bool {
    let (address, scope) = text.split_once('%').unwrap_or((text, "any"));
    !scope.is_empty() && !scope.contains('%') && address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(variables: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
        environment_proxies(variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())))
    }

    fn one(pattern: &str, proxy: Option<&str>) -> EnvironmentRoute {
        (pattern.to_owned(), proxy.map(ToOwned::to_owned))
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let found = routes(&[
            ("ALL_PROXY", "socks5://c.example:1080"),
            ("HTTP_PROXY", "a.example:3128"),
            ("https_proxy", "https://b.example"),
            ("FTP_PROXY", "http://d.example"),
            ("PROXY", "http://e.example"),
        ]);
        let expected = [
            one("http://", Some("http://a.example:3128")),
            one("https://", Some("https://b.example")),
            one("all://", Some("socks5://c.example:1080")),
        ];
        assert_eq!(found, expected);
        assert_eq!(routes(&[]), []);
    }

    #[test]
    fn lower_case_goes_first_and_empty_takes_back() {
        for variables in [
            [("http_proxy", "http://lower"), ("HTTP_PROXY", "http://upper")],
            [("HTTP_PROXY", "http://upper"), ("http_proxy", "http://lower")],
        ] {
            assert_eq!(routes(&variables), [one("http://", Some("http://lower"))]);
        }
        assert_eq!(routes(&[("HTTP_PROXY", "http://upper"), ("http_proxy", "")]), []);
        assert_eq!(routes(&[("HTTP_PROXY", "")]), []);
    }

    #[test]
    fn a_cgi_request_cannot_choose_the_proxy() {
        let request = ("REQUEST_METHOD", "GET");
        assert_eq!(routes(&[request, ("HTTP_PROXY", "http://evil")]), []);
        let found = routes(&[request, ("HTTP_PROXY", "http://evil"), ("http_proxy", "http://good")]);
        assert_eq!(found, [one("http://", Some("http://good"))]);
        let found = routes(&[request, ("HTTPS_PROXY", "http://good")]);
        assert_eq!(found, [one("https://", Some("http://good"))]);
    }

    #[test]
    fn exceptions_are_patterns() {
        let exceptions = "mit.edu, .example1.com,127.0.0.1 ,::1,fe80::1%eth0,LocalHost,192.168.0.0/16,\
                          https://secure.example,host.example:8080,010.0.0.1,fe80::/10,::1/128,[::1]:8080,[::2],\
                          127.0.0.1:9,*.example2.com,web.example:80";
        let patterns: Vec<_> = routes(&[("NO_PROXY", exceptions)])
            .into_iter()
            .map(|(pattern, proxy)| {
                assert_eq!(proxy, None, "{pattern}");
                pattern
            })
            .collect();
        let expected = [
            "all://*mit.edu",
            "all://*.example1.com",
            "all://127.0.0.1",
            "all://[::1]",
            "all://[fe80::1%eth0]",
            "all://LocalHost",
            "all://192.168.0.0/16",
            "https://secure.example",
            "all://*host.example:8080",
            "all://*010.0.0.1",
            "all://[fe80::/10]",
            "all://[::1/128]",
            "all://[::1]:8080",
            "all://[::2]",
            "all://127.0.0.1:9",
            "all://*.example2.com",
            "all://*web.example:80",
        ];
        assert_eq!(patterns, expected);
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        let unreadable = "fe80::/129,::1/x,10.0.0.0/33,[::1,[fe80::1]x,a:b:c,host:port,:,:80,[]:80,300.1.1.1,http://[,\u{2603}";
        for item in unreadable.split(',') {
            let found = routes(&[("ALL_PROXY", "http://a"), ("NO_PROXY", &format!("{item},last.example"))]);
            assert_eq!(found.last(), Some(&one("all://*last.example", None)), "{item}");
            assert!(found.iter().all(|(pattern, _)| Pattern::parse(pattern).is_ok()), "{item}: {found:?}");
            assert!(!found.iter().any(|(pattern, _)| pattern.starts_with("all://*:")), "{item}: {found:?}");
            assert!(!found.contains(&one("all://*", None)), "{item}");
        }
    }

    #[test]
    fn a_star_excepts_everything() {
        assert_eq!(routes(&[("ALL_PROXY", "http://a"), ("NO_PROXY", "example.com, *")]), []);
        assert_eq!(routes(&[("ALL_PROXY", "http://a"), ("no_proxy", "")]).len(), 1);
    }
}
