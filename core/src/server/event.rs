//! Events: what a client wants, or what has happened.

use super::facts::Hello as HelloKind;
#[cfg(feature = "cram-md5")]
use super::guard::CramMd5;
#[cfg(feature = "digest-md5")]
use super::guard::DigestMd5;
#[cfg(feature = "ntlm")]
use super::guard::Ntlm;
#[cfg(feature = "_scram")]
use super::guard::ScramKeys;
#[cfg(feature = "oauth")]
use super::guard::Token;
use super::guard::{
    Anonymous, Answer, Body, Connected, Data, EndOfData, Exchange, External, Hello, Login, Mail,
    Rcpt, TransactionAborted, Upgrade,
};
#[cfg(feature = "extensions")]
use super::guard::{Etrn, Expand, Notice, Shown, Verify, Xclient, Xforward};
use super::machine::{Closed, Machine, Pending};
#[cfg(feature = "extensions")]
use super::shown::shown_of;
use super::state::Phase;
use crate::command::{Command, Verb};
use crate::reply::Refusal;
use crate::sasl::server::{Malformed, Verify as SaslVerify};

/// What a client wants, or what has happened. Each is a guard, and the guard is the answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A client has connected.
    Connected(Connected<'a>),
    /// EHLO, HELO or LHLO.
    Hello(Hello<'a>),
    /// TLS is to be started.
    Upgrade(Upgrade<'a>),
    /// A password is to be checked.
    Login(Login<'a>),
    /// A digest is to be checked.
    #[cfg(feature = "cram-md5")]
    CramMd5(CramMd5<'a>),
    /// A bearer token is to be checked.
    #[cfg(feature = "oauth")]
    Token(Token<'a>),
    /// The keys of a user are needed.
    #[cfg(feature = "_scram")]
    ScramKeys(ScramKeys<'a>),
    /// The key of a user is needed.
    #[cfg(feature = "digest-md5")]
    DigestMd5(DigestMd5<'a>),
    /// The hash of a user's password is needed.
    #[cfg(feature = "ntlm")]
    Ntlm(Ntlm<'a>),
    /// The TLS client certificate's identity is to be used.
    External(External<'a>),
    /// Nobody in particular wants in.
    Anonymous(Anonymous<'a>),
    /// A round of a mechanism of the application's own, or of GSSAPI.
    Exchange(Exchange<'a>),
    /// MAIL.
    Mail(Mail<'a>),
    /// RCPT.
    Rcpt(Rcpt<'a>),
    /// DATA, or the first BDAT.
    Data(Data<'a>),
    /// Octets of the message.
    Body(Body<'a>),
    /// The message is complete.
    EndOfData(EndOfData<'a>),
    /// VRFY.
    #[cfg(feature = "extensions")]
    Verify(Verify<'a>),
    /// EXPN.
    #[cfg(feature = "extensions")]
    Expand(Expand<'a>),
    /// ETRN.
    #[cfg(feature = "extensions")]
    Etrn(Etrn<'a>),
    /// XCLIENT.
    #[cfg(feature = "extensions")]
    Xclient(Xclient<'a>),
    /// XFORWARD.
    #[cfg(feature = "extensions")]
    Xforward(Xforward<'a>),
    /// The mail transaction is over without a message.
    Aborted(TransactionAborted<'a>),
    /// Something for the log.
    #[cfg(feature = "extensions")]
    Notice(Notice<'a>),
    /// The connection is over. This is offered for ever.
    Closed(Closed),
}

impl Event<'_> {
    /// Whether it only tells something: there is nothing to be decided.
    #[must_use]
    pub const fn only_tells(&self) -> bool {
        match self {
            #[cfg(feature = "extensions")]
            Self::Notice(_) => true,
            other => matches!(other, Self::Aborted(_)),
        }
    }

    /// The answer of an application that has none of its own: it greets and says hello, and refuses
    /// everything that would have it check credentials or take mail.
    pub fn decline(self) {
        let no = Refusal::permanent("5.7.1 not accepted here");
        match self {
            Self::Connected(connected) => connected.accept(),
            Self::Hello(hello) => hello.accept(),
            Self::Upgrade(upgrade) => upgrade.failed(),
            Self::Login(login) => login.reject(),
            #[cfg(feature = "cram-md5")]
            Self::CramMd5(login) => login.reject(),
            #[cfg(feature = "oauth")]
            Self::Token(login) => login.reject(),
            #[cfg(feature = "_scram")]
            Self::ScramKeys(query) => query.unknown(),
            #[cfg(feature = "digest-md5")]
            Self::DigestMd5(login) => login.reject(),
            #[cfg(feature = "ntlm")]
            Self::Ntlm(login) => login.reject(),
            Self::External(login) => login.reject(),
            Self::Anonymous(login) => login.reject(),
            Self::Exchange(exchange) => exchange.reject(),
            Self::Mail(mail) => mail.refuse(&no),
            Self::Rcpt(rcpt) => rcpt.refuse(&no),
            Self::Data(data) => data.refuse(&no),
            Self::Body(body) => body.refuse(&no),
            Self::EndOfData(end) => end.refuse(&no),
            #[cfg(feature = "extensions")]
            Self::Verify(verify) => verify.decline(),
            #[cfg(feature = "extensions")]
            Self::Expand(expand) => expand.decline(),
            #[cfg(feature = "extensions")]
            Self::Etrn(etrn) => etrn.refuse(&no),
            #[cfg(feature = "extensions")]
            Self::Xclient(xclient) => xclient.refuse(&no),
            #[cfg(feature = "extensions")]
            Self::Xforward(xforward) => xforward.refuse(&no),
            Self::Aborted(aborted) => aborted.done(),
            #[cfg(feature = "extensions")]
            Self::Notice(notice) => notice.done(),
            Self::Closed(_) => {}
        }
    }

    /// As [`decline`](Self::decline), but takes every sender, recipient and DATA: for an
    /// application that decides by authentication and by message alone.
    pub fn accept_or_decline(self) {
        match self {
            Self::Mail(mail) => mail.accept(),
            Self::Rcpt(rcpt) => rcpt.accept(),
            Self::Data(data) => data.accept(),
            other => other.decline(),
        }
    }
}

impl<'a> Machine<'a> {
    /// The event that is pending, with what it lends found again in the receive window.
    pub(super) fn offer(self) -> Option<Event<'a>> {
        let Self { config, state, rx, tx } = self;
        let rx: &'a [u8] = rx;
        let (aborted, closed) = (state.aborted, state.closed);
        #[cfg(feature = "extensions")]
        let notice = state.notice;
        let unread = state.window.unread(rx);
        let line = unread.get(..state.line.saturating_sub(2)).unwrap_or(&[]);
        let pending = state.pending;
        let answer = Answer { config, state, tx };
        if let Some(why) = aborted {
            return Some(Event::Aborted(TransactionAborted { answer, why }));
        }
        #[cfg(feature = "extensions")]
        if let Some(reply) = notice {
            return Some(Event::Notice(Notice { answer, shown: Shown::Reply(reply) }));
        }
        match pending {
            Pending::None if answer.state.phase() == Phase::Closed => Some(Event::Closed(closed)),
            Pending::None => None,
            Pending::Connected => Some(Event::Connected(Connected { answer })),
            Pending::Upgrade => Some(Event::Upgrade(Upgrade { answer })),
            Pending::EndOfData => Some(Event::EndOfData(EndOfData { answer })),
            Pending::Body(n) => {
                let octets = unread.get(..n).unwrap_or(unread);
                Some(Event::Body(Body { answer, octets, inserted: None }))
            }
            Pending::Inserted(newline) => {
                let (octets, inserted) = (newline.octets(), Some(newline.unread()));
                Some(Event::Body(Body { answer, octets, inserted }))
            }
            #[cfg(feature = "extensions")]
            Pending::Line(n) => {
                let shown = unread.get(..n).unwrap_or(unread);
                let (line, masked) = shown_of(answer.config, answer.state, shown);
                Some(Event::Notice(Notice { answer, shown: Shown::Line(line, masked) }))
            }
            Pending::Data => {
                let bdat =
                    crate::EXTENSIONS && matches!(Verb::split_from(line), Some((Verb::Bdat, _)));
                Some(Event::Data(Data { answer, chunk: bdat }))
            }
            Pending::Sasl => offer_sasl(answer, rx),
            _ => offer_command(answer, line),
        }
    }
}

/// The events that lend a parsed command. The line was parsed before it became pending.
fn offer_command<'a>(answer: Answer<'a>, line: &'a [u8]) -> Option<Event<'a>> {
    Some(match Command::parse(line).ok()? {
        Command::Ehlo(name) | Command::Lhlo(name) => {
            Event::Hello(Hello { answer, kind: HelloKind::Ehlo, name })
        }
        Command::Helo(name) => Event::Hello(Hello { answer, kind: HelloKind::Helo, name }),
        Command::Mail(path, parameters) => Event::Mail(Mail { answer, path, parameters }),
        Command::Rcpt(path, parameters) => Event::Rcpt(Rcpt { answer, path, parameters }),
        #[cfg(feature = "extensions")]
        Command::Vrfy(text) => Event::Verify(Verify { answer, text }),
        #[cfg(feature = "extensions")]
        Command::Expn(text) => Event::Expand(Expand { answer, text }),
        #[cfg(feature = "extensions")]
        Command::Etrn(text) => Event::Etrn(Etrn { answer, text }),
        #[cfg(feature = "extensions")]
        Command::Xclient(attributes) => Event::Xclient(Xclient { answer, attributes }),
        #[cfg(feature = "extensions")]
        Command::Xforward(attributes) => Event::Xforward(Xforward { answer, attributes }),
        _ => return None,
    })
}

/// The events of AUTH. The response was read before it became pending.
fn offer_sasl<'a>(answer: Answer<'a>, rx: &'a [u8]) -> Option<Event<'a>> {
    let mechanism = answer.state.exchange?.mechanism();
    let has_response = answer.state.response.is_some();
    let verify: Result<SaslVerify<'a>, Malformed> = super::auth::verification(answer.state, rx);
    Some(match verify.ok()? {
        SaslVerify::Password(login) => Event::Login(Login { answer, login }),
        #[cfg(feature = "cram-md5")]
        SaslVerify::Digest(digest) => {
            let challenge = super::auth::nonce(answer.config, answer.state);
            Event::CramMd5(CramMd5 { answer, digest, challenge })
        }
        #[cfg(feature = "oauth")]
        SaslVerify::Token(token) => Event::Token(Token { answer, token }),
        #[cfg(feature = "_scram")]
        SaslVerify::Scram(scram) => {
            Event::ScramKeys(ScramKeys { answer, scram, identity: None, binding: None })
        }
        #[cfg(feature = "digest-md5")]
        SaslVerify::DigestMd5(digest) => {
            Event::DigestMd5(DigestMd5 { answer, digest, identity: None })
        }
        #[cfg(feature = "ntlm")]
        SaslVerify::Ntlm(login) => Event::Ntlm(Ntlm { answer, login }),
        SaslVerify::External(identity) => Event::External(External { answer, identity }),
        SaslVerify::Anonymous(trace) => Event::Anonymous(Anonymous { answer, trace }),
        SaslVerify::Response(response) if mechanism.is_spoken_by_application() => {
            let response = has_response.then_some(response);
            Event::Exchange(Exchange { answer, response })
        }
        #[allow(unreachable_patterns, reason = "depends on the features")]
        _ => return None,
    })
}
