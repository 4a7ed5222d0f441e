//! The checks of the network: names are resolved here, and the original gets the very address that was checked.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock};

use rustpython_vm::builtins::{PyStr, PyTuple, PyType};
use rustpython_vm::function::{ArgBytesLike, ArgStrOrBytesLike, FuncArgs};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, TryFromObject, VirtualMachine};
use tauraro_permissions::{Denial, PermissionChecker, UnixName};

use super::arguments::{get, number, set, text};
use super::layer::initialize;
use super::{Call, denied};
use crate::interpose::{Initializer, Original, SlotOriginal};

pub(super) static ORIGINAL_INIT: SlotOriginal<Initializer> = SlotOriginal::new();

/// What the checks use of the class `_socket.socket`, as it was.
struct Native {
    family: PyObjectRef,
    getsockname: Original,
}

static NATIVE: OnceLock<Native> = OnceLock::new();

pub(super) fn remember_class(vm: &VirtualMachine, class: &'static Py<PyType>) -> PyResult<()> {
    let family = class.get_attr(vm.ctx.intern_str("family"));
    let getsockname = Original::of_class(class, "getsockname");
    let (Some(family), Some(getsockname)) = (family, getsockname) else {
        return Err(vm.new_attribute_error("the class socket has no family or getsockname"));
    };
    let _ = NATIVE.set(Native { family, getsockname });
    Ok(())
}

fn native(vm: &VirtualMachine) -> PyResult<&'static Native> {
    NATIVE.get().ok_or_else(|| vm.new_runtime_error("the class socket is not ready"))
}

/// The family that the methods of a socket go by.
fn family(vm: &VirtualMachine, socket: &PyObject) -> PyResult<i32> {
    let member = &native(vm)?.family;
    match member.class().slots.descr_get.load() {
        Some(read) => number(vm, &*read(member, Some(socket), None, vm)?),
        None => Err(vm.new_runtime_error("a socket has no family")),
    }
}

/// In place of `socket.__init__`: raw packets and other families are not bound to addresses.
pub(super) fn init(zelf: &PyObject, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
    initialize(zelf, args, vm, &ORIGINAL_INIT, check_making)
}

fn check_making(vm: &VirtualMachine, checker: &PermissionChecker, args: &mut FuncArgs) -> PyResult<()> {
    let mut numbers = [-1; 3];
    for ((index, name), place) in ["family", "type", "proto"].into_iter().enumerate().zip(&mut numbers) {
        if let Some(value) = get(args, index, name) {
            *place = number::<i32>(vm, &value)?;
            set(args, index, name, vm.ctx.new_int(*place).into());
        }
    }
    let [family, kind, _] = numbers;
    let kind = if kind == -1 { libc::SOCK_STREAM } else { kind & 0xf };
    let known_family = [-1, libc::AF_INET, libc::AF_INET6, libc::AF_UNIX].contains(&family);
    let known_kind = [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_SEQPACKET].contains(&kind);
    if known_family && known_kind || !checker.permissions().restricts_net() {
        return Ok(());
    }
    let what = format!("a socket of family {family} and type {kind}");
    checker.other_network(&what).map_err(|denial| denied(vm, &denial))
}

/// An address that a socket is to use.
enum Address {
    Internet(String, SocketAddr),
    Unix(UnixName),
    Other(i32),
}

/// Reads the address argument of a socket's method, resolving a name that `may_resolve` allows. Also what to pass
/// on in its place.
fn address(
    vm: &VirtualMachine,
    socket: &PyObject,
    value: &PyObject,
    may_resolve: impl FnOnce(&str, u16) -> Result<(), Denial>,
) -> PyResult<(Address, PyObjectRef)> {
    let family = family(vm, socket)?;
    if family == libc::AF_UNIX {
        let bytes = match ArgStrOrBytesLike::try_from_object(vm, value.to_owned())? {
            ArgStrOrBytesLike::Str(text) => vm.fsencode(&text)?.as_encoded_bytes().to_vec(),
            ArgStrOrBytesLike::Buf(bytes) => bytes.borrow_buf().to_vec(),
        };
        // The system would use the path up to there.
        if bytes.first() != Some(&0) && bytes.contains(&0) {
            return Err(vm.new_value_error("embedded null byte in the path of a Unix socket"));
        }
        let name = UnixName::new(&bytes);
        return Ok((Address::Unix(name), vm.ctx.new_bytes(bytes).into()));
    }
    if family != libc::AF_INET && family != libc::AF_INET6 {
        return Ok((Address::Other(family), value.to_owned()));
    }
    let parts = value.downcast_ref::<PyTuple>().map(Py::as_slice);
    let (Some([host, port, rest @ ..]), true) = (parts, parts.is_some_and(|parts| parts.len() <= 4)) else {
        return Err(vm.new_type_error(format!(
            "a socket's address must be a tuple (host, port), not {}",
            value.class().name()
        )));
    };
    let Some(host) = host.downcast_ref::<PyStr>() else {
        return Err(vm.new_type_error(format!("a host must be str, not {}", host.class().name())));
    };
    let host = host.to_string_lossy().into_owned();
    let port: i64 = number(vm, port)?;
    let port = u16::try_from(port).map_err(|_| vm.new_overflow_error("port must be 0-65535."))?;
    let found = match literal(&host, family) {
        Some(ip) if !host.contains('%') => SocketAddr::new(ip, port),
        _ => {
            may_resolve(&host, port).map_err(|denial| denied(vm, &denial))?;
            let (sought, wants_v4) = (host.clone(), family == libc::AF_INET);
            #[expect(
                clippy::disallowed_methods,
                reason = "the checker was asked about the name, and will be asked about its address"
            )]
            let found = vm.allow_threads(move || (sought.as_str(), port).to_socket_addrs());
            let found = found.map_err(|error| unresolved(vm, &error.to_string()))?;
            let mut found = found.filter(|found| found.is_ipv4() == wants_v4);
            found
                .next()
                .ok_or_else(|| unresolved(vm, &format!("{host} has no address of the socket's family")))?
        }
    };
    let mut parts: Vec<PyObjectRef> =
        vec![vm.ctx.new_str(found.ip().to_string()).into(), vm.ctx.new_int(port).into()];
    if let SocketAddr::V6(found) = found {
        let mut numbers = [0, found.scope_id()];
        for (value, place) in rest.iter().zip(&mut numbers) {
            *place = number(vm, value)?;
        }
        parts.extend(numbers.map(|number| vm.ctx.new_int(number).into()));
    }
    Ok((Address::Internet(host, found), vm.ctx.new_tuple(parts).into()))
}

