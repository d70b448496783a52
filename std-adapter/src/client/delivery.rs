//! One connection, and the messages that go over it.

use core::time::Duration;

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::guard::Content;
use ehlo::client::submission::{Event, Failure, Security, Submission};
use ehlo::client::{Capabilities, Closed, NotSent, To};
use ehlo::reply::ReplyCode;
use ehlo::sasl::{Derivation, Mechanism};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::settings::Settings;
use super::task::{Job, Outcome, Task, Undelivered};
use super::{Credentials, Error, Receipt, Recipient, Reply, Session};
use crate::tls::ServerTlsFacts;

/// Octets of the receive buffer: the longest line of a reply, a challenge included.
const RECEIVE: usize = 16 * 1024;
/// Octets of the send buffer.
const SEND: usize = 64 * 1024;
/// Iterations between two looks at how many are left.
const SLICE: u32 = 1 << 20;
/// How long the end of a stream may take when all is said.
const GOODBYE: Duration = Duration::from_secs(1);

/// Connects and sends a message and what comes behind it, until nothing comes for so long, or ever. Where the server
/// refuses the token, and there may be `another`, the message is given back, with what is to be said of it if there is
/// none.
pub(super) async fn over_one(
    settings: &Settings,
    credentials: Option<&Credentials>,
    another: bool,
    jobs: &mut mpsc::Receiver<Job>,
    idle: Duration,
    first: Job,
) -> Option<(Box<Job>, Error)> {
    let opened = async {
        let place = settings.place()?;
        let transport = settings.connect(&place).await?;
        Ok((place, transport))
    };
    match opened.await {
        Ok((place, transport)) => {
            let name = settings.own_name(&transport);
            let config = settings.config(&name, &place);
            let security = settings.security(&place);
            let verified = transport.tls().map(|facts| facts.verified_host().map(str::to_owned));
            let binding = transport.tls().and_then(ServerTlsFacts::channel_binding);
            let lent = credentials.map(Credentials::lend_once);
            let (rx, tx) = (vec![0; RECEIVE], vec![0; SEND]);
            let mut submission = Submission::new(&config, security, lent, rx, tx);
            if let (Some(verified), Security::Implicit) = (verified, security) {
                submission = submission.implicit_tls(verified.as_deref());
                if let Some(binding) = binding {
                    submission = submission.channel_binding(binding);
                }
            }
            let mut session = Session::new(submission, transport);
            #[cfg(feature = "gssapi")]
            let mut tickets = super::kerberos::Tickets::new(credentials, settings.lmtp, &place);
            let mut work = Work::new(credentials, another, settings.lmtp, first);
            loop {
                session.settle().await;
                let Some(event) = session.event() else { return work.refused };
                let over = match &event {
                    Event::Failed(failed) => !work.may_have_another(failed.reason()),
                    Event::Closed(_) => work.refused.is_none(),
                    _ => false,
                };
                if over {
                    // Before whoever waits hears of it, and gives this connection the next message.
                    jobs.close();
                }
                match work.on_event(event) {
                    Step::On => {}
                    Step::Over => {
                        // TLS has an end of its own (RFC 8446 section 6.1), for which nobody should have to wait.
                        let _ = timeout(GOODBYE, session.close()).await;
                        return work.refused;
                    }
                    Step::Read => work.read().await,
                    Step::Derive(derivation) => {
                        // It takes milliseconds, or far more where the server wants that: not on a thread
                        // others wait for.
                        let run = move || {
                            let mut derivation = derivation;
                            while !derivation.run(SLICE) {}
                            derivation
                        };
                        match tokio::task::spawn_blocking(run).await {
                            Ok(done) => session.derived(*done),
                            Err(_) => return None,
                        }
                    }
                    #[cfg(feature = "gssapi")]
                    Step::Exchange(asked) => match tickets.say(asked).await {
                        Ok(said) => session.say(said),
                        Err(error) => {
                            work.kerberos = Some(error);
                            session.cancel_exchange();
                        }
                    },
                    Step::Idle => {
                        let next = match timeout(idle, jobs.recv()).await {
                            Ok(next) => next,
                            Err(_) => {
                                // One may have come in this moment.
                                jobs.close();
                                jobs.recv().await
                            }
                        };
                        work.take(next);
                    }
                    Step::Upgrade => {
                        let (upgrading, transport) = session.begin_upgrade();
                        let transport = match settings.secure(transport, &place).await {
                            Ok(transport) => transport,
                            Err(error) => {
                                jobs.close();
                                work.fail(error);
                                return None;
                            }
                        };
                        let facts = transport.tls();
                        let verified = facts.and_then(|facts| facts.verified_host());
                        let verified = verified.map(str::to_owned);
                        let binding = facts.and_then(ServerTlsFacts::channel_binding);
                        session = upgrading.done(transport, verified.as_deref(), binding);
                    }
                }
            }
        }
        Err(error) => {
            jobs.close();
            first.answer(Err(Undelivered { error, again: None }));
            None
        }
    }
}

