//! The values parameters can have.

use core::fmt;
use core::num::NonZeroU32;

use crate::error::InvalidParameter;
use crate::wire::grammar::{self, whole};
use crate::wire::print::{self, Print, Sink};

/// What octets a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyType {
    /// `7BIT`: ASCII in lines (RFC 6152).
    SevenBit,
    /// `8BITMIME`: any octets in lines (RFC 6152).
    EightBitMime,
    /// `BINARYMIME`: any octets (RFC 3030 section 3).
    BinaryMime,
}

impl BodyType {
    /// Reads the value of BODY, in any case.
    ///
    /// # Errors
    /// When it is none of the three.
    pub fn parse(text: &str) -> Result<Self, InvalidParameter> {
        [Self::SevenBit, Self::EightBitMime, Self::BinaryMime]
            .into_iter()
            .find(|body| body.as_str().eq_ignore_ascii_case(text))
            .ok_or(InvalidParameter)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
        }
    }
}

/// What a notification of failure returns (RFC 3461 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header only.
    Headers,
}

impl Ret {
    /// Reads the value of RET, in any case.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidParameter> {
        [Self::Full, Self::Headers]
            .into_iter()
            .find(|ret| ret.as_str().eq_ignore_ascii_case(text))
            .ok_or(InvalidParameter)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

/// When a sender wants a notification (RFC 3461 section 4.1). None of the three is `NEVER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Notify {
    /// On delivery.
    pub success: bool,
    /// On failure.
    pub failure: bool,
    /// On delay.
    pub delay: bool,
}

impl Notify {
    /// Reads the value of NOTIFY, in any case.
    ///
    /// # Errors
    /// When it is neither `NEVER` nor a list of `SUCCESS`, `FAILURE` and `DELAY`.
    pub fn parse(text: &str) -> Result<Self, InvalidParameter> {
        let [success, failure, delay] =
            whole(grammar::notify_list, text.as_bytes()).ok_or(InvalidParameter)?;
        Ok(Self { success, failure, delay })
    }
}

/// A text in xtext encoding: printable ASCII, other octets as `+HH` (RFC 3461 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Xtext<'a>(&'a str);

impl<'a> Xtext<'a> {
    /// No text at all.
    pub const EMPTY: Self = Self("");

    /// Checks an encoded text.
    ///
    /// # Errors
    /// When it is empty, an octet is not printable ASCII, or a `+` is not followed by two upper-case
    /// hexadecimal digits.
    pub fn parse(text: &'a str) -> Result<Self, InvalidParameter> {
        let matches = !text.is_empty() && whole(grammar::xtext, text.as_bytes()).is_some();
        if matches { Ok(Self(text)) } else { Err(InvalidParameter) }
    }

    /// As it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The octets it stands for.
    pub fn decoded(self) -> impl Iterator<Item = u8> + 'a {
        let mut octets = self.0.bytes();
        let hex = |c: u8| char::from(c).to_digit(16).map_or(0, |d| d as u8);
        core::iter::from_fn(move || match octets.next()? {
            b'+' => Some(hex(octets.next()?) << 4 | hex(octets.next()?)),
            octet => Some(octet),
        })
    }
}

/// An original recipient: the kind of address and the address (RFC 3461 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orcpt<'a> {
    text: &'a str,
    /// Where the `;` between the two stands.
    at: usize,
}

impl<'a> Orcpt<'a> {
    /// Checks the value of ORCPT: at most 500 octets; for the kind `utf-8` the address may hold
    /// UTF-8 (RFC 6533 section 3), for all others it is xtext.
    ///
    /// # Errors
    /// When there is no `;`, or a half does not match its grammar.
    pub fn parse(text: &'a str) -> Result<Self, InvalidParameter> {
        let (kind, address) =
            whole(grammar::addr_type_and_address, text.as_bytes()).ok_or(InvalidParameter)?;
        let utf8 = kind.eq_ignore_ascii_case(b"utf-8");
        let rule = if utf8 { grammar::utf8_xtext } else { grammar::xtext };
        let matches = text.len() <= 500 && !address.is_empty() && whole(rule, address).is_some();
        if matches { Ok(Self { text, at: kind.len() }) } else { Err(InvalidParameter) }
    }

    /// As it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// The kind of address, such as `rfc822`.
    #[must_use]
    pub fn addr_type(self) -> &'a str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// The address, in xtext.
    #[must_use]
    pub fn address(self) -> &'a str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }
}

/// A date and time as RFC 3339 section 5.6 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime<'a>(&'a str);

