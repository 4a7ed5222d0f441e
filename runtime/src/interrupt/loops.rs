//! Checks in native loops.
//!
//! `sum(range(10**12))` is one instruction, inside of which nothing checks whether to stop, nor whether a thread
//! collects garbage, which all interpreters of the process do together. But a native loop draws from an iterator;
//! iterators over a script's own objects run its code, and these are the native ones.

use std::cell::Cell;

use rustpython_vm::builtins::PyType;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::{Py, PyObject, PyResult, VirtualMachine};
use tauraro_bridge::check_interrupts;

use super::replacements::LAYER;
use crate::interpose::{Change, Next, SlotOriginal, patch_type};

/// How many values are drawn between two checks.
const STRIDE: u32 = 1024;

/// How many classes there are.
const COUNT: usize = 24;

/// What their `__next__` was.
static ORIGINALS: [SlotOriginal<Next>; COUNT] = [const { SlotOriginal::new() }; COUNT];

/// What takes its place.
static REPLACEMENTS: [Next; COUNT] = [
    next::<0>, next::<1>, next::<2>, next::<3>, next::<4>, next::<5>, next::<6>, next::<7>, next::<8>,
    next::<9>, next::<10>, next::<11>, next::<12>, next::<13>, next::<14>, next::<15>, next::<16>,
    next::<17>, next::<18>, next::<19>, next::<20>, next::<21>, next::<22>, next::<23>,
];

/// The classes of `itertools` that can yield many values without drawing from another iterator.
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
    match ORIGINALS.get(N).and_then(SlotOriginal::get) {
        Some(original) => original(iterator, vm),
        None => Err(vm.new_system_error("an iterator has lost its original")),
    }
}

/// Adds the checks to the interpreter's own iterators, which are in no module.
///
/// # Errors
/// None in practice.
pub(super) fn patch_builtins(vm: &VirtualMachine) -> PyResult<()> {
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
        patch_type(class, LAYER.name(), |class| {
            Ok(change(class, ITERTOOLS.len() + index).into_iter().collect())
        })?;
    }
    Ok(())
}

/// The change of an iterator class, whose `index` is its own.
pub(super) fn change(class: &Py<PyType>, index: usize) -> Option<Change> {
    let (original, replacement) = (ORIGINALS.get(index)?, REPLACEMENTS.get(index)?);
    Some(Change::Next(original, class.slots.iternext.load()?, *replacement))
}
