//! The `Received` field (RFC 5321 section 4.4).

use super::envelope::push_path;
use core::net::IpAddr;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{Timestamp, tz::TimeZone};
use std::time::SystemTime;

/// Columns a line of the field should not pass (RFC 5322 section 2.1.1).
const COLUMNS: usize = 78;

/// Octets after which a word from a client is cut: a line stays below 998 octets, and no legal name is longer.
const WORD: usize = 600;

/// The TLS facts of a session for the `tls` clause (RFC 8314 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsClause {
    /// The protocol version, as `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite by its IANA name, as `TLS_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
}

/// How a message came: the facts for its `Received` field.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The name in the client's EHLO, HELO or LHLO, as given.
    pub client_name: String,
    /// The client's address; `None` where there is none, as over a local socket.
    pub client_address: Option<IpAddr>,
    /// This server's host name.
    pub by: String,
    /// The keyword of the protocol, as `ESMTPSA` (RFC 3848, RFC 6531 section 4.3):
    /// [`Facts::protocol`](ehlo::server::Facts::protocol) knows it. One that begins with `UTF8` lets the field
    /// hold UTF-8.
    pub protocol: &'static str,
    /// The TLS facts, when the session runs in TLS.
    pub tls: Option<TlsClause>,
    /// Who the client is, shown as a comment; leave it `None` to keep it out of the message.
    pub identity: Option<String>,
    /// A name for this message that the log knows too; left out when empty.
    pub id: String,
    /// More to tell, each shown as a comment: what a client asked for with DELIVERBY, MT-PRIORITY and so on.
    pub comments: Vec<String>,
    /// When the message came.
    pub time: SystemTime,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            client_name: String::new(),
            client_address: None,
            by: String::new(),
            protocol: "ESMTP",
            tls: None,
            identity: None,
            id: String::new(),
            comments: Vec::new(),
            time: SystemTime::now(),
        }
    }
}

impl Trace {
    /// Appends the `Received` field, folded, with its CRLF. `recipient` is the path of the `for` clause: only
    /// to be given when the message has no other.
    pub(super) fn push_received(&self, out: &mut String, recipient: Option<&str>) {
        let utf8 = self.protocol.starts_with("UTF8");
        let mut line = Folded::new(out, "Received:");
        line.word(&["from ", &word(&self.client_name, utf8)]);
        if let Some(address) = self.client_address {
            line.word(&["(", &literal(address), ")"]);
        }
        if let Some(identity) = &self.identity {
            line.word(&["(authenticated as ", &comment(identity, utf8), ")"]);
        }
        line.word(&["by ", &word(&self.by, utf8)]);
        line.word(&["with ", &word(self.protocol, false)]);
        if !self.id.is_empty() {
            line.word(&["id ", &word(&self.id, utf8)]);
        }
        if let Some(recipient) = recipient {
            let mut path = String::new();
            push_path(&mut path, recipient);
            line.word(&["for <", &path, ">"]);
        }
        if let Some(tls) = self.tls {
            line.word(&["tls ", &word(tls.cipher, false), " (", &comment(tls.version, false), ")"]);
        }
        for text in &self.comments {
            line.word(&["(", &comment(text, utf8), ")"]);
        }
        line.glue(";");
        line.word(&[&date(self.time)]);
        out.push_str("\r\n");
    }
}

/// Date and time as RFC 5322 section 3.3 has it, in UTC.
fn date(time: SystemTime) -> String {
    // A clock outside of the years 1 to 9999 is broken; the message isn't.
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    DateTimePrinter::new()
        .zoned_to_string(&time.to_zoned(TimeZone::UTC))
        .unwrap_or_else(|_| "Thu, 1 Jan 1970 00:00:00 +0000".to_owned())
}

fn literal(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

/// A domain, address literal or id. What none of them may hold becomes `?`: a parenthesis or a semicolon
/// would start a part that the client chose.
fn word(text: &str, utf8: bool) -> String {
    if text.is_empty() {
        return "unknown".to_owned();
    }
    let fits = |c: char| match c {
        '.' | '-' | '_' | ':' | '[' | ']' | '+' | '=' | '@' | '/' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => utf8 && !c.is_control(),
    };
    let mut out = String::with_capacity(text.len().min(WORD));
    for c in text.chars() {
        if out.len() >= WORD {
            break;
        }
        out.push(if fits(c) { c } else { '?' });
    }
    out
}

/// The inside of a comment (RFC 5322 section 3.2.2). Outside of SMTPUTF8 other than ASCII is written as in
/// xtext (RFC 3461 section 4), so that nothing is lost and the field stays ASCII.
fn comment(text: &str, utf8: bool) -> String {
    let mut out = String::with_capacity(text.len().min(WORD));
    for c in text.chars() {
        if out.len() >= WORD {
            break;
        }
        match c {
            '(' | ')' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push('?'),
            c if c.is_ascii() || utf8 => out.push(c),
            c => {
                for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                    out.push_str(&format!("+{octet:02X}"));
                }
            }
        }
    }
    out
}

/// A field under construction; it is folded between words only.
struct Folded<'a> {
    out: &'a mut String,
    column: usize,
}

impl<'a> Folded<'a> {
    fn new(out: &'a mut String, name: &str) -> Self {
        out.push_str(name);
        Self { column: name.len(), out }
    }

    fn word(&mut self, parts: &[&str]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        // One column for the space in front, one for a semicolon behind.
        if self.column + length + 2 > COLUMNS {
            self.out.push_str("\r\n");
            self.column = 0;
        }
        self.out.push(' ');
        for part in parts {
            self.out.push_str(part);
        }
        self.column += length + 1;
    }

    fn glue(&mut self, mark: &str) {
        self.out.push_str(mark);
        self.column += mark.len();
    }
}

#[cfg(test)]
mod tests;
