//! The reply to EHLO, a line at a time, so that it fits the smallest send buffer.

use super::config::Config;
use super::facts::Facts;
use super::machine::Machine;
use crate::EXTENSIONS;
use crate::capability::Extensions as E;
use crate::limits::REPLY_LINE_MAX;
use crate::reply::{ReplyCode, ReplyWriter};

/// The lines the crate knows, in their order; the application's own follow.
static LINES: &[Line<'static>] = if EXTENSIONS {
    &[
        Line::Hostname,
        Line::Keyword(E::PIPELINING, "PIPELINING"),
        Line::Size,
        Line::Keyword(E::EIGHT_BIT_MIME, "8BITMIME"),
        Line::Keyword(E::SMTPUTF8, "SMTPUTF8"),
        Line::Keyword(E::CHUNKING, "CHUNKING"),
        Line::Keyword(E::CHUNKING.with(E::BINARYMIME), "BINARYMIME"),
        Line::Keyword(E::DSN, "DSN"),
        Line::Keyword(E::ENHANCED_STATUS_CODES, "ENHANCEDSTATUSCODES"),
        Line::StartTls,
        Line::Auth,
        Line::RequireTls,
        Line::Keyword(E::DELIVERBY, "DELIVERBY"),
        // The largest interval and time that can be asked for (RFC 4865 section 4).
        Line::Keyword(E::FUTURERELEASE, "FUTURERELEASE 999999999 9999-12-31T23:59:59Z"),
        Line::Keyword(E::MT_PRIORITY, "MT-PRIORITY"),
        Line::Keyword(E::ETRN, "ETRN"),
        Line::Limits,
    ]
} else {
    &[
        Line::Hostname,
        Line::Keyword(E::PIPELINING, "PIPELINING"),
        Line::Size,
        Line::Keyword(E::EIGHT_BIT_MIME, "8BITMIME"),
        Line::Keyword(E::ENHANCED_STATUS_CODES, "ENHANCEDSTATUSCODES"),
        Line::StartTls,
        Line::Auth,
    ]
};

/// XCLIENT, XFORWARD and HELP, which stand between those and the application's own.
const BEHIND: usize = 3;

#[derive(Clone, Copy)]
enum Line<'a> {
    Hostname,
    Keyword(E, &'static str),
    Size,
    StartTls,
    Auth,
    RequireTls,
    Limits,
    Xclient(&'static str),
    Help,
    Own(&'a str),
}

impl Machine<'_> {
    /// Writes the next line of the reply to EHLO.
    pub(super) fn write_hello_line(&mut self) {
        let Some(index) = self.state.hello_line.take() else { return };
        let Some(line) = line(self.config, usize::from(index)) else { return };
        let end = LINES.len().saturating_add(BEHIND).saturating_add(self.config.keywords.len());
        let end = u8::try_from(end).unwrap_or(u8::MAX);
        let next = (index.saturating_add(1)..end).find(|index| {
            line_on_offer(self.config, &self.state.facts, self.state.flags.xclient, *index)
        });
        let room = self.state.outbox.free(self.tx);
        let mut writer = ReplyWriter::new(room, false, false);
        let tls = self.state.facts.tls;
        write_line(&mut writer, line, self.config, tls, next.is_none());
        let written = writer.written();
        self.state.outbox.appended(written, self.tx);
        self.state.hello_line = next;
        self.state.flags.flush |= next.is_none();
    }
}

/// The line at this place, whether it is on offer or not.
fn line<'a>(config: &Config<'a>, index: usize) -> Option<Line<'a>> {
    let behind = index.checked_sub(LINES.len());
    match behind {
        None => LINES.get(index).copied(),
        Some(0 | 1) if !EXTENSIONS => None,
        Some(0) => Some(Line::Xclient("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT")),
        Some(1) => Some(Line::Xclient("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE")),
        Some(2) => Some(Line::Help),
        Some(n) => config.keywords.get(n - BEHIND).copied().map(Line::Own),
    }
}

fn line_on_offer(config: &Config<'_>, facts: &Facts, xclient: bool, index: u8) -> bool {
    match line(config, usize::from(index)) {
        Some(Line::Keyword(extension, _)) => config.offers(extension),
        Some(Line::Size) => config.offers(E::SIZE),
        Some(Line::StartTls) => config.offers(E::STARTTLS) && !facts.tls,
        Some(Line::Auth) => config.auth_on_offer(facts),
        Some(Line::RequireTls) => EXTENSIONS && config.offers(E::REQUIRETLS) && facts.tls,
        Some(Line::Limits) => {
            let limits = config.limits.recipients > 0 || config.limits.transactions > 0;
            config.offers(E::LIMITS) && limits
        }
        Some(Line::Xclient(_)) => EXTENSIONS && xclient,
        Some(Line::Help) => config.offers(E::HELP),
        // A line that is too long is no line.
        Some(Line::Own(text)) => "250-\r\n".len().saturating_add(text.len()) <= REPLY_LINE_MAX,
        Some(Line::Hostname) => true,
        None => false,
    }
}

fn write_line(
    writer: &mut ReplyWriter<'_>,
    line: Line<'_>,
    config: &Config<'_>,
    tls: bool,
    last: bool,
) {
    match line {
        Line::Hostname => writer.line(ReplyCode::OK, None, config.hostname, last),
        Line::Keyword(_, text) | Line::Xclient(text) => {
            writer.line(ReplyCode::OK, None, text, last);
        }
        Line::Own(text) => {
            let text = crate::reply::Text::new(text);
            writer.line(ReplyCode::OK, None, text.as_str(), last);
        }
        Line::StartTls => writer.line(ReplyCode::OK, None, "STARTTLS", last),
        Line::RequireTls => writer.line(ReplyCode::OK, None, "REQUIRETLS", last),
        Line::Help => writer.line(ReplyCode::OK, None, "HELP", last),
        Line::Size => parts(writer, last, |writer| {
            writer.octets(b"SIZE ") && writer.number(config.limits.message)
        }),
        Line::Limits if !EXTENSIONS => {}
        Line::Limits => parts(writer, last, |writer| {
            writer.octets(b"LIMITS")
                && limit(writer, b" RCPTMAX=", config.limits.recipients)
                && limit(writer, b" MAILMAX=", config.limits.transactions)
        }),
        Line::Auth => parts(writer, last, |writer| {
            let mut written = writer.octets(b"AUTH");
            let mut used = "250-AUTH\r\n".len();
            for mechanism in config.mechanisms.iter().filter(|m| tls || !m.has_channel_binding()) {
                // A line that is too long is no line: what doesn't fit is not offered.
                used += 1 + mechanism.name().len();
                if used <= REPLY_LINE_MAX {
                    written &= writer.octets(b" ") && writer.octets(mechanism.name().as_bytes());
                }
            }
            written
        }),
    }
}

fn limit(writer: &mut ReplyWriter<'_>, name: &[u8], value: u16) -> bool {
    value == 0 || (writer.octets(name) && writer.number(u64::from(value)))
}

/// A line made of parts.
fn parts<'a>(
    writer: &mut ReplyWriter<'a>,
    last: bool,
    text: impl FnOnce(&mut ReplyWriter<'a>) -> bool,
) {
    let _ = writer.octets(if last { b"250 " } else { b"250-" })
        && text(writer)
        && writer.octets(b"\r\n");
}

impl Config<'_> {
    /// Whether AUTH is on offer now.
    pub(super) fn auth_on_offer(&self, facts: &Facts) -> bool {
        !self.mechanisms.is_empty()
            && !facts.authenticated
            && (facts.tls || self.policy.cleartext_auth)
    }
}
