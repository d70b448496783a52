//! What is true of everything a client says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "what servers read is more than what clients say")]
mod grammar;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ehlo::address::{ForwardPath, ReversePath};
use ehlo::capability::Extensions;
use ehlo::client::{Config, Connection, Event, NotSent};
use ehlo::command::Command;
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, Exchange};
use proptest::prelude::*;

/// The mechanisms without a nonce of the client's; the others have pairs of their own.
const MECHANISMS: [Mechanism; 7] = [
    Mechanism::CramMd5,
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::OauthBearer,
    Mechanism::Xoauth2,
    Mechanism::External,
    Mechanism::Anonymous,
];

static CONFIG: Config<'static> = Config::new("client.example.org", "mail.example.org");

/// Everything there is.
const OFFERS: &str = "220 hello\r\n250-mail.example.org\r\n250-PIPELINING\r\n250-SIZE\r\n\
    250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n\
    250-REQUIRETLS\r\n250-DELIVERBY\r\n250-FUTURERELEASE\r\n250-MT-PRIORITY\r\n\
    250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER EXTERNAL ANONYMOUS\r\n";

/// A connection under TLS to a server that offers everything, and what it says.
struct Client {
    connection: Connection<'static, Vec<u8>>,
}

impl Client {
    fn new() -> Self {
        let connection = Connection::new(&CONFIG, vec![0; 4096], vec![0; 16_384]);
        let mut client = Self { connection: connection.implicit_tls(Some("mail.example.org")) };
        client.hears(OFFERS.as_bytes());
        assert!(client.connection.capabilities().has(Extensions::MT_PRIORITY));
        client
    }

    /// Reads this, passes over the replies, and returns what is said meanwhile.
    fn hears(&mut self, octets: &[u8]) -> Vec<u8> {
        let (mut unread, mut said) = (octets, Vec::new());
        loop {
            match self.connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let n = read.space().len().min(unread.len());
                    if n == 0 {
                        return said;
                    }
                    read.space()[..n].copy_from_slice(&unread[..n]);
                    unread = &unread[n..];
                    read.filled(n);
                }
                Some(Io::Write(write)) => {
                    said.extend_from_slice(write.bytes());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => panic!("a client does not wait"),
                None => match self.connection.event() {
                    Some(Event::Reply(reply)) => reply.done(),
                    _ => return said,
                },
            }
        }
    }

    /// Says a command to the guard, and returns the line that leaves.
    fn says(
        &mut self,
        say: impl FnOnce(ehlo::client::guard::Ready<'_>) -> Result<(), NotSent>,
    ) -> Result<Vec<u8>, NotSent> {
        let Some(Event::Ready(ready)) = self.connection.event() else { panic!("not ready") };
        say(ready)?;
        Ok(self.hears(b""))
    }
}

/// What may be a credential, and what may not.
fn credential() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[!-~]{1,40}", 2 => any::<String>(), 1 => "(?s).{0,4}", 1 => "[a-z\r\n\\x00]{1,4}"]
}

