//! Stellaris LM3S6965 evaluation board: Cortex-M3, 256 KiB of flash, 64 KiB of RAM.

pub(crate) use crate::mac::stellaris::Stellaris as Hardware;
use crate::register::Block;

/// The name of the board, as QEMU has it.
pub const NAME: &str = "lm3s6965evb";
/// The core's clock in Hz, as it is out of reset in QEMU.
pub(crate) const CLOCK: u32 = 12_500_000;
/// The interrupt of the network interface.
pub(crate) const MAC_INTERRUPT: u16 = 42;

// SAFETY: system control, UART 0 (a PL011) and the Ethernet controller are there (data sheet,
// table 2-9).
const SYSTEM: Block = unsafe { Block::new(0x400f_e000) };
// SAFETY: as above.
const UART: Block = unsafe { Block::new(0x4000_c000) };
// SAFETY: as above.
const MAC: Block = unsafe { Block::new(0x4004_8000) };

/// Clocks the UART and turns it on.
pub(crate) fn init_console() {
    const RCGC1: usize = 0x104;
    const UART_CONTROL: usize = 0x30;
    SYSTEM.write(RCGC1, SYSTEM.read(RCGC1) | 1);
    UART.write(UART_CONTROL, 0x101); // enabled, and its transmitter
}

/// Writes an octet as soon as there is room for it.
pub(crate) fn write(octet: u8) {
    const DATA: usize = 0x00;
    const FLAGS: usize = 0x18;
    const TRANSMIT_FULL: u32 = 1 << 5;
    while UART.read(FLAGS) & TRANSMIT_FULL != 0 {}
    UART.write(DATA, octet.into());
}

/// Clocks the network interface and turns it on.
pub(crate) fn init_mac() -> Hardware {
    const RCGC2: usize = 0x108;
    const PHY_AND_MAC: u32 = 1 << 30 | 1 << 28;
    SYSTEM.write(RCGC2, SYSTEM.read(RCGC2) | PHY_AND_MAC);
    Hardware::new(MAC)
}
