//! Where the self-signed certificate is kept, and what else has to stay over a restart.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use ehlo_std::tls::{SelfSigned, Tls, TlsError};
use ehlo_std::users::kept_secret;
use tracing::warn;

use crate::exit::Failure;

/// The certificate that is kept, or a new one: in the folder for the state of programs, or where that
/// can't be used, here.
pub(crate) fn self_signed(hostname: &str) -> Result<(Tls, SelfSigned), Failure> {
    // A literal such as [192.0.2.1] goes into a certificate as an address.
    let literal = hostname.trim_start_matches('[').trim_end_matches(']');
    let name = literal.strip_prefix("IPv6:").unwrap_or(literal);
    let here = here();
    let result = match usual() {
        Some(folder) => match Tls::self_signed(folder, &[name]) {
            Err(TlsError::Write { .. } | TlsError::Read { .. }) => Tls::self_signed(here, &[name]),
            result => result,
        },
        None => Tls::self_signed(here, &[name]),
    };
    result.map_err(Failure::config)
}

/// What the salts of users that don't exist are made of: kept beside the certificate, or nowhere if
/// that can't be.
pub(crate) fn salt_secret() -> Option<[u8; 32]> {
    let kept = |folder: &Path| kept_secret(&folder.join("salt-secret"));
    let result = match usual() {
        Some(folder) => kept(&folder).or_else(|_: io::Error| kept(&here())),
        None => kept(&here()),
    };
    match result {
        Ok(secret) => Some(secret),
        Err(error) => {
            warn!(
                %error,
                "no secret can be kept for SCRAM: who asks before and after a restart can tell \
                 which users there are"
            );
            None
        }
    }
}

/// In this folder, where there is no other.
fn here() -> PathBuf {
    env::current_dir().unwrap_or_default().join(".ehlo")
}

/// The folder the XDG Base Directory Specification has for it.
fn usual() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).and_then(absolute);
    let home = || env::var_os("HOME").map(PathBuf::from).and_then(absolute);
    let state = state.or_else(|| home().map(|home| home.join(".local/state")));
    state.map(|state| state.join("ehlo"))
}
