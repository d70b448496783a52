//! Who is in the way, or in the server's place.

use anyhow::{Result, anyhow, bail};

use super::super::middle::{self, Impostor, Relay};
use super::super::report::Outcome;
use super::super::table::{Credential, Mechanism};
use super::bench::{Bench, Case};
use super::cells::{Shown, credentials, first};
use super::client::{Ended, Tls};
use super::report::COLUMNS;

/// A login through somebody who ends TLS and begins it anew; what the client has said, said to the server
/// again; and what the server has said, said to the client again by somebody who has its certificate.
pub(crate) fn run(bench: &mut Bench<'_>, mechanism: &Mechanism) -> Vec<(&'static str, Outcome)> {
    let id = format!("{}-relayed", mechanism.name);
    let relay =
        Relay::to(bench.site.work, &format!("{}-{id}", bench.kind.name), bench.running.starttls);
    let relay = match relay {
        Ok(relay) => relay,
        Err(error) => return vec![(COLUMNS[6], Outcome::of(&error))],
    };
    let mut case = case(bench, mechanism, &id);
    case.instead = Some(relay.port());
    if mechanism.credential == Credential::Certificate {
        // The relay has no key for it: the mechanism is not even offered, or refused.
        (case.ends, case.arrives) = (Ended::Login, 0);
        let nothing = Outcome::NotApplicable("it is not offered to who shows no certificate");
        return vec![(COLUMNS[6], bench.check(&case)), (COLUMNS[7], nothing)];
    }
    if mechanism.is_bound() {
        (case.ends, case.arrives) = (Ended::Login, 0);
    }
    let relayed = bench.check(&case);
    // Through the relay, a login by a mechanism that is bound has not been a good one.
    let record = if mechanism.is_bound() { good(bench, mechanism) } else { relay.record() };
    let record = match record {
        Ok(record) => record,
        Err(error) => return vec![(COLUMNS[6], relayed), (COLUMNS[7], Outcome::of(&error))],
    };
    let mut outcomes =
        vec![(COLUMNS[6], relayed), (COLUMNS[7], replayed(bench, mechanism, &record))];
    if mechanism.is_mutual() {
        outcomes.push((COLUMNS[8], by_the_server(bench, mechanism, &record)));
    }
    let twin = format!("{}-PLUS", mechanism.name);
    if bench.kind.mechanisms.contains(&twin.as_str()) {
        outcomes.push((COLUMNS[9], deceived(bench, mechanism)));
    }
    outcomes
}

/// A login through somebody who takes `-PLUS` out of what is offered.
fn deceived(bench: &mut Bench<'_>, mechanism: &Mechanism) -> Outcome {
    let name = format!("{}-deceived", mechanism.name);
    let mut case = case(bench, mechanism, &name);
    let id = format!("{}-{name}", bench.kind.name);
    match Relay::hiding_plus(bench.site.work, &id, bench.running.starttls) {
        Ok(relay) => {
            case.instead = Some(relay.port());
            (case.ends, case.arrives) = (Ended::Login, 0);
            bench.check(&case)
        }
        Err(error) => Outcome::of(&error),
    }
}

/// A login that is right.
fn case(bench: &Bench<'_>, mechanism: &Mechanism, name: &str) -> Case {
    let mut case = first(bench, name);
    case.tls = Tls::StartTls;
    case.login = credentials(bench, mechanism, Shown::Right);
    case
}

/// What is said in a good login, as the server has logged it.
fn good(bench: &mut Bench<'_>, mechanism: &Mechanism) -> Result<String> {
    let case = case(bench, mechanism, &format!("{}-to-be-replayed", mechanism.name));
    let before = bench.running.logs();
    if let Outcome::Failed(failure) = bench.check(&case) {
        bail!(failure.reason);
    }
    let record = middle::spoken(&bench.logged_since(&before));
    if record.contains("S: 235") { Ok(record) } else { Err(anyhow!("the server logs no dialogue")) }
}

/// The client's octets, said to the server again.
fn replayed(bench: &mut Bench<'_>, mechanism: &Mechanism, record: &str) -> Outcome {
    let id = format!("{}-{}-replayed", bench.kind.name, mechanism.name);
    bench.judge(&id, |bench, said| {
        let (work, is_lmtp) = (bench.site.work, bench.kind.is_lmtp);
        let code = middle::replay(work, bench.running.starttls, is_lmtp, record, said)?;
        if (code == "235") != mechanism.is_replayable() {
            bail!("{code}");
        }
        Ok(())
    })
}

/// The server's octets, said to the client again: it has to see that this server knows no password.
fn by_the_server(bench: &mut Bench<'_>, mechanism: &Mechanism, record: &str) -> Outcome {
    let name = format!("{}-impostor", mechanism.name);
    let mut case = case(bench, mechanism, &name);
    bench.judge(&format!("{}-{name}", bench.kind.name), |bench, said| {
        let impostor = Impostor::of(bench.site.work, mechanism.name, record)?;
        case.instead = Some(impostor.port());
        let ended = bench.send(&case, said);
        let dialogue = impostor.said();
        said.push_str("\n--- server ---\n");
        said.push_str(&dialogue);
        let ended = ended?;
        if matches!(ended, Ended::Sent | Ended::Partly) || dialogue.contains("C: MAIL") {
            bail!("the client goes on behind it: {ended}");
        }
        if dialogue.contains("C: AUTH") { Ok(()) } else { Err(anyhow!("no AUTH: {ended}")) }
    })
}
