//! Client certificates: `ehlo send` logs in by EXTERNAL at `ehlo serve`, whose rules say who that is.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    SanType,
};

use crate::program::{Ehlo, command};

/// Writes an authority, and certificates of it by these names: common name and address.
fn certificates(folder: &Path, names: &[(&str, Option<&str>, Option<&str>)]) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    for (file, common_name, address) in names {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        if let Some(address) = address {
            params.subject_alt_names.push(SanType::Rfc822Name((*address).try_into().unwrap()));
        }
        let certificate = params.signed_by(&key, &authority).unwrap();
        let pem = certificate.pem() + &key.serialize_pem();
        fs::write(folder.join(file).with_extension("pem"), pem).unwrap();
    }
}

/// `ehlo send` with this certificate, as this user where one is named.
fn send(ehlo: &Ehlo, certificate: &str, user: Option<&str>) -> (i32, String) {
    let server = format!("localhost:{}", ehlo.listening[0].port());
    let mut command = command(ehlo.folder());
    command.args(["send", "--server", &server, "--auth", "EXTERNAL"]);
    command.args(["--client-cert", certificate, "--client-key", certificate]);
    if let Some(user) = user {
        command.args(["--user", user]);
    }
    command.args(["--from", "me@example.com", "--to", "you@example.org", "--body", "hello"]);
    let output = command.arg("--ca").arg(ehlo.certificate()).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

#[track_caller]
fn logs_in(ehlo: &Ehlo, certificate: &str, user: Option<&str>, as_whom: &str) {
    let before = ehlo.messages().len();
    let (code, said) = send(ehlo, certificate, user);
    assert_eq!(code, 0, "{said}\n{}", ehlo.log());
    let messages = ehlo.messages();
    assert_eq!(messages.len(), before + 1);
    let message = String::from_utf8(messages.last().unwrap().clone()).unwrap();
    assert!(message.contains(&format!("(authenticated as {as_whom})")), "{message}");
}

#[track_caller]
fn refused(ehlo: &Ehlo, certificate: &str, user: Option<&str>, why: &str) {
    let (code, said) = send(ehlo, certificate, user);
    assert_eq!(code, 77, "{said}");
    ehlo.wait_for_log(why);
}

#[test]
fn rules_say_whose_a_certificate_is() {
    let folder = tempfile::tempdir().unwrap();
    certificates(
        folder.path(),
        &[
            ("gate", Some("gate"), None),
            ("tim", Some("Tim"), Some("tim@example.org")),
            ("nobody", None, None),
            ("other", Some("other"), Some("tim@example.net")),
        ],
    );
    let openssl_prints = {
        let pem = fs::read_to_string(folder.path().join("nobody.pem")).unwrap();
        let text: String = pem.lines().skip(1).take_while(|line| !line.starts_with('-')).collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, &der);
        digest.as_ref().iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":")
    };
    let text = format!(
        "client-ca = \"ca.pem\"\nlisten = \"127.0.0.1:0\"\n\
         [[client-certificate]]\nfingerprint = \"{openssl_prints}\"\nuser = \"sensor\"\n\
         [[client-certificate]]\nsan-email = \"*@example.org\"\n\
         [[client-certificate]]\ncommon-name = \"gate\"\nuser = \"gateway\"\nmay-act-as = [\"anna\"]\n"
    );
    fs::write(folder.path().join("ehlo.toml"), text).unwrap();
    // Users are no hindrance: who a certificate is the rules say alone.
    let options = ["serve", "--config", "ehlo.toml", "--user", "bob:secret"];
    let ehlo = Ehlo::start(folder, &options);
    logs_in(&ehlo, "nobody.pem", None, "sensor");
    logs_in(&ehlo, "tim.pem", None, "tim@example.org");
    logs_in(&ehlo, "tim.pem", Some("tim@EXAMPLE.org"), "tim@example.org");
    logs_in(&ehlo, "gate.pem", None, "gateway");
    logs_in(&ehlo, "gate.pem", Some("anna"), "anna");
    refused(&ehlo, "gate.pem", Some("bob"), "may not act as who is asked for");
    refused(&ehlo, "gate.pem", Some("gate"), "may not act as who is asked for");
    refused(&ehlo, "other.pem", None, "no rule is meant for the client's certificate");
    ehlo.wait_for_log("san-email=tim@example.net, common-name=other, fingerprint=");
}

#[test]
fn without_rules_a_certificate_is_its_addresses_or_else_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        ("gate", Some("gate"), None),
        ("tim", Some("Tim"), Some("tim@example.org")),
        ("nobody", None, None),
    ];
    certificates(folder.path(), &names);
    let ehlo = Ehlo::in_folder(folder, &["--client-ca", "ca.pem"]);
    logs_in(&ehlo, "gate.pem", None, "gate");
    logs_in(&ehlo, "tim.pem", Some("tim@example.org"), "tim@example.org");
    refused(&ehlo, "tim.pem", Some("gate"), "authentication failed");
    refused(&ehlo, "nobody.pem", None, "the client's certificate names nobody");

    let folder = ehlo.into_folder();
    let ehlo = Ehlo::in_folder(folder, &["--client-ca", "ca.pem", "--user", "gate:secret"]);
    logs_in(&ehlo, "gate.pem", None, "gate");
    refused(&ehlo, "tim.pem", None, "tim@example.org failed to authenticate by EXTERNAL");
}

#[test]
fn rules_on_the_command_line_do_the_same() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), &[("gate", Some("gate"), None), ("other", Some("other"), None)]);
    let rule = "common-name=gate,user=gateway,may-act-as=anna,may-act-as=tim";
    let options = ["--client-ca", "ca.pem", "--client-certificate", rule];
    let ehlo = Ehlo::in_folder(folder, &options);
    logs_in(&ehlo, "gate.pem", Some("tim"), "tim");
    refused(&ehlo, "other.pem", None, "no rule is meant");
}
