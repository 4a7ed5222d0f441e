//! What was found out about an object, for as long as nothing about it changes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use rustpython_vm::PyObject;

/// The version of an object's class and the size of its dictionary, at which its attributes were looked at.
#[derive(Debug, Default)]
pub(super) struct AttributeCacheKey {
    /// Zero for none: classes that have a version count from one.
    class: AtomicU32,
    dictionary: AtomicU64,
}

/// The size of an object's dictionary, with the entries that were deleted: adding anything changes it.
fn dictionary(object: &PyObject) -> u64 {
    object.dict().map_or(0, |dict| {
        let size = dict.size();
        (size.entries_size as u64) << 32 | size.used as u64
    })
}

impl AttributeCacheKey {
    /// Whether the object is as it was when it was remembered.
    pub(super) fn matches(&self, object: &PyObject) -> bool {
        let class = self.class.load(Relaxed);
        class != 0
            && class == object.class().tp_version_tag.load(Relaxed)
            && self.dictionary.load(Relaxed) == dictionary(object)
    }

    /// Remembers how the object is.
    pub(super) fn remember(&self, object: &PyObject) {
        self.dictionary.store(dictionary(object), Relaxed);
        self.class.store(object.class().tp_version_tag.load(Relaxed), Relaxed);
    }

    /// Forgets, because another object will be asked about.
    pub(super) fn forget(&self) {
        self.class.store(0, Relaxed);
    }
}
