use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

/// Longest header of version 1, with its CRLF (section 2.1).
const LONGEST_V1: usize = 107;

/// Shortest header of version 1: `PROXY UNKNOWN` and CRLF.
const SHORTEST_V1: usize = 15;

/// The fixed part of version 2: signature, command, family, length (section 2.2).
const FIXED_V2: usize = 16;

/// Most octets accepted behind the fixed part: addresses take up to 216, the rest is for TLVs.
const LONGEST_V2: usize = 4_096;

const START_V1: &[u8] = b"PROXY ";
const SIGNATURE_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The proxy speaks for itself, as for a health check: the addresses of the connection hold.
    Local,
    /// There is a client, and its address is not known or not of IP: the addresses of the connection hold.
    Unknown,
    /// The client's connection.
    Proxied {
        /// The client's address.
        source: SocketAddr,
        /// The address the client connected to.
        destination: SocketAddr,
    },
}

/// How far a header has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More octets are needed. At least this many belong to the header, so reading as many never reads past
    /// its end; never 0.
    NeedsMore(usize),
    /// The header is whole.
    Done {
        /// Octets of the header; what follows belongs to the connection.
        consumed: usize,
        /// What it says.
        header: Header,
    },
}

/// The octets are no header: the connection can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(&'static str);

/// Reads a header off the start of a connection. Call it with all octets so far; it stores nothing. A header
/// has at most 107 octets in version 1 and 4,112 in version 2. TLVs are skipped.
///
/// # Errors
/// When the octets can't be the start of a header, as soon as that is known.
pub fn parse(octets: &[u8]) -> Result<Progress, Invalid> {
    if starts_alike(octets, SIGNATURE_V2) {
        version_2(octets)
    } else if starts_alike(octets, START_V1) {
        version_1(octets)
    } else {
        Err(Invalid("no PROXY protocol header"))
    }
}

/// Whether one is the start of the other.
fn starts_alike(octets: &[u8], mark: &[u8]) -> bool {
    octets.iter().zip(mark).all(|(a, b)| a == b)
}

fn version_1(octets: &[u8]) -> Result<Progress, Invalid> {
    let within = octets.get(..LONGEST_V1).unwrap_or(octets);
    let Some(end) = within.iter().position(|octet| *octet == b'\n') else {
        if octets.len() >= LONGEST_V1 {
            return Err(Invalid("the line is too long"));
        }
        // Its LF, and the CR too unless that is there.
        let least = if octets.last() == Some(&b'\r') { 1 } else { 2 };
        let missing = SHORTEST_V1.saturating_sub(octets.len()).max(least);
        return Ok(Progress::NeedsMore(missing.min(LONGEST_V1 - octets.len())));
    };
    let line = within.get(..end).and_then(|line| line.strip_suffix(b"\r"));
    let line = line.ok_or(Invalid("the line does not end in CRLF"))?;
    let line = core::str::from_utf8(line).map_err(|_| Invalid("the line is not ASCII"))?;
    Ok(Progress::Done { consumed: end + 1, header: line_1(line)? })
}

fn line_1(line: &str) -> Result<Header, Invalid> {
    let mut words = line.split(' ').skip(1);
    let family = words.next().ok_or(Invalid("the family is missing"))?;
    // Whatever follows UNKNOWN is to be ignored.
    if family == "UNKNOWN" {
        return Ok(Header::Unknown);
    }
    let mut next = || words.next().ok_or(Invalid("a part of the line is missing"));
    let (source, destination, from, to) = (next()?, next()?, next()?, next()?);
    if words.next().is_some() {
        return Err(Invalid("there is more in the line than addresses and ports"));
    }
    let (source, destination): (IpAddr, IpAddr) = match family {
        "TCP4" => (address::<Ipv4Addr>(source)?.into(), address::<Ipv4Addr>(destination)?.into()),
        "TCP6" => (address::<Ipv6Addr>(source)?.into(), address::<Ipv6Addr>(destination)?.into()),
        _ => return Err(Invalid("the family is unknown")),
    };
    Ok(Header::Proxied {
        source: SocketAddr::new(source, port(from)?),
        destination: SocketAddr::new(destination, port(to)?),
    })
}

fn address<T: FromStr>(text: &str) -> Result<T, Invalid> {
    text.parse().map_err(|_| Invalid("an address is wrong"))
}

/// Decimal, without sign and leading zeros.
fn port(text: &str) -> Result<u16, Invalid> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit());
    if !plain || (text.len() > 1 && text.starts_with('0')) {
        return Err(Invalid("a port is wrong"));
    }
    text.parse().map_err(|_| Invalid("a port is wrong"))
}

fn version_2(octets: &[u8]) -> Result<Progress, Invalid> {
    let Some((fixed, rest)) = octets.split_at_checked(FIXED_V2) else {
        // A CR alone starts version 2 and nothing else; a lone `P` or nothing may become version 1.
        let whole = if octets.is_empty() { SHORTEST_V1 } else { FIXED_V2 };
        return Ok(Progress::NeedsMore(whole - octets.len()));
    };
    let [.., command, family, high, low] = fixed else {
        return Err(Invalid("no PROXY protocol header"));
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if command >> 4 != 2 {
        return Err(Invalid("the version is unknown"));
    }
    if length > LONGEST_V2 {
        return Err(Invalid("the header is too long"));
    }
    let Some(body) = rest.get(..length) else {
        return Ok(Progress::NeedsMore(length - rest.len()));
    };
    let header = match command & 0x0f {
        0 => Header::Local,
        1 => addresses_2(*family, body)?,
        _ => return Err(Invalid("the command is unknown")),
    };
    Ok(Progress::Done { consumed: FIXED_V2 + length, header })
}

fn addresses_2(family: u8, body: &[u8]) -> Result<Header, Invalid> {
    match family {
        // Unspecified.
        0x00 => Ok(Header::Unknown),
        // TCP over IPv4.
        0x11 => {
            let (source, body) = take::<4>(body)?;
            let (destination, body) = take::<4>(body)?;
            proxied(IpAddr::from(source), IpAddr::from(destination), body)
        }
        // TCP over IPv6.
        0x21 => {
            let (source, body) = take::<16>(body)?;
            let (destination, body) = take::<16>(body)?;
            proxied(IpAddr::from(source), IpAddr::from(destination), body)
        }
        // A stream over a local socket: two names of 108 octets.
        0x31 => take::<216>(body).map(|_| Header::Unknown),
        _ => Err(Invalid("the family is unknown or not one of streams")),
    }
}

fn proxied(source: IpAddr, destination: IpAddr, ports: &[u8]) -> Result<Header, Invalid> {
    let (from, rest) = take::<2>(ports)?;
    let (to, _) = take::<2>(rest)?;
    Ok(Header::Proxied {
        source: SocketAddr::new(source, u16::from_be_bytes(from)),
        destination: SocketAddr::new(destination, u16::from_be_bytes(to)),
    })
}

fn take<const N: usize>(octets: &[u8]) -> Result<([u8; N], &[u8]), Invalid> {
    match octets.split_first_chunk() {
        Some((head, tail)) => Ok((*head, tail)),
        None => Err(Invalid("the header is too short for its addresses")),
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for Invalid {}
