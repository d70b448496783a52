//! What an application does when something has happened.

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::guard::Ready;
use ehlo::client::submission::{self, Next, Recipient};
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::Exchange;

use super::Setting;
use super::config::mechanism as own;
use crate::text::unescape;

/// A path and the parameters behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    path: String,
    parameters: String,
}

/// What an application does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// MAIL.
    Mail(Path),
    /// RCPT.
    Rcpt(Path),
    /// RSET.
    Rset,
    /// DATA.
    Data,
    /// BDAT, of so many octets, the last one or not.
    Bdat(u64, bool),
    /// AUTH, with an initial response or without.
    Auth(Mechanism, bool),
    /// AUTH, with this initial response of the application's own or without.
    AuthWith(Mechanism, Option<Vec<u8>>),
    /// STARTTLS.
    StartTls,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy(String),
    /// EXPN.
    Expn(String),
    /// HELP.
    Help,
    /// QUIT; or the journey is over.
    Quit,
    /// A challenge is answered by these octets.
    Respond(Vec<u8>),
    /// The last message of an exchange.
    Complete(Vec<u8>),
    /// There is no initial response.
    Wait,
    /// An exchange, or a message, is cancelled.
    Cancel,
    /// TLS has begun, and the certificate was verified for this name.
    Tls(Option<String>),
    /// The TLS handshake has failed.
    Failed,
    /// A part of the message.
    Write(Vec<u8>),
    /// The message is whole.
    Finish,
    /// What there is of the message leaves.
    Flush,
    /// The message is given up.
    Abort,
    /// A mail transaction begins.
    Begin(Path),
    /// A mail transaction begins whose message goes out as one chunk.
    BeginChunk(u64, Path),
    /// A recipient.
    Add(Path),
    /// There are no more recipients.
    NoMore,
}

impl Act {
    /// Reads what stands behind `A:`.
    ///
    /// # Errors
    /// When it is nothing to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let number = |text: &str| text.parse().map_err(|_| format!("not a number: {text}"));
        Ok(match (word, rest) {
            ("mail", path) => Self::Mail(Path::parse(path)?),
            ("rcpt", path) => Self::Rcpt(Path::parse(path)?),
            ("rset", "") => Self::Rset,
            ("data", "") => Self::Data,
            ("bdat", size) => match size.strip_suffix(" last") {
                Some(size) => Self::Bdat(number(size)?, true),
                None => Self::Bdat(number(size)?, false),
            },
            ("auth", name) => Self::Auth(mechanism(name)?, true),
            ("auth-in-two-steps", name) => Self::Auth(mechanism(name)?, false),
            ("auth-with", rest) => match rest.split_once(' ') {
                Some((name, "=")) => Self::AuthWith(own(name)?, Some(Vec::new())),
                Some((name, octets)) => Self::AuthWith(own(name)?, Some(unescape(octets)?)),
                None => Self::AuthWith(own(rest)?, None),
            },
            ("starttls", "") => Self::StartTls,
            ("noop", "") => Self::Noop,
            ("vrfy", text) => Self::Vrfy(unescaped(text)?),
            ("expn", text) => Self::Expn(unescaped(text)?),
            ("help", "") => Self::Help,
            ("quit", "") => Self::Quit,
            ("respond", octets) => Self::Respond(unescape(octets)?),
            ("complete", octets) => Self::Complete(unescape(octets)?),
            ("wait", "") => Self::Wait,
            ("cancel", "") => Self::Cancel,
            ("tls", "unverified") => Self::Tls(None),
            ("tls", name) => Self::Tls(Some(unescaped(name)?)),
            ("failed", "") => Self::Failed,
            ("write", octets) => Self::Write(unescape(octets)?),
            ("finish", "") => Self::Finish,
            ("flush", "") => Self::Flush,
            ("abort", "") => Self::Abort,
            ("begin", path) => Self::Begin(Path::parse(path)?),
            ("begin-chunk", rest) => {
                let (size, path) = rest.split_once(' ').ok_or("a size and a path")?;
                Self::BeginChunk(number(size)?, Path::parse(path)?)
            }
            ("add", path) => Self::Add(Path::parse(path)?),
            ("no-more", "") => Self::NoMore,
            _ => return Err(format!("nothing to do: {text}")),
        })
    }
}

impl Path {
    fn parse(text: &str) -> Result<Self, String> {
        let text = unescaped(text)?;
        let end = text.rfind("> ").map_or(text.len(), |at| at + 1);
        let (path, parameters) = text.split_at(end);
        Ok(Self { path: path.to_owned(), parameters: parameters.trim_start().to_owned() })
    }

    fn reverse(&self) -> (ReversePath<'_>, MailParameters<'_>) {
        let path = ReversePath::parse(&self.path).expect("a reverse-path");
        (path, MailParameters::parse(&self.parameters).expect("parameters of MAIL"))
    }

    fn forward(&self) -> (ForwardPath<'_>, RcptParameters<'_>) {
        let path = ForwardPath::parse(&self.path).expect("a forward-path");
        (path, RcptParameters::parse(&self.parameters).expect("parameters of RCPT"))
    }
}

