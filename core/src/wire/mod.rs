//! Floor 1: octets and ABNF. Nothing here has state that outlives a message.

pub(crate) mod base64;
pub(crate) mod content;
pub(crate) mod grammar;
pub(crate) mod outbox;
pub(crate) mod window;
