//! TLS as a client has it: whom it trusts, and its own certificate.

use std::path::PathBuf;

use clap::Args;
use ehlo_std::tls::ClientTls;

use crate::exit::Failure;

const HEADING: &str = "TLS";

/// Whom to trust, and who we are.
#[derive(Debug, Default, Args)]
pub(crate) struct Trust {
    /// Trust the authorities in this PEM file and no others; a self-signed certificate may be there too
    /// [default: those this system trusts]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub(crate) ca: Option<PathBuf>,

    /// Show this certificate to the server, PEM: what EXTERNAL logs in with
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "client_key")]
    pub(crate) client_cert: Option<PathBuf>,

    /// The key of that certificate, PEM
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "client_cert")]
    pub(crate) client_key: Option<PathBuf>,

    /// Log in to whoever answers, whatever its certificate: it gets the password
    #[arg(long, help_heading = HEADING)]
    pub(crate) dangerous_accept_any_certificate: bool,

    /// Log in without TLS too, where anybody on the way reads the password
    #[arg(long, help_heading = HEADING)]
    pub(crate) dangerous_cleartext_auth: bool,
}

impl Trust {
    /// Whether there is a certificate to log in with.
    pub(crate) const fn has_certificate(&self) -> bool {
        self.client_cert.is_some()
    }

    /// Reads the files. Every certificate is still verified.
    pub(crate) fn client_tls(&self) -> Result<ClientTls, Failure> {
        let tls = match &self.ca {
            Some(path) => ClientTls::roots_file(path),
            None => ClientTls::platform(),
        };
        let tls = match (tls, &self.client_cert, &self.client_key) {
            (Ok(tls), Some(certificate), Some(key)) => {
                tls.client_certificate_files(certificate, key)
            }
            (tls, ..) => tls,
        };
        tls.map_err(Failure::config)
    }
}
