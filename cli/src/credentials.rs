//! What a client logs in with: the options for it, and where a password is read from.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use ehlo_std::client::Credentials;
use ehlo_std::users::Secret;

use crate::exit::{self, Failure};
use crate::kerberos::{Source, Tickets};

const HEADING: &str = "Who logs in";

/// Who logs in, and by what. A password is never an argument: other users of the machine could see it there.
#[derive(Debug, Default, Args)]
pub(crate) struct Login {
    /// The name to log in with; the password is asked for where no other option has it
    #[arg(short, long, value_name = "NAME", help_heading = HEADING)]
    pub(crate) user: Option<String>,

    /// Take the password from this environment variable
    #[arg(long, value_name = "VAR", help_heading = HEADING, requires = "user")]
    #[arg(conflicts_with = "password_file")]
    pub(crate) password_env: Option<String>,

    /// Take the password from the first line of this file
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "user")]
    pub(crate) password_file: Option<PathBuf>,

    /// Take an OAuth 2.0 bearer token from this environment variable, for XOAUTH2 and OAUTHBEARER
    #[arg(long, value_name = "VAR", help_heading = HEADING, requires = "user")]
    #[arg(conflicts_with = "token_file")]
    pub(crate) token_env: Option<String>,

    /// Take the bearer token from the first line of this file
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "user")]
    pub(crate) token_file: Option<PathBuf>,

    /// Log in by Kerberos (GSSAPI) with the tickets in this credential cache
    /// [default with --auth GSSAPI: those that kinit got]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub(crate) ccache: Option<String>,

    /// Log in by Kerberos (GSSAPI) as --user, with its key in this keytab
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "user")]
    pub(crate) keytab: Option<PathBuf>,

    /// The Kerberos service the server is, such as smtp@mail.example.org
    /// [default: smtp at the server's name]
    #[arg(long, value_name = "SERVICE@HOST", help_heading = HEADING)]
    pub(crate) service_name: Option<String>,
}

/// The secrets that were read.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// The name to log in with.
    pub(crate) user: Option<String>,
    /// Its password.
    pub(crate) password: Option<Secret>,
    /// Its bearer token.
    pub(crate) token: Option<Secret>,
    /// Kerberos tickets, and whether they are those of the user.
    pub(crate) tickets: Option<(Tickets, bool)>,
}

impl Login {
    /// Reads what the options name. Where they name neither a password nor a token, the password is asked for on a
    /// terminal, or else is the first line of standard input; unless that is wanted for something else, or there is
    /// a `certificate` to log in with, or a ticket. Tickets are used where an option says where they are, or GSSAPI
    /// (`kerberos`) is asked for.
    pub(crate) fn read(
        &self,
        stdin_is_free: bool,
        certificate: bool,
        kerberos: bool,
    ) -> Result<Secrets, Failure> {
        let tickets = self.tickets(kerberos)?.map(|tickets| (tickets, self.keytab.is_some()));
        let Some(user) = &self.user else { return Ok(Secrets { tickets, ..Secrets::default() }) };
        let certificate = certificate || tickets.is_some();
        let password = match (&self.password_env, &self.password_file) {
            (Some(variable), _) => Some(of_variable("--password-env", variable)?),
            (None, Some(path)) => Some(of_file("--password-file", path)?),
            (None, None) => None,
        };
        let token = match (&self.token_env, &self.token_file) {
            (Some(variable), _) => Some(of_variable("--token-env", variable)?),
            (None, Some(path)) => Some(of_file("--token-file", path)?),
            (None, None) => None,
        };
        let password = match (password, &token) {
            (None, None) if !certificate => Some(asked_for(user, stdin_is_free)?),
            (password, _) => password,
        };
        Ok(Secrets { user: Some(user.clone()), password, token, tickets })
    }

