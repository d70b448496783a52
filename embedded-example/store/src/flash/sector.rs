//! Sectors: what is known of each, and who gets the next one.

use embedded_storage::nor_flash::NorFlash;

use super::record::{Claim, Label, RECORD};
use super::{Draft, FlashStore, MAX_WORD, Result, SUM};
use crate::StoreError;

/// What is known of a sector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sector {
    pub(super) owner: Owner,
    /// How often it was erased.
    pub(super) erased: u32,
    /// The octets of the message that it belongs to, when that is kept.
    pub(super) length: u32,
}

/// Who has a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The flash has fewer sectors.
    NotThere,
    /// To be had; `clean` when it was erased since the mount and not touched since.
    Nobody { clean: bool },
    /// A draft or a message, as the part of it that this is.
    Message { id: u32, part: u16, kept: bool },
}

impl Sector {
    pub(super) const NOT_THERE: Self = Self { owner: Owner::NotThere, erased: 0, length: 0 };

    pub(super) fn is_of(&self, wanted: u32) -> bool {
        matches!(self.owner, Owner::Message { id, .. } if id == wanted)
    }

    pub(super) fn is_free(&self) -> bool {
        matches!(self.owner, Owner::Nobody { .. })
    }

    /// The message that this is the first sector of, if it is kept.
    pub(super) fn kept(&self) -> Option<u32> {
        match self.owner {
            Owner::Message { id, part: 0, kept: true } => Some(id),
            _ => None,
        }
    }

    pub(super) fn keep(&mut self, octets: u32) {
        if let Owner::Message { kept, .. } = &mut self.owner {
            *kept = true;
            self.length = octets;
        }
    }
}

impl<F: NorFlash, const SECTORS: usize> FlashStore<F, SECTORS> {
    pub(super) fn address(sector: usize) -> u32 {
        (sector * F::ERASE_SIZE) as u32
    }

    /// The sector that is a part of a message.
    pub(super) fn part(&self, id: u32, part: u16) -> Option<usize> {
        self.sectors.iter().position(|sector| {
            matches!(sector.owner, Owner::Message { id: i, part: p, .. } if (i, p) == (id, part))
        })
    }

    /// Gives a draft its next sector: of those to be had the one that was erased least.
    pub(super) fn claim(&mut self, draft: &mut Draft) -> Result<usize, F::Error> {
        let free = self.sectors.iter().enumerate().filter(|(_, sector)| sector.is_free());
        let least = free.min_by_key(|(_, s)| (s.erased, s.owner != Owner::Nobody { clean: true }));
        let (sector, found) = least.ok_or(StoreError::Full)?;
        if found.owner != (Owner::Nobody { clean: true }) {
            self.clean(sector)?;
        }
        let part = match draft.sector {
            Some(_) => (draft.length / Self::ROOM as u32) as u16,
            None => 0,
        };
        let claim = Claim { id: draft.id, part };
        // From here on it isn't clean any more, whether the flash fails or not.
        self.set_owner(sector, Owner::Nobody { clean: false });
        self.write_record(sector, Self::LAYOUT.claim(), &claim.encode())?;
        self.set_owner(sector, Owner::Message { id: claim.id, part, kept: false });
        draft.sector = Some(sector);
        draft.filled = 0;
        Ok(sector)
    }

    /// Erases a sector and labels it.
    pub(super) fn clean(&mut self, sector: usize) -> Result<(), F::Error> {
        self.set_owner(sector, Owner::Nobody { clean: false });
        let at = Self::address(sector);
        let erased = match self.sectors.get_mut(sector) {
            Some(sector) => {
                sector.erased = sector.erased.saturating_add(1);
                sector.erased
            }
            None => return Err(StoreError::Unknown),
        };
        self.flash.erase(at, at + F::ERASE_SIZE as u32).map_err(StoreError::Flash)?;
        let label = Label { erased, next_id: self.next_id };
        self.write_record(sector, Self::LAYOUT.label(), &label.encode())?;
        self.set_owner(sector, Owner::Nobody { clean: true });
        Ok(())
    }

    fn set_owner(&mut self, sector: usize, owner: Owner) {
        if let Some(sector) = self.sectors.get_mut(sector) {
            sector.owner = owner;
        }
    }

    pub(super) fn write_record(
        &mut self,
        sector: usize,
        at: usize,
        record: &[u8; RECORD],
    ) -> Result<(), F::Error> {
        let mut slot = [0xFF; MAX_WORD];
        slot.iter_mut().zip(record).for_each(|(to, from)| *to = *from);
        let (octets, _) = slot.split_at(Self::LAYOUT.slot());
        self.flash.write(Self::address(sector) + at as u32, octets).map_err(StoreError::Flash)
    }

    pub(super) fn read_record(
        &mut self,
        sector: usize,
        at: usize,
    ) -> Result<[u8; RECORD], F::Error> {
        let mut record = [0; RECORD];
        self.read_at(Self::address(sector) + at as u32, &mut record)?;
        Ok(record)
    }

    /// Reads octets of the message that a sector holds.
    pub(super) fn read_data(
        &mut self,
        sector: usize,
        within: usize,
        to: &mut [u8],
    ) -> Result<(), F::Error> {
        self.read_at(Self::address(sector) + (Self::LAYOUT.data() + within) as u32, to)
    }

    /// The check sum of the first `length` octets of a message, as they are on the flash. `None` when a
    /// sector of it is missing.
    pub(super) fn sum_of(&mut self, id: u32, length: u32) -> Result<Option<u32>, F::Error> {
        let mut sum = SUM.digest();
        let mut left = length as usize;
        for part in 0..=u16::MAX {
            let Some(sector) = self.part(id, part) else { return Ok(None) };
            let end = left.min(Self::ROOM);
            let mut octets = [0; 64];
            for within in (0..end).step_by(octets.len()) {
                let length = octets.len().min(end - within);
                let (some, _) = octets.split_at_mut(length);
                self.read_data(sector, within, some)?;
                sum.update(some);
            }
            left -= end;
            if left == 0 {
                return Ok(Some(sum.finalize()));
            }
        }
        Ok(None)
    }

    /// Reads from anywhere, in words where the flash can't but.
    fn read_at(&mut self, mut at: u32, mut to: &mut [u8]) -> Result<(), F::Error> {
        const { assert!(F::READ_SIZE > 0 && F::READ_SIZE <= MAX_WORD, "words of up to 32 octets") };
        if F::READ_SIZE == 1 {
            return self.flash.read(at, to).map_err(StoreError::Flash);
        }
        while !to.is_empty() {
            let skip = at as usize % F::READ_SIZE;
            let mut word = [0; MAX_WORD];
            let (word, _) = word.split_at_mut(F::READ_SIZE);
            self.flash.read(at - skip as u32, word).map_err(StoreError::Flash)?;
            let (now, later) = to.split_at_mut(to.len().min(F::READ_SIZE - skip));
            now.iter_mut().zip(word.iter().skip(skip)).for_each(|(to, from)| *to = *from);
            at += now.len() as u32;
            to = later;
        }
        Ok(())
    }
}
