//! Commands and their order (RFC 5321 section 4.1.4).

use super::config::{Config, Notices};
use super::facts::Hello;
use super::machine::{Aborted, Closed, Machine, Pending, State, Step};
use super::state::Turn;
use crate::EXTENSIONS;
use crate::address::{ForwardPath, ReversePath};
use crate::capability::Extensions as E;
use crate::command::{self, Command, Verb};
use crate::error::SyntaxError;
use crate::parameter::{BodyType, MailParameters, OtherParameters, RcptParameters};
use crate::reply::DefaultReply as R;
use crate::wire::window::Line;
use crate::wire::words;

impl Machine<'_> {
    /// Takes the next line, if it is there, as a command.
    pub(super) fn command(&mut self) -> Step {
        let unread = self.state.window.unread(self.rx);
        let auth = unread.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        if !self.state.flags.swallowing {
            self.state.flags.auth = auth;
        }
        let limits = &self.config.limits;
        let limit = if auth { limits.auth_line } else { limits.command_line };
        match self.take_line(limit) {
            Taken::Line(length) => self.on_line(length),
            Taken::Refused(R::LineTooLong) if self.state.flags.auth => {
                self.error(R::AuthLineTooLong);
            }
            Taken::Refused(reply) => self.error(reply),
            Taken::Shown => {}
            Taken::Nothing => return Step::NeedsInput,
        }
        Step::Moved
    }

    /// Finds the next line and sees that it is one: ended by CRLF, and not too long. A line that is
    /// too long is dropped up to its CRLF, whatever is in it, and answered once.
    pub(super) fn take_line(&mut self, limit: usize) -> Taken {
        let found = self.state.window.line(self.rx);
        let (Line::Complete(length) | Line::BareNewline(length)) = found else {
            let too_long = self.state.window.len() >= limit;
            if self.state.flags.swallowing || too_long || self.state.window.is_full(self.rx) {
                self.state.flags.swallowing = true;
                self.state.window.swallow(self.rx);
            }
            return Taken::Nothing;
        };
        self.state.line = length + 2;
        if core::mem::take(&mut self.state.flags.swallowing) || length + 2 > limit {
            return Taken::Refused(R::LineTooLong);
        }
        if matches!(found, Line::BareNewline(_)) {
            return Taken::Refused(R::BareNewline);
        }
        if EXTENSIONS
            && self.config.notices == Notices::All
            && !core::mem::replace(&mut self.state.flags.shown, true)
        {
            self.state.pending = Pending::Line(length);
            return Taken::Shown;
        }
        Taken::Line(length)
    }

    fn on_line(&mut self, length: usize) {
        let line = self.state.window.unread(self.rx).get(..length).unwrap_or(&[]);
        let Some((verb, rest)) = Verb::split_from(line.trim_ascii_end()) else {
            return self.error(R::Syntax(SyntaxError::UnknownCommand));
        };
        if self.state.flags.turned_away && verb != Verb::Quit {
            return self.error(R::NoService);
        }
        // The octets of a chunk come whatever is said to it, so its size comes first.
        if verb == Verb::Bdat {
            if !EXTENSIONS {
                self.state.consume_line();
                return self.end(R::NotOffered);
            }
            return match command::bdat(rest) {
                Ok((size, Ok(last))) => self.on_bdat(size, last),
                Ok((size, Err(error))) => self.refuse_chunk(R::Syntax(error), size, false),
                // Where the chunk ends can't be known, and its octets must not become commands.
                Err(error @ SyntaxError::ChunkSize) => {
                    self.state.consume_line();
                    self.end(R::Syntax(error));
                }
                Err(error) => self.error(R::Syntax(error)),
            };
        }
        if self.state.is_one_too_many(self.config, verb) {
            self.state.consume_line();
            return self.end(R::TooManyUnauthenticated);
        }
        if let Some(refusal) = self.out_of_order(verb) {
            return self.error(refusal);
        }
        match Command::of_verb(verb, rest) {
            Ok(command) => match self.refusal_of(&command) {
                Some(refusal) => self.refuse(refusal),
                None => self.accept(verb),
            },
            Err(error) => self.error(R::Syntax(error)),
        }
    }

    /// Why this verb can't stand here, whatever its argument.
    pub(super) fn out_of_order(&self, verb: Verb) -> Option<R> {
        let (facts, transaction) = (&self.state.facts, &self.state.transaction);
        let extensions = |extension| self.config.offers(extension);
        if self.config.policy.tls_required
            && !facts.tls
            && !matches!(verb, Verb::Ehlo | Verb::Lhlo | Verb::StartTls | Verb::Noop | Verb::Quit)
        {
            return Some(R::TlsRequired);
        }
        let no_hello = facts.hello == Hello::None;
        match verb {
            Verb::Ehlo | Verb::Helo if self.config.speaks_lmtp() => return Some(R::WrongHello),
            Verb::Lhlo if !self.config.speaks_lmtp() => return Some(R::WrongHello),
            Verb::StartTls if facts.tls => return Some(R::TlsActive),
            Verb::StartTls if !extensions(E::STARTTLS) => return Some(R::NotOffered),
            Verb::Auth if self.config.mechanisms.is_empty() => return Some(R::NotOffered),
            Verb::Auth if facts.hello != Hello::Ehlo => return Some(R::HelloFirst),
            Verb::Auth if facts.authenticated => return Some(R::AlreadyAuthenticated),
            Verb::Auth if transaction.open => return Some(R::AuthInTransaction),
            Verb::Etrn if EXTENSIONS && !extensions(E::ETRN) => return Some(R::NotOffered),
            Verb::Xclient | Verb::Xforward if EXTENSIONS && !self.state.flags.xclient => {
                return Some(R::NotTrusted);
            }
            Verb::Xclient | Verb::Xforward if EXTENSIONS && transaction.open => {
                return Some(R::NestedMail);
            }
            Verb::Mail | Verb::Rcpt | Verb::Data | Verb::Bdat | Verb::Etrn if no_hello => {
                return Some(R::HelloFirst);
            }
            _ => {}
        }
        let guarded = matches!(
            verb,
            Verb::Mail
                | Verb::Rcpt
                | Verb::Data
                | Verb::Bdat
                | Verb::Vrfy
                | Verb::Expn
                | Verb::Etrn
        );
        if guarded && self.state.needs_auth(self.config) {
            let tls_first = !self.config.auth_on_offer(facts) && extensions(E::STARTTLS);
            return Some(if tls_first { R::TlsRequired } else { R::AuthRequired });
        }
        match verb {
            Verb::Mail if transaction.open => Some(R::NestedMail),
            Verb::Rcpt | Verb::Data if !transaction.open => Some(R::MailFirst),
            Verb::Rcpt | Verb::Data if EXTENSIONS && transaction.data => Some(R::ChunkExpected),
            Verb::Bdat if EXTENSIONS && !transaction.open => Some(R::ChunkOutOfPlace),
            Verb::Data | Verb::Bdat if transaction.recipients == 0 => {
                // LMTP has 503 for both (RFC 2033 section 4.2).
                let refused = transaction.refused && !self.config.speaks_lmtp();
                Some(if refused { R::NoValidRecipients } else { R::RecipientFirst })
            }
            Verb::Data if EXTENSIONS && transaction.body == Some(BodyType::BinaryMime) => {
                Some(R::BinaryNeedsBdat)
            }
            _ => None,
        }
    }

    /// Why a well-formed command in the right place is refused all the same.
    fn refusal_of(&self, command: &Command<'_>) -> Option<R> {
        match command {
            Command::Ehlo(name) | Command::Helo(name) | Command::Lhlo(name)
                if self.config.policy.strict_hello && name.host().is_none() =>
            {
                Some(R::Syntax(SyntaxError::Hello))
            }
            Command::Mail(path, parameters) => self.refusal_of_mail(path, parameters),
            Command::Rcpt(path, parameters) => self.refusal_of_rcpt(path, parameters),
            Command::Vrfy(text) | Command::Expn(text) if EXTENSIONS && !text.is_ascii() => {
                // RFC 6531 section 3.7.4.2: the parameter stands behind the address.
                let last = words::rsplit_once(text, b' ').map_or("", |(_, last)| last);
                let asked =
                    last.eq_ignore_ascii_case("SMTPUTF8") && self.config.offers(E::SMTPUTF8);
                if asked { None } else { Some(R::NonAsciiAddress) }
            }
            _ => None,
        }
    }

    fn refusal_of_mail(&self, path: &ReversePath<'_>, p: &MailParameters<'_>) -> Option<R> {
        let needs = p.needs();
        let tls = self.state.facts.tls || !needs.contains(E::REQUIRETLS);
        let known = self.config.offers(needs)
            && tls
            && (p.auth.is_none() || !self.config.mechanisms.is_empty())
            && self.takes(&p.other);
        let limit = self.config.limits.message;
        // HELO offers nothing, so it allows no parameter (RFC 5321 section 4.1.1.1).
        let helo = self.state.facts.hello == Hello::Helo;
        if !known || (helo && !p.is_empty()) {
            Some(R::UnknownParameter)
        } else if !path.as_str().is_ascii() && !p.smtputf8 {
            Some(R::NonAsciiAddress)
        } else if limit > 0 && p.size.is_some_and(|size| size > limit) {
            Some(R::MessageTooBig)
        } else {
            None
        }
    }

    fn refusal_of_rcpt(&self, path: &ForwardPath<'_>, p: &RcptParameters<'_>) -> Option<R> {
        let ehlo = self.state.facts.hello == Hello::Ehlo;
        let utf8 = self.state.facts.smtputf8;
        let limit = match self.config.limits.recipients {
            0 => u16::MAX,
            limit => limit,
        };
        let needs = p.needs();
        let known = needs == E::NONE || (ehlo && self.config.offers(needs));
        if !known || !self.takes(&p.other) {
            Some(R::UnknownParameter)
        } else if !(utf8 || path.as_str().is_ascii() && p.is_ascii()) {
            Some(R::NonAsciiAddress)
        } else if self.state.transaction.recipients >= limit {
            Some(R::TooManyRecipients)
        } else {
            None
        }
    }

    /// Whether the application knows each of these parameters.
    fn takes(&self, other: &OtherParameters<'_>) -> bool {
        if !EXTENSIONS {
            return other.is_none();
        }
        other.iter().all(|parameter| {
            self.config.parameters.iter().any(|own| own.eq_ignore_ascii_case(parameter.keyword))
        })
    }

    /// A refusal that is no fault of the dialogue: it does not count as an error.
    fn refuse(&mut self, reply: R) {
        if reply == R::TooManyRecipients || reply == R::MessageTooBig {
            self.write(&self.config.reply(reply));
            self.note(reply);
            self.state.consume_line();
        } else {
            self.error(reply);
        }
    }

    /// Does what the machine can do on its own, or offers the event.
    fn accept(&mut self, verb: Verb) {
        let limit = self.config.limits.transactions;
        match verb {
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => self.state.pending = Pending::Hello,
            Verb::Mail if limit > 0 && self.state.counts.transactions >= limit => {
                self.state.consume_line();
                self.end(R::TooManyTransactions);
            }
            Verb::Mail => self.state.pending = Pending::Mail,
            Verb::Rcpt => self.state.pending = Pending::Rcpt,
            Verb::Data => self.state.pending = Pending::Data,
            Verb::Rset => {
                self.state.end_transaction(Some(Aborted::Reset));
                self.reply(R::Ok);
            }
            Verb::Noop => {
                self.reply(R::Ok);
                self.state.flags.flush = true;
            }
            Verb::Quit => {
                self.reply(R::Closing);
                self.state.close(Closed::Quit);
            }
            Verb::Vrfy if EXTENSIONS => self.state.pending = Pending::Verify,
            Verb::Expn if EXTENSIONS => self.state.pending = Pending::Expand,
            Verb::Vrfy => {
                self.reply(R::CannotVerify);
                self.state.flags.flush = true;
            }
            Verb::Help => self.reply(R::Help),
            Verb::StartTls => self.on_starttls(),
            Verb::Auth => self.on_auth(),
            Verb::Etrn if EXTENSIONS => self.state.pending = Pending::Etrn,
            Verb::Xclient if EXTENSIONS => self.state.pending = Pending::Xclient,
            Verb::Xforward if EXTENSIONS => self.state.pending = Pending::Xforward,
            _ => self.error(R::NotOffered),
        }
    }

    /// `STARTTLS` (RFC 3207 section 4). Octets behind it came in clear and would be taken for
    /// octets under TLS: they end the connection.
    fn on_starttls(&mut self) {
        if self.state.window.len() > self.state.line {
            self.state.consume_line();
            return self.end(R::PlaintextBehindStartTls);
        }
        self.reply(R::ReadyForTls);
        self.state.end_transaction(Some(Aborted::Reset));
        self.state.turn(Turn::TlsAnnounced);
    }
}

impl State {
    /// Counts commands before authentication, where there has to be one.
    pub(super) fn is_one_too_many(&mut self, config: &Config<'_>, verb: Verb) -> bool {
        let limit = config.limits.unauthenticated_commands;
        if limit == 0 || matches!(verb, Verb::Auth | Verb::Quit) || !self.needs_auth(config) {
            return false;
        }
        let count = &mut self.counts.unauthenticated;
        *count = count.saturating_add(1);
        *count > limit
    }

    /// Whether the client has to authenticate before it may send mail.
    fn needs_auth(&self, config: &Config<'_>) -> bool {
        !config.mechanisms.is_empty()
            && !config.policy.auth_optional
            && !self.facts.authenticated
            && !self.facts.trusted
    }
}

/// What [`Machine::take_line`] found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Taken {
    /// A line of so many octets.
    Line(usize),
    /// A line that is none; it is to be refused with this.
    Refused(R),
    /// A line that is shown to the application first.
    Shown,
    /// No whole line yet.
    Nothing,
}
