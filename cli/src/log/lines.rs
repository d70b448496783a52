//! Lines for people.

use core::fmt::{self, Write};

use jiff::Zoned;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::Paint;

/// One line for each event.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) paint: Paint,
    /// The date stands in front of the time.
    pub(super) dated: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let format = if self.dated { "%Y-%m-%d %H:%M:%S%:z" } else { "%H:%M:%S" };
        let time = Zoned::now().strftime(format).to_string();
        write!(out, "{} ", self.paint.dim(&time))?;
        let text = fields.line(*event.metadata().level(), self.paint);
        writeln!(out, "{text}")
    }
}

/// What an event tells.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value.to_owned());
    }
}

impl Fields {
    fn add(&mut self, name: &'static str, value: String) {
        // Some of it comes from clients: none of it may move the cursor or start a line.
        let clean = value.chars().map(|c| if is_deceptive(c) { '?' } else { c }).collect();
        match name {
            "message" => self.message = clean,
            _ => self.others.push((name, clean)),
        }
    }

    /// Takes a field out; empty ones are none.
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.others.iter().position(|(known, _)| *known == name)?;
        Some(self.others.swap_remove(at).1).filter(|value| !value.is_empty())
    }

    fn line(mut self, level: Level, paint: Paint) -> String {
        let mut out = String::new();
        if let Some(session) = self.take("session") {
            out += &paint.name(&format!("#{session}"));
            out.push(' ');
        }
        if let Some(peer) = self.take("peer") {
            out += &paint.dim(&peer);
            out.push(' ');
        }
        match self.message.as_str() {
            "message accepted" | "message refused" => self.push_message(&mut out, paint),
            "authenticated" | "authentication failed" => self.push_login(&mut out, paint),
            "recipient refused" => {
                let (to, reply) = (self.word("to"), self.word("reply"));
                out += &format!("{to}: {}", paint.odd(&format!("refused, {reply}")));
            }
            "refused" => {
                let why = self.take("why").or_else(|| self.take("reply")).unwrap_or_default();
                out += &paint.odd(&format!("refused, {}: {why}", self.word("code")));
            }
            "closed" => {
                let (why, messages) = (self.word("why"), self.word("messages"));
                let plural = if messages == "1" { "" } else { "s" };
                out += &paint.dim(&format!("closed, {}, {messages} message{plural}", ending(&why)));
                self.take("user");
            }
            message => {
                out += &match level {
                    Level::ERROR => paint.bad(message),
                    Level::WARN => paint.odd(message),
                    Level::INFO => message.to_owned(),
                    _ => paint.dim(message),
                };
                for name in ["why", "error", "refused"] {
                    if let Some(why) = self.take(name) {
                        let _ = write!(out, ": {why}");
                    }
                }
            }
        }
        for (name, value) in self.others.iter().filter(|(_, value)| !value.is_empty()) {
            let _ = write!(out, " {}", paint.dim(&format!("{name}={value}")));
        }
        out
    }

    fn word(&mut self, name: &str) -> String {
        self.take(name).unwrap_or_else(|| "-".to_owned())
    }

    /// `tim (PLAIN, TLSv1.3): a@b → c@d, 5 octets, queued as 1`
    fn push_message(&mut self, out: &mut String, paint: Paint) {
        let user = self.take("user");
        let how: Vec<String> =
            [self.take("mechanism"), self.take("tls")].into_iter().flatten().collect();
        let who =
            user.unwrap_or_else(|| if how.is_empty() { "nobody" } else { "somebody" }.to_owned());
        out.push_str(&paint.bold(&who));
        if !how.is_empty() {
            let _ = write!(out, " ({})", how.join(", "));
        }
        let (from, to) = (self.take("from").unwrap_or_else(|| "<>".to_owned()), self.word("to"));
        let _ = write!(out, ": {from} → {to}, {} octets, ", self.word("size"));
        match self.take("reply") {
            Some(reply) => *out += &paint.bad(&format!("refused, {reply}")),
            None => *out += &paint.good(&self.word("id")),
        }
    }

    /// `tim authenticated by PLAIN`
    fn push_login(&mut self, out: &mut String, paint: Paint) {
        let (user, mechanism) = (self.take("user").unwrap_or_default(), self.word("mechanism"));
        let user = if user.is_empty() { user } else { format!("{user} ") };
        let why = self.take("reply").or_else(|| self.take("why"));
        *out += &match why {
            Some(why) => paint.bad(&format!("{user}failed to authenticate by {mechanism}, {why}")),
            None => paint.good(&format!("{user}authenticated by {mechanism}")),
        };
    }
}

/// Moves the cursor, breaks the line, or shows it in another order than it has.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How a connection ended, in words.
fn ending(why: &str) -> &str {
    match why {
        "Quit" => "QUIT",
        "EndOfFile" => "by the client, without QUIT",
        "Refused" => "refused",
        "Tls" => "no TLS handshake",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str, others: &[(&'static str, &str)]) -> String {
        let mut fields = Fields::default();
        fields.add("message", message.to_owned());
        for (name, value) in others {
            fields.add(name, (*value).to_owned());
        }
        fields.line(Level::INFO, Paint::NONE)
    }

    #[test]
    fn a_message_is_one_readable_line() {
        let fields = [
            ("session", "7"),
            ("peer", "192.0.2.1:4711"),
            ("user", "tim"),
            ("mechanism", "PLAIN"),
            ("tls", "TLSv1.3"),
            ("from", "tim@example.com"),
            ("to", "anna@example.org"),
            ("size", "257"),
            ("id", "queued as 1"),
        ];
        assert_eq!(
            line("message accepted", &fields),
            "#7 192.0.2.1:4711 tim (PLAIN, TLSv1.3): tim@example.com → anna@example.org, 257 octets, \
             queued as 1"
        );
    }

    #[test]
    fn a_refusal_says_why() {
        let fields = [("session", "7"), ("code", "538"), ("why", "AUTH is hidden")];
        assert_eq!(line("refused", &fields), "#7 refused, 538: AUTH is hidden");
        let fields = [("user", "tim"), ("mechanism", "LOGIN"), ("reply", "5.7.8 no")];
        assert_eq!(
            line("authentication failed", &fields),
            "tim failed to authenticate by LOGIN, 5.7.8 no"
        );
    }

    #[test]
    fn what_is_not_known_is_shown_as_it_is() {
        assert_eq!(line("odd", &[("why", "so"), ("n", "1"), ("m", "")]), "odd: so n=1");
    }

    #[test]
    fn nothing_from_a_client_moves_the_cursor() {
        let text = line("x", &[("to", "a\u{1b}[2J\r\nb\u{9b}")]);
        assert_eq!(text, "x to=a?[2J??b?");
        let text = line("x", &[("to", "a\u{202e}b\u{2028}c\u{2066}dä")]);
        assert_eq!(text, "x to=a?b?c?dä");
    }
}
