//! What became of a message: lines for people, or an object for programs.

use std::io::{self, Write};
use std::process::ExitCode;

use ehlo_std::client::{self, Error, Receipt};
use serde::Serialize;

use super::{Options, advice};
use crate::exit::{self, Failure};
use crate::log::{Paint, is_deceptive};

/// What became of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The server has taken it for one recipient at least.
    sent: bool,
    /// What the server said to the message, or to what it refused before.
    reply: Option<Reply>,
    recipients: Vec<Recipient>,
    error: Option<Problem>,
    exit: u8,
}

#[derive(Debug, Serialize)]
struct Reply {
    code: u16,
    enhanced: Option<String>,
    text: String,
}

/// A recipient; without a code where the server has not spoken of it alone.
#[derive(Debug, Serialize)]
struct Recipient {
    address: String,
    accepted: bool,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<String>,
}

#[derive(Debug, Serialize)]
struct Problem {
    kind: &'static str,
    text: String,
}

impl Report {
    /// The server has taken it.
    pub(super) fn of_receipt(receipt: &Receipt) -> Self {
        let refused = receipt.rejected().count();
        let error = (refused > 0).then(|| Problem {
            kind: "recipients",
            text: format!("{refused} of {} recipients refused", receipt.recipients().len()),
        });
        Self {
            sent: true,
            reply: Some(Reply::of(receipt.reply())),
            recipients: receipt.recipients().iter().map(Recipient::of).collect(),
            error,
            exit: advice::exit_of_recipients(receipt.recipients()),
        }
    }

    /// It was not sent.
    pub(super) fn of_error(error: &Error, options: &Options, addresses: Vec<String>) -> Self {
        let recipients = match error {
            Error::Recipients(recipients) => recipients.iter().map(Recipient::of).collect(),
            _ => addresses.into_iter().map(Recipient::untold).collect(),
        };
        let reply = match error {
            Error::Refused(reply) | Error::Sender(reply) | Error::Message(reply) => Some(reply),
            Error::Failed { reply, .. } => reply.as_deref(),
            _ => None,
        };
        Self {
            sent: false,
            reply: reply.map(Reply::of),
            recipients,
            error: Some(Problem {
                kind: advice::kind(error),
                text: printable(&advice::text(error, options)),
            }),
            exit: advice::exit_code(error),
        }
    }

    /// It did not come to sending.
    pub(super) fn of_failure(failure: Failure, addresses: Vec<String>) -> Self {
        let exit = failure.code();
        let kind = match exit {
            exit::USAGE => "usage",
            exit::NO_INPUT => "input",
            exit::DATA => "message",
            _ => "configuration",
        };
        Self {
            sent: false,
            reply: None,
            recipients: addresses.into_iter().map(Recipient::untold).collect(),
            error: Some(Problem { kind, text: printable(&failure.into_text()) }),
            exit,
        }
    }

    /// Tells it.
    pub(super) fn print(self, json: bool, quiet: bool) -> Result<ExitCode, Failure> {
        // Nobody may be listening.
        if json {
            let object = serde_json::to_string(&self).unwrap_or_default();
            let _ = writeln!(io::stdout(), "{object}");
        } else if !quiet {
            let _ = self.lines(&mut io::stdout().lock());
        }
        match self.error {
            Some(error) => Err(Failure::new(self.exit, error.text)),
            None => Ok(ExitCode::from(self.exit)),
        }
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        let paint = Paint::of_stdout();
        for recipient in &self.recipients {
            let Some(code) = recipient.code else { continue };
            let verdict =
                if recipient.accepted { paint.good("accepted") } else { paint.bad("refused") };
            let text = one_line(recipient.text.as_deref().unwrap_or_default());
            writeln!(out, "{verdict} {} {code} {text}", printable(&recipient.address))?;
        }
        match &self.reply {
            Some(reply) if self.sent => writeln!(out, "{} {}", reply.code, one_line(&reply.text)),
            _ => Ok(()),
        }
    }
}

impl Reply {
    fn of(reply: &client::Reply) -> Self {
        Self {
            code: reply.code().value(),
            enhanced: reply.enhanced().map(|code| code.to_string()),
            text: reply.lines().join("\n"),
        }
    }
}

impl Recipient {
    fn of(recipient: &client::Recipient) -> Self {
        let Reply { code, enhanced, text } = Reply::of(recipient.reply());
        Self {
            address: recipient.address().to_owned(),
            accepted: recipient.is_accepted(),
            code: Some(code),
            enhanced,
            text: Some(text),
        }
    }

    fn untold(address: String) -> Self {
        Self { address, accepted: false, code: None, enhanced: None, text: None }
    }
}

fn one_line(text: &str) -> String {
    printable(&text.replace('\n', " "))
}

/// Without what would move the cursor or turn the line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if is_deceptive(c) { '?' } else { c }).collect()
}
