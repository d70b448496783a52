//! Every public parser: what is accepted prints, and parses back to itself.

#![no_main]

use ehlo::address::{
    AddressLiteral, ClientName, Domain, ForwardPath, Host, LocalPart, Mailbox, ReversePath,
};
use ehlo::command::{Command, Verb};
use ehlo::parameter::{
    BodyType, DateTime, DeliverBy, MailParameters, MtPriority, Notify, Orcpt, RcptParameters, Ret,
    Xtext,
};
use ehlo::reply::Enhanced;
use libfuzzer_sys::fuzz_target;

/// Whatever prints must be read again as the same value.
macro_rules! round_trip {
    ($text:expr, $($type:ident),+ $(,)?) => {
        $(if let Ok(value) = $type::parse($text) {
            let printed = value.to_string();
            assert_eq!($type::parse(&printed), Ok(value), "printed as {printed:?}");
        })+
    };
}

fuzz_target!(|octets: &[u8]| {
    if let Ok(command) = Command::parse(octets) {
        let printed = command.to_string();
        assert!(!printed.contains(['\r', '\n', '\0']), "printed as {printed:?}");
        assert_eq!(Command::parse(printed.as_bytes()), Ok(command), "printed as {printed:?}");
    }
    if let Some((_, rest)) = Verb::split_from(octets) {
        assert!(octets.ends_with(rest));
    }

    let Ok(text) = core::str::from_utf8(octets) else { return };
    round_trip!(
        text,
        LocalPart,
        Domain,
        AddressLiteral,
        Host,
        ClientName,
        Mailbox,
        ReversePath,
        ForwardPath,
        BodyType,
        Ret,
        Notify,
        Xtext,
        Orcpt,
        DateTime,
        DeliverBy,
        MtPriority,
    );
    if let Ok(mailbox) = Mailbox::parse(text) {
        let halves = (mailbox.local_part().as_str(), mailbox.host().as_str());
        assert_eq!(LocalPart::parse(halves.0), Ok(mailbox.local_part()));
        assert_eq!(Host::parse(halves.1), Ok(mailbox.host()));
        assert_eq!(format!("{}@{}", halves.0, halves.1), text);
    }
    if let Ok(literal) = AddressLiteral::parse(text) {
        let _ = literal.ip();
    }

    // These print with a space before each parameter.
    if let Ok(parameters) = MailParameters::parse(text) {
        let printed = parameters.to_string();
        assert_eq!(MailParameters::parse(printed.trim_start()), Ok(parameters), "{printed:?}");
    }
    if let Ok(parameters) = RcptParameters::parse(text) {
        let printed = parameters.to_string();
        assert_eq!(RcptParameters::parse(printed.trim_start()), Ok(parameters), "{printed:?}");
    }
    if let (Some(enhanced), rest) = Enhanced::split_from(text) {
        let printed = enhanced.to_string();
        assert_eq!(Enhanced::split_from(&printed), (Some(enhanced), ""));
        assert!(text.ends_with(rest));
    }
});
