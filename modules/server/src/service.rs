//! `Service`: routes, limits and the connections of one server.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use rustpython_vm::builtins::{PyType, PyTypeRef};
use rustpython_vm::common::lock::{PyMutex, PyRwLock};
use rustpython_vm::types::Constructor;
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::server::{Limits, Match, Parameter, Router, Timeouts, imf_fixdate};

use crate::connection::Connection;
use crate::pool::Pool;

/// How a handler is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A coroutine function: called on the loop's thread when the head has arrived.
    Async,
    /// A function, called on the loop's thread when the request is complete.
    Inline,
    /// A function, called on a thread of the pool when the request is complete.
    Pooled,
    /// Not called: a `Response` to send.
    Constant,
}

/// A handler, with how it is called.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) handler: PyObjectRef,
    pub(crate) kind: Kind,
}

/// What a request is led to.
pub(crate) enum Route {
    Found(Target, Vec<(String, Parameter)>),
    NotAllowed(String),
    NotFound,
}

#[derive(FromArgs)]
pub(crate) struct ServiceArgs {
    #[pyarg(named)]
    event_loop: PyObjectRef,
    #[pyarg(named)]
    helper: PyObjectRef,
    #[pyarg(named)]
    pool: Option<PyRef<Pool>>,
    #[pyarg(named)]
    request_class: PyTypeRef,
    #[pyarg(named)]
    sync_request_class: PyTypeRef,
    #[pyarg(named)]
    access_log: bool,
    #[pyarg(named)]
    max_body: u64,
    #[pyarg(named)]
    request_line: usize,
    #[pyarg(named)]
    head: usize,
    #[pyarg(named)]
    fields: usize,
    #[pyarg(named)]
    requests: u32,
    #[pyarg(named)]
    max_connections: usize,
    #[pyarg(named)]
    first_byte: u64,
    #[pyarg(named)]
    head_timeout: u64,
    #[pyarg(named)]
    idle: u64,
    #[pyarg(named)]
    body_rate: u64,
    #[pyarg(named)]
    body_grace: u64,
    #[pyarg(named)]
    write: u64,
}

/// What the connections of a server share.
#[pyclass(module = "_tauraro", name = "Service")]
#[derive(PyPayload)]
pub(crate) struct Service {
    pub(crate) event_loop: PyObjectRef,
    /// The Python object with the methods for what is not done natively.
    pub(crate) helper: PyObjectRef,
    /// What `def` handlers run on.
    pub(crate) pool: Option<PyRef<Pool>>,
    pub(crate) request_class: PyTypeRef,
    pub(crate) sync_request_class: PyTypeRef,
    pub(crate) access_log: bool,
    pub(crate) max_body: u64,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    router: PyRwLock<Router<Target>>,
    /// Takes what no route does.
    fallback: PyRwLock<Option<Target>>,
    connections: PyMutex<HashMap<u64, PyRef<Connection>>>,
    max_connections: usize,
    /// Milliseconds of the loop's clock, renewed by `tick`.
    now: AtomicU64,
    date: PyMutex<[u8; 29]>,
    stopping: AtomicBool,
    accepted: AtomicU64,
    requests: AtomicU64,
    pub(crate) in_flight: AtomicU64,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Constructor for Service {
    type Args = ServiceArgs;

    fn py_new(_class: &Py<PyType>, args: ServiceArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        let limits = Limits {
            request_line: args.request_line,
            head: args.head,
            fields: args.fields,
            requests: args.requests,
            ..Limits::DEFAULT
        };
        let timeouts = Timeouts {
            first_byte: args.first_byte,
            head: args.head_timeout,
            idle: args.idle,
            body_grace: args.body_grace,
            body_rate: args.body_rate,
            write: args.write,
        };
        Ok(Self {
            event_loop: args.event_loop,
            helper: args.helper,
            pool: args.pool,
            request_class: args.request_class,
            sync_request_class: args.sync_request_class,
            access_log: args.access_log,
            max_body: args.max_body,
            limits,
            timeouts,
            router: PyRwLock::default(),
            fallback: PyRwLock::new(None),
            connections: PyMutex::default(),
            max_connections: args.max_connections,
            now: AtomicU64::new(0),
            date: PyMutex::new(imf_fixdate(0)),
            stopping: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
        })
    }
}

impl Service {
    /// Milliseconds of the loop's clock, as of the last tick.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// The value of `Date`.
    pub(crate) fn date(&self) -> [u8; 29] {
        *self.date.lock()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// What a request is led to; counts it.
    pub(crate) fn route(&self, path: &[u8], method: &str) -> Route {
        self.requests.fetch_add(1, Relaxed);
        let router = self.router.read();
        match router.find(path, method) {
            Match::Found(target, parameters) => {
                let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value));
                Route::Found(target.clone(), parameters.collect())
            }
            other => {
                if let Some(target) = self.fallback.read().clone() {
                    return Route::Found(target, Vec::new());
                }
                match other {
                    Match::NotAllowed(methods) => Route::NotAllowed(methods.join(", ")),
                    _ => Route::NotFound,
                }
            }
        }
    }

