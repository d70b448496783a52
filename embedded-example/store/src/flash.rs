//! Messages in NOR flash: what was committed survives a power cut whole, and nothing else is seen.
//!
//! # How it lies on the flash
//!
//! A message has sectors of its own, and no sector has two messages: several can be stored at once, and
//! deleting one moves no other. The price is that a message takes whole sectors. A sector begins with three
//! records, each of whole words and with a check sum, and each written once between two erasures:
//!
//! | record | written | says |
//! | --- | --- | --- |
//! | label | behind an erasure | how often this sector was erased; which id comes next |
//! | claim | when a draft takes the sector | the id of the message, and which of its sectors this is |
//! | commit | in the first sector of a message, behind all else | how long it is, and its check sum |
//!
//! # Why a power cut does no harm
//!
//! A message is there when its commit, all its sectors and its check sum are right. Before the commit is
//! written it isn't; the commit is the last word that is written, and [`FlashStore::commit`] returns behind
//! it. Deleting erases the first sector: cut within, that leaves a message that is whole or one whose check
//! sum is wrong.
//!
//! A sector that nobody owns is erased before it is used, unless that was done since the last mount: what was
//! cut off may read as erased, and be not.
//!
//! # What it doesn't do
//!
//! A sector under a message that is never deleted isn't worn, and no other takes its place. A sector that has
//! become unusable isn't marked as such: the commit of a message that reads back wrong is refused.

use crc::{CRC_32_ISO_HDLC, Crc, Digest, Table};
use embedded_storage::nor_flash::NorFlash;

use crate::{Id, StoreError};

mod mount;
mod record;
mod sector;

use record::{Commit, Layout};
use sector::{Owner, Sector};

/// The largest word that a flash may be programmed in.
pub const MAX_WORD: usize = 32;

type Sum = Digest<'static, u32, Table<1>>;

static SUM: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// Keeps messages in a flash of up to `SECTORS` sectors, with 16 octets of RAM for each.
#[derive(Debug)]
pub struct FlashStore<F, const SECTORS: usize> {
    flash: F,
    sectors: [Sector; SECTORS],
    next_id: u32,
    damaged: usize,
}

/// A message that is being stored. It takes room until it is committed or aborted, and is gone at the next
/// mount.
#[must_use = "a draft takes room until it is committed or aborted"]
#[derive(Clone)]
pub struct Draft {
    id: u32,
    length: u32,
    sum: Sum,
    /// The sector at work, and the octets of the message in it.
    sector: Option<usize>,
    filled: usize,
    /// Octets that don't fill a word yet.
    word: [u8; MAX_WORD],
    waiting: usize,
}

impl core::fmt::Debug for Draft {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Draft")
            .field("id", &self.id)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

type Result<T, E> = core::result::Result<T, StoreError<E>>;

impl<F: NorFlash, const SECTORS: usize> FlashStore<F, SECTORS> {
    const LAYOUT: Layout = Layout::of(F::WRITE_SIZE, F::ERASE_SIZE);

    /// The octets of a message that a sector holds.
    pub const ROOM: usize = Self::LAYOUT.room();

    /// The flash, for whoever needs to look at it. Writing to it breaks the store.
    pub fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// Begins to store a message. Nothing is written yet.
    pub fn begin(&mut self) -> Draft {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let (sum, word) = (SUM.digest(), [0xFF; MAX_WORD]);
        Draft { id, length: 0, sum, sector: None, filled: 0, word, waiting: 0 }
    }

    /// Adds octets to the end of a draft.
    ///
    /// Erases a sector for every [`ROOM`](Self::ROOM) octets, which takes a chip tens of milliseconds.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`], and what the flash says. The draft is to be aborted then.
    pub fn write(&mut self, draft: &mut Draft, mut octets: &[u8]) -> Result<(), F::Error> {
        draft.sum.update(octets);
        while !octets.is_empty() {
            if draft.waiting == 0 && octets.len() >= F::WRITE_SIZE {
                octets = self.write_words(draft, octets)?;
                continue;
            }
            let space = draft.word.get_mut(draft.waiting..F::WRITE_SIZE).unwrap_or_default();
            let (now, later) = octets.split_at(space.len().min(octets.len()));
            space.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            draft.waiting += now.len();
            octets = later;
            if draft.waiting == F::WRITE_SIZE {
                self.flush(draft)?;
            }
        }
        Ok(())
    }

    /// Makes a draft a message that is kept. When this has returned `Ok`, no power cut loses it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`], [`StoreError::Worn`] when it doesn't read back as it was written, and what the
    /// flash says. The draft is gone then, as if it had been aborted. Only when the flash fails at this very
    /// moment, as for want of power, may the message be there at the next mount all the same.
    pub fn commit(&mut self, mut draft: Draft) -> Result<Id, F::Error> {
        let committed = self.try_commit(&mut draft);
        if committed.is_err() {
            self.abort(draft);
        }
        committed
    }

    /// Gives the room of a draft back.
    pub fn abort(&mut self, draft: Draft) {
        for sector in self.sectors.iter_mut().filter(|sector| sector.is_of(draft.id)) {
            sector.owner = Owner::Nobody { clean: false };
        }
    }

    /// The oldest message that is kept, of those that came after another one. `None` when there is none.
    #[must_use]
    pub fn next(&self, after: Option<Id>) -> Option<Id> {
        let kept = self.sectors.iter().filter_map(Sector::kept).map(Id);
        kept.filter(|id| Some(*id) > after).min()
    }

    /// The messages that are kept, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        core::iter::successors(self.next(None), |last| self.next(Some(*last)))
    }

