//! Arm MPS2+ board with the AN386 image: Cortex-M4F, 4 MiB for the program, 4 MiB for data.

pub(crate) use crate::mac::lan9118::Lan9118 as Hardware;
use crate::register::Block;

/// The name of the board, as QEMU has it.
pub const NAME: &str = "mps2-an386";
/// The core's clock in Hz.
pub(crate) const CLOCK: u32 = 25_000_000;
/// The interrupt of the network interface.
pub(crate) const MAC_INTERRUPT: u16 = 13;

// SAFETY: UART 0 (a CMSDK UART) and the LAN9118 are there (AN386, tables 3-1 and 3-6).
const UART: Block = unsafe { Block::new(0x4000_4000) };
// SAFETY: as above.
const MAC: Block = unsafe { Block::new(0x4020_0000) };

/// Turns the UART on.
pub(crate) fn init_console() {
    const CONTROL: usize = 0x08;
    const BAUD_DIVISOR: usize = 0x10;
    UART.write(BAUD_DIVISOR, CLOCK / 115_200);
    UART.write(CONTROL, 1); // its transmitter
}

/// Writes an octet as soon as there is room for it.
pub(crate) fn write(octet: u8) {
    const DATA: usize = 0x00;
    const STATE: usize = 0x04;
    const TRANSMIT_FULL: u32 = 1;
    while UART.read(STATE) & TRANSMIT_FULL != 0 {}
    UART.write(DATA, octet.into());
}

/// Turns the network interface on.
pub(crate) fn init_mac() -> Hardware {
    Hardware::new(MAC)
}
