//! ANONYMOUS (RFC 4505).

use super::client::Exchange;
use super::server::{Malformed, name};
use crate::wire::print::{LineWriter, Sink as _};
use crate::wire::words;

/// `message = [ email / token ]`: at most 255 characters of UTF-8 (RFC 4505 section 3), of which no
/// control character is taken, since this ends up in a log.
pub(super) fn read(message: &[u8]) -> Result<&str, Malformed> {
    if message.is_empty() {
        return Ok("");
    }
    let trace = name(message)?;
    let fits = words::count(trace) <= 255 && !words::has_control(trace);
    if fits { Ok(trace) } else { Err(Malformed) }
}

/// The client's only message.
pub(super) fn write(exchange: &Exchange<'_>, out: &mut LineWriter<'_>) {
    out.text(exchange.credentials.anonymous.unwrap_or_default());
}