    /// Takes in a connection; its number, or nothing if there are as many as there may be.
    pub(crate) fn enter(&self, connection: &Py<Connection>) -> Option<u64> {
        let number = self.accepted.fetch_add(1, Relaxed);
        let mut connections = self.connections.lock();
        if connections.len() >= self.max_connections {
            return None;
        }
        connections.insert(number, connection.to_owned());
        Some(number)
    }

    pub(crate) fn leave(&self, number: u64) {
        let removed = self.connections.lock().remove(&number);
        drop(removed);
    }

    fn all(&self) -> Vec<PyRef<Connection>> {
        self.connections.lock().values().cloned().collect()
    }
}

#[derive(FromArgs)]
struct RouteArgs {
    #[pyarg(positional)]
    pattern: Option<String>,
    #[pyarg(positional)]
    method: Option<String>,
    #[pyarg(positional)]
    handler: PyObjectRef,
    #[pyarg(positional)]
    kind: String,
}

#[pyclass(with(Constructor))]
impl Service {
    /// Adds a route, or with `None` as the pattern what takes everything else. `kind` is `async`, `inline`, `pooled` or
    /// `constant`.
    #[pymethod]
    fn add_route(zelf: &Py<Self>, args: RouteArgs, vm: &VirtualMachine) -> PyResult<()> {
        let kind = match args.kind.as_str() {
            "async" => Kind::Async,
            "inline" => Kind::Inline,
            "pooled" => Kind::Pooled,
            "constant" => Kind::Constant,
            other => return Err(vm.new_value_error(format!("unknown kind of a handler: {other:?}"))),
        };
        let target = Target { handler: args.handler, kind };
        let Some(pattern) = args.pattern else {
            *zelf.fallback.write() = Some(target);
            return Ok(());
        };
        let added = zelf.router.write().add(&pattern, args.method.as_deref(), target);
        added.map_err(|error| vm.new_value_error(error.to_string()))
    }

    /// A connection: the protocol for a transport.
    #[pymethod]
    fn connection(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyRef<Connection> {
        Connection::new(zelf).into_ref(&vm.ctx)
    }

    /// Takes note of the time, in milliseconds of the loop's clock and in seconds since 1970, and ends what took too
    /// long.
    #[pymethod]
    fn tick(zelf: &Py<Self>, now: u64, seconds: u64, vm: &VirtualMachine) -> PyResult<()> {
        zelf.now.store(now, Relaxed);
        *zelf.date.lock() = imf_fixdate(seconds);
        for connection in zelf.all() {
            Connection::check_time(&connection, now, vm)?;
        }
        Ok(())
    }

    /// Closes the connections that have no request, and the others after their response.
    #[pymethod]
    fn stop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.stopping.store(true, Relaxed);
        for connection in zelf.all() {
            Connection::stop(&connection, vm)?;
        }
        Ok(())
    }

    /// Ends every connection at once.
    #[pymethod]
    fn abort(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        for connection in zelf.all() {
            Connection::abort(&connection, vm)?;
        }
        Ok(())
    }

    /// How many connections are open.
    #[pygetset]
    fn open_connections(zelf: &Py<Self>) -> usize {
        zelf.connections.lock().len()
    }

    /// How many connections were accepted.
    #[pygetset]
    fn accepted(zelf: &Py<Self>) -> u64 {
        zelf.accepted.load(Relaxed)
    }

    /// How many requests have begun.
    #[pygetset(name = "requests")]
    fn py_requests(zelf: &Py<Self>) -> u64 {
        zelf.requests.load(Relaxed)
    }

    /// How many requests are being answered.
    #[pygetset(name = "in_flight")]
    fn py_in_flight(zelf: &Py<Self>) -> u64 {
        zelf.in_flight.load(Relaxed)
    }
}