    /// How many octets a message has. `None` when there is no such message.
    #[must_use]
    pub fn length(&self, id: Id) -> Option<usize> {
        let first = self.sectors.iter().find(|sector| sector.kept() == Some(id.0))?;
        Some(first.length as usize)
    }

    /// Reads from `offset` of a message into `to`, as much as there is and fits; says how much.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] when there is no such message, and what the flash says.
    pub fn read(&mut self, id: Id, offset: usize, to: &mut [u8]) -> Result<usize, F::Error> {
        let length = self.length(id).ok_or(StoreError::Unknown)?;
        let wanted = to.len().min(length.saturating_sub(offset));
        let (mut to, mut at) = (to.split_at_mut(wanted).0, offset);
        while !to.is_empty() {
            let part = (at / Self::ROOM) as u16;
            let sector = self.part(id.0, part).ok_or(StoreError::Unknown)?;
            let within = at % Self::ROOM;
            let (now, later) = to.split_at_mut(to.len().min(Self::ROOM - within));
            self.read_data(sector, within, now)?;
            at += now.len();
            to = later;
        }
        Ok(wanted)
    }

    /// Deletes a message that is kept. Erases a sector.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] when there is no such message, and what the flash says: the message may be
    /// there at the next mount then.
    pub fn delete(&mut self, id: Id) -> Result<(), F::Error> {
        let is_first = |sector: &Sector| sector.kept() == Some(id.0);
        let first = self.sectors.iter().position(is_first).ok_or(StoreError::Unknown)?;
        for sector in self.sectors.iter_mut().filter(|sector| sector.is_of(id.0)) {
            sector.owner = Owner::Nobody { clean: false };
        }
        self.clean(first)
    }

    /// How many octets of new messages there is room for, if they come as one.
    #[must_use]
    pub fn free(&self) -> usize {
        self.sectors.iter().filter(|sector| sector.is_free()).count() * Self::ROOM
    }

    /// Whether a draft can take as many octets more, if no other takes them first.
    #[must_use]
    pub fn fits(&self, draft: &Draft, octets: usize) -> bool {
        let here = draft.sector.map_or(0, |_| Self::ROOM - draft.filled);
        // What waits for its word to be full may be for the next sector.
        octets.saturating_add(draft.waiting) <= here + self.free()
    }

    /// How many octets a message can have at most, in an empty store.
    #[must_use]
    pub fn capacity(&self) -> usize {
        let there = |sector: &&Sector| sector.owner != Owner::NotThere;
        self.sectors.iter().filter(there).count() * Self::ROOM
    }

    /// How often the sectors were erased: the least, and the most.
    #[must_use]
    pub fn wear(&self) -> (u32, u32) {
        let there = || self.sectors.iter().filter(|sector| sector.owner != Owner::NotThere);
        let erased = || there().map(|sector| sector.erased);
        (erased().min().unwrap_or(0), erased().max().unwrap_or(0))
    }

    /// How many messages were committed once and didn't read back whole at the mount: deleting them was cut
    /// off, or the flash has lost octets. They are gone.
    #[must_use]
    pub const fn damaged(&self) -> usize {
        self.damaged
    }

    fn try_commit(&mut self, draft: &mut Draft) -> Result<Id, F::Error> {
        if draft.waiting > 0 {
            self.flush(draft)?;
        }
        if draft.sector.is_none() {
            self.claim(draft)?;
        }
        let commit = Commit { length: draft.length, sum: draft.sum.clone().finalize() };
        if self.sum_of(draft.id, draft.length)? != Some(commit.sum) {
            return Err(StoreError::Worn);
        }
        let first = self.part(draft.id, 0).ok_or(StoreError::Unknown)?;
        self.write_record(first, Self::LAYOUT.commit(), &commit.encode(draft.id))?;
        let there = self.read_record(first, Self::LAYOUT.commit())?;
        if Commit::decode(&there, draft.id) != Some(commit) {
            // It may read back right another time: what nobody may see again has to be erased.
            self.clean(first)?;
            return Err(StoreError::Worn);
        }
        for sector in self.sectors.iter_mut().filter(|sector| sector.is_of(draft.id)) {
            sector.keep(draft.length);
        }
        Ok(Id(draft.id))
    }

    /// Writes the whole words at the beginning of `octets` that fit into the sector; gives back the others.
    fn write_words<'o>(
        &mut self,
        draft: &mut Draft,
        octets: &'o [u8],
    ) -> Result<&'o [u8], F::Error> {
        let sector = match draft.sector {
            Some(sector) if draft.filled < Self::ROOM => sector,
            _ => self.claim(draft)?,
        };
        let whole = octets.len() - octets.len() % F::WRITE_SIZE;
        let (now, later) = octets.split_at(whole.min(Self::ROOM - draft.filled));
        let at = Self::address(sector) + (Self::LAYOUT.data() + draft.filled) as u32;
        self.flash.write(at, now).map_err(StoreError::Flash)?;
        draft.filled += now.len();
        draft.length = draft.length.saturating_add(now.len() as u32);
        Ok(later)
    }

    /// Writes the word that is being filled; the rest of it stays as erased.
    fn flush(&mut self, draft: &mut Draft) -> Result<(), F::Error> {
        let (word, waiting) = (draft.word, draft.waiting);
        self.write_words(draft, word.split_at(F::WRITE_SIZE).0)?;
        draft.length = draft.length.saturating_sub((F::WRITE_SIZE - waiting) as u32);
        draft.word = [0xFF; MAX_WORD];
        draft.waiting = 0;
        Ok(())
    }
}
