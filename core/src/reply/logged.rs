//! What may be logged of a reply.

use core::fmt;

/// A line of a reply, without its CRLF, as it may be logged: printable, and without the proof at the
/// end of an exchange by SCRAM or DIGEST-MD5, against which passwords could be guessed by whoever reads the log.
///
/// ```
/// use ehlo::reply::LoggedLine;
///
/// assert_eq!(LoggedLine::new(b"250 2.0.0 OK").to_string(), "250 2.0.0 OK");
/// // `v=rmF9pqV8S7suAoZWja4dJRkFsKQ=`
/// let proof = b"334 dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9";
/// assert_eq!(LoggedLine::new(proof).to_string(), "334 <secret>");
/// // `rspauth=…`
/// let proof = b"334 cnNwYXV0aD1lYTQwZjYwMzM1YzQyN2I1NTI3Yjg0ZGJhYmNkZmZmZA==";
/// assert_eq!(LoggedLine::new(proof).to_string(), "334 <secret>");
/// ```
#[derive(Clone, Copy)]
pub struct LoggedLine<'a>(&'a [u8]);

impl<'a> LoggedLine<'a> {
    /// The line as it was written.
    #[must_use]
    pub const fn new(line: &'a [u8]) -> Self {
        Self(line)
    }
}

impl fmt::Display for LoggedLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // What begins with `v=` or `rspauth`, in base64.
            [b'3', b'3', b'4', _, b'd', b'j', b'0'..=b'3', ..]
            | [b'3', b'3', b'4', _, b'c', b'n', b'N', b'w', b'Y', b'X', b'V', b'0', b'a', ..] => {
                f.write_str("334 <secret>")
            }
            line => write!(f, "{}", line.escape_ascii()),
        }
    }
}

impl fmt::Debug for LoggedLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
