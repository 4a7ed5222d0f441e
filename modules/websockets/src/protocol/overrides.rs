//! Whether the methods of a protocol are the native ones.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::builtins::PyType;
use rustpython_vm::{AsObject, Context, Py, PyObject, PyObjectRef, VirtualMachine};

use super::Protocol;

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

/// The methods that the state machine calls itself.
const INTERNAL: [&str; 2] = ["recv_frame", "send_frame"];

/// The methods that an object overrides, as a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overrides(u32);

impl Overrides {
    const CALLED: u32 = 1;
    const RECV_FRAME: u32 = 2;
    const SEND_FRAME: u32 = 4;

    /// Whether a method is overridden that connections call.
    pub(super) const fn any_called(self) -> bool {
        self.0 & Self::CALLED != 0
    }

    /// Whether `recv_frame` is overridden.
    pub(super) const fn recv_frame(self) -> bool {
        self.0 & Self::RECV_FRAME != 0
    }

    /// Whether `send_frame` is overridden.
    pub(super) const fn send_frame(self) -> bool {
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

/// The overrides of one object, computed again when its class or its dictionary changes.
#[derive(Debug, Default)]
pub(super) struct OverrideCache {
    /// The version of the class in the upper half, its overrides in the lower half.
    class: AtomicU64,
    /// The size of the object's dictionary when it held none of the methods; 0 for unknown. A dictionary to which
    /// something is added grows, even if as much was removed before.
    dict: AtomicU64,
}

/// The methods as they were when the class was created, which happens once in a process.
static BUILTIN: OnceLock<Vec<Option<PyObjectRef>>> = OnceLock::new();

/// Records the methods of the class, before anything can change them.
pub(super) fn record_builtin(class: &Py<PyType>, ctx: &Context) {
    let names = CALLED.into_iter().chain(INTERNAL);
    BUILTIN.get_or_init(|| names.map(|name| class.get_attr(ctx.intern_str(name))).collect());
}

fn is_builtin(attribute: &PyObject, index: usize) -> bool {
    BUILTIN.get().and_then(|builtin| builtin.get(index)?.as_ref()).is_some_and(|it| it.is(attribute))
}

fn scan(class: &Py<PyType>, ctx: &Context) -> Overrides {
    let mut overrides = Overrides(0);
    for (index, name) in CALLED.into_iter().chain(INTERNAL).enumerate() {
        let attribute = class.get_attr(ctx.intern_str(name));
        if !attribute.is_some_and(|attribute| is_builtin(&attribute, index)) {
            overrides.add(name);
        }
    }
    overrides
}

impl Protocol {
    /// Which methods the class of this object, or the object, overrides. Free of lookups while nothing changes.
    pub(super) fn overrides(zelf: &Py<Self>, vm: &VirtualMachine) -> Overrides {
        let class = zelf.class();
        let known = zelf.override_cache.class.load(Ordering::Acquire);
        let version = class.tp_version_tag.load(Ordering::Acquire);
        let bits = u32::try_from(known & u64::from(u32::MAX)).unwrap_or_default();
        let seen = u32::try_from(known >> 32).unwrap_or_default();
        let mut overrides = if version != 0 && seen == version {
            Overrides(bits)
        } else {
            let overrides = scan(class, &vm.ctx);
            // The lookups give a class that was changed a version; a change in between gives it another one.
            if version != 0 && class.tp_version_tag.load(Ordering::Acquire) == version {
                let value = u64::from(version) << 32 | u64::from(overrides.0);
                zelf.override_cache.class.store(value, Ordering::Release);
            }
            overrides
        };
        if let Some(dict) = zelf.as_object().dict()
            && !dict.is_empty()
        {
            let size = dict.size();
            let size = (size.entries_size as u64) << 32 | size.used as u64;
            if zelf.override_cache.dict.load(Ordering::Relaxed) == size {
                return overrides;
            }
            let mut found = false;
            for name in CALLED.into_iter().chain(INTERNAL) {
                if dict.contains_key(vm.ctx.intern_str(name), vm) {
                    overrides.add(name);
                    found = true;
                }
            }
            zelf.override_cache.dict.store(if found { 0 } else { size }, Ordering::Relaxed);
        }
        overrides
    }

    /// Whether the native methods do what the object's methods, called through Python, would do.
    pub(crate) fn is_native(zelf: &Py<Self>, vm: &VirtualMachine) -> bool {
        !Self::overrides(zelf, vm).any_called()
    }
}
