//! Service extensions: what EHLO offers (RFC 5321 section 2.2).

use core::fmt;

/// A set of service extensions.
///
/// AUTH is not among them: it is offered when there are mechanisms, see `server::Config::auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extensions(u32);

macro_rules! extensions {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $keyword:literal;)*) => {
        impl Extensions {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*

            const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $keyword)),*];
        }
    };
}

extensions! {
    /// PIPELINING (RFC 2920).
    PIPELINING = 0 "PIPELINING";
    /// SIZE (RFC 1870).
    SIZE = 1 "SIZE";
    /// 8BITMIME (RFC 6152).
    EIGHT_BIT_MIME = 2 "8BITMIME";
    /// SMTPUTF8 (RFC 6531).
    SMTPUTF8 = 3 "SMTPUTF8";
    /// CHUNKING (RFC 3030): BDAT.
    CHUNKING = 4 "CHUNKING";
    /// BINARYMIME (RFC 3030); offered only together with CHUNKING.
    BINARYMIME = 5 "BINARYMIME";
    /// DSN (RFC 3461).
    DSN = 6 "DSN";
    /// ENHANCEDSTATUSCODES (RFC 2034).
    ENHANCED_STATUS_CODES = 7 "ENHANCEDSTATUSCODES";
    /// STARTTLS (RFC 3207); offered only in the clear.
    STARTTLS = 8 "STARTTLS";
    /// HELP.
    HELP = 9 "HELP";
    /// LIMITS (RFC 9422).
    LIMITS = 10 "LIMITS";
    /// REQUIRETLS (RFC 8689); offered only under TLS.
    REQUIRETLS = 11 "REQUIRETLS";
    /// DELIVERBY (RFC 2852).
    DELIVERBY = 12 "DELIVERBY";
    /// FUTURERELEASE (RFC 4865).
    FUTURERELEASE = 13 "FUTURERELEASE";
    /// MT-PRIORITY (RFC 6710).
    MT_PRIORITY = 14 "MT-PRIORITY";
    /// ETRN (RFC 1985).
    ETRN = 15 "ETRN";
}

impl Extensions {
    /// The extension of this EHLO keyword, in any case.
    #[must_use]
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        let (one, _) = Self::ALL.iter().find(|(_, word)| word.eq_ignore_ascii_case(keyword))?;
        Some(*one)
    }

    /// The EHLO keyword of each of them.
    pub fn keywords(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |(one, _)| self.contains(*one)).map(|(_, word)| *word)
    }

    /// What is known here: see the feature `extensions`.
    pub(crate) const KNOWN: Self = if crate::EXTENSIONS {
        Self(u32::MAX)
    } else {
        Self::PIPELINING
            .with(Self::SIZE)
            .with(Self::EIGHT_BIT_MIME)
            .with(Self::ENHANCED_STATUS_CODES)
            .with(Self::STARTTLS)
            .with(Self::HELP)
    };

    /// None at all.
    pub const NONE: Self = Self(0);

    /// What a server can offer on its own: all but STARTTLS, which needs TLS, and those that
    /// promise something only the application can keep (REQUIRETLS, DELIVERBY, FUTURERELEASE,
    /// MT-PRIORITY, ETRN).
    pub const DEFAULT: Self = Self::PIPELINING
        .with(Self::SIZE)
        .with(Self::EIGHT_BIT_MIME)
        .with(Self::SMTPUTF8)
        .with(Self::CHUNKING)
        .with(Self::BINARYMIME)
        .with(Self::DSN)
        .with(Self::ENHANCED_STATUS_CODES)
        .with(Self::HELP)
        .with(Self::LIMITS);

    /// These and those.
    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, fewer: Self) -> Self {
        Self(self.0 & !fewer.0)
    }

    /// Whether all of those are among these.
    #[must_use]
    pub const fn contains(self, those: Self) -> bool {
        self.0 & those.0 == those.0
    }
}

impl fmt::Display for Extensions {
    /// The keywords, with a space between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for keyword in self.keywords() {
            write!(f, "{before}{keyword}")?;
            before = " ";
        }
        Ok(())
    }
}

impl Default for Extensions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
