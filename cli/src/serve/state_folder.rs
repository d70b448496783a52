//! Where the self-signed certificate is kept.

use std::env;
use std::path::PathBuf;

use ehlo_std::tls::{SelfSigned, Tls, TlsError};

use crate::exit::Failure;

/// The certificate that is kept, or a new one: in the folder for the state of programs, or where that
/// can't be used, here.
pub(crate) fn self_signed(hostname: &str) -> Result<(Tls, SelfSigned), Failure> {
    // A literal such as [192.0.2.1] goes into a certificate as an address.
    let literal = hostname.trim_start_matches('[').trim_end_matches(']');
    let name = literal.strip_prefix("IPv6:").unwrap_or(literal);
    let here = env::current_dir().unwrap_or_default().join(".ehlo");
    let result = match usual() {
        Some(folder) => match Tls::self_signed(folder, &[name]) {
            Err(TlsError::Write { .. } | TlsError::Read { .. }) => Tls::self_signed(here, &[name]),
            result => result,
        },
        None => Tls::self_signed(here, &[name]),
    };
    result.map_err(Failure::config)
}

/// The folder the XDG Base Directory Specification has for it.
fn usual() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).and_then(absolute);
    let home = || env::var_os("HOME").map(PathBuf::from).and_then(absolute);
    let state = state.or_else(|| home().map(|home| home.join(".local/state")));
    state.map(|state| state.join("ehlo"))
}
