use super::super::Envelope;
use super::*;
use core::time::Duration;

fn envelope() -> Envelope {
    let mut envelope = Envelope::new("me@example.com", ["you@example.org"]);
    envelope.trace = Trace {
        client_name: "client.example".to_owned(),
        client_address: Some("192.0.2.1".parse().unwrap()),
        by: "mx.example".to_owned(),
        tls: Some(TlsClause { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" }),
        protocol: "ESMTPSA",
        identity: Some("me".to_owned()),
        id: "4F2A".to_owned(),
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_784_563_207),
        ..Trace::default()
    };
    envelope
}

#[test]
fn the_fields_of_a_submission_over_tls() {
    assert_eq!(
        envelope().trace_fields(),
        "Return-Path: <me@example.com>\r\n\
         Delivered-To: you@example.org\r\n\
         Received: from client.example ([192.0.2.1]) (authenticated as me)\r\n \
         by mx.example with ESMTPSA id 4F2A for <you@example.org>\r\n \
         tls TLS_AES_256_GCM_SHA384 (TLSv1.3); Mon, 20 Jul 2026 16:00:07 +0000\r\n"
    );
}

#[test]
fn several_recipients_are_delivered_to_and_not_in_the_for_clause() {
    let mut envelope = envelope();
    envelope.reverse_path.clear();
    envelope.recipients.push("other@example.org".to_owned());
    let text = envelope.trace_fields();
    assert!(text.starts_with(
        "Return-Path: <>\r\nDelivered-To: you@example.org\r\nDelivered-To: other@example.org\r\n"
    ));
    assert!(!text.contains("for <"));
}

#[test]
fn the_keyword_is_the_one_of_the_session() {
    let mut envelope = envelope();
    for keyword in ["SMTP", "ESMTPA", "LMTPS", "UTF8SMTPSA", "UTF8LMTP"] {
        envelope.trace.protocol = keyword;
        assert!(envelope.trace_fields().contains(&format!(" with {keyword} id ")), "{keyword}");
    }
}

#[test]
fn nothing_from_a_client_starts_a_line_or_a_clause() {
    let evil = "x\r\nSubject: y\n\u{85}\u{0}(; by z";
    let mut envelope = Envelope::new(evil, [evil]);
    envelope.trace = Trace {
        client_name: evil.to_owned(),
        by: evil.to_owned(),
        identity: Some(evil.to_owned()),
        id: evil.to_owned(),
        comments: vec![evil.to_owned()],
        ..Trace::default()
    };
    for protocol in ["SMTP", "ESMTPSA", "UTF8SMTP"] {
        envelope.trace.protocol = protocol;
        let text = envelope.trace_fields();
        let without_line_ends = text.replace("\r\n", "");
        assert!(!without_line_ends.chars().any(char::is_control), "{text:?}");
        for line in text.lines() {
            let starts_as_ours = [" ", "Return-Path: ", "Delivered-To: ", "Received: "];
            assert!(starts_as_ours.iter().any(|start| line.starts_with(start)), "{line:?}");
        }
        let received = &text[text.find("Received:").unwrap()..];
        let from = received.split_whitespace().nth(2).unwrap();
        assert!(from.chars().all(|c| c.is_ascii_alphanumeric() || ":?".contains(c)), "{from}");
    }
}

#[test]
fn parentheses_in_an_identity_stay_inside_their_comment() {
    let mut envelope = envelope();
    envelope.trace.identity = Some("a)b\\(c".to_owned());
    assert!(envelope.trace_fields().contains("(authenticated as a\\)b\\\\\\(c)"));
}

#[test]
fn other_than_ascii_is_kept_under_smtputf8_and_written_out_else() {
    let mut envelope = envelope();
    envelope.trace.identity = Some("jürgen".to_owned());
    assert!(envelope.trace_fields().contains("(authenticated as j+C3+BCrgen)"));
    envelope.trace.protocol = "UTF8SMTP";
    assert!(envelope.trace_fields().contains("(authenticated as jürgen)"));
}

#[test]
fn an_ipv6_address_has_its_tag_and_a_mapped_one_is_ipv4() {
    let mut envelope = envelope();
    envelope.trace.client_address = Some("2001:db8::1".parse().unwrap());
    assert!(envelope.trace_fields().contains("([IPv6:2001:db8::1])"));
    envelope.trace.client_address = Some("::ffff:192.0.2.9".parse().unwrap());
    assert!(envelope.trace_fields().contains("([192.0.2.9])"));
}

#[test]
fn lines_are_folded_and_never_too_long() {
    let mut envelope = envelope();
    envelope.trace.comments = (0..20).map(|n| format!("MT-PRIORITY={n}")).collect();
    for line in envelope.trace_fields().lines() {
        assert!(line.len() <= 78, "{line}");
    }
    envelope.trace.client_name = "x".repeat(5_000);
    envelope.trace.identity = Some("ü".repeat(5_000));
    for line in envelope.trace_fields().lines() {
        assert!(line.len() <= 998, "{}", line.len());
    }
}

#[test]
fn unknown_facts_are_left_out() {
    let text = Envelope::new("", ["a@b"]).trace_fields();
    assert!(text.contains("Received: from unknown by unknown with ESMTP for <a@b>;"), "{text}");
}
