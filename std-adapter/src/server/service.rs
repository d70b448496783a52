//! What an application is to a server: a [`Service`].

use core::fmt;
use std::borrow::Cow;

use ehlo::reply::{NotARefusal, Refusal, ReplyCode};
use ehlo::sasl::{DigestMd5Key, NtHash, ScramKeys};
use ehlo::server::guard::{self, Etrn, Hello, Mail, Rcpt};

use super::{Body, Credentials, SessionInfo};
use crate::tokens::TokenStatus;

/// Yes, with something to go with it, or no.
pub type Verdict<T = ()> = Result<T, Refuse>;

/// Yes.
///
/// # Errors
/// Never: it is a [`Verdict`], as [`refuse`] is.
pub const fn accept() -> Verdict {
    Ok(())
}

/// No, with a reply code, an enhanced status code (RFC 3463) and a text, all of which the client
/// sees.
///
/// # Errors
/// Always: that is the refusal. A code that is not 4yz or 5yz makes it 451.
pub fn refuse<T>(code: u16, enhanced: &str, text: &str) -> Verdict<T> {
    Err(Refuse::with_code(code, format!("{enhanced} {text}")))
}

/// A refusal. Only what is put into it here is shown to the client: no error of the application's
/// turns into one on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuse {
    pub(super) kind: Kind,
    text: Cow<'static, str>,
    /// What a token would have to be good for.
    pub(super) scope: Cow<'static, str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Permanent,
    Transient,
    Code(ReplyCode),
    /// Wrong credentials: the mechanism knows how to say so.
    Credentials,
    /// Credentials can't be checked now.
    Unavailable,
    /// A token that isn't taken; the scope that would do is in the refusal.
    Token(TokenStatus),
}

impl Refuse {
    /// A 5yz refusal with the usual code of what it answers. The text may begin with an enhanced
    /// status code, such as `5.7.1 not from this network`.
    pub fn permanent(text: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::Permanent, text: text.into(), scope: Cow::Borrowed("") }
    }

    /// A 4yz refusal with the usual code of what it answers. The text may begin with an enhanced
    /// status code, such as `4.3.1 the disk is full`.
    pub fn transient(text: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::Transient, text: text.into(), scope: Cow::Borrowed("") }
    }

    /// A refusal with this reply code; one that is not 4yz or 5yz makes it 451. The text may begin
    /// with an enhanced status code.
    pub fn with_code(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        let code = ReplyCode::new(code).filter(|code| matches!(code.class(), 4 | 5));
        Self {
            kind: code.map_or(Kind::Transient, Kind::Code),
            text: text.into(),
            scope: Cow::Borrowed(""),
        }
    }

    /// Wrong credentials: 535, or what the mechanism has for it.
    #[must_use]
    pub const fn credentials() -> Self {
        Self {
            kind: Kind::Credentials,
            text: Cow::Borrowed("5.7.8 authentication failed"),
            scope: Cow::Borrowed(""),
        }
    }

    /// The credentials can't be checked now: 454. The client may try again, and it doesn't count as
    /// a failed authentication.
    #[must_use]
    pub const fn unavailable() -> Self {
        Self {
            kind: Kind::Unavailable,
            text: Cow::Borrowed("4.7.0 try again later"),
            scope: Cow::Borrowed(""),
        }
    }

    /// A token that isn't taken: the client hears the status, and the scope that would do, which may be empty (RFC 7628
    /// section 3.2.2). To anything but a token it is [`Refuse::credentials`]. A
    /// [`TokenRefusal`](crate::tokens::TokenRefusal) turns into it.
    #[must_use]
    pub fn token(status: TokenStatus, scope: impl Into<Cow<'static, str>>) -> Self {
        let (kind, scope) = (Kind::Token(status), scope.into());
        Self { kind, scope, ..Self::credentials() }
    }

    /// The text, with its enhanced status code.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn refusal(&self) -> Refusal<'_> {
        match self.kind {
            Kind::Permanent | Kind::Credentials | Kind::Token(_) => Refusal::permanent(&self.text),
            Kind::Transient | Kind::Unavailable => Refusal::transient(&self.text),
            Kind::Code(code) => Refusal::with_code(code, &self.text)
                .unwrap_or_else(|NotARefusal| Refusal::transient(&self.text)),
        }
    }
}

impl fmt::Display for Refuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Kind::Code(code) = self.kind {
            write!(f, "{code} ")?;
        }
        f.write_str(&self.text)
    }
}

impl core::error::Error for Refuse {}

/// How a client is welcomed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Welcome {
    /// It may send mail when it has authenticated, where the configuration asks for that.
    #[default]
    Accept,
    /// It may send mail without authentication.
    Trust,
}

/// A message that was taken: the text of its reply, such as the name it is queued by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt(pub Option<String>);

impl From<()> for Receipt {
    fn from((): ()) -> Self {
        Self(None)
    }
}

