//! What is tested: the mechanisms, and what a client is to the checks.
//!
//! A mechanism more is one line in [`MECHANISMS`], and one word in each client's list in
//! [`clients`](super::clients).

use std::process::{Command, Stdio};

use crate::process;

/// What a mechanism proves its user with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The password of `--user`.
    Password,
    /// The token of `--token`.
    Token,
    /// The client certificate; the wrong one is another identity than the certificate's.
    Certificate,
    /// None, so that there is no wrong one either.
    Nothing,
}

/// A SASL mechanism.
#[derive(Debug)]
pub(crate) struct Mechanism {
    /// Its registered name.
    pub(crate) name: &'static str,
    /// What it proves its user with.
    pub(crate) credential: Credential,
}

/// Every mechanism that is tested, in the order of the report.
pub(crate) const MECHANISMS: &[Mechanism] = &[
    Mechanism { name: "PLAIN", credential: Credential::Password },
    Mechanism { name: "LOGIN", credential: Credential::Password },
    Mechanism { name: "CRAM-MD5", credential: Credential::Password },
    Mechanism { name: "DIGEST-MD5", credential: Credential::Password },
    Mechanism { name: "SCRAM-SHA-1", credential: Credential::Password },
    Mechanism { name: "SCRAM-SHA-1-PLUS", credential: Credential::Password },
    Mechanism { name: "SCRAM-SHA-256", credential: Credential::Password },
    Mechanism { name: "SCRAM-SHA-256-PLUS", credential: Credential::Password },
    Mechanism { name: "SCRAM-SHA-512", credential: Credential::Password },
    Mechanism { name: "SCRAM-SHA-512-PLUS", credential: Credential::Password },
    Mechanism { name: "NTLM", credential: Credential::Password },
    Mechanism { name: "XOAUTH2", credential: Credential::Token },
    Mechanism { name: "OAUTHBEARER", credential: Credential::Token },
    Mechanism { name: "EXTERNAL", credential: Credential::Certificate },
    Mechanism { name: "ANONYMOUS", credential: Credential::Nothing },
];

/// What tells a mechanism's name that it is tied to the TLS connection.
const PLUS: &str = "-PLUS";

impl Mechanism {
    /// The name without `-PLUS`.
    pub(crate) fn base(&self) -> &'static str {
        self.name.strip_suffix(PLUS).unwrap_or(self.name)
    }

    /// Whether it is tied to the TLS connection by a channel binding.
    pub(crate) fn is_bound(&self) -> bool {
        self.name.ends_with(PLUS)
    }

    /// Whether somebody who ends TLS between client and server can't pass it on: it is bound, or the
    /// handshake is the proof.
    pub(crate) fn stops_relays(&self) -> bool {
        self.is_bound() || self.credential == Credential::Certificate
    }

    /// Whether what a client has said is worth as much a second time, by design: the secret itself crosses
    /// the connection, or there is none.
    pub(crate) fn is_replayable(&self) -> bool {
        match self.credential {
            Credential::Password => matches!(self.name, "PLAIN" | "LOGIN"),
            Credential::Token | Credential::Nothing => true,
            Credential::Certificate => false,
        }
    }

    /// Whether there is the same with a channel binding.
    pub(crate) fn has_bound_twin(&self) -> bool {
        self.name.starts_with("SCRAM-") && !self.is_bound()
    }

    /// Whether the server proves that it knows the secret too.
    pub(crate) fn is_mutual(&self) -> bool {
        self.name.starts_with("SCRAM-") || self.name == "DIGEST-MD5"
    }
}

/// Where a client program comes from and how it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// A shell script around a program.
    Shell(&'static str),
    /// A script with its interpreter's command line.
    Script(&'static [&'static str], &'static str),
    /// A Python script, run by the Python that has the packages of `requirements.txt`.
    Python(&'static str),
    /// A Go program, compiled once.
    Go(&'static str),
    /// A Java class, compiled once; its jars are in [`JARS`].
    Java(&'static str),
}

/// The class path of the Java driver.
pub(crate) const JARS: [&str; 2] =
    ["/usr/share/java/jakarta-mail.jar", "/usr/share/java/jakarta-activation.jar"];

/// Something a client or a server needs, how to see that it is there, and the Debian package that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A command that exits with 0.
    Command(&'static [&'static str], &'static str),
    /// A file.
    File(&'static str, &'static str),
    /// The npm packages of `xtask/interop/npm`.
    Npm,
    /// The Python packages of `xtask/interop/servers/requirements.txt`.
    Pip,
    /// A Debian package that can't be installed beside another.
    Unpacked(&'static Unpacked),
}

/// How to find out the version of a peer: a command, which is run in the folder of what is installed for
/// the run; the first word it prints that has a digit in front is the version.
pub(crate) type Version = &'static [&'static str];

/// A Debian package that is unpacked and not installed, because it would take another's place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// Its name.
    pub(crate) package: &'static str,
    /// Its program, from the root of the package.
    pub(crate) program: &'static str,
    /// Packages it depends on and does not need to be run.
    pub(crate) without: &'static [&'static str],
}

