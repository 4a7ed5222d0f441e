//! Looking around in native loops.
//!
//! `sum(range(10**12))` is one instruction, inside of which nothing asks whether to stop, nor whether somebody
//! collects garbage, which all interpreters of the process do together. But whatever loops natively draws from
//! an iterator; and while those over a script's own objects run its code, the native ones are these.

use std::cell::Cell;
use std::sync::OnceLock;

use rustpython_vm::builtins::PyType;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::{Py, PyObject, PyResult, VirtualMachine};
use tauraro_bridge::check_interrupts;

/// How many values are drawn between two looks.
const STRIDE: u32 = 1024;

type Next = fn(&PyObject, &VirtualMachine) -> PyResult<PyIterReturn>;

/// How many classes there are.
const COUNT: usize = 24;

/// What their `__next__` was.
static ORIGINALS: [OnceLock<Next>; COUNT] = [const { OnceLock::new() }; COUNT];

/// What takes its place.
static REPLACEMENTS: [Next; COUNT] = [
    next::<0>, next::<1>, next::<2>, next::<3>, next::<4>, next::<5>, next::<6>, next::<7>, next::<8>,
    next::<9>, next::<10>, next::<11>, next::<12>, next::<13>, next::<14>, next::<15>, next::<16>,
    next::<17>, next::<18>, next::<19>, next::<20>, next::<21>, next::<22>, next::<23>,
];

/// The classes of `itertools` that need no other iterator to go on for long.
pub(super) const ITERTOOLS: [&str; 7] =
    ["count", "cycle", "repeat", "product", "permutations", "combinations", "combinations_with_replacement"];

fn next<const N: usize>(iterator: &PyObject, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
    thread_local! {
        static DRAWN: Cell<u32> = const { Cell::new(0) };
    }
    let drawn = DRAWN.get().wrapping_add(1);
    DRAWN.set(drawn);
    if drawn.is_multiple_of(STRIDE) {
        check_interrupts(vm)?;
    }
    match ORIGINALS.get(N).and_then(OnceLock::get) {
        Some(original) => original(iterator, vm),
        None => Err(vm.new_system_error("an iterator has lost its original")),
    }
}

/// Makes the interpreter's own iterators look around. They are the process's, so this happens once.
pub(super) fn watch_builtins(vm: &VirtualMachine) {
    let types = &vm.ctx.types;
    let builtins = [
        types.range_iterator_type,
        types.long_range_iterator_type,
        types.callable_iterator,
        types.iter_type,
        types.reverse_iter_type,
        types.list_iterator_type,
        types.list_reverseiterator_type,
        types.tuple_iterator_type,
        types.str_iterator_type,
        types.bytes_iterator_type,
        types.bytearray_iterator_type,
        types.memoryviewiterator_type,
        types.dict_keyiterator_type,
        types.dict_valueiterator_type,
        types.dict_itemiterator_type,
        types.set_iterator_type,
    ];
    for (index, class) in builtins.into_iter().enumerate() {
        watch(class, ITERTOOLS.len() + index);
    }
}

/// Makes instances of a class look around: the class's `index` is its own.
pub(super) fn watch(class: &Py<PyType>, index: usize) {
    let (Some(original), Some(replacement)) = (ORIGINALS.get(index), REPLACEMENTS.get(index)) else { return };
    if let Some(next) = class.slots.iternext.load()
        && original.set(next).is_ok()
    {
        class.slots.iternext.store(Some(*replacement));
    }
}
