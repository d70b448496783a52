//! The options of `ehlo serve`, which are the keys of its configuration file too.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use ehlo_std::cidr::Cidr;
use ehlo_std::tls::CertificateRule;
use ehlo_std::tokens::Algorithm;
use ehlo_std::users::Secret;
use serde::Deserialize;

use super::config_file::{list, one, secrets, words};
use super::faults::{Delay, Fail};
use super::values::{AuthName, BareNewline, Extension, Limit, LogFormat, hidden};

const LISTEN: &str = "Where it listens";
const TLS: &str = "TLS";
const USERS: &str = "Who may send";
const TOKENS: &str = "OAuth tokens";
const MAIL: &str = "What is taken";
const STORE: &str = "Where mail goes";
const LIMITS: &str = "Limits";
const PROTOCOL: &str = "Protocol";
const FAULTS: &str = "Faults, to test clients";
const LOG: &str = "What is shown";

/// What stands behind the options in the help.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ehlo serve
      Something to try things with: it makes a certificate and a user, and prints lines to paste
  ehlo serve --accept-any --auth-optional --allow-insecure-auth
      A catch-all for a developer's machine: takes everything from everybody, delivers nothing
  ehlo serve --user tim:secret --auth CRAM-MD5,PLAIN --listen 127.0.0.1:0 --discard --transcript
      For testing a client: shows the dialogue, stores nothing, prints the port it got
  ehlo serve --fail rcpt=450:0.5 --delay message=3000
      Half of the recipients are refused for now, and each message takes three seconds
  ehlo serve --keytab mail.keytab --auth GSSAPI
      For members of a Kerberos realm (in a build with the feature gssapi)
  ehlo serve --hostname mail.example.org --cert cert.pem --key key.pem --users users.toml \\
      --listen '[::]:587' --listen-tls '[::]:465' --maildir /srv/mail
      For submission on a network
  ehlo serve --token-jwks https://id.example/certs --token-issuer https://id.example \\
      --token-audience smtp --token-claim preferred_username
      For users who log in by OAuth: their tokens are JWT of id.example

Signals: TERM and INT stop it when running transactions have finished, or at once the second time;
HUP reads the certificate and the users again.
Exit codes: 0 stopped, 64 wrong usage, 69 address not available, 77 not permitted, 78 configuration.";

