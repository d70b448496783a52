//! RFC 7662.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ehlo_std::tls::{ClientTls, Tls};
use ehlo_std::tokens::{Grant, Introspection, Presented, TokenRefusal, TokenVerifier};
use serde_json::{Value, json};

use crate::issuer::{Issuer, Say};
use crate::sign::seconds;

async fn ask(verifier: &Introspection, token: &str) -> Result<Grant, TokenRefusal> {
    verifier.verify(&Presented::new(token)).await
}

fn verifier(issuer: &Issuer) -> Introspection {
    Introspection::new(&issuer.url()).unwrap()
}

fn active(changes: Value) -> Say {
    let mut answer = json!({"active": true, "username": "tim"});
    for (name, value) in changes.as_object().unwrap() {
        answer[name] = value.clone();
    }
    Say::Json(answer)
}

#[track_caller]
fn unavailable(outcome: Result<Grant, TokenRefusal>, words: &str) {
    match outcome {
        Err(TokenRefusal::Unavailable(why)) => assert!(why.contains(words), "{words:?} in {why:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_issuer_is_asked_as_the_rfcs_have_it_and_over_one_connection() {
    let issuer = Issuer::with_tls(active(json!({"scope": "a b", "exp": seconds(600)}))).await;
    let verifier = verifier(&issuer).client("a client:1", "s&cret ü").tls(issuer.trusted());
    let grant = ask(&verifier, "t+k/e=n&").await.unwrap();
    assert_eq!(grant.username(), "tim");
    assert_eq!(grant.scopes(), ["a", "b"]);
    assert!(grant.expires().is_some());
    ask(&verifier, "another").await.unwrap();

    let [first, second] = &issuer.asked()[..] else { panic!("{:?}", issuer.asked()) };
    assert!(first.head.starts_with("POST /ask?realm=mail HTTP/1.1\r\n"), "{}", first.head);
    let head = first.head.to_ascii_lowercase();
    for line in [
        format!("host: localhost:{}", issuer.port),
        "accept: application/json".to_owned(),
        "content-type: application/x-www-form-urlencoded".to_owned(),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
    // RFC 6749 section 2.3.1: each is encoded as in a form before they are joined.
    let basic = STANDARD.encode("a%20client%3A1:s%26cret%20%C3%BC");
    assert!(first.head.contains(&format!("Basic {basic}\r\n")), "{}", first.head);
    assert_eq!(first.body, "token_type_hint=access_token&token=t%2Bk%2Fe%3Dn%26");
    assert_eq!(second.body, "token_type_hint=access_token&token=another");
    assert_eq!((first.connection, second.connection), (0, 0));
}

#[tokio::test]
async fn a_client_may_have_a_bearer_token_of_its_own_or_nothing() {
    let issuer = Issuer::start(active(json!({}))).await;
    ask(&verifier(&issuer).bearer("our0wn"), "t").await.unwrap();
    ask(&verifier(&issuer), "t").await.unwrap();
    let asked = issuer.asked();
    assert!(asked[0].head.contains("Bearer our0wn\r\n"), "{}", asked[0].head);
    assert!(!asked[1].head.to_ascii_lowercase().contains("authorization"), "{}", asked[1].head);
}

#[tokio::test]
async fn what_the_issuer_says_is_held_against_what_is_asked_for() {
    let issuer = Issuer::start(active(json!({}))).await;
    let verifier = verifier(&issuer)
        .cache(0, Duration::ZERO)
        .issuer("https://id.example")
        .audience("smtp")
        .audience("submission")
        .scope("mail.send");
    let good =
        json!({"iss": "https://id.example", "aud": ["x", "submission"], "scope": "mail.send"});
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        active(changed)
    };
    issuer.says(active(good.clone()));
    assert_eq!(ask(&verifier, "t").await.unwrap().username(), "tim");
    issuer.says(with("username", Value::Null));
    assert!(matches!(ask(&verifier, "t").await, Err(TokenRefusal::Invalid(_))));
    for (name, value) in [
        ("active", json!(false)),
        ("exp", json!(seconds(-61))),
        ("exp", json!("soon")),
        ("nbf", json!(seconds(120))),
        ("iss", json!("https://id.example.evil")),
        ("aud", json!("imap")),
        ("aud", Value::Null),
    ] {
        issuer.says(with(name, value.clone()));
        let outcome = ask(&verifier, "t").await;
        assert!(matches!(outcome, Err(TokenRefusal::Invalid(_))), "{name} {value}: {outcome:?}");
    }
    for scope in [json!("mail.read"), Value::Null] {
        issuer.says(with("scope", scope));
        let refusal = ask(&verifier, "t").await.unwrap_err();
        assert_eq!(refusal, TokenRefusal::InsufficientScope { scope: "mail.send".into() });
    }
}

#[tokio::test]
async fn the_name_is_in_the_claim_that_is_said() {
    let issuer = Issuer::start(active(json!({"sub": "4711", "email": "tim@example.org"}))).await;
    let whose =
        async |verifier: Introspection| ask(&verifier, "t").await.unwrap().username().to_owned();
    assert_eq!(whose(verifier(&issuer)).await, "tim");
    assert_eq!(whose(verifier(&issuer).claim("sub")).await, "4711");
    assert_eq!(whose(verifier(&issuer).claim("email")).await, "tim@example.org");
    assert!(ask(&verifier(&issuer).claim("upn"), "t").await.is_err());
    issuer.says(Say::Json(json!({"active": true, "sub": "4711"})));
    assert_eq!(whose(verifier(&issuer)).await, "4711");
}

#[tokio::test]
async fn an_answer_is_kept_for_a_while_so_that_a_revoked_token_is_known_after_it() {
    let issuer = Issuer::start(active(json!({}))).await;
    let verifier = verifier(&issuer).cache(10, Duration::from_secs(1));
    for _ in 0..5 {
        ask(&verifier, "t").await.unwrap();
    }
    assert_eq!(issuer.asked().len(), 1);
    issuer.says(Say::Json(json!({"active": false})));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(matches!(ask(&verifier, "t").await, Err(TokenRefusal::Invalid(_))));
    // That it is not good is not kept.
    issuer.says(active(json!({})));
    ask(&verifier, "t").await.unwrap();
    assert_eq!(issuer.asked().len(), 3);
}

#[tokio::test]
async fn without_a_cache_each_login_is_a_question() {
    let issuer = Issuer::start(active(json!({}))).await;
    let verifier = verifier(&issuer).cache(0, Duration::from_secs(60));
    for _ in 0..3 {
        ask(&verifier, "t").await.unwrap();
    }
    assert_eq!(issuer.asked().len(), 3);
}

#[tokio::test]
async fn whatever_keeps_an_issuer_from_answering_is_told_and_is_nobodys_fault() {
    let issuer = Issuer::start(active(json!({}))).await;
    let verifier = verifier(&issuer);
    let octets = |text: &str| Say::Octets(text.into());
    for (say, words) in [
        (Say::status("500 Oh"), "HTTP 500"),
        (Say::status("401 No"), "our own credentials"),
        (Say::status("403 No"), "our own credentials"),
        (Say::status("204 None"), "HTTP 204"),
        (octets("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"), "no JSON"),
        (octets("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), "whether it is active"),
        (octets("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"), "whether it is active"),
        (
            octets("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"active\":\"true\"}"),
            "whether it is active",
        ),
        (octets("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"active\":true"), "HTTP"),
        (octets("220 mx.example ESMTP\r\n"), "HTTP"),
        (octets(""), "HTTP"),
    ] {
        issuer.says(say.clone());
        unavailable(ask(&verifier, "t").await, words);
    }
    // And afterwards it goes on.
    issuer.says(active(json!({})));
    ask(&verifier, "t").await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (issuer, other) =
        (Issuer::start(active(json!({}))).await, Issuer::start(active(json!({}))).await);
    for status in ["301", "302", "303", "307", "308"] {
        let text = format!(
            "HTTP/1.1 {status} There\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            other.url()
        );
        issuer.says(Say::Octets(text.into()));
        unavailable(ask(&verifier(&issuer), "t").await, "redirects are not followed");
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let issuer = Issuer::start(active(json!({}))).await;
    let ten_megabytes = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n".as_slice(),
        &vec![b' '; 10_485_760],
    ]
    .concat();
    issuer.says(Say::Octets(ten_megabytes));
    unavailable(ask(&verifier(&issuer), "t").await, "longer than");
    let chunks = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    issuer.says(Say::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks));
    unavailable(ask(&verifier(&issuer), "t").await, "longer than");
    issuer.says(Say::Endless("HTTP/1.1 200 OK\r\n", b"X-Long: and longer\r\n".repeat(1000)));
    unavailable(ask(&verifier(&issuer), "t").await, "HTTP");
    // Nothing is left behind.
    issuer.wait_for_open(0).await;
}

#[tokio::test]
async fn a_server_that_is_slow_or_down_costs_no_more_than_the_time_it_has() {
    let issuer = Issuer::start(Say::Nothing(Duration::from_secs(30))).await;
    let verifier = verifier(&issuer).timeout(Duration::from_millis(200));
    let begun = std::time::Instant::now();
    unavailable(ask(&verifier, "t").await, "no answer within 200 ms");
    assert!(begun.elapsed() < Duration::from_secs(5));
    issuer.wait_for_open(0).await;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let down = Introspection::new(&format!("http://localhost:{port}/")).unwrap();
    unavailable(ask(&down, "t").await, "localhost");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_hears_no_token() {
    let issuer = Issuer::with_tls(active(json!({}))).await;
    let folder = tempfile::tempdir().unwrap();
    let (_, files) = Tls::self_signed(folder.path(), &["localhost"]).unwrap();
    let others = ClientTls::roots_file(&files.certificate).unwrap();
    let verifier = verifier(&issuer).tls(others);
    assert!(matches!(ask(&verifier, "t").await, Err(TokenRefusal::Unavailable(_))));
    assert!(issuer.asked().is_empty());
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_made_again() {
    let issuer = Issuer::start(Say::JsonAndClose(json!({"active": true, "username": "tim"}))).await;
    let verifier = verifier(&issuer).cache(0, Duration::ZERO);
    for _ in 0..20 {
        ask(&verifier, "t").await.unwrap();
    }
    let asked = issuer.asked();
    assert_eq!(asked.len(), 20, "nothing is asked twice");
    assert_eq!(asked.last().unwrap().connection, 19);
}

#[tokio::test]
async fn many_at_once_share_a_few_connections() {
    let issuer = Issuer::start(active(json!({}))).await;
    let verifier = std::sync::Arc::new(verifier(&issuer).cache(0, Duration::ZERO));
    let asking: Vec<_> = (0..200)
        .map(|number| {
            let verifier = std::sync::Arc::clone(&verifier);
            tokio::spawn(async move { ask(&verifier, &format!("t{number}")).await })
        })
        .collect();
    for asking in asking {
        asking.await.unwrap().unwrap();
    }
    let asked = issuer.asked();
    assert_eq!(asked.len(), 200);
    let connections = asked.iter().map(|asked| asked.connection).max().unwrap() + 1;
    assert!(connections < 100, "{connections}");
}
