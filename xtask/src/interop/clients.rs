//! The clients: a line of facts each.

use super::table::{BASE, Built, Client, Driver, JARS, Need, Partial, Unpacked};

pub(crate) const NODE: Need = Need::Command(&["node", "--version"], "nodejs");
pub(crate) const NPM: Need = Need::Command(&["npm", "--version"], "npm");
const PHP: Need = Need::Command(&["php", "--version"], "php-cli");

/// The mechanisms of SCRAM.
const SCRAM: &[&str] = &[
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-512",
    "SCRAM-SHA-512-PLUS",
];
/// Those that are tied to the TLS connection.
const PLUS: &[&str] = &["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"];
const SHA_512: &[&str] = &["SCRAM-SHA-512", "SCRAM-SHA-512-PLUS"];
/// What the application would have to bring.
const OLD: &[&str] = &["DIGEST-MD5", "NTLM"];

const NTLM_1: &str = "its NTLM is of version 1, which is refused";
const NO_SCRAM: &str = "it has no SCRAM, and who adds it writes all of it";
const NO_OLD: &str = "it has neither, and who adds one writes all of it";
const PHPMAILER_FIXED: &str = "PHPMailer's list of mechanisms is fixed";
const RUBY_FIXED: &str = "net/smtp has PLAIN, LOGIN and CRAM-MD5 only";
const SWAKS_LACKS: &str = "swaks has no such mechanism";
const NO_GSASL: &str = "this curl was built without GNU SASL";
const GNU_LACKS: &str = "GNU SASL 2.2 has no such mechanism";
const MSMTP_LACKS: &str = "msmtp 1.8.23 has no such mechanism";

