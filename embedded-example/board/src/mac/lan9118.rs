//! The LAN9118 Ethernet controller (data sheet, chapter 5).

use super::word;
use crate::register::Block;

const RECEIVED_DATA: usize = 0x00;
const TRANSMIT_DATA: usize = 0x20;
const RECEIVED_STATUS: usize = 0x40;
const TRANSMITTED_STATUS: usize = 0x48;
const INTERRUPT_CONFIGURATION: usize = 0x54;
const INTERRUPTS: usize = 0x58;
const INTERRUPT_ENABLE: usize = 0x5c;
const RECEIVED: usize = 0x7c;
const TRANSMITTED: usize = 0x80;
const TRANSMIT_CONFIGURATION: usize = 0x70;
const HARDWARE_CONFIGURATION: usize = 0x74;
const MAC_COMMAND: usize = 0xa4;
const MAC_DATA: usize = 0xa8;

/// Registers of the MAC behind the bridge.
const MAC_CONTROL: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;

pub(crate) struct Lan9118(Block);

impl Lan9118 {
    pub(crate) fn new(registers: Block) -> Self {
        let mac = Self(registers);
        let [a, b, c, d, e, f] = super::ADDRESS;
        mac.0.write(HARDWARE_CONFIGURATION, 1 << 20 | 5 << 16); // store and forward; 5 KiB to send
        mac.write(MAC_ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
        mac.write(MAC_ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
        mac.0.write(TRANSMIT_CONFIGURATION, 0x06); // on, and no stop where nobody reads the status
        mac.write(MAC_CONTROL, 1 << 20 | 0x0c); // full duplex; receives and transmits
        mac.0.write(INTERRUPT_CONFIGURATION, 0x111); // enabled, active high, push-pull
        mac.0.write(INTERRUPT_ENABLE, 1 << 3); // a frame was received
        mac
    }

    /// Fetches a frame; gives how long it is.
    pub(crate) fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        const CHECK_SEQUENCE: usize = 4;
        const ERROR: u32 = 1 << 15;
        self.0.write(INTERRUPTS, 1 << 3);
        while self.0.read(RECEIVED) & 0x00ff_0000 != 0 {
            let status = self.0.read(RECEIVED_STATUS);
            let in_all = (status >> 16 & 0x3fff) as usize;
            let length = in_all.saturating_sub(CHECK_SEQUENCE);
            let mut space = frame.chunks_mut(4);
            for _ in 0..in_all.div_ceil(4) {
                let octets = self.0.read(RECEIVED_DATA).to_le_bytes();
                let Some(to) = space.next() else { continue };
                to.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
            }
            if status & ERROR == 0 && (1..=super::MTU).contains(&length) {
                return Some(length);
            }
        }
        None
    }

    /// Sends a frame, as soon as there is room for it.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;
        while self.0.read(TRANSMITTED) & 0x00ff_0000 != 0 {
            self.0.read(TRANSMITTED_STATUS);
        }
        let Ok(length) = u16::try_from(frame.len()) else { return };
        while self.0.read(TRANSMITTED) & 0xffff < u32::from(length) + 16 {}
        self.0.write(TRANSMIT_DATA, FIRST_AND_LAST | u32::from(length));
        self.0.write(TRANSMIT_DATA, u32::from(length));
        frame.chunks(4).for_each(|octets| self.0.write(TRANSMIT_DATA, word(octets)));
    }

    /// Writes a register of the MAC.
    fn write(&self, register: u32, value: u32) {
        const BUSY: u32 = 1 << 31;
        self.0.write(MAC_DATA, value);
        self.0.write(MAC_COMMAND, BUSY | register);
        while self.0.read(MAC_COMMAND) & BUSY != 0 {}
    }
}
