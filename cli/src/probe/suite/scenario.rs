//! A scenario: a small script, as data.
//!
//! What is sent is a template, and is shown as one, so that no result holds a credential:
//!
//! | written | sent |
//! | --- | --- |
//! | `<<…>>` | what is inside, in base64 |
//! | `{user}` `{password}` `{token}` | the credentials |
//! | `{hello}` | EHLO or LHLO with our name |
//! | `{sender}` | a reverse-path of the user's |
//! | `{A*100}` | a hundred times `A` |
//! | `{hex:ff}` | the octet 255 |
//! | `{cram}` `{cram:upper}` `{cram:first}` | the answer to the last challenge; in upper case; to the first one |
//!
//! What is expected is two lists of replies with a bar between them: those that are right, and those that are
//! allowed where an RFC says SHOULD or nothing at all. `501` is a code, `5yz` a class, `535/5.7.8` a code with its
//! status, `closed` the end of the connection.

use super::facts::Facts;

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    /// A name that stays the same.
    pub(crate) id: &'static str,
    /// What a server does that is right, as a sentence.
    pub(crate) title: &'static str,
    /// Where that is written.
    pub(crate) rests_on: &'static str,
    pub(crate) start: Start,
    pub(crate) needs: &'static [Need],
    pub(crate) steps: &'static [Step],
}

/// Where a scenario begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The greeting was read; under TLS where that is from the first octet.
    Greeted,
    /// A hello was said, without TLS.
    Clear,
    /// A hello was said, under TLS where the server has it.
    Secure,
}

/// What has to be there for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// AUTH, by whatever mechanism.
    Auth,
    /// This mechanism is offered.
    Offered(&'static str),
    /// This mechanism is not offered.
    NotOffered(&'static str),
    /// AUTH is offered without TLS.
    AuthInClear,
    /// It isn't.
    NoAuthInClear,
    /// STARTTLS is offered, and not declined.
    StartTls,
    /// The connection is under TLS in the end.
    Tls,
    /// It is SMTP, not LMTP.
    Smtp,
    /// A user and a password, which may be sent this way.
    Password,
    /// A user and a token.
    Token,
    /// A client certificate, or none.
    Certificate(bool),
}

/// A step of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Sends a line, and reads a reply.
    Say(&'static str, &'static str),
    /// Sends octets as they are.
    Send(&'static str),
    /// Reads a reply.
    Read(&'static str),
    /// Logs in, by whatever mechanism takes a password.
    Login,
    /// Makes the TLS handshake. A server that breaks it off here is right too, and the scenario ends.
    Tls,
    /// Closes the connection, and begins anew.
    Again,
    /// Nothing comes for a while.
    Quiet,
    /// Goes on only after such a reply; else the scenario ends here, as far as it has come.
    Unless(&'static str),
    /// Goes on only after such a reply; else the scenario is skipped, for this reason.
    SkipUnless(&'static str, &'static str),
    /// Keeps the last challenge as the first one.
    Keep,
    /// Something else about what came: what is expected, whether it is a must, and how it is tested.
    Check(&'static str, bool, fn(&Facts) -> Result<(), String>),
    /// Guesses with this line until the server closes the connection, or so many times.
    Guess(&'static str, u32),
}
