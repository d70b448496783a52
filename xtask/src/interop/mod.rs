//! `cargo xtask interop`: real mail clients against `ehlo serve`.

use clap::Args;

/// What `cargo xtask interop` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only these clients
    #[arg(long, value_delimiter = ',', value_name = "CLIENT,…")]
    only: Vec<String>,
}

/// Runs the clients.
///
/// # Errors
///
/// Fails when a client or one of its checks fails.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    anyhow::bail!("no client is implemented yet (asked for {:?})", options.only)
}
