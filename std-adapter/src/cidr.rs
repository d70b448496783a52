//! Ranges of addresses, as an option names them.
//!
//! ```
//! use ehlo_std::cidr::{Cidr, CidrError};
//!
//! # fn main() -> Result<(), CidrError> {
//! let local: Cidr = "10.0.0.0/8".parse()?;
//! assert!(local.contains([10, 1, 2, 3].into()));
//! # Ok(())
//! # }
//! ```

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;
use ipnet::{IpNet, Ipv4Net};

/// An address or a range of addresses, as `10.0.0.0/8`, `::1` or `127.0.0.1`. IPv4 addresses mapped into IPv6
/// count as IPv4, in the range and in what is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr(IpNet);

/// Why a text is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CidrError {
    /// It is neither an address nor an address, a slash and a number of bits.
    Syntax,
    /// There are bits set behind the prefix: this is the range that was probably meant.
    HostBits(Cidr),
}

impl Cidr {
    /// Whether the address lies in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(IpNet::from(address.to_canonical())));
        }
        let net = canonical(text.parse().map_err(|_| CidrError::Syntax)?);
        // A slip of the pen must not trust more than the eye sees.
        if net != net.trunc() {
            return Err(CidrError::HostBits(Self(net.trunc())));
        }
        Ok(Self(net))
    }
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let (Some(v4), Some(length)) = (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96))
    else {
        return net;
    };
    Ipv4Net::new(v4, length).map_or(net, IpNet::V4)
}

impl fmt::Display for Cidr {
    /// A single address is printed without its number of bits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => {
                f.write_str("not an address like 192.0.2.1 nor a range like 10.0.0.0/8")
            }
            Self::HostBits(range) => write!(f, "bits are set behind the prefix; write {range}"),
        }
    }
}

impl core::error::Error for CidrError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, address: &str) -> bool {
        range.parse::<Cidr>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_found_in_its_range() {
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("127.0.0.1", "127.0.0.1"));
        assert!(!contains("127.0.0.1", "127.0.0.2"));
        assert!(contains("::1", "::1"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(contains("0.0.0.0/0", "192.0.2.1"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(!contains("::/0", "192.0.2.1"));
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(contains("::ffff:127.0.0.1", "127.0.0.1"));
        assert!(!contains("::/0", "::ffff:10.1.2.3"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in
            ["", "10", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/8 ", "localhost", "10.0.0.0/-1"]
        {
            assert_eq!(text.parse::<Cidr>().unwrap_err(), CidrError::Syntax, "{text}");
        }
    }

    #[test]
    fn bits_behind_the_prefix_are_told_with_the_range_meant() {
        let error = "10.1.2.3/8".parse::<Cidr>().unwrap_err();
        assert_eq!(error.to_string(), "bits are set behind the prefix; write 10.0.0.0/8");
    }

    #[test]
    fn a_range_prints_and_parses_back() {
        for text in ["10.0.0.0/8", "127.0.0.1", "::1", "2001:db8::/32", "0.0.0.0/0"] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
        }
    }
}
