//! `ehlo probe --suite`: how a server takes AUTH, right and wrong.

mod areas;
mod dialogue;
mod expect;
mod facts;
mod ground;
mod junit;
mod old_tls;
mod report;
mod runner;
mod scenario;
mod template;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::login::Login;
use super::options::Options;
use super::way::Way;
use crate::exit::{self, Failure};
use crate::log::Paint;
pub(crate) use old_tls::accepted as old_tls_accepted;

use ground::Ground;
use report::{Outcome, SuiteReport};
use scenario::Scenario;

const NAME: &str = "rfc4954";

/// Runs the suite, and says what came of it.
pub(crate) async fn run(way: &Way, login: &Login, options: &Options) -> Result<ExitCode, Failure> {
    let chosen = chosen(&options.only)?;
    let ground = Ground::of(way, login, options.trust.has_certificate()).await?;
    let outcomes = all(&ground, &chosen, usize::from(options.jobs)).await;
    let report = SuiteReport::new(NAME, way.server.clone(), outcomes);
    if let Some(path) = &options.junit {
        std::fs::write(path, junit::xml(&report)).map_err(|error| {
            Failure::new(exit::CANNOT_CREATE, format_args!("--junit {}: {error}", path.display()))
        })?;
    }
    let text = if options.json {
        serde_json::to_string_pretty(&report).map(|text| text + "\n").unwrap_or_default()
    } else {
        text::text(&report, Paint::of_stdout())
    };
    // Nobody may be reading.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(if report.failed > 0 { ExitCode::from(super::FOUND) } else { ExitCode::SUCCESS })
}

/// What is offered to a client that has authenticated; nothing where that can't be seen. The machine of the core says
/// hello once, so this takes a dialogue of its own.
pub(crate) async fn offer_after_login(way: &Way, login: &Login) -> Result<Vec<String>, Failure> {
    let ground = Ground::of(way, login, false).await?;
    Ok(runner::offer_after_login(&ground, &areas::HELLO_AFTER_LOGIN).await)
}

fn chosen(only: &[String]) -> Result<Vec<&'static Scenario>, Failure> {
    let all = || areas::ALL.iter().copied().flatten();
    if let Some(unknown) = only.iter().find(|id| !all().any(|one| one.id == **id)) {
        let text = format!("--only {unknown}: there is no such scenario; --json lists them by id");
        return Err(Failure::new(exit::USAGE, text));
    }
    Ok(all().filter(|one| only.is_empty() || only.iter().any(|id| *id == one.id)).collect())
}

/// Runs so many at once; the results are in the order of the table.
async fn all(ground: &Ground<'_>, scenarios: &[&'static Scenario], jobs: usize) -> Vec<Outcome> {
    let free = Arc::new(Semaphore::new(jobs));
    let mut outcomes: Vec<Option<Outcome>> = Vec::new();
    outcomes.resize_with(scenarios.len(), || None);
    let places = outcomes.iter_mut().zip(scenarios);
    let runs = places.map(|(place, scenario)| {
        let free = Arc::clone(&free);
        async move {
            // The semaphore is never closed.
            let _permit = free.acquire().await;
            *place = Some(runner::run(ground, scenario).await);
        }
    });
    join(runs.collect()).await;
    outcomes.into_iter().flatten().collect()
}

/// Drives all of these to their end.
async fn join(runs: Vec<impl Future<Output = ()>>) {
    let mut runs: Vec<_> = runs.into_iter().map(Box::pin).collect();
    core::future::poll_fn(|context| {
        runs.retain_mut(|run| run.as_mut().poll(context).is_pending());
        if runs.is_empty() { core::task::Poll::Ready(()) } else { core::task::Poll::Pending }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::areas;

    #[test]
    fn each_scenario_has_a_name_of_its_own_a_sentence_and_a_source() {
        let all: Vec<_> = areas::ALL.iter().copied().flatten().collect();
        assert!(all.len() >= 60, "{}", all.len());
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other.id != one.id), "{}", one.id);
            assert!(one.title.contains(' ') && !one.title.ends_with('.'), "{}", one.title);
            assert!(one.rests_on.contains("RFC ") || one.rests_on.contains("draft"), "{}", one.id);
            assert!(!one.steps.is_empty(), "{}", one.id);
        }
    }
}
