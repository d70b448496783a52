//! Texts by the grammar of RFC 5321 and its extensions: valid ones, and ones that nearly are.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

type Text = BoxedStrategy<String>;

pub(crate) fn local_part() -> Text {
    let atoms =
        vec("[a-zA-Z0-9!#$%&'*+/=?^_`{|}~äπ-]{1,8}", 1..4).prop_map(|atoms| atoms.join("."));
    let pair = prop_oneof!["[ !#-\\[\\]-~]", "\\\\[ -~]", Just("ß".to_owned())];
    let quoted = vec(pair, 0..16).prop_map(|content| format!("\"{}\"", content.concat()));
    prop_oneof![atoms, quoted].boxed()
}

pub(crate) fn domain() -> Text {
    let label = prop_oneof!["[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", "[a-z]{0,3}ü[a-z]{0,3}"];
    vec(label, 1..5).prop_map(|labels| labels.join(".")).boxed()
}

pub(crate) fn literal() -> Text {
    let v4 = any::<[u8; 4]>().prop_map(|[a, b, c, d]| format!("[{a}.{b}.{c}.{d}]"));
    let v6 = any::<core::net::Ipv6Addr>();
    let short = v6.prop_map(|address| format!("[IPv6:{address}]"));
    let full = any::<[u16; 8]>().prop_map(|groups| {
        format!("[ipv6:{}]", groups.map(|group| format!("{group:04X}")).join(":"))
    });
    let compressed = (0..4_usize, 0..3_usize, any::<u16>()).prop_map(|(before, after, group)| {
        let part = |n| vec![format!("{group:x}"); n].join(":");
        format!("[IPv6:{}::{}]", part(before), part(after))
    });
    let general = "\\[[a-z]([a-z0-9-]{0,4}[a-z0-9])?:[!-Z^-~]{1,10}\\]"
        .prop_filter("that is the tag of IPv6", |text| !text.starts_with("[ipv6:"));
    prop_oneof![v4, short, full, compressed, general].boxed()
}

pub(crate) fn host() -> Text {
    prop_oneof![domain(), literal()].boxed()
}

/// What clients call themselves, which need not be a domain or an address literal.
pub(crate) fn client_name() -> Text {
    let other = prop_oneof!["[a-zA-Z0-9_.-]{1,40}", "\\[[a-zA-Z0-9_.:%-]{1,40}\\]"];
    let ascii = host().prop_filter("ASCII", |host| host.is_ascii());
    prop_oneof![ascii, other].boxed()
}

pub(crate) fn mailbox() -> Text {
    (local_part(), host()).prop_map(|(local, host)| format!("{local}@{host}")).boxed()
}

pub(crate) fn source_route() -> Text {
    let hops = vec(domain(), 1..3);
    let route = hops.prop_map(|hops| format!("@{}:", hops.join(",@")));
    prop_oneof![Just(String::new()), route].boxed()
}

pub(crate) fn xtext() -> Text {
    vec(prop_oneof!["[!-*,-<>-~]", "\\+[0-9A-F]{2}"], 1..20)
        .prop_map(|characters| characters.concat())
        .boxed()
}

pub(crate) fn date_time() -> Text {
    "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,4})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
        .boxed()
}

/// Some of these, each at most once, in any order.
fn some_of(parameters: Vec<Text>) -> Text {
    let count = parameters.len();
    let wanted: Vec<_> = parameters.into_iter().map(option::of).collect();
    let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
    (wanted, order)
        .prop_map(|(texts, order)| {
            let texts = order.iter().filter_map(|index| texts[*index].clone());
            texts.collect::<Vec<_>>().join(" ")
        })
        .boxed()
}

