//! RFC 7519, with the keys at a URL.

use core::time::Duration;

use ehlo_std::tokens::{Grant, Jwks, Jwt, Presented, TokenRefusal, TokenVerifier};
use serde_json::{Value, json};

use crate::issuer::{Issuer, Say};
use crate::sign::{ISSUER, Signer, seconds};

const HOUR: Duration = Duration::from_secs(3600);

async fn ask(verifier: &Jwt, token: &str) -> Result<Grant, TokenRefusal> {
    verifier.verify(&Presented::new(token)).await
}

fn verifier(keys: Jwks) -> Jwt {
    Jwt::new(keys, ISSUER, "smtp")
}

fn keys(issuer: &Issuer) -> Jwks {
    Jwks::url(&issuer.url()).unwrap()
}

fn good() -> Value {
    json!({})
}

#[track_caller]
fn invalid(outcome: &Result<Grant, TokenRefusal>, words: &str) {
    match outcome {
        Err(TokenRefusal::Invalid(why)) => assert!(why.contains(words), "{words:?} in {why:?}"),
        other => panic!("{words}: {other:?}"),
    }
}

#[tokio::test]
async fn keys_are_fetched_over_tls_once_for_everybody() {
    let signer = Signer::new("one");
    let issuer = Issuer::with_tls(Say::Json(signer.set())).await;
    let verifier = std::sync::Arc::new(verifier(keys(&issuer).tls(issuer.trusted())));
    let asking: Vec<_> = (0..50)
        .map(|number| {
            let (verifier, token) =
                (std::sync::Arc::clone(&verifier), signer.token(&format!("user{number}"), good()));
            tokio::spawn(async move { ask(&verifier, &token).await.unwrap().username().to_owned() })
        })
        .collect();
    for (number, asking) in asking.into_iter().enumerate() {
        assert_eq!(asking.await.unwrap(), format!("user{number}"));
    }
    let asked = issuer.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].head.starts_with("GET /ask?realm=mail HTTP/1.1\r\n"), "{}", asked[0].head);
}

