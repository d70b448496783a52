//! Messages in RAM: gone with the power, and for as long as it lasts in constant memory.

use core::convert::Infallible;

use crate::{Id, StoreError};

/// The octets of a block: messages are kept in chains of these.
pub const BLOCK: usize = 128;

/// No block: the end of a chain. Blocks count from one, and an empty store is all zeros: it takes no room in a
/// program that has it as a `static`.
const NONE: u16 = 0;

/// What becomes of a message there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The oldest of those that are kept go, as many as it takes. Drafts never go.
    DropOldest,
    /// It is refused, and the sender tries again later: what is kept stays until it is deleted.
    Refuse,
}

/// Keeps messages in `BLOCKS` times [`BLOCK`] octets of RAM; `MESSAGES` of them, drafts included.
///
/// A `static` of it is 130 octets a block and 16 a message.
#[derive(Debug)]
pub struct RamStore<const BLOCKS: usize, const MESSAGES: usize> {
    blocks: [[u8; BLOCK]; BLOCKS],
    /// The block behind each block, of a message or of the free ones.
    next: [u16; BLOCKS],
    /// The first of the blocks that are free again.
    free: u16,
    /// How many blocks were ever used: those behind them are free too.
    touched: u16,
    messages: [Message; MESSAGES],
    last_id: u32,
    when_full: WhenFull,
}

/// A message, or the place for one.
#[derive(Clone, Copy, Debug)]
struct Message {
    /// Zero where there is none.
    id: Id,
    first: u16,
    last: u16,
    length: usize,
    committed: bool,
}

/// A message that is being stored. It takes room until it is committed or aborted.
#[derive(Debug)]
#[must_use = "a draft takes room until it is committed or aborted"]
pub struct Draft(Id);

type Result<T, E = StoreError<Infallible>> = core::result::Result<T, E>;

impl<const BLOCKS: usize, const MESSAGES: usize> RamStore<BLOCKS, MESSAGES> {
    /// An empty store.
    #[must_use]
    pub const fn new(when_full: WhenFull) -> Self {
        const { assert!(BLOCKS > 0 && BLOCKS <= u16::MAX as usize, "1 to 65,535 blocks") };
        Self {
            blocks: [[0; BLOCK]; BLOCKS],
            next: [NONE; BLOCKS],
            free: NONE,
            touched: 0,
            messages: [Message::NONE; MESSAGES],
            last_id: 0,
            when_full,
        }
    }

    /// Begins to store a message.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] when there are `MESSAGES` already.
    pub fn begin(&mut self) -> Result<Draft> {
        if self.messages.iter().all(Message::is_there) {
            self.drop_oldest();
        }
        let place = self.messages.iter_mut().find(|message| !message.is_there());
        let place = place.ok_or(StoreError::Full)?;
        self.last_id = self.last_id.wrapping_add(1).max(1);
        *place = Message { id: Id(self.last_id), ..Message::NONE };
        Ok(Draft(place.id))
    }

    /// Adds octets to the end of a draft.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`]; the draft may hold a part of `octets` then, and is to be aborted.
    pub fn write(&mut self, draft: &mut Draft, mut octets: &[u8]) -> Result<()> {
        while !octets.is_empty() {
            let mut message = self.find(draft.0).ok_or(StoreError::Unknown)?;
            let at = message.length % BLOCK;
            if at == 0 {
                self.extend(&mut message)?;
            }
            let block = self.blocks.get_mut(index(message.last)).ok_or(StoreError::Full)?;
            let room = block.get_mut(at..).unwrap_or_default();
            let n = room.len().min(octets.len());
            let (now, later) = octets.split_at(n);
            room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            message.length += n;
            octets = later;
            self.update(message);
        }
        Ok(())
    }

    /// Makes a draft a message that is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] when the draft is of another store.
    pub fn commit(&mut self, draft: Draft) -> Result<Id> {
        let mut message = self.find(draft.0).ok_or(StoreError::Unknown)?;
        message.committed = true;
        self.update(message);
        Ok(draft.0)
    }

    /// Gives the room of a draft back.
    pub fn abort(&mut self, draft: Draft) {
        self.remove(draft.0);
    }

    /// The oldest message that is kept, of those that came after another one. `None` when there is none.
    #[must_use]
    pub fn next(&self, after: Option<Id>) -> Option<Id> {
        self.kept().map(|message| message.id).filter(|id| Some(*id) > after).min()
    }