/// What a client does when one of two recipients is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partial {
    /// It delivers to the other and reports success.
    Succeeds,
    /// It delivers to the other and reports a failure.
    DeliversAndFails,
    /// It gives up before the data.
    GivesUp,
}

/// A client program: facts about it, none about our server.
#[derive(Debug)]
pub(crate) struct Client {
    /// Its name in the report and for `--only`.
    pub(crate) name: &'static str,
    /// How to run it.
    pub(crate) driver: Driver,
    /// What has to be installed.
    pub(crate) needs: &'static [Need],
    /// Mechanisms of its own.
    pub(crate) own: &'static [&'static str],
    /// Mechanisms the driver adds over the client's own way to add some, and what that way is.
    pub(crate) added: (&'static [&'static str], &'static str),
    /// Mechanisms it has only where it was built with them.
    pub(crate) built: Option<Built>,
    /// Mechanisms it lacks, with the reason.
    pub(crate) lacks: &'static [(&'static [&'static str], &'static str)],
    /// Mechanisms it has in a way that our server refuses whatever the password, with the reason.
    pub(crate) refused: &'static [(&'static [&'static str], &'static str)],
    /// How to find out its version.
    pub(crate) version: Version,
    /// Why it can't do implicit TLS, where it can't.
    pub(crate) no_implicit_tls: Option<&'static str>,
    /// Why it shows no certificate under implicit TLS, where it doesn't.
    pub(crate) no_implicit_certificate: Option<&'static str>,
    /// Why it sends no mail, where it only authenticates.
    pub(crate) no_mail: Option<&'static str>,
    /// Why it sends no second message in a connection, where it doesn't.
    pub(crate) no_second_message: Option<&'static str>,
    /// Why it can't be told which servers to trust, where it can't.
    pub(crate) trusts_anybody: Option<&'static str>,
    /// Whether it can be had to say that it has a channel binding and knows of none of the server's.
    pub(crate) says_y: bool,
    /// Whether it puts a line end behind a message that has one already.
    pub(crate) adds_line_end: bool,
    /// What it does when one of two recipients is refused.
    pub(crate) partial: Partial,
}

/// Mechanisms of a program that depend on what it was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Built {
    /// The mechanisms.
    pub(crate) mechanisms: &'static [&'static str],
    /// A command that says what it was built with.
    pub(crate) command: &'static [&'static str],
    /// The word it then says.
    pub(crate) word: &'static str,
    /// Why it has none of them where it does not say that.
    pub(crate) reason: &'static str,
}

impl Built {
    /// Whether the program says so.
    pub(crate) fn is_in(&self) -> bool {
        let Some((program, arguments)) = self.command.split_first() else { return false };
        let mut command = Command::new(program);
        process::output(command.args(arguments).stdin(Stdio::null())).is_ok_and(|output| {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            said.split_whitespace().any(|word| word == self.word)
        })
    }
}

/// A client that does all there is.
pub(super) const BASE: Client = Client {
    name: "",
    driver: Driver::Shell(""),
    needs: &[],
    own: &[],
    added: (&[], ""),
    built: None,
    lacks: &[],
    refused: &[],
    version: &[],
    no_implicit_tls: None,
    no_implicit_certificate: None,
    no_mail: None,
    no_second_message: None,
    trusts_anybody: None,
    says_y: false,
    adds_line_end: false,
    partial: Partial::GivesUp,
};

/// How a client has a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// By itself.
    Own,
    /// The driver adds it; what the client offers for that.
    Added(&'static str),
    /// In a way that our server refuses; why.
    Refused(&'static str),
    /// Where it was built with it.
    IfBuilt(Built),
    /// It doesn't; why.
    Lacks(&'static str),
}

impl Client {
    /// How it has a mechanism, or nothing where its table says nothing.
    pub(crate) fn support(&self, mechanism: &str) -> Option<Support> {
        if self.own.contains(&mechanism) {
            return Some(Support::Own);
        }
        if self.added.0.contains(&mechanism) {
            return Some(Support::Added(self.added.1));
        }
        if let Some(built) = self.built.filter(|built| built.mechanisms.contains(&mechanism)) {
            return Some(Support::IfBuilt(built));
        }
        let reason = |table: &'static [(&'static [&'static str], &'static str)]| {
            table.iter().find(|(names, _)| names.contains(&mechanism)).map(|(_, reason)| *reason)
        };
        let refused = reason(self.refused).map(Support::Refused);
        refused.or_else(|| reason(self.lacks).map(Support::Lacks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mechanism_is_bound_replayable_or_mutual_by_its_kind() {
        let names = |is: fn(&Mechanism) -> bool| -> Vec<&str> {
            MECHANISMS.iter().filter(|mechanism| is(mechanism)).map(|one| one.name).collect()
        };
        assert_eq!(names(Mechanism::is_bound).len(), 3);
        assert_eq!(
            names(Mechanism::is_replayable),
            ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "ANONYMOUS"]
        );
        assert_eq!(names(Mechanism::is_mutual).len(), 7);
        assert_eq!(names(Mechanism::stops_relays).len(), 4);
    }
}