/// The Cyrus test programs, and the library they share with a mail server that nobody wants here.
const SMTPTEST: Unpacked = Unpacked {
    package: "cyrus-clients",
    program: "usr/lib/cyrus/bin/imtest",
    without: &["cyrus-common"],
};
const CYRUS_LIBRARY: Unpacked = Unpacked {
    package: "cyrus-common",
    program: "usr/lib/cyrus/bin/ctl_cyrusdb",
    without: &[
        "adduser",
        "db-util",
        "e2fsprogs",
        "default-mta",
        "mail-transport-agent",
        "gawk",
        "lsb-base",
        "netbase",
        "debconf",
        "debconf-2.0",
        "perl:any",
        "libclamav12",
        "libical3",
        "libxapian30",
        "libzephyr4",
        "libwrap0",
    ],
};

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
        own: &["PLAIN", "LOGIN", "XOAUTH2", "DIGEST-MD5", "NTLM"],
        added: (&["CRAM-MD5", "EXTERNAL"], "javax.security.sasl, by `mail.smtp.sasl.enable`"),
        lacks: &[
            (SCRAM, "neither Jakarta Mail 2.0 nor the Java platform has it"),
            (
                &["OAUTHBEARER", "ANONYMOUS"],
                "neither Jakarta Mail 2.0 nor the Java platform has it",
            ),
        ],
        version: &["dpkg-query", "--show", "--showformat=${Version}", "libjakarta-mail-java"],
        partial: Partial::DeliversAndFails,
        ..BASE
    },
    Client {
        name: "nodemailer",
        driver: Driver::Script(&["node"], "nodemailer.js"),
        needs: &[NODE, NPM, Need::Npm],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
        added: (&["OAUTHBEARER", "EXTERNAL", "ANONYMOUS"], "`customAuth`"),
        lacks: &[(SCRAM, NO_SCRAM), (OLD, NO_OLD)],
        version: &["node", "-p", "require('./node_modules/nodemailer/package.json').version"],
        partial: Partial::Succeeds,
        ..BASE
    },
    Client {
        name: "smtplib",
        driver: Driver::Python("python_smtplib.py"),
        needs: &[Need::Command(&["python3", "-c", "import smtplib, ssl"], "python3"), Need::Pip],
        own: &["PLAIN", "LOGIN", "CRAM-MD5"],
        added: (
            &[
                "SCRAM-SHA-1",
                "SCRAM-SHA-1-PLUS",
                "SCRAM-SHA-256",
                "SCRAM-SHA-256-PLUS",
                "SCRAM-SHA-512",
                "SCRAM-SHA-512-PLUS",
                "NTLM",
                "XOAUTH2",
                "OAUTHBEARER",
                "EXTERNAL",
                "ANONYMOUS",
            ],
            "`SMTP.auth()`, with scramp and pyspnego",
        ),
        lacks: &[(&["DIGEST-MD5"], "no library of it that is kept")],
        says_y: true,
        version: &["python3", "--version"],
        partial: Partial::Succeeds,
        ..BASE
    },
    Client {
        name: "swaks",
        driver: Driver::Shell("swaks.sh"),
        needs: &[
            Need::Command(&["swaks", "--version"], "swaks"),
            Need::Command(&["perl", "-MNet::SSLeay", "-e1"], "libnet-ssleay-perl"),
            Need::Command(&["perl", "-MAuthen::SASL", "-e1"], "libauthen-sasl-perl"),
            Need::Command(&["perl", "-MAuthen::NTLM", "-e1"], "libauthen-ntlm-perl"),
        ],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"],
        lacks: &[
            (SCRAM, SWAKS_LACKS),
            (&["XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS"], SWAKS_LACKS),
        ],
        refused: &[(&["NTLM"], NTLM_1)],
        version: &["swaks", "--version"],
        no_second_message: Some("one message a run"),
        partial: Partial::Succeeds,
        ..BASE
    },
    Client {
        name: "perl-net-smtp",
        driver: Driver::Script(&["perl"], "net_smtp.pl"),
        needs: &[
            Need::Command(&["perl", "-MIO::Socket::SSL", "-e1"], "libio-socket-ssl-perl"),
            Need::Command(&["perl", "-MAuthen::SASL", "-e1"], "libauthen-sasl-perl"),
            Need::Command(&["perl", "-MAuthen::SCRAM", "-e1"], "libauthen-scram-perl"),
        ],
        own: &["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "ANONYMOUS"],
        added: (
            &["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"],
            "`command()`, with Authen::SCRAM",
        ),
        lacks: &[
            (PLUS, "Authen::SCRAM has no channel binding"),
            (&["NTLM", "XOAUTH2", "OAUTHBEARER"], "Authen::SASL 2.16 has no such mechanism"),
        ],
        version: &["perl", "-MNet::SMTP", "-e", "print Net::SMTP->VERSION"],
        ..BASE
    },
    Client {
        name: "ruby-net-smtp",
        driver: Driver::Script(&["ruby"], "net_smtp.rb"),
        needs: &[Need::Command(&["ruby", "-rnet/smtp", "-e1"], "ruby")],
        own: &["PLAIN", "LOGIN", "CRAM-MD5"],
        lacks: &[
            (SCRAM, RUBY_FIXED),
            (OLD, RUBY_FIXED),
            (&["XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS"], RUBY_FIXED),
        ],
        version: &["ruby", "-rnet/smtp", "-e", "puts Net::SMTP::VERSION"],
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
            (SCRAM, PHPMAILER_FIXED),
            (OLD, PHPMAILER_FIXED),
            (&["OAUTHBEARER", "EXTERNAL", "ANONYMOUS"], PHPMAILER_FIXED),
        ],
        version: &["dpkg-query", "--show", "--showformat=${Version}", "libphp-phpmailer"],
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
        lacks: &[(SCRAM, NO_SCRAM), (OLD, NO_OLD)],
        version: &["dpkg-query", "--show", "--showformat=${Version}", "php-symfony-mailer"],
        adds_line_end: true,
        ..BASE
    },
    Client {
        name: "gsasl",
        driver: Driver::Shell("gsasl.sh"),
        needs: &[Need::Command(&["gsasl", "--version"], "gsasl")],
        own: &[
            "PLAIN",
            "LOGIN",
            "CRAM-MD5",
            "DIGEST-MD5",
            "SCRAM-SHA-1",
            "SCRAM-SHA-1-PLUS",
            "SCRAM-SHA-256",
            "SCRAM-SHA-256-PLUS",
            "EXTERNAL",
            "ANONYMOUS",
        ],
        lacks: &[(SHA_512, GNU_LACKS), (&["XOAUTH2", "OAUTHBEARER"], GNU_LACKS)],
        refused: &[(&["NTLM"], NTLM_1)],
        version: &["gsasl", "--version"],
        no_implicit_tls: Some("gsasl has STARTTLS only"),
        no_mail: Some("it only authenticates"),
        ..BASE
    },
    Client {
        name: "smtptest",
        driver: Driver::Shell("smtptest.sh"),
        needs: &[
            Need::Unpacked(&SMTPTEST),
            Need::Unpacked(&CYRUS_LIBRARY),
            Need::Command(&["sh", "-c", "ls /usr/lib/*/sasl2/libscram.so"], "libsasl2-modules"),
        ],
        own: &[
            "PLAIN",
            "LOGIN",
            "CRAM-MD5",
            "DIGEST-MD5",
            "SCRAM-SHA-1",
            "SCRAM-SHA-256",
            "SCRAM-SHA-512",
            "EXTERNAL",
            "ANONYMOUS",
        ],
        lacks: &[(&["XOAUTH2", "OAUTHBEARER"], "Debian's Cyrus SASL has no token mechanisms")],
        refused: &[
            (
                PLUS,
                "it says AUTH without -PLUS and binds to tls-unique, also under TLS 1.3, which has none",
            ),
            (&["NTLM"], NTLM_1),
        ],
        version: &[
            "sh",
            "-c",
            "zcat cyrus-clients/usr/share/doc/cyrus-clients/changelog.Debian.gz | head -n 1",
        ],
        no_mail: Some("it only authenticates"),
        no_implicit_certificate: Some("the option for its file is the one for STARTTLS"),
        trusts_anybody: Some("it goes on whoever has signed the certificate"),
        ..BASE
    },
    Client {
        name: "msmtp",
        driver: Driver::Shell("msmtp.sh"),
        needs: &[Need::Command(&["msmtp", "--version"], "msmtp")],
        own: &[
            "PLAIN",
            "LOGIN",
            "CRAM-MD5",
            "DIGEST-MD5",
            "SCRAM-SHA-1",
            "SCRAM-SHA-256",
            "XOAUTH2",
            "OAUTHBEARER",
            "EXTERNAL",
        ],
        lacks: &[(PLUS, MSMTP_LACKS), (SHA_512, MSMTP_LACKS), (&["ANONYMOUS"], MSMTP_LACKS)],
        refused: &[(&["NTLM"], NTLM_1)],
        version: &["msmtp", "--version"],
        no_second_message: Some("one message a run"),
        ..BASE
    },
    Client { name: "curl", ..CURL },
    // The first octets of an exchange with the AUTH command, not after the empty challenge.
    Client { name: "curl-sasl-ir", ..CURL },
    Client {
        name: "go-net-smtp",
        driver: Driver::Go("netsmtp.go"),
        needs: &[
            Need::Command(&["go", "version"], "golang-go"),
            Need::File(
                "/usr/share/gocode/src/github.com/xdg-go/scram/client.go",
                "golang-github-xdg-go-scram-dev",
            ),
        ],
        own: &["PLAIN", "CRAM-MD5"],
        added: (
            &[
                "LOGIN",
                "SCRAM-SHA-1",
                "SCRAM-SHA-256",
                "SCRAM-SHA-512",
                "XOAUTH2",
                "OAUTHBEARER",
                "EXTERNAL",
                "ANONYMOUS",
            ],
            "an `smtp.Auth` of the application, with xdg-go/scram",
        ),
        lacks: &[(PLUS, "xdg-go/scram 1.1 has no channel binding"), (OLD, NO_OLD)],
        version: &["go", "version"],
        ..BASE
    },
];

