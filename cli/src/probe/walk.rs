//! One connection from its beginning to its end: what the server said, step by step.

use std::time::Instant;

use ehlo::capability::Extensions;
use ehlo::client::{Closed, Config, Connection, Event, Fault, NotSent, Timeouts, To};
use ehlo::reply::Received;
use ehlo::sasl::client::{Exchange, Rules};
use ehlo_std::client::{Error, Session, Transport};
use ehlo_std::tls::ServerTlsFacts;

use super::mask::visible;
use super::options::{Stage, TlsStart};
use super::seen::{Attempt, Connected, Offer, Said, TlsSeen, Walk};
use super::transcript::Wire;
use super::way::{Reached, Way};
use crate::kerberos;

/// Octets of each buffer. The longest line of a reply, a challenge included, has to fit.
const BUFFER: usize = 64 * 1024;

/// What a connection is for.
#[derive(Debug)]
pub(crate) struct Errand<'a> {
    /// Where it ends.
    pub(crate) stage: Stage,
    /// What may be used to log in, and over what.
    pub(crate) rules: Rules<'a>,
    /// To log in, when everything else is done.
    pub(crate) exchange: Option<Exchange<'a>>,
    /// The same by a ticket: its messages are a library's.
    pub(crate) kerberos: Option<kerberos::Exchange>,
}

/// Goes the way. What the server does wrong is a part of what was seen.
///
/// # Errors
/// When there is no connection at all.
pub(crate) async fn walk(way: &Way, wire: &Wire, errand: Errand<'_>) -> Result<Walk, Error> {
    let reached = way.reach().await?;
    let mut walk = Walk::new(Connected::of(&reached));
    let place = walk.connection.address.as_deref().unwrap_or(&way.server);
    wire.note(&format!("connected to {place}"));
    if errand.stage == Stage::Connect {
        walk.end.closed_by_us();
        return Ok(walk);
    }
    let Reached { transport, name, .. } = reached;
    let mut config = Config::new(&name, &way.host)
        .port(way.port)
        .auth(errand.rules)
        .timeouts(Timeouts::all(way.patience));
    if way.lmtp {
        config = config.lmtp();
    }
    let mut connection = Connection::new(&config, vec![0; BUFFER], vec![0; BUFFER]);
    let mut transport = transport;
    if way.tls == TlsStart::Implicit {
        let Some(secured) = handshake(way, wire, transport, &mut walk).await else {
            return Ok(walk);
        };
        transport = secured;
        connection = connection.implicit_tls(verified(&transport));
        if let Some(binding) = transport.tls().and_then(ServerTlsFacts::channel_binding) {
            connection = connection.channel_binding(binding);
        }
        if errand.stage == Stage::Tls {
            walk.end.closed_by_us();
            return Ok(walk);
        }
    }
    let session = Session::new(connection, transport).tap(wire.tap());
    Walker { way, wire, walk, errand, start: Instant::now() }.go(session).await
}

fn verified(transport: &Transport) -> Option<&str> {
    transport.tls().and_then(|facts| facts.verified_host())
}

/// The TLS handshake; `None` when it failed, which the walk then tells.
async fn handshake(
    way: &Way,
    wire: &Wire,
    transport: Transport,
    walk: &mut Walk,
) -> Option<Transport> {
    let start = Instant::now();
    match way.secure(transport).await {
        Ok(secured) => {
            let seen = secured.tls().map(|facts| TlsSeen::of(facts, start.elapsed()));
            if let Some(seen) = &seen {
                wire.note(&format!("TLS: {} {}", seen.protocol, seen.cipher_suite));
            }
            walk.tls = seen;
            Some(secured)
        }
        Err(error) => {
            let timed_out = matches!(error, Error::TimedOut);
            let error = visible(&error.to_string());
            wire.note(&format!("TLS: {error}"));
            walk.end.reason = format!("TLS failed: {error}");
            walk.end.timed_out = timed_out;
            walk.tls_failure = Some(error);
            None
        }
    }
}