    /// The messages that are kept, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        core::iter::successors(self.next(None), |last| self.next(Some(*last)))
    }

    /// How many octets a message has. `None` when there is no such message.
    #[must_use]
    pub fn length(&self, id: Id) -> Option<usize> {
        self.kept().find(|message| message.id == id).map(|message| message.length)
    }

    /// Reads from `offset` of a message into `to`, as much as there is and fits; says how much.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] when there is no such message.
    pub fn read(&self, id: Id, offset: usize, to: &mut [u8]) -> Result<usize> {
        let message = self.kept().find(|message| message.id == id).ok_or(StoreError::Unknown)?;
        let wanted = to.len().min(message.length.saturating_sub(offset));
        let (mut block, mut at, mut done) = (message.first, 0, 0);
        while done < wanted {
            let octets = self.blocks.get(index(block)).ok_or(StoreError::Unknown)?;
            let skip = (offset + done).saturating_sub(at);
            for (to, from) in to.iter_mut().take(wanted).skip(done).zip(octets.iter().skip(skip)) {
                *to = *from;
                done += 1;
            }
            at += BLOCK;
            block = self.after(block);
        }
        Ok(wanted)
    }

    /// Deletes a message that is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] when there is no such message.
    pub fn delete(&mut self, id: Id) -> Result<()> {
        self.length(id).ok_or(StoreError::Unknown)?;
        self.remove(id);
        Ok(())
    }

    /// How many octets of new messages there is room for, without anything being dropped.
    #[must_use]
    pub fn free(&self) -> usize {
        let mut block = self.free;
        let mut octets = (BLOCKS - usize::from(self.touched)) * BLOCK;
        while block != NONE {
            octets += BLOCK;
            block = self.after(block);
        }
        octets
    }

    /// Whether a draft can take as many octets more, if no other takes them first.
    #[must_use]
    pub fn fits(&self, draft: &Draft, octets: usize) -> bool {
        let last = |message: Message| message.length.next_multiple_of(BLOCK) - message.length;
        let blocks = |message: &Message| message.length.div_ceil(BLOCK) * BLOCK;
        let dropped = match self.when_full {
            WhenFull::Refuse => 0,
            WhenFull::DropOldest => self.kept().map(blocks).sum(),
        };
        octets <= self.find(draft.0).map_or(0, last) + self.free() + dropped
    }

    /// How many octets a message can have at most, in an empty store.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        BLOCKS * BLOCK
    }

    fn kept(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.committed)
    }

    fn find(&self, id: Id) -> Option<Message> {
        self.messages.iter().find(|message| message.is_there() && message.id == id).copied()
    }

    fn update(&mut self, new: Message) {
        if let Some(message) = self.messages.iter_mut().find(|message| message.id == new.id) {
            *message = new;
        }
    }

    fn after(&self, block: u16) -> u16 {
        self.next.get(index(block)).copied().unwrap_or(NONE)
    }

    fn link(&mut self, block: u16, behind: u16) {
        if let Some(next) = self.next.get_mut(index(block)) {
            *next = behind;
        }
    }

    /// Puts a free block to the end of a message.
    fn extend(&mut self, message: &mut Message) -> Result<()> {
        let block = loop {
            match self.take() {
                Some(block) => break block,
                None if self.drop_oldest() => {}
                None => return Err(StoreError::Full),
            }
        };
        self.link(block, NONE);
        if message.first == NONE {
            message.first = block;
        } else {
            self.link(message.last, block);
        }
        message.last = block;
        self.update(*message);
        Ok(())
    }

    /// A block that nobody has.
    fn take(&mut self) -> Option<u16> {
        if self.free != NONE {
            let block = self.free;
            self.free = self.after(block);
            return Some(block);
        }
        let untouched = usize::from(self.touched) < BLOCKS;
        untouched.then(|| {
            self.touched += 1;
            self.touched
        })
    }

    /// Drops the oldest message, if that is what is to be done and there is one.
    fn drop_oldest(&mut self) -> bool {
        let oldest = match self.when_full {
            WhenFull::Refuse => None,
            WhenFull::DropOldest => self.next(None),
        };
        oldest.map(|id| self.remove(id)).is_some()
    }

    fn remove(&mut self, id: Id) {
        let Some(message) = self.find(id) else { return };
        if message.last != NONE {
            self.link(message.last, self.free);
            self.free = message.first;
        }
        let mut messages = self.messages.iter_mut();
        if let Some(place) = messages.find(|message| message.id == id) {
            *place = Message::NONE;
        }
    }
}

impl Message {
    const NONE: Self = Self { id: Id(0), first: NONE, last: NONE, length: 0, committed: false };

    fn is_there(&self) -> bool {
        self.id != Self::NONE.id
    }
}

/// Where a block lies.
fn index(block: u16) -> usize {
    usize::from(block).wrapping_sub(1)
}
