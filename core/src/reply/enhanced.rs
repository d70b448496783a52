//! Enhanced status codes.

use core::fmt;

use super::ReplyCode;

/// An enhanced status code: `class.subject.detail` (RFC 3463; registered ones in RFC 5248).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Enhanced {
    class: u8,
    subject: u16,
    detail: u16,
}

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $class:literal $subject:literal $detail:literal;)*) => {
        impl Enhanced {
            $($(#[$doc])*
            pub const $name: Self = Self { class: $class, subject: $subject, detail: $detail };)*
        }
    };
}

statuses! {
    /// 2.0.0: done.
    OK = 2 0 0;
    /// 2.1.0: sender accepted.
    SENDER_OK = 2 1 0;
    /// 2.1.5: recipient accepted.
    RECIPIENT_OK = 2 1 5;
    /// 2.7.0: authentication succeeded.
    AUTHENTICATED = 2 7 0;
    /// 4.3.0: mail system trouble.
    SYSTEM_TROUBLE = 4 3 0;
    /// 4.3.1: mail system full.
    SYSTEM_FULL = 4 3 1;
    /// 4.3.2: system not accepting messages.
    SHUTTING_DOWN = 4 3 2;
    /// 4.4.2: bad connection; here: a time limit.
    TIMEOUT = 4 4 2;
    /// 4.5.3: too many recipients.
    TOO_MANY_RECIPIENTS = 4 5 3;
    /// 4.7.0: refused for a reason of policy or security, for now.
    SECURITY_TRANSIENT = 4 7 0;
    /// 5.0.0: no further detail.
    FAILED = 5 0 0;
    /// 5.1.1: no such mailbox.
    NO_SUCH_MAILBOX = 5 1 1;
    /// 5.1.3: bad destination mailbox address syntax.
    BAD_RECIPIENT_SYNTAX = 5 1 3;
    /// 5.1.7: bad sender's mailbox address syntax.
    BAD_SENDER_SYNTAX = 5 1 7;
    /// 5.3.4: message too big for the system.
    MESSAGE_TOO_BIG = 5 3 4;
    /// 5.5.0: protocol error; here: commands out of step.
    PROTOCOL_ERROR = 5 5 0;
    /// 5.5.1: invalid command, or not now.
    INVALID_COMMAND = 5 5 1;
    /// 5.5.2: syntax error.
    SYNTAX_ERROR = 5 5 2;
    /// 5.5.4: invalid command arguments.
    INVALID_ARGUMENTS = 5 5 4;
    /// 5.5.6: authentication exchange line is too long (RFC 4954 section 6).
    AUTH_LINE_TOO_LONG = 5 5 6;
    /// 5.6.0: the message has something in it that can't be there.
    MEDIA_ERROR = 5 6 0;
    /// 5.6.1: the message has octets above 127, and 8BITMIME is not offered.
    MEDIA_NOT_SUPPORTED = 5 6 1;
    /// 5.6.7: an address outside ASCII, and SMTPUTF8 was not asked for (RFC 6531 section 3.5).
    NON_ASCII_ADDRESS = 5 6 7;
    /// 5.7.0: refused for a reason of policy or security.
    SECURITY = 5 7 0;
    /// 5.7.1: not authorized.
    NOT_AUTHORIZED = 5 7 1;
    /// 5.7.8: authentication credentials invalid (RFC 4954 section 6).
    BAD_CREDENTIALS = 5 7 8;
    /// 5.7.11: encryption required for the requested authentication mechanism (RFC 5248).
    ENCRYPTION_REQUIRED = 5 7 11;
}

impl Enhanced {
    /// A status by its parts; `None` unless the class is 2, 4 or 5 and the others are at most 999.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        if matches!(class, 2 | 4 | 5) && subject < 1000 && detail < 1000 {
            Some(Self { class, subject, detail })
        } else {
            None
        }
    }

    /// Its parts: class, subject and detail.
    #[must_use]
    pub const fn parts(self) -> (u8, u16, u16) {
        (self.class, self.subject, self.detail)
    }

    /// It in one number; its subject and detail are small, as all of those above are.
    pub(super) const fn packed(self) -> u32 {
        (self.class as u32) << 12 | (self.subject as u32) << 8 | self.detail as u32
    }

    /// The status in the lower half of what `pack` made; zero is none.
    pub(super) const fn unpacked(packed: u32) -> Option<Self> {
        match (packed >> 12 & 15) as u8 {
            0 => None,
            class => {
                let (subject, detail) = ((packed >> 8 & 15) as u16, (packed & 255) as u16);
                Some(Self { class, subject, detail })
            }
        }
    }

    /// Splits a text that begins with a status, such as `5.7.1 not you`, from what follows.
    #[must_use]
    pub fn split_from(text: &str) -> (Option<Self>, &str) {
        match Self::at_the_front(text.as_bytes()) {
            Some((status, length)) => {
                let behind = text.get(length..).unwrap_or_default();
                (Some(status), behind.strip_prefix(' ').unwrap_or(behind))
            }
            None => (None, text),
        }
    }

    /// The status at the front of some octets, and its length.
    fn at_the_front(octets: &[u8]) -> Option<(Self, usize)> {
        let (mut numbers, mut digits) = ([0_u16; 3], 0);
        let mut number = numbers.iter_mut();
        let mut current = number.next()?;
        let mut length = 0_usize;
        for octet in octets.iter().take_while(|octet| **octet != b' ') {
            match octet {
                b'0'..=b'9' if digits < 3 => {
                    *current = current.wrapping_mul(10).wrapping_add(u16::from(octet - b'0'));
                    digits += 1;
                }
                b'.' if digits > 0 => {
                    current = number.next()?;
                    digits = 0;
                }
                _ => return None,
            }
            length += 1;
        }
        if digits == 0 || number.next().is_some() {
            return None;
        }
        let [class, subject, detail] = numbers;
        Some((Self::new(u8::try_from(class).ok()?, subject, detail)?, length))
    }

    /// The status where its class is the first digit of the code, as RFC 2034 section 4 asks.
    pub(super) const fn fitting(status: Option<Self>, code: ReplyCode) -> Option<Self> {
        match status {
            Some(status) if status.class == code.class() => Some(status),
            _ => None,
        }
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl fmt::Debug for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
