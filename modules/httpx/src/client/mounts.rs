//! Which transport carries a request: what `mounts=`, `proxy=` and the environment say.

use std::env;

use rustpython_vm::builtins::PyStr;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine as engine;
use tauraro_engine::http::route::{Pattern, PatternError, Routes, environment_proxies};

use crate::exceptions;
use crate::models::mapping;
use crate::models::proxy::{Proxy, proxy_from};

/// Transports by URL pattern.
#[derive(Clone, Debug, Default, Traverse)]
pub(crate) struct Mounts {
    /// Indices in `transports`.
    #[pytraverse(skip)]
    routes: Routes<usize>,
    /// `None` stands for the client's own transport.
    transports: Vec<Option<PyObjectRef>>,
}

/// What a client's routes are made from.
pub(crate) struct RouteArgs<'a> {
    /// A mapping of URL patterns to transports, or to `None` for the client's own.
    pub(crate) mounts: Option<&'a PyObject>,
    /// What `Proxy` takes, or a `Proxy`; for all URLs.
    pub(crate) proxy: Option<&'a PyObject>,
    /// Whether, without `proxy`, the proxies of the environment count. Not so for a client that was
    /// given a transport.
    pub(crate) environment: bool,
}

/// The routes of a client; `make` makes the transport for a proxy. An entry of `mounts` goes before
/// a proxy for the same pattern.
///
/// # Errors
/// `ValueError` for a pattern that is the bare name of a scheme and for a proxy of unknown scheme,
/// `InvalidURL` and `TypeError` for what is not a URL; what `make` raises.
pub(crate) fn routes_from(
    vm: &VirtualMachine,
    args: &RouteArgs<'_>,
    mut make: impl FnMut(PyRef<Proxy>) -> PyResult,
) -> PyResult<Mounts> {
    let mut mounts = Mounts::default();
    if let Some(proxy) = args.proxy {
        let transport = make(proxy_from(vm, proxy)?)?;
        mounts.insert(vm, "all://", Some(transport))?;
    } else if args.environment {
        for (pattern, proxy) in environment_proxies(variables(vm)) {
            let proxy = proxy.map(|url| proxy_from(vm, vm.ctx.new_str(url).as_object())).transpose()?;
            let transport = proxy.map(&mut make).transpose()?;
            mounts.insert(vm, &pattern, transport)?;
        }
    }
    if let Some(given) = args.mounts {
        for (pattern, transport) in mapping::items(vm, given)? {
            let Some(pattern) = pattern.downcast_ref::<PyStr>() else {
                let class = pattern.class().name().to_string();
                return Err(vm.new_type_error(format!("the keys of mounts are str, not {class}")));
            };
            mounts.insert(vm, pattern.try_as_utf8(vm)?.as_str(), vm.option_if_none(transport))?;
        }
    }
    Ok(mounts)
}

/// The pattern that a key of `mounts=` stands for.
///
/// # Errors
/// `ValueError` for the bare name of a scheme, `InvalidURL` for what is not a URL.
pub(crate) fn pattern_from(vm: &VirtualMachine, text: &str) -> PyResult<Pattern> {
    Pattern::parse(text).map_err(|error| match error {
        PatternError::PlainScheme(_) => vm.new_value_error(error.to_string()),
        PatternError::Url(error) => exceptions::from_engine(vm, error, None),
    })
}

/// The environment variables whose name and value are text.
pub(crate) fn variables(vm: &VirtualMachine) -> impl Iterator<Item = (String, String)> {
    let own = tauraro_bridge::checker(vm).and_then(|checker| Some(checker.environment()?.variables()));
    let variables = own.unwrap_or_else(|| env::vars_os().collect());
    variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

impl Mounts {
    /// Whether every request goes to the client's own transport.
    pub(crate) fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The transport for a URL; `None` for the client's own.
    pub(crate) fn select(&self, url: &engine::Url) -> Option<&PyObjectRef> {
        self.routes.select(url).and_then(|at| self.transports.get(*at)).and_then(Option::as_ref)
    }

    /// The patterns and their transports, the most specific pattern first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, Option<&PyObjectRef>)> {
        self.routes
            .entries()
            .map(|(pattern, at)| (pattern.as_str(), self.transports.get(*at).and_then(Option::as_ref)))
    }

    /// Every transport, the one with the most specific pattern first.
    pub(crate) fn transports(&self) -> impl Iterator<Item = &PyObjectRef> {
        self.routes.entries().filter_map(|(_, at)| self.transports.get(*at)?.as_ref())
    }

    fn insert(&mut self, vm: &VirtualMachine, pattern: &str, transport: Option<PyObjectRef>) -> PyResult<()> {
        let pattern = pattern_from(vm, pattern)?;
        self.routes.insert(pattern, self.transports.len());
        self.transports.push(transport);
        Ok(())
    }
}
