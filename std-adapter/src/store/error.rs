use core::fmt;
use std::io;

/// Why a message could not be stored: one line for the log. The client hears only a reply code.
#[derive(Debug)]
pub struct StoreError {
    reason: String,
    full: bool,
    source: Option<io::Error>,
}

impl StoreError {
    /// A fault of any kind, for stores outside this crate. Line breaks in `reason` become spaces.
    #[must_use]
    pub fn new(reason: &str) -> Self {
        Self { reason: one_line(reason), full: false, source: None }
    }

    /// No room for the message.
    #[must_use]
    pub fn full(reason: &str) -> Self {
        Self { full: true, ..Self::new(reason) }
    }

    /// What the system said when the store tried `action`, as in "cannot write /mail/tmp/…".
    #[must_use]
    pub fn io(action: &str, source: io::Error) -> Self {
        let full = matches!(
            source.kind(),
            // A limit on the size of files is one more way of having no room.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        Self { reason: one_line(action), full, source: Some(source) }
    }

    /// Whether there is no room: the disk or a quota is full. The reply is 452 4.3.1 (RFC 5321 section 4.2.3);
    /// for every other fault it is 451.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl core::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as &(dyn core::error::Error + 'static))
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lack_of_room_is_full() {
        // ENOSPC and EDQUOT have these kinds on every system that has them.
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            assert!(StoreError::io("cannot write x", kind.into()).is_full());
        }
        assert!(
            !StoreError::io("cannot write x", io::ErrorKind::PermissionDenied.into()).is_full()
        );
        assert!(!StoreError::new("no").is_full());
        assert!(StoreError::full("no").is_full());
    }

    #[test]
    fn the_text_is_one_line() {
        assert_eq!(StoreError::new("a\r\nb").to_string(), "a  b");
    }
}
