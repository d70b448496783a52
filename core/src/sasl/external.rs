//! EXTERNAL (RFC 4422 appendix A).

use super::server::{Malformed, name};

/// `external-message = [authz-id-string]`: empty is whoever the credentials outside say.
pub(super) fn read(message: &[u8]) -> Result<Option<&str>, Malformed> {
    if message.is_empty() { Ok(None) } else { name(message).map(Some) }
}
