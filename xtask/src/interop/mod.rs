//! `cargo xtask interop`: real mail clients against `ehlo serve`, and `ehlo send` against real servers.
//!
//! For each client program, each kind of TLS and each mechanism both sides have: with the right
//! credentials the message is in the Maildir octet by octet as it was submitted; with wrong ones, through a
//! relay that ends TLS where the mechanism is tied to it, and to who says a login again, the server says no
//! and nothing is stored; never is a credential in the server's log. [`clients`] says which client has what,
//! [`cases`] what is checked; the drivers are in `xtask/interop/clients`. The other direction is in
//! [`servers`]; [`kerberos`] has both for GSSAPI. What has come of it is [`matrix`], the tables of `docs/MECHANISMS.md`.

mod cases;
mod clients;
mod kerberos;
mod maildir;
mod matrix;
mod middle;
mod packages;
mod relay;
mod report;
mod server;
mod servers;
mod table;
mod work;

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;

use crate::process;
use cases::Bench;
use clients::CLIENTS;
use matrix::{Direction, Matrix};
use packages::Tools;
use report::{Check, Failure, Outcome, Report};
use server::Target;
use table::{Client, MECHANISMS, Mechanism, Support};
use work::Work;

/// The user all clients log in as.
const USER: &str = "tim@example.org";
/// That user's password, the one of RFC 2195's example with what needs quoting added.
const PASSWORD: &str = "tanstaaf tanstaaf!";
/// The same in base64.
const PASSWORD_IN_BASE64: &str = "dGFuc3RhYWYgdGFuc3RhYWYh";
/// Who the messages are for.
const OTHER_USER: &str = "anna@example.net";
/// A recipient the server refuses.
const REJECTED: &str = "nobody@example.net";
/// The largest message the server takes, in octets.
const MAX_SIZE: usize = 262_144;
/// Seconds a client may take.
const SECONDS: u32 = 25;

/// A token as long as those of the large providers.
fn token() -> String {
    format!("ya29.{}", "aZ0-._~+/".chars().cycle().take(1_995).collect::<String>())
}

/// What `cargo xtask interop` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only real clients, against `ehlo serve`
    #[arg(long, conflicts_with = "servers")]
    clients: bool,
    /// Run only real servers, against which `ehlo send` and `ehlo probe` are run
    #[arg(long, conflicts_with = "peer_server")]
    servers: bool,
    /// Run only what is about Kerberos, with a KDC of its own
    #[arg(long, conflicts_with_all = ["clients", "servers", "peer_server", "only", "mechanisms"])]
    kerberos: bool,
    /// Run only these clients and servers
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// Test only these mechanisms (some checks that are not about mechanisms need PLAIN)
    #[arg(long, value_delimiter = ',', value_name = "MECHANISM,…")]
    mechanisms: Vec<String>,
    /// List clients, servers and mechanisms, and run nothing
    #[arg(long)]
    list: bool,
    /// Write the tables of docs/MECHANISMS.md
    #[arg(long, conflicts_with_all = ["only", "mechanisms", "clients", "servers", "kerberos", "peer_server"])]
    write_table: bool,
    /// Test this program in place of building `ehlo`
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Test another server that is running: its port with STARTTLS, and the one with implicit TLS
    #[arg(long, value_delimiter = ',', value_name = "ADDR:PORT,ADDR:TLSPORT")]
    peer_server: Vec<SocketAddr>,
    /// The authority of the other server's certificate, which has to be for `localhost`
    #[arg(long, value_name = "FILE", requires = "peer_server")]
    peer_ca: Option<PathBuf>,
    /// The Maildir of the other server; without it, nothing stored is checked
    #[arg(long, value_name = "DIR", requires = "peer_server")]
    peer_maildir: Option<PathBuf>,
    /// Start the servers, say where they are, and wait for a line end on standard input
    #[arg(long, requires = "servers")]
    hold: bool,
    /// How many clients run at a time, or servers
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// Keep the folder of the run
    #[arg(long)]
    keep: bool,
}

/// Runs both halves, or one.
///
/// # Errors
///
/// Fails when something needed is missing, or a check fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut matrix = Matrix::default();
    if options.kerberos && !options.list {
        kerberos::run(options.program.as_deref(), options.keep, &mut matrix)?;
        return matrix.check();
    }
    let (only, tried) = (&options.only, &options.mechanisms);
    known("client or server", only, names(CLIENTS).chain(names(servers::KINDS)))?;
    known("mechanism", tried, names(MECHANISMS))?;
    let mut ends = Vec::new();
    let (clients, mechanisms) = (chosen(CLIENTS, only), chosen(MECHANISMS, tried));
    if !options.servers && !clients.is_empty() && !mechanisms.is_empty() {
        ends.push(run_clients(options, &clients, &mechanisms, &mut matrix).context("clients"));
    }
    let (kinds, mechanisms) = (chosen(servers::KINDS, only), chosen(MECHANISMS, tried));
    let is_own = options.peer_server.is_empty();
    if !options.clients && is_own && !kinds.is_empty() && !mechanisms.is_empty() {
        ends.push(servers::run(options, &kinds, &mechanisms, &mut matrix).context("servers"));
    }
    let all = !options.clients && !options.servers && only.is_empty() && tried.is_empty();
    let program = options.program.as_deref();
    if all && is_own && !options.list && program.is_none_or(kerberos::is_in) {
        ends.push(kerberos::run(program, options.keep, &mut matrix).context("kerberos"));
    }
    if ends.is_empty() {
        bail!("there is nothing to run");
    }
    if is_own && !options.list && !options.hold {
        ends.push(if options.write_table { matrix.write() } else { matrix.check() });
    }
    let failures: Vec<String> =
        ends.into_iter().filter_map(|end| Some(format!("{:#}", end.err()?))).collect();
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("; ")) }
}