/// Takes authenticated mail over TLS and stores it. Nothing is ever relayed.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Options {
    /// Take options from this TOML file too: the same names without the dashes in front; what is
    /// given here wins
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,

    /// Listen here, with STARTTLS; may repeat, and port 0 takes a free one
    /// [default: 127.0.0.1:2525, without any --listen-tls]
    #[arg(long, value_name = "ADDR:PORT", help_heading = LISTEN)]
    #[serde(deserialize_with = "list")]
    pub(crate) listen: Vec<String>,

    /// Listen here under TLS from the first octet; may repeat
    /// [default: 127.0.0.1:2465, without any --listen]
    #[arg(long, value_name = "ADDR:PORT", help_heading = LISTEN)]
    #[serde(deserialize_with = "list")]
    pub(crate) listen_tls: Vec<String>,

    /// The server's name, in its greeting and its trace fields [default: localhost]
    #[arg(long, value_name = "DOMAIN", help_heading = LISTEN)]
    pub(crate) hostname: Option<String>,

    /// Peers that begin with a PROXY protocol header (version 1 or 2) and have to; may repeat
    #[arg(long, value_name = "CIDR", help_heading = LISTEN)]
    #[serde(deserialize_with = "list")]
    pub(crate) proxy_protocol: Vec<Cidr>,

    /// Peers that may use XCLIENT and XFORWARD; may repeat
    #[arg(long, value_name = "CIDR", help_heading = LISTEN)]
    #[serde(deserialize_with = "list")]
    pub(crate) trust_xclient: Vec<Cidr>,

    /// The certificate and those that lead to its authority, PEM
    /// [default: one for localhost, self-signed and kept]
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    pub(crate) cert: Option<PathBuf>,

    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    pub(crate) key: Option<PathBuf>,

    /// Ask clients for a certificate of these authorities, PEM: with EXTERNAL, its first e-mail
    /// address, else its common name, is who the client is
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    pub(crate) client_ca: Option<PathBuf>,

    /// Whose certificates are, in place of that: such as fingerprint=3F:A2:…,user=tim, or
    /// san-email=*@example.org, where the user is the address; may repeat, and the first that is
    /// meant for a certificate decides. Keys: fingerprint and key-fingerprint (SHA-256), san-email,
    /// san-dns, common-name, user, may-act-as. In the file: [[client-certificate]] with these keys
    #[arg(long, value_name = "KEY=VALUE,…", help_heading = TLS)]
    pub(crate) client_certificate: Vec<CertificateRule>,

    /// Don't offer STARTTLS
    #[arg(long, help_heading = TLS)]
    pub(crate) no_starttls: bool,

    /// Refuse all but EHLO, STARTTLS, NOOP and QUIT without TLS (530)
    #[arg(long, help_heading = TLS)]
    pub(crate) require_tls: bool,

    /// A user and a password, kept in memory as given, so that it serves every mechanism; may
    /// repeat. For tests: other users of this machine may see it
    /// [default: a user `ehlo` with a random password]
    #[arg(long, value_name = "NAME:PASSWORD", help_heading = USERS, value_parser = hidden)]
    #[serde(deserialize_with = "secrets")]
    pub(crate) user: Vec<Secret>,

    /// A user and a bearer token for XOAUTH2 and OAUTHBEARER; may repeat. For tests: --token-jwks and
    /// --token-introspection are for others
    #[arg(long, value_name = "NAME:TOKEN", help_heading = USERS, value_parser = hidden)]
    #[serde(deserialize_with = "secrets")]
    pub(crate) token: Vec<Secret>,

    /// The users in this file, which `ehlo user` makes; it is read again when it changes
    #[arg(long, value_name = "FILE", help_heading = USERS)]
    pub(crate) users: Option<PathBuf>,

    /// The keys of the service in this keytab, for GSSAPI: who has a Kerberos ticket of its realm is a
    /// user, and with --users or --user one of those
    #[arg(long, value_name = "FILE", help_heading = USERS)]
    pub(crate) keytab: Option<PathBuf>,

    /// Take tickets for this service alone, such as smtp@mail.example.org
    /// [default: any that --keytab has a key of]
    #[arg(long, value_name = "SERVICE@HOST", help_heading = USERS)]
    pub(crate) service_name: Option<String>,

    /// Take any name with any password or token; together with --auth-optional, and without
    /// --local-domain, this server takes everything from everybody
    #[arg(long, help_heading = USERS)]
    pub(crate) accept_any: bool,

    /// The mechanisms of AUTH, in the order they are offered, or none; with each SCRAM-… goes its
    /// SCRAM-…-PLUS under TLS. DIGEST-MD5 and NTLM are for old clients, and take what `ehlo user
    /// --digest-md5` and `--ntlm` store, which is as good as a password
    /// [default: SCRAM-SHA-256 where every user has keys for it, PLAIN,LOGIN, and with them what
    /// --token, --token-jwks, --token-introspection, --client-ca and --keytab are for]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = USERS)]
    #[serde(deserialize_with = "words")]
    pub(crate) auth: Vec<AuthName>,

    /// Take mail from clients that have not authenticated too, but only for --local-domain and the
    /// postmaster
    #[arg(long, help_heading = USERS)]
    pub(crate) auth_optional: bool,

    /// Offer AUTH without TLS too: passwords cross the network in clear
    #[arg(long, help_heading = USERS)]
    pub(crate) allow_insecure_auth: bool,

    /// Take tokens that are JWT signed by one of these keys: a JSON Web Key Set in a file, which is
    /// read again when it changes, or at an https URL, from where it is fetched again every hour and
    /// for keys that are new. It takes --token-issuer and --token-audience
    #[arg(long, value_name = "FILE|URL", help_heading = TOKENS)]
    pub(crate) token_jwks: Option<String>,

    /// Ask at this https URL whether a token is good (RFC 7662), when it is neither in the list of
    /// --token nor a JWT of --token-jwks
    #[arg(long, value_name = "URL", help_heading = TOKENS)]
    pub(crate) token_introspection: Option<String>,

    /// Who asks there: a client's name. Without one, its secret is a bearer token
    #[arg(long, value_name = "NAME", help_heading = TOKENS)]
    pub(crate) token_client: Option<String>,

    /// Take that client's secret from the first line of this file
    #[arg(long, value_name = "FILE", help_heading = TOKENS)]
    pub(crate) token_secret_file: Option<PathBuf>,

    /// Take that client's secret from this environment variable
    #[arg(long, value_name = "VAR", help_heading = TOKENS)]
    pub(crate) token_secret_env: Option<String>,

    /// Who has to have issued a token: its `iss`, letter for letter
    #[arg(long, value_name = "ISSUER", help_heading = TOKENS)]
    pub(crate) token_issuer: Option<String>,

    /// For whom a token has to be: its `aud`; may repeat, for one of these
    #[arg(long, value_name = "NAME", help_heading = TOKENS)]
    #[serde(deserialize_with = "list")]
    pub(crate) token_audience: Vec<String>,

    /// What a token has to be good for: its `scope`; may repeat, for all of these
    #[arg(long, value_name = "SCOPE", help_heading = TOKENS)]
    #[serde(deserialize_with = "list")]
    pub(crate) token_scope: Vec<String>,

    /// The claim that says whose a token is, such as preferred_username or email; a client that
    /// gives a name has to give the same. Take one that no user can set
    /// [default: sub of a JWT, username or else sub of what is asked for]
    #[arg(long, value_name = "CLAIM", help_heading = TOKENS)]
    pub(crate) token_claim: Option<String>,

    /// Take JWT signed by these algorithms alone: RS256, RS384, RS512, PS256, PS384, PS512, ES256,
    /// ES384, EdDSA [default: all of them]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', help_heading = TOKENS)]
    #[serde(deserialize_with = "words")]
    pub(crate) token_algorithm: Vec<Algorithm>,

    /// Trust these authorities for the URLs, PEM [default: those this system trusts]
    #[arg(long, value_name = "FILE", help_heading = TOKENS)]
    pub(crate) token_ca: Option<PathBuf>,

    /// Seconds the issuer's clock may be off [default: 60]
    #[arg(long, value_name = "SECS|off", help_heading = TOKENS)]
    #[serde(deserialize_with = "one")]
    pub(crate) token_leeway: Option<Limit>,

    /// Seconds the issuer has to answer; after it the client is told to come back [default: 5]
    #[arg(long, value_name = "SECS", help_heading = TOKENS)]
    #[serde(deserialize_with = "one")]
    pub(crate) token_timeout: Option<Limit>,

    /// Seconds for which the answer about a good token is used again: as long, a token that is
    /// revoked still logs in [default: 60]
    #[arg(long, value_name = "SECS|off", help_heading = TOKENS)]
    #[serde(deserialize_with = "one")]
    pub(crate) token_cache: Option<Limit>,

    /// Who has not authenticated may write to this domain; may repeat. To any other it is 550 5.7.1
    #[arg(long, value_name = "DOMAIN", help_heading = MAIL)]
    #[serde(deserialize_with = "list")]
    pub(crate) local_domain: Vec<String>,

    /// Refuse this recipient with 550 5.1.1; may repeat
    #[arg(long, value_name = "ADDRESS", help_heading = MAIL)]
    #[serde(deserialize_with = "list")]
    pub(crate) reject_recipient: Vec<String>,

    /// The reverse-path must be the user who authenticated, or empty; else it is 550 5.7.1
    #[arg(long, help_heading = MAIL)]
    pub(crate) sender_must_match: bool,

    /// What to do with a message that has a CR or LF alone: refuse, accept or convert
    /// [default: refuse]
    #[arg(long, value_name = "HOW", help_heading = MAIL)]
    #[serde(deserialize_with = "one")]
    pub(crate) bare_newline: Option<BareNewline>,

    /// Store messages in this Maildir [default: ./mail]
    #[arg(long, value_name = "DIR", help_heading = STORE)]
    pub(crate) maildir: Option<PathBuf>,

    /// Take messages and forget them
    #[arg(long, help_heading = STORE)]
    pub(crate) discard: bool,

    /// Stop after so many messages
    #[arg(long, value_name = "N", help_heading = STORE)]
    #[serde(deserialize_with = "one")]
    pub(crate) exit_after: Option<Limit>,

    /// Octets of a message, with K, M or G behind it, or off [default: 64M]
    #[arg(long, value_name = "OCTETS|off", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_size: Option<Limit>,

    /// Recipients of a message [default: 1000]
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_recipients: Option<Limit>,

    /// Messages of a connection, after which it is closed with 421 [default: 1000]
    #[arg(long, value_name = "N|off", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_messages: Option<Limit>,

    /// Connections at once [default: 10000]
    #[arg(long, value_name = "N|off", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_connections: Option<Limit>,

    /// Connections at once from one address, or one /64 network of IPv6 [default: 100]
    #[arg(long, value_name = "N|off", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_connections_per_ip: Option<Limit>,

    /// Failed authentications of a connection [default: 5]
    #[arg(long, value_name = "N|off", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_auth_failures: Option<Limit>,

    /// Failed authentications at once from one address; one comes back every 30 seconds
    /// [default: 20]
    #[arg(long, value_name = "N|off", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_auth_failures_per_ip: Option<Limit>,

    /// Commands before authentication, where it is asked for [default: 10]
    #[arg(long, value_name = "N|off", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) max_unauthenticated_commands: Option<Limit>,

    /// Seconds to wait for a command, for more of a message, or for replies to be read
    /// [default: 300]
    #[arg(long, value_name = "SECS", help_heading = LIMITS)]
    #[serde(deserialize_with = "one")]
    pub(crate) idle_timeout: Option<Limit>,

    /// Speak LMTP: LHLO, and a reply for each recipient of a message
    #[arg(long, help_heading = PROTOCOL)]
    pub(crate) lmtp: bool,

    /// Take a domain or an address literal behind EHLO and HELO alone: another name, such as one
    /// with an underscore, is 501
    #[arg(long, help_heading = PROTOCOL)]
    pub(crate) strict_hello: bool,

    /// Offer these extensions too: DELIVERBY, FUTURERELEASE, MT-PRIORITY, REQUIRETLS, ETRN. What a
    /// client asks for with them is noted in the trace fields
    #[arg(long, value_name = "KEYWORD,…", value_delimiter = ',', help_heading = PROTOCOL)]
    #[serde(deserialize_with = "words")]
    pub(crate) offer: Vec<Extension>,

    /// Don't offer these: PIPELINING, SIZE, 8BITMIME, SMTPUTF8, CHUNKING, BINARYMIME, DSN,
    /// ENHANCEDSTATUSCODES, STARTTLS, HELP, LIMITS
    #[arg(long, value_name = "KEYWORD,…", value_delimiter = ',', help_heading = PROTOCOL)]
    #[serde(deserialize_with = "words")]
    pub(crate) hide: Vec<Extension>,

    /// Refuse with this code, always or as often as said, at connect, hello, auth, mail, rcpt, data
    /// or message; may repeat
    #[arg(long, value_name = "STAGE=CODE[:PROBABILITY]", help_heading = FAULTS)]
    #[serde(deserialize_with = "list")]
    pub(crate) fail: Vec<Fail>,

    /// Wait so many milliseconds at this stage; may repeat
    #[arg(long, value_name = "STAGE=MS", help_heading = FAULTS)]
    #[serde(deserialize_with = "list")]
    pub(crate) delay: Vec<Delay>,

    /// Show the dialogues, without credentials
    #[arg(long, help_heading = LOG)]
    pub(crate) transcript: bool,

    /// How the log on standard error is written: text or json [default: text]
    #[arg(long, value_name = "FORMAT", help_heading = LOG)]
    #[serde(deserialize_with = "one")]
    pub(crate) log_format: Option<LogFormat>,

    /// Show more; twice for all there is
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = LOG)]
    pub(crate) verbose: u8,

    /// Show warnings and errors alone
    #[arg(short, long, help_heading = LOG, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// Where it listens when nothing is said.
