//! Which mechanism a client uses.

use core::fmt;

use super::{Channel, Credentials};
use crate::sasl::Mechanism;

/// What a client allows.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    pub(crate) preference: &'a [Mechanism],
    cleartext: bool,
    unverified: bool,
}

/// Why no mechanism can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoMechanism {
    /// The server offers no mechanism that is allowed here and that there are credentials for.
    NothingInCommon,
    /// This one would do, but it shows the password or token, and there is no TLS.
    NeedsTls(Mechanism),
    /// This one would do, but it shows the password or token, and nothing says who would read it:
    /// the certificate was not verified.
    NeedsVerifiedTls(Mechanism),
    /// TLS was verified for another host than the one that is meant: nothing goes there.
    WrongHost,
}

impl<'a> Rules<'a> {
    /// The defaults: every mechanism this crate knows, the strongest first; passwords and tokens
    /// only under TLS with the right host, or on this very machine.
    #[must_use]
    pub const fn new() -> Self {
        Self { preference: Mechanism::PREFERENCE, cleartext: false, unverified: false }
    }

    /// These mechanisms and no others, the preferred one first.
    #[must_use]
    pub const fn prefer(self, preference: &'a [Mechanism]) -> Self {
        Self { preference, ..self }
    }

    /// Passwords and tokens may be sent without TLS, where anybody on the way reads them.
    #[must_use]
    pub const fn dangerous_cleartext(self) -> Self {
        Self { cleartext: true, ..self }
    }

    /// Passwords and tokens may be sent to whoever answers under TLS, whatever its certificate.
    #[must_use]
    pub const fn dangerous_unverified(self) -> Self {
        Self { unverified: true, ..self }
    }

    pub(crate) const fn allows_unverified(&self) -> bool {
        self.unverified
    }

    /// Whether `mechanism` may be used over `channel`.
    ///
    /// # Errors
    /// Why not.
    pub const fn check(&self, mechanism: Mechanism, channel: Channel) -> Result<(), NoMechanism> {
        let shows = mechanism.shows_password();
        match channel {
            Channel::WrongHost => Err(NoMechanism::WrongHost),
            Channel::Clear if shows && !self.cleartext => Err(NoMechanism::NeedsTls(mechanism)),
            Channel::UnverifiedTls if shows && !self.unverified => {
                Err(NoMechanism::NeedsVerifiedTls(mechanism))
            }
            _ => Ok(()),
        }
    }
}

impl Default for Rules<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// The mechanism to use, out of those a server offers: `offered` is what stands behind `AUTH` in its
/// reply to EHLO, names between white space, in any case. A name counts as a whole: `XOAUTH2-PLAIN`
/// is not `PLAIN`.
///
/// # Errors
/// When there is none: see [`NoMechanism`].
///
/// ```
/// use ehlo::sasl::Mechanism;
/// use ehlo::sasl::client::{Channel, Credentials, NoMechanism, Rules, pick};
///
/// let credentials = Credentials::password("me@example.com", "secret");
/// let rules = Rules::new();
/// // What Microsoft 365 offers.
/// let picked = pick("LOGIN XOAUTH2", &credentials, Channel::Tls, &rules);
/// assert_eq!(picked, Ok(Mechanism::Login));
/// let picked = pick("LOGIN XOAUTH2", &credentials, Channel::Clear, &rules);
/// assert_eq!(picked, Err(NoMechanism::NeedsTls(Mechanism::Login)));
/// let picked = pick("XOAUTH2-PLAIN LOGIN-MD5", &credentials, Channel::Tls, &rules);
/// assert_eq!(picked, Err(NoMechanism::NothingInCommon));
/// ```
pub fn pick(
    offered: &str,
    credentials: &Credentials<'_>,
    channel: Channel,
    rules: &Rules<'_>,
) -> Result<Mechanism, NoMechanism> {
    let names = || offered.split_ascii_whitespace();
    let is_offered =
        |mechanism: Mechanism| names().any(|name| name.eq_ignore_ascii_case(mechanism.name()));
    pick_from(is_offered, credentials, channel, rules)
}

/// As [`pick`], where the caller knows which of the preferred mechanisms are on offer.
pub(crate) fn pick_from(
    is_offered: impl Fn(Mechanism) -> bool,
    credentials: &Credentials<'_>,
    channel: Channel,
    rules: &Rules<'_>,
) -> Result<Mechanism, NoMechanism> {
    let mut refused = NoMechanism::NothingInCommon;
    for &mechanism in rules.preference {
        if !credentials.serve(mechanism) || !is_offered(mechanism) {
            continue;
        }
        match rules.check(mechanism, channel) {
            Ok(()) => return Ok(mechanism),
            // The one that is preferred most is the one to tell about.
            Err(why) if refused == NoMechanism::NothingInCommon => refused = why,
            Err(_) => {}
        }
    }
    Err(refused)
}

impl fmt::Display for NoMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingInCommon => f.write_str(
                "the server offers no mechanism that is allowed and that there are credentials for",
            ),
            Self::NeedsTls(mechanism) => write!(
                f,
                "{} shows the password or token to whoever is on the way: use TLS",
                mechanism.name()
            ),
            Self::NeedsVerifiedTls(mechanism) => write!(
                f,
                "{} shows the password or token to whoever answers, and the certificate was not \
                 verified",
                mechanism.name()
            ),
            Self::WrongHost => f.write_str("TLS was verified for another host than the one meant"),
        }
    }
}

impl core::error::Error for NoMechanism {}