const CURL: Client = Client {
    driver: Driver::Shell("curl.sh"),
    needs: &[Need::Command(&["curl", "--version"], "curl")],
    own: &[
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "NTLM",
        "XOAUTH2",
        "OAUTHBEARER",
        "EXTERNAL",
    ],
    built: Some(Built {
        mechanisms: &["SCRAM-SHA-1", "SCRAM-SHA-256"],
        command: &["curl", "--version"],
        word: "gsasl",
        reason: NO_GSASL,
    }),
    lacks: &[
        (PLUS, "curl has no such mechanism"),
        (SHA_512, "curl has no such mechanism"),
        (&["ANONYMOUS"], "curl has no such mechanism"),
    ],
    version: &["curl", "--version"],
    ..BASE
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::table::MECHANISMS;
    use super::*;

    #[test]
    fn every_client_says_something_about_every_mechanism_and_once_only() {
        for client in CLIENTS {
            let built = client.built.map_or(&[][..], |built| built.mechanisms);
            let listed = |table: &[(&'static [&'static str], &str)]| -> BTreeSet<&'static str> {
                table.iter().flat_map(|(names, _)| names.iter().copied()).collect()
            };
            let names = [client.own, client.added.0, built].into_iter().flatten().copied();
            let mut said: Vec<_> =
                names.chain(listed(client.lacks)).chain(listed(client.refused)).collect();
            let mut asked: Vec<_> = MECHANISMS.iter().map(|mechanism| mechanism.name).collect();
            said.sort_unstable();
            asked.sort_unstable();
            assert_eq!(said, asked, "{}", client.name);
        }
    }
}
