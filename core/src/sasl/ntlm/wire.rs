//! How the messages are laid out (MS-NLMP section 2.2.1): little-endian fields that point into a
//! payload.

use crate::sasl::server::Malformed;
use crate::wire::print::LineWriter;

pub(super) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Flags (MS-NLMP section 2.2.2.5): Unicode, target, NTLM, always sign, extended session security.
pub(super) const CLIENT_FLAGS: u32 = 0x0008_8205;
/// The same, and what kind of target it is, and that there is information about it.
pub(super) const SERVER_FLAGS: u32 = 0x008A_8205;
pub(super) const UNICODE: u32 = 1;
/// Names are in some code page.
pub(super) const OEM: u32 = 2;

/// The two bytes of a number.
pub(super) fn u16_at(message: &[u8], at: usize) -> Result<u16, Malformed> {
    let octets = message.get(at..).and_then(<[u8]>::first_chunk::<2>).ok_or(Malformed)?;
    Ok(u16::from_le_bytes(*octets))
}

/// The four bytes of a number.
pub(super) fn u32_at(message: &[u8], at: usize) -> Result<u32, Malformed> {
    let octets = message.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or(Malformed)?;
    Ok(u32::from_le_bytes(*octets))
}

/// Sees that this is a message of this type.
pub(super) fn check(message: &[u8], kind: u32) -> Result<(), Malformed> {
    let right = message.starts_with(SIGNATURE) && u32_at(message, 8)? == kind;
    if right { Ok(()) } else { Err(Malformed) }
}

/// What the field at `at` points to: behind the header, and within the message.
pub(super) fn field(message: &[u8], at: usize, header: usize) -> Result<&[u8], Malformed> {
    let length = usize::from(u16_at(message, at)?);
    let offset = usize::try_from(u32_at(message, at.saturating_add(4))?).map_err(|_| Malformed)?;
    if length == 0 {
        return Ok(&[]);
    }
    if offset < header {
        return Err(Malformed);
    }
    message.get(offset..offset.saturating_add(length)).ok_or(Malformed)
}

/// Writes a field: length, the same again, and where it is.
pub(super) fn write_field(out: &mut LineWriter<'_>, length: usize, offset: &mut usize) {
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    out.octets(&length.to_le_bytes());
    out.octets(&length.to_le_bytes());
    out.octets(&u32::try_from(*offset).unwrap_or(u32::MAX).to_le_bytes());
    *offset = offset.saturating_add(usize::from(length));
}
