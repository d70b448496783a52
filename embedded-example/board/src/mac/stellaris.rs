//! The Ethernet controller of the Stellaris LM3S6965 (data sheet, chapter 16).

use super::word;
use crate::register::Block;

const INTERRUPTS: usize = 0x00;
const INTERRUPT_MASK: usize = 0x04;
const RECEIVE_CONTROL: usize = 0x08;
const TRANSMIT_CONTROL: usize = 0x0c;
const DATA: usize = 0x10;
const ADDRESS_LOW: usize = 0x14;
const ADDRESS_HIGH: usize = 0x18;
const PACKETS: usize = 0x34;
const TRANSMISSION: usize = 0x38;

/// In front of a frame its length, behind it its check sequence.
const AROUND: usize = 2 + 4;

pub(crate) struct Stellaris(Block);

impl Stellaris {
    pub(crate) fn new(registers: Block) -> Self {
        let [a, b, c, d, e, f] = super::ADDRESS;
        registers.write(ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
        registers.write(ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
        registers.write(INTERRUPT_MASK, 1); // a frame was received
        registers.write(TRANSMIT_CONTROL, 0x16 | 1); // full duplex, check sequence, padding; on
        registers.write(RECEIVE_CONTROL, 0x08 | 1); // bad frames are dropped; on
        Self(registers)
    }

    /// Fetches a frame; gives how long it is.
    pub(crate) fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        self.0.write(INTERRUPTS, 1);
        while self.0.read(PACKETS) > 0 {
            let [low, high, first, second] = self.0.read(DATA).to_le_bytes();
            let in_all = usize::from(u16::from_le_bytes([low, high]));
            let length = in_all.saturating_sub(AROUND);
            let (begin, rest) = frame.split_at_mut_checked(2)?;
            begin.copy_from_slice(&[first, second]);
            let mut space = rest.chunks_mut(4);
            for _ in 1..in_all.div_ceil(4) {
                let octets = self.0.read(DATA).to_le_bytes();
                let Some(to) = space.next() else { continue };
                to.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
            }
            if (1..=super::MTU).contains(&length) {
                return Some(length);
            }
        }
        None
    }

    /// Sends a frame, as soon as the one before it has left.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        const HEADER: usize = 14;
        while self.0.read(TRANSMISSION) & 1 != 0 {}
        let Some((begin, rest)) = frame.split_at_checked(2) else { return };
        let length = frame.len().saturating_sub(HEADER);
        self.0.write(DATA, word(begin) << 16 | u32::try_from(length).unwrap_or(0));
        rest.chunks(4).for_each(|octets| self.0.write(DATA, word(octets)));
        self.0.write(TRANSMISSION, 1);
    }
}
