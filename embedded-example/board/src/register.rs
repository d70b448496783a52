//! The registers of a peripheral.

use core::ptr;

/// A block of 32-bit registers of a peripheral at a fixed address.
pub(crate) struct Block(usize);

impl Block {
    /// # Safety
    ///
    /// At `base` there has to be a peripheral with registers at every offset that is read or written,
    /// and nothing that Rust takes for memory.
    pub(crate) const unsafe fn new(base: usize) -> Self {
        Self(base)
    }

    pub(crate) fn read(&self, offset: usize) -> u32 {
        // SAFETY: whoever made the block said that this is a register.
        unsafe { ptr::read_volatile((self.0 + offset) as *const u32) }
    }

    pub(crate) fn write(&self, offset: usize, value: u32) {
        // SAFETY: whoever made the block said that this is a register.
        unsafe { ptr::write_volatile((self.0 + offset) as *mut u32, value) }
    }
}
