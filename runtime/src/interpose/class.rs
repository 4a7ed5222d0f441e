//! Changes of native classes: all of a class or nothing, once in a process.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustpython_vm::builtins::{PyModule, PyStrInterned, PyType, PyTypeRef};
use rustpython_vm::function::{Callee, FuncArgs, PyMethodDef, PyMethodFlags};
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::{Layer, Replacement, module};

/// What `__init__` of a class is.
pub(crate) type Initializer = fn(&PyObject, FuncArgs, &VirtualMachine) -> PyResult<()>;

/// What `__new__` of a class is.
pub(crate) type Constructor = fn(PyTypeRef, FuncArgs, &VirtualMachine) -> PyResult;

/// What `__next__` of a class is.
pub(crate) type Next = fn(&PyObject, &VirtualMachine) -> PyResult<PyIterReturn>;

/// A slot function as it was, for its replacement: a plain function that can hold nothing.
pub(crate) type SlotOriginal<F> = OnceLock<F>;

/// A change of a class. Making it cannot fail.
pub(crate) enum Change {
    /// An attribute: a method, a property.
    Attribute(&'static PyStrInterned, PyObjectRef),
    /// `__init__`: where to keep the original, and what takes its place.
    Initializer(&'static SlotOriginal<Initializer>, Initializer, Initializer),
    Constructor(&'static SlotOriginal<Constructor>, Constructor, Constructor),
    Next(&'static SlotOriginal<Next>, Next, Next),
}

impl Change {
    /// `__new__` of `class`.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn constructor(
        vm: &VirtualMachine,
        class: &'static Py<PyType>,
        place: &'static SlotOriginal<Constructor>,
        replacement: Constructor,
    ) -> PyResult<Self> {
        let original = class.slots.new.load();
        let original =
            original.ok_or_else(|| vm.new_type_error(format!("{} has no __new__", class.name())))?;
        Ok(Self::Constructor(place, original, replacement))
    }

    fn make(self, class: &'static Py<PyType>) {
        // The original first: the replacement may be called from the moment it is there.
        match self {
            Self::Attribute(name, value) => class.set_attr(name, value),
            Self::Initializer(place, original, replacement) => {
                let _ = place.set(original);
                class.slots.init.store(Some(replacement));
            }
            Self::Constructor(place, original, replacement) => {
                let _ = place.set(original);
                class.slots.new.store(Some(replacement));
            }
            Self::Next(place, original, replacement) => {
                let _ = place.set(original);
                class.slots.iternext.store(Some(replacement));
            }
        }
    }
}

/// The classes whose changes were made, each with the layer that made them.
static PATCHED: Mutex<Option<HashSet<(usize, &'static str)>>> = Mutex::new(None);

/// Makes the changes of a class of `module` that `layer` wants.
///
/// # Errors
/// When the class is not as expected; then nothing of it is changed.
pub(super) fn patch(
    vm: &VirtualMachine,
    layer: &dyn Layer,
    module: &str,
    name: &'static str,
    object: &Py<PyModule>,
) -> PyResult<()> {
    let class = object.as_object().get_attr(name, vm)?;
    let Ok(class) = class.downcast::<PyType>() else {
        return Err(vm.new_type_error(format!("{name} is not a class")));
    };
    patch_type(&class, layer.name(), |class| layer.changes(vm, module, name, class))
}

/// Makes changes of a class, unless `layer` has made them already. Whichever thread they were made by, they are
/// complete when this returns.
///
/// # Errors
/// What `changes` raised; then nothing of the class is changed.
pub(crate) fn patch_type(
    class: &Py<PyType>,
    layer: &'static str,
    changes: impl FnOnce(&'static Py<PyType>) -> PyResult<Vec<Change>>,
) -> PyResult<()> {
    let key = (class.get_id(), layer);
    let patched = || PATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if patched().get_or_insert_default().contains(&key) {
        return Ok(());
    }
    // The class of a native module lives as long as the process.
    let class: &'static Py<PyType> = Box::leak(Box::new(class.to_owned()));
    // Several threads may get here. Each sees the originals, because changes are only made by the first to have
    // the lock, which then remembers the class.
    let changes = changes(class)?;
    let mut patched = patched();
    if patched.get_or_insert_default().insert(key) {
        for change in changes {
            change.make(class);
        }
    }
    Ok(())
}

/// The change of a method of `class`.
///
/// # Errors
/// When it has none of that name.
pub(crate) fn method_change(
    vm: &VirtualMachine,
    owner: &str,
    class: &'static Py<PyType>,
    name: &str,
    replacement: Replacement,
) -> PyResult<Change> {
    let Some(method) = class.slots.methods.iter().find(|method| method.name == name) else {
        return Err(vm.new_attribute_error(format!("{owner} has no method {name}")));
    };
    let method: &'static PyMethodDef = Box::leak(Box::new(module::replacing(owner, method, replacement)));
    Ok(Change::Attribute(vm.ctx.intern_str(method.name), method.to_proper_method(class, &vm.ctx)))
}

/// The changes of `__init__` of `class`: the slot, and the attribute by which it is called by name.
///
/// # Errors
/// When it has none.
pub(crate) fn initializer_changes(
    vm: &VirtualMachine,
    class: &'static Py<PyType>,
    place: &'static SlotOriginal<Initializer>,
    replacement: Initializer,
) -> PyResult<[Change; 2]> {
    let original = class.slots.init.load();
    let original = original.ok_or_else(|| vm.new_type_error(format!("{} has no __init__", class.name())))?;
    let by_name = move |vm: &VirtualMachine, mut args: FuncArgs, _: Callee| -> PyResult {
        let Some(zelf) = args.take_positional() else {
            return Err(vm.new_type_error("__init__() needs an argument"));
        };
        if !zelf.fast_isinstance(class) {
            return Err(vm.new_type_error(format!("__init__() requires a '{}' object", class.name())));
        }
        replacement(&zelf, args, vm).map(|()| vm.ctx.none())
    };
    let method: &'static PyMethodDef = Box::leak(Box::new(PyMethodDef {
        name: "__init__",
        func: Box::leak(Box::new(by_name)),
        flags: PyMethodFlags::METHOD,
        doc: None,
    }));
    let attribute = Change::Attribute(vm.ctx.intern_str("__init__"), method.to_proper_method(class, &vm.ctx));
    Ok([Change::Initializer(place, original, replacement), attribute])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::thread;
    use std::time::Duration;

    use crate::Runtime;

    use super::*;

    fn refuse(_: PyTypeRef, _: FuncArgs, vm: &VirtualMachine) -> PyResult {
        Err(vm.new_runtime_error("guarded"))
    }

    /// A layer that replaces `__new__` of a class, after `before` has returned.
    struct Guard<F> {
        original: &'static SlotOriginal<Constructor>,
        before: F,
    }

    impl<F: Fn(&VirtualMachine) -> PyResult<()> + Sync> Layer for Guard<F> {
        fn name(&self) -> &'static str {
            "test"
        }

        fn modules(&self) -> Vec<&'static str> {
            Vec::new()
        }

        fn function(&self, _: &str, _: &str) -> Option<Replacement> {
            None
        }

        fn changes(
            &self,
            vm: &VirtualMachine,
            _: &str,
            _: &str,
            class: &'static Py<PyType>,
        ) -> PyResult<Vec<Change>> {
            let change = Change::constructor(vm, class, self.original, refuse)?;
            (self.before)(vm)?;
            Ok(vec![change])
        }
    }

