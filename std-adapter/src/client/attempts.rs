//! A connection, and a second one where the token was refused with which the first has logged in.

use core::time::Duration;

use tokio::sync::mpsc;

use super::TokenWanted;
use super::delivery::over_one;
use super::settings::Settings;
use super::task::{Job, Undelivered};

/// Connects and sends what comes, until nothing comes for so long, or ever.
pub(super) async fn run(settings: &Settings, jobs: &mut mpsc::Receiver<Job>, idle: Duration) {
    let Some(first) = jobs.recv().await else { return };
    let Some(credentials) = &settings.credentials else {
        over_one(settings, None, false, jobs, idle, first).await;
        return;
    };
    let good = match credentials.resolve(TokenWanted::Good).await {
        Ok(good) => good,
        Err(error) => {
            jobs.close();
            return first.answer(Err(Undelivered { error, again: None }));
        }
    };
    let another = credentials.has_source();
    let refused = over_one(settings, Some(&good), another, jobs, idle, first).await;
    let Some((job, error)) = refused else { return };
    let error = match credentials.resolve(TokenWanted::New).await {
        Ok(new) if !new.same_token(&good) => {
            over_one(settings, Some(&new), false, jobs, idle, *job).await;
            return;
        }
        // The same would be refused again.
        Ok(_) => error,
        Err(error) => error,
    };
    jobs.close();
    job.answer(Err(Undelivered { error, again: None }));
}
