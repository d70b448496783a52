//! DIGEST-MD5 and NTLM, and the functions they are made of.

use ::hmac::{Hmac, KeyInit, Mac};
use ehlo::sasl::client::{self, Credentials};
use ehlo::sasl::{DigestMd5Key, Mechanism, NtHash};
use ehlo::server::Event;
use ehlo_tests::text::base64;
use md4::Md4;
use md5::{Digest, Md5};
use serde_json::Value;

use crate::{AUTHENTICATED, FAILED, auth, decode, hex, text, under_tls};

pub(crate) fn md4_of_the_reference(vector: &Value) {
    assert_eq!(hex(&Md4::digest(text(vector, "message"))), text(vector, "digest"));
}

/// The parts of a digest (RFC 2831 section 2.1.2.1), with the password in ASCII.
struct Parts<'a> {
    username: &'a str,
    realm: &'a str,
    password: &'a str,
    nonce: &'a str,
    cnonce: &'a str,
    uri: &'a str,
}

impl Parts<'_> {
    fn key(&self) -> Vec<u8> {
        let Self { username, realm, password, .. } = self;
        Md5::digest(format!("{username}:{realm}:{password}")).to_vec()
    }

    /// `response-value` with this method, which the server has none of.
    fn response(&self, method: &str) -> String {
        let Self { nonce, cnonce, uri, .. } = self;
        let a1 = [self.key(), format!(":{nonce}:{cnonce}").into_bytes()].concat();
        let (a1, a2) = (hex(&Md5::digest(a1)), hex(&Md5::digest(format!("{method}:{uri}"))));
        hex(&Md5::digest(format!("{a1}:{nonce}:00000001:{cnonce}:auth:{a2}")))
    }
}

/// What stands in quotes behind `name=`.
fn quoted<'a>(message: &'a str, name: &str) -> &'a str {
    let (_, behind) = message.split_once(&format!("{name}=\"")).unwrap();
    behind.split_once('"').unwrap().0
}

