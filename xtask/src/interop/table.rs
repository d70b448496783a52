//! What is tested: mechanisms and clients, as tables.
//!
//! A mechanism the server learns is one line in [`MECHANISMS`], and one word in each client's list.

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

/// A SASL mechanism of the server.
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
    Mechanism { name: "XOAUTH2", credential: Credential::Token },
    Mechanism { name: "OAUTHBEARER", credential: Credential::Token },
    Mechanism { name: "EXTERNAL", credential: Credential::Certificate },
    Mechanism { name: "ANONYMOUS", credential: Credential::Nothing },
];

/// Where a client program comes from and how it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// A shell script around a program.
    Shell(&'static str),
    /// A script with its interpreter's command line.
    Script(&'static [&'static str], &'static str),
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
    /// Mechanisms it lacks, each with the reason.
    pub(crate) lacks: &'static [(&'static str, &'static str)],
    /// Why it can't do implicit TLS, where it can't.
    pub(crate) no_implicit_tls: Option<&'static str>,
    /// Why it sends no mail, where it only authenticates.
    pub(crate) no_mail: Option<&'static str>,
    /// Why it sends no second message in a connection, where it doesn't.
    pub(crate) no_second_message: Option<&'static str>,
    /// Whether it puts a line end behind a message that has one already.
    pub(crate) adds_line_end: bool,
    /// What it does when one of two recipients is refused.
    pub(crate) partial: Partial,
}

/// A client that does all there is.
const BASE: Client = Client {
    name: "",
    driver: Driver::Shell(""),
    needs: &[],
    own: &[],
    added: (&[], ""),
    lacks: &[],
    no_implicit_tls: None,
    no_mail: None,
    no_second_message: None,
    adds_line_end: false,
    partial: Partial::GivesUp,
};

pub(crate) const NODE: Need = Need::Command(&["node", "--version"], "nodejs");
pub(crate) const NPM: Need = Need::Command(&["npm", "--version"], "npm");
const PHP: Need = Need::Command(&["php", "--version"], "php-cli");

const PHPMAILER_FIXED: &str = "PHPMailer's list of mechanisms is fixed";
const RUBY_FIXED: &str = "net/smtp has PLAIN, LOGIN and CRAM-MD5 only";
const SWAKS_LACKS: &str = "swaks has no such mechanism";