/// The address that `host` is a literal of; `""` and `<broadcast>` are the socket module's own.
fn literal(host: &str, family: i32) -> Option<IpAddr> {
    let v4 = family == libc::AF_INET;
    match host {
        "" => Some(if v4 { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) }),
        "<broadcast>" if v4 => Some(IpAddr::from([255; 4])),
        _ => host.parse().ok().filter(|ip: &IpAddr| ip.is_ipv4() == v4),
    }
}

fn unresolved(vm: &VirtualMachine, text: &str) -> rustpython_vm::builtins::PyBaseExceptionRef {
    let made = vm.import("_socket", 0).and_then(|module| module.get_attr("gaierror", vm));
    match made.and_then(|class| class.call((-2, text.to_owned()), vm)).map(PyObjectRef::downcast) {
        Ok(Ok(exception)) => exception,
        _ => vm.new_os_error(text.to_owned()),
    }
}

/// Checks the address argument at `index` as one to connect or send to.
fn check_target(call: &mut Call<'_>, index: usize) -> PyResult<()> {
    let (vm, checker) = (call.vm, Arc::clone(call.checker));
    let (Some(socket), Some(value)) = (call.args.args.first().cloned(), call.args.args.get(index).cloned())
    else {
        return Ok(());
    };
    let (address, fixed) = address(vm, &socket, &value, |host, port| checker.resolve(host, Some(port)))?;
    set(&mut call.args, index, "", fixed);
    let verdict = match &address {
        Address::Internet(host, found) => checker.connect(host, *found),
        Address::Unix(name) => checker.connect_unix(name),
        Address::Other(family) => checker.other_network(&format!("a socket of family {family}")),
    };
    call.check(verdict)
}

pub(super) fn connect(mut call: Call<'_>) -> PyResult {
    check_target(&mut call, 1)?;
    call.proceed()
}

/// `sendto(data, address)` and `sendto(data, flags, address)`.
pub(super) fn sendto(mut call: Call<'_>) -> PyResult {
    let last = call.args.args.len().saturating_sub(1);
    if (2..=3).contains(&last) {
        check_target(&mut call, last)?;
    }
    call.proceed()
}

/// `sendmsg(buffers, ancdata, flags, address)`.
pub(super) fn sendmsg(mut call: Call<'_>) -> PyResult {
    if call.args.args.get(4).is_some_and(|address| !call.vm.is_none(address)) {
        check_target(&mut call, 4)?;
    }
    call.proceed()
}

pub(super) fn sendmsg_afalg(call: Call<'_>) -> PyResult {
    let verdict = call.checker.other_network("a socket of the kernel's cryptography");
    call.proceed_if(verdict)
}

pub(super) fn bind(mut call: Call<'_>) -> PyResult {
    let (vm, checker) = (call.vm, Arc::clone(call.checker));
    let (Some(socket), Some(value)) = (call.args.args.first().cloned(), call.args.args.get(1).cloned())
    else {
        return call.proceed();
    };
    let (address, fixed) = address(vm, &socket, &value, |host, port| may_look_up_own(&checker, host, port))?;
    set(&mut call.args, 1, "", fixed);
    let verdict = match &address {
        Address::Internet(host, found) => checker.listen(host, *found),
        Address::Unix(name) => checker.listen_unix(name),
        Address::Other(family) => checker.other_listener(&format!("a socket of family {family}")),
    };
    call.proceed_if(verdict)
}

/// A name to listen at needs permission to be looked up, unless it is the machine's own.
fn may_look_up_own(checker: &PermissionChecker, host: &str, port: u16) -> Result<(), Denial> {
    if host == "localhost" { Ok(()) } else { checker.resolve(host, Some(port)) }
}

