//! The published test vectors of `vectors.json`, driven through the server machine; those that a client says
//! through the client machine as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod client;
mod encodings;
mod historic;
mod passwords;
mod scram;
mod tokens;

use ehlo::sasl::Mechanism;
use ehlo::server::Config;
use ehlo_tests::dialogue::Dialogue;
use serde_json::Value;

/// Kinds that wait for their mechanism or are proven elsewhere, with what they wait for.
const NOT_YET: [(&str, &str); 2] = [
    ("tls-exporter", "the adapter, which has the TLS connection"),
    ("saslprep", "the adapter, which has the tables of Unicode"),
];

const NO_DELAY: ehlo::limits::Limits = {
    let mut limits = ehlo::limits::Limits::new();
    limits.auth_failure_delay = core::time::Duration::ZERO;
    limits
};

const ANY_IDENTITY: ehlo::policy::Policy = {
    let mut policy = ehlo::policy::Policy::new();
    policy.authorization_identity = true;
    policy
};

static CONFIG: Config<'static> = Config::new("mail.example.org")
    .auth(&[
        Mechanism::Plain,
        Mechanism::Login,
        Mechanism::CramMd5,
        Mechanism::Xoauth2,
        Mechanism::OauthBearer,
        Mechanism::ScramSha1,
        Mechanism::ScramSha256,
        Mechanism::DigestMd5,
        Mechanism::Ntlm,
        Mechanism::Anonymous,
        Mechanism::Application("X-RAW"),
    ])
    .policy(ANY_IDENTITY)
    .limits(NO_DELAY);
static OPEN: Config<'static> = Config::new("mail.example.org");

const AUTHENTICATED: &str = "235 2.7.0 authentication succeeded\r\n";
const FAILED: &str = "535 5.7.8 authentication failed\r\n";
const NOT_BASE64: &str = "501 5.5.2 the response is not valid base64\r\n";

fn vectors() -> Vec<Value> {
    let text = include_str!("../../vectors.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_else(|| panic!("{key} in {vector}"))
}

#[test]
fn every_vector_is_kept_or_waits_for_its_mechanism() {
    let mut kept = 0;
    for vector in &vectors() {
        let check: fn(&Value) = match text(vector, "kind") {
            "base64" => encodings::base64_is_decoded,
            "base64-invalid" | "base64-noncanonical" => encodings::base64_is_refused,
            "plain" => passwords::plain,
            "plain-invalid" => passwords::plain_is_refused,
            "login" => passwords::login,
            "cram-md5" => passwords::cram_md5,
            "md5" => passwords::md5_of_the_reference,
            "hmac" if text(vector, "hash") == "md5" => passwords::hmac_of_the_reference,
            "hmac" => scram::hmac_of_the_scram_reference,
            "pbkdf2" => scram::pbkdf2,
            "scram" => scram::scram,
            "scram-username" => scram::scram_username,
            "scram-errors" => scram::scram_errors,
            "xoauth2" => tokens::xoauth2,
            "xoauth2-error" => tokens::xoauth2_error,
            "oauthbearer" => tokens::oauthbearer,
            "oauthbearer-error" => tokens::oauthbearer_error,
            "md4" => historic::md4_of_the_reference,
            "digest-md5" => historic::digest_md5,
            "ntlmv2" => historic::ntlm,
            "anonymous" => passwords::anonymous,
            "mail-auth-param" => encodings::mail_auth_parameter,
            "xtext-invalid" => encodings::xtext_is_refused,
            "empty-challenge" => encodings::empty_challenge,
            "dot-stuffing" => encodings::dot_stuffing,
            other => {
                let waits = NOT_YET.iter().any(|(kind, _)| *kind == other);
                assert!(waits, "nothing is done with the vectors of kind {other}");
                continue;
            }
        };
        check(vector);
        kept += 1;
    }
    assert!(kept >= 54, "only {kept} vectors were looked at");
}

fn under_tls() -> Dialogue<'static> {
    let mut dialogue = Dialogue::server(&CONFIG).tls();
    dialogue.client("EHLO client.example.org\r\n");
    dialogue
}

/// Sends AUTH with an initial response, `=` for an empty one.
fn auth<'d>(
    dialogue: &'d mut Dialogue<'static>,
    mechanism: &str,
    encoded: &str,
) -> &'d mut Dialogue<'static> {
    let encoded = if encoded.is_empty() { "=" } else { encoded };
    dialogue.client(format!("AUTH {mechanism} {encoded}\r\n"))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn decode(encoded: &str) -> String {
    use ::base64::Engine;
    let octets = ::base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    String::from_utf8(octets).unwrap()
}
