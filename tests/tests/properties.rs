//! What is true of everything that can be made by the grammar, and of everything that can't.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod grammar;

use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ehlo::address::{
    AddressLiteral, ClientName, Domain, ForwardPath, Host, LocalPart, Mailbox, ReversePath,
};
use ehlo::command::{Command, Verb};
use ehlo::limits::Limits;
use ehlo::parameter::{
    BodyType, DateTime, DeliverBy, MailParameters, MtPriority, Notify, Orcpt, RcptParameters, Ret,
    Xtext,
};
use ehlo::reply::{Enhanced, Refusal, ReplyCode, Text};
use ehlo::sasl::{CramMd5Keys, Mechanism};
use ehlo::server::{Config, Event};
use ehlo_tests::dialogue::Dialogue;
use ehlo_tests::simulate::{Delivery, simulate};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use proptest::collection::vec;
use proptest::prelude::*;

const LIMITS: Limits = {
    let mut limits = Limits::new();
    limits.auth_failure_delay = Duration::ZERO;
    limits.command_line = 512;
    limits.auth_line = 600;
    limits.message = 200;
    limits.recipients = 3;
    limits
};

const MECHANISMS: &[Mechanism] = &[
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::CramMd5,
    Mechanism::Xoauth2,
    Mechanism::OauthBearer,
    Mechanism::External,
    Mechanism::Anonymous,
    Mechanism::Application("X-RAW"),
];

static RAW: Config<'static> = Config::new("mail.example.org").auth(MECHANISMS);

/// Configurations for sessions of any octets.
fn configuration(choice: u8) -> Config<'static> {
    use ehlo::policy::{BareNewline, Policy};
    let mut policy = Policy::new();
    policy.auth_optional = choice & 1 == 0;
    policy.bare_newline = match choice >> 1 & 3 {
        0 => BareNewline::Refuse,
        1 => BareNewline::Accept,
        _ => BareNewline::Convert,
    };
    policy.refuse_nul = choice & 8 == 0;
    let config = Config::new("mail.example.org").limits(LIMITS).policy(policy);
    let config = if choice & 16 == 0 { config.auth(MECHANISMS) } else { config };
    let config = if choice & 32 == 0 { config } else { config.notices() };
    if choice & 192 == 192 { config.lmtp() } else { config }
}

/// Parses, prints, and parses again; each time it is the same.
macro_rules! prints_back {
    ($type:ident, $text:expr) => {{
        let text: &str = $text;
        let value = $type::parse(text);
        prop_assert!(value.is_ok(), "{text:?} is no {}", stringify!($type));
        let printed = value.unwrap().to_string();
        prop_assert_eq!($type::parse(&printed), value.clone());
        printed
    }};
}

