//! The last headers of a connection, as objects.

use rustpython_vm::VirtualMachine;
use rustpython_vm::builtins::PyBytesRef;

/// How many headers are kept; a power of two.
const SLOTS: usize = 32;

/// Longer names and values are not kept.
const MAX_LENGTH: usize = 256;

/// The last headers of a connection as objects. A client sends mostly the same ones with each request,
/// and `bytes` do not change: handing out the same object again costs a comparison instead of a copy.
#[derive(Debug, Default)]
pub(crate) struct HeaderCache {
    slots: [Option<(PyBytesRef, PyBytesRef)>; SLOTS],
}

/// The slot of a name. Names that share a slot replace each other.
fn slot(name: &[u8]) -> usize {
    let byte = |at: Option<&u8>| at.map_or(0, |&byte| usize::from(byte));
    let mixed =
        name.len() * 7 + byte(name.first()) * 5 + byte(name.last()) * 3 + byte(name.get(name.len() / 2));
    mixed % SLOTS
}

impl HeaderCache {
    /// A header as objects.
    pub(crate) fn objects(
        &mut self,
        vm: &VirtualMachine,
        name: &[u8],
        value: &[u8],
    ) -> (PyBytesRef, PyBytesRef) {
        let slot = self.slots.get_mut(slot(name));
        let last = slot.as_deref().and_then(Option::as_ref).filter(|(last, _)| last.as_bytes() == name);
        if let Some((name, last)) = last
            && last.as_bytes() == value
        {
            return (name.clone(), last.clone());
        }
        let kept = name.len() <= MAX_LENGTH && value.len() <= MAX_LENGTH;
        let name = last.map_or_else(|| vm.ctx.new_bytes(name.to_vec()), |(name, _)| name.clone());
        let value = vm.ctx.new_bytes(value.to_vec());
        if kept && let Some(slot) = slot {
            *slot = Some((name.clone(), value.clone()));
        }
        (name, value)
    }
}
