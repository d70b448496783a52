//! The client against a server's session, over a socket in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use core::cell::RefCell;
use core::convert::Infallible;
use core::pin::pin;
use core::task::Poll;
use std::sync::OnceLock;

use common::store::Store;
use common::wire::{Clock, End, poll, run, run_both, wire};
use ehlo::client::submission::Failure;
use ehlo::client::{self, Closed, InvalidContent, NotSent};
use ehlo::parameter::MailParameters;
use ehlo::policy::Policy;
use ehlo::reply::{Refusal, ReplyCode};
use ehlo::sasl::client::{Credentials, NoMechanism, Rules};
use ehlo::sasl::{Mechanism, ScramHash, ScramKeys};
use ehlo::server::{Config, Connection, Event};
use ehlo_embedded::client::{
    Chunks, Client, Envelope, Fate, NotDelivered, Recipient, Reply, SendError,
};
use ehlo_embedded::{Intake, NoTimer, Session, StoreError, Timer};
use embedded_io_async::{BufRead, ErrorKind, ErrorType, Read};

type Sent = Result<Reply, SendError<Infallible, Infallible>>;

static KEYS: OnceLock<ScramKeys> = OnceLock::new();

fn keys() -> ScramKeys {
    ScramKeys::derive(ScramHash::Sha256, b"secret", b"a salt of some octets", 4096).unwrap()
}

/// A server that lets in whoever has the password, and knows one user less than it is asked for.
async fn serve<K: Timer>(socket: End, timer: K, config: &Config<'_>, store: &RefCell<Store>) {
    let connection = Connection::new(config, [0; 1024], [0; 1024], [7; 16]);
    let mut session = Session::new(socket, connection).timer(timer);
    let mut intake = Intake::<Store>::new();
    while let Ok(event) = session.next().await {
        match event {
            Event::Login(login) if login.password().matches(b"secret") => login.accept(),
            Event::CramMd5(login) if login.verify(b"secret") => login.accept(),
            Event::ScramKeys(query) => {
                query.keys(KEYS.get_or_init(keys));
            }
            Event::Rcpt(rcpt) if rcpt.forward_path().as_str().starts_with("nobody") => {
                rcpt.refuse(&Refusal::permanent("5.1.1 no such user"));
            }
            Event::Mail(mail) if mail.reverse_path().as_str().starts_with("spam") => {
                mail.refuse(&Refusal::permanent("5.7.1 not from you"));
            }
            Event::Closed(_) => break,
            event => {
                if let Some(other) = intake.on(&mut store.borrow_mut(), event) {
                    other.decline();
                }
            }
        }
    }
    intake.reset(&mut store.borrow_mut());
}

/// What is sent, and how.
struct Case {
    server: Config<'static>,
    client: client::Config<'static>,
    credentials: Option<Credentials<'static>>,
    from: &'static str,
    to: Vec<&'static str>,
    parameters: MailParameters<'static>,
    store: Store,
    slow: bool,
}

const CLEARTEXT: Policy = {
    let mut policy = Policy::new();
    policy.cleartext_auth = true;
    policy
};

impl Default for Case {
    fn default() -> Self {
        Self {
            server: Config::new("board.example").policy(CLEARTEXT),
            client: client::Config::new("sensor.local", "localhost"),
            credentials: None,
            from: "a@b.example",
            to: vec!["c@d.example"],
            parameters: MailParameters::default(),
            store: Store::default(),
            slow: false,
        }
    }
}

impl Case {
    fn auth(self, mechanisms: &'static [Mechanism], credentials: Credentials<'static>) -> Self {
        let server = self.server.auth(mechanisms);
        Self { server, credentials: Some(credentials), ..self }
    }

    /// Sends this message; gives what came of it, of each recipient, and what the store has.
    fn send(self, message: impl BufRead) -> (Sent, Vec<Fate>, Store) {
        let (ours, theirs) = wire();
        let (ours, theirs) = if self.slow { (ours.slow(), theirs.slow()) } else { (ours, theirs) };
        let store = RefCell::new(self.store);
        let mut recipients: Vec<_> = self.to.iter().map(|to| Recipient::new(to).unwrap()).collect();
        let envelope = Envelope::new(self.from, &mut recipients).unwrap();
        let envelope = envelope.parameters(self.parameters);
        let mut client = Client::cleartext(&self.client, [0; 512], [0; 512]);
        if let Some(credentials) = self.credentials {
            client = client.login(credentials);
        }
        let send = client.timer(Clock::default()).send_over(theirs, envelope, message);
        let serve = serve(ours, NoTimer, &self.server, &store);
        let (sent, ()) = run_both(send, serve);
        let fates = recipients.iter().map(Recipient::fate).collect();
        (sent, fates, store.into_inner())
    }
}

