//! What a server offers, allows and says.

use crate::EXTENSIONS;
use crate::capability::Extensions;
use crate::limits::Limits;
use crate::policy::Policy;
use crate::reply::{DefaultReply, Reply};
use crate::sasl::Mechanism;

/// Which notices the application wants.
#[cfg_attr(not(feature = "extensions"), allow(dead_code, reason = "only extensions need it"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notices {
    None,
    Replies,
    All,
}

/// What the keys of users that don't exist are made of.
#[cfg(feature = "_scram")]
#[derive(Clone, Copy)]
pub(super) struct Decoys<'c> {
    pub(super) secret: &'c [u8],
    pub(super) iterations: u32,
}

#[cfg(feature = "_scram")]
impl core::fmt::Debug for Decoys<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Decoys").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// The configuration of a server: made once, shared by all its connections.
///
/// ```
/// use ehlo::sasl::Mechanism;
/// use ehlo::server::Config;
///
/// static CONFIG: Config = Config::new("sensor.local")
///     .auth(&[Mechanism::CramMd5, Mechanism::Plain])
///     .max_message(32 * 1024);
/// assert_eq!(CONFIG.hostname(), "sensor.local");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<'c> {
    pub(super) hostname: &'c str,
    pub(super) greeting: &'c str,
    pub(super) mechanisms: &'c [Mechanism],
    pub(super) extensions: Extensions,
    pub(super) keywords: &'c [&'c str],
    pub(super) parameters: &'c [&'c str],
    pub(super) limits: Limits,
    pub(super) policy: Policy,
    #[cfg(feature = "_scram")]
    pub(super) decoys: Option<Decoys<'c>>,
    pub(super) lmtp: bool,
    pub(super) notices: Notices,
    pub(super) replies: Option<fn(DefaultReply) -> Option<Reply<'static>>>,
}

impl<'c> Config<'c> {
    /// A server of this name: what it calls itself in its greeting and in its reply to EHLO.
    ///
    /// Without [`auth`](Self::auth) it accepts mail from anybody the application accepts.
    #[must_use]
    pub const fn new(hostname: &'c str) -> Self {
        Self {
            hostname,
            greeting: "ESMTP",
            mechanisms: &[],
            extensions: Extensions::DEFAULT,
            keywords: &[],
            parameters: &[],
            limits: Limits::new(),
            policy: Policy::new(),
            #[cfg(feature = "_scram")]
            decoys: None,
            lmtp: false,
            notices: Notices::None,
            replies: None,
        }
    }

    /// The mechanisms of AUTH, in the order they are offered. With at least one, a client has to
    /// authenticate before it may send mail, and may do so only under TLS: see
    /// [`Policy::auth_optional`] and [`Policy::cleartext_auth`].
    #[must_use]
    pub const fn auth(self, mechanisms: &'c [Mechanism]) -> Self {
        Self { mechanisms, ..self }
    }

    /// The text behind the hostname in the greeting.
    #[must_use]
    pub const fn greeting(self, greeting: &'c str) -> Self {
        Self { greeting, ..self }
    }

    /// The service extensions on offer, in place of [`Extensions::DEFAULT`].
    #[must_use]
    pub const fn extensions(self, extensions: Extensions) -> Self {
        Self { extensions, ..self }
    }

    /// STARTTLS is offered: the driver answers the `Upgrade` event by a TLS handshake.
    #[must_use]
    pub const fn starttls(self) -> Self {
        let extensions = self.extensions.with(Extensions::STARTTLS);
        Self { extensions, ..self }
    }

    /// Lines of the application's own for the reply to EHLO, such as `XSENSOR 1`; at most 506 octets
    /// each, or they are left out.
    #[must_use]
    pub const fn keywords(self, keywords: &'c [&'c str]) -> Self {
        Self { keywords, ..self }
    }

    /// Parameters of MAIL and RCPT that the application knows what to do with. Any other one this
    /// crate doesn't know is answered 555.
    #[cfg(feature = "extensions")]
    #[must_use]
    pub const fn parameters(self, parameters: &'c [&'c str]) -> Self {
        Self { parameters, ..self }
    }

    /// Limits of size, count and time.
    #[must_use]
    pub const fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Largest message in octets.
    #[must_use]
    pub const fn max_message(self, octets: u64) -> Self {
        let mut limits = self.limits;
        limits.message = octets;
        Self { limits, ..self }
    }

    /// Choices where the RFCs leave one.
    #[must_use]
    pub const fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// What the salts of users that don't exist are made of, and how many iterations they have: a
    /// secret of at least 16 octets that stays the same, and the number that real users have. Without
    /// it the salt differs from one connection to the next, which tells who asks twice that there is
    /// no such user (RFC 5802 section 9).
    #[cfg(feature = "_scram")]
    #[must_use]
    pub const fn scram_decoys(self, secret: &'c [u8], iterations: u32) -> Self {
        Self { decoys: Some(Decoys { secret, iterations }), ..self }
    }

    /// Whether [`scram_decoys`](Self::scram_decoys) was said.
    #[cfg(feature = "_scram")]
    #[must_use]
    pub const fn has_scram_decoys(&self) -> bool {
        self.decoys.is_some()
    }

    /// LMTP in place of SMTP (RFC 2033): LHLO, and a reply for each recipient of a message.
    #[cfg(feature = "extensions")]
    #[must_use]
    pub const fn lmtp(self) -> Self {
        Self { lmtp: true, ..self }
    }

    /// `Notice` events: each line as it comes, with credentials masked, and each reply the machine
    /// gives on its own account. For logs and transcripts.
    #[cfg(feature = "extensions")]
    #[must_use]
    pub const fn notices(self) -> Self {
        Self { notices: Notices::All, ..self }
    }

    /// `Notice` events for the replies alone that the machine gives on its own account: for a log
    /// that says why something was refused.
    #[cfg(feature = "extensions")]
    #[must_use]
    pub const fn reply_notices(self) -> Self {
        Self { notices: Notices::Replies, ..self }
    }

    /// A function that is asked for each default reply, and may give another in its place. A reply
    /// with a code of another class is not taken.
    #[cfg(feature = "texts")]
    #[must_use]
    pub const fn replies(self, replies: fn(DefaultReply) -> Option<Reply<'static>>) -> Self {
        Self { replies: Some(replies), ..self }
    }

    /// The hostname.
    #[must_use]
    pub const fn hostname(&self) -> &'c str {
        self.hostname
    }

    /// Whether a client may act as somebody else than who it is: for mechanisms whose messages the
    /// application reads itself.
    #[must_use]
    pub const fn takes_authorization_identity(&self) -> bool {
        self.policy.authorization_identity
    }

    /// The service extensions on offer.
    #[must_use]
    pub const fn offered(&self) -> Extensions {
        self.extensions
    }

    /// The reply to write for a default one.
    pub(super) fn reply(&self, default: DefaultReply) -> Reply<'static> {
        let usual = default.reply();
        if !crate::TEXTS {
            return usual;
        }
        let replaced = self.replies.and_then(|replies| replies(default));
        replaced.filter(|reply| reply.code().class() == usual.code().class()).unwrap_or(usual)
    }

    pub(super) const fn offers(&self, extension: Extensions) -> bool {
        Extensions::KNOWN.contains(extension) && self.extensions.contains(extension)
    }

    /// Whether it is LMTP.
    pub(super) const fn speaks_lmtp(&self) -> bool {
        EXTENSIONS && self.lmtp
    }
}