    /// Where the tickets are, if they are to be used.
    fn tickets(&self, asked_for: bool) -> Result<Option<Tickets>, Failure> {
        if !self.has_tickets() && !asked_for {
            return Ok(None);
        }
        let keytab = self.keytab.as_deref().zip(self.user.as_deref());
        let source =
            Source { cache: self.ccache.as_deref(), keytab, service: self.service_name.as_deref() };
        Tickets::of(source).map(Some)
    }

    /// Whether an option says where tickets are.
    pub(crate) fn has_tickets(&self) -> bool {
        self.ccache.is_some() || self.keytab.is_some()
    }
}

impl Secrets {
    /// As a client takes them; `None` where there is nothing to log in with.
    pub(crate) fn credentials(&self, certificate: bool) -> Option<Credentials> {
        let user = self.user.clone().unwrap_or_default();
        let expose = |secret: &Secret| secret.expose().to_owned();
        let (password, token) =
            (self.password.as_ref().map(expose), self.token.as_ref().map(expose));
        let others = match (password, token) {
            (Some(password), Some(token)) => Credentials::password(user, password).or_token(token),
            (Some(password), None) => Credentials::password(user, password),
            (None, Some(token)) => Credentials::token(user, token),
            // Who logs in is in the certificate; --user is who to act as.
            (None, None) if certificate => {
                let credentials = Credentials::certificate();
                let credentials = match &self.user {
                    Some(user) => credentials.authorization_identity(user),
                    None => credentials,
                };
                return self.with_tickets(Some(credentials));
            }
            (None, None) => {
                let credentials = self.with_tickets(None)?;
                // With a cache, who logs in is in the ticket.
                return Some(match (&self.user, &self.tickets) {
                    (Some(user), Some((_, false))) => credentials.authorization_identity(user),
                    _ => credentials,
                });
            }
        };
        self.with_tickets(Some(if certificate { others.or_certificate() } else { others }))
    }

    /// The tickets, where there are any, and these.
    fn with_tickets(&self, others: Option<Credentials>) -> Option<Credentials> {
        match &self.tickets {
            Some((tickets, _)) => Some(tickets.clone().credentials(others)),
            None => others,
        }
    }
}

/// A secret in an environment variable.
pub(crate) fn of_variable(option: &str, variable: &str) -> Result<Secret, Failure> {
    std::env::var(variable).map(Secret::new).map_err(|_| {
        Failure::new(exit::USAGE, format_args!("{option}: {variable} is not set, or not UTF-8"))
    })
}

/// A secret in the first line of a file.
pub(crate) fn of_file(option: &str, path: &PathBuf) -> Result<Secret, Failure> {
    let unread = |error: io::Error| {
        Failure::new(exit::USAGE, format_args!("{option} {}: {error}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(unread)?;
    if others_read(&file) {
        let path = path.display();
        // Nobody may be listening.
        let _ = writeln!(
            io::stderr(),
            "ehlo: warning: {option} {path}: other users of this machine can read it; chmod 600 {path}"
        );
    }
    first_line(&mut io::BufReader::new(file)).map_err(unread)
}

/// Whether others than its owner may read a file; where nobody can tell, they may not.
#[cfg(unix)]
fn others_read(file: &std::fs::File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_read(_: &std::fs::File) -> bool {
    false
}

fn asked_for(user: &str, stdin_is_free: bool) -> Result<Secret, Failure> {
    let unread = |error: io::Error| {
        Failure::new(exit::DATA, format_args!("cannot read the password: {error}"))
    };
    if io::stdin().is_terminal() {
        let prompt = format!("Password for {user}: ");
        return rpassword::prompt_password(prompt).map(Secret::new).map_err(unread);
    }
    if !stdin_is_free {
        let text = "there is no password: give --password-env, --password-file or --token-env";
        return Err(Failure::new(exit::USAGE, text));
    }
    first_line(&mut io::stdin().lock()).map_err(unread)
}

fn first_line(input: &mut impl BufRead) -> io::Result<Secret> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Secret::new(line))
}
