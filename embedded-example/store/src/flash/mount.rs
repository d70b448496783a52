//! Mounting: what the sectors say, and which messages are whole.

use embedded_storage::nor_flash::NorFlash;

use super::record::{Claim, Commit, Label};
use super::sector::{Owner, Sector};
use super::{FlashStore, Result};

impl<F: NorFlash, const SECTORS: usize> FlashStore<F, SECTORS> {
    /// Looks for messages on a flash, be it new or one whose power was cut. Nothing is written.
    ///
    /// Every octet of every message is read. Sectors behind the first `SECTORS` are not used.
    ///
    /// # Errors
    ///
    /// What the flash says.
    pub fn mount(flash: F) -> Result<Self, F::Error> {
        const { assert!(SECTORS > 0 && SECTORS < u16::MAX as usize, "1 to 65,534 sectors") };
        let there = (flash.capacity() / F::ERASE_SIZE).min(SECTORS);
        let sectors = [Sector::NOT_THERE; SECTORS];
        let mut store = Self { flash, sectors, next_id: 1, damaged: 0 };
        for sector in 0..there {
            let found = store.look_at(sector)?;
            if let Some(place) = store.sectors.get_mut(sector) {
                *place =
                    found.unwrap_or(Sector { owner: Owner::Nobody { clean: false }, ..*place });
            }
        }
        // Whose label is lost was erased no more often than any other, or once more.
        let most = store.wear().1;
        let unlabelled = store.sectors.iter_mut().filter(|sector| sector.erased == 0);
        unlabelled.for_each(|sector| sector.erased = most);
        store.keep_the_whole_ones()?;
        Ok(store)
    }

    /// What the records of a sector say. `None` when it has no label: it is new, or its erasure was cut off.
    fn look_at(&mut self, sector: usize) -> Result<Option<Sector>, F::Error> {
        let label = self.read_record(sector, Self::LAYOUT.label())?;
        let Some(label) = Label::decode(&label) else { return Ok(None) };
        self.next_id = self.next_id.max(label.next_id);
        let claim = self.read_record(sector, Self::LAYOUT.claim())?;
        let owner = match Claim::decode(&claim) {
            Some(Claim { id, part }) => {
                self.next_id = self.next_id.max(id.wrapping_add(1));
                Owner::Message { id, part, kept: false }
            }
            None => Owner::Nobody { clean: false },
        };
        Ok(Some(Sector { owner, erased: label.erased, length: 0 }))
    }

    /// Keeps the sectors of messages that are committed and whole, and frees all others.
    fn keep_the_whole_ones(&mut self) -> Result<(), F::Error> {
        for sector in 0..SECTORS {
            let owner = self.sectors.get(sector).map(|sector| sector.owner);
            let Some(Owner::Message { id, part: 0, kept: false }) = owner else { continue };
            let commit = self.read_record(sector, Self::LAYOUT.commit())?;
            let Some(commit) = Commit::decode(&commit, id) else { continue };
            if self.sum_of(id, commit.length)? == Some(commit.sum) {
                let parts = self.sectors.iter_mut().filter(|sector| sector.is_of(id));
                parts.for_each(|sector| sector.keep(commit.length));
            } else {
                self.damaged += 1;
            }
        }
        for sector in &mut self.sectors {
            if matches!(sector.owner, Owner::Message { kept: false, .. }) {
                sector.owner = Owner::Nobody { clean: false };
            }
        }
        Ok(())
    }
}