impl<'a> DateTime<'a> {
    /// Checks a date and time; that the day exists in its month is not checked.
    ///
    /// # Errors
    /// When it does not match the grammar, or a number is out of its range.
    pub fn parse(text: &'a str) -> Result<Self, InvalidParameter> {
        whole(grammar::date_time, text.as_bytes()).map(|_| Self(text)).ok_or(InvalidParameter)
    }

    /// As it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// How long a submission is to be held back (RFC 4865 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold<'a> {
    /// HOLDFOR: for so many seconds, at most 999,999,999.
    For(NonZeroU32),
    /// HOLDUNTIL: until then.
    Until(DateTime<'a>),
}

impl Hold<'_> {
    /// Reads the value of HOLDFOR.
    #[cfg(feature = "extensions")]
    pub(super) fn for_seconds(text: &str) -> Result<Self, InvalidParameter> {
        let seconds = whole(grammar::decimal, text.as_bytes()).flatten();
        seconds
            .filter(|seconds| text.len() <= 9 && *seconds <= 999_999_999)
            .and_then(|seconds| u32::try_from(seconds).ok())
            .and_then(NonZeroU32::new)
            .map(Self::For)
            .ok_or(InvalidParameter)
    }
}

/// By when a message is to be delivered (RFC 2852 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliverBy {
    seconds: i32,
    returns: bool,
    trace: bool,
}

impl DeliverBy {
    /// Reads the value of BY, such as `120;R` or `-5;NT`.
    ///
    /// # Errors
    /// When it does not match the grammar, or asks for a return with a time that is not positive.
    pub fn parse(text: &str) -> Result<Self, InvalidParameter> {
        match whole(grammar::by_value, text.as_bytes()) {
            Some((seconds, returns, trace)) if seconds > 0 || !returns => {
                Ok(Self { seconds, returns, trace })
            }
            _ => Err(InvalidParameter),
        }
    }

    /// Seconds from now; negative when the time has passed.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        self.seconds
    }

    /// `R`: return the message then, rather than notify (`N`).
    #[must_use]
    pub const fn returns(self) -> bool {
        self.returns
    }

    /// `T`: report each relay.
    #[must_use]
    pub const fn traces(self) -> bool {
        self.trace
    }
}

/// A priority from -9 to 9 (RFC 6710 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MtPriority(i8);

impl MtPriority {
    /// Reads the value of MT-PRIORITY.
    ///
    /// # Errors
    /// When it is not an integer from -9 to 9 in its shortest form.
    pub fn parse(text: &str) -> Result<Self, InvalidParameter> {
        whole(grammar::signed_digit, text.as_bytes()).map(Self).ok_or(InvalidParameter)
    }

    /// Its number.
    #[must_use]
    pub const fn value(self) -> i8 {
        self.0
    }
}

impl Print for BodyType {
    fn print(&self, out: &mut impl Sink) {
        out.text(self.as_str());
    }
}

impl Print for Ret {
    fn print(&self, out: &mut impl Sink) {
        out.text(self.as_str());
    }
}

impl Print for Notify {
    fn print(&self, out: &mut impl Sink) {
        let named = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let mut before = "";
        for (_, name) in named.iter().filter(|(wanted, _)| *wanted) {
            out.text(before);
            out.text(name);
            before = ",";
        }
        if before.is_empty() {
            out.text("NEVER");
        }
    }
}

impl Print for Xtext<'_> {
    fn print(&self, out: &mut impl Sink) {
        out.text(self.0);
    }
}

impl Print for Orcpt<'_> {
    fn print(&self, out: &mut impl Sink) {
        out.text(self.text);
    }
}

impl Print for DateTime<'_> {
    fn print(&self, out: &mut impl Sink) {
        out.text(self.0);
    }
}

impl Print for DeliverBy {
    fn print(&self, out: &mut impl Sink) {
        signed(out, self.seconds);
        out.text(if self.returns { ";R" } else { ";N" });
        out.text(if self.trace { "T" } else { "" });
    }
}

impl Print for MtPriority {
    fn print(&self, out: &mut impl Sink) {
        signed(out, i32::from(self.0));
    }
}

fn signed(out: &mut impl Sink, value: i32) {
    out.text(if value < 0 { "-" } else { "" });
    out.number(u64::from(value.unsigned_abs()));
}

macro_rules! display {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print::display(self, f)
            }
        }
    )*};
}

display!(BodyType, Ret, Notify, Xtext<'_>, Orcpt<'_>, DateTime<'_>, DeliverBy, MtPriority);
