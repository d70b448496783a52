//! `ehlo send`.

mod advice;
mod letter;
mod options;
mod plan;
mod progress;
mod report;
mod source;

use std::process::ExitCode;
use std::time::Instant;

use ehlo_std::client::{Error, Message, Receipt};

use crate::exit::{self, Failure};
use plan::Plan;
use progress::Progress;
use report::Report;

pub(crate) use options::{EXAMPLES, Options};

/// Sends the message, and says what became of it.
pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let report = match prepare(options) {
        Ok((plan, runtime)) => {
            let addresses = plan.envelope.recipients().map(str::to_owned).collect();
            let end = runtime.block_on(send(options, plan));
            // Whoever still waits for standard input waits for ever.
            runtime.shutdown_background();
            match end {
                Ok(Ok(receipt)) => Report::of_receipt(&receipt),
                Ok(Err(error)) => Report::of_error(&error, options, addresses),
                Err(failure) => Report::of_failure(failure, addresses),
            }
        }
        Err(failure) => Report::of_failure(failure, Vec::new()),
    };
    report.print(options.json, options.quiet)
}

fn prepare(options: &Options) -> Result<(Plan, tokio::runtime::Runtime), Failure> {
    let plan = Plan::new(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Failure::new(exit::UNAVAILABLE, format_args!("cannot start: {error}")))?;
    Ok((plan, runtime))
}

async fn send(options: &Options, plan: Plan) -> Result<Result<Receipt, Error>, Failure> {
    let progress = Progress::new(options.quiet);
    let start = Instant::now();
    let reading = message(options, &plan, &progress);
    let end = match plan.timeout {
        Some(time) => match tokio::time::timeout(time, reading).await {
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(message)) => {
                // The client keeps the time itself: a message the server has taken counts, though QUIT isn't answered.
                let left = time.saturating_sub(start.elapsed());
                Ok(plan.client.timeout(left).send(plan.envelope, message).await)
            }
            Err(_) => Ok(Err(Error::TimedOut)),
        },
        None => match reading.await {
            Ok(message) => Ok(plan.client.send(plan.envelope, message).await),
            Err(failure) => Err(failure),
        },
    };
    progress.end();
    end
}

async fn message(options: &Options, plan: &Plan, progress: &Progress) -> Result<Message, Failure> {
    if let Some(path) = &options.message {
        return source::open(path, progress.clone()).await;
    }
    if options.subject.is_none() && options.body.is_none() && options.attach.is_empty() {
        let text = "what is to be sent? Give --message FILE, or --subject, --body or --attach";
        return Err(Failure::new(exit::USAGE, text));
    }
    letter::build(options, &plan.envelope, progress).await
}
