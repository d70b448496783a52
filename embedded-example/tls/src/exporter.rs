//! The channel binding `tls-exporter` (RFC 9266).
//!
//! rustls exports keying material from its connections of `std` alone. What it is made of, it gives to a
//! [`KeyLog`]: each connection has one of its own, which takes that secret and no other.

use alloc::boxed::Box;

use ehlo::sasl::{BindingKind, ChannelBinding};
use hmac::{Hmac, KeyInit, Mac};
use once_cell::race::OnceBox;
use rustls::KeyLog;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const SECRET: &str = "EXPORTER_SECRET";

/// Takes the exporter's secret of one connection.
#[derive(Default)]
pub(crate) struct Exporter(OnceBox<Zeroizing<[u8; 32]>>);

impl Exporter {
    /// The binding. `None` before the handshake is done.
    pub(crate) fn channel_binding(&self) -> Option<ChannelBinding> {
        let octets = export(self.0.get()?, b"EXPORTER-Channel-Binding", b"")?;
        ChannelBinding::new(BindingKind::TlsExporter, &octets)
    }
}

impl KeyLog for Exporter {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        // All cipher suites here are of SHA-256, whose secrets have 32 octets.
        if let (SECRET, Ok(secret)) = (label, <[u8; 32]>::try_from(secret)) {
            let _ = self.0.set(Box::new(Zeroizing::new(secret)));
        }
    }

    fn will_log(&self, label: &str) -> bool {
        label == SECRET
    }
}

impl core::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

/// `TLS-Exporter(label, context, 32)` of RFC 8446 section 7.5.
fn export(secret: &[u8; 32], label: &[u8], context: &[u8]) -> Option<[u8; 32]> {
    let derived = Zeroizing::new(expand_label(secret, label, &Sha256::digest(b"").into())?);
    expand_label(&derived, b"exporter", &Sha256::digest(context).into())
}

/// `HKDF-Expand-Label` of RFC 8446 section 7.1, for as many octets as the hash has: one block of HKDF.
fn expand_label(secret: &[u8; 32], label: &[u8], context: &[u8; 32]) -> Option<[u8; 32]> {
    const PREFIX: &[u8] = b"tls13 ";
    let mut block = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    block.update(&32_u16.to_be_bytes());
    block.update(&[(PREFIX.len() + label.len()) as u8]);
    block.update(PREFIX);
    block.update(label);
    block.update(&[context.len() as u8]);
    block.update(context);
    block.update(&[1]);
    Some(block.finalize().into_bytes().into())
}
