//! The report of an uncaught exception: the traceback, what the network knows about the
//! causes, and a hint where there is one.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, VirtualMachine};

use super::hints;
use crate::guard;

/// How many exceptions of a chain are examined.
const MAX_CHAIN: usize = 32;

/// Prints the traceback as `CPython` does, then a `cause:` for each layer of the network that contributed to it,
/// then a `hint:`. If the script has its own `sys.excepthook`, only that is called.
pub(super) fn print(vm: &VirtualMachine, exception: &PyBaseExceptionRef) {
    let hook = vm.sys_module.get_attr("excepthook", vm);
    if hook.is_ok_and(|hook| !is_stock_hook(vm, &hook, "excepthook")) {
        guard::print_exception(vm, exception);
        return;
    }
    let detached: Vec<_> =
        chain(vm, exception).into_iter().filter_map(|link| network_cause(vm, link)).collect();
    let mut causes = Vec::new();
    for (raised, first) in &detached {
        for text in texts(vm, raised, first) {
            if !causes.contains(&text) {
                causes.push(text);
            }
        }
        raised.set_cause(None);
    }
    guard::print_exception(vm, exception);
    for (raised, first) in detached {
        raised.set_cause(Some(first));
    }
    let stderr = PyStderr(vm);
    for cause in causes {
        stderr.write_fmt(format_args!("cause: {cause}\n"));
    }
    if let Some(hint) = hints::of(vm, exception) {
        stderr.write_fmt(format_args!("hint: {hint}\n"));
    }
}

/// Whether `hook` is the interpreter's own `sys.excepthook` or `sys.displayhook`: `sys` holds two equal ones
/// that are not the same, as `name` and as `__name__`.
pub(super) fn is_stock_hook(vm: &VirtualMachine, hook: &PyObject, name: &str) -> bool {
    let own_name = hook.get_attr("__name__", vm).and_then(|name| name.str(vm));
    hook.class().is(vm.ctx.types.builtin_function_or_method_type)
        && own_name.is_ok_and(|own| own.to_string().trim_matches('_') == name)
}

/// The exception, its causes, and the members of exception groups.
pub(super) fn chain(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Vec<PyBaseExceptionRef> {
    let mut links = vec![exception.clone()];
    let mut position = 0;
    while let Some(link) = links.get(position).filter(|_| links.len() < MAX_CHAIN).cloned() {
        position += 1;
        let group = link.as_object().get_attr("exceptions", vm).ok().filter(|_| is_group(vm, &link));
        let members = group.and_then(|group| group.try_into_value::<Vec<PyObjectRef>>(vm).ok());
        let members = members.unwrap_or_default().into_iter().filter_map(|member| member.downcast().ok());
        links.extend(members.chain(link.__cause__().or_else(|| link.__context__())));
    }
    links
}

fn is_group(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> bool {
    exception.fast_isinstance(vm.ctx.exceptions.base_exception_group)
}

/// Whether the class of the exception is one of `httpx`.
pub(super) fn is_of_httpx(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> bool {
    let module = exception.class().as_object().get_attr("__module__", vm).and_then(|module| module.str(vm));
    module.is_ok_and(|module| module.to_str() == Some("httpx"))
}

/// An exception whose causes are layers below Python, with the first of them: these were not raised by Python code,
/// so they have no traceback.
fn network_cause(
    vm: &VirtualMachine,
    raised: PyBaseExceptionRef,
) -> Option<(PyBaseExceptionRef, PyBaseExceptionRef)> {
    let first = raised.__cause__().filter(|_| is_of_httpx(vm, &raised))?;
    let unraised = chain(vm, &first).iter().all(|cause| cause.__traceback__().is_none());
    unraised.then_some((raised, first))
}

/// The messages of the causes of `raised` that add something.
fn texts(vm: &VirtualMachine, raised: &PyBaseExceptionRef, first: &PyBaseExceptionRef) -> Vec<String> {
    let text = |exception: &PyBaseExceptionRef| {
        exception.as_object().str(vm).map_or_else(|_| String::new(), |text| text.to_string())
    };
    let mut known = vec![text(raised)];
    for cause in chain(vm, first) {
        let text = text(&cause);
        // The number of a system error is in Python's message for it already.
        let text = text.split(" (os error ").next().unwrap_or(&text);
        let text =
            text.rsplit_once("] ").filter(|_| text.starts_with("[Errno ")).map_or(text, |(_, text)| text);
        if !known.iter().any(|known| known.contains(text)) {
            known.push(text.to_owned());
        }
    }
    known.remove(0);
    known
}
