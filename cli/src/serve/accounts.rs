//! The users and mechanisms the options come to.

use ehlo::sasl::{Mechanism, ScramHash};
use ehlo_std::users::{MemoryUsers, Secret, UsersFile};
use tracing::{info, warn};

use super::Options;
use super::auth::Accounts;
use super::tokens;
use super::values::pair;
use crate::exit::Failure;
use crate::kerberos::is_kerberos;

/// A user made up for the first minute.
#[derive(Debug)]
pub(crate) struct Generated {
    pub(crate) name: &'static str,
    pub(crate) password: Secret,
}

/// Opens what the options name, and chooses the mechanisms.
pub(crate) fn open(
    options: &Options,
    hostname: &str,
    salts: Option<[u8; 32]>,
) -> Result<(Accounts, Vec<Mechanism>, Option<Generated>), Failure> {
    let mut memory = salts.map_or_else(MemoryUsers::new, MemoryUsers::salted);
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
        Some(path) => {
            let opened = match salts {
                Some(secret) => UsersFile::open_salted(path, secret),
                None => UsersFile::open(path),
            };
            let text = "`ehlo user add --users FILE NAME` makes one";
            Some(opened.map_err(|error| Failure::config(format_args!("{error}; {text}")))?)
        }
        None => None,
    };
    let nobody =
        memory.is_empty() && file.is_none() && !options.accept_any && !options.has_token_issuer();
    // Client certificates and the members of a realm are somebody: then no user is made up, whom EXTERNAL would ask for.
    let others = options.client_ca.is_some() || options.keytab.is_some();
    let wants_passwords = (options.auth.is_empty() && !others)
        || options.auth.iter().any(|auth| auth.0.is_some_and(takes_password));
    let generated = match nobody && wants_passwords {
        true => Some(generate(&mut memory)?),
        false => None,
    };
    let (tokens, leeway) = (tokens::open(options, &memory)?, options.token_leeway());
    let (anybody, certificate_rules) = (options.accept_any, !options.client_certificate.is_empty());
    let accounts = Accounts { memory, file, tokens, leeway, certificate_rules, anybody };
    let mechanisms = mechanisms(options, &accounts, generated.is_some())?;
    if mechanisms.contains(&Mechanism::CramMd5) {
        check_cram_md5(&accounts)?;
    }
    if !options.auth.is_empty() {
        mechanisms.iter().try_for_each(|mechanism| check_scram(*mechanism, &accounts))?;
        mechanisms
            .iter()
            .try_for_each(|mechanism| check_historic(*mechanism, &accounts, hostname))?;
    }
    Ok((accounts, mechanisms, generated))
}

