//! Answers to events.

use ehlo::reply::{Refusal, ReplyCode};
use ehlo::sasl::{ChannelBinding, CramMd5Keys, TokenError};
use ehlo::server::{Event, Identity};

use crate::scram;
use crate::text::unescape;

/// How an event is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes; with nothing to say yes to, it is taken note of.
    Accept,
    /// Yes, for this identity.
    AcceptAs(u32),
    /// Yes, with this text.
    AcceptWith(String),
    /// The credentials are wrong; for a token, with this status, these schemes and this scope.
    Reject(Option<[String; 3]>),
    /// It can't be decided now.
    Unavailable,
    /// No, with a code or the usual one, and a text.
    Refuse(Option<ReplyCode>, bool, String),
    /// Neither yes nor no (VRFY, EXPN); or what an application does that has no answer of its own.
    Decline,
    /// A TLS handshake fails.
    Failed,
    /// A challenge.
    Challenge(Vec<u8>),
    /// The connection is accepted, and may send mail without authentication.
    Trust,
    /// The connection is accepted, and may use XCLIENT and XFORWARD.
    AllowXclient,
    /// A digest is checked against this password.
    Verify(String),
    /// A digest is checked against keys made of this password; of SCRAM, DIGEST-MD5 and NTLM, these are its keys.
    VerifyKeys(String),
    /// The same, for this identity.
    Known(u32, String),
    /// The same, over a connection with this channel binding.
    Bound(Vec<u8>, String),
    /// There is no such user.
    Unknown,
}

