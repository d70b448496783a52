//! What the options come to: checked against each other, and everything opened that they name.

use core::time::Duration;
use std::path::PathBuf;

use ehlo::address::{ForwardPath, Host};
use ehlo::capability::Extensions;
use ehlo::limits::Limits;
use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::Config;
use ehlo_std::store::{AnyStore, Discard, Maildir};
use ehlo_std::throttle::ThrottleLimits;
use ehlo_std::tls::Tls;
use ehlo_std::users::{ITERATIONS, UsersFile};
use tracing::warn;

use super::Options;
use super::accounts::{self, Generated};
use super::auth::Accounts;
use super::faults::Faults;
use super::options::is_address;
use super::rules::Rules;
use super::state_folder;
use super::values::{BareNewline, Limit};
use crate::exit::Failure;
use crate::kerberos::Keys;

/// A server that can be started.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: Config<'static>,
    pub(crate) mechanisms: &'static [Mechanism],
    pub(crate) starttls: bool,
    pub(crate) tls: Option<Tls>,
    /// The self-signed certificate, when it is used: what a client has to trust.
    pub(crate) own_certificate: Option<PathBuf>,
    pub(crate) accounts: Accounts,
    pub(crate) generated: Option<Generated>,
    pub(crate) rules: Rules,
    pub(crate) faults: Faults,
    pub(crate) store: AnyStore,
    pub(crate) throttle: ThrottleLimits,
    /// The keys of the service.
    pub(crate) keys: Option<Keys>,
    /// Nobody may send without AUTH, and AUTH is there under TLS alone.
    pub(crate) auth_needs_tls: bool,
    pub(crate) options: Options,
}

impl Plan {
    /// Makes it of the options.
    pub(crate) fn new(options: Options) -> Result<Self, Failure> {
        let mut options = options.with_usual_addresses();
        contradictions(&options)?;
        let hostname = options.hostname.clone().unwrap_or_else(|| "localhost".to_owned());
        if Host::parse(&hostname).is_err() {
            let text = format!("--hostname {hostname:?}: not a domain nor an address literal");
            return Err(Failure::config(text));
        }
        if let Some(wrong) = options.local_domain.iter().find(|name| Host::parse(name).is_err()) {
            let text = format!("--local-domain {wrong:?}: not a domain nor an address literal");
            return Err(Failure::config(text));
        }
        let is_path = |address: &String| ForwardPath::parse(&format!("<{address}>")).is_ok();
        if let Some(wrong) = options.reject_recipient.iter().find(|address| !is_path(address)) {
            let text =
                format!("--reject-recipient {wrong:?}: write an address as in RCPT, user@domain");
            return Err(Failure::config(text));
        }
        // Once for the life of the program.
        let hostname: &'static str = Box::leak(hostname.into_boxed_str());
        let extensions = extensions(&options);
        let starttls = !options.listen.is_empty()
            && !options.no_starttls
            && !options.hide.iter().any(|hidden| hidden.0 == Extensions::STARTTLS);
        let (tls, own_certificate) = if starttls || !options.listen_tls.is_empty() {
            certificate(&options, hostname)?
        } else {
            (None, None)
        };
        let keys = match &options.keytab {
            Some(keytab) => Some(Keys::open(keytab, options.service_name.as_deref())?),
            None => None,
        };
        let salts = accounts::may_scram(&options).then(state_folder::salt_secret).flatten();
        let (accounts, mechanisms, generated) = accounts::open(&options, hostname, salts)?;
        let mechanisms: &'static [Mechanism] = mechanisms.leak();
        let config = Config::new(hostname)
            .auth(mechanisms)
            .extensions(extensions)
            .limits(limits(&options))
            .policy(policy(&options));
        let config = if options.lmtp { config.lmtp() } else { config };
        let config = match salts {
            Some(secret) => {
                let iterations = accounts.file.as_ref().and_then(UsersFile::scram_iterations);
                // Once for the life of the program.
                config.scram_decoys(Box::leak(Box::new(secret)), iterations.unwrap_or(ITERATIONS))
            }
            None => config,
        };
        let rules = Rules {
            local_domains: core::mem::take(&mut options.local_domain),
            open: false,
            rejected: core::mem::take(&mut options.reject_recipient),
            sender_must_match: options.sender_must_match,
            hostname,
        };
        let unauthenticated = options.auth_optional || mechanisms.is_empty();
        let open = options.accept_any && unauthenticated && rules.local_domains.is_empty();
        let rules = Rules { open, ..rules };
        if unauthenticated && !open && rules.local_domains.is_empty() {
            warn!(
                "who has not authenticated may write to nobody but postmaster: name domains with \
                 --local-domain, or take everything with --accept-any"
            );
        }
        let auth_needs_tls = !unauthenticated && !options.allow_insecure_auth;
        if auth_needs_tls && !starttls {
            for address in &options.listen {
                warn!(
                    "nobody can authenticate on {address}: there is no STARTTLS, and AUTH without \
                     TLS takes --allow-insecure-auth"
                );
            }
        }
        let faults = Faults {
            fails: core::mem::take(&mut options.fail),
            delays: core::mem::take(&mut options.delay),
        };
        let store = store(&options, hostname)?;
        let throttle = throttle(&options);
        Ok(Self {
            config,
            mechanisms,
            starttls,
            tls,
            own_certificate,
            accounts,
            generated,
            rules,
            faults,
            store,
            throttle,
            keys,
            auth_needs_tls,
            options,
        })
    }
}

