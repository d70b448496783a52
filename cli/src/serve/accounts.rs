//! The users and mechanisms the options come to.

use ehlo::sasl::Mechanism;
use ehlo_std::users::{MemoryUsers, Secret, UsersFile};
use tracing::warn;

use super::Options;
use super::auth::Accounts;
use super::values::pair;
use crate::exit::Failure;

/// A user made up for the first minute.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) name: &'static str,
    pub(crate) password: Secret,
}

/// Opens what the options name, and chooses the mechanisms.
pub(crate) fn open(
    options: &Options,
) -> Result<(Accounts, Vec<Mechanism>, Option<Generated>), Failure> {
    let mut memory = MemoryUsers::new();
    for given in &options.user {
        let added = pair(given).is_some_and(|(name, password)| memory.add_password(name, password));
        if !added {
            let text = "--user takes NAME:PASSWORD, both without control characters (the value is \
                        not shown here)";
            return Err(Failure::config(text));
        }
    }
    for given in &options.token {
        if !pair(given).is_some_and(|(name, token)| memory.add_token(name, token)) {
            let text = "--token takes NAME:TOKEN (the value is not shown here)";
            return Err(Failure::config(text));
        }
    }
    let file = match &options.users {
        Some(path) => Some(UsersFile::open(path).map_err(|error| {
            Failure::config(format_args!("{error}; `ehlo user add --users FILE NAME` makes one"))
        })?),
        None => None,
    };
    let nobody = memory.is_empty() && file.is_none() && !options.accept_any;
    // Client certificates are somebody: then no user is made up, whom EXTERNAL would ask for.
    let wants_passwords = (options.auth.is_empty() && options.client_ca.is_none())
        || options.auth.iter().any(|auth| auth.0.is_some_and(takes_password));
    let generated = match nobody && wants_passwords {
        true => Some(generate(&mut memory)?),
        false => None,
    };
    let accounts = Accounts { memory, file, anybody: options.accept_any };
    let mechanisms = mechanisms(options, generated.is_some())?;
    if mechanisms.contains(&Mechanism::CramMd5) {
        check_cram_md5(&accounts)?;
    }
    Ok((accounts, mechanisms, generated))
}

fn generate(memory: &mut MemoryUsers) -> Result<Generated, Failure> {
    // No two that look alike, and nothing a shell would touch.
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut octets = [0; 20];
    getrandom::fill(&mut octets)
        .map_err(|error| Failure::config(format_args!("no randomness for a password: {error}")))?;
    let sign = |octet: &u8| SIGNS.get(usize::from(octet % 32)).copied().map_or('x', char::from);
    let password: String = octets.iter().map(sign).collect();
    let _added = memory.add_password("ehlo", &password);
    Ok(Generated { name: "ehlo", password: Secret::new(password) })
}

/// CRAM-MD5 computes with the password itself: a hash is of no use to it.
fn check_cram_md5(accounts: &Accounts) -> Result<(), Failure> {
    let Some(file) = &accounts.file else { return Ok(()) };
    let (all, plain) = file.count();
    let hashed = all - plain;
    if hashed == 0 {
        return Ok(());
    }
    let path = file.path().display();
    if plain == 0 && accounts.memory.is_empty() {
        return Err(Failure::config(format_args!(
            "--auth CRAM-MD5 computes with the password itself, and every password in {path} is \
             hashed: leave CRAM-MD5 out, or set passwords with `ehlo user passwd --plain`"
        )));
    }
    warn!(
        "CRAM-MD5 will fail for {hashed} of {all} users in {path}: it computes with the password \
         itself, and theirs is hashed"
    );
    Ok(())
}

const fn takes_password(mechanism: Mechanism) -> bool {
    matches!(mechanism, Mechanism::Plain | Mechanism::Login | Mechanism::CramMd5)
}

const fn takes_token(mechanism: Mechanism) -> bool {
    matches!(mechanism, Mechanism::Xoauth2 | Mechanism::OauthBearer)
}

/// The mechanisms asked for, each of which somebody has to be able to use; or what there is
/// somebody for.
fn mechanisms(options: &Options, generated: bool) -> Result<Vec<Mechanism>, Failure> {
    let passwords =
        generated || options.accept_any || !options.user.is_empty() || options.users.is_some();
    let tokens = options.accept_any || !options.token.is_empty();
    if options.auth.is_empty() {
        let mut usual = Vec::new();
        if passwords {
            usual.extend([Mechanism::Plain, Mechanism::Login]);
        }
        if !options.token.is_empty() {
            usual.extend([Mechanism::OauthBearer, Mechanism::Xoauth2]);
        }
        if options.client_ca.is_some() {
            usual.push(Mechanism::External);
        }
        return Ok(usual);
    }
    if options.auth.iter().any(|auth| auth.0.is_none()) {
        if options.auth.len() > 1 {
            return Err(Failure::config("--auth none stands alone"));
        }
        return Ok(Vec::new());
    }
    let mut chosen = Vec::new();
    for mechanism in options.auth.iter().filter_map(|auth| auth.0) {
        let lacking = match mechanism {
            Mechanism::External if options.client_ca.is_none() => "--client-ca FILE",
            m if takes_token(m) && !tokens => "--token NAME:TOKEN",
            m if takes_password(m) && !passwords => "--user NAME:PASSWORD or --users FILE",
            _ => "",
        };
        if !lacking.is_empty() {
            let name = mechanism.name();
            let text = format!("--auth {name}: nobody could use it without {lacking}");
            return Err(Failure::config(text));
        }
        if !chosen.contains(&mechanism) {
            chosen.push(mechanism);
        }
    }
    Ok(chosen)
}