fn code(code: u16) -> ReplyCode {
    ReplyCode::new(code).unwrap()
}

/// The code of the reply something was refused with.
fn refused(fate: Fate) -> u16 {
    match fate {
        Fate::Refused(reply) => reply.code.value(),
        other => panic!("{other:?}"),
    }
}

const MESSAGE: &str = "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nlast";

#[test]
fn a_message_arrives_octet_by_octet_as_it_was_however_slow_the_socket() {
    for slow in [false, true] {
        let case = Case { slow, ..Case::default() };
        let (sent, fates, store) = case.send(MESSAGE.as_bytes());
        assert_eq!(sent.unwrap().code, code(250));
        assert_eq!(fates, [Fate::Accepted]);
        let message = &store.messages[0];
        assert_eq!(message.octets, format!("{MESSAGE}\r\n").as_bytes());
        assert_eq!((&*message.from, &*message.to[0]), ("a@b.example", "c@d.example"));
        assert_eq!(store.open, 0);
    }
}

#[test]
fn a_message_that_is_written_chunk_by_chunk_arrives_whole() {
    let mut line = 0_u16;
    let message = Chunks::<_, 24>::new(|space| {
        line += 1;
        let text = if line > 500 { String::new() } else { format!(".sample {line}\n") };
        space[..text.len()].copy_from_slice(text.as_bytes());
        text.len()
    });
    let (sent, _, store) = Case::default().send(message);
    sent.unwrap();
    let lines: Vec<String> = (1..=500).map(|line| format!(".sample {line}\r\n")).collect();
    assert_eq!(store.messages[0].octets, lines.concat().as_bytes());
}