#[tokio::test]
async fn a_token_is_held_against_what_is_asked_for() {
    let (signer, stranger) = (Signer::new("one"), Signer::new("one"));
    let issuer = Issuer::start(Say::Json(signer.set())).await;
    let verifier = verifier(keys(&issuer)).scope("mail.send");
    let grant = ask(&verifier, &signer.token("tim", good())).await.unwrap();
    assert_eq!((grant.username(), grant.scopes().len()), ("tim", 2));
    assert!(grant.expires().is_some());

    for (changes, words) in [
        (json!({"exp": seconds(-61)}), "expired"),
        (json!({"exp": null}), "exp"),
        (json!({"nbf": seconds(90)}), "nbf"),
        (json!({"aud": "imap"}), "aud"),
        (json!({"aud": null}), "aud"),
        (json!({"iss": "https://evil.example"}), "iss"),
        (json!({"sub": null}), "sub"),
    ] {
        invalid(&ask(&verifier, &signer.token("tim", changes)).await, words);
    }
    let refusal =
        ask(&verifier, &signer.token("tim", json!({"scope": "openid"}))).await.unwrap_err();
    assert_eq!(refusal, TokenRefusal::InsufficientScope { scope: "mail.send".into() });
    invalid(&ask(&verifier, &stranger.token("tim", good())).await, "signature");
    let none = json!({"alg": "none", "kid": "one"});
    let unsigned = signer.token_by(&none, "tim", good());
    invalid(&ask(&verifier, &unsigned).await, "alg");
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    invalid(&ask(&verifier, &format!("{message}.")).await, "alg");
    let hmac = signer.token_by(&json!({"alg": "HS256", "kid": "one"}), "tim", good());
    invalid(&ask(&verifier, &hmac).await, "alg");
    let rsa = signer.token_by(&json!({"alg": "RS256", "kid": "one"}), "tim", good());
    invalid(&ask(&verifier, &rsa).await, "signature");
    // Claims of one token under the signature of another.
    let (mine, yours) = (signer.token("tim", good()), signer.token("anna", good()));
    let signature = mine.rsplit_once('.').unwrap().1;
    let forged = format!("{}.{signature}", yours.rsplit_once('.').unwrap().0);
    invalid(&ask(&verifier, &forged).await, "signature");
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_and_not_again_for_each_that_lies() {
    let (old, new, stranger) = (Signer::new("old"), Signer::new("new"), Signer::new("stranger"));
    let issuer = Issuer::start(Say::Json(old.set())).await;
    let pause = Duration::from_secs(1);
    let verifier = verifier(keys(&issuer).refresh(HOUR, pause));
    ask(&verifier, &old.token("tim", good())).await.unwrap();
    issuer.says(Say::Json(new.set()));
    for _ in 0..50 {
        invalid(&ask(&verifier, &stranger.token("tim", good())).await, "kid");
    }
    assert!(issuer.asked().len() <= 2, "{}", issuer.asked().len());
    tokio::time::sleep(pause).await;
    ask(&verifier, &new.token("tim", good())).await.unwrap();
    // The old one is withdrawn.
    invalid(&ask(&verifier, &old.token("tim", good())).await, "kid");
}

#[tokio::test]
async fn keys_grow_old_and_are_used_on_while_the_issuer_is_down() {
    let signer = Signer::new("one");
    let issuer = Issuer::start(Say::Json(signer.set())).await;
    let verifier = verifier(keys(&issuer).refresh(Duration::from_millis(50), Duration::ZERO));
    let token = signer.token("tim", good());
    ask(&verifier, &token).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    ask(&verifier, &token).await.unwrap();
    assert_eq!(issuer.asked().len(), 2);
    issuer.says(Say::status("503 Down"));
    tokio::time::sleep(Duration::from_millis(60)).await;
    ask(&verifier, &token).await.unwrap();
    assert_eq!(issuer.asked().len(), 3);
    // Whether a key that isn't known is a new one, nobody can tell.
    let refusal = ask(&verifier, &Signer::new("two").token("tim", good())).await;
    assert!(matches!(refusal, Err(TokenRefusal::Unavailable(_))), "{refusal:?}");
}

#[tokio::test]
async fn without_keys_nobody_can_tell() {
    let signer = Signer::new("one");
    let issuer = Issuer::start(Say::Nothing(Duration::from_secs(30))).await;
    let keys = keys(&issuer).timeout(Duration::from_millis(200)).refresh(HOUR, Duration::ZERO);
    let (verifier, token) = (verifier(keys), signer.token("tim", good()));
    for (say, words) in [
        (Say::Nothing(Duration::from_secs(30)), "no answer within"),
        (Say::status("404 Not Found"), "HTTP 404"),
        (Say::status("302 Found"), "redirects"),
        (Say::Json(json!({"keys": []})), "no key"),
        (Say::Json(json!([])), "no JSON Web Key Set"),
        (
            Say::Octets(
                [
                    b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n".as_slice(),
                    &[b' '; 400_000],
                ]
                .concat(),
            ),
            "longer than",
        ),
    ] {
        issuer.says(say);
        match ask(&verifier, &token).await {
            Err(TokenRefusal::Unavailable(why)) => assert!(why.contains(words), "{why}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    issuer.says(Say::Json(signer.set()));
    ask(&verifier, &token).await.unwrap();
}

#[tokio::test]
async fn a_failure_is_tried_again_after_a_pause_of_its_own() {
    let signer = Signer::new("one");
    let issuer = Issuer::start(Say::status("500 Oh")).await;
    let verifier = verifier(keys(&issuer).refresh(HOUR, HOUR));
    for _ in 0..20 {
        let refusal = ask(&verifier, &signer.token("tim", good())).await;
        assert!(matches!(refusal, Err(TokenRefusal::Unavailable(_))), "{refusal:?}");
    }
    assert_eq!(issuer.asked().len(), 1);
}
