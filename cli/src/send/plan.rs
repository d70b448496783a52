//! From options to a client and an envelope. All that can be wrong here is told before anything is connected.

use core::time::Duration;

use ehlo::address::Host;
use ehlo::sasl::Mechanism;
use ehlo_std::client::{Client, Credentials, Envelope, Security};

use super::Options;
use crate::exit::{self, Failure};
use crate::kerberos::is_kerberos;
use crate::serve::AuthName;

/// What is to be done.
pub(super) struct Plan {
    pub(super) client: Client,
    pub(super) envelope: Envelope,
    pub(super) timeout: Option<Duration>,
}

impl Plan {
    pub(super) fn new(options: &Options) -> Result<Self, Failure> {
        let security = options.tls.as_deref().map(security).transpose()?;
        check_place(options, security)?;
        let envelope = envelope(options)?;
        let timeout = options.timeout.as_deref().map(seconds).transpose()?;
        let mut client = Client::new(&options.server);
        if let Some(security) = security {
            client = client.security(security);
        }
        if options.lmtp {
            client = client.lmtp();
        }
        if let Some(name) = &options.ehlo {
            Host::parse(name).map_err(|_| {
                wrong(format_args!("--ehlo {name}: not a domain or an address in brackets"))
            })?;
            client = client.name(name);
        }
        let trust = &options.trust;
        if trust.ca.is_some() || trust.has_certificate() {
            client = client.tls(trust.client_tls()?);
        }
        if trust.dangerous_accept_any_certificate {
            client = client.dangerous_accept_any_certificate();
        }
        if trust.dangerous_cleartext_auth {
            client = client.dangerous_cleartext_auth();
        }
        let mechanisms = mechanisms(&options.auth)?;
        if let Some(credentials) = credentials(options, mechanisms.as_deref())? {
            client = client.login(credentials);
        }
        if let Some(mechanisms) = mechanisms {
            client = client.mechanisms(mechanisms);
        }
        Ok(Self { client, envelope, timeout })
    }
}

fn wrong(text: impl core::fmt::Display) -> Failure {
    Failure::new(exit::USAGE, text)
}

fn security(how: &str) -> Result<Security, Failure> {
    match how.to_ascii_lowercase().as_str() {
        "starttls" => Ok(Security::StartTls),
        "implicit" => Ok(Security::Implicit),
        "none" => Ok(Security::Cleartext),
        _ => Err(wrong(format_args!("--tls {how}: write starttls, implicit or none"))),
    }
}

fn seconds(text: &str) -> Result<Duration, Failure> {
    match text.parse::<u64>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong(format_args!("--timeout {text}: not a number of seconds such as 60"))),
    }
}

/// A Unix socket speaks LMTP and no TLS, and what is for TLS needs it.
fn check_place(options: &Options, security: Option<Security>) -> Result<(), Failure> {
    let is_socket = options.server.starts_with("unix:");
    let trust = &options.trust;
    let for_tls =
        trust.ca.is_some() || trust.has_certificate() || trust.dangerous_accept_any_certificate;
    match security {
        Some(Security::StartTls | Security::Implicit) if is_socket => {
            Err(wrong("--tls: there is no TLS over a Unix socket"))
        }
        None if is_socket && !options.lmtp => {
            Err(wrong("--server unix:PATH is for mail stores of this machine: add --lmtp"))
        }
        Some(Security::Cleartext) if for_tls => {
            Err(wrong("--tls none: there is no certificate to look at then; leave it out"))
        }
        _ => Ok(()),
    }
}

fn envelope(options: &Options) -> Result<Envelope, Failure> {
    let is_address = |user: &&String| user.contains('@');
    let from = options.from.as_ref().or(options.login.user.as_ref().filter(is_address));
    let Some(from) = from else {
        return Err(wrong("who is it from? Give --from ADDRESS, or --from '<>' for nobody"));
    };
    let to = options.to.iter().flat_map(|list| list.split(',')).map(str::trim);
    let to = to.filter(|address| !address.is_empty());
    Envelope::new(from, to).map_err(|error| Failure::new(exit::DATA, error))
}

/// The mechanisms of `--auth`; an empty list for `none`.
fn mechanisms(names: &[String]) -> Result<Option<Vec<Mechanism>>, Failure> {
    if names.is_empty() {
        return Ok(None);
    }
    let known = names.iter().map(|name| {
        let parsed: Result<AuthName, _> = name.parse();
        parsed.map_err(|why| wrong(format_args!("--auth {name}: {why}")))
    });
    let known: Vec<AuthName> = known.collect::<Result<_, _>>()?;
    let mechanisms: Vec<Mechanism> = known.iter().filter_map(|name| name.0).collect();
    if !mechanisms.is_empty() && mechanisms.len() < known.len() {
        return Err(wrong("--auth: none stands alone"));
    }
    Ok(Some(mechanisms))
}

/// What to log in with; `None` for nothing. A certificate is for EXTERNAL when it is asked for, or when there is
/// nothing else.
fn credentials(
    options: &Options,
    mechanisms: Option<&[Mechanism]>,
) -> Result<Option<Credentials>, Failure> {
    let asked_for = |mechanism| mechanisms.is_some_and(|list| list.contains(&mechanism));
    let user = options.login.user.is_some();
    if mechanisms.is_some_and(<[Mechanism]>::is_empty) {
        return if user { Err(wrong("--auth none: --user is for nothing then")) } else { Ok(None) };
    }
    let certificate = options.trust.has_certificate() && (!user || asked_for(Mechanism::External));
    let kerberos = mechanisms.is_some_and(|list| list.iter().copied().any(is_kerberos));
    let tickets = kerberos || options.login.has_tickets();
    if !user && !certificate && !tickets && mechanisms.is_some() {
        if asked_for(Mechanism::Anonymous) {
            // There are servers that take no empty trace.
            let trace = options.from.as_deref().filter(|from| !from.is_empty());
            return Ok(Some(Credentials::anonymous(trace.unwrap_or("ehlo"))));
        }
        return Err(wrong(
            "--auth: there is nobody to log in; give --user, --client-cert or --ccache",
        ));
    }
    let secrets = options.login.read(false, certificate, kerberos)?;
    Ok(secrets.credentials(certificate))
}
