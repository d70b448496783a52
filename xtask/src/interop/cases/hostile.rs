//! Who is between a client and the server.

use anyhow::anyhow;

use super::super::middle::{self, Relay as Middle};
use super::super::report::{DECEIVED, Outcome, RELAYED, REPLAYED};
use super::super::table::Mechanism;
use super::super::work;
use super::{Bench, REFUSED, Run};

impl Bench<'_> {
    /// A login through somebody who ends TLS and begins it anew: refused where the mechanism is tied to the
    /// connection. Then what the client has said in a login, said again by somebody else: refused unless
    /// the mechanism is made so that it can't be.
    pub(super) fn hostile(&mut self, mechanism: &Mechanism) -> Vec<(&'static str, Outcome)> {
        let why_not = self.why_not(mechanism, false, true);
        let why_not = why_not.or_else(|| Some(Outcome::NotApplicable(self.refused(mechanism)?)));
        if let Some(outcome) = why_not {
            return vec![(RELAYED, outcome.clone()), (REPLAYED, outcome)];
        }
        let id = format!("{}-{}-relayed", self.client.name, mechanism.name);
        let middle = match Middle::to(self.work, &id, self.server.starttls) {
            Ok(middle) => middle,
            Err(error) => {
                let failed = Outcome::of(&error);
                return vec![(RELAYED, failed.clone()), (REPLAYED, failed)];
            }
        };
        let message = work::message(&id);
        let run = Run { port: middle.port(), ..self.first(id, mechanism, vec![message.clone()]) };
        let relayed = self.check(&run, |bench, ended| {
            if mechanism.stops_relays() {
                ended.expect(REFUSED)?;
                return bench.nothing_stored(&run.id);
            }
            ended.expect(0)?;
            if bench.client.no_mail.is_some() {
                return Ok(());
            }
            bench.stored(&run.id, &message)
        });
        // Through the relay, a login by a mechanism that is bound has not been a good one.
        let record = match mechanism.is_bound() {
            true => Ok(middle::spoken(&self.printed)),
            false => middle.record(),
        };
        let port = self.server.starttls;
        let replayed = self.judge(&format!("{}-replayed", run.id), |bench, said| {
            let code = middle::replay(bench.work, port, false, &record?, said)?;
            let expected = if mechanism.is_replayable() { "235" } else { "535" };
            if code == expected { Ok(()) } else { Err(anyhow!("{code}, not {expected}")) }
        });
        let mut outcomes = vec![(RELAYED, relayed), (REPLAYED, replayed)];
        if self.client.says_y && mechanism.has_bound_twin() {
            outcomes.push((DECEIVED, self.deceived(mechanism)));
        }
        outcomes
    }

    /// A client that has a channel binding and was not told that the server has: it says so, and the server
    /// knows then that somebody has taken it out of the offer.
    fn deceived(&mut self, mechanism: &Mechanism) -> Outcome {
        let id = format!("{}-{}-deceived", self.client.name, mechanism.name);
        let message = work::message(&id);
        let run = Run { is_deceived: true, ..self.first(id, mechanism, vec![message]) };
        self.check(&run, |bench, ended| {
            ended.expect(REFUSED)?;
            bench.nothing_stored(&run.id)
        })
    }
}
