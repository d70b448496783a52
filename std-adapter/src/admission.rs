//! How many connections may be open, in all and from one peer.
//!
//! ```
//! use ehlo_std::admission::{Admission, Refused};
//! use std::net::{IpAddr, Ipv4Addr};
//!
//! # fn main() -> Result<(), Refused> {
//! let admission = Admission::new(1_000, 1);
//! let peer = IpAddr::from(Ipv4Addr::LOCALHOST);
//! let permit = admission.admit(peer)?; // keep it as long as the connection
//! assert_eq!(admission.admit(peer).err(), Some(Refused::Source));
//! drop(permit);
//! let permit = admission.admit(peer)?;
//! # drop(permit);
//! # Ok(())
//! # }
//! ```

use crate::source::Source;
use core::fmt;
use core::net::IpAddr;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts connections. A clone counts together with its original.
#[derive(Clone, Debug)]
pub struct Admission {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    most: usize,
    most_per_source: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    /// Only sources with a connection are here, so that it never has more entries than `total`.
    by_source: HashMap<Source, usize>,
}

/// Why a connection may not be opened. The reply to both is 421 4.7.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// There are as many connections as there may be.
    Total,
    /// This peer has as many connections as one may have.
    Source,
}

impl Admission {
    /// At most `most` connections in all and `most_per_source` from one peer: an IPv4 address, or the /64
    /// network of an IPv6 address. `usize::MAX` is no limit.
    #[must_use]
    pub fn new(most: usize, most_per_source: usize) -> Self {
        Self { shared: Arc::new(Shared { most, most_per_source, open: Mutex::default() }) }
    }

    /// Lets a connection in. It counts until the permit is dropped.
    ///
    /// # Errors
    /// When one of the limits is reached.
    pub fn admit(&self, peer: IpAddr) -> Result<Permit, Refused> {
        let source = Source::of(peer);
        let mut open = self.shared.open();
        if open.total >= self.shared.most {
            return Err(Refused::Total);
        }
        let count = open.by_source.get(&source).copied().unwrap_or(0);
        if count >= self.shared.most_per_source {
            return Err(Refused::Source);
        }
        open.by_source.insert(source, count + 1);
        open.total += 1;
        drop(open);
        Ok(Permit { shared: Arc::clone(&self.shared), source })
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.open().total
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection, free again when dropped.
#[derive(Debug)]
#[must_use = "the connection counts as long as the permit is kept"]
pub struct Permit {
    shared: Arc<Shared>,
    source: Source,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.shared.open();
        open.total = open.total.saturating_sub(1);
        if let Entry::Occupied(mut count) = open.by_source.entry(self.source) {
            if *count.get() > 1 {
                *count.get_mut() -= 1;
            } else {
                count.remove();
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "too many connections",
            Self::Source => "too many connections from this address",
        })
    }
}

impl core::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn both_limits_hold_and_a_dropped_permit_frees_its_place() {
        let admission = Admission::new(3, 2);
        let first = admission.admit(peer("192.0.2.1")).unwrap();
        let _second = admission.admit(peer("::ffff:192.0.2.1")).unwrap();
        assert_eq!(admission.admit(peer("192.0.2.1")).err(), Some(Refused::Source));
        let _third = admission.admit(peer("192.0.2.2")).unwrap();
        assert_eq!(admission.admit(peer("192.0.2.3")).err(), Some(Refused::Total));
        drop(first);
        assert_eq!(admission.open(), 2);
        let _again = admission.admit(peer("192.0.2.1")).unwrap();
    }

    #[test]
    fn addresses_of_one_network_of_64_bits_share_their_limit() {
        let admission = Admission::new(usize::MAX, 1);
        let _permit = admission.admit(peer("2001:db8::1")).unwrap();
        assert_eq!(admission.admit(peer("2001:db8::2")).err(), Some(Refused::Source));
        assert!(admission.admit(peer("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_source_without_connections_takes_no_memory() {
        let admission = Admission::new(10, 10);
        for last in 0..=255 {
            let a = admission.admit(IpAddr::from([192, 0, 2, last])).unwrap();
            let b = admission.admit(IpAddr::from([192, 0, 2, last])).unwrap();
            drop((a, b));
        }
        assert!(admission.shared.open().by_source.is_empty());
        assert_eq!(admission.open(), 0);
    }
}
