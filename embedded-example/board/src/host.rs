//! What the host of the emulator gives by semihosting: arguments, files and the time. A debugger does the same
//! for a real board; without either the program stops at the first call.
//!
//! The operations are those of Arm's "Semihosting for AArch32 and AArch64", section 6.

use cortex_m_semihosting::{nr, syscall, syscall1};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To be read.
    Read = 1,
    /// To be read and written; it has to be there.
    Update = 3,
    /// To be read and written, from nothing.
    Create = 7,
}

/// A file of the host. It is closed when it is dropped.
#[derive(Debug)]
pub struct File(usize);

impl File {
    /// Opens a file; its name ends in a NUL. `None` when it can't be.
    #[must_use]
    pub fn open(name: &str, mode: Mode) -> Option<Self> {
        let name = name.strip_suffix('\0')?;
        // SAFETY: OPEN takes a text that ends in a NUL, a mode, and the length of the text.
        let handle = unsafe { syscall!(OPEN, name.as_ptr(), mode as usize, name.len()) };
        (handle != usize::MAX).then_some(Self(handle))
    }

    /// Reads from where the file stands; how many octets there were.
    pub fn read(&self, octets: &mut [u8]) -> usize {
        // SAFETY: READ writes at most as many octets as it is told, to memory that is ours alone.
        let missing = unsafe { syscall!(READ, self.0, octets.as_mut_ptr(), octets.len()) };
        octets.len().saturating_sub(missing)
    }

    /// Writes where the file stands; whether all of it was written.
    #[must_use]
    pub fn write(&self, octets: &[u8]) -> bool {
        // SAFETY: WRITE reads as many octets as it is told, which are there.
        unsafe { syscall!(WRITE, self.0, octets.as_ptr(), octets.len()) == 0 }
    }

    /// Where to read or write next, from the beginning; whether the file could be set there.
    #[must_use]
    pub fn seek(&self, at: usize) -> bool {
        // SAFETY: SEEK takes two numbers.
        unsafe { syscall!(SEEK, self.0, at) == 0 }
    }

    /// How many octets the file has.
    #[must_use]
    pub fn length(&self) -> Option<usize> {
        // SAFETY: LENGTH takes a number.
        let length = unsafe { syscall!(FLEN, self.0) };
        (length != usize::MAX).then_some(length)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: CLOSE takes a number; nobody uses the handle behind this.
        unsafe { syscall!(CLOSE, self.0) };
    }
}

/// The command line that the host gave: QEMU's `-semihosting-config …,arg=…`, with a space between
/// two. `None` when it doesn't fit, or is no text.
#[must_use]
pub fn arguments(space: &mut [u8]) -> Option<&str> {
    let mut block = [space.as_mut_ptr().expose_provenance(), space.len()];
    // SAFETY: GET_CMDLINE takes memory of ours and how much of it there is, and writes the length of
    // the text back into the block, which is why that is lent for writing.
    let failed = unsafe { syscall1(nr::GET_CMDLINE, (&raw mut block).expose_provenance()) };
    if failed != 0 {
        return None;
    }
    core::str::from_utf8(space.get(..block[1])?).ok()
}

/// What time it is for the host: seconds since 1970.
#[must_use]
pub fn time() -> u32 {
    // SAFETY: TIME takes nothing.
    unsafe { syscall1(nr::TIME, 0) as u32 }
}
