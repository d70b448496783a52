//! The text of a reply line.

/// A text that fits a reply: it ends before the first control character, so that no CR or LF can
/// get into the dialogue, whatever a caller passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// As much of `text` as stands before its first control character (ASCII 0 to 31 and 127).
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        let octets = text.as_bytes();
        let (mut rest, mut n) = (octets, 0);
        while let [first, behind @ ..] = rest {
            if first.is_ascii_control() {
                break;
            }
            rest = behind;
            n += 1;
        }
        match text.split_at_checked(n) {
            Some((text, _)) => Self(text),
            None => Self(""),
        }
    }

    /// A text of this crate's own.
    pub(super) const fn own(text: &'a str) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}
