use core::fmt;
use std::io;
use std::path::PathBuf;

/// Why TLS could not be set up. The text is one line and says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file could not be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder could not be written.
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text holds no certificate.
    NoCertificate {
        /// Where the text came from: a path, or a word for octets in memory.
        origin: String,
    },
    /// The text holds no private key.
    NoKey {
        /// Where the text came from.
        origin: String,
    },
    /// The private key is encrypted.
    EncryptedKey {
        /// Where the text came from.
        origin: String,
    },
    /// The text is not well-formed PEM.
    Pem {
        /// Where the text came from.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key is not the key of the certificate.
    Mismatch {
        /// Where the certificate came from.
        certificate: String,
        /// Where the key came from.
        key: String,
    },
    /// The certificate or the key is well-formed PEM, and rustls refuses what is in it.
    Unusable {
        /// Where the certificate and the key came from.
        origin: String,
        /// What rustls said.
        reason: String,
    },
    /// A self-signed certificate could not be made.
    Generate {
        /// What went wrong.
        reason: String,
    },
    /// This system trusts no authority at all.
    NoAuthorities {
        /// What went wrong while they were looked for, if anything did.
        reason: Option<String>,
    },
    /// Nothing to load again: the certificate was given as octets.
    NotFromFiles,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => {
                let path = path.display();
                write!(f, "cannot read {path}: {source}; check the path and who may read it")
            }
            Self::Write { path, source } => {
                let path = path.display();
                write!(f, "cannot write {path}: {source}; check the path and who may write there")
            }
            Self::NoCertificate { origin } => {
                write!(
                    f,
                    "no certificate in {origin}; it needs a part that starts with -----BEGIN CERTIFICATE-----"
                )
            }
            Self::NoKey { origin } => {
                write!(
                    f,
                    "no private key in {origin}; it needs a part that starts with -----BEGIN PRIVATE KEY-----"
                )
            }
            Self::EncryptedKey { origin } => {
                write!(
                    f,
                    "the private key in {origin} is encrypted; decrypt it first, as with `openssl pkey`"
                )
            }
            Self::Pem { origin, reason } => write!(f, "{origin} is not well-formed PEM: {reason}"),
            Self::Mismatch { certificate, key } => write!(
                f,
                "the key in {key} does not belong to the first certificate in {certificate}; \
                 the certificate of that key comes first, those of the authorities after it"
            ),
            Self::Unusable { origin, reason } => write!(f, "cannot use {origin}: {reason}"),
            Self::Generate { reason } => {
                write!(f, "cannot make a self-signed certificate: {reason}")
            }
            Self::NoAuthorities { reason } => {
                f.write_str("no authority found that this system trusts")?;
                if let Some(reason) = reason {
                    write!(f, " ({reason})")?;
                }
                f.write_str(
                    "; install the system's CA certificates, or name a PEM file in SSL_CERT_FILE",
                )
            }
            Self::NotFromFiles => {
                f.write_str("the certificate was not read from files, so it can't be read again")
            }
        }
    }
}

impl core::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}
