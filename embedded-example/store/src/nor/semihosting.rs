use board::host::{File, Mode};

use super::Medium;

/// A medium in a file of the machine that runs the emulator, over semihosting.
///
/// Each write has reached the host's file when the call returns: whatever kills the emulator, the file is as
/// it was at that moment.
#[derive(Debug)]
pub struct HostFile {
    file: File,
    capacity: usize,
}

/// The host refused, or did less than it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRefused;

const ERASED: [u8; 512] = [0xFF; 512];

impl HostFile {
    /// Opens a file, or makes an erased one of `capacity` octets. The name ends in a NUL.
    ///
    /// # Errors
    ///
    /// [`HostRefused`] when it can't be opened or made, or is of another size.
    pub fn open(name: &str, capacity: usize) -> Result<Self, HostRefused> {
        if let Some(file) = File::open(name, Mode::Update) {
            let as_made = file.length() == Some(capacity);
            return if as_made { Ok(Self { file, capacity }) } else { Err(HostRefused) };
        }
        let file = File::open(name, Mode::Create).ok_or(HostRefused)?;
        let mut medium = Self { file, capacity };
        medium.erase(0, u32::try_from(capacity).map_err(|_| HostRefused)?)?;
        Ok(medium)
    }
}

impl Medium for HostFile {
    type Error = HostRefused;

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn read(&mut self, offset: u32, to: &mut [u8]) -> Result<(), HostRefused> {
        done(self.file.seek(offset as usize) && self.file.read(to) == to.len())
    }

    fn program(&mut self, offset: u32, octets: &[u8]) -> Result<(), HostRefused> {
        done(self.file.seek(offset as usize) && self.file.write(octets))
    }

    fn erase(&mut self, from: u32, to: u32) -> Result<(), HostRefused> {
        let mut at = from;
        while at < to {
            let n = ERASED.len().min((to - at) as usize);
            let (some, _) = ERASED.split_at(n);
            self.program(at, some)?;
            at += n as u32;
        }
        Ok(())
    }
}

fn done(all: bool) -> Result<(), HostRefused> {
    if all { Ok(()) } else { Err(HostRefused) }
}