/// The one line that this is, without its CRLF.
fn one_line(octets: &[u8]) -> Result<&str, TestCaseError> {
    let line = core::str::from_utf8(octets).unwrap();
    let line = line.strip_suffix("\r\n");
    prop_assert!(line.is_some_and(|line| !line.contains(['\r', '\n', '\0'])), "{:?}", octets);
    Ok(line.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn mail_and_rcpt_leave_as_one_line_that_reads_the_same(
        from in prop_oneof![1 => Just(None), 4 => grammar::mailbox().prop_map(Some)],
        to in prop_oneof![1 => Just("postmaster".to_owned()), 4 => grammar::mailbox()],
        mail in grammar::mail_parameters(),
        rcpt in grammar::rcpt_parameters(),
    ) {
        let (from, to) = (format!("<{}>", from.unwrap_or_default()), format!("<{to}>"));
        prop_assume!(from.len() <= 256 && to.len() <= 256);
        let (reverse, forward) = (ReversePath::parse(&from).unwrap(), ForwardPath::parse(&to).unwrap());
        let parameters = MailParameters::parse(&mail).unwrap();
        let mut client = Client::new();
        let said = client.says(|mut ready| ready.mail(reverse, &parameters));
        if !from.is_ascii() && !parameters.smtputf8 {
            prop_assert_eq!(said, Err(NotSent::NeedsSmtpUtf8));
            return Ok(());
        }
        let said = said.unwrap();
        let command = Command::parse(one_line(&said)?.as_bytes());
        prop_assert_eq!(command, Ok(Command::Mail(reverse, parameters)));

        client.hears(b"250 ok\r\n");
        let utf8 = parameters.smtputf8;
        let parameters = RcptParameters::parse(&rcpt).unwrap();
        let said = client.says(|mut ready| ready.rcpt(forward, &parameters));
        if !to.is_ascii() && !utf8 {
            prop_assert_eq!(said, Err(NotSent::NeedsSmtpUtf8));
            return Ok(());
        }
        let said = said.unwrap();
        let command = Command::parse(one_line(&said)?.as_bytes());
        prop_assert_eq!(command, Ok(Command::Rcpt(forward, parameters)));
    }

    #[test]
    fn what_vrfy_and_expn_ask_for_leaves_as_one_line_or_not_at_all(
        text in prop_oneof![any::<String>(), "[ -~]{0,12}", "[ -~\\r\\n\\t]{0,8}", "[a-z]{490,520}"],
        expand: bool,
    ) {
        let mut client = Client::new();
        let said = client.says(|ready| if expand { ready.expn(&text) } else { ready.vrfy(&text) });
        let printable = !text.is_empty() && text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        match said {
            Ok(said) => {
                prop_assert!(printable && said.len() <= 512);
                let command = Command::parse(one_line(&said)?.as_bytes());
                let expected =
                    if expand { Command::Expn(&text) } else { Command::Vrfy(&text) };
                prop_assert_eq!(command, Ok(expected));
            }
            Err(why) => {
                prop_assert!(!printable || text.trim() != text || text.len() > 505, "{:?}", why);
                prop_assert_eq!(client.hears(b""), b"");
            }
        }
    }

    #[test]
    fn credentials_leave_as_one_line_that_holds_them_or_not_at_all(
        user in credential(),
        secret in credential(),
        identity in proptest::option::of(credential()),
        mechanism in prop::sample::select(&MECHANISMS[..]),
        initial: bool,
    ) {
        let credentials = match mechanism {
            Mechanism::Xoauth2 | Mechanism::OauthBearer => Credentials::token(&user, &secret),
            Mechanism::External => Credentials::certificate(),
            Mechanism::Anonymous => Credentials::anonymous(&secret),
            _ => Credentials::password(&user, &secret),
        };
        let credentials = match &identity {
            Some(identity) => credentials.authorization_identity(identity),
            None => credentials,
        };
        let Ok(mut exchange) = Exchange::new(mechanism, credentials) else {
            // There has to be a reason.
            let texts = [Some(user.as_str()), Some(secret.as_str()), identity.as_deref()];
            let odd = |text: &str| text.is_empty() || text.chars().any(|c| !c.is_ascii_graphic());
            // These can't say who to act as.
            let alone = [Mechanism::Login, Mechanism::CramMd5, Mechanism::Xoauth2];
            let unsaid = identity.is_some() && alone.contains(&mechanism);
            prop_assert!(unsaid || texts.into_iter().flatten().any(odd));
            return Ok(());
        };
        let mut client = Client::new();
        let said = client.says(|ready| {
            if initial { ready.auth(&mut exchange) } else { ready.auth_in_two_steps(&mut exchange) }
        });
        let said = said.unwrap();
        prop_assert!(said.len() <= 512);
        let line = one_line(&said)?;
        prop_assert!(Command::parse(line.as_bytes()).is_ok(), "{line}");
        let name = format!("AUTH {}", mechanism.name());
        let response = line.strip_prefix(&name).unwrap().trim_start();
        let message = match response {
            "" => {
                client.hears(b"334 PDFAeD4=\r\n");
                let Some(Event::Challenge(challenge)) = client.connection.event() else {
                    panic!("no challenge");
                };
                challenge.respond(&mut exchange).unwrap();
                STANDARD.decode(one_line(&client.hears(b""))?).unwrap()
            }
            "=" => Vec::new(),
            response => STANDARD.decode(response).unwrap(),
        };
        let text = |text: &str| text.as_bytes().to_vec();
        let expected = match mechanism {
            Mechanism::Plain => {
                text(&format!("{}\0{user}\0{secret}", identity.as_deref().unwrap_or("")))
            }
            Mechanism::Login => text(&user),
            Mechanism::CramMd5 => {
                let name = format!("{user} ");
                prop_assert!(message.starts_with(name.as_bytes()));
                prop_assert_eq!(message.len(), user.len() + 33);
                message.clone()
            }
            Mechanism::Xoauth2 => text(&format!("user={user}\x01auth=Bearer {secret}\x01\x01")),
            Mechanism::OauthBearer => {
                let who = identity.as_deref().unwrap_or(&user);
                let who = who.replace('=', "=3D").replace(',', "=2C");
                text(&format!("n,a={who},\x01auth=Bearer {secret}\x01\x01"))
            }
            Mechanism::External => text(identity.as_deref().unwrap_or("")),
            Mechanism::Anonymous => text(&secret),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(message, expected);
    }
}
