//! Whether the methods of an object are still the native ones.
//!
//! Programs override the methods of native classes in subclasses, and tests replace them on classes and on
//! objects. Native code that calls such a method goes through attribute lookup then; where nothing was
//! replaced, the call stays in Rust. What was found out is kept for as long as the class and the object's
//! dictionary stay as they are.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::builtins::descriptor::PyMethodDescriptor;
use rustpython_vm::builtins::{PyDict, PyStrInterned, PyType};
use rustpython_vm::{Context, Py, PyObject, VirtualMachine};

/// Methods of a native class, which subclasses may override; at most 32.
#[derive(Debug)]
pub struct NativeMethods<const N: usize> {
    class: fn() -> &'static Py<PyType>,
    names: [&'static str; N],
    interned: OnceLock<[&'static PyStrInterned; N]>,
}

/// Which of the methods of a [`NativeMethods`] an object overrides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides(u32);

/// The [`Overrides`] of one object, computed again when its class or its dictionary changes.
#[derive(Debug, Default)]
pub struct OverrideCache {
    /// The version of the class in the upper half, its overrides in the lower; 0 for unknown.
    class: AtomicU64,
    /// What [`fingerprint`] said of the object's dictionary when it held none of the methods; 0 for unknown.
    dict: AtomicU64,
}

impl Overrides {
    /// Whether the method at `index` of the [`NativeMethods`] is overridden.
    pub fn contains(self, index: usize) -> bool {
        u32::try_from(index)
            .ok()
            .and_then(|index| 1_u32.checked_shl(index))
            .is_some_and(|bit| self.0 & bit != 0)
    }

    /// Whether nothing is overridden.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any method of `other` is overridden.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set of the methods at these indices, for [`intersects`](Self::intersects).
    pub fn of(indices: impl IntoIterator<Item = usize>) -> Self {
        let mut overrides = Self::default();
        indices.into_iter().for_each(|index| overrides.insert(index));
        overrides
    }

    fn insert(&mut self, index: usize) {
        self.0 |= u32::try_from(index).ok().and_then(|index| 1_u32.checked_shl(index)).unwrap_or_default();
    }
}

impl<const N: usize> NativeMethods<N> {
    /// The methods of these names that `class`, or a native class derived from it, defines.
    ///
    /// # Panics
    /// For more than 32 names; when compiling, as it is for constants.
    pub const fn new(class: fn() -> &'static Py<PyType>, names: [&'static str; N]) -> Self {
        assert!(N <= 32, "overrides are a set of 32 bits");
        Self { class, names, interned: OnceLock::new() }
    }

    fn names(&self) -> &[&'static PyStrInterned; N] {
        self.interned.get_or_init(|| self.names.map(|name| Context::genesis().intern_str(name)))
    }

    /// Whether `class` has the native method of this name. One of another class, or under another name, was
    /// put there by the program.
    fn is_native(&self, class: &Py<PyType>, name: &'static PyStrInterned) -> bool {
        class.get_attr(name).is_some_and(|found| {
            found.downcast_ref::<PyMethodDescriptor>().is_some_and(|found| {
                let owner: &Py<PyType> = found.common.typ;
                std::ptr::eq(found.common.name, name)
                    && owner.fast_issubclass((self.class)())
                    && class.fast_issubclass(owner)
            })
        })
    }

    fn of_class(&self, class: &Py<PyType>) -> Overrides {
        let overridden =
            |(index, name): (usize, &&'static PyStrInterned)| (!self.is_native(class, name)).then_some(index);
        Overrides::of(self.names().iter().enumerate().filter_map(overridden))
    }

    /// Which methods the class of `object`, or the object itself, overrides.
    pub fn overrides(&self, object: &PyObject, vm: &VirtualMachine) -> Overrides {
        OverrideCache::default().overrides(object, self, vm)
    }
}

/// A value that changes when something is added to a dictionary, and when it is another one. The size counts
/// deleted entries too: whatever is added changes it.
fn fingerprint(dict: &Py<PyDict>) -> u64 {
    let size = dict.size();
    let size = (size.entries_size as u64) << 32 | size.used as u64;
    size ^ (std::ptr::from_ref(dict).addr() as u64).rotate_left(16)
}

impl OverrideCache {
    /// Which of `methods` the class of `object`, or the object itself, overrides. A cache belongs to one
    /// object and one [`NativeMethods`].
    pub fn overrides<const N: usize>(
        &self,
        object: &PyObject,
        methods: &NativeMethods<N>,
        vm: &VirtualMachine,
    ) -> Overrides {
        let mut overrides = self.of_class(object.class(), methods);
        if let Some(dict) = object.dict()
            && !dict.is_empty()
        {
            let fingerprint = fingerprint(&dict);
            if self.dict.load(Ordering::Relaxed) == fingerprint {
                return overrides;
            }
            let mut found = false;
            for (index, name) in methods.names().iter().enumerate() {
                if dict.contains_key(*name, vm) {
                    overrides.insert(index);
                    found = true;
                }
            }
            self.dict.store(if found { 0 } else { fingerprint }, Ordering::Relaxed);
        }
        overrides
    }

    fn of_class<const N: usize>(&self, class: &Py<PyType>, methods: &NativeMethods<N>) -> Overrides {
        let known = self.class.load(Ordering::Acquire);
        let version = class.tp_version_tag.load(Ordering::Acquire);
        if version != 0 && known >> 32 == u64::from(version) {
            return Overrides(u32::try_from(known & u64::from(u32::MAX)).unwrap_or_default());
        }
        let overrides = methods.of_class(class);
        // Looking an attribute up gives a class that was changed a version; a change in between gives it
        // another one, and the result is not kept.
        if version != 0 && class.tp_version_tag.load(Ordering::Acquire) == version {
            self.class.store(u64::from(version) << 32 | u64::from(overrides.0), Ordering::Release);
        }
        overrides
    }
}
