use super::key;
use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{self as signing, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use serde_json::{Value, json};
use std::fs;

/// RFC 7515 appendix A.2 and A.3, RFC 8037 appendix A.4.
const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn vectors() -> [(Algorithm, Value, String); 3] {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-\
             SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-\
             UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et\
             hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let rs256 = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds\
                 9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZR\
                 mB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs9\
                 8rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    [
        (
            Algorithm::Rs256,
            json!({"kty": "RSA", "n": n, "e": "AQAB"}),
            format!("eyJhbGciOiJSUzI1NiJ9.{CLAIMS}.{rs256}"),
        ),
        (
            Algorithm::Es256,
            json!({
                "kty": "EC", "crv": "P-256",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
            }),
            format!(
                "eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQ\
                 xfKTUJqPP3-Kg6NU1Q"
            ),
        ),
        (
            Algorithm::EdDsa,
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dW\
             bhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
                .to_owned(),
        ),
    ]
}

fn keys(list: Value) -> Result<Vec<Key>, key::NoKeys> {
    key::parse(json!({ "keys": list }).to_string().as_bytes())
}

#[test]
fn the_examples_of_the_rfcs_verify_and_with_any_octet_changed_they_do_not() {
    for (algorithm, jwk, token) in vectors() {
        let key = keys(json!([jwk])).unwrap().remove(0);
        let right = Compact::parse(&token).unwrap_or_else(|why| panic!("{algorithm}: {why}"));
        assert_eq!(right.algorithm, algorithm);
        assert!(key.verify(algorithm, right.message.as_bytes(), &right.signature), "{algorithm}");
        for at in 0..right.signature.len() {
            let mut wrong = right.signature.clone();
            wrong[at] ^= 1;
            assert!(!key.verify(algorithm, right.message.as_bytes(), &wrong), "{algorithm} {at}");
        }
        for at in 0..right.message.len() {
            let mut wrong = right.message.as_bytes().to_vec();
            wrong[at] ^= 1;
            assert!(!key.verify(algorithm, &wrong, &right.signature), "{algorithm} {at}");
        }
        // No other algorithm with the same key.
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(!key.verify(other, right.message.as_bytes(), &right.signature), "{other}");
        }
    }
}

#[test]
fn a_key_is_used_for_what_it_is_for() {
    let [_, (_, ec, _), _] = vectors();
    let with = |name: &str, value: Value| {
        let mut key = ec.clone();
        key[name] = value;
        keys(json!([key]))
    };
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("ECDH-ES")),
        ("alg", json!("HS256")),
        ("alg", json!("none")),
        ("crv", json!("P-521")),
        ("crv", json!("secp256k1")),
        ("kty", json!("oct")),
        ("kty", json!("RSA")),
        ("x", json!("AAAA")),
        ("x", json!(7)),
        ("y", Value::Null),
    ] {
        assert_eq!(with(name, value.clone()), Err(key::NoKeys::Empty), "{name} {value}");
    }
    for (name, value) in [
        ("use", json!("sig")),
        ("key_ops", json!(["verify"])),
        ("alg", json!("ES256")),
        ("x5c", json!([])),
    ] {
        assert!(with(name, value).unwrap()[0].is_for(Algorithm::Es256));
    }
    // The set says which of the algorithms.
    let [(_, rsa, _), ..] = vectors();
    let mut only = rsa;
    only["alg"] = json!("PS256");
    let key = keys(json!([only])).unwrap().remove(0);
    assert!(key.is_for(Algorithm::Ps256) && !key.is_for(Algorithm::Rs256));
}

#[test]
fn what_is_no_set_of_keys_is_refused() {
    for json in ["", "[]", "{}", "{\"keys\": {}}", "{\"keys\": [}"] {
        assert_eq!(key::parse(json.as_bytes()), Err(key::NoKeys::Malformed), "{json}");
    }
    let [_, (_, ec, _), _] = vectors();
    assert_eq!(keys(json!(vec![ec.clone(); 65])), Err(key::NoKeys::TooMany));
    // A key that can't be read hides no other.
    assert_eq!(keys(json!([7, {"kty": "oct", "k": "AAAA"}, ec])).unwrap().len(), 1);
}