impl Answer {
    /// Reads what stands behind `A:`.
    ///
    /// # Errors
    /// When it is no answer.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match (word, rest) {
            ("accept", "") => Self::Accept,
            ("accept", rest) => match rest.strip_prefix("as ") {
                Some(number) => Self::AcceptAs(number.parse().map_err(|_| "not a number")?),
                None => Self::AcceptWith(unescaped(rest)?),
            },
            ("reject", "") => Self::Reject(None),
            ("reject", rest) => {
                let parts: Vec<String> = rest.split('|').map(str::to_owned).collect();
                Self::Reject(Some(parts.try_into().map_err(|_| "status|schemes|scope")?))
            }
            ("unavailable", "") => Self::Unavailable,
            ("refuse", rest) => {
                let (first, text) = rest.split_once(' ').ok_or("a refusal needs a text")?;
                match first {
                    "permanent" => Self::Refuse(None, true, unescaped(text)?),
                    "transient" => Self::Refuse(None, false, unescaped(text)?),
                    code => {
                        let code = code.parse().ok().and_then(ReplyCode::new);
                        Self::Refuse(Some(code.ok_or("not a code")?), true, unescaped(text)?)
                    }
                }
            }
            ("decline", "") => Self::Decline,
            ("failed", "") => Self::Failed,
            ("challenge", rest) => Self::Challenge(unescape(rest)?),
            ("trust", "") => Self::Trust,
            ("xclient", "") => Self::AllowXclient,
            ("verify", password) => Self::Verify(password.to_owned()),
            ("keys", password) => Self::VerifyKeys(password.to_owned()),
            ("known", rest) => {
                let (number, password) = rest.split_once(' ').ok_or("a number and a password")?;
                Self::Known(number.parse().map_err(|_| "not a number")?, password.to_owned())
            }
            ("bound", rest) => {
                let (octets, password) = rest.split_once(' ').ok_or("octets and a password")?;
                Self::Bound(unescape(octets)?, password.to_owned())
            }
            ("unknown", "") => Self::Unknown,
            _ => return Err(format!("not an answer: {text}")),
        })
    }

    /// Answers an event.
    ///
    /// # Panics
    /// When the event can't be answered this way.
    pub fn give(&self, event: Event<'_>) {
        match (self, event) {
            (Self::Accept, event) => accept(event),
            (Self::AcceptAs(number), event) => accept_as(event, Identity(*number)),
            (Self::AcceptWith(text), Event::EndOfData(end)) => end.accept_with(text),
            (Self::AcceptWith(text), Event::Verify(verify)) => verify.accept(text),
            (Self::AcceptWith(text), Event::Expand(expand)) => {
                expand.accept(&text.split('|').collect::<Vec<_>>());
            }
            (Self::Reject(None), event) => reject(event),
            (Self::Reject(Some([status, schemes, scope])), Event::Token(token)) => {
                token.reject_with(&TokenError { status, schemes, scope });
            }
            (Self::Unavailable, event) => unavailable(event),
            (Self::Refuse(code, permanent, text), event) => {
                let refusal = match code {
                    Some(code) => Refusal::with_code(*code, text).unwrap(),
                    None if *permanent => Refusal::permanent(text),
                    None => Refusal::transient(text),
                };
                refuse(event, &refusal);
            }
            (Self::Decline, event) => event.decline(),
            (Self::Failed, Event::Upgrade(upgrade)) => upgrade.failed(),
            (Self::Challenge(octets), Event::Exchange(exchange)) => {
                exchange.challenge(octets).expect("the challenge fits");
            }
            (Self::Trust, Event::Connected(connected)) => connected.trust().accept(),
            (Self::AllowXclient, Event::Connected(connected)) => connected.allow_xclient().accept(),
            (Self::Verify(password), Event::CramMd5(login)) => {
                if login.verify(password.as_bytes()) { login.accept() } else { login.reject() }
            }
            (Self::VerifyKeys(password), Event::CramMd5(login)) => {
                let keys = CramMd5Keys::new(password.as_bytes());
                if login.verify_keys(&keys) { login.accept() } else { login.reject() }
            }
            (Self::VerifyKeys(password), Event::ScramKeys(query)) => {
                let keys = scram::keys(query.hash(), password);
                query.keys(&keys);
            }
            (Self::Known(number, password), Event::ScramKeys(query)) => {
                let keys = scram::keys(query.hash(), password);
                query.identity(Identity(*number)).keys(&keys);
            }
            (Self::Bound(octets, password), Event::ScramKeys(query)) => {
                let keys = scram::keys(query.hash(), password);
                let kind = query.channel_binding().expect("the client names a channel binding");
                let binding = ChannelBinding::new(kind, octets).expect("this is a channel binding");
                query.bind(binding).keys(&keys);
            }
            (Self::Unknown, Event::ScramKeys(query)) => query.unknown(),
            (Self::VerifyKeys(password), Event::DigestMd5(login)) => {
                login.password(password.as_bytes());
            }
            (Self::Known(number, password), Event::DigestMd5(login)) => {
                login.identity(Identity(*number)).password(password.as_bytes());
            }
            (Self::Unknown, Event::DigestMd5(login)) => login.unknown(),
            (Self::VerifyKeys(password), Event::Ntlm(login)) => {
                let right = login.verify_password(password);
                if right { login.accept() } else { login.reject() }
            }
            (Self::Known(number, password), Event::Ntlm(login)) => {
                let right = login.verify_password(password);
                if right { login.accept_as(Identity(*number)) } else { login.reject() }
            }
            (answer, event) => panic!("{answer:?} is no answer to {event:?}"),
        }
    }
}

fn unescaped(text: &str) -> Result<String, String> {
    String::from_utf8(unescape(text)?).map_err(|error| error.to_string())
}