impl From<String> for Receipt {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

/// What an application is to a server: a hook for each thing it may want to decide. Each has a
/// default; together the defaults are a server that takes nothing.
///
/// One service serves all connections, so its methods take `&self`. They may take their time: the
/// client waits, the other connections don't.
pub trait Service: Send + Sync + 'static {
    /// Who has authenticated, in the application's own terms; kept in the session and shown to
    /// every later hook.
    type Identity: Send + Sync;

    /// A client has connected: before the greeting.
    fn connect(
        &self,
        session: &SessionInfo<Self::Identity>,
    ) -> impl Future<Output = Verdict<Welcome>> + Send {
        let _ = session;
        async { Ok(Welcome::Accept) }
    }

    /// EHLO, HELO or LHLO.
    fn hello(
        &self,
        session: &SessionInfo<Self::Identity>,
        hello: &Hello<'_>,
    ) -> impl Future<Output = Verdict> + Send {
        let _ = (session, hello);
        async { accept() }
    }

    /// Credentials are to be checked, by whatever mechanism. Wrong ones are
    /// [`Refuse::credentials`].
    fn login(
        &self,
        session: &SessionInfo<Self::Identity>,
        login: Credentials<'_>,
    ) -> impl Future<Output = Verdict<Self::Identity>> + Send {
        let _ = (session, login);
        async { Err(Refuse::credentials()) }
    }

    /// The keys of a user who authenticates by SCRAM, and who that is if the proof is right; `None` for
    /// a user that doesn't exist, or has no keys of that hash function: the client can't tell, since
    /// its exchange goes on and ends with 535.
    ///
    /// It is asked twice in an exchange, for the challenge and for the proof, and has to say the same
    /// both times. The channel binding is the server's own care.
    fn scram_keys(
        &self,
        session: &SessionInfo<Self::Identity>,
        query: &guard::ScramKeys<'_>,
    ) -> impl Future<Output = Verdict<Option<(ScramKeys, Self::Identity)>>> + Send {
        let _ = (session, query);
        async { Ok(None) }
    }

    /// The key of a user who authenticates by DIGEST-MD5, in the realm that the query names, and who that is if the
    /// digest is right; `None` for a user that doesn't exist, or has no such key: the client can't tell, since a digest
    /// is computed all the same, and it is 535.
    fn digest_md5_key(
        &self,
        session: &SessionInfo<Self::Identity>,
        query: &guard::DigestMd5<'_>,
    ) -> impl Future<Output = Verdict<Option<(DigestMd5Key, Self::Identity)>>> + Send {
        let _ = (session, query);
        async { Ok(None) }
    }

    /// The NT hash of a user who authenticates by NTLM, and who that is if the response is right; `None` for a user that
    /// doesn't exist, or has none: the client can't tell, since a response is computed all the same, and it is 535. The
    /// domain is the client's to choose: it is part of what the response proves, and names nobody.
    fn nt_hash(
        &self,
        session: &SessionInfo<Self::Identity>,
        query: &guard::Ntlm<'_>,
    ) -> impl Future<Output = Verdict<Option<(NtHash, Self::Identity)>>> + Send {
        let _ = (session, query);
        async { Ok(None) }
    }

    /// The name of who has authenticated: what [`SessionInfo::username`] and the log show. `None`, the
    /// default, is the name that came with the credentials; OAUTHBEARER may leave it out (RFC 7628
    /// section 3.1), and then only the service knows whose token it was.
    fn username<'a>(&self, identity: &'a Self::Identity) -> Option<&'a str> {
        let _ = identity;
        None
    }

    /// MAIL.
    fn mail(
        &self,
        session: &SessionInfo<Self::Identity>,
        mail: &Mail<'_>,
    ) -> impl Future<Output = Verdict> + Send {
        let _ = (session, mail);
        async { accept() }
    }

    /// RCPT. Without an answer of its own a service takes mail for nobody.
    fn rcpt(
        &self,
        session: &SessionInfo<Self::Identity>,
        rcpt: &Rcpt<'_>,
    ) -> impl Future<Output = Verdict> + Send {
        let _ = (session, rcpt);
        async { Err(Refuse::permanent("5.7.1 not accepted here")) }
    }

    /// DATA, or the first BDAT.
    fn data(&self, session: &SessionInfo<Self::Identity>) -> impl Future<Output = Verdict> + Send {
        let _ = session;
        async { accept() }
    }

    /// The message. What is returned is replied when all of it has come; a message must be durable
    /// before it is accepted. In LMTP the verdict is given for each recipient.
    fn message(
        &self,
        session: &SessionInfo<Self::Identity>,
        body: Body<'_>,
    ) -> impl Future<Output = Verdict<Receipt>> + Send;

    /// ETRN, where it is offered: the queue for a node is to be started.
    fn etrn(
        &self,
        session: &SessionInfo<Self::Identity>,
        etrn: &Etrn<'_>,
    ) -> impl Future<Output = Verdict> + Send {
        let _ = (session, etrn);
        async { Err(Refuse::permanent("5.7.1 there is no queue for it")) }
    }

    /// The session is over.
    fn closed(&self, session: &SessionInfo<Self::Identity>) {
        let _ = session;
    }
}
