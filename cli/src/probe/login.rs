//! Each mechanism on offer, tried on a connection of its own.

use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{self as sasl, Channel, Exchange, NoMechanism, Rules};
use ehlo_std::client::Credentials;

use super::options::{Options, Stage};
use super::report::Report;
use super::seen::Attempt;
use super::suite;
use super::walk::{Errand, walk};
use super::way::{self, Way};
use crate::credentials::Secrets;
use crate::exit::{self, Failure};
use crate::kerberos::{self, is_kerberos};

/// Who logs in, and how it may be done.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) secrets: Secrets,
    pub(crate) credentials: Option<Credentials>,
    only: Vec<String>,
    pub(crate) rules: Rules<'static>,
}

impl Login {
    /// Reads the secrets that the options name.
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let certificate = options.trust.has_certificate();
        for name in &options.auth {
            if let Err(why) = kerberos::check_name(name) {
                return Err(Failure::new(exit::USAGE, format_args!("--auth {name}: {why}")));
            }
        }
        let kerberos =
            options.auth.iter().filter_map(|name| Mechanism::from_name(name)).any(is_kerberos);
        let secrets = options.login.read(true, certificate, kerberos)?;
        let credentials = secrets.credentials(certificate);
        for name in &options.auth {
            if Mechanism::from_name(name).is_none() {
                let known: Vec<&str> = Mechanism::KNOWN.iter().map(|known| known.name()).collect();
                let text = format!("--auth {name}: there are {}", known.join(", "));
                return Err(Failure::new(exit::USAGE, text));
            }
        }
        let mut rules = Rules::new();
        if options.trust.dangerous_cleartext_auth {
            rules = rules.dangerous_cleartext();
        }
        if options.trust.dangerous_accept_any_certificate {
            rules = rules.dangerous_unverified();
        }
        Ok(Self { secrets, credentials, only: options.auth.clone(), rules })
    }

    /// What may never be shown.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let secrets = [&self.secrets.password, &self.secrets.token];
        secrets.into_iter().flatten().map(ehlo_std::users::Secret::expose).collect()
    }

    /// Tries every mechanism on offer that there are credentials for.
    pub(crate) async fn try_all(&self, way: &Way, report: &mut Report) -> Result<(), Failure> {
        let channel = channel(way, report);
        for offered in &mut report.mechanisms {
            let named = |name: &String| name.eq_ignore_ascii_case(&offered.name);
            let Some(mechanism) = Mechanism::from_name(&offered.name) else {
                offered.untried = Some("this program doesn't speak it");
                continue;
            };
            if !self.only.is_empty() && !self.only.iter().any(named) {
                offered.untried = Some("not asked for");
                continue;
            }
            let Some(lent) = self.lend(mechanism) else {
                offered.untried = Some(match &self.credentials {
                    None => "no credentials",
                    Some(_) => "no such credentials",
                });
                continue;
            };
            let mut attempt = Attempt::new(mechanism);
            if let Err(why) = self.may_go(mechanism, channel) {
                attempt.not_sent = Some(why);
                offered.tried = Some(attempt);
                continue;
            }
            let exchange = match Exchange::new(mechanism, lent) {
                Ok(exchange) => exchange.host(&way.host, way.port),
                Err(why) => {
                    attempt.not_sent = Some(why.to_string());
                    offered.tried = Some(attempt);
                    continue;
                }
            };
            let wire = way.wire(&offered.name, &self.secrets());
            let kerberos = self
                .credentials
                .as_ref()
                .filter(|_| is_kerberos(mechanism))
                .and_then(|found| kerberos::Exchange::begin(found, way.lmtp, &way.host));
            let errand = Errand {
                stage: Stage::Auth,
                rules: self.rules,
                exchange: Some(exchange),
                kerberos,
            };
            let walked = walk(way, &wire, errand).await.map_err(|error| way::failure(&error))?;
            report.wire.add(&walked.odd);
            offered.tried = Some(walked.attempt.unwrap_or_else(|| {
                attempt.not_sent = Some(walked.end.reason);
                attempt
            }));
        }
        let works = |name: &str| {
            let tried = report.mechanisms.iter().filter_map(|offered| offered.tried.as_ref());
            tried.into_iter().any(|attempt| attempt.accepted && attempt.mechanism == name)
        };
        if works("PLAIN") || works("LOGIN") {
            let after = suite::offer_after_login(way, self).await?;
            report.after_auth = Some(after).filter(|after| !after.is_empty());
        }
        Ok(())
    }

    /// Nothing goes to whoever answers, not even the digest of a password: it can be guessed at leisure.
    fn may_go(&self, mechanism: Mechanism, channel: Channel) -> Result<(), String> {
        let as_plain = if mechanism == Mechanism::Anonymous { mechanism } else { Mechanism::Plain };
        self.rules.check(as_plain, channel).map_err(|why| match why {
            NoMechanism::NeedsTls(_) => {
                "there is no TLS; --dangerous-cleartext-auth tries it all the same".to_owned()
            }
            NoMechanism::NeedsVerifiedTls(_) => "the certificate was not verified; \
                 --dangerous-accept-any-certificate tries it all the same"
                .to_owned(),
            other => other.to_string(),
        })
    }

    /// What this mechanism takes; a trace for ANONYMOUS, where it is asked for by name.
    fn lend(&self, mechanism: Mechanism) -> Option<sasl::Credentials<'_>> {
        if mechanism == Mechanism::Anonymous && !self.only.is_empty() {
            return Some(sasl::Credentials::anonymous("ehlo-probe"));
        }
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).ok()?;
        let lent = self.credentials.as_ref()?.lend().nonce(seed);
        Exchange::new(mechanism, lent).is_ok().then_some(lent)
    }

    /// Whether something was tried, and nothing of it let us in.
    pub(crate) fn was_refused(&self, report: &Report) -> bool {
        let mut tried =
            report.mechanisms.iter().filter_map(|offered| offered.tried.as_ref()).peekable();
        self.credentials.is_some()
            && tried.peek().is_some()
            && tried.all(|attempt| !attempt.accepted)
    }
}

/// What protected the main connection in the end.
fn channel(way: &Way, report: &Report) -> Channel {
    match &report.tls {
        None => Channel::clear(&way.host),
        Some(tls) => Channel::tls(&way.host, tls.verified.then_some(&tls.host)),
    }
}
