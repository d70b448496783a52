//! The network interface, for embassy-net and for smoltcp alike.

#[cfg(feature = "mps2-an386")]
pub(crate) mod lan9118;
#[cfg(feature = "lm3s6965evb")]
pub(crate) mod stellaris;

#[cfg(feature = "embassy")]
mod embassy;
#[cfg(feature = "smoltcp")]
mod smoltcp;

#[cfg(feature = "embassy")]
pub(crate) use embassy::WAKER;

use crate::parts::Hardware;

/// Octets of the longest frame: Ethernet's header and 1,500 octets, in whole words.
const FRAME: usize = 1516;
/// The same without what rounds it up.
const MTU: usize = 1514;

/// The hardware address: one of those that nobody owns, for a network of one board. A real board has its
/// own in its flash.
pub const ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];

/// The board's address in the network that QEMU makes for it.
pub const IP: [u8; 4] = [10, 0, 2, 15];
/// Leading bits that the addresses of that network have in common.
pub const PREFIX: u8 = 24;
/// The router of that network, which is the host too.
pub const GATEWAY: [u8; 4] = [10, 0, 2, 2];

/// The network interface with room for a frame in each direction.
pub struct Mac {
    hardware: Hardware,
    received: [u8; FRAME],
    sent: [u8; FRAME],
}

/// A frame that was received.
pub struct Received<'a>(&'a mut [u8]);

/// Where a frame to be sent is made.
pub struct Sending<'a> {
    hardware: &'a mut Hardware,
    space: &'a mut [u8],
}

impl Mac {
    pub(crate) const fn new(hardware: Hardware) -> Self {
        Self { hardware, received: [0; FRAME], sent: [0; FRAME] }
    }

    /// The next frame, with the means to answer it.
    fn next(&mut self) -> Option<(Received<'_>, Sending<'_>)> {
        let length = self.hardware.receive(&mut self.received)?;
        let sending = Sending { hardware: &mut self.hardware, space: &mut self.sent };
        Some((Received(self.received.get_mut(..length)?), sending))
    }

    /// The means to send a frame.
    fn sending(&mut self) -> Sending<'_> {
        Sending { hardware: &mut self.hardware, space: &mut self.sent }
    }
}

impl Sending<'_> {
    fn make<R>(self, length: usize, make: impl FnOnce(&mut [u8]) -> R) -> R {
        // The stack knows the MTU; a longer frame would be cut.
        let length = length.min(self.space.len());
        let (frame, _) = self.space.split_at_mut(length);
        let made = make(frame);
        self.hardware.send(frame);
        made
    }
}

/// A word of a frame; where the frame ends in the middle of it, with zeros behind.
fn word(octets: &[u8]) -> u32 {
    let mut word = [0; 4];
    word.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    u32::from_le_bytes(word)
}