/// Whatever parses prints and parses back; nothing panics.
macro_rules! prints_back_if_it_parses {
    ($text:expr; $($type:ident),*) => {$(
        if let Ok(value) = $type::parse($text) {
            let printed = value.to_string();
            prop_assert_eq!($type::parse(printed.trim_start_matches(' ')), Ok(value));
        }
    )*};
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn addresses_print_as_they_were_written(
        local in grammar::local_part(),
        domain in grammar::domain(),
        literal in grammar::literal(),
        by_name: bool,
    ) {
        prop_assert_eq!(&prints_back!(LocalPart, &local), &local);
        prop_assert_eq!(&prints_back!(Domain, &domain), &domain);
        prop_assert_eq!(&prints_back!(AddressLiteral, &literal), &literal);
        let host = if by_name { domain } else { literal };
        prop_assert_eq!(&prints_back!(Host, &host), &host);
        let mailbox = format!("{local}@{host}");
        prop_assert_eq!(&prints_back!(Mailbox, &mailbox), &mailbox);
        let parsed = Mailbox::parse(&mailbox).unwrap();
        prop_assert_eq!(parsed.local_part().as_str(), local);
        prop_assert_eq!(parsed.host().as_str(), host);
    }

    #[test]
    fn names_of_clients_print_back_and_hold_nothing_with_a_meaning_elsewhere(
        name in grammar::client_name(),
        text in grammar::anything(),
    ) {
        prop_assert_eq!(&prints_back!(ClientName, &name), &name);
        prop_assert_eq!(ClientName::parse(&name).unwrap().host(), Host::parse(&name).ok());
        if let Ok(name) = ClientName::parse(&text) {
            let harmless = |c: char| c.is_ascii_alphanumeric() || "-_.:%[]".contains(c);
            prop_assert!(name.host().is_some() || (text.chars().all(harmless) && text.len() <= 255));
        } else {
            prop_assert!(Host::parse(&text).is_err());
        }
    }

    #[test]
    fn paths_print_without_their_source_route(
        mailbox in grammar::mailbox(),
        route in grammar::source_route(),
    ) {
        let (plain, routed) = (format!("<{mailbox}>"), format!("<{route}{mailbox}>"));
        prop_assert_eq!(&prints_back!(ReversePath, &plain), &plain);
        prop_assert_eq!(&prints_back!(ForwardPath, &plain), &plain);
        if routed.len() <= 256 {
            prop_assert_eq!(&prints_back!(ReversePath, &routed), &plain);
            prop_assert_eq!(&prints_back!(ForwardPath, &routed), &plain);
        }
    }

    #[test]
    fn values_of_parameters_print_back(
        xtext in grammar::xtext(),
        kind in "[a-z0-9-]{1,12}",
        by in (-999_999_999..=999_999_999_i32, any::<bool>(), any::<bool>()),
        priority in -9..=9_i8,
        flags: [bool; 3],
        time in grammar::date_time(),
    ) {
        prop_assert_eq!(&prints_back!(Xtext, &xtext), &xtext);
        let orcpt = format!("{kind};{xtext}");
        if orcpt.len() <= 500 {
            prop_assert_eq!(&prints_back!(Orcpt, &orcpt), &orcpt);
            let parsed = Orcpt::parse(&orcpt).unwrap();
            prop_assert_eq!((parsed.addr_type(), parsed.address()), (&*kind, &*xtext));
        }
        prop_assert_eq!(&prints_back!(DateTime, &time), &time);
        prop_assert_eq!(prints_back!(MtPriority, &priority.to_string()), priority.to_string());
        let (seconds, returns, trace) = by;
        let returns = returns && seconds > 0;
        let (mode, trace) = (if returns { "R" } else { "N" }, if trace { "T" } else { "" });
        let by = format!("{seconds};{mode}{trace}");
        prop_assert_eq!(&prints_back!(DeliverBy, &by), &by);
        let [success, failure, delay] = flags;
        let notify = Notify { success, failure, delay };
        prop_assert_eq!(Notify::parse(&notify.to_string()), Ok(notify));
        for body in [BodyType::SevenBit, BodyType::EightBitMime, BodyType::BinaryMime] {
            prop_assert_eq!(BodyType::parse(&body.to_string()), Ok(body));
        }
        for ret in [Ret::Full, Ret::Headers] {
            prop_assert_eq!(Ret::parse(&ret.to_string()), Ok(ret));
        }
    }

    #[test]
    fn parameters_print_back(mail in grammar::mail_parameters(), rcpt in grammar::rcpt_parameters()) {
        let parsed = MailParameters::parse(&mail);
        prop_assert!(parsed.is_ok(), "{mail}: {parsed:?}");
        let printed = parsed.unwrap().to_string();
        prop_assert_eq!(MailParameters::parse(printed.trim_start()), parsed);
        let parsed = RcptParameters::parse(&rcpt);
        prop_assert!(parsed.is_ok(), "{rcpt}: {parsed:?}");
        let printed = parsed.unwrap().to_string();
        prop_assert_eq!(RcptParameters::parse(printed.trim_start()), parsed);
    }

    #[test]
    fn commands_print_back(line in grammar::command()) {
        let command = Command::parse(line.as_bytes());
        prop_assert!(command.is_ok(), "{line}: {command:?}");
        let printed = command.unwrap().to_string();
        prop_assert_eq!(Command::parse(printed.as_bytes()), command);
        // The verb in another case, and white space at the end, change nothing.
        let verb = line.find([' ']).unwrap_or(line.len());
        let other = format!("{}{}  ", line[..verb].to_ascii_lowercase(), &line[verb..]);
        prop_assert_eq!(Command::parse(other.as_bytes()), command);
    }

    #[test]
    fn reply_codes_and_statuses_print_back(code: u16, class: u8, subject in 0..1200_u16, detail in 0..1200_u16) {
        if let Some(valid) = ReplyCode::new(code) {
            prop_assert_eq!(valid.to_string(), code.to_string());
            prop_assert_eq!(ReplyCode::new(valid.to_string().parse().unwrap()), Some(valid));
            prop_assert_eq!(u16::from(valid.class()), code / 100);
        } else {
            prop_assert!(!(200..600).contains(&code) || code / 10 % 10 > 5);
        }
        if let Some(status) = Enhanced::new(class, subject, detail) {
            let text = format!("{status} and text");
            prop_assert_eq!(Enhanced::split_from(&text), (Some(status), "and text"));
            prop_assert_eq!(status.parts(), (class, subject, detail));
        }
    }

    #[test]
    fn any_text_makes_a_refusal_of_one_line(text: String, permanent: bool) {
        let refusal = if permanent { Refusal::permanent(&text) } else { Refusal::transient(&text) };
        prop_assert_eq!(refusal.is_permanent(), permanent);
        prop_assert!(!Text::new(&text).as_str().contains(|c: char| c.is_ascii_control()));
        let mut dialogue = Dialogue::server(&OPEN);
        dialogue.client("EHLO client.example.org\r\n").client("MAIL FROM:<>\r\n").refuse(&refusal);
        let said = dialogue.server_says();
        let code = if permanent { "550" } else { "451" };
        prop_assert!(said.ends_with("\r\n") && said.starts_with(code), "{said:?}");
        for line in said.strip_suffix("\r\n").unwrap().split("\r\n") {
            prop_assert!(line.len() <= 510 && !line.contains(['\r', '\n']) && line.starts_with(code));
        }
    }

    #[test]
    fn what_parses_prints_and_nothing_panics(text in grammar::anything(), octets in vec(any::<u8>(), 0..80)) {
        prints_back_if_it_parses!(
            &text; LocalPart, Domain, AddressLiteral, Host, Mailbox, ReversePath, ForwardPath, Xtext,
            Orcpt, DateTime, DeliverBy, MtPriority, Notify, BodyType, Ret, MailParameters,
            RcptParameters
        );
        for line in [text.as_bytes(), &octets] {
            let _ = Verb::split_from(line);
            if let Ok(command) = Command::parse(line) {
                let printed = command.to_string();
                prop_assert_eq!(Command::parse(printed.as_bytes()), Ok(command));
            }
        }
        let _ = Enhanced::split_from(&text);
    }
}

