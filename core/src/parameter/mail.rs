//! Parameters of MAIL.

use core::fmt;

use super::{
    BodyType, DateTime, DeliverBy, Hold, MtPriority, OtherParameters, Ret, Xtext, each, flag, once,
    typed,
};
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
    /// RET: what a failure notification returns (RFC 3461 section 4.3).
    pub ret: Option<Ret>,
    /// ENVID: the sender's name for this envelope (RFC 3461 section 4.4).
    pub envid: Option<Xtext<'a>>,
    /// REQUIRETLS (RFC 8689 section 2).
    pub requiretls: bool,
    /// HOLDFOR or HOLDUNTIL (RFC 4865).
    pub hold: Option<Hold<'a>>,
    /// BY (RFC 2852).
    pub by: Option<DeliverBy>,
    /// MT-PRIORITY (RFC 6710).
    pub mt_priority: Option<MtPriority>,
    /// The parameters of extensions this crate doesn't know.
    pub other: OtherParameters<'a>,
}

/// The keywords typed above.
#[derive(Clone, Copy)]
enum Known {
    Size,
    Body,
    SmtpUtf8,
    Auth,
    Ret,
    Envid,
    RequireTls,
    HoldFor,
    HoldUntil,
    By,
    MtPriority,
}

impl Known {
    const ALL: &'static [(&'static str, Self)] =
        if crate::EXTENSIONS { Self::EXTENDED } else { Self::BASIC };

    const BASIC: &'static [(&'static str, Self)] =
        &[("SIZE", Self::Size), ("BODY", Self::Body), ("AUTH", Self::Auth)];

    const EXTENDED: &'static [(&'static str, Self)] = &[
        ("SIZE", Self::Size),
        ("BODY", Self::Body),
        ("SMTPUTF8", Self::SmtpUtf8),
        ("AUTH", Self::Auth),
        ("RET", Self::Ret),
        ("ENVID", Self::Envid),
        ("REQUIRETLS", Self::RequireTls),
        ("HOLDFOR", Self::HoldFor),
        ("HOLDUNTIL", Self::HoldUntil),
        ("BY", Self::By),
        ("MT-PRIORITY", Self::MtPriority),
    ];

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

    /// Whether there are none at all.
    pub(crate) fn is_empty(&self) -> bool {
        let extended = crate::EXTENSIONS
            && (self.smtputf8
                || self.ret.is_some()
                || self.envid.is_some()
                || self.requiretls
                || self.hold.is_some()
                || self.by.is_some()
                || self.mt_priority.is_some());
        let basic = self.size.is_some() || self.body.is_some() || self.auth.is_some();
        !extended && !basic && self.other.is_none()
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
            // None of these without the feature.
            _ if !crate::EXTENSIONS => Ok(()),
            Known::SmtpUtf8 => flag(&mut self.smtputf8, value),
            Known::Ret => once(&mut self.ret, typed(value, Ret::parse)),
            Known::Envid => {
                let envid = typed(value, Xtext::parse).filter(|id| id.as_str().len() <= 100);
                once(&mut self.envid, envid)
            }
            Known::RequireTls => flag(&mut self.requiretls, value),
            Known::HoldFor => once(&mut self.hold, typed(value, Hold::for_seconds)),
            Known::HoldUntil => {
                once(&mut self.hold, typed(value, DateTime::parse).map(Hold::Until))
            }
            Known::By => once(&mut self.by, typed(value, DeliverBy::parse)),
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
        self.other.print(out);
    }
}

impl fmt::Display for MailParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::display(self, f)
    }
}