pub(crate) fn digest_md5(vector: &Value) {
    let text = |key| text(vector, key);
    let published = Parts {
        username: text("username"),
        realm: text("realm"),
        password: text("password"),
        nonce: text("nonce"),
        cnonce: text("cnonce"),
        uri: text("digest_uri"),
    };
    assert_eq!((text("nc"), text("qop")), ("00000001", "auth"));
    assert_eq!(published.response("AUTHENTICATE"), text("response"));
    assert_eq!(published.response(""), text("rspauth"));
    let Parts { username, realm, password, .. } = published;
    let key = DigestMd5Key::new(username, realm, password.as_bytes());
    assert_eq!(key.to_bytes().to_vec(), published.key());

    // The machine's nonce and realm are its own; the reference answers it.
    for (given, right) in [(password, true), ("another", false)] {
        let mut dialogue = under_tls();
        dialogue.client("AUTH DIGEST-MD5\r\n");
        let challenge = decode(dialogue.server_says().strip_prefix("334 ").unwrap().trim_end());
        let (realm, nonce) = (quoted(&challenge, "realm"), quoted(&challenge, "nonce"));
        let uri = "smtp/mail.example.org";
        let parts = Parts { realm, nonce, uri, password: given, ..published };
        let message = format!(
            "charset=utf-8,username=\"{username}\",realm=\"{realm}\",nonce=\"{nonce}\",nc=00000001,\
             cnonce=\"{}\",digest-uri=\"{uri}\",response={},qop=auth",
            parts.cnonce,
            parts.response("AUTHENTICATE"),
        );
        dialogue.client(format!("{}\r\n", base64(message.as_bytes())));
        dialogue.answer(|event| match event {
            Event::DigestMd5(login) => {
                assert_eq!((login.username(), login.realm()), (username, realm));
                assert_eq!(login.password(password.as_bytes()), right);
            }
            other => panic!("{other:?}"),
        });
        if !right {
            assert_eq!(dialogue.server_says(), FAILED);
            continue;
        }
        let proof = base64(format!("rspauth={}", parts.response("")).as_bytes());
        assert_eq!(dialogue.server_says(), format!("334 {proof}\r\n"));
        dialogue.client("\r\n");
        assert_eq!(dialogue.server_says(), AUTHENTICATED);
    }

    // So is our client's, and it answers as the reference does.
    let credentials = Credentials::password(username, password).nonce([1; 16]);
    let exchange = client::Exchange::new(Mechanism::DigestMd5, credentials).unwrap();
    let mut exchange = exchange.host("elwood.innosoft.com", 587);
    let challenge = format!(
        "realm=\"{realm}\",nonce=\"{}\",qop=\"auth\",algorithm=md5-sess,charset=utf-8",
        published.nonce
    );
    let mut out = [0; 400];
    let step = exchange.step(Some(challenge.as_bytes()), &mut out).unwrap();
    let client::Step::Respond(n) = step else { panic!("{step:?}") };
    let said = core::str::from_utf8(&out[..n]).unwrap();
    let cnonce = quoted(said, "cnonce").to_owned();
    let parts = Parts { cnonce: &cnonce, uri: quoted(said, "digest-uri"), ..published };
    assert_eq!(parts.uri, "smtp/elwood.innosoft.com");
    let response = parts.response("AUTHENTICATE");
    assert!(said.contains(&format!("response={response}")), "{said}");
    let proof = format!("rspauth={}", parts.response(""));
    assert_eq!(exchange.step(Some(proof.as_bytes()), &mut out), Ok(client::Step::Respond(0)));
    assert!(exchange.is_complete());
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).unwrap();
    mac.update(&parts.concat());
    mac.finalize().into_bytes().to_vec()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn octets(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| core::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// AUTHENTICATE (MS-NLMP section 2.2.1.3) with these parts, in Unicode.
fn authenticate(domain: &[u8], user: &[u8], response: &[u8]) -> Vec<u8> {
    let mut at = 64_u16;
    let mut field = |length: usize| {
        let length = u16::try_from(length).unwrap();
        let place = at;
        at += length;
        [length.to_le_bytes(), length.to_le_bytes(), place.to_le_bytes(), [0; 2]].concat()
    };
    let fields = [0, response.len(), domain.len(), user.len(), 0, 0].map(&mut field).concat();
    let head = b"NTLMSSP\0\x03\0\0\0".to_vec();
    [head, fields, vec![5, 0x82, 0x88, 0], response.to_vec(), domain.to_vec(), user.to_vec()]
        .concat()
}

pub(crate) fn ntlm(vector: &Value) {
    let text = |key| text(vector, key);
    let parts = ["server_challenge", "client_challenge", "timestamp", "target_info"];
    let [server, client, time, information] = parts.map(|key| octets(text(key)));
    let (user, domain) = (utf16(&text("user").to_uppercase()), utf16(text("domain")));
    let hash = Md4::digest(utf16(text("password"))).to_vec();
    assert_eq!(hex(&hash), text("ntowfv1"));
    assert_eq!(NtHash::new(text("password")).to_bytes().to_vec(), hash);
    let key = hmac(&hash, &[&user, &domain]);
    assert_eq!(hex(&key), text("ntowfv2"));
    let version = [1, 1, 0, 0, 0, 0, 0, 0];
    let temp = [&version[..], &time, &client, &[0; 4], &information, &[0; 4]].concat();
    let proof = hmac(&key, &[&server, &temp]);
    assert_eq!(hex(&proof), text("ntproofstr"));
    assert_eq!(hex(&[&proof[..], &temp].concat()), text("ntlmv2_response"));
    let lm = [hmac(&key, &[&server, &client]), client.clone()].concat();
    assert_eq!(hex(&lm), text("lmv2_response"));
    assert_eq!(hex(&hmac(&key, &[&proof])), text("session_base_key"));

    // The machine's challenge is its own; the reference answers it.
    for (password, right) in [(text("password"), true), ("another", false)] {
        let mut dialogue = under_tls();
        let negotiate = [&b"NTLMSSP\0\x01\0\0\0\x05\x82\x08\0"[..], &[0; 16]].concat();
        auth(&mut dialogue, "NTLM", &base64(&negotiate));
        let challenge = {
            use ::base64::Engine;
            let said = dialogue.server_says();
            let said = said.strip_prefix("334 ").unwrap().trim_end();
            ::base64::engine::general_purpose::STANDARD.decode(said).unwrap()
        };
        assert!(challenge.starts_with(b"NTLMSSP\0\x02\0\0\0"));
        let hash = Md4::digest(utf16(password));
        let key = hmac(&hash, &[&user, &domain]);
        let proof = hmac(&key, &[&challenge[24..32], &temp]);
        let response = [&proof[..], &temp].concat();
        let message = authenticate(&domain, &utf16(text("user")), &response);
        dialogue.client(format!("{}\r\n", base64(&message)));
        dialogue.answer(|event| match event {
            Event::Ntlm(login) => {
                assert!(login.username() == *text("user") && login.domain() == *text("domain"));
                assert_eq!(login.verify_password(text("password")), right);
                if right { login.accept() } else { login.reject() }
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(dialogue.server_says(), if right { AUTHENTICATED } else { FAILED });
    }
}
