//! Who says whose a bearer token is: what the options about it come to.

use core::time::Duration;

use ehlo_std::tls::ClientTls;
use ehlo_std::tokens::{FirstOf, Introspection, Jwks, Jwt};
use ehlo_std::users::{MemoryUsers, Secret};
use tracing::warn;

use super::Options;
use super::values::Limit;
use crate::credentials::{of_file, of_variable};
use crate::exit::Failure;

/// How far the issuer's clock may be off.
const LEEWAY: u64 = 60;
/// How long it may take to answer.
const TIMEOUT: u64 = 5;
/// How long its answer is kept, and how many are.
const CACHE: u64 = 60;
const ANSWERS: usize = 4096;

/// The longest time that can be said, in seconds.
const DAY: u64 = 24 * 60 * 60;

impl Options {
    /// Whether somebody is asked about tokens who isn't in a list.
    pub(crate) fn has_token_issuer(&self) -> bool {
        self.token_jwks.is_some() || self.token_introspection.is_some()
    }

    /// How far the clock of the tokens' issuer may be off.
    pub(crate) fn token_leeway(&self) -> Duration {
        Duration::from_secs(self.token_leeway.map_or(LEEWAY, |limit| limit.or(DAY, 0).min(DAY)))
    }
}

/// Who is asked about tokens, one after the other: the list, the keys, the issuer.
pub(crate) fn open(options: &Options, listed: &MemoryUsers) -> Result<FirstOf, Failure> {
    contradictions(options)?;
    let mut verifiers = FirstOf::new();
    if !options.token.is_empty() {
        verifiers = verifiers.or(listed.clone());
    }
    if !options.has_token_issuer() {
        return Ok(verifiers);
    }
    let tls = options.token_ca.as_ref().map(ClientTls::roots_file).transpose();
    let tls = tls.map_err(|error| Failure::config(format_args!("--token-ca: {error}")))?;
    if let Some(place) = &options.token_jwks {
        verifiers = verifiers.or(jwt(options, place, tls.clone())?);
    }
    if let Some(url) = &options.token_introspection {
        verifiers = verifiers.or(introspection(options, url, tls)?);
    }
    Ok(verifiers)
}

fn jwt(options: &Options, place: &str, tls: Option<ClientTls>) -> Result<Jwt, Failure> {
    let wrong = |error| Failure::config(format_args!("--token-jwks: {error}"));
    let keys = Jwks::open(place).map_err(wrong)?.timeout(timeout(options));
    let keys = match tls {
        Some(tls) => keys.tls(tls),
        None => keys,
    };
    let (Some(issuer), Some((first, more))) =
        (&options.token_issuer, options.token_audience.split_first())
    else {
        return Err(Failure::config(
            "--token-jwks takes --token-issuer and --token-audience too: without them a token for any other \
             service would log in here",
        ));
    };
    let mut jwt = Jwt::new(keys, issuer, first).leeway(options.token_leeway());
    jwt = more.iter().fold(jwt, Jwt::audience);
    jwt = options.token_scope.iter().fold(jwt, Jwt::scope);
    if let Some(claim) = &options.token_claim {
        jwt = jwt.claim(claim);
    }
    if !options.token_algorithm.is_empty() {
        jwt = jwt.algorithms(options.token_algorithm.clone());
    }
    Ok(jwt)
}

fn introspection(
    options: &Options,
    url: &str,
    tls: Option<ClientTls>,
) -> Result<Introspection, Failure> {
    let wrong = |error| Failure::config(format_args!("--token-introspection: {error}"));
    let asking = Introspection::new(url).map_err(wrong)?;
    let age = options.token_cache.map_or(CACHE, |limit| limit.or(DAY, 0).min(DAY));
    let mut asking = asking
        .timeout(timeout(options))
        .leeway(options.token_leeway())
        .cache(ANSWERS, Duration::from_secs(age));
    if let Some(tls) = tls {
        asking = asking.tls(tls);
    }
    match (&options.token_client, secret(options)?) {
        (Some(client), Some(secret)) => asking = asking.client(client, secret.expose()),
        (None, Some(secret)) => asking = asking.bearer(secret.expose()),
        (Some(_), None) => {
            return Err(Failure::config(
                "--token-client has a secret: give --token-secret-file FILE or --token-secret-env VAR",
            ));
        }
        (None, None) => {}
    }
    if let Some(issuer) = &options.token_issuer {
        asking = asking.issuer(issuer);
    }
    asking = options.token_audience.iter().fold(asking, Introspection::audience);
    asking = options.token_scope.iter().fold(asking, Introspection::scope);
    if let Some(claim) = &options.token_claim {
        asking = asking.claim(claim);
    }
    if options.token_audience.is_empty() && options.token_scope.is_empty() {
        warn!(
            "any token that --token-introspection calls active logs in here, also one for another service: \
             name what it has to be for with --token-audience or --token-scope"
        );
    }
    Ok(asking)
}

fn secret(options: &Options) -> Result<Option<Secret>, Failure> {
    let read = match (&options.token_secret_file, &options.token_secret_env) {
        (Some(path), _) => of_file("--token-secret-file", path),
        (None, Some(variable)) => of_variable("--token-secret-env", variable),
        (None, None) => return Ok(None),
    };
    // A file that is named and can't be used is the configuration's fault.
    let secret = read.map_err(|failure| Failure::config(failure.into_text()))?;
    if secret.expose().is_empty() {
        return Err(Failure::config("the secret for --token-introspection is empty"));
    }
    Ok(Some(secret))
}

fn timeout(options: &Options) -> Duration {
    Duration::from_secs(
        options.token_timeout.map_or(TIMEOUT, |limit: Limit| limit.or(DAY, DAY).min(DAY)),
    )
}

/// Refuses options that say something about nothing.
fn contradictions(options: &Options) -> Result<(), Failure> {
    let o = options;
    let for_both = [
        ("--token-issuer", o.token_issuer.is_some()),
        ("--token-audience", !o.token_audience.is_empty()),
        ("--token-scope", !o.token_scope.is_empty()),
        ("--token-claim", o.token_claim.is_some()),
        ("--token-ca", o.token_ca.is_some()),
        ("--token-leeway", o.token_leeway.is_some()),
        ("--token-timeout", o.token_timeout.is_some()),
    ];
    let for_introspection = [
        ("--token-client", o.token_client.is_some()),
        ("--token-secret-file", o.token_secret_file.is_some()),
        ("--token-secret-env", o.token_secret_env.is_some()),
        ("--token-cache", o.token_cache.is_some()),
    ];
    let given = |list: &[(&'static str, bool)]| {
        list.iter().find(|(_, given)| *given).map(|(name, _)| *name)
    };
    let faults = [
        (
            given(&for_both),
            o.has_token_issuer(),
            "--token-jwks FILE|URL or --token-introspection URL",
        ),
        (given(&for_introspection), o.token_introspection.is_some(), "--token-introspection URL"),
        (
            (!o.token_algorithm.is_empty()).then_some("--token-algorithm"),
            o.token_jwks.is_some(),
            "--token-jwks FILE|URL",
        ),
    ];
    for (name, has, lacking) in faults {
        if let (Some(name), false) = (name, has) {
            return Err(Failure::config(format_args!("{name} says nothing without {lacking}")));
        }
    }
    if o.token_secret_file.is_some() && o.token_secret_env.is_some() {
        return Err(Failure::config(
            "--token-secret-file and --token-secret-env: choose one of them",
        ));
    }
    Ok(())
}