    /// Patches a class of a module, as an import does.
    fn patch_in(
        runtime: &Runtime,
        layer: &dyn Layer,
        module: &'static str,
        class: &'static str,
    ) -> PyResult<()> {
        runtime.enter(|vm| {
            let object = vm.import(module, 0)?.downcast::<PyModule>().expect("a module");
            patch(vm, layer, module, class, &object)
        })
    }

    fn error_of(runtime: &Runtime, source: &str) -> Option<String> {
        runtime.run_string(source, "x.py").err().map(|error| error.message().to_owned())
    }

    #[test]
    fn a_class_that_could_not_be_patched_is_unchanged_and_patched_by_the_next_import() {
        static ORIGINAL: SlotOriginal<Constructor> = SlotOriginal::new();
        let has_failed = AtomicBool::new(false);
        let layer = Guard {
            original: &ORIGINAL,
            before: |vm: &VirtualMachine| {
                let is_second = has_failed.swap(true, Ordering::SeqCst);
                if is_second { Ok(()) } else { Err(vm.new_runtime_error("half-way")) }
            },
        };
        let runtime = Runtime::builder().build().expect("a runtime");
        let make = "import _random; _random.Random()";
        patch_in(&runtime, &layer, "_random", "Random").expect_err("fails half-way");
        assert_eq!(error_of(&runtime, make), None);
        patch_in(&runtime, &layer, "_random", "Random").expect("works");
        assert_eq!(error_of(&runtime, make).as_deref(), Some("guarded"));
    }

    #[test]
    fn a_class_is_patched_when_an_import_returns_while_another_thread_patches_it() {
        static ORIGINAL: SlotOriginal<Constructor> = SlotOriginal::new();
        fn slow_import(halfway: SyncSender<()>, checked: Receiver<()>) {
            let wait = Mutex::new(move |vm: &VirtualMachine| {
                halfway.send(()).expect("the other thread waits");
                // Detached, because the other thread may collect garbage, which waits for all that are attached.
                let waited = vm.allow_threads(|| checked.recv_timeout(Duration::from_mins(1)));
                assert_eq!(waited, Ok(()), "the other import did not wait for this one");
                Ok(())
            });
            let before = |vm: &VirtualMachine| wait.lock().expect("no panic")(vm);
            let runtime = Runtime::builder().build().expect("a runtime");
            let layer = Guard { original: &ORIGINAL, before };
            patch_in(&runtime, &layer, "_struct", "Struct").expect("works");
        }
        let (halfway, is_halfway) = sync_channel(1);
        let (checked, is_checked) = sync_channel(1);
        let slow = thread::Builder::new().stack_size(8 << 20);
        let slow = slow.spawn(move || slow_import(halfway, is_checked)).expect("a thread");
        is_halfway.recv().expect("half-way");
        let runtime = Runtime::builder().build().expect("a runtime");
        let layer = Guard { original: &ORIGINAL, before: |_: &VirtualMachine| Ok(()) };
        patch_in(&runtime, &layer, "_struct", "Struct").expect("works");
        let make = "import _struct; _struct.Struct('i')";
        assert_eq!(error_of(&runtime, make).as_deref(), Some("guarded"));
        checked.send(()).expect("the other thread waits");
        slow.join().expect("no panic");
        // What the slow thread took for the original was discarded.
        assert_eq!(error_of(&runtime, make).as_deref(), Some("guarded"));
        assert!(
            ORIGINAL.get().is_some_and(|original| !std::ptr::fn_addr_eq(*original, refuse as Constructor))
        );
    }
}