/// Whether SCRAM may be offered.
pub(crate) fn may_scram(options: &Options) -> bool {
    match options.auth.as_slice() {
        [] => !options.accept_any,
        asked => asked.iter().any(|auth| auth.0.and_then(scram).is_some()),
    }
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

/// SCRAM takes keys of its own: a hash of another kind is of no use to it.
fn check_scram(mechanism: Mechanism, accounts: &Accounts) -> Result<(), Failure> {
    let (Some(hash), Some(file)) = (scram(mechanism), &accounts.file) else { return Ok(()) };
    // What is said of the plain mechanism holds for the other one.
    if mechanism.has_channel_binding() {
        return Ok(());
    }
    let ((all, _), able) = (file.count(), file.count_scram(hash));
    if able == all {
        return Ok(());
    }
    let (name, path) = (mechanism.name(), file.path().display());
    if able == 0 && accounts.memory.is_empty() {
        return Err(Failure::config(format_args!(
            "--auth {name} takes keys of its own, and no user in {path} has any: leave {name} out, \
             or set passwords anew with `ehlo user passwd{}`",
            if hash == ScramHash::Sha1 { " --scram-sha-1" } else { "" }
        )));
    }
    warn!(
        "{name} will fail for {} of {all} users in {path}: it takes keys of its own, and they have \
         none; `ehlo user passwd` makes them",
        all - able
    );
    Ok(())
}

/// DIGEST-MD5 and NTLM take what a user has only when it was asked for.
fn check_historic(
    mechanism: Mechanism,
    accounts: &Accounts,
    hostname: &str,
) -> Result<(), Failure> {
    let Some(file) = &accounts.file else { return Ok(()) };
    let (able, what, option) = match mechanism {
        Mechanism::DigestMd5 => (
            file.count_digest_md5(hostname),
            format!("a key for the realm {hostname}"),
            format!("--digest-md5 {hostname}"),
        ),
        Mechanism::Ntlm => (file.count_nt_hash(), "an NT hash".to_owned(), "--ntlm".to_owned()),
        _ => return Ok(()),
    };
    let (all, _) = file.count();
    if able == all {
        return Ok(());
    }
    let (name, path) = (mechanism.name(), file.path().display());
    if able == 0 && accounts.memory.is_empty() {
        return Err(Failure::config(format_args!(
            "--auth {name} takes {what}, and no user in {path} has one: leave {name} out, or set \
             passwords anew with `ehlo user passwd {option}`"
        )));
    }
    warn!(
        "{name} will fail for {} of {all} users in {path}: it takes {what}, and they have none; \
         `ehlo user passwd {option}` makes one",
        all - able
    );
    Ok(())
}

/// The hash function of a SCRAM mechanism.
const fn scram(mechanism: Mechanism) -> Option<ScramHash> {
    match mechanism {
        Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => Some(ScramHash::Sha1),
        Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => Some(ScramHash::Sha256),
        Mechanism::ScramSha512 | Mechanism::ScramSha512Plus => Some(ScramHash::Sha512),
        _ => None,
    }
}

/// The same mechanism, tied to the TLS connection; it is offered where there is one.
const fn with_channel_binding(mechanism: Mechanism) -> Option<Mechanism> {
    match mechanism {
        Mechanism::ScramSha1 => Some(Mechanism::ScramSha1Plus),
        Mechanism::ScramSha256 => Some(Mechanism::ScramSha256Plus),
        Mechanism::ScramSha512 => Some(Mechanism::ScramSha512Plus),
        _ => None,
    }
}

/// Whether SCRAM is offered without being asked for: where everybody can use it. A client that
/// takes it for the best there is doesn't try another one when it fails.
fn scram_for_all(accounts: &Accounts) -> bool {
    let Some(file) = &accounts.file else { return !accounts.anybody };
    let ((all, _), able) = (file.count(), file.count_scram(ScramHash::Sha256));
    if able < all {
        info!(
            "SCRAM is not offered: {} of {all} users in {} have no keys for it; `ehlo user passwd` \
             makes them, and --auth SCRAM-SHA-256,PLAIN,LOGIN offers it all the same",
            all - able,
            file.path().display()
        );
    }
    able == all
}

const fn takes_password(mechanism: Mechanism) -> bool {
    matches!(mechanism, Mechanism::Plain | Mechanism::Login | Mechanism::CramMd5)
        || proves_password(mechanism)
}

/// Whether the client proves that it has a certain password, without showing one.
const fn proves_password(mechanism: Mechanism) -> bool {
    scram(mechanism).is_some() || matches!(mechanism, Mechanism::DigestMd5 | Mechanism::Ntlm)
}

const fn takes_token(mechanism: Mechanism) -> bool {
    matches!(mechanism, Mechanism::Xoauth2 | Mechanism::OauthBearer)
}

/// The mechanisms asked for, each of which somebody has to be able to use; or what there is
/// somebody for.
fn mechanisms(
    options: &Options,
    accounts: &Accounts,
    generated: bool,
) -> Result<Vec<Mechanism>, Failure> {
    let own_passwords = generated || !options.user.is_empty() || options.users.is_some();
    let passwords = own_passwords || options.accept_any;
    let own_tokens = !options.token.is_empty() || options.has_token_issuer();
    let tokens = options.accept_any || own_tokens;
    if options.auth.is_empty() {
        let mut usual = Vec::new();
        if own_passwords && scram_for_all(accounts) {
            usual.extend([Mechanism::ScramSha256Plus, Mechanism::ScramSha256]);
        }
        if passwords {
            usual.extend([Mechanism::Plain, Mechanism::Login]);
        }
        if own_tokens {
            usual.extend([Mechanism::OauthBearer, Mechanism::Xoauth2]);
        }
        if options.client_ca.is_some() {
            usual.push(Mechanism::External);
        }
        if options.keytab.is_some() {
            usual.extend(Mechanism::from_name("GSSAPI"));
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
    let asked: Vec<Mechanism> = options.auth.iter().filter_map(|auth| auth.0).collect();
    for &mechanism in &asked {
        let lacking = match mechanism {
            Mechanism::External if options.client_ca.is_none() => "--client-ca FILE",
            m if is_kerberos(m) && options.keytab.is_none() => "--keytab FILE",
            m if takes_token(m) && !tokens => {
                "--token NAME:TOKEN, --token-jwks FILE|URL or --token-introspection URL"
            }
            // Any password is right for --accept-any, and these prove a certain one.
            m if proves_password(m) && !own_passwords => "--user NAME:PASSWORD or --users FILE",
            m if takes_password(m) && !passwords => "--user NAME:PASSWORD or --users FILE",
            _ => "",
        };
        if !lacking.is_empty() {
            let name = mechanism.name();
            let text = format!("--auth {name}: nobody could use it without {lacking}");
            return Err(Failure::config(text));
        }
        let bound = with_channel_binding(mechanism).filter(|bound| !asked.contains(bound));
        for mechanism in bound.into_iter().chain([mechanism]) {
            if !chosen.contains(&mechanism) {
                chosen.push(mechanism);
            }
        }
    }
    Ok(chosen)
}
