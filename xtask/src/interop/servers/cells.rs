//! What is tried with a server: the cells of its rows.

use super::super::report::Outcome;
use super::super::table::{Credential, Mechanism};
use super::super::{OTHER_USER, PASSWORD, REJECTED, USER, work};
use super::bench::{Bench, Case};
use super::client::{Ended, Login, Tls};
use super::hostile;
use super::kind::Takes;
use super::report::{ANY, COLUMNS, Check, NONE, OTHERS};
use super::site::{SPECIAL_PASSWORD, SPECIAL_USER};

/// A password or a token that is none.
const WRONG: &str = "wrong-secret";
/// Who the user of the certificate wrongly says it is.
const STRANGER: &str = "mallory@example.org";
/// A recipient whose address needs SMTPUTF8.
const UTF8: &str = "почта@example.net";
/// More than fits into any buffer on the way, in octets.
const LARGE: usize = 2_000_000;

/// What is shown to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// What the first user has.
    Right,
    /// The password that is difficult to pass on.
    Special,
    /// What nobody has.
    Wrong,
}

/// What is tried in the columns.
const TRIED: [(Tls, Shown); 6] = [
    (Tls::StartTls, Shown::Right),
    (Tls::StartTls, Shown::Special),
    (Tls::StartTls, Shown::Wrong),
    (Tls::Implicit, Shown::Right),
    (Tls::Implicit, Shown::Special),
    (Tls::Implicit, Shown::Wrong),
];

/// A check that is not about mechanisms.
type Other = fn(&mut Bench<'_>) -> Outcome;

/// What is tried in the columns of the second table.
const OTHER_CHECKS: [Other; OTHERS.len()] = [
    |bench| large(bench),
    |bench| dot_at_the_end(bench),
    |bench| eight_bit(bench),
    |bench| partial(bench),
    |bench| utf8(bench),
    |bench| no_login(bench),
    |bench| unknown_ca(bench, Tls::StartTls),
    |bench| unknown_ca(bench, Tls::Implicit),
    |bench| probe(bench, Tls::StartTls),
    |bench| probe(bench, Tls::Implicit),
    |bench| bench.nothing_else(),
];

/// Runs every check of a server.
pub(crate) fn run(bench: &mut Bench<'_>, mechanisms: &[&'static Mechanism]) -> Vec<Check> {
    let server = bench.kind.name;
    let mut checks = Vec::new();
    let offered = mechanisms.iter().filter(|m| bench.kind.mechanisms.contains(&m.name));
    let rows: Vec<_> = offered.map(|mechanism| Some(*mechanism)).chain([None]).collect();
    for mechanism in rows {
        let without = if bench.kind.mechanisms.is_empty() { NONE } else { ANY };
        let row = mechanism.map_or(without, |mechanism| mechanism.name);
        for (column, (tls, shown)) in COLUMNS.into_iter().zip(TRIED) {
            let outcome = login(bench, mechanism, tls, shown);
            checks.extend(outcome.map(|outcome| Check { server, row, column, outcome }));
        }
        let hostile = mechanism.map(|mechanism| hostile::run(bench, mechanism));
        checks.extend(hostile.into_iter().flatten().map(|(column, outcome)| Check {
            server,
            row,
            column,
            outcome,
        }));
    }
    for (column, check) in OTHERS.into_iter().zip(OTHER_CHECKS) {
        let outcome = check(bench);
        checks.push(Check { server, row: "", column, outcome });
    }
    checks
}

/// A login by a mechanism, or by the client's choice, and a message behind it; nothing where there is
/// nothing to show.
fn login(
    bench: &mut Bench<'_>,
    mechanism: Option<&Mechanism>,
    tls: Tls,
    shown: Shown,
) -> Option<Outcome> {
    let login = match mechanism {
        Some(mechanism) => Some(credentials(bench, mechanism, shown)?),
        None if bench.kind.told.is_some() => return None,
        None if !bench.kind.mechanisms.is_empty() => Some(password(None, shown)),
        None if shown == Shown::Right => None,
        None => return None,
    };
    let name = mechanism.map_or("any", |mechanism| mechanism.name);
    let (but, reason) = bench.kind.not_difficult;
    if shown == Shown::Special && but.contains(&name) {
        return Some(Outcome::NotApplicable(reason));
    }
    let mut case = first(bench, &format!("{name}-{tls:?}-{shown:?}"));
    case.tls = tls;
    case.login = login;
    if shown == Shown::Wrong {
        (case.ends, case.arrives) = (Ended::Login, 0);
    }
    Some(bench.check(&case))
}