/// Every client, the slowest first, so that they end together.
pub(crate) const CLIENTS: &[Client] = &[
    Client {
        name: "jakarta-mail",
        driver: Driver::Java("JakartaMail"),
        needs: &[
            Need::Command(&["javac", "-version"], "default-jdk-headless"),
            Need::Command(&["java", "-version"], "default-jdk-headless"),
            Need::File(JARS[0], "libjakarta-mail-java"),
            Need::File(JARS[1], "libjakarta-activation-java"),
        ],
        own: &["PLAIN", "LOGIN", "XOAUTH2"],
        added: (&["CRAM-MD5", "EXTERNAL"], "javax.security.sasl, by `mail.smtp.sasl.enable`"),
        lacks: &[
            ("OAUTHBEARER", "neither Jakarta Mail 2.0 nor the Java platform has it"),
            ("ANONYMOUS", "neither Jakarta Mail 2.0 nor the Java platform has it"),
        ],
        partial: Partial::DeliversAndFails,
        ..BASE
    },
    Client {
        name: "nodemailer",
        driver: Driver::Script(&["node"], "nodemailer.js"),
        needs: &[NODE, NPM, Need::Npm],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
        added: (&["OAUTHBEARER", "EXTERNAL", "ANONYMOUS"], "`customAuth`"),
        partial: Partial::Succeeds,
        ..BASE
    },
    Client {
        name: "smtplib",
        driver: Driver::Script(&["python3", "-I"], "python_smtplib.py"),
        needs: &[Need::Command(&["python3", "-c", "import smtplib, ssl"], "python3")],
        own: &["PLAIN", "LOGIN", "CRAM-MD5"],
        added: (&["XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS"], "`SMTP.auth()`"),
        partial: Partial::Succeeds,
        ..BASE
    },
    Client {
        name: "swaks",
        driver: Driver::Shell("swaks.sh"),
        needs: &[
            Need::Command(&["swaks", "--version"], "swaks"),
            Need::Command(&["perl", "-MNet::SSLeay", "-e1"], "libnet-ssleay-perl"),
        ],
        own: &["PLAIN", "LOGIN", "CRAM-MD5"],
        lacks: &[
            ("XOAUTH2", SWAKS_LACKS),
            ("OAUTHBEARER", SWAKS_LACKS),
            ("EXTERNAL", SWAKS_LACKS),
            ("ANONYMOUS", SWAKS_LACKS),
        ],
        no_second_message: Some("one message a run"),
        partial: Partial::Succeeds,
        ..BASE
    },
    Client {
        name: "ruby-net-smtp",
        driver: Driver::Script(&["ruby"], "net_smtp.rb"),
        needs: &[Need::Command(&["ruby", "-rnet/smtp", "-e1"], "ruby")],
        own: &["PLAIN", "LOGIN", "CRAM-MD5"],
        lacks: &[
            ("XOAUTH2", RUBY_FIXED),
            ("OAUTHBEARER", RUBY_FIXED),
            ("EXTERNAL", RUBY_FIXED),
            ("ANONYMOUS", RUBY_FIXED),
        ],
        ..BASE
    },
    Client {
        name: "phpmailer",
        driver: Driver::Script(&["php"], "phpmailer.php"),
        needs: &[
            PHP,
            Need::File("/usr/share/php/libphp-phpmailer/autoload.php", "libphp-phpmailer"),
        ],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
        lacks: &[
            ("OAUTHBEARER", PHPMAILER_FIXED),
            ("EXTERNAL", PHPMAILER_FIXED),
            ("ANONYMOUS", PHPMAILER_FIXED),
        ],
        adds_line_end: true,
        partial: Partial::DeliversAndFails,
        ..BASE
    },
    Client {
        name: "symfony-mailer",
        driver: Driver::Script(&["php"], "symfony.php"),
        needs: &[
            PHP,
            Need::File(
                "/usr/share/php/Symfony/Component/Mailer/autoload.php",
                "php-symfony-mailer",
            ),
        ],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
        added: (&["OAUTHBEARER", "EXTERNAL", "ANONYMOUS"], "`AuthenticatorInterface`"),
        adds_line_end: true,
        ..BASE
    },
    Client {
        name: "gsasl",
        driver: Driver::Shell("gsasl.sh"),
        needs: &[Need::Command(&["gsasl", "--version"], "gsasl")],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL", "ANONYMOUS"],
        lacks: &[
            ("XOAUTH2", "GNU SASL has no token mechanisms"),
            ("OAUTHBEARER", "GNU SASL has no token mechanisms"),
        ],
        no_implicit_tls: Some("gsasl has STARTTLS only"),
        no_mail: Some("it only authenticates"),
        ..BASE
    },
    Client {
        name: "msmtp",
        driver: Driver::Shell("msmtp.sh"),
        needs: &[Need::Command(&["msmtp", "--version"], "msmtp")],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER", "EXTERNAL"],
        lacks: &[("ANONYMOUS", "msmtp has no such mechanism")],
        no_second_message: Some("one message a run"),
        ..BASE
    },
    Client {
        name: "curl",
        driver: Driver::Shell("curl.sh"),
        needs: &[Need::Command(&["curl", "--version"], "curl")],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER", "EXTERNAL"],
        lacks: &[("ANONYMOUS", "curl has no such mechanism")],
        ..BASE
    },
    // The first octets of an exchange with the AUTH command, not after the empty challenge.
    Client {
        name: "curl-sasl-ir",
        driver: Driver::Shell("curl.sh"),
        needs: &[Need::Command(&["curl", "--version"], "curl")],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER", "EXTERNAL"],
        lacks: &[("ANONYMOUS", "curl has no such mechanism")],
        ..BASE
    },
    Client {
        name: "go-net-smtp",
        driver: Driver::Go("netsmtp.go"),
        needs: &[Need::Command(&["go", "version"], "golang-go")],
        own: &["PLAIN", "CRAM-MD5"],
        added: (
            &["LOGIN", "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS"],
            "an `smtp.Auth` of the application",
        ),
        ..BASE
    },
];

/// How a client has a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// By itself.
    Own,
    /// The driver adds it; what the client offers for that.
    Added(&'static str),
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
        let lacks = self.lacks.iter().find(|(name, _)| *name == mechanism);
        lacks.map(|(_, reason)| Support::Lacks(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_says_something_about_every_mechanism_and_once_only() {
        for client in CLIENTS {
            let names = client.own.iter().chain(client.added.0);
            let mut said: Vec<_> = names.chain(client.lacks.iter().map(|(name, _)| name)).collect();
            let mut asked: Vec<_> = MECHANISMS.iter().map(|mechanism| &mechanism.name).collect();
            said.sort_unstable();
            asked.sort_unstable();
            assert_eq!(said, asked, "{}", client.name);
        }
    }
}
