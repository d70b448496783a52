use super::*;
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};

#[tokio::test]
async fn an_issuer_nobody_knows_is_named() {
    let server = server(&issue(&authority("the authority"), &[NAME], |_| ()));
    let (fault, text) = fault(&trusting(&authority("another")), NAME, &server).await;
    assert!(matches!(fault, CertificateFault::UnknownIssuer { self_signed: false, .. }));
    assert!(text.contains("certificate of mx.example"), "{text}");
    assert!(text.contains("CN=the authority") && text.contains("in between"), "{text}");
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_until_it_is_trusted_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (server, files) = Tls::self_signed(folder.path(), &[NAME]).unwrap();
    let (fault, text) = fault(&trusting(&authority("another")), NAME, &server).await;
    assert!(matches!(fault, CertificateFault::UnknownIssuer { self_signed: true, .. }));
    assert!(text.contains("signed by itself"), "{text}");
    let client = ClientTls::roots_file(&files.certificate).unwrap();
    assert_eq!(facts(&client, NAME, &server).await.verified_host(), Some(NAME));
}

#[tokio::test]
async fn another_name_is_refused_with_the_names_there_are() {
    let authority = authority("the authority");
    let many: Vec<String> = (0..20).map(|number| format!("n{number}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let client = trusting(&authority);
    for (names, words) in [
        (&["a.example", "b.example"][..], "not for mx.example but for a.example, b.example;"),
        (&["*.mx.example"][..], "but for *.mx.example;"),
        (&many[..], "n7.example and 12 more;"),
        (&[][..], "no host at all"),
    ] {
        let server = server(&issue(&authority, names, |_| ()));
        let (fault, text) = fault(&client, NAME, &server).await;
        assert!(matches!(fault, CertificateFault::WrongName { .. }), "{fault:?}");
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused_with_the_day() {
    let authority = authority("the authority");
    let client = trusting(&authority);
    let old = server(&issue(&authority, &[NAME], |params| {
        params.not_after = date_time_ymd(2020, 2, 29);
    }));
    let (old, text) = fault(&client, NAME, &old).await;
    assert_eq!(old, CertificateFault::Expired { since: "2020-02-29T00:00:00Z".into() });
    assert!(text.contains("expired on 2020-02-29"), "{text}");
    let early = server(&issue(&authority, &[NAME], |params| {
        params.not_before = date_time_ymd(3000, 1, 1);
    }));
    let (early, text) = fault(&client, NAME, &early).await;
    assert_eq!(early, CertificateFault::NotYetValid { from: "3000-01-01T00:00:00Z".into() });
    assert!(text.contains("not valid before 3000-01-01"), "{text}");
}

#[tokio::test]
async fn a_certificate_for_another_purpose_is_refused() {
    let authority = authority("the authority");
    let client = trusting(&authority);
    let purpose = server(&issue(&authority, &[NAME], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    }));
    assert_eq!(fault(&client, NAME, &purpose).await.0, CertificateFault::WrongPurpose);
    let another = server(&issue(&authority, &[NAME], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }));
    assert_eq!(fault(&client, NAME, &another).await.0, CertificateFault::Authority);
}

#[tokio::test]
async fn what_can_be_no_host_is_told_before_anything_is_sent() {
    let client = trusting(&authority("the authority"));
    for (host, words) in [
        ("", "empty"),
        ("bücher.example", "xn--"),
        ("mx example", "a space"),
        ("mx.example\r\nX", "control character"),
        ("[mx.example]", "no IP address"),
        ("-mx.example", "neither a DNS name"),
        ("mx..example", "neither a DNS name"),
        ("192.0.2.300", "neither a DNS name"),
    ] {
        let (ours, theirs) = tokio::io::duplex(1024);
        let error = client.connect(host, ours).await.unwrap_err();
        assert!(matches!(HandshakeError::of(&error), Some(HandshakeError::Host { .. })));
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains('\n'), "{text}");
        let mut sent = Vec::new();
        { theirs }.read_to_end(&mut sent).await.unwrap();
        assert_eq!(sent, b"");
    }
}

/// What the client says when the server answers its first message with these octets, and hangs up.
async fn answered(octets: &[u8]) -> HandshakeError {
    let client = trusting(&authority("the authority"));
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let answer = async {
        assert!(theirs.read(&mut [0; 1024]).await.unwrap() > 0);
        theirs.write_all(octets).await.unwrap();
        drop(theirs);
    };
    let (client, ()) = tokio::join!(client.connect(NAME, ours), answer);
    HandshakeError::of(&client.unwrap_err()).unwrap().clone()
}

#[tokio::test]
async fn a_server_that_greets_in_plain_text_is_no_tls_server() {
    let error = answered(b"220 mx.example ready\r\n").await;
    assert_eq!(error, HandshakeError::NotTls { host: NAME.into() });
    assert!(error.to_string().contains("STARTTLS first"), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_up_or_refuses_is_told_apart() {
    let error = answered(b"").await;
    assert_eq!(error, HandshakeError::Closed { host: NAME.into() });
    let alert = |number| [21, 3, 3, 0, 2, 2, number];
    let error = answered(&alert(40)).await;
    assert!(matches!(error, HandshakeError::Incompatible { .. }), "{error:?}");
    let error = answered(&alert(112)).await;
    assert!(matches!(error, HandshakeError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("no certificate for that name"), "{error}");
}

#[test]
fn a_system_without_authorities_says_what_to_do() {
    let error = ClientTls::trusting_system(CertificateResult::default()).unwrap_err();
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
}

#[test]
fn what_cannot_be_read_is_told() {
    let missing = tempfile::tempdir().unwrap().path().join("missing.pem");
    let error = ClientTls::roots_file(&missing).unwrap_err();
    assert!(matches!(error, TlsError::Read { .. }), "{error}");
    let error = ClientTls::roots_pem(b"").unwrap_err();
    assert!(matches!(error, TlsError::NoCertificate { .. }), "{error}");
    let authority = authority("the authority");
    let (own, other) = (issue(&authority, &[], |_| ()), issue(&authority, &[], |_| ()));
    let client = trusting(&authority);
    let error = client.client_certificate_pem(own.0.as_bytes(), other.1.as_bytes()).unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
}
