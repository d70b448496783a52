//! `ehlo serve`.

mod accounts;
mod announce;
mod auth;
mod config_file;
mod faults;
mod options;
mod plan;
mod rules;
mod service;
mod signals;
mod state_folder;
mod tokens;
mod trace;
mod values;

use core::time::Duration;
use std::io;
use std::process::ExitCode;

use ehlo_std::server::{Bound, Builder, ServeError, Server};
use ehlo_std::tls::CertificateRules;
use tracing::{info, warn};

use crate::exit::{self, Failure};
use crate::log;
use plan::Plan;
use service::{Countdown, Keeper};
use signals::{Signal, Signals};

pub(crate) use options::{EXAMPLES, Options};
pub(crate) use values::{AuthName, LogFormat};

/// Runs the server until it is stopped.
pub(crate) fn run(options: Options) -> Result<ExitCode, Failure> {
    let options = config_file::merged(options)?;
    log::start(&log::Choice {
        format: options.log_format.unwrap_or_default(),
        verbose: options.verbose,
        quiet: options.quiet,
        transcript: options.transcript,
    });
    let plan = Plan::new(options)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(exit::UNAVAILABLE, format_args!("cannot start: {error}")))?;
    let end = runtime.block_on(serve(plan));
    // What still runs is dropped, and cleans up behind itself.
    runtime.shutdown_timeout(Duration::from_secs(1));
    end
}

async fn serve(plan: Plan) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(exit::UNAVAILABLE, format_args!("no signals: {error}")))?;
    let (announcement, reloading) = (announce::Announcement::of(&plan), Reloading::of(&plan));
    let messages = plan.options.exit_after.map_or(0, |limit| limit.or(u64::MAX, 0));
    let countdown = Countdown::new(messages);
    let bound = bind(builder(plan, &countdown)).await?;
    announcement.print(bound.addresses());

    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let stopped = async {
        tokio::select! {
            _ = stopping => info!("stopping; running transactions may finish, another signal stops at once"),
            () = countdown.done() => info!("stopping after the last message"),
        }
    };
    let mut stop = Some(stop);
    let mut serving = core::pin::pin!(bound.serve_until(stopped));
    loop {
        tokio::select! {
            () = &mut serving => {
                info!("stopped");
                return Ok(ExitCode::SUCCESS);
            }
            signal = signals.next() => match (signal, stop.take()) {
                (Signal::Reload, unsent) => {
                    stop = unsent;
                    reloading.run();
                }
                (Signal::Stop(_), Some(stop)) => {
                    let _ = stop.send(());
                }
                (Signal::Stop(number), None) => {
                    warn!("stopped at once");
                    return Ok(ExitCode::from(128_u8.saturating_add(number)));
                }
            }
        }
    }
}

fn builder(plan: Plan, countdown: &std::sync::Arc<Countdown>) -> Builder<Keeper> {
    let options = plan.options;
    let iterations =
        plan.accounts.file.as_ref().and_then(ehlo_std::users::UsersFile::scram_iterations);
    let keeper = Keeper {
        accounts: plan.accounts,
        rules: plan.rules,
        faults: plan.faults,
        store: plan.store,
        countdown: std::sync::Arc::clone(countdown),
        needs_tls: plan.auth_needs_tls,
    };
    let mut builder = Server::builder(keeper)
        .config(plan.config)
        .auth_throttle(plan.throttle)
        .trust_xclient(options.trust_xclient)
        .trust_proxy_protocol(options.proxy_protocol);
    if let Some(limit) = options.max_connections {
        builder = builder.max_connections(limit.or(usize::MAX, usize::MAX));
    }
    if let Some(limit) = options.max_connections_per_ip {
        builder = builder.max_connections_per_source(limit.or(usize::MAX, usize::MAX));
    }
    if let Some(iterations) = iterations {
        builder = builder.scram_iterations(iterations);
    }
    if let Some(keys) = plan.keys {
        builder = keys.serve(builder);
    }
    if let Some(tls) = plan.tls {
        builder = builder.tls(tls);
    }
    if !options.client_certificate.is_empty() {
        builder = builder.certificate_rules(CertificateRules::new(options.client_certificate));
    }
    if !plan.starttls {
        builder = builder.no_starttls();
    }
    if options.transcript {
        builder = builder.transcript();
    }
    let builder = options.listen.into_iter().fold(builder, Builder::listen);
    options.listen_tls.into_iter().fold(builder, Builder::listen_tls)
}

async fn bind(builder: Builder<Keeper>) -> Result<Bound<Keeper>, Failure> {
    builder.bind().await.map_err(|error| match &error {
        ServeError::Listen(_, cause) => {
            let (code, what) = match cause.kind() {
                io::ErrorKind::AddrInUse => (
                    exit::UNAVAILABLE,
                    "stop the other program, or choose another port (0 takes a free one)",
                ),
                io::ErrorKind::PermissionDenied => {
                    (exit::NO_PERMISSION, "ports below 1024 are for administrators; choose another")
                }
                io::ErrorKind::AddrNotAvailable => {
                    (exit::UNAVAILABLE, "choose an address this machine has")
                }
                _ => (exit::UNAVAILABLE, "choose another address"),
            };
            Failure::new(code, format_args!("{error}; {what}"))
        }
        _ => Failure::config(&error),
    })
}

/// What can be read again while the server runs.
struct Reloading {
    tls: Option<ehlo_std::tls::Tls>,
    users: Option<ehlo_std::users::UsersFile>,
}

impl Reloading {
    fn of(plan: &Plan) -> Self {
        Self { tls: plan.tls.clone(), users: plan.accounts.file.clone() }
    }

    /// Reads certificate and users again; what can't be used stays as it was.
    fn run(&self) {
        match self.tls.as_ref().map(|tls| tls.reload()) {
            Some(Ok(())) => info!("certificate read again"),
            Some(Err(error)) => warn!(%error, "the certificate in use stays"),
            None => {}
        }
        match self.users.as_ref().map(|users| users.reload()) {
            Some(Ok(())) => info!("users read again"),
            Some(Err(error)) => warn!(%error, "the users known before stay"),
            None => {}
        }
    }
}
