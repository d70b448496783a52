//! Parameters of MAIL.

use core::fmt;

use super::{BodyType, OtherParameters, Xtext, each, once, typed};
#[cfg(feature = "extensions")]
use super::{DateTime, DeliverBy, Hold, MtPriority, Ret, flag};
use crate::capability::Extensions as E;
use crate::error::SyntaxError;
use crate::wire::grammar::{self, whole};
use crate::wire::print::{self, Print, Sink, keyword};

/// The parameters of a MAIL command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailParameters<'a> {
    /// SIZE: octets of the message as the client estimates them (RFC 1870 section 6).
    pub size: Option<u64>,
    /// BODY: what octets the message is made of (RFC 6152, RFC 3030).
    pub body: Option<BodyType>,
    /// SMTPUTF8 (RFC 6531 section 3.4).
    pub smtputf8: bool,
    /// AUTH: who submitted the message first; empty for `<>` (RFC 4954 section 5). Not to be
    /// trusted unless the client is.
    pub auth: Option<Xtext<'a>>,
    #[cfg(feature = "extensions")]
    /// RET: what a failure notification returns (RFC 3461 section 4.3).
    pub ret: Option<Ret>,
    #[cfg(feature = "extensions")]
    /// ENVID: the sender's name for this envelope (RFC 3461 section 4.4).
    pub envid: Option<Xtext<'a>>,
    #[cfg(feature = "extensions")]
    /// REQUIRETLS (RFC 8689 section 2).
    pub requiretls: bool,
    #[cfg(feature = "extensions")]
    /// HOLDFOR or HOLDUNTIL (RFC 4865).
    pub hold: Option<Hold<'a>>,
    #[cfg(feature = "extensions")]
    /// BY (RFC 2852).
    pub by: Option<DeliverBy>,
    #[cfg(feature = "extensions")]
    /// MT-PRIORITY (RFC 6710).
    pub mt_priority: Option<MtPriority>,
    /// The parameters of extensions this crate doesn't know.
    pub other: OtherParameters<'a>,
}

