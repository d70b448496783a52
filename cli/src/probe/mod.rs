//! `ehlo probe`.

mod clock;
mod findings;
mod login;
mod mask;
mod mechanisms;
mod options;
mod report;
mod seen;
mod suite;
mod table;
mod transcript;
mod walk;
mod way;

use std::io::{self, Write};
use std::process::ExitCode;

use ehlo::sasl::client::Rules;

use crate::exit::{self, Failure};
use crate::log::Paint;
use findings::{Given, Verdict};
use login::Login;
use options::{Stage, SuiteName};
use report::{OldTls, Report};
use walk::{Errand, walk};
use way::Way;

pub(crate) use options::{EXAMPLES, Options};

/// The exit code where something was found that `--fail-on` names.
const FOUND: u8 = 1;

/// Looks at the server, and says what it found.
pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let way = Way::new(options)?;
    let login = Login::new(options)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(exit::UNAVAILABLE, format_args!("cannot start: {error}")))?;
    let end = runtime.block_on(async {
        match options.suite {
            Some(SuiteName::Rfc4954) => suite::run(&way, &login, options).await,
            None => probe(&way, &login, options).await,
        }
    });
    runtime.shutdown_background();
    end
}

async fn probe(way: &Way, login: &Login, options: &Options) -> Result<ExitCode, Failure> {
    let stage = options.quit_after.unwrap_or(Stage::Auth);
    let wire = way.wire("main", &login.secrets());
    let errand = Errand { stage, rules: Rules::new(), exchange: None, kerberos: None };
    let walked = walk(way, &wire, errand).await.map_err(|error| way::failure(&error))?;
    let mut report = Report::new(way, walked);
    if stage == Stage::Auth && report.end.polite {
        if report.tls.is_some()
            && let Ok(accepted) = suite::old_tls_accepted(way).await
        {
            report.old_tls = OldTls { tried: true, accepted };
        }
        login.try_all(way, &mut report).await?;
    }
    let given = Given {
        tls: way.tls,
        lmtp: way.lmtp,
        stage,
        port: way.port,
        local: is_local(&report),
        login: login.credentials.is_some(),
        now: clock::now(),
    };
    report.findings = findings::of(&report, &given);
    let text = if options.json {
        serde_json::to_string_pretty(&report).map(|text| text + "\n").unwrap_or_default()
    } else {
        table::text(&report, Paint::of_stdout())
    };
    // Nobody may be reading.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(ExitCode::from(code(&report, login, options.fail_on)))
}

/// Whether nobody but this machine is on the way.
fn is_local(report: &Report) -> bool {
    match &report.connection.address {
        None => true,
        Some(address) => {
            let address = address.parse::<core::net::SocketAddr>();
            address.is_ok_and(|address| address.ip().is_loopback())
        }
    }
}

/// How the program ends: first what kept the probe from its end, then what it found.
fn code(report: &Report, login: &Login, fail_on: Option<Verdict>) -> u8 {
    let end = &report.end;
    let found =
        || fail_on.is_some_and(|least| report.findings.iter().any(|one| one.verdict >= least));
    match end.code {
        Some(400..=499) => return exit::TRY_LATER,
        Some(_) => return exit::UNAVAILABLE,
        None => {}
    }
    if end.timed_out {
        exit::TRY_LATER
    } else if !end.polite && !end.by_us {
        exit::UNAVAILABLE
    } else if login.was_refused(report) {
        exit::NO_PERMISSION
    } else if found() {
        FOUND
    } else {
        0
    }
}