/// What to do next.
enum Step {
    On,
    /// There is nothing to send.
    Idle,
    /// The message has to be read on.
    Read,
    Upgrade,
    /// The password has to be derived, as SCRAM has it.
    Derive(Box<Derivation>),
    /// The Kerberos library has to be asked.
    #[cfg(feature = "gssapi")]
    Exchange(super::kerberos::Asked),
    Over,
}

/// A connection's work: the message it is at, and what the server has said.
struct Work<'s> {
    credentials: Option<&'s Credentials>,
    /// There may be another token, if this one is refused.
    another: bool,
    /// The message for which this one was, and what that is to say of it.
    refused: Option<(Box<Job>, Error)>,
    lmtp: bool,
    task: Option<Task>,
    /// No further message will come.
    ending: bool,
    /// Messages before this one.
    earlier: usize,
    /// What the server said last to what is not about a message.
    said: Option<Reply>,
    offered: Vec<String>,
    token: Option<String>,
    /// Why there is no ticket, or none for this server.
    #[cfg(feature = "gssapi")]
    kerberos: Option<crate::kerberos::KerberosError>,
}

impl<'s> Work<'s> {
    fn new(credentials: Option<&'s Credentials>, another: bool, lmtp: bool, first: Job) -> Self {
        Self {
            credentials,
            another,
            refused: None,
            lmtp,
            task: Some(Task::new(first)),
            ending: false,
            earlier: 0,
            said: None,
            offered: Vec::new(),
            token: None,
            #[cfg(feature = "gssapi")]
            kerberos: None,
        }
    }

    /// The next message, or none any more.
    fn take(&mut self, job: Option<Job>) {
        self.ending = job.is_none();
        self.task = job.map(Task::new);
    }

    fn on_event(&mut self, event: Event<'_>) -> Step {
        match event {
            Event::Reply(reply) => {
                self.on_reply(&reply);
                reply.done();
            }
            Event::Upgrade(_) => return Step::Upgrade,
            Event::Derive(derive) => return Step::Derive(Box::new(derive.derivation())),
            #[cfg(feature = "gssapi")]
            Event::Exchange(exchange) => {
                return Step::Exchange(super::kerberos::Asked::of(&exchange));
            }
            Event::TokenRefused(refused) => {
                let text = String::from_utf8_lossy(refused.reason()).into_owned();
                let text: String = text.chars().filter(|c| !c.is_control()).collect();
                self.token = Some(self.redact(text));
                refused.done();
            }
            Event::Next(next) => match &mut self.task {
                Some(task) if task.begun => {
                    self.conclude();
                    self.earlier += 1;
                    return Step::Idle;
                }
                Some(task) => {
                    task.begun = true;
                    let parameters = task.parameters(next.capabilities());
                    let begun = match ReversePath::parse(task.envelope.reverse_path()) {
                        Ok(path) => next.begin(path, &parameters),
                        Err(_) => Err(NotSent::Text),
                    };
                    if let Err(why) = begun {
                        task.outcome = Some(Outcome::Error(Error::NotSent(why)));
                    }
                }
                None if self.ending => next.quit(),
                None => return Step::Idle,
            },
            Event::Recipient(recipient) => {
                let Some(task) = &mut self.task else {
                    recipient.cancel();
                    return Step::On;
                };
                if task.outcome.is_some() {
                    recipient.cancel();
                    return Step::On;
                }
                match task.envelope.forward_path(recipient.index().into()) {
                    None => recipient.no_more(),
                    Some(path) => {
                        let added = match ForwardPath::parse(path) {
                            Ok(path) => recipient.add(path, &task.envelope.rcpt()),
                            Err(_) => Err(NotSent::Text),
                        };
                        match added {
                            Ok(()) | Err(NotSent::Later) => {}
                            Err(why) => task.outcome = Some(Outcome::Error(Error::NotSent(why))),
                        }
                    }
                }
            }
            Event::Content(content) => return self.on_content(content),
            Event::Failed(failed) => {
                let failure = failed.reason();
                failed.done();
                self.ending = true;
                #[cfg(feature = "gssapi")]
                if let Some(error) = self.kerberos.take() {
                    self.fail(Error::Kerberos(error));
                    return Step::On;
                }
                // What is said to `*` is no reason.
                let ours = matches!(failure, Failure::Exchange(..));
                let error = Error::Failed {
                    failure,
                    reply: self
                        .said
                        .clone()
                        .filter(|reply| !reply.code().is_positive() && !ours)
                        .map(Box::new),
                    offered: self.offered.clone(),
                    token: self.token.take(),
                };
                if self.may_have_another(failure) {
                    let job = self.task.take().and_then(Task::into_job);
                    self.refused = job.map(|job| (Box::new(job), error));
                } else {
                    self.fail(error);
                }
            }
            Event::Closed(closed) => {
                self.on_closed(closed);
                return Step::Over;
            }
            other => other.give_up(),
        }
        Step::On
    }