/// Runs the clients.
fn run_clients(
    options: &Options,
    clients: &[&'static Client],
    mechanisms: &[&'static Mechanism],
    matrix: &mut Matrix,
) -> Result<()> {
    if options.list {
        list(clients, mechanisms);
        return Ok(());
    }
    let folder = process::cache("interop");
    let tools = Tools::prepare(clients, folder.join("tools"))?;
    let work = Work::create(folder.join(format!("run-{}", std::process::id())), options.keep)?;
    let target = options.target(&work, mechanisms)?;

    let begun = Instant::now();
    let report = all(clients, mechanisms, &tools, &work, &target, options.jobs);
    let seconds = begun.elapsed().as_secs();
    for client in clients {
        matrix.peer(Direction::Clients, client.name, tools.version(client.version));
    }
    matrix.extend(report.matrix());

    let (passed, failed) = report.counts();
    let failures = report.failures();
    let summary = format!("{passed} passed, {failed} failed ({seconds} s)");
    let text = format!("{}\n{summary}\n{failures}", report.tables());
    println!("{text}");
    let file = folder.join("report.md");
    fs::write(&file, &text).with_context(|| format!("can't write {}", file.display()))?;
    if options.peer_server.len() == 2 && options.peer_maildir.is_none() {
        println!("Without --peer-maildir, nothing stored was checked.");
    }
    match (passed, failed) {
        (0, 0) => bail!("nothing was checked"),
        (_, 0) => Ok(()),
        _ => bail!("{failed} of {} checks failed", passed + failed),
    }
}

/// Prints the clients and what they have.
fn list(clients: &[&'static Client], mechanisms: &[&'static Mechanism]) {
    for client in clients {
        let has: Vec<&str> = mechanisms
            .iter()
            .map(|mechanism| mechanism.name)
            .filter(|name| !matches!(client.support(name), Some(Support::Lacks(_))))
            .collect();
        println!("{}: {}", client.name, has.join(", "));
    }
}

/// Runs the clients, some at a time.
fn all(
    clients: &[&'static Client],
    mechanisms: &[&'static Mechanism],
    tools: &Tools,
    work: &Work,
    target: &Target,
    jobs: usize,
) -> Report {
    let next = AtomicUsize::new(0);
    let checks = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(client) = clients.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = Instant::now();
                    let mut done = Vec::new();
                    let bench = Bench::new(client, tools, work, target, mechanisms);
                    if let Err(error) = bench.and_then(|bench| bench.run(&mut done)) {
                        done.push(not_started(client, &error));
                    }
                    eprintln!("{}: {:.1} s", client.name, begun.elapsed().as_secs_f32());
                    // A lock is only poisoned by a panic, and the scope passes that on.
                    if let Ok(mut checks) = checks.lock() {
                        checks.extend(done);
                    }
                }
            });
        }
    });
    Report { checks: checks.into_inner().unwrap_or_default() }
}

/// The failure of a server that did not start.
fn not_started(client: &'static Client, error: &anyhow::Error) -> Check {
    let (reason, dialogue) = ("the server did not start".to_owned(), format!("{error:#}"));
    eprintln!("FAILED {}: {dialogue}", client.name);
    let outcome = Outcome::Failed(Failure { reason, dialogue });
    Check { client: client.name, mechanism: None, column: report::OTHERS[4], outcome }
}

impl Options {
    /// The server asked for.
    fn target(&self, work: &Work, mechanisms: &[&'static Mechanism]) -> Result<Target> {
        if let [starttls, implicit] = self.peer_server.as_slice() {
            if !starttls.ip().is_loopback() || !implicit.ip().is_loopback() {
                bail!("--peer-server takes loopback addresses only");
            }
            let ca = self.peer_ca.clone().ok_or_else(|| anyhow!("--peer-ca is missing"))?;
            return Ok(Target::Peer {
                starttls: starttls.port(),
                implicit: implicit.port(),
                ca: ca.canonicalize().with_context(|| format!("no {}", ca.display()))?,
                maildir: self.peer_maildir.clone(),
            });
        }
        if !self.peer_server.is_empty() {
            bail!("--peer-server takes two addresses: with STARTTLS, and with implicit TLS");
        }
        let program = self.program.clone().map_or_else(server::build, Ok)?;
        Target::own(program, work, mechanisms)
    }
}

/// What has a name on the command line.
trait Named {
    /// That name.
    fn name(&self) -> &'static str;
}

impl Named for Client {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl Named for Mechanism {
    fn name(&self) -> &'static str {
        self.name
    }
}

/// The names of a table.
fn names<T: Named>(table: &'static [T]) -> impl Iterator<Item = &'static str> {
    table.iter().map(T::name)
}

/// Those of a table with the names asked for; all of them when none is.
fn chosen<T: Named>(table: &'static [T], asked: &[String]) -> Vec<&'static T> {
    let wanted = |entry: &&T| asked.is_empty() || asked.iter().any(|name| name == entry.name());
    table.iter().filter(wanted).collect()
}

/// Checks that every name asked for is known.
fn known(what: &str, asked: &[String], known: impl Iterator<Item = &'static str>) -> Result<()> {
    let known: BTreeSet<&str> = known.collect();
    match asked.iter().find(|name| !known.contains(name.as_str())) {
        Some(unknown) => {
            let known: Vec<&str> = known.into_iter().collect();
            bail!("there is no {what} {unknown}; there are {}", known.join(", "))
        }
        None => Ok(()),
    }
}
