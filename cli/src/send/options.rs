//! The options of `ehlo send`.

use std::path::PathBuf;

use clap::Args;

use crate::credentials::Login;
use crate::trust::Trust;

const SERVER: &str = "The server";
const MESSAGE: &str = "The message";
const OUTPUT: &str = "What is shown";

/// What stands behind the options in the help.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ehlo send --server mail.example.org --user me@example.org --to you@example.net \\
      --subject 'The report' --body 'Here it is.' --attach report.pdf
      Port 587, STARTTLS and the strongest mechanism; the password is asked for
  ehlo send --server mail.example.org:465 --user me@example.org --password-file secret \\
      --to you@example.net --to she@example.net --message letter.eml
      A message as it is in a file, under TLS from the first octet
  generate | ehlo send --server localhost:2525 --ca cert.pem --user tim --password-env PASSWORD \\
      --from tim@example.org --to you@example.net --message - --json
      From another program, to a server with a self-signed certificate
  ehlo send --server unix:/run/dovecot/lmtp --lmtp --from me@example.org --to tim@example.org \\
      --message letter.eml
      To a mail store of this machine
  ehlo send --server localhost:25 --tls none --from me@localhost --to root@localhost --body hello
      Without TLS, where there is none

A message of --message goes out as it is: dots are stuffed, line ends are made CRLF, and nothing
else is changed. Its From, To and Cc don't say who gets it, --to does; a Bcc field in it is seen
by everybody. A message that is built here gets From, To (all of --to), Subject, Date and
Message-ID, and never a Bcc.

On standard output is a line for each recipient, \"accepted\" or \"refused\", with the server's
reply, and then its reply to the message. With --json it is one object: sent (taken for one
recipient at least), reply {code, enhanced, text}, recipients [{address, accepted, code, enhanced,
text}], error {kind, text} or null, exit. A wrong option is told on standard error alone.

Exit codes: 0 sent to all, 64 wrong usage, 65 the message or an address is wrong or too large,
66 a file can't be read, 68 no such host, 69 server not available, 75 try again later, 77 refused:
the login, the way (TLS) or by the server's rules, 78 a certificate that can't be used. When only
some recipients are refused the others get the message; then it is 77, or 75 if each of those
refused may be tried again later.";

/// Sends a message over one connection.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The server, and unless it is 587, 465 (--tls implicit) or 24 (--lmtp) its port; with --lmtp it
    /// may be a Unix socket
    #[arg(short, long, value_name = "HOST[:PORT]|unix:PATH", help_heading = SERVER)]
    pub(crate) server: String,

    /// How the way is protected: starttls, implicit (TLS from the first octet) or none
    /// [default: implicit on port 465, else STARTTLS, without which nothing is sent]
    #[arg(long, value_name = "HOW", help_heading = SERVER)]
    pub(crate) tls: Option<String>,

    /// What to call this machine in EHLO [default: its address in brackets]
    #[arg(long, value_name = "NAME", help_heading = SERVER)]
    pub(crate) ehlo: Option<String>,

    /// Speak LMTP: LHLO, and a reply for each recipient of a message
    #[arg(long, help_heading = SERVER)]
    pub(crate) lmtp: bool,

    /// Seconds all of it may take [default: no limit but those of each reply, as RFC 5321 has them]
    #[arg(long, value_name = "SECONDS", help_heading = SERVER)]
    pub(crate) timeout: Option<String>,

    #[command(flatten)]
    pub(crate) trust: Trust,

    #[command(flatten)]
    pub(crate) login: Login,

    /// Log in by these mechanisms alone, the first one preferred, or by none
    /// [default: the strongest that both sides have]
    #[arg(long, value_name = "MECH,…", value_delimiter = ',', help_heading = "Who logs in")]
    pub(crate) auth: Vec<String>,

    /// The sender: where bounces go; <> for none [default: the name of --user, if it is an address]
    #[arg(short, long, value_name = "ADDRESS", help_heading = MESSAGE)]
    pub(crate) from: Option<String>,

    /// A recipient; may repeat, or be several with commas
    #[arg(short, long, value_name = "ADDRESS,…", help_heading = MESSAGE, required = true)]
    pub(crate) to: Vec<String>,

    /// Send the message in this file, header and body, or in standard input (-)
    #[arg(short, long, value_name = "FILE|-", help_heading = MESSAGE)]
    #[arg(conflicts_with_all = ["subject", "body", "attach"])]
    pub(crate) message: Option<PathBuf>,

    /// Build a message with this subject
    #[arg(long, value_name = "TEXT", help_heading = MESSAGE)]
    pub(crate) subject: Option<String>,

    /// Build a message with this text, or that of a file (@FILE), or of standard input (-)
    #[arg(long, value_name = "TEXT|@FILE|-", help_heading = MESSAGE)]
    pub(crate) body: Option<String>,

    /// Attach this file to the message that is built; may repeat
    #[arg(long, value_name = "FILE", help_heading = MESSAGE)]
    pub(crate) attach: Vec<PathBuf>,

    /// Print one JSON object, whatever happens
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) json: bool,

    /// Print nothing but errors
    #[arg(short, long, help_heading = OUTPUT, conflicts_with = "json")]
    pub(crate) quiet: bool,
}