static OPEN: Config<'static> = Config::new("mail.example.org");

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_split_gives_the_same_events_and_replies(
        input in grammar::session(),
        answers in vec(any::<u8>(), 1..20),
        choice: u8,
        cuts in vec(0..600_usize, 0..12),
        halves: bool,
    ) {
        let config = configuration(choice);
        let whole = simulate(&config, &input, &answers, &Delivery::whole());
        let mut cuts = cuts;
        cuts.sort_unstable();
        let split = Delivery { cuts, halves, ..Delivery::whole() };
        prop_assert_eq!(&simulate(&config, &input, &answers, &split), &whole);
        let octets = Delivery {
            cuts: (0..input.len()).collect(), receive: 1200, send: 512, halves,
        };
        prop_assert_eq!(&simulate(&config, &input, &answers, &octets), &whole);
    }

    #[test]
    fn any_octets_are_answered_in_any_buffers(
        input in prop_oneof![vec(any::<u8>(), 0..600), grammar::session(), grammar::long_exchange()],
        answers in vec(any::<u8>(), 1..8),
        choice: u8,
        receive in 512..700_usize,
        send in 512..1100_usize,
        cuts in vec(0..600_usize, 0..5),
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let how = Delivery { cuts, receive, send, halves: false };
        let trace = simulate(&configuration(choice), &input, &answers, &how);
        prop_assert!(trace.output.ends_with(b"\r\n"));
        let is_reply = |line: &[u8]| line.len() <= 510 && line.first().is_some_and(u8::is_ascii_digit);
        let text = trace.output.strip_suffix(b"\r\n").unwrap();
        for line in text.split(|octet| *octet == b'\n') {
            prop_assert!(is_reply(line.strip_suffix(b"\r").unwrap_or(line)));
        }
    }

    #[test]
    fn base64_in_place_is_base64_out_of_place(octets in vec(any::<u8>(), 0..400), initial: bool) {
        let encoded = STANDARD.encode(&octets);
        let mut dialogue = raw_exchange(&encoded, initial);
        dialogue.event(|e| matches!(e, Event::Exchange(x) if x.response() == Some(&octets)));
        dialogue.answer(|event| match event {
            Event::Exchange(exchange) => exchange.challenge(&octets).unwrap(),
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(dialogue.server_says(), format!("334 {encoded}\r\n"));
    }

    #[test]
    fn what_is_no_base64_out_of_place_is_none_in_place(
        octets in vec(any::<u8>(), 0..120),
        at in 0..160_usize,
        with in "[A-Za-z0-9+/= _-]{0,2}",
        remove in 0..3_usize,
    ) {
        let mut text = STANDARD.encode(&octets);
        let at = at.min(text.len());
        text.replace_range(at..(at + remove).min(text.len()), &with);
        let mut dialogue = raw_exchange(&text, false);
        match STANDARD.decode(&text) {
            Ok(decoded) => {
                dialogue.event(|e| matches!(e, Event::Exchange(x) if x.response() == Some(&decoded)));
            }
            Err(_) => prop_assert_eq!(
                dialogue.server_says(), "501 5.5.2 the response is not valid base64\r\n"
            ),
        }
    }

    #[test]
    fn cram_md5_agrees_with_a_plain_reference(
        password in vec(any::<u8>(), 0..150),
        other in vec(any::<u8>(), 0..150),
        user in "[a-z@. ]{1,20}",
    ) {
        let mut dialogue = Dialogue::server(&RAW).tls();
        dialogue.client("EHLO me\r\n").client("AUTH CRAM-MD5\r\n");
        let said = dialogue.server_says();
        let challenge = said.strip_prefix("334 ").unwrap().trim_end();
        let challenge = STANDARD.decode(challenge).unwrap();
        let digest = plain_hmac_md5(&password, &challenge);
        let mut mac = Hmac::<Md5>::new_from_slice(&password).unwrap();
        mac.update(&challenge);
        prop_assert_eq!(&digest[..], &mac.finalize().into_bytes()[..]);
        let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
        let response = STANDARD.encode(format!("{user} {hex}"));
        let right_too = plain_hmac_md5(&other, &challenge) == digest;
        dialogue.client(format!("{response}\r\n")).event(|e| {
            let Event::CramMd5(login) = e else { return false };
            let keys = CramMd5Keys::new(&password).to_bytes();
            let other_keys = CramMd5Keys::new(&other);
            login.username() == user
                && login.challenge().as_bytes() == challenge
                && login.verify(&password)
                && login.verify_keys(&CramMd5Keys::from_bytes(&keys).unwrap())
                && login.verify(&other) == right_too
                && login.verify_keys(&other_keys) == right_too
        });
    }
}

/// A dialogue in which the client has sent this to a mechanism of the application's own.
fn raw_exchange(text: &str, initial: bool) -> Dialogue<'static> {
    let mut dialogue = Dialogue::server(&RAW).tls();
    dialogue.client("EHLO me\r\n");
    if initial && !text.is_empty() {
        dialogue.client(format!("AUTH X-RAW {text}\r\n"));
    } else {
        dialogue.client("AUTH X-RAW\r\n").answer(|event| match event {
            Event::Exchange(exchange) => exchange.challenge(b"").unwrap(),
            other => panic!("{other:?}"),
        });
        dialogue.client(format!("{text}\r\n"));
    }
    dialogue
}

/// RFC 2104 section 2, word by word.
fn plain_hmac_md5(key: &[u8], text: &[u8]) -> [u8; 16] {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..16].copy_from_slice(&Md5::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Md5::digest([&block.map(|octet| octet ^ 0x36)[..], text].concat());
    Md5::digest([&block.map(|octet| octet ^ 0x5c)[..], &inner].concat()).into()
}

#[test]
fn keys_of_cram_md5_are_32_octets() {
    for length in (0..70).filter(|length| *length != 32) {
        assert!(CramMd5Keys::from_bytes(&vec![0; length]).is_err());
    }
}