    /// Writes as much of the message as there is room for.
    fn on_content(&mut self, mut content: Content<'_>) -> Step {
        let Some(task) = self.task.as_mut().filter(|task| task.outcome.is_none()) else {
            content.abort();
            return Step::On;
        };
        loop {
            let rest = task.body.rest();
            if rest.is_empty() && !task.body.is_read() {
                return Step::Read;
            }
            if rest.is_empty() {
                if let Err(why) = content.finish() {
                    // Asked for again, it is given up.
                    task.outcome = Some(Outcome::Error(Error::Content(why)));
                }
                return Step::On;
            }
            match content.write(rest) {
                Ok(0) => return Step::On,
                Ok(n) => task.body.taken(n),
                Err(why) => {
                    task.outcome = Some(Outcome::Error(Error::Content(why)));
                    content.abort();
                    return Step::On;
                }
            }
        }
    }

    /// Reads the message on.
    async fn read(&mut self) {
        let Some(task) = &mut self.task else { return };
        let Task { body, answer, outcome, .. } = task;
        tokio::select! {
            biased;
            read = body.read() => {
                if let Err(error) = read {
                    *outcome = Some(Outcome::Error(Error::Read(error)));
                }
            }
            // Nobody waits for the message, and it may never come.
            () = answer.closed() => {
                *outcome = Some(Outcome::Error(Error::Closed(Closed::Abandoned)));
            }
        }
    }

    fn on_reply(&mut self, reply: &ehlo::client::guard::Reply<'_>) {
        let positive = reply.is_positive();
        if positive && matches!(reply.to(), To::Mail | To::Data | To::Reset) {
            return;
        }
        let kept = Reply::keep(reply.received(), self.credentials);
        let transient_end = kept.code() == ReplyCode::NOT_AVAILABLE;
        match (reply.to(), &mut self.task) {
            (To::Hello, _) => {
                self.offered = mechanisms(&kept);
                self.said = Some(kept);
            }
            (To::Mail, Some(task)) if !positive && !transient_end => {
                task.outcome = Some(Outcome::Error(Error::Sender(kept)));
            }
            (To::Rcpt, Some(task)) if !transient_end => {
                let place = task.recipients.len();
                let address = task.envelope.recipient(place).unwrap_or_default();
                if positive {
                    task.accepted.push(place);
                }
                task.recipients.push(Recipient::new(address, kept));
            }
            (To::Data, Some(task)) if !positive && task.outcome.is_none() => {
                task.outcome = Some(Outcome::Error(Error::Message(kept)));
            }
            (To::Message, Some(task)) => {
                if self.lmtp {
                    let place = task.accepted.get(usize::from(reply.index())).copied();
                    if let Some(recipient) = place.and_then(|place| task.recipients.get_mut(place))
                    {
                        recipient.delivered(kept.clone());
                    }
                    task.delivered = usize::from(reply.index()).saturating_add(1);
                }
                match (&task.outcome, positive) {
                    (None, true) => task.outcome = Some(Outcome::Taken(kept)),
                    // With LMTP one recipient is enough.
                    (Some(Outcome::Error(Error::Message(_))), true) if self.lmtp => {
                        task.outcome = Some(Outcome::Taken(kept));
                    }
                    (None, false) => task.outcome = Some(Outcome::Error(Error::Message(kept))),
                    _ => {}
                }
            }
            (To::Mail | To::Data | To::Reset, _) if !transient_end => {}
            _ => self.said = Some(kept),
        }
    }