pub(crate) fn mail_parameters() -> Text {
    let by = (1..999_999_999_i32, select(vec!["N", "R", "NT", "RT", "n", "rt"]));
    some_of(vec![
        any::<u64>().prop_map(|size| format!("SIZE={size}")).boxed(),
        select(vec!["BODY=7BIT", "body=8BITMIME", "BODY=binarymime"])
            .prop_map(str::to_owned)
            .boxed(),
        Just("SMTPUTF8".to_owned()).boxed(),
        prop_oneof![Just("<>".to_owned()), xtext()].prop_map(|auth| format!("AUTH={auth}")).boxed(),
        select(vec!["RET=FULL", "ret=hdrs"]).prop_map(str::to_owned).boxed(),
        xtext().prop_map(|envid| format!("ENVID={envid}")).boxed(),
        Just("REQUIRETLS".to_owned()).boxed(),
        prop_oneof![
            (1..=999_999_999_u32).prop_map(|seconds| format!("HOLDFOR={seconds}")),
            date_time().prop_map(|time| format!("HOLDUNTIL={time}")),
        ]
        .boxed(),
        by.prop_map(|(seconds, mode)| format!("BY={seconds};{mode}")).boxed(),
        (-9..=9_i8).prop_map(|priority| format!("MT-PRIORITY={priority}")).boxed(),
        "X[A-Z0-9-]{0,8}(=[!-<>-~]{1,8})?".boxed(),
        "Y[a-z]{0,8}(=[!-<>-~]{1,8})?".boxed(),
    ])
}

pub(crate) fn rcpt_parameters() -> Text {
    let notify = select(vec!["NEVER", "SUCCESS", "failure,DELAY", "DELAY,SUCCESS,FAILURE"]);
    some_of(vec![
        notify.prop_map(|when| format!("NOTIFY={when}")).boxed(),
        xtext().prop_map(|address| format!("ORCPT=rfc822;{address}")).boxed(),
        "X[A-Z0-9-]{0,8}(=[!-<>-~]{1,8})?".boxed(),
    ])
}

pub(crate) fn command() -> Text {
    let path =
        || (source_route(), mailbox()).prop_map(|(route, mailbox)| format!("<{route}{mailbox}>"));
    let reverse = prop_oneof![Just("<>".to_owned()), path()];
    let forward = prop_oneof![Just("<Postmaster>".to_owned()), path()];
    let with = |(path, parameters): (String, String)| match &*parameters {
        "" => path,
        _ => format!("{path} {parameters}"),
    };
    let word = "[!-~]([ -~]{0,20}[!-~])?";
    let attributes = vec(("[A-Z_]{1,8}", xtext()), 1..4).prop_map(|attributes| {
        let texts: Vec<_> =
            attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
        texts.join(" ")
    });
    prop_oneof![
        // Of UTF-8 there is nothing in EHLO: it comes before anybody can ask for SMTPUTF8.
        (select(vec!["EHLO", "HELO", "LHLO"]), client_name())
            .prop_map(|(verb, name)| format!("{verb} {name}")),
        (reverse, mail_parameters()).prop_map(with).prop_map(|text| format!("MAIL FROM:{text}")),
        (forward, rcpt_parameters()).prop_map(with).prop_map(|text| format!("RCPT TO:{text}")),
        select(vec!["DATA", "RSET", "QUIT", "STARTTLS", "NOOP", "HELP"]).prop_map(str::to_owned),
        any::<u64>().prop_map(|size| format!("BDAT {size}")),
        any::<u64>().prop_map(|size| format!("BDAT {size} LAST")),
        (select(vec!["VRFY", "EXPN", "NOOP", "HELP", "ETRN"]), word)
            .prop_map(|(verb, word)| format!("{verb} {word}")),
        ("[A-Z0-9_-]{1,20}", option::of("=|[A-Za-z0-9+/]{4,40}={0,2}")).prop_map(
            |(name, response)| {
                response
                    .map_or(format!("AUTH {name}"), |response| format!("AUTH {name} {response}"))
            }
        ),
        (select(vec!["XCLIENT", "XFORWARD"]), attributes)
            .prop_map(|(verb, attributes)| format!("{verb} {attributes}")),
    ]
    .prop_filter("a path has 256 octets", |line| line.len() < 256)
    .boxed()
}

/// Texts that nearly are something.
pub(crate) fn anything() -> Text {
    let damaged = (
        prop_oneof![
            command(),
            mailbox(),
            literal(),
            client_name(),
            mail_parameters(),
            rcpt_parameters(),
            date_time()
        ],
        any::<prop::sample::Index>(),
        prop_oneof![any::<char>().prop_map(String::from), "[ -~]{0,3}"],
        any::<bool>(),
    )
        .prop_map(|(text, at, with, replace)| {
            let mut characters: Vec<char> = text.chars().collect();
            let at = at.index(characters.len() + 1);
            if replace && at < characters.len() {
                characters.remove(at);
            }
            characters.splice(at..at, with.chars());
            characters.into_iter().collect()
        });
    prop_oneof![4 => damaged, 1 => any::<String>()].boxed()
}

