//! Whether a server still takes TLS 1.0 or 1.1, which RFC 8996 forbids.
//!
//! Our own TLS has neither, so this is a ClientHello written by hand. The first record that comes back says enough,
//! and the connection is closed.

use super::dialogue::Dialogue;
use crate::probe::options::TlsStart;
use crate::probe::way::Way;

/// Suites of TLS 1.0 that servers have, or had: ECDHE and plain RSA with AES, 3DES at the end.
const SUITES: [u16; 9] = [0xc014, 0xc013, 0xc00a, 0xc009, 0x0039, 0x0033, 0x0035, 0x002f, 0x000a];
/// secp256r1, secp384r1, secp521r1.
const GROUPS: [u16; 3] = [23, 24, 25];
const TLS_1_0: u16 = 0x0301;
const TLS_1_1: u16 = 0x0302;

/// The version the server takes; `None` where it takes neither. `Err` where that couldn't be seen.
pub(crate) async fn accepted(way: &Way) -> Result<Option<&'static str>, ()> {
    let reached = way.reach().await.map_err(|_| ())?;
    let wire = way.wire("old TLS", &[]);
    wire.note("a handshake of TLS 1.0 or 1.1 is tried");
    let hello = format!("{} {}", if way.lmtp { "LHLO" } else { "EHLO" }, reached.name);
    let mut dialogue = Dialogue::new(reached.transport, wire.clone(), way.patience);
    if way.tls == TlsStart::Starttls {
        for (line, code) in [("", 220), (&*hello, 250), ("STARTTLS", 220)] {
            if !line.is_empty() {
                dialogue.send(format!("{line}\r\n").as_bytes()).await.map_err(|_| ())?;
            }
            let reply = dialogue.reply().await.map_err(|_| ())?;
            if reply.code != code {
                return Err(());
            }
        }
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|_| ())?;
    let answer = dialogue.exchange(&client_hello(&way.host, &random), 11).await;
    let version = version(&answer);
    wire.note(version.unwrap_or("refused"));
    Ok(version)
}

/// What a server's first record says: the version of its ServerHello.
fn version(record: &[u8]) -> Option<&'static str> {
    // A handshake record whose first message is a ServerHello.
    let (0x16, 0x02) = (*record.first()?, *record.get(5)?) else { return None };
    match u16::from_be_bytes([*record.get(9)?, *record.get(10)?]) {
        TLS_1_0 => Some("TLS 1.0"),
        TLS_1_1 => Some("TLS 1.1"),
        _ => None,
    }
}

/// A ClientHello of TLS 1.1 (RFC 4346 section 7.4.1.2), in a record.
fn client_hello(host: &str, random: &[u8; 32]) -> Vec<u8> {
    let mut extensions = Vec::new();
    // An address has no place in server_name (RFC 6066 section 3).
    if host.parse::<core::net::IpAddr>().is_err() {
        let name = [&[0][..], &counted(host.as_bytes())].concat();
        extension(&mut extensions, 0, &counted(&name));
    }
    extension(&mut extensions, 10, &counted(&numbers(&GROUPS)));
    extension(&mut extensions, 11, &[1, 0]);
    let body = [
        &TLS_1_1.to_be_bytes()[..],
        random,
        // No session, these suites, no compression.
        &[0],
        &counted(&numbers(&SUITES)),
        &[1, 0],
        &counted(&extensions),
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
    let message = [&[1][..], length.get(1..).unwrap_or(&[]), &body].concat();
    [&[0x16][..], &TLS_1_0.to_be_bytes(), &counted(&message)].concat()
}

fn extension(extensions: &mut Vec<u8>, kind: u16, body: &[u8]) {
    extensions.extend(kind.to_be_bytes());
    extensions.extend(counted(body));
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// With its length in two octets in front.
fn counted(octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], octets].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hello_counts_itself() {
        let hello = client_hello("mail.example.org", &[7; 32]);
        let record = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        assert_eq!(record, hello.len() - 5);
        let message = usize::from(u16::from_be_bytes([hello[7], hello[8]]));
        assert_eq!(message, record - 4);
        assert!(hello.windows(16).any(|part| part == b"mail.example.org"));
    }

    #[test]
    fn only_a_server_hello_of_an_old_version_counts() {
        let server_hello = |low| [0x16, 3, 1, 0, 50, 2, 0, 0, 46, 3, low];
        assert_eq!(version(&server_hello(1)), Some("TLS 1.0"));
        assert_eq!(version(&server_hello(2)), Some("TLS 1.1"));
        assert_eq!(version(&server_hello(3)), None);
        assert_eq!(version(&[0x15, 3, 1, 0, 2, 2, 70, 0, 0, 0, 0]), None);
        assert_eq!(version(b""), None);
    }
}