/// Somebody who signs, by all there is.
struct Signer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let curve = |kind| {
            let octets = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
            EcdsaKeyPair::from_pkcs8(kind, octets.as_ref(), &random).unwrap()
        };
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Self {
            rsa: RsaKeyPair::from_pkcs8(include_bytes!("../../../tests/tokens/rsa.pk8")).unwrap(),
            p256: curve(&signing::ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: curve(&signing::ECDSA_P384_SHA384_FIXED_SIGNING),
            ed25519: Ed25519KeyPair::from_pkcs8(ed25519.as_ref()).unwrap(),
        }
    }

    fn set(&self) -> Value {
        let text = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let half = |key: &EcdsaKeyPair, at: usize, length: usize| {
            text(&key.public_key().as_ref()[1 + at * length..][..length])
        };
        let signing::RsaPublicKeyComponents::<Vec<u8>> { n, e } = self.rsa.public().into();
        json!({"keys": [
            // As some write it: with a zero in front.
            {"kty": "RSA", "kid": "r", "n": text(&[&[0], &*n].concat()), "e": text(&e)},
            {"kty": "EC", "crv": "P-256", "kid": "p", "x": half(&self.p256, 0, 32), "y": half(&self.p256, 1, 32)},
            {"kty": "EC", "crv": "P-384", "kid": "q", "x": half(&self.p384, 0, 48), "y": half(&self.p384, 1, 48)},
            {"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": text(self.ed25519.public_key().as_ref())},
        ]})
    }

    fn sign(&self, algorithm: Algorithm, header: &Value, claims: &Value) -> String {
        let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", text(header), text(claims));
        let random = SystemRandom::new();
        let rsa = |padding: &'static dyn signing::RsaEncoding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(padding, &random, message.as_bytes(), &mut signature).unwrap();
            signature
        };
        let octets = message.as_bytes();
        let signature = match algorithm {
            Algorithm::Rs256 => rsa(&signing::RSA_PKCS1_SHA256),
            Algorithm::Rs384 => rsa(&signing::RSA_PKCS1_SHA384),
            Algorithm::Rs512 => rsa(&signing::RSA_PKCS1_SHA512),
            Algorithm::Ps256 => rsa(&signing::RSA_PSS_SHA256),
            Algorithm::Ps384 => rsa(&signing::RSA_PSS_SHA384),
            Algorithm::Ps512 => rsa(&signing::RSA_PSS_SHA512),
            Algorithm::Es256 => self.p256.sign(&random, octets).unwrap().as_ref().to_vec(),
            Algorithm::Es384 => self.p384.sign(&random, octets).unwrap().as_ref().to_vec(),
            Algorithm::EdDsa => self.ed25519.sign(octets).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "smtp", "sub": "tim", "exp": 4_000_000_000_u64})
}

async fn whose(jwt: &Jwt, token: &str) -> Result<String, String> {
    let grant = jwt.verify(&Presented::new(token)).await;
    grant.map(|grant| grant.username().to_owned()).map_err(|why| why.to_string())
}

fn verifier(signer: &Signer, folder: &std::path::Path) -> Jwt {
    let path = folder.join("jwks.json");
    fs::write(&path, signer.set().to_string()).unwrap();
    Jwt::new(Jwks::file(path).unwrap(), "https://id.example", "smtp")
}

#[tokio::test]
async fn every_algorithm_verifies_with_a_key_id_and_without() {
    let (signer, folder) = (Signer::new(), tempfile::tempdir().unwrap());
    let jwt = verifier(&signer, folder.path());
    for (index, algorithm) in Algorithm::ALL.into_iter().enumerate() {
        let id = ["r", "r", "r", "r", "r", "r", "p", "q", "e"][index];
        for header in [
            json!({"alg": algorithm.name(), "kid": id, "typ": "at+jwt"}),
            json!({"alg": algorithm.name(), "typ": "application/AT+JWT"}),
            json!({"alg": algorithm.name(), "typ": "JWT"}),
        ] {
            let token = signer.sign(algorithm, &header, &claims());
            assert_eq!(whose(&jwt, &token).await.as_deref(), Ok("tim"), "{header}");
        }
    }
    let token = signer.sign(Algorithm::EdDsa, &json!({"alg": "Ed25519"}), &claims());
    assert_eq!(whose(&jwt, &token).await.as_deref(), Ok("tim"));
}

#[tokio::test]
async fn a_header_that_asks_for_anything_else_is_refused() {
    let (signer, folder) = (Signer::new(), tempfile::tempdir().unwrap());
    let jwt = verifier(&signer, folder.path());
    for (header, words) in [
        (json!({"alg": "none", "kid": "p"}), "alg"),
        (json!({"alg": "HS256", "kid": "p"}), "alg"),
        (json!({"alg": "es256", "kid": "p"}), "alg"),
        (json!({"alg": "RS256", "kid": "p"}), "signature"),
        (json!({"alg": "ES256", "kid": "r"}), "signature"),
        (json!({"alg": "ES256", "kid": "s"}), "kid"),
        (json!({"alg": "ES256", "kid": "p", "crit": ["b64"]}), "crit"),
        (json!({"alg": "ES256", "kid": "p", "crit": []}), "crit"),
        (json!({"alg": "ES256", "kid": "p", "typ": "logout+jwt"}), "typ"),
        (json!({"kid": "p"}), "no signed JWT"),
        (json!(["ES256"]), "no signed JWT"),
    ] {
        let refusal = whose(&jwt, &signer.sign(Algorithm::Es256, &header, &claims())).await;
        assert!(refusal.as_ref().is_err_and(|why| why.contains(words)), "{header}: {refusal:?}");
    }
    let only = verifier(&signer, folder.path()).algorithms([Algorithm::Rs256]);
    let token = signer.sign(Algorithm::Es256, &json!({"alg": "ES256", "kid": "p"}), &claims());
    assert!(whose(&only, &token).await.is_err_and(|why| why.contains("isn't allowed")));
}

