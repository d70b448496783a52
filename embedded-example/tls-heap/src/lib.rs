//! The heap of the programs with TLS: rustls wants `alloc`, and nothing else here does.
//!
//! Linking this crate sets the global allocator. Call [`init`] before anything is allocated.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_alloc::LlffHeap;

/// How many octets the heap has: 40 KiB for each of eight connections, since that is what one takes whose peer
/// sends the largest records there are. What doesn't fit ends the program, so that it has to.
pub const SIZE: usize = 320 * 1024;

struct Measured {
    heap: LlffHeap,
    most: AtomicUsize,
}

#[global_allocator]
static HEAP: Measured = Measured { heap: LlffHeap::empty(), most: AtomicUsize::new(0) };

/// Gives the heap its memory. Only the first call does anything.
pub fn init() {
    static ONCE: AtomicUsize = AtomicUsize::new(0);
    if ONCE.swap(1, Ordering::Relaxed) == 0 {
        static mut OCTETS: [MaybeUninit<u8>; SIZE] = [MaybeUninit::uninit(); SIZE];
        // SAFETY: nobody else can name this memory, and this line runs once.
        unsafe { HEAP.heap.init((&raw mut OCTETS).addr(), SIZE) }
    }
}

/// The most octets that were ever in use, and how many there are.
#[must_use]
pub fn high_water() -> (usize, usize) {
    (HEAP.most.load(Ordering::Relaxed), SIZE)
}

// SAFETY: everything is left to a heap that is an allocator; counting changes nothing.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller has promised.
        let octets = unsafe { self.heap.alloc(layout) };
        self.most.fetch_max(self.heap.used(), Ordering::Relaxed);
        octets
    }

    unsafe fn dealloc(&self, octets: *mut u8, layout: Layout) {
        // SAFETY: as the caller has promised.
        unsafe { self.heap.dealloc(octets, layout) }
    }
}
