//! Whether a protocol's methods are what is written here.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::builtins::PyType;
use rustpython_vm::{AsObject, Context, Py, PyObject, PyObjectRef, VirtualMachine};

use super::PyProtocol;

/// The methods that connections call.
const CALLED: [&str; 12] = [
    "receive_data",
    "receive_eof",
    "send_continuation",
    "send_text",
    "send_binary",
    "send_close",
    "send_ping",
    "send_pong",
    "fail",
    "events_received",
    "data_to_send",
    "close_expected",
];

/// The methods that the machine would call.
const INNER: [&str; 2] = ["recv_frame", "send_frame"];

/// What a class overrides; [`Methods::NATIVE`] is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Methods(u32);

impl Methods {
    const CALLED: u32 = 1;
    const RECV_FRAME: u32 = 2;
    const SEND_FRAME: u32 = 4;

    /// Whether a method is overridden that connections call.
    pub(super) const fn overrides_called(self) -> bool {
        self.0 & Self::CALLED != 0
    }

    /// Whether `recv_frame` is overridden.
    pub(super) const fn overrides_recv_frame(self) -> bool {
        self.0 & Self::RECV_FRAME != 0
    }

    /// Whether `send_frame` is overridden.
    pub(super) const fn overrides_send_frame(self) -> bool {
        self.0 & Self::SEND_FRAME != 0
    }

    fn add(&mut self, name: &str) {
        self.0 |= match name {
            "recv_frame" => Self::RECV_FRAME,
            "send_frame" => Self::SEND_FRAME,
            _ => Self::CALLED,
        };
    }
}

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// About a version of the class: the version above, the methods below.
    class: AtomicU64,
    /// The size of the object's dictionary when no method was in it; 0 for none. A dictionary to which something is
    /// added grows, even if as much was removed before.
    dict: AtomicU64,
}

/// The methods as they were when the class was made; it is made once in a process.
static OURS: OnceLock<Vec<Option<PyObjectRef>>> = OnceLock::new();

/// Remembers the methods of the class, before anybody can change them.
pub(super) fn remember(class: &Py<PyType>, ctx: &Context) {
    let names = CALLED.into_iter().chain(INNER);
    OURS.get_or_init(|| names.map(|name| class.get_attr(ctx.intern_str(name))).collect());
}

fn is_ours(attribute: &PyObject, index: usize) -> bool {
    OURS.get().and_then(|ours| ours.get(index)?.as_ref()).is_some_and(|ours| ours.is(attribute))
}

fn look(class: &Py<PyType>, ctx: &Context) -> Methods {
    let mut methods = Methods(0);
    for (index, name) in CALLED.into_iter().chain(INNER).enumerate() {
        let attribute = class.get_attr(ctx.intern_str(name));
        if !attribute.is_some_and(|attribute| is_ours(&attribute, index)) {
            methods.add(name);
        }
    }
    methods
}

impl PyProtocol {
    /// Which methods the class of this object, or the object, overrides. Costs nothing where nothing changes.
    pub(super) fn methods(zelf: &Py<Self>, vm: &VirtualMachine) -> Methods {
        let class = zelf.class();
        let known = zelf.known.class.load(Ordering::Acquire);
        let version = class.tp_version_tag.load(Ordering::Acquire);
        let bits = u32::try_from(known & u64::from(u32::MAX)).unwrap_or_default();
        let seen = u32::try_from(known >> 32).unwrap_or_default();
        let mut methods = if version != 0 && seen == version {
            Methods(bits)
        } else {
            let methods = look(class, &vm.ctx);
            // Looking gives a class that was changed a version; a change meanwhile gives it another one.
            if version != 0 && class.tp_version_tag.load(Ordering::Acquire) == version {
                zelf.known.class.store(u64::from(version) << 32 | u64::from(methods.0), Ordering::Release);
            }
            methods
        };
        if let Some(dict) = zelf.as_object().dict()
            && !dict.is_empty()
        {
            let size = dict.size();
            let size = (size.entries_size as u64) << 32 | size.used as u64;
            if zelf.known.dict.load(Ordering::Relaxed) == size {
                return methods;
            }
            let mut found = false;
            for name in CALLED.into_iter().chain(INNER) {
                if dict.contains_key(vm.ctx.intern_str(name), vm) {
                    methods.add(name);
                    found = true;
                }
            }
            zelf.known.dict.store(if found { 0 } else { size }, Ordering::Relaxed);
        }
        methods
    }

    /// Whether the methods of this file do what the object's methods, called by Python, would do.
    pub(crate) fn is_native(zelf: &Py<Self>, vm: &VirtualMachine) -> bool {
        !Self::methods(zelf, vm).overrides_called()
    }
}