/// What a client says in a session: mostly lines that mean something, in any order, with any line end.
pub(crate) fn session() -> BoxedStrategy<Vec<u8>> {
    let known = select(vec![
        "EHLO x",
        "EHLO x",
        "LHLO x",
        "HELO x",
        "MAIL FROM:<a@b>",
        "MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME",
        "MAIL FROM:<a@b> BODY=BINARYMIME",
        "MAIL FROM:<ä@b> SMTPUTF8",
        "MAIL FROM:<a@b",
        "RCPT TO:<c@d>",
        "RCPT TO:<c@d>",
        "RCPT TO:<postmaster> NOTIFY=NEVER",
        "DATA",
        "DATA",
        "BDAT 3",
        "BDAT 7 LAST",
        "BDAT 0 LAST",
        "BDAT 300",
        "BDAT 5 x",
        "BDAT",
        ".",
        ".",
        ".",
        "..",
        ".x",
        "x",
        "",
        "text\r",
        "\r.",
        "a\nb",
        "\n.",
        "nul\0",
        "\u{e4}",
        "RSET",
        "NOOP",
        "VRFY a",
        "EXPN a",
        "HELP",
        "AUTH PLAIN AGEAYg==",
        "AUTH PLAIN",
        "AUTH PLAIN =",
        "AGEAYg==",
        "AUTH LOGIN",
        "AUTH LOGIN YQ==",
        "YQ==",
        "Yg==",
        "*",
        "AUTH CRAM-MD5",
        "AUTH XOAUTH2 dXNlcj1hAWF1dGg9QmVhcmVyIGIBAQ==",
        "AUTH X-RAW",
        "AUTH X-RAW YQ==",
        "AUTH NTLM YQ==",
        "AUTH EXTERNAL =",
        "XFORWARD ADDR=a",
        "XCLIENT LOGIN=a",
        "Y!==",
        "TURN",
        "QUIT",
    ])
    .prop_map(|line: &str| line.as_bytes().to_vec());
    // What a session needs to get anywhere.
    let start = select(vec![
        "EHLO x\r\n",
        "EHLO x\r\nAUTH PLAIN AGEAYg==\r\n",
        "EHLO x\r\nMAIL FROM:<a@b>\r\n",
        "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
        "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
        "EHLO x\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n",
        "LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n",
        "",
    ]);
    let line = prop_oneof![
        12 => known,
        1 => vec(any::<u8>(), 0..20),
        1 => (400..700_usize).prop_map(|n| [b"NOOP ".to_vec(), vec![b'x'; n]].concat()),
        1 => (0..300_usize).prop_map(|n| vec![b'y'; n]),
    ];
    let end = prop_oneof![14 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r"), 1 => Just("")];
    (start, vec((line, end), 0..16))
        .prop_map(|(start, lines)| {
            let mut input = start.as_bytes().to_vec();
            for (line, end) in lines {
                input.extend(line);
                input.extend_from_slice(end.as_bytes());
            }
            input
        })
        .boxed()
}

/// LOGIN and others with responses about as long as a small buffer, and what comes behind.
pub(crate) fn long_exchange() -> BoxedStrategy<Vec<u8>> {
    let name = select(vec!["LOGIN", "PLAIN", "X-RAW", "CRAM-MD5", "XOAUTH2"]);
    let response = (0..180_usize).prop_map(|n| "YWJj".repeat(n));
    let lines = vec(prop_oneof![response, Just("NOOP".to_owned()), Just("*".to_owned())], 1..6);
    (name, any::<bool>(), lines)
        .prop_map(|(name, initial, lines)| {
            let end = if initial { " " } else { "\r\n" };
            format!("EHLO x\r\nAUTH {name}{end}{}\r\n", lines.join("\r\n")).into_bytes()
        })
        .boxed()
}
