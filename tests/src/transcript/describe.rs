//! Events as the octets a transcript shows.

use core::fmt::Write as _;

use ehlo::server::{Event, Facts, Hello};

/// An event with all it lends. Credentials show: these are tests.
///
/// # Panics
/// When the event is one this doesn't know.
#[must_use]
pub fn describe(event: &Event<'_>) -> Vec<u8> {
    let text = match event {
        Event::Body(body) => return [b"Body ", body.bytes()].concat(),
        Event::Exchange(exchange) => {
            let name = exchange.mechanism();
            return match exchange.response() {
                Some(response) => [format!("Exchange {name} ").as_bytes(), response].concat(),
                None => format!("Exchange {name} without response").into_bytes(),
            };
        }
        Event::Connected(_) => "Connected".to_owned(),
        Event::Hello(hello) => format!("Hello {:?} {}", hello.kind(), hello.name()),
        Event::Upgrade(_) => "Upgrade".to_owned(),
        Event::Login(login) => {
            let (user, who) = (login.username(), login.authorization_identity());
            let as_other = if user == who { String::new() } else { format!(" as {who}") };
            format!("Login {} {user} {}{as_other}", login.mechanism(), login.password().expose())
        }
        Event::CramMd5(login) => {
            let digest = login.response();
            format!("CramMd5 {} {} {}", login.username(), login.challenge(), digest.expose())
        }
        Event::Token(login) => token(login),
        Event::ScramKeys(query) => {
            let (user, who) = (query.username(), query.authorization_identity());
            let mut text = format!("ScramKeys {} {user}", query.mechanism());
            if user != who {
                let _ = write!(text, " as {who}");
            }
            if let Some(kind) = query.channel_binding() {
                let _ = write!(text, " bound to {}", kind.name());
            }
            if query.has_proof() {
                text.push_str(" with proof");
            }
            text
        }
        Event::DigestMd5(login) => {
            let (user, who) = (login.username(), login.authorization_identity());
            let as_other = if user == who { String::new() } else { format!(" as {who}") };
            format!("DigestMd5 {user} in {}{as_other}", login.realm())
        }
        Event::Ntlm(login) if login.domain().is_empty() => format!("Ntlm {}", login.username()),
        Event::Ntlm(login) => format!("Ntlm {} of {}", login.username(), login.domain()),
        Event::External(login) => match login.authorization_identity() {
            Some(who) => format!("External {who}"),
            None => "External".to_owned(),
        },
        Event::Anonymous(login) => format!("Anonymous {}", login.trace()),
        Event::Mail(mail) => format!("Mail {}{}", mail.reverse_path(), mail.parameters()),
        Event::Rcpt(rcpt) => format!("Rcpt {}{}", rcpt.forward_path(), rcpt.parameters()),
        Event::Data(data) if data.is_chunked() => "Data chunked".to_owned(),
        Event::Data(_) => "Data".to_owned(),
        Event::EndOfData(end) => match end.recipient() {
            Some(recipient) => format!("EndOfData {} recipient {recipient}", end.size()),
            None => format!("EndOfData {}", end.size()),
        },
        Event::Verify(verify) => format!("Verify {}", verify.text()),
        Event::Expand(expand) => format!("Expand {}", expand.text()),
        Event::Etrn(etrn) => format!("Etrn {}", etrn.text()),
        Event::Xclient(xclient) => format!("Xclient{}", xclient.attributes()),
        Event::Xforward(xforward) => format!("Xforward{}", xforward.attributes()),
        Event::Aborted(aborted) => format!("Aborted {:?}", aborted.why()),
        Event::Notice(notice) => match (notice.line(), notice.reply()) {
            (Some(line), _) => format!("Notice line {line}"),
            (None, reply) => format!("Notice reply {:?}", reply.unwrap()),
        },
        Event::Closed(why) => format!("Closed {why:?}"),
        other => panic!("an event no transcript knows: {other:?}"),
    };
    text.into_bytes()
}

fn token(login: &ehlo::server::guard::Token<'_>) -> String {
    let mut text = format!("Token {}", login.mechanism());
    if let Some(username) = login.username() {
        let _ = write!(text, " {username}");
    }
    let _ = write!(text, " {}", login.token().expose());
    let (host, port) = login.endpoint();
    if let Some(host) = host {
        let _ = write!(text, " at {host}");
    }
    if let Some(port) = port {
        let _ = write!(text, " port {port}");
    }
    text
}

/// What is known of a connection, as an `F:` line has it.
pub(super) fn facts(facts: &Facts) -> String {
    let hello = match facts.hello {
        Hello::None => "none",
        Hello::Helo => "helo",
        Hello::Ehlo => "ehlo",
    };
    let mut text = format!("{} {hello}", facts.protocol());
    for (is, word) in [(facts.tls, "tls"), (facts.authenticated, "authenticated")] {
        if is {
            let _ = write!(text, " {word}");
        }
    }
    if let Some(mechanism) = facts.mechanism {
        let _ = write!(text, " by {}", mechanism.name());
    }
    if let Some(identity) = facts.identity {
        let _ = write!(text, " as {}", identity.0);
    }
    if facts.trusted {
        text.push_str(" trusted");
    }
    text
}
