//! The client's side.

use md5::{Digest as _, Md5};

use super::hash::NtHash;
use super::name;
use super::wire::{CLIENT_FLAGS, SIGNATURE, UNICODE, check, field, u16_at, u32_at, write_field};
use crate::sasl::client::{Credentials, ExchangeError};
use crate::sasl::server::Malformed;
use crate::secret::Secret;
use crate::wire::print::LineWriter;

/// Octets of the fixed part of AUTHENTICATE.
const HEADER: usize = 64;
/// The kind of information that is the time, and the one that ends the list.
const TIMESTAMP: u16 = 7;
const END: u16 = 0;

/// NEGOTIATE (MS-NLMP section 2.2.1.1): no domain and no workstation.
pub(in crate::sasl) fn write_negotiate(out: &mut LineWriter<'_>) {
    out.octets(SIGNATURE);
    out.octets(&1_u32.to_le_bytes());
    out.octets(&CLIENT_FLAGS.to_le_bytes());
    out.octets(&[0; 16]);
}

/// CHALLENGE, as far as it matters here.
struct Challenge<'a> {
    challenge: &'a [u8],
    information: &'a [u8],
    /// The server's time, where it says it.
    timestamp: Option<&'a [u8]>,
}

impl<'a> Challenge<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        check(message, 2)?;
        if u32_at(message, 20)? & UNICODE == 0 {
            return Err(Malformed);
        }
        let challenge = message.get(24..32).ok_or(Malformed)?;
        let information = field(message, 40, 48)?;
        let mut timestamp = None;
        let mut rest = information;
        while !rest.is_empty() {
            let (kind, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
            let end = length.saturating_add(4);
            let value = rest.get(4..end).ok_or(Malformed)?;
            if kind == END {
                break;
            }
            if kind == TIMESTAMP && length == 8 {
                timestamp = Some(value);
            }
            rest = rest.get(end..).unwrap_or(&[]);
        }
        Ok(Self { challenge, information, timestamp })
    }
}

/// AUTHENTICATE (MS-NLMP section 2.2.1.3), with a response of version 2. A username such as
/// `DOMAIN\user` names the domain too.
pub(in crate::sasl) fn write_authenticate(
    credentials: &Credentials<'_>,
    message: &[u8],
    out: &mut LineWriter<'_>,
) -> Result<(), ExchangeError> {
    let server = Challenge::read(message).map_err(|Malformed| ExchangeError::Malformed)?;
    let name = credentials.username;
    let (domain, username) = crate::wire::words::split_once(name, b'\\').unwrap_or(("", name));
    let password = credentials.password.map_or("", Secret::expose);
    let key = NtHash::new(password).response_key(username.chars(), domain.chars());
    let mut md5 = Md5::new();
    let crate::sasl::NonceSeed(seed) = credentials.nonce.unwrap_or_default();
    md5.update(seed);
    md5.update(b"NTLM client");
    let random: [u8; 16] = md5.finalize().into();
    let client = random.first_chunk::<8>().unwrap_or(&[0; 8]);

    // `temp` (MS-NLMP section 3.3.2).
    let version = [1, 1, 0, 0, 0, 0, 0, 0];
    let time = server.timestamp.unwrap_or(&[0; 8]);
    let temp: [&[u8]; 6] = [&version, time, client, &[0; 4], server.information, &[0; 4]];
    let [a, b, c, d, e, f] = temp;
    let proof = key.prove(&[server.challenge, a, b, c, d, e, f]);
    // Where the server says the time, there is no LM response (section 3.1.5.1.2).
    let (lm_proof, lm_rest) = match server.timestamp {
        Some(_) => ([0; 16], &[0; 8]),
        None => (key.prove(&[server.challenge, client]), client),
    };

    let temp_length: usize = temp.iter().map(|part| part.len()).sum();
    let response = proof.len().saturating_add(temp_length);
    let (domain_length, user_length) = (name::utf16_length(domain), name::utf16_length(username));
    let mut offset = HEADER;
    out.octets(SIGNATURE);
    out.octets(&3_u32.to_le_bytes());
    // The payload comes in the order of the fields.
    write_field(out, 24, &mut offset);
    write_field(out, response, &mut offset);
    write_field(out, domain_length, &mut offset);
    write_field(out, user_length, &mut offset);
    write_field(out, 0, &mut offset);
    write_field(out, 0, &mut offset);
    out.octets(&CLIENT_FLAGS.to_le_bytes());
    out.octets(&lm_proof);
    out.octets(lm_rest);
    out.octets(&proof);
    temp.iter().for_each(|part| out.octets(part));
    name::write_utf16(domain, out);
    name::write_utf16(username, out);
    Ok(())
}