    /// The message has gone the way it could.
    fn conclude(&mut self) {
        let Some(task) = self.task.take() else { return };
        if let Some(Outcome::Error(Error::NotSent(why @ NotSent::TooMany(_)))) = task.outcome {
            // The server takes no more messages over this connection (RFC 9422); over another it may.
            let fresh = self.earlier > 0 && task.recipients.is_empty();
            return task.undelivered(Error::NotSent(why), fresh);
        }
        let refused = task.accepted.is_empty() && !task.recipients.is_empty();
        let undelivered = |error| Err(Undelivered { error, again: None });
        let answer = match task.outcome {
            Some(Outcome::Error(error @ (Error::Sender(_) | Error::NotSent(_)))) => {
                undelivered(error)
            }
            _ if refused => undelivered(Error::Recipients(task.recipients)),
            // With LMTP each of them has a reply to the message.
            Some(Outcome::Error(Error::Message(_)))
                if self.lmtp && !task.recipients.iter().any(Recipient::is_accepted) =>
            {
                undelivered(Error::Recipients(task.recipients))
            }
            Some(Outcome::Taken(reply)) => Ok(Receipt { reply, recipients: task.recipients }),
            Some(Outcome::Error(error)) => undelivered(error),
            None => undelivered(Error::Closed(Closed::EndOfFile)),
        };
        // Whoever asked may be gone.
        let _ = task.answer.send(answer);
    }

    /// The connection is over while a message is at work.
    fn on_closed(&mut self, closed: Closed) {
        let again = match (&closed, &self.task) {
            // An old connection that the server has closed meanwhile.
            (Closed::EndOfFile | Closed::Refused(_), Some(task)) => {
                self.earlier > 0 && task.recipients.is_empty() && task.outcome.is_none()
            }
            _ => false,
        };
        let Some(mut task) = self.task.take() else { return };
        let error = match (task.outcome.take(), closed) {
            // What the server has said to the message counts.
            (outcome @ Some(Outcome::Taken(_) | Outcome::Error(Error::Message(_))), _) => {
                task.outcome = outcome;
                task.give_up_the_rest();
                self.task = Some(task);
                return self.conclude();
            }
            (Some(Outcome::Error(error)), _) => error,
            (None, Closed::Refused(_)) => match self.said.take() {
                Some(reply) => Error::Refused(reply),
                None => Error::Closed(closed),
            },
            (None, closed) => Error::Closed(closed),
        };
        task.undelivered(error, again);
    }

    /// Whether the server has refused a token in whose place there may be another.
    fn may_have_another(&self, failure: Failure) -> bool {
        let refused = match failure {
            Failure::AuthRefused(Mechanism::Xoauth2 | Mechanism::OauthBearer, code) => {
                !code.is_transient()
            }
            _ => false,
        };
        self.another && refused
    }

    /// The message can't be sent over this connection.
    fn fail(&mut self, error: Error) {
        if let Some(task) = self.task.take() {
            let _ = task.answer.send(Err(Undelivered { error, again: None }));
        }
    }

    fn redact(&self, text: String) -> String {
        match self.credentials {
            Some(credentials) => credentials.redact(text),
            None => text,
        }
    }
}

/// The mechanisms of AUTH as the server wrote them.
fn mechanisms(reply: &Reply) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in reply.lines().iter().skip(1) {
        for word in Capabilities::auth_of(line).unwrap_or_default().split_ascii_whitespace() {
            if !found.iter().any(|name| name.eq_ignore_ascii_case(word)) {
                found.push(word.to_owned());
            }
        }
    }
    found
}
