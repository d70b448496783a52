//! `ehlo user`: the file of users that `ehlo serve --users` reads.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ehlo::sasl::ScramHash;
use ehlo_std::users::{Scheme, Secret, Storage, UsersError, add_user, list_users, set_password};

use crate::exit::{self, Failure};

const PASSWORDS: &str = "\
The password is asked for twice on a terminal, without showing it; else it is the first line of
standard input. It is never an argument, because other users of the machine could see it there.

Examples:
  ehlo user add --users users.toml tim@example.org
  printf %s \"$SECRET\" | ehlo user passwd --users users.toml tim@example.org
  ehlo user passwd --users users.toml --digest-md5 mail.example.org --ntlm tim@example.org
      For old clients of `ehlo serve --hostname mail.example.org --auth DIGEST-MD5,NTLM,PLAIN`: what
      is stored for these two lets in whoever gets the file, as the password itself would";

/// What is to be done with the file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a user; the file is made when it isn't there
    #[command(after_help = PASSWORDS)]
    Add(User),
    /// Give a user another password, and make anew what else the user has that is made of it
    #[command(after_help = PASSWORDS)]
    Passwd(User),
    /// List the names of all users
    List {
        /// The file of users, TOML
        #[arg(long, value_name = "FILE")]
        users: PathBuf,
    },
}

/// A user, and where the password comes from.
#[derive(Debug, Args)]
pub(crate) struct User {
    /// The file of users, TOML
    #[arg(long, value_name = "FILE")]
    users: PathBuf,
    /// Take the password from this environment variable
    #[arg(long, value_name = "VAR")]
    password_env: Option<String>,
    /// Store the password as it is and not hashed by argon2id: for CRAM-MD5, which computes with it.
    /// It serves every mechanism
    #[arg(long)]
    plain: bool,
    /// Store keys for SCRAM-SHA-1 too, beside those for SCRAM-SHA-256 and SCRAM-SHA-512
    #[arg(long, conflicts_with = "plain")]
    scram_sha_1: bool,
    /// Iterations of the keys for SCRAM: more protect the password from whoever gets the file, and
    /// take each client longer [default: 15000]
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["plain", "no_scram"])]
    #[arg(value_parser = clap::value_parser!(u32).range(4096..=10_000_000))]
    scram_iterations: Option<u32>,
    /// Store no keys for SCRAM: they are guessed against faster than argon2id, by whoever gets the
    /// file
    #[arg(long, conflicts_with_all = ["plain", "scram_sha_1"])]
    no_scram: bool,
    /// Store a key for DIGEST-MD5 in this realm, which is the server's --hostname; may repeat. It is
    /// as good as the password to whoever gets the file
    #[arg(long, value_name = "REALM", conflicts_with = "plain")]
    digest_md5: Vec<String>,
    /// Store no keys for DIGEST-MD5, though the user had some
    #[arg(long, conflicts_with_all = ["plain", "digest_md5"])]
    no_digest_md5: bool,
    /// Store an NT hash for NTLM. It is as good as the password to whoever gets the file
    #[arg(long, conflicts_with = "plain")]
    ntlm: bool,
    /// Store no NT hash, though the user had one
    #[arg(long, conflicts_with_all = ["plain", "ntlm"])]
    no_ntlm: bool,
    /// The name to log in with, such as tim@example.org
    name: String,
}

/// Does it.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    let say = |line: &str| {
        // Nobody may be listening.
        let _ = writeln!(io::stdout(), "{line}");
    };
    match command {
        Command::Add(user) => {
            // Before somebody types a password for nothing.
            if user.users.exists() {
                let known = list_users(&user.users).map_err(failure)?;
                if known.contains(&user.name) {
                    return Err(failure(UsersError::Exists { name: user.name.clone() }));
                }
            }
            let password = user.password()?;
            add_user(&user.users, &user.name, password.expose(), user.storage())
                .map_err(failure)?;
            say(&format!("added {} to {}", user.name, user.users.display()));
        }
        Command::Passwd(user) => {
            let known = list_users(&user.users).map_err(failure)?;
            if !known.contains(&user.name) {
                return Err(failure(UsersError::Unknown { name: user.name.clone() }));
            }
            let password = user.password()?;
            set_password(&user.users, &user.name, password.expose(), user.storage())
                .map_err(failure)?;
            say(&format!("changed the password of {} in {}", user.name, user.users.display()));
        }
        Command::List { users } => {
            for name in list_users(users).map_err(failure)? {
                say(&name);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl User {
    fn storage(&self) -> Storage {
        let storage = Storage::from(if self.plain { Scheme::Plain } else { Scheme::Argon2id });
        let storage = match self.scram_iterations {
            Some(iterations) => storage.iterations(iterations),
            None => storage,
        };
        let storage = match (self.digest_md5.as_slice(), self.no_digest_md5) {
            ([], false) => storage,
            (realms, _) => storage.digest_md5(realms),
        };
        let storage = match (self.ntlm, self.no_ntlm) {
            (false, false) => storage,
            (wanted, _) => storage.nt_hash(wanted),
        };
        if self.no_scram {
            storage.scram([])
        } else if self.scram_sha_1 {
            storage.scram([ScramHash::Sha256, ScramHash::Sha512, ScramHash::Sha1])
        } else {
            storage
        }
    }

    fn password(&self) -> Result<Secret, Failure> {
        if let Some(variable) = &self.password_env {
            return std::env::var(variable).map(Secret::new).map_err(|_| {
                let text = format!("--password-env: {variable} is not set, or not UTF-8");
                Failure::new(exit::USAGE, text)
            });
        }
        let unread = |error| Failure::new(exit::DATA, format!("cannot read the password: {error}"));
        if io::stdin().is_terminal() {
            let ask = |prompt| rpassword::prompt_password(prompt).map(Secret::new).map_err(unread);
            let password = ask(format!("Password for {}: ", self.name))?;
            if ask("The same again: ".to_owned())? != password {
                return Err(Failure::new(
                    exit::DATA,
                    "the two passwords differ; nothing is changed",
                ));
            }
            return Ok(password);
        }
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map_err(unread)?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok(Secret::new(line))
    }
}

fn failure(error: UsersError) -> Failure {
    let code = match error {
        UsersError::Exists { .. } => exit::CANNOT_CREATE,
        UsersError::Unknown { .. } => exit::NO_USER,
        UsersError::BadName | UsersError::BadPassword | UsersError::BadRealm => exit::DATA,
        _ => exit::CONFIG,
    };
    Failure::new(code, error)
}
