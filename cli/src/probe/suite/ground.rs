//! The ground a suite runs on: the server as a look at it has shown it, and what there is to log in with.

use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Channel, Rules};

use super::scenario::{Need, Scenario, Start};
use crate::exit::{self, Failure};
use crate::probe::login::Login;
use crate::probe::options::{Stage, TlsStart};
use crate::probe::seen::Walk;
use crate::probe::walk::{Errand, walk};
use crate::probe::way::{self, Way};

/// What scenarios can count on.
#[derive(Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) way: &'a Way,
    pub(crate) login: &'a Login,
    pub(crate) certificate: bool,
    /// What is offered without TLS; empty where TLS is from the first octet.
    clear: Vec<String>,
    /// What is offered in the end.
    offered: Vec<String>,
    pub(crate) tls: bool,
    pub(crate) starttls: bool,
    pub(crate) statuses: bool,
    /// Why the password may not be sent.
    unsafe_for: Option<String>,
}

impl<'a> Ground<'a> {
    /// Looks at the server.
    pub(crate) async fn of(
        way: &'a Way,
        login: &'a Login,
        certificate: bool,
    ) -> Result<Self, Failure> {
        let wire = way.wire("look", &login.secrets());
        let errand =
            Errand { stage: Stage::Auth, rules: Rules::new(), exchange: None, kerberos: None };
        let walked = walk(way, &wire, errand).await.map_err(|error| way::failure(&error))?;
        let Some(offer) = walked.offer().filter(|_| walked.end.polite) else {
            return Err(unusable(&walked));
        };
        let channel = match &walked.tls {
            None => Channel::clear(&way.host),
            Some(tls) => Channel::tls(&way.host, tls.verified.then_some(&tls.host)),
        };
        let unsafe_for =
            login.rules.check(Mechanism::Plain, channel).err().map(|why| why.to_string());
        Ok(Self {
            way,
            login,
            certificate,
            offered: offer.mechanisms.clone(),
            statuses: offer.has("ENHANCEDSTATUSCODES"),
            tls: walked.tls.is_some(),
            starttls: walked.tls.is_some() && way.tls == TlsStart::Starttls,
            clear: walked.clear.as_ref().map(|clear| clear.mechanisms.clone()).unwrap_or_default(),
            unsafe_for,
        })
    }

    /// Whether a mechanism is offered.
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.offered.iter().any(|offered| offered == name)
    }

    /// Why a scenario can't be run here.
    pub(crate) fn lacks(&self, scenario: &Scenario) -> Option<String> {
        if scenario.start == Start::Clear && self.way.tls == TlsStart::Implicit {
            return Some("TLS is from the first octet".into());
        }
        scenario.needs.iter().find_map(|need| self.lack(need))
    }

    fn lack(&self, need: &Need) -> Option<String> {
        let unless = |there: bool, why: &str| (!there).then(|| why.to_owned());
        match need {
            Need::Auth => unless(!self.offered.is_empty(), "AUTH is not offered"),
            Need::Offered(name) => (!self.offers(name)).then(|| format!("{name} is not offered")),
            Need::NotOffered(name) => self.offers(name).then(|| format!("{name} is offered")),
            Need::AuthInClear => unless(!self.clear.is_empty(), "AUTH is not offered without TLS"),
            Need::NoAuthInClear => unless(self.clear.is_empty(), "AUTH is offered without TLS"),
            Need::StartTls => unless(self.starttls, "there is no STARTTLS"),
            Need::Tls => unless(self.tls, "there is no TLS"),
            Need::Smtp => unless(!self.way.lmtp, "it is LMTP"),
            Need::Password => self.lacks_password(),
            Need::Token => match &self.unsafe_for {
                Some(why) => Some(why.clone()),
                None => unless(self.login.secrets.token.is_some(), "there is no token"),
            },
            Need::Certificate(there) if *there => {
                unless(self.certificate, "there is no client certificate")
            }
            Need::Certificate(_) => unless(!self.certificate, "there is a client certificate"),
        }
    }

    fn lacks_password(&self) -> Option<String> {
        if self.login.secrets.password.is_none() {
            return Some("there are no credentials".into());
        }
        if let Some(why) = &self.unsafe_for {
            return Some(why.clone());
        }
        let takes = ["PLAIN", "LOGIN", "CRAM-MD5"].iter().any(|name| self.offers(name));
        (!takes).then(|| "neither PLAIN, LOGIN nor CRAM-MD5 is offered".to_owned())
    }
}

fn unusable(walk: &Walk) -> Failure {
    let said = walk.greeting.iter().chain(&walk.hello_refused).last();
    let said = said.map(|said| format!(" ({})", said.text())).unwrap_or_default();
    let code = match walk.end.code {
        Some(400..=499) => exit::TRY_LATER,
        _ if walk.end.timed_out => exit::TRY_LATER,
        _ => exit::UNAVAILABLE,
    };
    Failure::new(code, format_args!("the suite can't run: {}{said}", walk.end.reason))
}