#[tokio::test]
async fn what_is_no_jwt_is_refused() {
    let (signer, folder) = (Signer::new(), tempfile::tempdir().unwrap());
    let jwt = verifier(&signer, folder.path());
    let good = signer.sign(Algorithm::Es256, &json!({"alg": "ES256"}), &claims());
    assert!(whose(&jwt, &good).await.is_ok());
    let unsigned = good.rsplit_once('.').unwrap().0;
    let (header, rest) = good.split_once('.').unwrap();
    for token in [
        String::new(),
        "..".to_owned(),
        "opaque".to_owned(),
        unsigned.to_owned(),
        format!("{unsigned}."),
        format!("{good}.x"),
        format!(".{good}"),
        format!("{good}="),
        format!(" {good}"),
        format!("{header}A.{rest}"),
        "a".repeat(100_000),
    ] {
        assert!(whose(&jwt, &token).await.is_err(), "{token}");
    }
}

/// The public key, which everybody has, as the secret of an HMAC: what a verifier falls for that believes the header.
#[tokio::test]
async fn a_public_key_is_no_secret() {
    let (signer, folder) = (Signer::new(), tempfile::tempdir().unwrap());
    let jwt = verifier(&signer, folder.path());
    let text = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", text(json!({"alg": "HS256", "kid": "p"})), text(claims()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, signer.p256.public_key().as_ref());
    let tag = ring::hmac::sign(&key, message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
    assert!(whose(&jwt, &token).await.is_err_and(|why| why.contains("alg")));
}

#[tokio::test]
async fn a_file_is_read_again_for_a_key_that_is_new_and_not_too_often() {
    let (first, second, folder) = (Signer::new(), Signer::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("jwks.json");
    let set = |signer: &Signer, id: &str| {
        let mut key = signer.set()["keys"][1].clone();
        key["kid"] = json!(id);
        json!({"keys": [key]}).to_string()
    };
    fs::write(&path, set(&first, "one")).unwrap();
    let keys = |pause| Jwks::file(&path).unwrap().refresh(Duration::from_secs(3600), pause);
    let (eager, patient) = (keys(Duration::ZERO), keys(Duration::from_secs(3600)));
    let jwt = |keys| Jwt::new(keys, "https://id.example", "smtp");
    let (eager, patient) = (jwt(eager), jwt(patient));
    let sign = |signer: &Signer, id: &str| {
        signer.sign(Algorithm::Es256, &json!({"alg": "ES256", "kid": id}), &claims())
    };
    let (old, new) = (sign(&first, "one"), sign(&second, "two"));
    assert!(whose(&eager, &old).await.is_ok());
    assert!(whose(&eager, &new).await.is_err_and(|why| why.contains("kid")));

    fs::write(&path, set(&second, "two")).unwrap();
    assert!(whose(&eager, &new).await.is_ok());
    assert!(whose(&eager, &old).await.is_err_and(|why| why.contains("kid")));
    assert!(whose(&patient, &new).await.is_err_and(|why| why.contains("kid")));
    assert!(whose(&patient, &old).await.is_ok());

    // A file that can't be used leaves the keys in use, and nobody knows of new ones.
    fs::write(&path, "{").unwrap();
    assert!(whose(&eager, &old).await.is_err_and(|why| why.contains("can't be verified now")));
    assert!(whose(&eager, &new).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_is_read_again_in_ten_seconds() {
    let (first, second, folder) = (Signer::new(), Signer::new(), tempfile::tempdir().unwrap());
    let jwt = verifier(&first, folder.path());
    let sign = |signer: &Signer| {
        signer.sign(Algorithm::EdDsa, &json!({"alg": "EdDSA", "kid": "e"}), &claims())
    };
    assert!(whose(&jwt, &sign(&first)).await.is_ok());
    fs::write(folder.path().join("jwks.json"), second.set().to_string()).unwrap();
    assert!(whose(&jwt, &sign(&second)).await.is_err());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(whose(&jwt, &sign(&second)).await.is_ok());
    assert!(whose(&jwt, &sign(&first)).await.is_err_and(|why| why.contains("signature")));
}

#[test]
fn a_file_that_has_no_keys_is_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    for (text, words) in [
        (None, "jwks.json"),
        (Some("{}"), "no JSON Web Key Set"),
        (Some("{\"keys\":[]}"), "no key"),
    ] {
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        let error = Jwks::open(path.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("jwks.json"), "{error}");
    }
    assert!(matches!(Jwks::open("http://id.example/"), Err(JwksError::Endpoint(_))));
}
