//! Values of options, with errors that say what would be right.

use core::fmt;
use core::str::FromStr;

use ehlo::capability::Extensions;
use ehlo::policy;
use ehlo::sasl::Mechanism;
use ehlo_std::users::Secret;

use crate::kerberos;

/// Why a value is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(String);

impl Invalid {
    /// With these words.
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Invalid {}

/// Takes a value that must not be shown: whatever is wrong with it is told later, without it.
pub(crate) fn hidden(text: &str) -> Result<Secret, core::convert::Infallible> {
    Ok(Secret::new(text))
}

/// `NAME:SECRET`, in two.
pub(crate) fn pair(pair: &Secret) -> Option<(&str, &str)> {
    pair.expose().split_once(':').filter(|(name, secret)| !name.is_empty() && !secret.is_empty())
}

/// A number of one or more, or `off` for no limit. Sizes may have a K, M or G behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(Option<u64>);

impl Limit {
    /// No limit.
    pub(crate) const OFF: Self = Self(None);

    /// The number, or what stands for no limit; no more than fits.
    pub(crate) fn or<T: TryFrom<u64>>(self, most: T, off: T) -> T {
        match self.0 {
            Some(number) => T::try_from(number).unwrap_or(most),
            None => off,
        }
    }
}

impl FromStr for Limit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self(None));
        }
        let (digits, unit) = match text.char_indices().next_back() {
            Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
            Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
            Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
            _ => (text, 1),
        };
        let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        match number {
            Some(0) => Err(Invalid::new("0 would allow nothing; write off for no limit")),
            Some(number) => Ok(Self(Some(number))),
            None => Err(Invalid::new("not a number such as 100 or 10M, nor off")),
        }
    }
}

/// A mechanism of AUTH, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AuthName(pub(crate) Option<Mechanism>);

impl FromStr for AuthName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        kerberos::check_name(text).map_err(Invalid::new)?;
        Mechanism::from_name(text).map(|known| Self(Some(known))).ok_or_else(|| {
            let names: Vec<&str> = Mechanism::KNOWN.iter().map(|known| known.name()).collect();
            Invalid(format!("no mechanism known here; there are {} (or none)", names.join(", ")))
        })
    }
}

/// A service extension by its EHLO keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extension(pub(crate) Extensions);

/// Those that are offered unless they are hidden.
const USUAL: &str = "PIPELINING, SIZE, 8BITMIME, SMTPUTF8, CHUNKING, BINARYMIME, DSN, \
                     ENHANCEDSTATUSCODES, STARTTLS, HELP, LIMITS";
/// Those that are offered only when asked for.
const MORE: &str = "DELIVERBY, FUTURERELEASE, MT-PRIORITY, REQUIRETLS, ETRN";

impl FromStr for Extension {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Extensions::from_keyword(text).map(Self).ok_or_else(|| {
            Invalid(format!(
                "no extension known here; --hide takes {USUAL}, and --offer takes {MORE}"
            ))
        })
    }
}

/// What to do with a CR or LF that stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BareNewline(pub(crate) policy::BareNewline);

impl FromStr for BareNewline {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "refuse" => Ok(Self(policy::BareNewline::Refuse)),
            "accept" => Ok(Self(policy::BareNewline::Accept)),
            "convert" => Ok(Self(policy::BareNewline::Convert)),
            _ => Err(Invalid::new("write refuse, accept or convert")),
        }
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// Lines for programs.
    Json,
}

impl FromStr for LogFormat {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Invalid::new("write text or json")),
        }
    }
}