#[test]
fn it_authenticates_by_each_mechanism() {
    let password = Credentials::password("tim", "secret");
    let cases: [(&'static [Mechanism], _); 4] = [
        (&[Mechanism::Plain], password),
        (&[Mechanism::Login], password),
        (&[Mechanism::CramMd5], password),
        (&[Mechanism::ScramSha256], password.nonce([3; 16])),
    ];
    for (mechanisms, credentials) in cases {
        for slow in [false, true] {
            let case = Case { slow, ..Case::default() }.auth(mechanisms, credentials);
            let (sent, _, store) = case.send(&b"hi\r\n"[..]);
            assert!(sent.is_ok() && store.messages.len() == 1, "{mechanisms:?}: {sent:?}");
        }
    }
}

#[test]
fn others_go_on_while_scram_hashes() {
    let server = Config::new("board.example").auth(&[Mechanism::ScramSha256]).policy(CLEARTEXT);
    let config = client::Config::new("sensor.local", "localhost");
    let (ours, theirs) = wire();
    let store = RefCell::new(Store::default());
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let client = Client::cleartext(&config, [0; 512], [0; 512])
        .login(Credentials::password("tim", "secret").nonce([3; 16]));
    let mut send = pin!(client.send_over(theirs, envelope, &b"hi"[..]));
    let mut serve = pin!(serve(ours, NoTimer, &server, &store));
    let mut turns = 0;
    while poll(send.as_mut()).is_pending() {
        turns += 1;
        let _ = poll(serve.as_mut());
    }
    // 4096 iterations, a few in each turn.
    assert!((200..1000).contains(&turns), "{turns}");
    assert_eq!(store.borrow().messages.len(), 1);
}

#[test]
fn a_wrong_password_is_told_with_the_reply_and_nothing_is_sent() {
    let wrong = Credentials::password("tim", "guess").nonce([3; 16]);
    for (mechanism, mechanisms) in [
        (Mechanism::Plain, &[Mechanism::Plain][..]),
        (Mechanism::ScramSha256, &[Mechanism::ScramSha256]),
    ] {
        let (sent, fates, store) = Case::default().auth(mechanisms, wrong).send(&b"hi"[..]);
        let Err(SendError::NotDelivered(NotDelivered::Failed(failure, Some(reply)))) = sent else {
            panic!("{sent:?}")
        };
        assert_eq!(failure, Failure::AuthRefused(mechanism, code(535)));
        assert_eq!(reply.code, code(535));
        assert_eq!((fates, store.messages.len()), (vec![Fate::Unknown], 0));
    }
}

#[test]
fn a_password_goes_nowhere_without_tls() {
    let case =
        Case { client: client::Config::new("sensor.local", "mail.example.org"), ..Case::default() };
    let case = case.auth(&[Mechanism::Plain], Credentials::password("tim", "secret"));
    let (sent, ..) = case.send(&b"hi"[..]);
    let needs_tls = Failure::NoMechanism(NoMechanism::NeedsTls(Mechanism::Plain));
    let Err(SendError::NotDelivered(NotDelivered::Failed(failure, None))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(failure, needs_tls);

    // Unless that is what one wants.
    let rules = Rules::new().dangerous_cleartext();
    let client = client::Config::new("sensor.local", "mail.example.org").auth(rules);
    let case = Case { client, ..Case::default() };
    let case = case.auth(&[Mechanism::Plain], Credentials::password("tim", "secret"));
    assert!(case.send(&b"hi"[..]).0.is_ok());
}

#[test]
fn each_recipient_says_what_became_of_the_message_to_him() {
    let to = vec!["nobody@d.example", "c@d.example", "nobody@e.example", "d@d.example"];
    let (sent, fates, store) = Case { to, ..Case::default() }.send(&b"hi"[..]);
    sent.unwrap();
    assert_eq!((fates[1], fates[3]), (Fate::Accepted, Fate::Accepted));
    assert_eq!((refused(fates[0]), refused(fates[2])), (550, 550));
    assert_eq!(store.messages[0].to, ["c@d.example", "d@d.example"]);
}

#[test]
fn more_recipients_than_fit_a_write_are_all_said() {
    let to = vec!["somebody.with.a.long.name@a.domain.with.a.long.name.example"; 100];
    let (sent, fates, store) = Case { to, ..Case::default() }.send(&b"hi"[..]);
    sent.unwrap();
    assert!(fates.iter().all(|fate| *fate == Fate::Accepted));
    assert_eq!(store.messages[0].to.len(), 100);
}

#[test]
fn where_all_are_refused_or_the_sender_is_the_result_says_so() {
    let to = vec!["nobody@d.example", "nobody@e.example"];
    let (sent, fates, store) = Case { to, ..Case::default() }.send(&b"hi"[..]);
    assert_eq!(sent, Err(SendError::NotDelivered(NotDelivered::Recipients)));
    assert!(fates.into_iter().all(|fate| refused(fate) == 550) && store.messages.is_empty());

    let (sent, ..) = Case { to: Vec::new(), ..Case::default() }.send(&b"hi"[..]);
    assert_eq!(sent, Err(SendError::NotDelivered(NotDelivered::Recipients)));

    let case = Case { from: "spam@b.example", ..Case::default() };
    let (sent, fates, _) = case.send(&b"hi"[..]);
    let Err(SendError::NotDelivered(NotDelivered::Sender(reply))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(reply.code, code(550));
    assert_eq!(reply.enhanced.unwrap().to_string(), "5.7.1");
    // In one group with MAIL, he was asked for: there was no transaction then.
    assert_eq!(fates.len(), 1);
}

#[test]
fn a_message_that_the_store_refuses_was_not_sent() {
    let store = Store { no_commit: Some(StoreError::Full), ..Store::default() };
    let (sent, fates, store) = Case { store, ..Case::default() }.send(&b"hi"[..]);
    let Err(SendError::NotDelivered(NotDelivered::Message(reply))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!((reply.code, fates), (code(451), vec![Fate::Accepted]));
    assert!(store.messages.is_empty());
}

#[test]
fn what_the_server_does_not_take_is_not_begun() {
    let mut parameters = MailParameters::default();
    parameters.size = Some(u64::MAX);
    let case = Case { parameters, ..Case::default() };
    let case = Case { server: case.server.max_message(1000), ..case };
    let (sent, ..) = case.send(&b"hi"[..]);
    let why = NotDelivered::NotSent(NotSent::TooBig(1000));
    assert_eq!(sent, Err(SendError::NotDelivered(why)));
}

#[test]
fn an_octet_that_can_not_be_sent_gives_the_message_up() {
    let (sent, _, store) = Case::default().send(&b"hi\0\r\n"[..]);
    let why = NotDelivered::Content(InvalidContent::Nul);
    assert_eq!(sent, Err(SendError::NotDelivered(why)));
    assert_eq!((store.messages.len(), store.open), (0, 0));
}

/// A message that can't be read to its end.
struct Torn(&'static [u8]);

impl ErrorType for Torn {
    type Error = ErrorKind;
}

impl Read for Torn {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::Other)
    }
}

impl BufRead for Torn {
    async fn fill_buf(&mut self) -> Result<&[u8], ErrorKind> {
        if self.0.is_empty() { Err(ErrorKind::Other) } else { Ok(self.0) }
    }

    fn consume(&mut self, amt: usize) {
        self.0 = &self.0[amt..];
    }
}

#[test]
fn half_a_message_is_never_delivered() {
    let (sent, _, store) = Case::default().send(Torn(b"half a mess"));
    assert_eq!(sent, Err(SendError::NotDelivered(NotDelivered::Source)));
    assert_eq!((store.messages.len(), store.open, store.aborted), (0, 0, 1));
}

#[test]
fn in_lmtp_each_recipient_has_a_reply_of_his_own() {
    let lmtp = || Case {
        server: Config::new("board.example").lmtp(),
        client: client::Config::new("sensor.local", "localhost").lmtp(),
        to: vec!["c@d.example", "nobody@d.example", "e@d.example"],
        ..Case::default()
    };
    let (sent, fates, store) = lmtp().send(&b"hi"[..]);
    sent.unwrap();
    assert_eq!((fates[0], fates[2]), (Fate::Accepted, Fate::Accepted));
    assert_eq!((refused(fates[1]), store.messages.len()), (550, 1));

    let store = Store { no_commit: Some(StoreError::Full), ..Store::default() };
    let (sent, fates, _) = Case { store, ..lmtp() }.send(&b"hi"[..]);
    assert_eq!(sent, Err(SendError::NotDelivered(NotDelivered::Recipients)));
    assert_eq!(fates.into_iter().map(refused).collect::<Vec<_>>(), [451, 550, 451]);
}

/// Sends a message to a server that says this, whatever it hears, and closes.
fn to_script(lmtp: bool, said: &str) -> (Sent, Vec<Fate>) {
    let (ours, theirs) = wire();
    let config = client::Config::new("sensor.local", "localhost");
    let config = if lmtp { config.lmtp() } else { config };
    let mut recipients = ["c@d.example", "e@d.example"].map(|to| Recipient::new(to).unwrap());
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let send =
        Client::cleartext(&config, [0; 512], [0; 512]).send_over(theirs, envelope, &b"hi\r\n"[..]);
    let script = async {
        for line in said.split_inclusive("\r\n") {
            // A reply is said when there was time to ask for it, and not before.
            for _ in 0..20 {
                yield_once().await;
            }
            ours.say(line.as_bytes());
        }
        ours.close();
    };
    let (sent, ()) = run_both(send, script);
    (sent, recipients.iter().map(Recipient::fate).collect())
}

async fn yield_once() {
    let mut yielded = false;
    core::future::poll_fn(|_| {
        if core::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn a_server_that_goes_away_after_250_has_the_message() {
    let said = "220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 mine\r\n";
    let (sent, fates) = to_script(false, said);
    assert_eq!(sent.unwrap().enhanced.unwrap().to_string(), "2.0.0");
    assert_eq!(fates, [Fate::Accepted; 2]);
}

#[test]
fn a_server_that_goes_away_before_has_not() {
    let said = "220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n";
    let (sent, _) = to_script(false, said);
    let why = NotDelivered::Closed(Closed::EndOfFile);
    assert_eq!(sent, Err(SendError::NotDelivered(why)));

    let (sent, fates) = to_script(false, "220 x\r\n250 x\r\n250 ok\r\n421 4.3.2 going down\r\n");
    let Err(SendError::NotDelivered(NotDelivered::Session(reply))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!((reply.code, fates), (code(421), vec![Fate::Unknown; 2]));

    let (sent, _) = to_script(false, "554 5.7.1 not you\r\n");
    let Err(SendError::NotDelivered(NotDelivered::Session(reply))) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(reply.code, code(554));
}

#[test]
fn in_lmtp_a_recipient_without_a_reply_has_no_message_for_all_we_know() {
    let said = "220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n";
    let (sent, fates) = to_script(true, said);
    sent.unwrap();
    assert_eq!(fates, [Fate::Accepted, Fate::Unknown]);

    let (sent, fates) = to_script(true, &format!("{said}550 5.2.2 full\r\n221 bye\r\n"));
    sent.unwrap();
    assert_eq!((fates[0], refused(fates[1])), (Fate::Accepted, 550));
}

#[test]
fn a_server_that_does_not_say_goodbye_is_not_waited_for() {
    let (ours, theirs) = wire();
    let config = client::Config::new("sensor.local", "localhost");
    let clock = Clock::default();
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let client = Client::cleartext(&config, [0; 512], [0; 512]).timer(clock.clone());
    let mut send = pin!(client.send_over(theirs, envelope, &b"hi\r\n"[..]));
    let mut heard = String::new();
    for reply in ["220 x", "250 x", "250 ok", "250 ok", "354 go", "250 ok"] {
        ours.say(format!("{reply}\r\n").as_bytes());
        assert!(poll(send.as_mut()).is_pending());
        heard += &ours.heard();
    }
    assert!(heard.ends_with("\r\n.\r\nQUIT\r\n"), "{heard}");
    clock.pass(1999);
    assert!(poll(send.as_mut()).is_pending());
    clock.pass(1);
    let Poll::Ready(sent) = poll(send.as_mut()) else { panic!("it waits") };
    assert_eq!(sent.unwrap().code, code(250));
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let (_ours, theirs) = wire();
    let config = client::Config::new("sensor.local", "localhost");
    let clock = Clock::default();
    let mut recipients = [Recipient::new("c@d.example").unwrap()];
    let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
    let client = Client::cleartext(&config, [0; 512], [0; 512]).timer(clock.clone());
    let mut send = pin!(client.send_over(theirs, envelope, &b"hi\r\n"[..]));
    assert!(poll(send.as_mut()).is_pending());
    clock.pass(5 * 60 * 1000);
    let Poll::Ready(sent) = poll(send.as_mut()) else { panic!("it waits") };
    let why = NotDelivered::Closed(Closed::TimedOut);
    assert_eq!(sent, Err(SendError::NotDelivered(why)));
}

#[test]
fn a_session_of_the_client_says_what_it_is_told_to_whatever_is_dropped() {
    let (ours, theirs) = wire();
    let config = client::Config::new("sensor.local", "localhost");
    let connection = client::Connection::new(&config, [0; 512], [0; 512]);
    let mut session = Session::new(theirs.slow(), connection);
    ours.say(b"220 x\r\n250 x\r\n250 ok\r\n221 bye\r\n");
    let (mut nooped, mut replies) = (false, Vec::new());
    let mut polls = 0;
    loop {
        polls += 1;
        assert!(polls < 10_000);
        // Each future is dropped after one poll, and each event is offered once for nothing.
        if poll(pin!(session.next())).is_pending() {
            continue;
        }
        match run(session.next()).unwrap() {
            client::Event::Reply(reply) => {
                replies.push(reply.received().to_string());
                reply.done();
            }
            client::Event::Ready(ready) if !core::mem::replace(&mut nooped, true) => {
                ready.noop().unwrap();
            }
            client::Event::Closed(closed) => break assert_eq!(closed, Closed::Quit),
            other => other.pass_or_quit(),
        }
    }
    assert_eq!(replies, ["220 x", "250 x", "250 ok"]);
    assert_eq!(ours.heard(), "EHLO sensor.local\r\nNOOP\r\nQUIT\r\n");
}

#[test]
fn a_client_that_is_dropped_half_way_delivers_nothing() {
    let config = client::Config::new("sensor.local", "localhost");
    let server = Config::new("board.example");
    // However far it came before the end of the message left.
    for polls in 0..200 {
        let (ours, theirs) = wire();
        let store = RefCell::new(Store::default());
        let mut recipients = [Recipient::new("c@d.example").unwrap()];
        let envelope = Envelope::new("a@b.example", &mut recipients).unwrap();
        let done;
        {
            let mut serve = pin!(serve(ours.slow(), NoTimer, &server, &store));
            {
                let client = Client::cleartext(&config, [0; 512], [0; 512]);
                let mut send = pin!(client.send_over(theirs.slow(), envelope, &b"hi\r\n"[..]));
                done = (0..polls * 10).any(|_| {
                    let _ = poll(serve.as_mut());
                    poll(send.as_mut()).is_ready()
                });
                if !done && !store.borrow().messages.is_empty() {
                    // The end has left; nothing more can be said about the rest.
                    continue;
                }
            }
            if !done {
                run(serve);
            }
        }
        let store = store.into_inner();
        assert_eq!(store.messages.len(), usize::from(done), "after {polls} polls");
        assert_eq!(store.open, 0);
    }
}
