//! The allocator of the program: mimalloc, called in the fastest way.

use std::alloc::{GlobalAlloc, Layout};

use libmimalloc_sys::{mi_malloc, mi_realloc, mi_zalloc};
use mimalloc::MiMalloc;

/// mimalloc. Its functions for aligned memory allocate more than requested, unless the size is a power of two or a
/// suitable block is free, which they check first. The plain functions do neither, and Rust rarely requests more
/// than the alignment of a word.
pub(crate) struct Allocator;

/// The alignment of blocks that the plain functions return, unless the block is smaller.
const WORD: usize = 8;

fn is_plain(size: usize, align: usize) -> bool {
    align <= WORD && align <= size
}

/// Checks what [`is_plain`] relies on: a version of mimalloc may align blocks differently.
#[inline]
fn aligned(block: *mut u8, align: usize) -> *mut u8 {
    debug_assert!(block.addr().is_multiple_of(align), "mimalloc aligns blocks to their size");
    block
}

#[expect(unsafe_code, reason = "the contract of an allocator is unsafe")]
// SAFETY: every block is one of mimalloc's, whichever of its functions returned it, and all of them are freed and
// resized alike. `mi_malloc` and its relatives align blocks to the largest power of two, up to 16, that is not more
// than their size; the test below checks that.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_plain(layout.size(), layout.align()) {
            // SAFETY: any size is valid.
            return aligned(unsafe { mi_malloc(layout.size()) }.cast(), layout.align());
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_plain(layout.size(), layout.align()) {
            // SAFETY: any size is valid.
            return aligned(unsafe { mi_zalloc(layout.size()) }.cast(), layout.align());
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { MiMalloc.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if is_plain(new_size, layout.align()) {
            // SAFETY: the block is mimalloc's, as the caller promises.
            return aligned(unsafe { mi_realloc(block.cast(), new_size) }.cast(), layout.align());
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { MiMalloc.realloc(block, layout, new_size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Several blocks of each size, because the first of a page may be aligned by chance.
    #[test]
    #[expect(unsafe_code, reason = "calls an allocator")]
    fn every_size_is_aligned() {
        for size in 1..=64 {
            for align in [1, 2, 4, 8, 16, 32] {
                let layout = Layout::from_size_align(size, align).expect("a valid layout");
                let blocks = (0..100).map(|_| {
                    // SAFETY: the size is not 0.
                    let blocks = unsafe { [Allocator.alloc(layout), Allocator.alloc_zeroed(layout)] };
                    // SAFETY: the block is of this layout, and the new size is not 0.
                    let grown = unsafe { Allocator.realloc(Allocator.alloc(layout), layout, size + 1) };
                    let grown_layout = Layout::from_size_align(size + 1, align).expect("a valid layout");
                    [(blocks[0], layout), (blocks[1], layout), (grown, grown_layout)]
                });
                for (block, layout) in blocks.collect::<Vec<_>>().into_iter().flatten() {
                    assert!(!block.is_null());
                    assert_eq!(block.addr() % align, 0, "{size} bytes aligned to {align}");
                    // SAFETY: the block is of this layout.
                    unsafe { Allocator.dealloc(block, layout) };
                }
            }
        }
    }
}
