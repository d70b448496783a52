use core::fmt;
use std::io;
use std::path::PathBuf;

/// Why users can't be looked up or changed. The text is one line and never holds a password.
#[derive(Debug)]
#[non_exhaustive]
pub enum UsersError {
    /// The file could not be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be written.
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What the file holds is wrong.
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1, when it is known.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// There is such a user already.
    Exists {
        /// The user.
        name: String,
    },
    /// There is no such user.
    Unknown {
        /// The user.
        name: String,
    },
    /// SASLprep prohibits the name (RFC 4013).
    BadName,
    /// SASLprep prohibits the password, or it is empty.
    BadPassword,
    /// A realm is empty, longer than 255 octets, or holds a quote, a backslash or a control character.
    BadRealm,
    /// The password can't be hashed, or the check can't be run.
    Internal(&'static str),
}

impl fmt::Display for UsersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Self::Write { path, source } => write!(f, "cannot write {}: {source}", path.display()),
            Self::Content { path, line: Some(line), reason } => {
                write!(f, "{}, line {line}: {reason}", path.display())
            }
            Self::Content { path, line: None, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Exists { name } => write!(f, "there is already a user {name:?}"),
            Self::Unknown { name } => write!(f, "there is no user {name:?}"),
            Self::BadName => {
                f.write_str("a name may not be empty nor hold control or unassigned characters")
            }
            Self::BadPassword => {
                f.write_str("a password may not be empty nor hold control or unassigned characters")
            }
            Self::BadRealm => f.write_str(
                "a realm may not be empty nor hold quotes, backslashes or control characters",
            ),
            Self::Internal(reason) => f.write_str(reason),
        }
    }
}

impl core::error::Error for UsersError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}
