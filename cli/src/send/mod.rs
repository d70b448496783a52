//! `ehlo send`.

mod advice;
mod letter;
mod options;
mod plan;
mod progress;
mod report;
mod source;

use std::process::ExitCode;

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
    let timeout = plan.timeout;
    let whole = async {
        let message = message(options, &plan, &progress).await?;
        Ok(plan.client.send(plan.envelope, message).await)
    };
    let end = match timeout {
        Some(time) => tokio::time::timeout(time, whole).await.unwrap_or(Ok(Err(Error::TimedOut))),
        None => whole.await,
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