/// What is shown for a mechanism, if it has anything of the kind.
pub(super) fn credentials(bench: &Bench<'_>, mechanism: &Mechanism, shown: Shown) -> Option<Login> {
    let login = Login { mechanism: Some(mechanism.name), ..Login::of(USER) };
    match (mechanism.credential, shown) {
        (Credential::Password, _) => Some(password(Some(mechanism.name), shown)),
        (Credential::Token, Shown::Right) => {
            Some(Login { token: Some(bench.site.token.clone()), ..login })
        }
        (Credential::Token, Shown::Wrong) => Some(Login { token: Some(WRONG.to_owned()), ..login }),
        (Credential::Certificate, Shown::Right | Shown::Wrong) => {
            let work = bench.site.work;
            let certificate = Some((work.path("client.pem"), work.path("client.key")));
            let user = if shown == Shown::Wrong { STRANGER } else { USER };
            Some(Login { certificate, user, ..login })
        }
        (Credential::Nothing, Shown::Right) => Some(Login { user: "", ..login }),
        (Credential::Token | Credential::Certificate, Shown::Special)
        | (Credential::Nothing, Shown::Special | Shown::Wrong) => None,
    }
}

/// A user with a password.
fn password(mechanism: Option<&'static str>, shown: Shown) -> Login {
    let (user, password) = match shown {
        Shown::Right => (USER, PASSWORD),
        Shown::Special => (SPECIAL_USER, SPECIAL_PASSWORD),
        Shown::Wrong => (USER, WRONG),
    };
    Login { mechanism, password: Some(password.to_owned()), ..Login::of(user) }
}

/// A run over STARTTLS that sends a message to one recipient, by the right password.
pub(super) fn first(bench: &Bench<'_>, name: &str) -> Case {
    let id = format!("{}-{name}", bench.kind.name);
    let login =
        (!bench.kind.mechanisms.is_empty()).then(|| password(bench.kind.told, Shown::Right));
    let mut message = work::message(&id);
    message.retain(|octet| octet.is_ascii() || bench.kind.takes > Takes::Ascii);
    Case {
        tls: Tls::StartTls,
        instead: None,
        login,
        ca: "ca.pem",
        to: &[OTHER_USER],
        message,
        ends: Ended::Sent,
        arrives: 1,
        id,
    }
}

/// A message that takes many reads and writes.
fn large(bench: &mut Bench<'_>) -> Outcome {
    let mut case = first(bench, "large");
    case.message = work::large(&case.id, LARGE);
    bench.check(&case)
}

/// A message whose last line is a dot without a line end.
fn dot_at_the_end(bench: &mut Bench<'_>) -> Outcome {
    let mut case = first(bench, "dot");
    case.message = work::dot_at_the_end(&case.id);
    bench.check(&case)
}

/// A message that is not ASCII: to a server that can't take it, it is not sent.
fn eight_bit(bench: &mut Bench<'_>) -> Outcome {
    let mut case = first(bench, "8bit");
    case.message = work::message(&case.id);
    if bench.kind.takes < Takes::EightBit {
        (case.ends, case.arrives) = (Ended::Impossible, 0);
    }
    bench.check(&case)
}

/// Two recipients, the first of them refused: by LMTP after the data, else before.
fn partial(bench: &mut Bench<'_>) -> Outcome {
    let mut case = first(bench, "partial");
    case.to = &[REJECTED, OTHER_USER];
    case.ends = Ended::Partly;
    bench.check(&case)
}

/// A recipient with an address that is not ASCII: to a server that can't take it, it is not sent.
fn utf8(bench: &mut Bench<'_>) -> Outcome {
    let mut case = first(bench, "utf8");
    case.to = &[UTF8];
    if bench.kind.takes < Takes::Utf8 {
        (case.ends, case.arrives) = (Ended::Impossible, 0);
    }
    bench.check(&case)
}

/// A look at the server, and a login by every mechanism.
fn probe(bench: &mut Bench<'_>, tls: Tls) -> Outcome {
    let mut case = first(bench, &format!("probe-{tls:?}"));
    case.tls = tls;
    bench.probe(&case)
}

/// A client without credentials: the check of the checks that a login is needed.
fn no_login(bench: &mut Bench<'_>) -> Outcome {
    if bench.kind.mechanisms.is_empty() {
        return Outcome::NotApplicable("it has no AUTH");
    }
    let mut case = first(bench, "no-login");
    case.login = None;
    (case.ends, case.arrives) = (Ended::NoLogin, 0);
    bench.check(&case)
}

/// A client that trusts another authority: the check of the check that TLS is verified.
fn unknown_ca(bench: &mut Bench<'_>, tls: Tls) -> Outcome {
    let mut case = first(bench, &format!("unknown-ca-{tls:?}"));
    case.tls = tls;
    case.ca = "other-ca.pem";
    (case.ends, case.arrives) = (Ended::Distrust, 0);
    bench.check(&case)
}
