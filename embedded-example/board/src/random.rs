//! Random octets.

use crate::host;

/// Fills `octets` with random ones.
///
/// **Not fit for production.** QEMU's boards have no source of entropy: this asks the host for its
/// `/dev/urandom` by semihosting. On a chip the true random number generator belongs here. Where there is
/// none, the firmware stops: challenges that can be foretold are worse than none.
pub fn random(octets: &mut [u8]) {
    let filled = host::File::open("/dev/urandom\0", host::Mode::Read)
        .is_some_and(|source| source.read(octets) == octets.len());
    if !filled {
        crate::println!("no random numbers: the host has no /dev/urandom, or semihosting is off");
        loop {
            cortex_m::asm::wfi();
        }
    }
}

/// So many [random](random) octets.
#[must_use]
pub fn random_array<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    random(&mut octets);
    octets
}