fn mechanism(name: &str) -> Result<Mechanism, String> {
    Mechanism::from_name(name).ok_or(format!("no such mechanism: {name}"))
}

fn unescaped(text: &str) -> Result<String, String> {
    String::from_utf8(unescape(text)?).map_err(|error| error.to_string())
}

/// How something that was done ended: the error as it prints for debugging.
pub(super) type Outcome = Result<(), String>;

fn outcome<E: core::fmt::Debug + core::fmt::Display>(result: Result<(), E>) -> Outcome {
    result.map_err(|error| {
        // The text is for people: it has to be there.
        assert!(!error.to_string().is_empty());
        format!("{error:?}")
    })
}

/// Says a command. The guard comes back from a command that others may follow.
///
/// # Errors
/// When it is no command.
pub(super) fn say<'a>(
    act: &Act,
    mut ready: Ready<'a>,
    setting: &Setting,
    exchange: &mut Option<Exchange<'static>>,
) -> Result<(Option<Ready<'a>>, Outcome), String> {
    let said = match act {
        Act::Mail(path) => {
            let (path, parameters) = path.reverse();
            let said = outcome(ready.mail(path, &parameters));
            return Ok((Some(ready), said));
        }
        Act::Rcpt(path) => {
            let (path, parameters) = path.forward();
            let said = outcome(ready.rcpt(path, &parameters));
            return Ok((Some(ready), said));
        }
        Act::Rset => {
            let said = outcome(ready.rset());
            return Ok((Some(ready), said));
        }
        Act::Data => outcome(ready.data()),
        Act::Bdat(size, last) => outcome(ready.bdat(*size, *last)),
        Act::Auth(mechanism, initial) => {
            let credentials = setting.credentials.ok_or("there are no credentials")?;
            match Exchange::new(*mechanism, credentials) {
                Ok(new) => {
                    let exchange = exchange.insert(new.host(setting.config.host(), 25));
                    outcome(if *initial {
                        ready.auth(exchange)
                    } else {
                        ready.auth_in_two_steps(exchange)
                    })
                }
                Err(why) => outcome(Err(why)),
            }
        }
        Act::AuthWith(mechanism, initial) => {
            outcome(ready.auth_with(*mechanism, initial.as_deref()))
        }
        Act::StartTls => outcome(ready.starttls()),
        Act::Noop => outcome(ready.noop()),
        Act::Vrfy(text) => outcome(ready.vrfy(text)),
        Act::Expn(text) => outcome(ready.expn(text)),
        Act::Help => outcome(ready.help()),
        Act::Quit => outcome(ready.quit()),
        other => return Err(format!("this is no command: {other:?}")),
    };
    Ok((None, said))
}

/// Answers what a journey asks.
pub(super) fn next(act: &Act, next: Next<'_>) -> Result<Outcome, String> {
    Ok(match act {
        Act::Begin(path) => {
            let (path, parameters) = path.reverse();
            outcome(next.begin(path, &parameters))
        }
        Act::BeginChunk(size, path) => {
            let (path, parameters) = path.reverse();
            outcome(next.begin_chunk(path, &parameters, *size))
        }
        Act::Quit => {
            next.quit();
            Ok(())
        }
        other => return Err(format!("this begins nothing: {other:?}")),
    })
}

/// Answers what a journey asks.
pub(super) fn exchange(act: &Act, exchange: submission::Exchange<'_>) -> Result<Outcome, String> {
    Ok(match act {
        Act::Respond(octets) => outcome(exchange.respond(octets)),
        Act::Complete(octets) => outcome(exchange.complete(octets)),
        Act::Wait => outcome(exchange.wait()),
        Act::Cancel => {
            exchange.cancel();
            Ok(())
        }
        other => return Err(format!("this is no message of an exchange: {other:?}")),
    })
}

/// Answers what a journey asks.
pub(super) fn recipient(act: &Act, recipient: Recipient<'_>) -> Result<Outcome, String> {
    Ok(match act {
        Act::Add(path) => {
            let (path, parameters) = path.forward();
            outcome(recipient.add(path, &parameters))
        }
        Act::NoMore => {
            recipient.no_more();
            Ok(())
        }
        Act::Cancel => {
            recipient.cancel();
            Ok(())
        }
        Act::Quit => {
            recipient.quit();
            Ok(())
        }
        other => return Err(format!("this is no recipient: {other:?}")),
    })
}

pub(super) fn compare(
    doing: &super::Doing,
    outcome: Result<(), impl core::fmt::Debug>,
) -> Result<(), String> {
    let error = outcome.err().map(|error| format!("{error:?}"));
    same(doing, error)
}

pub(super) fn same(doing: &super::Doing, error: Option<String>) -> Result<(), String> {
    if error == doing.error {
        return Ok(());
    }
    let text = |error: &Option<String>| error.clone().unwrap_or_else(|| "success".to_owned());
    let (line, expected) = (doing.line, text(&doing.error));
    Err(format!("line {line}: {:?} ends with {}, not {expected}", doing.act, text(&error)))
}
