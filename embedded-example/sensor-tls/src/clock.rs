//! What time it is.

/// When the program was built, in seconds since 1970.
const BUILT_AT: &str = env!("BUILT_AT");

/// Seconds since 1970.
///
/// **Not fit for production**: the board has no clock that runs without power, and asks its host. A device has
/// one with a battery, or asks a server of time that proves itself (NTS). Whatever it is told, it is later than
/// the program was built: a clock that was set back makes no old certificate good again.
pub(crate) fn now() -> Option<u64> {
    let built = BUILT_AT.parse::<u64>().ok()?;
    Some(built.max(board::host::time().into()))
}
