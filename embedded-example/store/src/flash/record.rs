//! The records at the beginning of a sector.

use super::{MAX_WORD, SUM};

/// The octets of a record. It is followed by `0xFF` up to the next word.
pub(super) const RECORD: usize = 16;

/// Where things are in a sector.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    slot: usize,
    sector: usize,
}

impl Layout {
    pub(super) const fn of(word: usize, sector: usize) -> Self {
        assert!(
            word > 0 && word <= MAX_WORD && MAX_WORD.is_multiple_of(word),
            "words of up to 32 octets"
        );
        let slot = RECORD.next_multiple_of(word);
        assert!(sector.is_multiple_of(word) && sector > 3 * slot, "sectors with room for data");
        Self { slot, sector }
    }

    pub(super) const fn slot(self) -> usize {
        self.slot
    }

    pub(super) const fn label(self) -> usize {
        0
    }

    pub(super) const fn claim(self) -> usize {
        self.slot
    }

    pub(super) const fn commit(self) -> usize {
        2 * self.slot
    }

    pub(super) const fn data(self) -> usize {
        3 * self.slot
    }

    pub(super) const fn room(self) -> usize {
        self.sector - self.data()
    }
}

/// Tells the records apart, and this format from any other.
#[derive(Clone, Copy)]
enum Kind {
    Label = 0x4C01,
    Claim = 0x4301,
    Commit = 0x4D01,
}

/// Written behind an erasure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label {
    pub(super) erased: u32,
    pub(super) next_id: u32,
}

/// Written when a draft takes a sector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Claim {
    pub(super) id: u32,
    pub(super) part: u16,
}

/// Written when a message is whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Commit {
    pub(super) length: u32,
    pub(super) sum: u32,
}

impl Label {
    pub(super) fn encode(self) -> [u8; RECORD] {
        encode(Kind::Label, 0, self.erased, self.next_id, 0)
    }

    pub(super) fn decode(record: &[u8; RECORD]) -> Option<Self> {
        let (_, erased, next_id) = decode(record, Kind::Label, 0)?;
        Some(Self { erased, next_id })
    }
}

impl Claim {
    pub(super) fn encode(self) -> [u8; RECORD] {
        encode(Kind::Claim, self.part, self.id, 0, 0)
    }

    pub(super) fn decode(record: &[u8; RECORD]) -> Option<Self> {
        let (part, id, _) = decode(record, Kind::Claim, 0)?;
        Some(Self { id, part })
    }
}

impl Commit {
    /// The id is in the check sum, and so belongs to the commit without taking room.
    pub(super) fn encode(self, id: u32) -> [u8; RECORD] {
        encode(Kind::Commit, 0, self.length, self.sum, id)
    }

    pub(super) fn decode(record: &[u8; RECORD], id: u32) -> Option<Self> {
        let (_, length, sum) = decode(record, Kind::Commit, id)?;
        Some(Self { length, sum })
    }
}

/// Kind, a short number, two long ones, and the check sum of these and of `bound`.
fn encode(kind: Kind, short: u16, first: u32, second: u32, bound: u32) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let parts: [&[u8]; 4] = [
        &(kind as u16).to_le_bytes(),
        &short.to_le_bytes(),
        &first.to_le_bytes(),
        &second.to_le_bytes(),
    ];
    let sum = sum(&parts, bound).to_le_bytes();
    let octets = parts.into_iter().flatten().chain(&sum);
    record.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    record
}

fn decode(record: &[u8; RECORD], kind: Kind, bound: u32) -> Option<(u16, u32, u32)> {
    let (found, rest) = record.split_first_chunk()?;
    let (short, rest) = rest.split_first_chunk()?;
    let (first, rest) = rest.split_first_chunk()?;
    let (second, rest) = rest.split_first_chunk()?;
    let right = sum(&[found, short, first, second], bound).to_le_bytes();
    let as_expected = *found == (kind as u16).to_le_bytes() && rest == right;
    as_expected.then(|| {
        (u16::from_le_bytes(*short), u32::from_le_bytes(*first), u32::from_le_bytes(*second))
    })
}

fn sum(parts: &[&[u8]], bound: u32) -> u32 {
    let mut sum = SUM.digest();
    parts.iter().for_each(|part| sum.update(part));
    sum.update(&bound.to_le_bytes());
    sum.finalize()
}