/// What the caller has to do next.
enum Next {
    On,
    Upgrade,
    /// The Kerberos library has to be asked about this challenge.
    Kerberos(Vec<u8>),
    Over,
}

struct Walker<'a> {
    way: &'a Way,
    wire: &'a Wire,
    walk: Walk,
    errand: Errand<'a>,
    /// When the reply that is waited for was asked for.
    start: Instant,
}

impl Walker<'_> {
    async fn go(
        mut self,
        mut session: Session<Connection<'_, Vec<u8>>, Transport>,
    ) -> Result<Walk, Error> {
        loop {
            let next = match session.next().await {
                Ok(event) => self.on_event(event),
                Err(_) => Next::Over,
            };
            match next {
                Next::On => {}
                Next::Upgrade => {
                    let (way, wire, walk) = (self.way, self.wire, &mut self.walk);
                    let upgraded = session.upgrade(async |transport| {
                        let transport = handshake(way, wire, transport, walk).await.ok_or(())?;
                        let verified = verified(&transport).map(str::to_owned);
                        let binding = transport.tls().and_then(ServerTlsFacts::channel_binding);
                        Ok((transport, verified, binding))
                    });
                    match upgraded.await {
                        Ok(upgraded) => session = upgraded,
                        Err(()) => return Ok(self.done()),
                    }
                    if self.errand.stage == Stage::Tls {
                        self.walk.end.closed_by_us();
                        break;
                    }
                    self.start = Instant::now();
                }
                Next::Kerberos(challenge) => {
                    let said = self.ask_kerberos(challenge).await;
                    if let Ok(Event::Challenge(challenge)) = session.next().await {
                        match said {
                            Ok(said) => {
                                if let Err(why) = challenge.respond_with(&said) {
                                    self.not_sent(why);
                                }
                            }
                            Err(why) => {
                                if let Some(attempt) = &mut self.walk.attempt {
                                    attempt.not_sent = Some(why);
                                }
                                challenge.cancel();
                            }
                        }
                    }
                }
                Next::Over => break,
            }
        }
        // What came of a line that has no end is written down.
        drop(session);
        Ok(self.done())
    }

    /// What to say to a challenge, by the Kerberos library.
    async fn ask_kerberos(&mut self, challenge: Vec<u8>) -> Result<Vec<u8>, String> {
        let Some(exchange) = self.errand.kerberos.take() else { return Err(String::new()) };
        let (exchange, said) = exchange.step(challenge).await?;
        self.errand.kerberos = Some(exchange);
        Ok(said)
    }

    fn done(mut self) -> Walk {
        self.walk.odd = self.wire.oddities();
        self.walk
    }

    fn on_event(&mut self, event: Event<'_>) -> Next {
        match event {
            Event::Reply(reply) => {
                let said = self.said(reply.received());
                let (to, positive) = (reply.to(), reply.is_positive());
                if to == To::Hello && positive {
                    let offer =
                        Offer::new(said, reply.capabilities(), self.walk.hello_refused.is_some());
                    if self.is_tls() {
                        self.walk.secure = Some(offer);
                    } else {
                        self.walk.clear = Some(offer);
                    }
                    reply.done();
                    return Next::On;
                }
                reply.done();
                self.on_reply(to, said, positive)
            }
            Event::Ready(ready) => {
                let wants_tls = self.way.tls == TlsStart::Starttls && !self.is_tls();
                let asks = wants_tls
                    && self.walk.starttls.is_none()
                    && self.errand.stage > Stage::Ehlo
                    && ready.capabilities().has(Extensions::STARTTLS);
                self.start = Instant::now();
                let not_sent = if asks {
                    ready.starttls()
                } else if let (Some(exchange), None) =
                    (&mut self.errand.exchange, &self.walk.attempt)
                {
                    let mechanism = exchange.mechanism();
                    self.walk.attempt = Some(Attempt::new(mechanism));
                    // No token of Kerberos's fits the line of an initial response.
                    match self.errand.kerberos {
                        Some(_) => ready.auth_with(mechanism, None),
                        None => ready.auth(exchange),
                    }
                } else {
                    ready.quit()
                };
                if let Err(why) = not_sent {
                    self.not_sent(why);
                }
                Next::On
            }
            Event::Challenge(challenge) => {
                let text = challenge.text().map(|text| visible(&String::from_utf8_lossy(text)));
                let text = text.map(|text| self.wire.redact(&text));
                let (Some(exchange), Some(attempt)) =
                    (&mut self.errand.exchange, &mut self.walk.attempt)
                else {
                    challenge.cancel();
                    return Next::On;
                };
                if self.errand.kerberos.is_some()
                    && let Some(octets) = challenge.text().map(<[u8]>::to_vec)
                {
                    attempt.challenges.push(format!("({} octets)", octets.len()));
                    return Next::Kerberos(octets);
                }
                match challenge.respond(exchange) {
                    // Once more, when what takes long is done.
                    Err(NotSent::Later) => {
                        if let Some(derivation) = exchange.derivation() {
                            derivation.run(u32::MAX);
                        }
                    }
                    done => {
                        let text = text.unwrap_or_else(|| "(not base64)".to_owned());
                        attempt.challenges.push(text);
                        if let Err(why) = done {
                            self.not_sent(why);
                        }
                    }
                }
                Next::On
            }
            Event::Content(content) => {
                content.abort();
                Next::On
            }
            Event::Upgrade(_) if self.errand.stage == Stage::Starttls => self.leave(),
            Event::Upgrade(_) => Next::Upgrade,
            Event::Closed(why) => {
                self.closed(why);
                Next::Over
            }
            _ => Next::Over,
        }
    }

    fn on_reply(&mut self, to: To, said: Said, positive: bool) -> Next {
        match to {
            To::Greeting => {
                self.walk.greeting = Some(said);
                if self.errand.stage == Stage::Greeting {
                    return self.leave();
                }
            }
            To::Hello => self.walk.hello_refused = Some(said),
            To::StartTls => self.walk.starttls = Some(said),
            To::Auth => {
                if let Some(attempt) = &mut self.walk.attempt {
                    let proven = match (&self.errand.kerberos, &self.errand.exchange) {
                        (Some(kerberos), _) => kerberos.is_complete(),
                        (None, exchange) => exchange.as_ref().is_none_or(Exchange::is_complete),
                    };
                    attempt.accepted = positive && proven;
                    attempt.unproven = positive && !proven;
                    attempt.reply = Some(said);
                }
            }
            _ => self.walk.other.push(said),
        }
        Next::On
    }

    fn said(&mut self, received: Received<'_>) -> Said {
        let time = core::mem::replace(&mut self.start, Instant::now()).elapsed();
        let lines =
            received.lines().map(|line| self.wire.redact(&visible(&String::from_utf8_lossy(line))));
        Said::new(received, lines.collect(), time)
    }

    fn is_tls(&self) -> bool {
        self.walk.tls.is_some()
    }

    fn leave(&mut self) -> Next {
        self.walk.end.closed_by_us();
        Next::Over
    }

    /// A command that could not be said: the next `Ready` says QUIT.
    fn not_sent(&mut self, why: NotSent) {
        if let Some(attempt) = &mut self.walk.attempt
            && why != NotSent::Later
        {
            attempt.not_sent = Some(why.to_string());
        }
    }

    fn closed(&mut self, why: Closed) {
        self.walk.end.reason = why.to_string();
        self.walk.end.polite = why == Closed::Quit;
        self.walk.injected = why == Closed::Fault(Fault::PlaintextBehindStartTls);
        self.walk.end.code = match why {
            Closed::Refused(code) => Some(code.value()),
            _ => None,
        };
        self.walk.end.timed_out = why == Closed::TimedOut;
        self.walk.end.fault = matches!(why, Closed::Fault(_));
        self.wire.note(&self.walk.end.reason);
    }
}
