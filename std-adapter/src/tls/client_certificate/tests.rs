use super::*;
use rcgen::{CertificateParams, CertifiedIssuer, DistinguishedName, DnType, KeyPair, SanType};

fn email(text: &str) -> SanType {
    SanType::Rfc822Name(text.try_into().unwrap())
}

fn domain(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

/// A certificate of this key with these names.
fn certificate_of(
    key: &KeyPair,
    common_name: Option<&str>,
    names: Vec<SanType>,
) -> ClientCertificate {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = names;
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    ClientCertificate::parse(params.signed_by(key, &authority).unwrap().der()).unwrap()
}

fn certificate(common_name: Option<&str>, names: Vec<SanType>) -> ClientCertificate {
    certificate_of(&KeyPair::generate().unwrap(), common_name, names)
}

fn rules(rules: &[&str]) -> CertificateRules {
    rules.iter().map(|rule| rule.parse::<CertificateRule>().unwrap()).collect()
}

fn user(text: &str, certificate: &ClientCertificate) -> Option<String> {
    rules(&[text]).user(certificate, None).map(str::to_owned).ok()
}

#[test]
fn a_certificate_is_known_by_its_fingerprint_and_its_key() {
    let key = KeyPair::generate().unwrap();
    let (first, renewed) = (certificate_of(&key, None, vec![]), certificate_of(&key, None, vec![]));
    assert_ne!(first.fingerprint(), renewed.fingerprint());
    assert_eq!(first.key_fingerprint(), renewed.key_fingerprint());
    // The key's is that of the octets rcgen puts there.
    let spki = rcgen::PublicKeyData::subject_public_key_info(&key);
    assert_eq!(*first.key_fingerprint(), <[u8; 32]>::from(Sha256::digest(&spki)));

    let digits = hexadecimal(first.fingerprint());
    let upper = digits.to_uppercase();
    let colons: Vec<&str> =
        upper.as_bytes().chunks(2).map(|two| str::from_utf8(two).unwrap()).collect();
    for text in [digits.clone(), colons.join(":")] {
        let rule = format!("fingerprint={text},user=tim");
        assert_eq!(user(&rule, &first).as_deref(), Some("tim"), "{rule}");
        assert_eq!(user(&rule, &renewed), None);
    }
    let rule = format!("key-fingerprint={},user=tim", hexadecimal(first.key_fingerprint()));
    assert_eq!(user(&rule, &renewed).as_deref(), Some("tim"));
    assert_eq!(user(&rule, &certificate(None, vec![])), None);
}

#[test]
fn names_fit_as_they_are_written() {
    let found = certificate(
        Some("Gate 7"),
        vec![domain("a.hosts.example"), email("Tim@Example.org"), email("tim@sub.example.org")],
    );
    for (rule, expected) in [
        ("san-email=Tim@example.ORG", Some("Tim@Example.org")),
        ("san-email=Tim@example.org,user=tim", Some("tim")),
        ("san-email=tim@example.org", None),
        ("san-email=*@example.org", Some("Tim@Example.org")),
        ("san-email=*@SUB.example.org", Some("tim@sub.example.org")),
        ("san-email=*@org", None),
        ("san-email=*@ple.org", None),
        ("san-email=a.hosts.example@example.org", None),
        ("san-dns=A.hosts.example", Some("a.hosts.example")),
        ("san-dns=*.hosts.example,user=a host", Some("a host")),
        ("san-dns=*.example", None),
        ("san-dns=hosts.example", None),
        ("san-dns=example.org", None),
        ("common-name=Gate 7", Some("Gate 7")),
        ("common-name=gate 7", None),
        ("common-name=*", Some("Gate 7")),
        // All of it has to fit.
        ("common-name=Gate 7,san-dns=a.hosts.example,user=gate", Some("gate")),
        ("common-name=Gate 7,san-dns=b.hosts.example,user=gate", None),
    ] {
        assert_eq!(user(rule, &found).as_deref(), expected, "{rule}");
    }
    let nameless = certificate(None, vec![]);
    for rule in ["common-name=*", "san-email=*@example.org", "san-dns=*.example"] {
        assert_eq!(user(rule, &nameless), None, "{rule}");
    }
}

#[test]
fn a_name_that_would_not_print_as_what_it_is_is_none() {
    let found = certificate(Some("tim\0.evil"), vec![email("tim@example.org\r\nX: y")]);
    assert_eq!((found.common_name(), found.emails().len()), (None, 0));
    assert_eq!(user("common-name=*", &found), None);
    assert_eq!(ClientCertificate::parse(b"none"), None);
}

#[test]
fn a_star_in_the_certificate_fits_nothing_but_itself() {
    let found = certificate(Some("*"), vec![domain("*.example.org")]);
    assert_eq!(user("san-dns=*.example.org", &found), None);
    assert_eq!(user("common-name=tim", &found), None);
    let found = certificate(None, vec![domain("a*.example.org")]);
    assert_eq!(user("san-dns=*.example.org", &found), None);
}

#[test]
fn the_first_rule_that_is_meant_decides() {
    let all =
        rules(&["common-name=gate,user=one", "common-name=*,user=two", "san-email=*@example.org"]);
    let found = certificate(Some("gate"), vec![email("tim@example.org")]);
    assert_eq!(all.user(&found, None), Ok("one"));
    // It isn't looked further for one that would let it.
    assert_eq!(all.user(&found, Some("two")), Err(NotMapped::Identity));
    assert_eq!(all.user(&certificate(Some("other"), vec![]), None), Ok("two"));
    assert_eq!(
        all.user(&certificate(None, vec![email("tim@example.org")]), None),
        Ok("tim@example.org")
    );
    assert_eq!(all.user(&certificate(None, vec![]), None), Err(NotMapped::NoRule));
    assert_eq!(rules(&[]).user(&found, None), Err(NotMapped::NoRule));
}

#[test]
fn who_is_asked_for_has_to_be_the_user_or_permitted() {
    let all = rules(&["common-name=gate,user=gate,may-act-as=tim,may-act-as=anna@example.org"]);
    let gate = certificate(Some("gate"), vec![]);
    assert_eq!(all.user(&gate, None), Ok("gate"));
    assert_eq!(all.user(&gate, Some("gate")), Ok("gate"));
    assert_eq!(all.user(&gate, Some("tim")), Ok("tim"));
    assert_eq!(all.user(&gate, Some("anna@EXAMPLE.org")), Ok("anna@example.org"));
    for other in ["Tim", "bob", "", "gate\0"] {
        assert_eq!(all.user(&gate, Some(other)), Err(NotMapped::Identity), "{other:?}");
    }
    // Of several addresses that fit the client says which.
    let names = vec![email("a@example.org"), email("b@example.net"), email("c@example.org")];
    let (all, found) = (rules(&["san-email=*@example.org"]), certificate(None, names));
    assert_eq!(all.user(&found, None), Ok("a@example.org"));
    assert_eq!(all.user(&found, Some("c@example.org")), Ok("c@example.org"));
    assert_eq!(all.user(&found, Some("b@example.net")), Err(NotMapped::Identity));
}

#[test]
fn a_rule_that_is_none_says_what_it_lacks() {
    for (rule, words) in [
        ("", "KEY=VALUE"),
        ("tim", "KEY=VALUE"),
        ("user=tim", "something to go by"),
        ("fingerprint=00,user=tim", "64 hexadecimal digits"),
        (&format!("fingerprint={}", "0".repeat(64)), "Give a user"),
        (&format!("fingerprint={}0,user=tim", "0".repeat(64)), "64 hexadecimal digits"),
        (&format!("fingerprint={}é,user=tim", "0".repeat(63)), "64 hexadecimal digits"),
        ("san-email=example.org", "*@DOMAIN"),
        ("san-email=a*@example.org", "*@DOMAIN"),
        ("san-email=*@*", "*@DOMAIN"),
        ("san-email=@example.org", "*@DOMAIN"),
        ("san-dns=a.*.example", "*.DOMAIN"),
        ("san-dns=*.", "*.DOMAIN"),
        ("san-dns=tim@example.org", "*.DOMAIN"),
        ("common-name=", "or * for any"),
        ("common-name=a,san-dns=b", "Give a user"),
        ("common-name=a,user=", "a user has a name"),
        ("common-name=a,common-name=b", "twice"),
        ("serial=1,user=tim", "is no key"),
    ] {
        let error = rule.parse::<CertificateRule>().unwrap_err().to_string();
        assert!(error.contains(words), "{rule}: {error}");
    }
}

#[test]
fn rules_are_read_from_toml() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct File {
        client_certificate: Vec<CertificateRule>,
    }
    let text = "[[client-certificate]]\ncommon-name = \"gate\"\nuser = \"tim\"\nmay-act-as = [\"anna\"]\n\
                [[client-certificate]]\nsan-email = \"*@example.org\"\n";
    let file: File = toml::from_str(text).unwrap();
    let written = ["common-name=gate,user=tim,may-act-as=anna", "san-email=*@example.org"];
    assert_eq!(CertificateRules::new(file.client_certificate), rules(&written));
    for (text, words) in [("x = 1", "unknown field"), ("user = \"tim\"", "something to go by")] {
        let error = toml::from_str::<CertificateRule>(text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn it_prints_as_a_rule_would_be_written() {
    let found = certificate(Some("gate"), vec![email("tim@example.org"), domain("gate.example")]);
    let text = found.to_string();
    assert!(
        text.starts_with(
            "san-email=tim@example.org, san-dns=gate.example, common-name=gate, fingerprint="
        ),
        "{text}"
    );
    let fingerprint = text.rsplit_once(' ').unwrap().1;
    assert_eq!(user(&format!("{fingerprint},user=tim"), &found).as_deref(), Some("tim"));
}