const USUAL: (&str, &str) = ("127.0.0.1:2525", "127.0.0.1:2465");

impl Options {
    /// These, and where they say nothing, those.
    pub(crate) fn or(self, those: Self) -> Self {
        macro_rules! merged {
            (skip: $($skipped:ident)*; values: $($value:ident)*; lists: $($list:ident)*;
             switches: $($switch:ident)*;) => {
                // All fields, so that none is forgotten.
                Self {
                    $($skipped: self.$skipped,)*
                    $($value: self.$value.or(those.$value),)*
                    $($list: if self.$list.is_empty() { those.$list } else { self.$list },)*
                    $($switch: self.$switch | those.$switch,)*
                }
            };
        }
        merged! {
            skip: config;
            values: hostname cert key client_ca users keytab service_name token_jwks
                token_introspection token_client token_secret_file token_secret_env token_issuer
                token_claim token_ca token_leeway token_timeout token_cache bare_newline maildir
                exit_after max_size
                max_recipients max_messages max_connections max_connections_per_ip max_auth_failures
                max_auth_failures_per_ip max_unauthenticated_commands idle_timeout log_format;
            lists: listen listen_tls proxy_protocol trust_xclient client_certificate user token token_audience token_scope
                token_algorithm auth local_domain
                reject_recipient offer hide fail delay;
            switches: no_starttls require_tls accept_any auth_optional allow_insecure_auth
                sender_must_match discard lmtp strict_hello transcript verbose quiet;
        }
    }

    /// Fills in where it listens.
    pub(crate) fn with_usual_addresses(mut self) -> Self {
        if self.listen.is_empty() && self.listen_tls.is_empty() {
            self.listen.push(USUAL.0.to_owned());
            self.listen_tls.push(USUAL.1.to_owned());
        }
        self
    }
}

/// Checks that this names a host and a port.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
        || text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains([':', '[', ']']) && port.parse::<u16>().is_ok()
        })
}
