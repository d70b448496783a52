//! The board: what is not measured.

unsafe extern "C" {
    /// Waits for octets of the peer; none at all is the end of file, and `usize::MAX` that time is up.
    fn board_read(octets: *mut u8, room: usize, seconds: u32) -> usize;
    /// Sends octets; how many, or `usize::MAX` when the connection is lost or time is up.
    fn board_write(octets: *const u8, length: usize, seconds: u32) -> usize;
    /// Waits.
    fn board_wait(seconds: u32);
    /// Fills sixteen octets.
    fn board_random(octets: *mut [u8; 16]);
    /// Keeps octets of a message; whether there was room.
    fn board_store(octets: *const u8, length: usize) -> bool;
    /// Makes the message durable; whether that went well.
    fn board_commit() -> bool;
    /// Starts TLS; whether it is with the host that is meant.
    fn board_tls() -> bool;
}

pub(crate) fn read(space: &mut [u8], seconds: u64) -> Option<usize> {
    let n = unsafe { board_read(space.as_mut_ptr(), space.len(), seconds as u32) };
    (n != usize::MAX).then_some(n)
}

pub(crate) fn write(octets: &[u8], seconds: u64) -> Option<usize> {
    let n = unsafe { board_write(octets.as_ptr(), octets.len(), seconds as u32) };
    (n != usize::MAX).then_some(n)
}

pub(crate) fn wait(seconds: u64) {
    unsafe { board_wait(seconds as u32) }
}

pub(crate) fn random() -> [u8; 16] {
    let mut octets = [0; 16];
    unsafe { board_random(&mut octets) }
    octets
}

pub(crate) fn store(octets: &[u8]) -> bool {
    unsafe { board_store(octets.as_ptr(), octets.len()) }
}

pub(crate) fn commit() -> bool {
    unsafe { board_commit() }
}

pub(crate) fn tls() -> bool {
    unsafe { board_tls() }
}

/// As most firmware has it: it stops.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