/// Refuses options that can't both be meant.
fn contradictions(options: &Options) -> Result<(), Failure> {
    let o = options;
    let no_starttls = o.no_starttls || o.hide.iter().any(|hidden| hidden.0 == Extensions::STARTTLS);
    let text = if o.maildir.is_some() && o.discard {
        "--maildir and --discard: choose one of them"
    } else if o.cert.is_some() != o.key.is_some() {
        "--cert and --key belong together: give both, or neither for a self-signed certificate"
    } else if !o.client_certificate.is_empty() && o.client_ca.is_none() {
        "--client-certificate says nothing without --client-ca FILE, whose authorities vouch for certificates"
    } else if o.require_tls && no_starttls && !o.listen.is_empty() {
        "--require-tls without STARTTLS leaves a client of --listen nothing to do: give --listen-tls alone"
    } else if o.require_tls && o.allow_insecure_auth {
        "--require-tls and --allow-insecure-auth: choose one of them"
    } else if o.accept_any && (o.users.is_some() || !o.user.is_empty() || !o.token.is_empty()) {
        "--accept-any takes any name and password: leave out --user, --token and --users"
    } else if o.service_name.is_some() && o.keytab.is_none() {
        "--service-name says which key of --keytab FILE: give both"
    } else if o.accept_any && o.has_token_issuer() {
        "--accept-any takes any token: leave out --token-jwks and --token-introspection"
    } else if o.hide.iter().any(|hidden| o.offer.contains(hidden)) {
        "the same extension in --offer and --hide: choose one of them"
    } else {
        let addresses = o.listen.iter().chain(&o.listen_tls);
        return match addresses.into_iter().find(|address| !is_address(address)) {
            Some(wrong) => Err(Failure::config(format_args!(
                "cannot listen on {wrong:?}: write HOST:PORT, such as 127.0.0.1:2525 or [::]:587"
            ))),
            None => Ok(()),
        };
    };
    Err(Failure::config(text))
}

fn extensions(options: &Options) -> Extensions {
    let offered =
        options.offer.iter().fold(Extensions::DEFAULT, |all, offered| all.with(offered.0));
    let all = options.hide.iter().fold(offered, |all, hidden| all.without(hidden.0));
    // STARTTLS is the adapter's to offer, when there is a certificate.
    all.without(Extensions::STARTTLS)
}

fn limits(options: &Options) -> Limits {
    let mut limits = Limits::new();
    if let Some(size) = options.max_size {
        limits.message = size.or(u64::MAX, 0);
    }
    if let Some(recipients) = options.max_recipients {
        limits.recipients = recipients.or(u16::MAX, u16::MAX);
    }
    if let Some(messages) = options.max_messages {
        limits.transactions = messages.or(u16::MAX, 0);
    }
    if let Some(failures) = options.max_auth_failures {
        limits.auth_failures = failures.or(u8::MAX, 0);
    }
    if let Some(commands) = options.max_unauthenticated_commands {
        limits.unauthenticated_commands = commands.or(u16::MAX, 0);
    }
    if let Some(seconds) = options.idle_timeout {
        // A year is as good as never, and no sum of times overflows.
        const YEAR: u64 = 365 * 24 * 60 * 60;
        let time = Duration::from_secs(seconds.or(YEAR, YEAR).min(YEAR));
        (limits.command_timeout, limits.data_timeout) = (time, time);
        limits.write_timeout = time;
        limits.connection_timeout = limits.connection_timeout.max(time);
    }
    limits
}

fn policy(options: &Options) -> Policy {
    let mut policy = Policy::new();
    if let Some(BareNewline(how)) = options.bare_newline {
        policy.bare_newline = how;
    }
    policy.auth_optional = options.auth_optional;
    policy.cleartext_auth = options.allow_insecure_auth;
    policy.tls_required = options.require_tls;
    policy.strict_hello = options.strict_hello;
    policy
}

fn throttle(options: &Options) -> ThrottleLimits {
    let mut throttle = ThrottleLimits::default();
    match options.max_auth_failures_per_ip {
        // Attempts that come back at once are never spent.
        Some(limit) if limit == Limit::OFF => throttle.refill = Duration::ZERO,
        Some(limit) => throttle.burst = limit.or(u32::MAX, u32::MAX),
        None => {}
    }
    throttle
}

fn store(options: &Options, hostname: &str) -> Result<AnyStore, Failure> {
    if options.discard {
        return Ok(AnyStore::Discard(Discard::new()));
    }
    let folder = options.maildir.clone().unwrap_or_else(|| PathBuf::from("mail"));
    Maildir::open(folder, hostname).map(AnyStore::Maildir).map_err(|error| {
        Failure::config(format_args!("{error}; choose another folder with --maildir, or --discard"))
    })
}

/// The certificate that is given, or one of our own.
fn certificate(
    options: &Options,
    hostname: &str,
) -> Result<(Option<Tls>, Option<PathBuf>), Failure> {
    let (tls, own) = match (&options.cert, &options.key) {
        (Some(certificate), Some(key)) => {
            (Tls::from_pem_files(certificate, key).map_err(Failure::config)?, None)
        }
        _ => {
            let (tls, files) = state_folder::self_signed(hostname)?;
            (tls, Some(files.certificate))
        }
    };
    let tls = match &options.client_ca {
        Some(authorities) => tls.client_ca_file(authorities).map_err(Failure::config)?,
        None => tls,
    };
    Ok((Some(tls), own))
}
