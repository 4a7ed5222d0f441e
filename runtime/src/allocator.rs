//! The allocator of the program: mimalloc, asked in the way that it answers quickest.

use std::alloc::{GlobalAlloc, Layout};

use libmimalloc_sys::{mi_malloc, mi_realloc, mi_zalloc};
use mimalloc::MiMalloc;

/// mimalloc. Its functions for aligned memory set aside more than they are asked for unless the size
/// is a power of two or a block happens to be at hand, and look for that one first; the plain ones do
/// neither, and what Rust asks for is hardly ever aligned to more than a word.
pub(crate) struct Allocator;

/// What the plain functions align everything to that is not smaller.
const WORD: usize = 8;

fn is_plain(size: usize, align: usize) -> bool {
    align <= WORD && align <= size
}

#[expect(unsafe_code, reason = "the contract of an allocator is unsafe")]
// SAFETY: every block is one of mimalloc's, whichever of its functions it came from, and all of them
// are freed and resized alike. `mi_malloc` and its kin align blocks to the largest power of two, up to
// 16, that is not more than their size.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_plain(layout.size(), layout.align()) {
            // SAFETY: any size will do.
            return unsafe { mi_malloc(layout.size()) }.cast();
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_plain(layout.size(), layout.align()) {
            // SAFETY: any size will do.
            return unsafe { mi_zalloc(layout.size()) }.cast();
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
            return unsafe { mi_realloc(block.cast(), new_size) }.cast();
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { MiMalloc.realloc(block, layout, new_size) }
    }
}