/// The system binds a socket that listens without an address to a free port of every interface.
pub(super) fn listen(call: Call<'_>) -> PyResult {
    let vm = call.vm;
    let Some(socket) = call.args.args.first().cloned() else { return call.proceed() };
    let family = family(vm, &socket)?;
    if family != libc::AF_INET && family != libc::AF_INET6 {
        return call.proceed();
    }
    let name = native(vm)?.getsockname.call(vm, vec![socket])?;
    let port = name.downcast_ref::<PyTuple>().and_then(|name| name.as_slice().get(1));
    let port: i64 = port.map_or(Ok(0), |port| number(vm, port))?;
    if port != 0 {
        // Checked when it was bound.
        return call.proceed();
    }
    let any = if family == libc::AF_INET { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    let verdict = call.checker.listen("", SocketAddr::new(any, 0));
    call.proceed_if(verdict)
}

/// Checks a name to be looked up, at `index` or called `name`. Returns it.
fn check_name(call: &mut Call<'_>, index: usize, name: &str) -> PyResult<Option<String>> {
    let vm = call.vm;
    let Some(value) = get(&call.args, index, name).filter(|value| !vm.is_none(value)) else {
        return Ok(None);
    };
    let host = match text(&value) {
        Some(host) => host,
        None => String::from_utf8_lossy(&ArgBytesLike::try_from_object(vm, value)?.borrow_buf()).into_owned(),
    };
    let fixed = vm.ctx.new_str(host.as_str()).into();
    set(&mut call.args, index, name, fixed);
    if host.is_empty() || host == "<broadcast>" || host.parse::<IpAddr>().is_ok() {
        return Ok(None);
    }
    let verdict = call.checker.resolve(&host, None);
    call.check(verdict)?;
    Ok(Some(host))
}

pub(super) fn getaddrinfo(mut call: Call<'_>) -> PyResult {
    let host = check_name(&mut call, 0, "host")?;
    let (vm, checker) = (call.vm, Arc::clone(call.checker));
    let found = call.proceed()?;
    if let Some(host) = host {
        let entries: Vec<PyObjectRef> = vm.extract_elements_with(&found, Ok)?;
        let addresses = entries.iter().filter_map(|entry| {
            let address = entry.downcast_ref::<PyTuple>()?.as_slice().get(4)?.downcast_ref::<PyTuple>()?;
            text(address.as_slice().first()?)?.parse().ok()
        });
        checker.remember(&host, addresses.collect::<Vec<IpAddr>>());
    }
    Ok(found)
}

/// `gethostbyname` and `gethostbyname_ex`.
pub(super) fn gethostbyname(mut call: Call<'_>) -> PyResult {
    let host = check_name(&mut call, 0, "name")?;
    let checker = Arc::clone(call.checker);
    let found = call.proceed()?;
    if let Some(host) = host {
        let addresses = match found.downcast_ref::<PyTuple>() {
            Some(parts) => match parts
                .as_slice()
                .get(2)
                .and_then(|list| list.downcast_ref::<rustpython_vm::builtins::PyList>())
            {
                Some(list) => list.borrow_vec().iter().filter_map(|address| text(address)).collect(),
                None => Vec::new(),
            },
            None => text(&found).into_iter().collect(),
        };
        checker.remember(&host, addresses.iter().filter_map(|address| address.parse().ok()));
    }
    Ok(found)
}

/// Looking up the name of an address tells others the address.
pub(super) fn gethostbyaddr(mut call: Call<'_>) -> PyResult {
    if check_name(&mut call, 0, "addr")?.is_none()
        && let Some(host) = get(&call.args, 0, "addr").and_then(|host| text(&host))
        && let Ok(ip) = host.parse::<IpAddr>()
    {
        let verdict = call.checker.connect(&host, SocketAddr::new(ip, 0));
        call.check(verdict)?;
    }
    call.proceed()
}

pub(super) fn getnameinfo(mut call: Call<'_>) -> PyResult {
    let vm = call.vm;
    let (Some(address), Some(flags)) = (call.args.args.first().cloned(), call.args.args.get(1).cloned())
    else {
        return call.proceed();
    };
    let flags: i32 = number(vm, &flags)?;
    let fixed = vm.ctx.new_int(flags).into();
    set(&mut call.args, 1, "flags", fixed);
    if flags & libc::NI_NUMERICHOST == 0
        && let Some(parts) = address.downcast_ref::<PyTuple>()
        && let [host, ..] = parts.as_slice()
        && let Some(host) = text(host)
    {
        let bare = host.split_once('%').map_or(host.as_str(), |(address, _)| address);
        let ip = bare.parse::<IpAddr>().map_err(|_| unresolved(vm, &format!("invalid address: {host}")))?;
        let verdict = call.checker.connect(&host, SocketAddr::new(ip, 0));
        call.check(verdict)?;
    }
    call.proceed()
}

/// The system's log is a service of others.
pub(super) fn system_log(checker: &PermissionChecker) -> Result<(), Denial> {
    checker.connect_unix(&UnixName::new(b"/dev/log"))
}
