//! EXTERNAL (RFC 4422 appendix A).

use super::client::Exchange;
use super::server::{Malformed, name};
use crate::wire::print::{LineWriter, Sink as _};

/// `external-message = [authz-id-string]`: empty is whoever the credentials outside say.
pub(super) fn read(message: &[u8]) -> Result<Option<&str>, Malformed> {
    if message.is_empty() { Ok(None) } else { name(message).map(Some) }
}

/// The client's only message.
pub(super) fn write(exchange: &Exchange<'_>, out: &mut LineWriter<'_>) {
    out.text(exchange.credentials.authorization_identity.unwrap_or_default());
}
