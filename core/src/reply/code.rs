//! Reply codes.

use core::fmt;

/// A reply code: three digits, the first 2 to 5 (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyCode(u16);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl ReplyCode {
            $($(#[$doc])* pub const $name: Self = Self($code);)*
        }
    };
}

codes! {
    /// 211: system status, or system help.
    SYSTEM_STATUS = 211;
    /// 214: help message.
    HELP = 214;
    /// 220: service ready; go ahead with TLS.
    READY = 220;
    /// 221: service closing transmission channel.
    CLOSING = 221;
    /// 235: authentication succeeded (RFC 4954 section 6).
    AUTHENTICATED = 235;
    /// 250: requested mail action okay, completed.
    OK = 250;
    /// 251: user not local; will forward.
    WILL_FORWARD = 251;
    /// 252: cannot verify user, but will accept the message.
    CANNOT_VERIFY = 252;
    /// 334: a challenge of a SASL exchange (RFC 4954 section 4).
    CHALLENGE = 334;
    /// 354: start mail input.
    START_MAIL_INPUT = 354;
    /// 421: service not available, closing transmission channel.
    NOT_AVAILABLE = 421;
    /// 450: mailbox unavailable for now.
    MAILBOX_BUSY = 450;
    /// 451: local error in processing.
    LOCAL_ERROR = 451;
    /// 452: insufficient storage; too many recipients.
    INSUFFICIENT_STORAGE = 452;
    /// 454: temporary authentication failure (RFC 4954 section 6); TLS not available (RFC 3207).
    TEMPORARY_AUTH_FAILURE = 454;
    /// 455: unable to accommodate parameters.
    PARAMETERS_BUSY = 455;
    /// 458: unable to queue messages for the node (RFC 1985).
    UNABLE_TO_QUEUE = 458;
    /// 500: syntax error, command unrecognized.
    SYNTAX_ERROR = 500;
    /// 501: syntax error in parameters or arguments.
    ARGUMENT_ERROR = 501;
    /// 502: command not implemented.
    NOT_IMPLEMENTED = 502;
    /// 503: bad sequence of commands.
    BAD_SEQUENCE = 503;
    /// 504: command parameter not implemented.
    PARAMETER_NOT_IMPLEMENTED = 504;
    /// 521: the host does not accept mail (RFC 7504).
    NO_MAIL = 521;
    /// 530: authentication required (RFC 4954 section 6); STARTTLS first (RFC 3207 section 4).
    AUTH_REQUIRED = 530;
    /// 534: authentication mechanism is too weak (RFC 4954 section 6).
    MECHANISM_TOO_WEAK = 534;
    /// 535: authentication credentials invalid (RFC 4954 section 6).
    AUTH_FAILED = 535;
    /// 538: encryption required for the requested authentication mechanism.
    ENCRYPTION_REQUIRED = 538;
    /// 550: mailbox unavailable; refused for policy reasons.
    MAILBOX_UNAVAILABLE = 550;
    /// 551: user not local.
    USER_NOT_LOCAL = 551;
    /// 552: exceeded storage allocation; message too big.
    EXCEEDED_STORAGE = 552;
    /// 553: mailbox name not allowed.
    MAILBOX_NAME_NOT_ALLOWED = 553;
    /// 554: transaction failed; no SMTP service here.
    TRANSACTION_FAILED = 554;
    /// 555: MAIL or RCPT parameters not recognized or not implemented.
    PARAMETERS_NOT_RECOGNIZED = 555;
    /// 556: the domain does not accept mail (RFC 7504).
    DOMAIN_NO_MAIL = 556;
}

impl ReplyCode {
    /// A code by its number; `None` unless it is 200 to 599 with a second digit of 0 to 5 (RFC 5321
    /// section 4.2: `Reply-code = %x32-35 %x30-35 %x30-39`).
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 200 && code < 600 && code / 10 % 10 < 6 { Some(Self(code)) } else { None }
    }

    /// A code that a server gave: its second digit may be any, since some in the field are above 5, and
    /// a client judges a code it doesn't know by the first digit alone (RFC 5321 section 4.2).
    pub(crate) const fn received(code: u16) -> Option<Self> {
        if code >= 200 && code < 600 { Some(Self(code)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// Its first digit: 2 to 5.
    #[must_use]
    pub const fn class(self) -> u8 {
        // At most 5, by construction.
        (self.0 / 100) as u8
    }

    /// 2yz: done.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.class() == 2
    }

    /// 4yz: not now.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.class() == 4
    }

    /// 5yz: not ever.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.class() == 5
    }

    /// The code in the upper half of what `pack` made.
    pub(super) const fn unpacked(packed: u32) -> Self {
        Self((packed >> 16) as u16)
    }

    /// What it says in a word.
    pub(super) const fn word(self) -> &'static str {
        match self.class() {
            2 => "OK",
            3 => "go ahead",
            _ => "no",
        }
    }

    /// Its three digits in ASCII.
    pub(crate) const fn digits(self) -> [u8; 3] {
        [b'0' + self.class(), b'0' + (self.0 / 10 % 10) as u8, b'0' + (self.0 % 10) as u8]
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