macro_rules! keywords {
    ($($(#[$only:meta])* $known:ident $keyword:literal,)*) => {
        /// The keywords typed above.
        #[derive(Clone, Copy)]
        enum Known {
            $($(#[$only])* $known,)*
        }

        impl Known {
            const ALL: &'static [(&'static str, Self)] =
                &[$($(#[$only])* ($keyword, Self::$known),)*];
        }
    };
}

keywords! {
    Size "SIZE",
    Body "BODY",
    Auth "AUTH",
    #[cfg(feature = "extensions")]
    SmtpUtf8 "SMTPUTF8",
    #[cfg(feature = "extensions")]
    Ret "RET",
    #[cfg(feature = "extensions")]
    Envid "ENVID",
    #[cfg(feature = "extensions")]
    RequireTls "REQUIRETLS",
    #[cfg(feature = "extensions")]
    HoldFor "HOLDFOR",
    #[cfg(feature = "extensions")]
    HoldUntil "HOLDUNTIL",
    #[cfg(feature = "extensions")]
    By "BY",
    #[cfg(feature = "extensions")]
    MtPriority "MT-PRIORITY",
}

impl Known {
    fn of(keyword: &str) -> Option<Self> {
        let (_, known) = Self::ALL.iter().find(|(word, _)| word.eq_ignore_ascii_case(keyword))?;
        Some(*known)
    }
}

impl<'a> MailParameters<'a> {
    /// Reads the parameters behind a reverse-path, without the space before them.
    ///
    /// # Errors
    /// When one is malformed, has a value it can't have, or is repeated.
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let mut found = Self::default();
        each(text, |keyword, value| match Known::of(keyword) {
            Some(known) => found.set(known, value),
            None => {
                found.other = OtherParameters::mail(text);
                Ok(())
            }
        })?;
        if crate::EXTENSIONS && found.other.has_repeated() {
            return Err(SyntaxError::RepeatedParameter);
        }
        Ok(found)
    }

    /// The extensions they belong to, apart from AUTH and those this crate doesn't know.
    pub(crate) fn needs(&self) -> E {
        let body = match self.body {
            Some(BodyType::SevenBit | BodyType::EightBitMime) => E::EIGHT_BIT_MIME,
            Some(BodyType::BinaryMime) => E::BINARYMIME.with(E::CHUNKING),
            None => E::NONE,
        };
        let mut all = body;
        for (there, extension) in [
            (self.size.is_some(), E::SIZE),
            (self.smtputf8, E::SMTPUTF8),
            #[cfg(feature = "extensions")]
            (self.ret.is_some() || self.envid.is_some(), E::DSN),
            #[cfg(feature = "extensions")]
            (self.requiretls, E::REQUIRETLS),
            #[cfg(feature = "extensions")]
            (self.hold.is_some(), E::FUTURERELEASE),
            #[cfg(feature = "extensions")]
            (self.by.is_some(), E::DELIVERBY),
            #[cfg(feature = "extensions")]
            (self.mt_priority.is_some(), E::MT_PRIORITY),
        ] {
            all = if there { all.with(extension) } else { all };
        }
        all
    }

    /// Whether there are none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.needs() == E::NONE && self.auth.is_none() && self.other.is_none()
    }

    fn set(&mut self, keyword: Known, value: Option<&'a str>) -> Result<(), SyntaxError> {
        match keyword {
            Known::Size => {
                let size = value.and_then(|value| whole(grammar::decimal, value.as_bytes()));
                let size = size.ok_or(SyntaxError::Parameter)?.ok_or(SyntaxError::Size)?;
                once(&mut self.size, Some(size))
            }
            Known::Body => once(&mut self.body, typed(value, BodyType::parse)),
            Known::Auth => {
                let read = |v| if v == "<>" { Ok(Xtext::EMPTY) } else { Xtext::parse(v) };
                once(&mut self.auth, typed(value, read))
            }
            #[cfg(feature = "extensions")]
            Known::SmtpUtf8 => flag(&mut self.smtputf8, value),
            #[cfg(feature = "extensions")]
            Known::Ret => once(&mut self.ret, typed(value, Ret::parse)),
            #[cfg(feature = "extensions")]
            Known::Envid => {
                let envid = typed(value, Xtext::parse).filter(|id| id.as_str().len() <= 100);
                once(&mut self.envid, envid)
            }
            #[cfg(feature = "extensions")]
            Known::RequireTls => flag(&mut self.requiretls, value),
            #[cfg(feature = "extensions")]
            Known::HoldFor => once(&mut self.hold, typed(value, Hold::for_seconds)),
            #[cfg(feature = "extensions")]
            Known::HoldUntil => {
                once(&mut self.hold, typed(value, DateTime::parse).map(Hold::Until))
            }
            #[cfg(feature = "extensions")]
            Known::By => once(&mut self.by, typed(value, DeliverBy::parse)),
            #[cfg(feature = "extensions")]
            Known::MtPriority => once(&mut self.mt_priority, typed(value, MtPriority::parse)),
        }
    }
}

/// Whether a keyword is typed here.
pub(super) fn is_known(keyword: &str) -> bool {
    Known::of(keyword).is_some()
}

impl Print for MailParameters<'_> {
    /// Each parameter with a space before it.
    fn print(&self, out: &mut impl Sink) {
        keyword(out, "SIZE", self.size.as_ref());
        keyword(out, "BODY", self.body.as_ref());
        out.text(if self.smtputf8 { " SMTPUTF8" } else { "" });
        match &self.auth {
            Some(Xtext::EMPTY) => out.text(" AUTH=<>"),
            auth => keyword(out, "AUTH", auth.as_ref()),
        }
        #[cfg(feature = "extensions")]
        self.print_extensions(out);
        self.other.print(out);
    }
}

#[cfg(feature = "extensions")]
impl MailParameters<'_> {
    fn print_extensions(&self, out: &mut impl Sink) {
        keyword(out, "RET", self.ret.as_ref());
        keyword(out, "ENVID", self.envid.as_ref());
        out.text(if self.requiretls { " REQUIRETLS" } else { "" });
        match &self.hold {
            Some(Hold::For(seconds)) => {
                keyword(out, "HOLDFOR", Some(&u64::from(seconds.get())));
            }
            Some(Hold::Until(time)) => keyword(out, "HOLDUNTIL", Some(time)),
            None => {}
        }
        keyword(out, "BY", self.by.as_ref());
        keyword(out, "MT-PRIORITY", self.mt_priority.as_ref());
    }
}

impl fmt::Display for MailParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::display(self, f)
    }
}
