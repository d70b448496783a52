use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::vec;

use super::Medium;

/// A medium in a file of this machine.
#[derive(Debug)]
pub struct File {
    file: fs::File,
    capacity: usize,
}

impl File {
    /// Opens a file, or makes an erased one of `capacity` octets.
    ///
    /// # Errors
    ///
    /// When the file can't be opened or made, or is of another size.
    pub fn open(path: &Path, capacity: usize) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match file.metadata()?.len() {
            0 => file.write_all(&vec![0xFF; capacity])?,
            length if length == capacity as u64 => {}
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "of another size")),
        }
        Ok(Self { file, capacity })
    }
}

impl Medium for File {
    type Error = io::Error;

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn read(&mut self, offset: u32, to: &mut [u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.read_exact(to)
    }

    fn program(&mut self, offset: u32, octets: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.write_all(octets)
    }

    fn erase(&mut self, from: u32, to: u32) -> io::Result<()> {
        self.program(from, &vec![0xFF; (to - from) as usize])
    }
}