/// Says yes to anything, or that the password is `tanstaaf`; VRFY and EXPN, to which yes needs a text, get neither yes nor no.
///
/// # Panics
/// When the event is one this doesn't know.
pub fn accept(event: Event<'_>) {
    match event {
        Event::Connected(connected) => connected.accept(),
        Event::Hello(hello) => hello.accept(),
        Event::Upgrade(upgrade) => upgrade.done(),
        Event::Login(login) => login.accept(),
        Event::CramMd5(login) => login.accept(),
        Event::Token(login) => login.accept(),
        Event::ScramKeys(query) => {
            let keys = scram::keys(query.hash(), "tanstaaf");
            query.keys(&keys);
        }
        Event::External(login) => login.accept(),
        Event::Anonymous(login) => login.accept(),
        Event::Exchange(exchange) => exchange.accept(),
        Event::Mail(mail) => mail.accept(),
        Event::Rcpt(rcpt) => rcpt.accept(),
        Event::Data(data) => data.accept(),
        Event::Body(body) => body.done(),
        Event::EndOfData(end) => end.accept(),
        Event::Verify(verify) => verify.decline(),
        Event::Expand(expand) => expand.decline(),
        Event::Etrn(etrn) => etrn.accept(),
        Event::Xclient(xclient) => xclient.accept(),
        Event::Xforward(xforward) => xforward.accept(),
        Event::Aborted(aborted) => aborted.done(),
        Event::Notice(notice) => notice.done(),
        Event::Closed(_) => {}
        other => panic!("an event no transcript knows: {other:?}"),
    }
}

fn accept_as(event: Event<'_>, identity: Identity) {
    match event {
        Event::Login(login) => login.accept_as(identity),
        Event::CramMd5(login) => login.accept_as(identity),
        Event::Token(login) => login.accept_as(identity),
        Event::External(login) => login.accept_as(identity),
        Event::Anonymous(login) => login.accept_as(identity),
        Event::Exchange(exchange) => exchange.accept_as(identity),
        Event::Xclient(xclient) => xclient.accept_login(Some(identity)),
        other => panic!("nobody is identified by {other:?}"),
    }
}

fn reject(event: Event<'_>) {
    match event {
        Event::Login(login) => login.reject(),
        Event::CramMd5(login) => login.reject(),
        Event::Token(login) => login.reject(),
        Event::External(login) => login.reject(),
        Event::DigestMd5(login) => login.reject(),
        Event::Ntlm(login) => login.reject(),
        Event::Anonymous(login) => login.reject(),
        Event::Exchange(exchange) => exchange.reject(),
        other => panic!("there are no credentials in {other:?}"),
    }
}

fn unavailable(event: Event<'_>) {
    match event {
        Event::Login(login) => login.unavailable(),
        Event::CramMd5(login) => login.unavailable(),
        Event::Token(login) => login.unavailable(),
        Event::ScramKeys(query) => query.unavailable(),
        Event::External(login) => login.unavailable(),
        Event::DigestMd5(login) => login.unavailable(),
        Event::Ntlm(login) => login.unavailable(),
        Event::Anonymous(login) => login.unavailable(),
        Event::Exchange(exchange) => exchange.unavailable(),
        other => panic!("there are no credentials in {other:?}"),
    }
}

fn refuse(event: Event<'_>, refusal: &Refusal<'_>) {
    match event {
        Event::Connected(connected) => connected.refuse(refusal),
        Event::Hello(hello) => hello.refuse(refusal),
        Event::Login(login) => login.refuse(refusal),
        Event::CramMd5(login) => login.refuse(refusal),
        Event::Token(login) => login.refuse(refusal),
        Event::ScramKeys(query) => query.refuse(refusal),
        Event::External(login) => login.refuse(refusal),
        Event::DigestMd5(login) => login.refuse(refusal),
        Event::Ntlm(login) => login.refuse(refusal),
        Event::Anonymous(login) => login.refuse(refusal),
        Event::Exchange(exchange) => exchange.refuse(refusal),
        Event::Mail(mail) => mail.refuse(refusal),
        Event::Rcpt(rcpt) => rcpt.refuse(refusal),
        Event::Data(data) => data.refuse(refusal),
        Event::Body(body) => body.refuse(refusal),
        Event::EndOfData(end) => end.refuse(refusal),
        Event::Verify(verify) => verify.refuse(refusal),
        Event::Expand(expand) => expand.refuse(refusal),
        Event::Etrn(etrn) => etrn.refuse(refusal),
        Event::Xclient(xclient) => xclient.refuse(refusal),
        Event::Xforward(xforward) => xforward.refuse(refusal),
        other => panic!("nothing is to be refused in {other:?}"),
    }
}
