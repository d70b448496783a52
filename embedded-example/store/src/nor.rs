//! A NOR flash where there is none: in memory, or in a file, with the rules of the real one enforced.
//!
//! [`Nor`] knows the rules, a [`Medium`] only holds octets:
//!
//! - a sector is erased as a whole, to `0xFF`;
//! - a word is programmed once: what was programmed is erased before it is programmed again;
//! - what is programmed or erased begins and ends at the borders of words or sectors.
//!
//! Breaking one is an error, as on a chip that keeps check bits beside each word.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

#[cfg(feature = "std")]
mod file;
#[cfg(feature = "semihosting")]
mod semihosting;

#[cfg(feature = "std")]
pub use file::File;
#[cfg(feature = "semihosting")]
pub use semihosting::HostFile;

/// Holds the octets of an emulated flash.
pub trait Medium {
    /// How it fails.
    type Error: core::fmt::Debug;

    /// How many octets it holds.
    fn capacity(&self) -> usize;

    /// Reads `to.len()` octets from `offset`.
    ///
    /// # Errors
    ///
    /// When the medium fails.
    fn read(&mut self, offset: u32, to: &mut [u8]) -> Result<(), Self::Error>;

    /// Writes `octets` to `offset`.
    ///
    /// # Errors
    ///
    /// When the medium fails; what of it was written is not known.
    fn program(&mut self, offset: u32, octets: &[u8]) -> Result<(), Self::Error>;

    /// Writes `0xFF` to the octets from `from` to before `to`.
    ///
    /// # Errors
    ///
    /// When the medium fails; what of it was erased is not known.
    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error>;
}

/// A flash that is programmed in words of `WORD` octets and erased in sectors of `SECTOR`.
#[derive(Debug)]
pub struct Nor<M, const WORD: usize, const SECTOR: usize> {
    medium: M,
}

/// Why an emulated flash failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NorError<E> {
    /// An address or a length is not a multiple of the word or the sector.
    NotAligned,
    /// An address is behind the end.
    OutOfBounds,
    /// A word was programmed before, and has not been erased since.
    NotErased,
    /// The medium failed.
    Medium(E),
}

impl<E: core::fmt::Debug> NorFlashError for NorError<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotErased | Self::Medium(_) => NorFlashErrorKind::Other,
        }
    }
}

impl<M: Medium, const WORD: usize, const SECTOR: usize> Nor<M, WORD, SECTOR> {
    /// A flash on a medium. Octets behind the last whole sector are not used.
    pub const fn new(medium: M) -> Self {
        const { assert!(WORD > 0 && SECTOR.is_multiple_of(WORD), "sectors are of whole words") };
        Self { medium }
    }

    /// The medium.
    pub fn medium(&mut self) -> &mut M {
        &mut self.medium
    }

    fn check(&self, offset: u32, length: usize, unit: usize) -> Result<(), NorError<M::Error>> {
        let offset = offset as usize;
        if !offset.is_multiple_of(unit) || !length.is_multiple_of(unit) {
            return Err(NorError::NotAligned);
        }
        match offset.checked_add(length) {
            Some(end) if end <= self.capacity() => Ok(()),
            _ => Err(NorError::OutOfBounds),
        }
    }
}

impl<M: Medium, const WORD: usize, const SECTOR: usize> ErrorType for Nor<M, WORD, SECTOR> {
    type Error = NorError<M::Error>;
}

impl<M: Medium, const WORD: usize, const SECTOR: usize> ReadNorFlash for Nor<M, WORD, SECTOR> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.check(offset, bytes.len(), 1)?;
        self.medium.read(offset, bytes).map_err(NorError::Medium)
    }

    fn capacity(&self) -> usize {
        let capacity = self.medium.capacity();
        capacity - capacity % SECTOR
    }
}

impl<M: Medium, const WORD: usize, const SECTOR: usize> NorFlash for Nor<M, WORD, SECTOR> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let length = to.checked_sub(from).ok_or(NorError::OutOfBounds)?;
        self.check(from, length as usize, SECTOR)?;
        self.medium.erase(from, to).map_err(NorError::Medium)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.check(offset, bytes.len(), WORD)?;
        let mut there = [0; WORD];
        for word in (offset..).step_by(WORD).take(bytes.len() / WORD) {
            self.medium.read(word, &mut there).map_err(NorError::Medium)?;
            if there.iter().any(|octet| *octet != 0xFF) {
                return Err(NorError::NotErased);
            }
        }
        self.medium.program(offset, bytes).map_err(NorError::Medium)
    }
}

/// A medium in memory. A chip comes erased: fill it with `0xFF`.
#[derive(Clone, Debug)]
pub struct Memory<const OCTETS: usize>(pub [u8; OCTETS]);

/// An address that is not in the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotThere;

impl<const OCTETS: usize> Memory<OCTETS> {
    /// An erased one.
    #[must_use]
    pub const fn erased() -> Self {
        Self([0xFF; OCTETS])
    }

    fn range(&mut self, offset: u32, length: usize) -> Result<&mut [u8], NotThere> {
        let offset = offset as usize;
        let end = offset.checked_add(length).ok_or(NotThere)?;
        self.0.get_mut(offset..end).ok_or(NotThere)
    }
}

impl<const OCTETS: usize> Medium for Memory<OCTETS> {
    type Error = NotThere;

    fn capacity(&self) -> usize {
        OCTETS
    }

    fn read(&mut self, offset: u32, to: &mut [u8]) -> Result<(), NotThere> {
        to.copy_from_slice(self.range(offset, to.len())?);
        Ok(())
    }

    fn program(&mut self, offset: u32, octets: &[u8]) -> Result<(), NotThere> {
        self.range(offset, octets.len())?.copy_from_slice(octets);
        Ok(())
    }

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NotThere> {
        self.range(from, (to - from) as usize)?.fill(0xFF);
        Ok(())
    }
}
